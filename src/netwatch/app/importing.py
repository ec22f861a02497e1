"""Brings the past of known devices in from a Prometheus-compatible server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from netwatch.app.keeping import Places
from netwatch.config import Settings
from netwatch.documents import read_yaml
from netwatch.errors import StoreError
from netwatch.history import SegmentStore
from netwatch.history.importer import Found, Importer, Progress
from netwatch.history.prometheus import PrometheusServer
from netwatch.history.sources import ImportRule, Known, Whose, import_rules
from netwatch.inventory import read_inventory
from netwatch.model import Catalogue, EntityId, EntityKind, load_catalogue
from netwatch.store import Store

__all__ = ["bring_in"]

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
    places = Places.of(settings)
    store = SegmentStore(places.history, catalogue)
    with asyncio.Runner() as runner:
        server = runner.run(_connected(url, token))
        try:
            if not dry_run:
                store.lock()
            work = _work(server, store, catalogue, whose, window, chosen, None if dry_run else places.history)
            while True:
                try:
                    line = runner.run(_next(work))
                except StopAsyncIteration:
                    return
                yield line
        finally:
            runner.run(server.__aexit__(None, None, None))
            store.close()


async def _next(work: AsyncIterator[str]) -> str:
    return await anext(work)


async def _connected(url: str, token: str) -> PrometheusServer:
    return PrometheusServer(url, token=token)


async def _work(
    server: PrometheusServer,
    store: SegmentStore,
    catalogue: Catalogue,
    whose: Whose,
    window: tuple[int, int],
    rules: tuple[ImportRule, ...],
    folder: Path | None,
) -> AsyncIterator[str]:
    importer = Importer(server, store, catalogue, whose, *window)
    seen = 0
    for rule in rules:
        found = await importer.look(rule)
        if not found.taken and not found.refused:
            continue
        seen += 1
        for line in _told(found):
            yield line
        if folder is None or not found.taken:
            continue
        samples = 0
        async for written in importer.fill(found, Progress(folder / "imports.json")):
            samples += written
        yield f"  {samples:,} five-minute values written"
    if not seen:
        yield f"{server.name} has no series that a rule names between {_day(window[0])} and {_day(window[1])}"


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
