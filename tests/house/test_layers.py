"""The layering of docs/architecture.md holds, and the contracts can bite."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=directory,
        env={"PYTHONPATH": str(directory / "src"), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy_of_house(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("alerts/planted.py", "import netwatch.polling", "readers never reach the wire"),
        ("wire/planted.py", "import netwatch.state", "hand readings to a sink"),
        ("model/planted.py", "import netwatch.config", "dependencies run in one direction"),
        ("simulate/planted.py", "import netwatch.wire", "the simulator shares nothing"),
        ("planning/planted.py", "import netwatch.history", "alerts and planning are pure"),
        ("profiles/rows/planted.py", "import netwatch.profiles.blocks", "the rooms of profiles"),
        ("profiles/plans/planted.py", "import netwatch.profiles.compiling", "the rooms of profiles"),
    ],
)
def test_a_planted_violation_breaks_its_contract(
    copy_of_house: Path, module: str, statement: str, contract: str
) -> None:
    (copy_of_house / "src/netwatch" / module).write_text(statement + "\n")
    result = lint(copy_of_house)
    assert result.returncode == 1, result.stdout + result.stderr
    broken = [line for line in result.stdout.splitlines() if "BROKEN" in line]
    assert any(contract in line for line in broken), result.stdout


@pytest.mark.parametrize("place", ["attic", "profiles/attic"])
def test_a_new_room_must_be_placed(copy_of_house: Path, place: str) -> None:
    room = copy_of_house / "src/netwatch" / place
    room.mkdir()
    (room / "__init__.py").write_text("")
    result = lint(copy_of_house)
    assert result.returncode == 1
    assert "attic" in result.stdout
