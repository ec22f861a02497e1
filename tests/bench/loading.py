"""The device profiles at the start of a command: from nothing, from the cache, and what a device costs
from its fingerprint to its plan, walks left out. Devices are the recordings of the tests, of each the
least of three. The garbage collector is set as the daemon sets it. `--devices NAME ...`: of some only.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench.table import Row, show

from netwatch.app.garbage import calm
from netwatch.discovery import discover
from netwatch.model import EntityId, SnmpAccess, SystemClock, Target, load_catalogue
from netwatch.profiles import ProfileCache, ProfileSet, load_profiles
from netwatch.profiles.language.expression import tree_of
from netwatch.resources import collectors_dir
from netwatch.wire import RecordedSnmpWire, Recording

RECORDINGS = Path(__file__).parents[1] / "profiles" / "recordings"
TIMES = 5


class Timed:
    """A wire, or one of its sessions, that knows what it took itself (CPU seconds)."""

    def __init__(self, inner: Any, root: Timed | None = None) -> None:
        self.inner = inner
        self.root = root or self
        self.seconds = 0.0

    def session(self, *given: Any, **named: Any) -> Timed:
        return Timed(self.inner.session(*given, **named), self.root)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name not in ("get", "walk", "walk_many"):
            return found

        async def timed(*given: Any, **named: Any) -> Any:
            began = time.process_time()
            try:
                return await found(*given, **named)
            finally:
                self.root.seconds += time.process_time() - began

        return timed


def planned(recording: Recording, profiles: ProfileSet) -> float:
    """CPU milliseconds from a device's fingerprint to its plan, walks left out."""
    wire: Any = Timed(RecordedSnmpWire({recording.name: recording}))
    target = Target(EntityId(recording.name), recording.name, (), snmp=SnmpAccess())
    began = time.process_time()
    asyncio.run(discover(target, snmp=wire, profiles=profiles, clock=SystemClock()))
    return (time.process_time() - began - wire.seconds) * 1000


def load(folder: Path | None) -> ProfileSet:
    cache = None if folder is None else ProfileCache(folder)
    return load_profiles([collectors_dir()], load_catalogue(), cache=cache)


def fresh(folder: Path | None) -> float:
    """CPU seconds of a load in a process of its own."""
    told = "" if folder is None else str(folder)
    command = [sys.executable, "-m", "tests.bench.loading", "--load", told]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def spread(name: str, figures: Sequence[float], unit: str) -> Iterator[Row]:
    yield f"{name}, median", statistics.median(figures), unit
    yield f"{name}, worst", max(figures), unit


def first_and_next(file: Path, folder: Path) -> tuple[float, float]:
    """CPU milliseconds of a device, the first since a load and the next of its kind; the least of three."""
    recording, pairs = Recording.load(file), []
    for _ in range(3):
        profiles = load(folder)
        tree_of.cache_clear()  # as in a process of its own
        pairs.append((planned(recording, profiles), planned(recording, profiles)))
    return min(one for one, _ in pairs), min(other for _, other in pairs)


def rows_of(names: Sequence[str]) -> Iterator[Row]:
    """Of some recordings only."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "cache")
        load(folder)
        for name in names:
            first, again = first_and_next(RECORDINGS / f"{name}.snmprec", folder)
            yield f"match and compile {name}, the first since a load", first, "CPU-ms"
            yield "the same, the next one", again, "CPU-ms"


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "cache")
        yield from spread("load from nothing", [fresh(None) for _ in range(TIMES)], "CPU-s")
        yield "load from nothing, and keep it", fresh(folder), "CPU-s"
        yield from spread("load from the cache", [fresh(folder) for _ in range(TIMES)], "CPU-s")
        yield "the cache", sum(file.stat().st_size for file in folder.iterdir()) / 1e6, "MB"
        pairs = [first_and_next(file, folder) for file in sorted(RECORDINGS.glob("*.snmprec"))]
        first, again = [one for one, _ in pairs], [other for _, other in pairs]
        name = f"match and compile, {len(first)} devices, each the first since a load"
        yield from spread(name, first, "CPU-ms")
        yield from spread("the same, the next one of its kind", again, "CPU-ms")


def main() -> None:
    with calm():
        if "--load" in sys.argv:
            told = sys.argv[-1]
            load_catalogue()
            began = time.process_time()
            load(Path(told) if told else None)
            print(time.process_time() - began)
        elif "--devices" in sys.argv:
            show(rows_of(sys.argv[sys.argv.index("--devices") + 1 :]))
        else:
            show(rows())


if __name__ == "__main__":
    main()
