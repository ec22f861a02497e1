"""How fast `netwatch inspect` reads recordings of real devices (RECORDINGS=DIR)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.table import Row, show


def rows(folder: Path) -> Iterator[Row]:
    files = len([path for path in folder.glob("*.snmprec") if "@" not in path.name])
    options = ["--snmprec", str(folder), "--format", "json"]
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "netwatch", "inspect", *options, "--out", out]
        began = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - began
    yield "inspect: recordings", files / seconds, f"per second ({files} in {seconds:.0f} s wall)"


if __name__ == "__main__":
    show(rows(Path(os.environ["RECORDINGS"])))
