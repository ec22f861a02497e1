"""Memory of large blocks goes back to the system, though smaller ones that came later stay."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_PROGRAM = """
import sys
from pathlib import Path
from netwatch.app.heap import return_large_blocks

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "with":
    assert return_large_blocks()
bytearray(20_000_000)  # glibc learns
before = resident()
large, stay = [], []
for _ in range(40):
    large.append(bytearray(b"x") * 1_000_000)
    stay.append(bytearray(b"y") * 100_000)
large.clear()
print(resident() - before)
"""


def _kept(how: str) -> int:
    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM, how], capture_output=True, text=True, check=True, timeout=60
    )
    return int(told.stdout)


@pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="not glibc")
def test_large_blocks_go_back() -> None:
    assert _kept("without") > 30_000_000
    assert _kept("with") < 10_000_000
