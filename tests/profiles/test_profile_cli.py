"""`netwatch inspect` and `netwatch profile` as a person calls them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from netwatch.cli import asking, inspect, profile
from netwatch.errors import ConfigError, WireTimeout
from netwatch.model import SnmpAccess
from netwatch.resources import collectors_dir

RECORDINGS = Path(__file__).parent / "recordings"


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    inspect.register(app)
    profile.register(app)
    return app


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """An address where somebody listens and never answers."""

    def impatient(*args: Any, **more: Any) -> SnmpAccess:
        return SnmpAccess(*args, **{**more, "timeout": 0.05, "retries": 0})

    monkeypatch.setattr(asking, "SnmpAccess", impatient)
    monkeypatch.setattr(asking, "collectors_dir", lambda: collectors_dir() / "standard")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()


def run(app: typer.Typer, *arguments: str) -> tuple[int, str, BaseException | None]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stdout, result.exception


def test_inspect_a_recording_as_json(app: typer.Typer) -> None:
    code, output, _ = run(app, "inspect", "--snmprec", str(RECORDINGS / "ups.snmprec"), "--format", "json")
    assert code == 0
    assert json.loads(output)["name"] == "ups"


def test_inspect_a_recording_as_text(app: typer.Typer) -> None:
    code, output, _ = run(app, "inspect", "--snmprec", str(RECORDINGS / "ups.snmprec"))
    assert code == 0
    assert "Battery" in output


def test_inspect_a_folder(app: typer.Typer, tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    for file in RECORDINGS.glob("*.snmprec"):
        (recordings / file.name).write_bytes(file.read_bytes())
    (recordings / "switch@20.snmprec").write_text("1.3.6.1.2.1.17.1.1.0|4x|020000000001\n")
    (recordings / "broken.snmprec").write_text("this is no recording\n")
    (recordings / "infinite.snmprec").write_text("1.3.6.1.2.1.1.1.0|4|x\n1.3.6.1.2.1.2.2.1.5.1|2|1e999\n")
    (recordings / "folder.snmprec").mkdir()
    out = tmp_path / "out"
    code, output, error = run(
        app, "inspect", "--snmprec", str(recordings), "--out", str(out), "--format", "json"
    )
    assert code == 0, (output, error)
    assert {file.stem for file in out.iterdir()} == {
        *(file.stem for file in RECORDINGS.glob("*.snmprec")),
        "broken",
        "infinite",
    }, "a context is no device of its own"
    assert json.loads((out / "switch.json").read_text())["ports"]
    broken = json.loads((out / "broken.json").read_text())
    assert broken["identity"]["kind"] == "other"
    assert "not OID|type|value" in broken["errors"][0]


def test_a_mistake_over_one_recording_does_not_take_the_others_along(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def document(name: str, *_: object) -> dict[str, object]:
        if name == "ups":
            raise KeyError("a mistake")
        return {"name": name}

    monkeypatch.setattr(inspect, "inspect_document", document)
    files = [RECORDINGS / "ups.snmprec", RECORDINGS / "switch.snmprec"]
    told = inspect._share(files, tmp_path, "json", [collectors_dir() / "standard"])
    assert [path.name for path in tmp_path.iterdir()] == ["switch.json"]
    assert len(told) == 1
    assert "ups.snmprec: internal error: KeyError" in told[0]


def test_an_output_folder_that_can_not_be_made(app: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    arguments = ["inspect", "--snmprec", str(RECORDINGS / "ups.snmprec"), "--out", str(file)]
    code, _, error = run(app, *arguments)
    assert code == 1
    assert "--out" in str(error)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["inspect"], "give either a device or --snmprec"),
        (["inspect", "192.0.2.1", "--snmprec", "x"], "give either a device or --snmprec"),
        (["inspect", "--snmprec", "/nowhere"], "no such file"),
        (["inspect", "--snmprec", str(RECORDINGS)], "--out"),
        (["inspect", "192.0.2.1", "--format", "xml"], "expected text or json"),
        (["inspect", "192.0.2.1", "--snmp-version", "4"], "expected 1 or 2c"),
        (["inspect", "192.0.2.1", "--community-env", "NETWATCH_NO_SUCH"], "is not set"),
        (["profile", "lint", "/nowhere"], "no such file"),
        (["profile", "explain"], "give either a device or --snmprec"),
    ],
)
def test_mistakes(app: typer.Typer, arguments: list[str], message: str) -> None:
    code, _, error = run(app, *arguments)
    assert code == 1
    assert isinstance(error, ConfigError)
    assert message in str(error)


@pytest.mark.parametrize("command", [["inspect"], ["profile", "explain"]])
def test_silence_is_told_with_what_to_look_at(
    app: typer.Typer, command: list[str], silent: tuple[str, int]
) -> None:
    address, port = silent
    code, _, error = run(app, *command, address, "--port", str(port), "--profiles", "/nowhere")
    assert code == 1
    assert isinstance(error, WireTimeout)
    assert str(error).startswith(f"{address}: no answer within")
    assert "community" in str(error)


def test_explain(app: typer.Typer) -> None:
    code, output, _ = run(app, "profile", "explain", "--snmprec", str(RECORDINGS / "switch.snmprec"))
    assert code == 0
    lines = output.splitlines()
    assert lines[0] == "profile  generic"
    assert any(line.startswith("  interfaces: fixed, each poll") for line in lines)
    assert "    netwatch_pse_used_watts" in lines
    assert any(line.startswith("without rows: ") and "ups_battery" in line for line in lines)


def test_lint(app: typer.Typer, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("profile: mine\nkind: switch\n")
    bad.write_text("profile: mine\nkind: swich\n")
    assert run(app, "profile", "lint", str(good))[:2] == (0, "no problems found\n")
    code, output, _ = run(app, "profile", "lint", str(bad))
    assert code == 1
    assert f"{bad}:2: kind" in output


def test_schema(app: typer.Typer) -> None:
    code, output, _ = run(app, "profile", "schema")
    assert code == 0
    assert json.loads(output)["title"] == "netwatch device profile"
