"""What a sample of history takes on disk, and what a percentile over the school hours of a year costs.

PORTS=25000 says of how many ports; FOLDER=DIR keeps the year that is made (some 10 GB) and takes it again.
A thousand ports have noise of their own, the others repeat it: on disk and to the query every port is one.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netwatch.calendars import Calendar
from netwatch.history import SegmentStore, segment
from netwatch.history.blocks import month_end, month_start, pieces
from netwatch.history.codec import encode_columns, encode_indices
from netwatch.history.names import Relations, names_of
from netwatch.history.records import BLOCK, COUNTER, RECORD_HEADER, PendingBlock, _record
from netwatch.history.segment import Segment
from netwatch.model import DAY, CounterBlock, EntityId, GaugeBlock, load_catalogue

WIDTH = 300
DAILY = DAY // WIDTH
OWN = 1000
"""Ports with noise of their own: one piece of each stretch."""
BYTES = ("netwatch_interface_receive_bytes_total", "netwatch_interface_transmit_bytes_total")
MONTHS = [f"2025-{month:02d}" for month in range(8, 13)] + [f"2026-{month:02d}" for month in range(1, 8)]
START, END = month_start(MONTHS[0]), month_end(MONTHS[-1])
FLOATS = NDArray[np.float64]


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def school() -> Calendar:
    """180 days of 85 buckets."""
    free = [
        *days(date(2025, 9, 1), date(2025, 9, 1)),
        *days(date(2025, 11, 24), date(2025, 11, 28)),
        *days(date(2025, 12, 22), date(2026, 1, 5)),
        *days(date(2026, 3, 16), date(2026, 3, 20)),
        *days(date(2026, 4, 3), date(2026, 4, 3)),
    ]
    return Calendar(
        "school",
        "America/Chicago",
        {"regular": ((8 * 3600 + 300, 15 * 3600 + 600),)},
        ("regular",) * 5 + ("", ""),
        ((date(2025, 8, 13), date(2026, 5, 21)),),
        dict.fromkeys(free, ""),
    )


def swing(start: int, buckets: int) -> FLOATS:
    """One in the night, ten at noon of Chicago."""
    hour = (start + WIDTH * np.arange(buckets)) / 3600 - 6
    return 1 + 9 * np.clip(np.sin((hour % 24 - 7) / 10 * np.pi), 0, 1) * (hour % 24 < 17)


def traffic(rng: np.random.Generator, level: FLOATS, start: int, buckets: int) -> FLOATS:
    """Octets per bucket: noise of factor 1.6 around the day's swing."""
    noise = np.exp(0.47 * rng.standard_normal((level.size, buckets), dtype=np.float32))
    return np.round(level[:, None] * swing(start, buckets) * noise)


def shares(
    rng: np.random.Generator, rows: int, buckets: int, grain: float, sd: float
) -> tuple[FLOATS, FLOATS]:
    """Mean and maximum of a share that is read once a minute, at any second of it. `grain`: what the device
    tells is a multiple of that; 0: all digits."""
    count = 5 * buckets + 1
    walk = rng.normal(0, sd, (rows, count))
    for at in range(1, count):
        walk[:, at] = 0.7 * walk[:, at - 1] + 0.714 * walk[:, at]
    told = np.clip(rng.uniform(0.1, 0.6, (rows, 1)) + walk, 0, 1)
    told = np.round(told / grain) * grain if grain else told
    weights = np.full((rows, buckets, 6), 60.0)
    phase = rng.uniform(0, 60, (rows, 1))
    weights[:, :, 0], weights[:, :, 5] = phase, 60 - phase
    late = rng.normal(0, 0.05, (rows, buckets, 4))
    weights[:, :, 1:5] += late
    weights[:, :, 5] -= late.sum(axis=2)
    read = np.stack([told[:, at : at + 5 * buckets : 5] for at in range(6)], axis=2)
    return (read * weights).sum(axis=2) / WIDTH, read.max(axis=2)


def sizes(rows: int = 2048, number: int = 3) -> None:
    """Bytes per sample of noisy families, whole days and the day that is not over."""
    rng = np.random.default_rng(11)
    level = rng.lognormal(15, 2, rows)
    begin = START + 40 * DAY
    buckets = number * DAILY
    shape = (rows, buckets)
    cpu, air = "netwatch_processor_utilization_ratio", "netwatch_radio_airtime_ratio"
    errors = (rng.poisson(0.01, shape) * 1.0,)
    drift = np.round(
        rng.uniform(18, 30, (rows, 1)) + np.cumsum(rng.normal(0, 0.05, (rows, buckets)), axis=1), 1
    )
    used = np.round(
        1e12 * rng.uniform(0.2, 0.8, (rows, 1)) + np.cumsum(rng.poisson(0.2, (rows, buckets)) * 1e7, 1)
    )
    up = np.where(rng.random((rows, buckets)) < 1e-5, 0.5, 1.0)
    kinds: list[tuple[str, str, tuple[FLOATS, ...]]] = [
        ("traffic counter, log-normal noise of factor 1.6", BYTES[0], (traffic(rng, level, begin, buckets),)),
        (
            "CPU, read in whole percent",
            cpu,
            shares(rng, rows, buckets, 0.01, 0.08),
        ),
        (
            "airtime, read in 255ths",
            air,
            shares(rng, rows, buckets, 1 / 255, 0.12),
        ),
        ("airtime, all digits", air, shares(rng, rows, buckets, 0, 0.12)),
        ("clients of a radio", "netwatch_radio_clients", _clients(rng, rows, buckets)),
        ("temperature in tenths", "netwatch_sensor_temperature_celsius", (drift, drift)),
        ("slowly filling volume", "netwatch_volume_used_bytes", (used, used)),
        ("error counter", "netwatch_interface_receive_errors_total", errors),
        ("port up", "netwatch_interface_oper_up", (up, np.ceil(up))),
    ]
    print(f"{'bytes per sample':<50}{'kept':>8}{'its day':>9}{'written':>9}")
    for title, family, columns in kinds:
        kept, (before, written) = _size(family, columns, begin, DAILY)[0], _size(family, columns, begin, 1)
        print(f"{title:<50}{kept:8.3f}{before:9.3f}{written:9.3f}", flush=True)


def _clients(rng: np.random.Generator, rows: int, buckets: int) -> tuple[FLOATS, FLOATS]:
    told = rng.poisson(rng.uniform(2, 40, (rows, 1)), (rows, buckets))[:, :, None] + rng.poisson(
        1, (rows, buckets, 5)
    )
    return told.mean(axis=2), told.max(axis=2).astype(float)


def _size(family: str, columns: tuple[FLOATS, ...], begin: int, length: int) -> tuple[float, float]:
    """(bytes on disk, bytes written) per sample after days were written as one block each, or just before
    midnight after a day's buckets were written one by one."""
    catalogue = load_catalogue()
    rows = columns[0].shape[0]
    entities = tuple(EntityId(f"{number:026d}") for number in range(rows))
    labels = (tuple("x" for _ in catalogue[family].labels),) * rows
    written = 0

    def counted(path: Path, end: int, data: bytes | bytearray) -> None:
        nonlocal written
        written += len(data)
        write(path, end, data)

    write, segment._write = segment._write, counted
    with tempfile.TemporaryDirectory() as name:
        store = SegmentStore(name, catalogue)
        total = columns[0].shape[1] if length > 1 else DAILY
        for at in range(0, total, length):
            cut = [column[:, at : at + length] for column in columns]
            full = np.full(cut[0].shape, float(WIDTH))
            kind: Any = GaugeBlock if len(cut) > 1 else CounterBlock
            store.append(kind(family, entities, labels, begin + at * WIDTH, WIDTH, *cut, full))
        store.close()
        size = 0
        for path in Path(name).glob("*/*.nwh"):
            file = Segment(path)
            file.refresh()
            size += sum(head.length + RECORD_HEADER for head in file.blocks)  # names are written once
    segment._write = write
    return size / rows / total, written / rows / total


@dataclass(frozen=True, slots=True)
class _Again:
    """A block that was encoded before, for other series."""

    rows: NDArray[np.intp]
    like: PendingBlock
    parts: Sequence[bytes]

    def record(self, numbers: NDArray[np.uint32]) -> bytes:
        count = min(numbers.size, self.like.rows.size)
        assert count == self.like.rows.size
        parts = [encode_indices(numbers), *self.parts]
        payload = b"".join(len(part).to_bytes(4, "little") + part for part in parts)
        return _record(
            BLOCK,
            payload,
            flags=2,
            sequence=1,
            start=self.like.start,
            width=WIDTH,
            rows=count,
            buckets=self.like.columns[0].shape[1],
            lowest=int(numbers.min()),
            highest=int(numbers.max()),
        )


def make_year(folder: Path, ports: int) -> None:
    """Days as the store's upkeep leaves them. Each month netwatch was restarted in a lesson, and each day one
    port in a hundred missed something else."""
    rng = np.random.default_rng(5)
    names = names_of([(EntityId(f"{number:026d}"), ()) for number in range(ports)])
    level = rng.lognormal(15, 2, OWN)
    for family in BYTES:
        (folder / family).mkdir(parents=True, exist_ok=True)
        for month in MONTHS:
            file = Segment(folder / family / f"{month}.nwh")
            for begin in range(month_start(month), month_end(month), DAY):
                day = (begin - month_start(month)) // DAY
                file.append_named(COUNTER, names, _day(rng, level, begin, ports, day), Relations())
            file.sync()


def _day(rng: np.random.Generator, level: FLOATS, begin: int, ports: int, day: int) -> Iterator[_Again]:
    grown = traffic(rng, level, begin, DAILY)
    covered = np.full(grown.shape, float(WIDTH))
    if day == 9:
        covered[:, 200] = 170.0
    odd = np.flatnonzero(rng.random(OWN) < 0.01)
    covered[odd, rng.integers(0, DAILY, odd.size)] = np.round(rng.uniform(0, WIDTH, odd.size), 1)
    grown *= covered / WIDTH
    for block in pieces(np.arange(OWN), begin, WIDTH, (grown, covered), sequence=1, simulated=False):
        parts = encode_columns(block.columns, settled=True)
        for first in range(int(block.rows[0]), ports, OWN):
            rows = np.arange(first, min(first + block.rows.size, ports))
            if rows.size < block.rows.size:
                cut = tuple(column[: rows.size] for column in block.columns)
                last = block._replace(rows=rows, columns=cut)
                yield _Again(rows, last, encode_columns(cut, settled=True))
            else:
                yield _Again(rows, block, parts)


def query(folder: Path) -> None:
    """In a process of its own: p95 of both directions."""
    store = SegmentStore(folder, load_catalogue())
    calendar = school()
    imports = time.process_time()
    for family in BYTES:
        began, clock = time.process_time(), time.perf_counter()
        found = list(store.percentiles(family, START, END, 95, mask=calendar.mask))
        seconds = sum(one.seconds for one in found)
        print(
            f"p95 of {len(found):,} x {family}: {time.process_time() - began:.1f} CPU-s, "
            f"{time.perf_counter() - clock:.1f} s; {seconds / WIDTH / len(found):,.0f} buckets each"
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"both directions: {time.process_time() - imports:.1f} CPU-s, {memory:.0f} MB at most (whole process)"
    )


def main() -> None:
    if len(sys.argv) > 2:
        query(Path(sys.argv[2]))
        return
    sizes()
    ports = int(os.environ.get("PORTS", "25000"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(os.environ.get("FOLDER", name))
        if not (folder / BYTES[1] / f"{MONTHS[-1]}.nwh").exists():
            began = time.process_time()
            make_year(folder, ports)
            print(f"a year made in {time.process_time() - began:.0f} CPU-s", flush=True)
        size = sum(path.stat().st_size for path in folder.glob("*/*.nwh"))
        samples = ports * 2 * (END - START) / WIDTH
        first = datetime.fromtimestamp(START, UTC).date()
        print(f"{size / 1e9:.1f} GB from {first}, {size / samples:.2f} bytes per sample", flush=True)
        subprocess.run([sys.executable, "-m", "tests.bench.history", "query", str(folder)], check=True)


if __name__ == "__main__":
    main()
