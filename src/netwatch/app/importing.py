"""Brings the past of known devices in from a Prometheus-compatible server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from netwatch.app.keeping import Places
from netwatch.config import Settings
from netwatch.documents import read_yaml
from netwatch.errors import StoreError
from netwatch.history import SegmentStore
from netwatch.history.importer import Found, Importer, Progress
from netwatch.history.incoming import Incoming
from netwatch.history.prometheus import PrometheusServer
from netwatch.history.sources import ImportRule, Known, Whose, import_rules
from netwatch.inventory import read_inventory
from netwatch.model import Catalogue, EntityId, EntityKind, load_catalogue
from netwatch.store import Store

__all__ = ["bring_in"]

_AHEAD = 8
"""Files that may wait while further days are fetched: some ten MB."""
_LOOK, _PATIENCE = 0.5, 120.0
"""Seconds between two looks whether a file was taken over, and until that is given up."""
_REASONS = 3
"""Of those why series are left out so many are told, the most frequent first."""


def bring_in(
    settings: Settings,
    env: Mapping[str, str],
    url: str,
    window: tuple[int, int],
    *,
    rules: Path | None = None,
    token: str = "",
    dry_run: bool = False,
) -> Iterator[str]:
    """Lines for a person, as it goes on. `window`: UTC seconds of midnights. Raises StoreError and
    ConfigError."""
    catalogue = load_catalogue()
    chosen = import_rules(catalogue, None if rules is None else read_yaml(rules))
    whose = Whose(_known(settings, env))
    folder = Places.of(settings).history
    with asyncio.Runner() as runner:
        server = runner.run(_connected(url, token))
        work = _work(server, folder, catalogue, whose, window, chosen, dry_run=dry_run)
        try:
            while True:
                try:
                    line = runner.run(_next(work))
                except StopAsyncIteration:
                    return
                yield line
        finally:
            runner.run(work.aclose())
            runner.run(server.__aexit__(None, None, None))


async def _next(work: AsyncIterator[str]) -> str:
    return await anext(work)


async def _connected(url: str, token: str) -> PrometheusServer:
    return PrometheusServer(url, token=token)


async def _work(
    server: PrometheusServer,
    folder: Path,
    catalogue: Catalogue,
    whose: Whose,
    window: tuple[int, int],
    rules: tuple[ImportRule, ...],
    *,
    dry_run: bool,
) -> AsyncGenerator[str]:
    store = SegmentStore(folder, catalogue)
    seen = 0
    with nullcontext(Incoming(folder)) if dry_run else Incoming(folder) as incoming:
        importer = Importer(server, store, incoming, catalogue, whose, *window)
        for rule in rules:
            found = await importer.look(rule)
            if not found.taken and not found.refused:
                continue
            seen += 1
            for line in _told(found):
                yield line
            if dry_run or not found.taken:
                continue
            # What was handed over before has to be seen by what comes now.
            await _settled(store, incoming, 0)
            samples = 0
            async for written in importer.fill(found, Progress(folder / "imports.json")):
                samples += written
                await _settled(store, incoming, _AHEAD)
            await _settled(store, incoming, 0)
            yield f"  {samples:,} five-minute values written"
    if not seen:
        yield f"{server.name} has no series that a rule names between {_day(window[0])} and {_day(window[1])}"


async def _settled(store: SegmentStore, incoming: Incoming, most: int) -> None:
    """Returns once at most so many files wait to be taken over: by the netwatch that runs, or by this process
    if none does. Raises StoreError if that goes nowhere."""
    patience = _PATIENCE
    count = 0
    while len(waiting := incoming.waiting()) > most:
        patience = _PATIENCE if len(waiting) != count else patience - _LOOK
        count = len(waiting)
        if store.try_lock():
            try:
                problem = store.adopt(waiting[0])
            finally:
                store.close()
            if problem:
                raise StoreError(problem)
            continue
        if patience <= 0:
            raise StoreError(
                f"{incoming.folder}: the netwatch that runs has taken over nothing for {_PATIENCE:.0f} s: "
                "its log says why. What was fetched stays there; import again to go on"
            )
        await asyncio.sleep(_LOOK)


def _told(found: Found) -> Iterator[str]:
    rule = found.rule
    yield f"{rule.metric} -> {rule.family}: {len(found.taken):,} series"
    for reason, count in found.refused.most_common(_REASONS):
        yield f"  left out: {count:,} of which {reason}" if count > 1 else f"  left out: {reason}"
    if len(found.refused) > _REASONS:
        yield f"  left out for {len(found.refused) - _REASONS:,} further reasons"


def _known(settings: Settings, env: Mapping[str, str]) -> Iterator[Known]:
    """Everything that the database and the inventory have names for."""
    path = Places.of(settings).database
    if not path.is_file():
        raise StoreError(f"{path}: is not there: let `netwatch run` see the devices once before an import")
    devices = read_inventory(settings, env, lambda device: EntityId(device.name)).inventory.devices
    with Store(path, read_only=True) as store:
        for record in store.identity.load():
            if record.kind is not EntityKind.DEVICE:
                yield Known(record.id, record.kind, record.device, (record.natural, record.name))
                continue
            scope, _, natural = record.natural.partition("/")
            if scope == "merged":
                continue
            entry = devices.get(natural) if scope == "inventory" else None
            addresses = () if entry is None or entry.target is None else entry.target.addresses
            yield Known(record.id, record.kind, record.id, (natural, record.name, *addresses))


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
