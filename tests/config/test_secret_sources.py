"""Where secrets come from, and that a failure shows none of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.config import resolve_secret
from netwatch.errors import ConfigError


def refused(spec, env, base=None) -> str:
    with pytest.raises(ConfigError) as error:
        resolve_secret(spec, env, base)
    return str(error.value)


def test_from_the_environment():
    assert resolve_secret({"env": "A"}, {"A": "s3cret"}).reveal() == "s3cret"


def test_from_a_file_that_the_environment_names(tmp_path):
    (tmp_path / "a").write_text("s3cret\n")
    assert resolve_secret({"env": "A"}, {"A_FILE": str(tmp_path / "a")}).reveal() == "s3cret"


def test_both_a_variable_and_its_file_are_refused(tmp_path):
    message = refused({"env": "A"}, {"A": "s3cret", "A_FILE": "x"})
    assert message == "both A and A_FILE are set (unset one of them)"


def test_from_a_file_only_the_last_line_end_goes(tmp_path):
    (tmp_path / "a").write_bytes(b" two words \n\r\n")
    assert resolve_secret({"file": "a"}, {}, tmp_path).reveal() == " two words \n"


def test_from_a_systemd_credential(tmp_path):
    (tmp_path / "community").write_text("s3cret")
    env = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert resolve_secret({"credential": "community"}, env).reveal() == "s3cret"
    assert refused({"credential": "other"}, env) == (
        "credential other is not there (add LoadCredential=other:PATH to the unit)"
    )
    assert "holds no path" in refused({"credential": "../x"}, env)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "secret file a is empty (write the secret into it)"),
        (b"\n", "secret file a is empty (write the secret into it)"),
        (b"s3cret\xff", "secret file a is not UTF-8 (write the secret as text)"),
        (b"x" * 65537, "secret file a is larger than 64 KiB (name a file that holds nothing but the secret)"),
    ],
)
def test_files_that_hold_no_secret(tmp_path, content, message):
    (tmp_path / "a").write_bytes(content)
    assert refused({"file": "a"}, {}, tmp_path) == message


def test_a_folder_is_no_secret(tmp_path):
    assert "is not a regular file" in refused({"file": "."}, {}, tmp_path)


def test_public_is_no_secret():
    assert resolve_secret("public", {}).reveal() == "public"


def test_warnings_are_collected(tmp_path):
    (tmp_path / "a").write_text("s3cret")
    (tmp_path / "a").chmod(0o604)
    warnings = []
    resolve_secret({"file": "a"}, {}, tmp_path, warnings)
    assert [warning.hint for warning in warnings] == ["chmod o-r"]


@given(
    st.one_of(
        st.text(min_size=1).map(lambda text: f"planted{text}"), st.lists(st.just("planted"), min_size=1)
    )
)
def test_plain_text_is_never_repeated(spec):
    assert "planted" not in refused(spec, {})


@given(st.dictionaries(st.just("planted"), st.text(), min_size=1))
def test_a_mapping_that_is_no_reference_is_never_repeated(spec):
    assert "planted" not in refused(spec, {})
