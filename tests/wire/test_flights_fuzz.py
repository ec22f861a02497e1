"""The compiled twin under AddressSanitizer and UBSan, with a million spoilt datagrams."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import netwatch.native

ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "1000000"))
SCRIPT = Path(__file__).with_name("fuzz_flights.py")
SANITIZERS = "-fsanitize=address,undefined"


def library(name: str) -> str | None:
    """Where the compiler's own shared library lies."""
    found = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    path = Path(found.stdout.strip())
    return str(path) if path.is_absolute() and path.exists() else None


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.skipif(shutil.which("gcc") is None, reason="MISSING: gcc")
def test_no_datagram_makes_the_compiled_twin_stray(tmp_path: Path) -> None:
    """A package of its own shadows netwatch.native._speed with a build that checks each access."""
    asan = library("libasan.so")
    if asan is None:
        pytest.skip("MISSING: libasan")
    folder = Path(netwatch.native.__file__).parent
    target = tmp_path / "_speed.abi3.so"
    command = ["gcc", "-O1", "-g", "-fPIC", "-shared", SANITIZERS, "-fno-sanitize-recover=undefined"]
    command += ["-I", sysconfig.get_path("include"), "-DPy_LIMITED_API=0x030B0000", "-o", str(target)]
    subprocess.run([*command, *map(str, sorted(folder.glob("*.c")))], check=True)
    env = os.environ | {"LD_PRELOAD": asan, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(target), str(ROUNDS), "1"], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{ROUNDS} datagrams" in done.stdout


def test_a_few_thousand_spoilt_datagrams() -> None:
    """The same without the sanitizers and for both twins at once: no exception, the same verdicts."""
    done = subprocess.run([sys.executable, str(SCRIPT), "", "3000", "2"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
