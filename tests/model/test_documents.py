"""Files that people write are read strictly, and every mistake names its place and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from netwatch.documents import Strict, did_you_mean, parse_yaml, read_yaml, validate
from netwatch.errors import ConfigError


class Snmp(Strict):
    version: Literal["1", "2c", "3"] = "2c"
    community: str = ""


class Device(Strict):
    name: str
    snmp: Snmp | None = None


class File(Strict):
    devices: tuple[Device, ...] = ()
    interval: int = 60


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("devicess: []", "f.yaml:1: devicess: unknown key 'devicess' (did you mean 'devices'?)"),
        (
            "devices:\n  - name: a\n    snmp:\n      comunity: x\n",
            "f.yaml:4: devices[0].snmp.comunity: unknown key 'comunity' (did you mean 'community'?)",
        ),
        ("devices:\n  - snmp: {}\n", "f.yaml:2: devices[0]: 'name' is required"),
        (
            "devices:\n  - name: a\n    snmp: {version: 4}\n",
            "f.yaml:3: devices[0].snmp.version: expected '1', '2c' or '3'",
        ),
        ("interval: soon", "f.yaml:1: interval: expected an integer"),
        ("interval: 1\ninterval: 2\n", "f.yaml:2: is not valid YAML: key 'interval' is written twice"),
        ("devices: [", "f.yaml:2: is not valid YAML"),
        ("- a\n- b\n", "f.yaml:1: expected a mapping"),
    ],
)
def test_a_mistake_names_its_place_and_remedy(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(File, parse_yaml(text, "f.yaml"))
    assert message in str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        validate(File, parse_yaml("interval: x\ndevices: [{}]\nfoo: 1\n", "f.yaml"))
    assert len(caught.value.problems) == 3


def test_a_missing_and_a_binary_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_yaml(tmp_path / "none.yaml")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"a: \xff\xfe")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        read_yaml(binary)


def test_text_is_not_shown_where_it_may_be_a_secret() -> None:
    with pytest.raises(ConfigError) as caught:
        validate(File, parse_yaml("devices:\n  - name: [hunter2]\n"))
    assert "hunter2" not in str(caught.value)


def test_a_hint_is_given_only_where_it_helps() -> None:
    assert did_you_mean("comunity", ["community", "context"]) == "did you mean 'community'?"
    assert did_you_mean("zzz", ["b", "a"]) == "known: a, b"
    assert did_you_mean("zzz", [f"name{n}" for n in range(50)]) == ""
