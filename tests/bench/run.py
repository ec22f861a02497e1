"""`make bench`: what netwatch costs on this machine, in CPU seconds. Prints a table for docs/measured.md.

Machines are noisy: compare the lines of one run with each other, not runs of different days.
RECORDINGS=DIR adds the reading of real recordings (snmprec files, kept outside this repository).
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

from netwatch.alerts import AlertEngine, load_rules
from netwatch.documents import read_yaml
from netwatch.exposition import Renderer
from netwatch.history import Recorder, SegmentStore
from netwatch.model import (
    ROOT,
    EntityId,
    EntityKey,
    EntityKind,
    Evidence,
    Instant,
    Inventory,
    InventoryDevice,
    Observation,
    Reading,
    Seen,
    Snapshot,
    SnmpAccess,
    Target,
    load_catalogue,
)
from netwatch.profiles import load_profiles
from netwatch.resources import collectors_dir, config_dir
from netwatch.state import State
from netwatch.store import Store

Row = tuple[str, float, str]
"""What, how much, in which unit."""
PORTS = 52
COUNTERS = (
    "netwatch_interface_receive_bytes_total",
    "netwatch_interface_transmit_bytes_total",
    "netwatch_interface_receive_errors_total",
    "netwatch_interface_transmit_errors_total",
    "netwatch_interface_receive_discards_total",
    "netwatch_interface_transmit_discards_total",
    "netwatch_interface_receive_unicast_packets_total",
    "netwatch_interface_transmit_unicast_packets_total",
)
GAUGES = (
    "netwatch_interface_oper_up",
    "netwatch_interface_admin_up",
    "netwatch_interface_speed_bytes_per_second",
)


class HandClock:
    def __init__(self) -> None:
        self.moment = Instant(1_800_000_000.0, 1000.0)

    def now(self) -> Instant:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.moment = self.moment.plus(seconds)


def cost(action: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    began = time.process_time()
    action()
    return time.process_time() - began


def switch(number: int) -> InventoryDevice:
    device = EntityId(f"d{number}")
    address = f"127.1.{number // 250}.{number % 250 + 1}"
    return InventoryDevice(f"sw-{number}", Target(device, f"sw-{number}", (address,), snmp=SnmpAccess()))


def port(number: int) -> EntityKey:
    return EntityKey(EntityKind.INTERFACE, f"Gi1/0/{number}")


def seen() -> tuple[Seen, ...]:
    ports = (Seen(port(n), ROOT, str(n), f"Gi1/0/{n}") for n in range(PORTS))
    return (Seen(ROOT, None, "", "switch", {"kind": "switch", "role": "access"}), *ports)


def readings(step: int) -> tuple[Reading, ...]:
    """W1: eleven columns of 52 ports."""
    out = [
        Reading(port(n), family, 1_000_000 * step + n, (), "1.3.6.1.2.1.31.1.1.1.6.1")
        for n in range(PORTS)
        for family in COUNTERS
    ]
    out += [Reading(port(n), family, 1.0) for n in range(PORTS) for family in GAUGES]
    return tuple(out)


def whole_way(devices: int) -> Iterator[Row]:
    """State, snapshot, rules, recorder, segments and exposition over W1 switches."""
    catalogue, clock, numbers = load_catalogue(), HandClock(), count()
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "db") as store:
        state = State(catalogue, store.identity, lambda: EntityId(f"e{next(numbers)}"), clock)
        entries = {entry.name: entry for entry in map(switch, range(devices))}
        for entry in entries.values():
            assert entry.target is not None
            object.__setattr__(entry.target, "device", state.device_id(entry))
        state.set_inventory(Inventory("bench", devices=entries))
        sources = [entry.target.device for entry in entries.values() if entry.target is not None]

        def poll(step: int, *, full: bool = False) -> None:
            shared, told = readings(step), seen() if full else ()
            for source in sources:
                state.accept(
                    Observation(source, "if", clock.now(), shared, told, full, 60.0, Evidence(100.0 * step))
                )

        yield (
            "state: first sight",
            cost(lambda: poll(0, full=True)) / devices * 1000,
            "CPU-s per 1000 W1 polls",
        )
        clock.moment = clock.moment.plus(60)
        yield "state: accept", cost(lambda: poll(1)) / devices * 1000, "CPU-s per 1000 W1 polls"
        first = state.snapshot()
        clock.moment = clock.moment.plus(60)
        poll(2)
        yield "state: snapshot", cost(state.snapshot) / devices * 1000, "CPU-s per 1000 switches"
        snapshot = state.snapshot()
        series = sum(len(column.entities) for column in snapshot.columns.values())
        million = 1e6 / series
        yield from renderings(Renderer(catalogue), snapshot, million)
        rules = sorted((config_dir() / "rules").glob("*.yaml"))
        engine = AlertEngine(load_rules([read_yaml(path) for path in rules], catalogue))
        engine.evaluate(first)
        ports = 50_000 / (devices * PORTS)
        yield "rules: all shipped", ports * cost(lambda: engine.evaluate(snapshot)), "CPU-s per 50,000 ports"
        history = SegmentStore(Path(folder) / "history", catalogue)
        recorder = Recorder(catalogue, history)
        recorder.observe(first)
        yield "history: recorder", million * cost(lambda: recorder.observe(snapshot)), "CPU-s per 1M series"
        recorder.flush(clock.now().wall + 900)
        yield (
            "history: five-minute buckets on disk",
            history.size() / max(1, recorder.series()),
            "bytes per sample",
        )
        history.close()


def renderings(renderer: Renderer, snapshot: Snapshot, million: float) -> Iterator[Row]:
    """The first rendering makes label text, the second finds it made."""

    def render(openmetrics: bool) -> None:
        for _ in renderer.render(snapshot, openmetrics=openmetrics):
            pass

    for name, form in (("text, first", False), ("text", False), ("OpenMetrics", True)):
        yield f"exposition: {name}", million * cost(partial(render, form)), "CPU-s per 1M samples"


def reading_recordings(folder: Path) -> Iterator[Row]:
    files = len([path for path in folder.glob("*.snmprec") if "@" not in path.name])
    with tempfile.TemporaryDirectory() as out:
        command = [
            sys.executable,
            "-m",
            "netwatch",
            "inspect",
            "--snmprec",
            str(folder),
            "--out",
            out,
            "--format",
            "json",
        ]
        began = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - began
    yield "inspect: recordings", files / seconds, f"per second ({files} in {seconds:.0f} s wall)"


def main() -> None:
    catalogue = load_catalogue()
    rows: list[Row] = [
        ("profiles: load all", cost(lambda: load_profiles([collectors_dir()], catalogue)), "CPU-s")
    ]
    rows += whole_way(int(os.environ.get("SWITCHES", "200")))
    if folder := os.environ.get("RECORDINGS"):
        rows += reading_recordings(Path(folder))
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| what | measured | unit |\n|---|---|---|")
    for name, value, unit in rows:
        print(f"| {name} | {value:.3g} | {unit} |")


if __name__ == "__main__":
    main()
