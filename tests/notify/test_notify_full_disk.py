"""With the disk full, pages still go out: from the reserve while it lasts, then from memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("on_full_disk.py")


def report_of(mode: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, str(SCRIPT), mode, str(folder)]
    if mode == "tmpfs":
        command = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), *command]
        tried = subprocess.run([*command[: command.index(sys.executable)], "true"], capture_output=True)
        if tried.returncode:
            pytest.skip("no mount namespace to be had: a full file system is not tested on this machine")
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("mode", ["tmpfs", "limit"])
def test_pages_go_out_with_the_disk_full(mode: str, tmp_path: Path) -> None:
    report = report_of(mode, tmp_path)
    if mode == "tmpfs":
        assert report["reserved"] == 16 * 1024 * 1024
        assert report["accepted_when_full"] >= 5  # committed, although others took all the rest
    assert report["reserve_left"] == 0
    assert report["notices"] == ["NetwatchStoreUnwritable"]
    assert "netwatch.db: " in report["problem"]
    # What was accepted, what waited in memory, and that netwatch can't write: told with no room.
    number = report["accepted_when_full"] + 1
    told = report["told_while_full"]
    pages = [key.removeprefix("R/") for key in told if key.startswith("R/")]
    assert pages == [
        *(f"a{one}:firing" for one in range(number + 1)),
        f"a{number}:resolved",
        f"a{number + 1}:firing",
    ]
    assert report["in_memory"] == 4
    # Once there is room, the store has it all, nothing was sent twice, and the notice has ended.
    assert report["notices_after"] == 0
    assert report["problem_after"] == ""
    assert len(report["told"]) == len(set(report["told"]))
    assert sorted(key.partition("/")[2] for key in report["told"]) == sorted(report["done"])
    assert sum(key.startswith("NetwatchStoreUnwritable/") for key in report["told"]) == 2
