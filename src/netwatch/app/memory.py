"""What a netwatch keeps for its next start, so that it walks nothing again and no counter begins anew.

Plans and learnt limits go to the database, last counters to a file. None of it is needed: what is missing or
damaged is found anew by discovery and polling, is said in one line of the log, and stops no start.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import structlog

from netwatch.errors import NetwatchError, StoreError
from netwatch.history.segment import sync_directory
from netwatch.model import EntityId
from netwatch.polling import KeptPlan
from netwatch.store import RestartTable, StoredPlan

__all__ = [
    "CounterKeeper",
    "CountersFile",
    "Kept",
    "Learner",
    "Memory",
    "PlanHolder",
    "PlanText",
    "read_counters",
    "write_counters",
]

_KEPT = struct.Struct("<I")
_PLANS_AT_ONCE = 100
_TURN = 4
"""Plans between two turns for others."""
_BATCH = 4_000_000


class Kept(NamedTuple):
    """What is kept of one device."""

    plan: bytes
    told: bytes
    """What discovery told of entities."""
    discovered: float
    """Wall seconds."""
    sentinels: Mapping[str, Any]
    """What the device said when the plan was made: whether it changed meanwhile is seen at the first poll."""

    def pack(self) -> bytes:
        head = json.dumps([len(self.plan), len(self.told), self.discovered, dict(self.sentinels)]).encode()
        return _KEPT.pack(len(head)) + head + self.plan + self.told

    @classmethod
    def unpack(cls, body: bytes) -> Kept:
        """Raises StoreError."""
        try:
            start = _KEPT.size + _KEPT.unpack_from(body)[0]
            plan, told, discovered, sentinels = json.loads(body[_KEPT.size : start])
            middle = start + plan
            return cls(body[start:middle], body[middle : middle + told], float(discovered), dict(sentinels))
        except (ValueError, TypeError, struct.error) as error:
            raise StoreError(f"it is damaged: {error}") from None


class PlanText(Protocol):
    """Plans to bytes and back."""

    digest: str
    """Of the profiles in use."""

    def dump(self, plan: Any) -> bytes: ...

    def load(self, body: bytes) -> Any | None:
        """None for a plan that no longer fits. May raise NetwatchError for a damaged one."""
        ...


class PlanHolder(Protocol):
    """The poller."""

    def plans(self) -> Mapping[EntityId, Any]: ...

    def kept_plan(self, device: EntityId) -> KeptPlan | None:
        """What to keep of a device; None if there is nothing worth it."""
        ...

    def restore(self, plans: Mapping[EntityId, KeptPlan]) -> None:
        """Devices that have a plan need no discovery before their first poll."""
        ...


class Learner(Protocol):
    """The SNMP wire."""

    def learnt(self) -> Mapping[EntityId, Mapping[str, Any]]: ...

    def restore(self, learnt: Mapping[EntityId, Mapping[str, Any]]) -> None: ...


class CounterKeeper(Protocol):
    """The state."""

    def export_counters(self) -> Iterable[bytes]:
        """In pieces of a few milliseconds each."""
        ...

    def import_counters(self, data: bytes) -> object:
        """Raises StoreError for what it can't read."""
        ...


class Memory:
    """One per daemon. `restore` before polling begins, `save` every few minutes and at the end."""

    def __init__(
        self,
        table: RestartTable,
        counters_file: Path,
        *,
        text: Callable[[], PlanText],
        poller: PlanHolder,
        wire: Learner,
        state: CounterKeeper,
    ) -> None:
        """`text` is asked anew each time: a reload may bring other profiles."""
        self._table = table
        self._file = counters_file
        self._text = text
        self._poller = poller
        self._wire = wire
        self._state = state
        self._plans: dict[EntityId, Any] = {}
        """As they are in the database."""
        self._learnt: dict[EntityId, Mapping[str, Any]] = {}
        self._told: dict[EntityId, bytes] = {}
        """Of discoveries since the plan was last written."""
        self._digest = ""
        self._saving = asyncio.Lock()
        self._log = structlog.get_logger("netwatch")

    def told(self, device: EntityId, body: bytes) -> None:
        """What a discovery told of entities, to be written with the device's plan."""
        self._told[device] = body

    async def restore_plans(
        self, devices: Iterable[EntityId], tell: Callable[[EntityId, bytes], None]
    ) -> int:
        """Hands over the plans that an earlier process left of these devices, and to `tell` what was told of
        their entities. Returns how many there are. Gives the event loop its turns."""
        wanted, text, count = set(devices), self._text(), 0
        self._digest = text.digest
        for number, kept in enumerate(self._table.plans(text.digest)):
            if kept.device not in wanted or (found := self._load(text, kept)) is None:
                continue
            plan, body = found
            try:
                tell(kept.device, body.told)
            except NetwatchError as error:
                self._log.warning("plan not used", device=kept.device, reason=str(error))
                continue
            self._poller.restore({kept.device: KeptPlan(plan, body.discovered, body.sentinels)})
            self._plans[kept.device] = plan
            count += 1
            if number % _TURN == 0:
                await asyncio.sleep(0)
        return count

    def restore(self, devices: Iterable[EntityId]) -> None:
        """Hands over limits and counters that an earlier process left of these devices."""
        wanted = set(devices)
        learnt = {device: body for device, body in self._table.learnt().items() if device in wanted}
        self._wire.restore(learnt)
        self._learnt = dict(learnt)
        self._table.forget(self._table.devices() - wanted)
        data = read_counters(self._file)
        if data is not None:
            try:
                self._state.import_counters(data)
            except NetwatchError as error:
                set_aside(self._file, str(error))

    async def save(self) -> None:
        """Writes what changed since the last time: plans and limits by the hundred, counters as a whole."""
        async with self._saving:
            await self._save_plans()
            learnt = dict(self._wire.learnt())
            news: dict[EntityId, Mapping[str, Any]] = {
                device: body for device, body in learnt.items() if self._learnt.get(device, {}) != body
            }
            news.update((device, {}) for device in self._learnt.keys() - learnt.keys())
            await asyncio.to_thread(self._table.save_learnt, news)
            gone = (self._plans.keys() | self._learnt.keys()) - (self._poller.plans().keys() | learnt.keys())
            await asyncio.to_thread(self._table.forget, gone)
            for device in gone:
                self._plans.pop(device, None)
            self._learnt = learnt
            await self._save_counters()

    def save_now(self) -> None:
        """All of it at once, when netwatch stops and nobody waits for the event loop any more."""
        text = self._text()
        self._table.save_plans(list(self._new_plans(text)))
        self._table.save_learnt(dict(self._wire.learnt()))
        try:
            write_counters(self._file, self._state.export_counters())
        except OSError as error:
            self._log.warning("counters not kept", file=str(self._file), reason=error.strerror)

    async def _save_plans(self) -> None:
        text = self._text()
        new = self._new_plans(text)
        while part := list(islice(new, _PLANS_AT_ONCE)):
            await asyncio.to_thread(self._table.save_plans, part)

    def _new_plans(self, text: PlanText) -> Iterator[StoredPlan]:
        if text.digest != self._digest:
            self._digest, self._plans = text.digest, {}
        for device, plan in list(self._poller.plans().items()):
            if self._plans.get(device) is not plan:
                self._plans[device] = plan
                told, known = self._told.pop(device, None), self._poller.kept_plan(device)
                if told is not None and known is not None:  # untold, its entities would be nameless
                    kept = Kept(text.dump(plan), told, known.discovered, known.sentinels)
                    yield StoredPlan(device, text.digest, kept.pack())

    async def _save_counters(self) -> None:
        """A few megabytes at a time: all counters of a large fleet are more than a hundred."""
        try:
            with CountersFile(self._file) as file:
                waiting: list[bytes] = []
                for piece in self._state.export_counters():
                    waiting.append(piece)
                    await asyncio.sleep(0)
                    if sum(map(len, waiting)) > _BATCH:
                        await asyncio.to_thread(file.write, waiting)
                        waiting = []
                await asyncio.to_thread(file.write, waiting)
                await asyncio.to_thread(file.commit)
        except OSError as error:
            self._log.warning("counters not kept", file=str(self._file), reason=error.strerror)

    def _load(self, text: PlanText, kept: StoredPlan) -> tuple[Any, Kept] | None:
        try:
            body = Kept.unpack(kept.body)
            plan = text.load(body.plan)
            return None if plan is None else (plan, body)
        except NetwatchError as error:
            self._log.warning("plan not used", device=kept.device, reason=str(error))
            return None


class CountersFile:
    """Replaces a file as a whole. Without `commit` the old one stays as it was. What is in it checks itself
    (netwatch.state.persist). Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fresh = path.with_name(path.name + ".new")

    def __enter__(self) -> CountersFile:
        descriptor = os.open(self._fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        self._file = os.fdopen(descriptor, "wb")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, pieces: Iterable[bytes]) -> None:
        self._file.writelines(pieces)

    def commit(self) -> None:
        """On disk, under its name, when it returns."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._fresh.replace(self._path)
        sync_directory(self._path.parent)


def write_counters(path: Path, pieces: Iterable[bytes]) -> None:
    """All at once. Raises OSError."""
    with CountersFile(path) as file:
        file.write(pieces)
        file.commit()


def read_counters(path: Path) -> bytes | None:
    """What a `CountersFile` holds; None where there is nothing."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        structlog.get_logger("netwatch").warning("counters not read", file=str(path), reason=error.strerror)
        return None


def set_aside(path: Path, reason: str) -> None:
    """Out of the way, but not lost; counters begin anew."""
    aside = path.with_name(path.name + ".broken")
    try:
        path.replace(aside)
    except OSError as error:
        reason = f"{reason}; and it can't be renamed: {error.strerror}"
    structlog.get_logger("netwatch").warning(
        "last counters set aside", file=str(path), kept_as=str(aside), reason=reason
    )
