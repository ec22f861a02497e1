"""The simulated district of `make run`: agents in a process of their own, a past in the history store."""

from __future__ import annotations

import asyncio
import fcntl
import json
import multiprocessing
import os
import shutil
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from netwatch.app.daemon import Running
from netwatch.app.workers import end_with_parent
from netwatch.errors import NetwatchError
from netwatch.history import SegmentStore
from netwatch.model import CounterBlock, EntityId, EntityKey, FamilyType, GaugeBlock, load_catalogue
from netwatch.simulate import (
    SeedBlock,
    Simulator,
    ground_truth,
    load_district,
    parse_phase,
    seed_history,
    write_config,
)

__all__ = ["Demo", "Subjects", "give_past", "seed_past"]

WEB_PORT = 8600
MARK = ".netwatch-demo"
"""File that tells a demo's folder from one that holds something of value."""
START_SECONDS = 60.0
WAIT_SECONDS = 120
"""Devices that have told nothing by then get no past."""
SLOW_SHARE = 0.03
"""So many may still be at their first discovery: the simulated agent that is slow and loses requests, say."""

Subjects = Mapping[tuple[str, EntityKey], EntityId]
"""(name of the polled device, its key) -> permanent id."""


class Demo:
    """A district that answers while the `with` block lasts."""

    def __init__(self, directory: Path, *, scale: int, phase: str = "", seed: int = 1) -> None:
        """`phase`: where in the school week its schedule starts; empty for now. Raises ValueError."""
        self.directory = directory.absolute()
        self.scale = scale
        self.seed = seed
        self._phase = parse_phase(phase) if phase else None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._lock: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.is_alive():
            self._process.terminate()
            self._process.join(timeout=2)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def start(self) -> Path:
        """Starts the agents and writes a configuration for them. Returns the settings file.

        `ground_truth.json` beside it tells what is planted. Raises NetwatchError.
        """
        self._lock = _claim(self.directory)
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        arguments = (there, self.directory, self.scale, self.seed, self._phase, _free_port(WEB_PORT))
        self._process = context.Process(target=_serve, args=arguments, name="netwatch-simulator")
        self._process.start()
        there.close()
        with here:
            answer = here.recv() if here.poll(START_SECONDS) else "it did not start in time"
        if not isinstance(answer, Path):
            raise NetwatchError(f"the simulated district: {answer}")
        return answer


async def give_past(running: Running, demo: Demo) -> int:
    """Once devices have told what they have, seeds their history and ranks anew. Returns series seeded."""
    parts = running.parts
    for _ in range(WAIT_SECONDS):
        if parts.pending() <= SLOW_SHARE * len(parts.targets()):
            break
        await asyncio.sleep(1)
    subjects = {
        (target.name, key): entity
        for target in parts.targets()
        for key, entity in parts.state.known(target.device).items()
    }
    end = parts.clock.now().wall
    async with running.chores.writing:
        parts.history.close()  # the first buckets may be on disk already: the worker has to be let in
        count = await parts.workers.run(
            seed_past, parts.history.directory, demo.scale, demo.seed, end, subjects
        )
    await running.chores.freeze()
    await running.chores.plan()
    return count


def seed_past(directory: Path, scale: int, seed: int, end: float, subjects: Subjects) -> int:
    """Writes two school years of simulated history through the normal store. Returns how many series.

    Takes seconds: call it in a worker. Subjects that nobody has told of yet are left out.
    """
    store = SegmentStore(directory, load_catalogue())
    count = 0
    try:
        blocks = (_block(one, subjects) for one in seed_history(load_district(None, scale, seed), end))

        def counted() -> Any:
            nonlocal count
            for block in blocks:
                if block is not None:
                    count += len(block.entities)
                    yield block

        store.append_all(counted())
    finally:
        store.close()
    return count


def _block(seeded: SeedBlock, subjects: Subjects) -> GaugeBlock | CounterBlock | None:
    """The same series under their permanent ids."""
    ids = [subjects.get((one.device, one.key)) for one in seeded.subjects]
    rows = [row for row, entity in enumerate(ids) if entity is not None]
    if not rows:
        return None
    entities = tuple(entity for entity in ids if entity is not None)
    labels = tuple(seeded.labels[row] for row in rows)
    values, coverage = seeded.values[rows], seeded.coverage[rows]
    if seeded.type is FamilyType.COUNTER:
        return CounterBlock(
            seeded.family, entities, labels, seeded.start, seeded.width, values, coverage, simulated=True
        )
    return GaugeBlock(
        seeded.family,
        entities,
        labels,
        seeded.start,
        seeded.width,
        values,
        seeded.peaks[rows],
        coverage,
        simulated=True,
    )


def _claim(directory: Path) -> int:
    """Empties a folder that is a demo's own, and locks it as long as what is returned stays open.

    Raises NetwatchError for a folder that holds anything else: `--dir` may be a slip of the finger.
    """
    mark = directory / MARK
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not mark.exists() and any(directory.iterdir()):
            raise NetwatchError(
                f"{directory}: no demo made what is in there: name an empty folder with --dir"
            )
        lock = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise NetwatchError(
                f"{directory}: another demo runs there: name another folder with --dir"
            ) from None
        for entry in directory.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry != mark:
                entry.unlink()
    except OSError as error:
        place = error.filename or directory
        raise NetwatchError(f"{place}: {error.strerror}: name another folder with --dir") from None
    return lock


def _free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, else a free one: two demos may run on one machine."""
    for port in (wanted, 0):
        with closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return wanted


def _serve(
    answer: Connection, directory: Path, scale: int, seed: int, phase: float | None, web_port: int
) -> None:
    """The simulator's process."""
    end_with_parent()
    try:
        asyncio.run(_simulate(answer, directory, scale, seed, phase, web_port))
    except (NetwatchError, OSError) as error:
        answer.send(str(error))


async def _simulate(
    answer: Connection, directory: Path, scale: int, seed: int, phase: float | None, web_port: int
) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    simulator = Simulator(load_district(None, scale, seed), port=0, echo_port=0, phase=phase)
    await simulator.start()
    try:
        settings = write_config(
            simulator.district,
            directory,
            port=simulator.port,
            echo_port=simulator.echo_port,
            at=time.time(),
            settings={"web": {"listen": f"127.0.0.1:{web_port}"}},
        )
        truth = ground_truth(simulator.world)
        (directory / "ground_truth.json").write_text(json.dumps(truth, indent=1), encoding="utf-8")
        answer.send(settings)
        await stop.wait()
    finally:
        await simulator.close()
