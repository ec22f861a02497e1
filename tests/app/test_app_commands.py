"""A command does not wait for what others need."""

from __future__ import annotations

import subprocess
import sys

from netwatch.cli import COMMANDS, build

_PROGRAM = """
import sys
from netwatch.cli import build
build(["plan", "list"])
print(*(name for name in ("netwatch.discovery", "netwatch.simulate", "numpy") if name in sys.modules))
"""


def test_asking_a_daemon_loads_no_discovery() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.split() == []


def test_whatever_does_not_begin_with_a_command_knows_all_of_them() -> None:
    for words in ((), ("--help",), ("chek",)):
        app = build(words)
        assert len(app.registered_groups) + len(app.registered_commands) == len(COMMANDS)
    assert [one.name for one in build(("plan",)).registered_groups] == ["plan"]
