"""One fixture per bad configuration. Its last lines, after `#! `, are the exact messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from netwatch.config import load_settings
from netwatch.errors import ConfigError

BAD = Path(__file__).parent / "bad"
ENV = {"SHORT": "short", "LONG": "planted-secret-long"}


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_messages_name_file_line_path_and_remedy(path):
    expected = [line[3:] for line in path.read_text().splitlines() if line.startswith("#! ")]
    with pytest.raises(ConfigError) as error:
        load_settings(path, ENV)
    found = [str(problem).replace(f"{BAD}/", "") for problem in error.value.problems]
    assert found == expected
    assert "planted-secret" not in str(error.value)
    assert "8675309" not in str(error.value)
    assert error.value.__context__ is None or "planted-secret" not in str(error.value.__context__)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: can't be read: No such file or directory$"):
        load_settings(tmp_path / "nowhere.yaml", {})


def test_a_wrong_type_or_key_gives_one_problem_each_and_all_of_them():
    text = (BAD / "usm.yaml").read_text()
    with pytest.raises(ConfigError) as error:
        load_settings(BAD / "usm.yaml", ENV)
    assert len(error.value.problems) == text.count("#! ")
