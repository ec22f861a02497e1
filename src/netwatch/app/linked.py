"""Who is plugged in where, for root causes: neighbours' word kept over a restart, and forwarding tables."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import numpy as np
import structlog

from netwatch.alerts import Bridging, KeptLink, Plug, PlugKey, Seen, renewed, subjects
from netwatch.app.locating import AT_ONCE, PATIENCE, has_ports
from netwatch.app.parts import Parts
from netwatch.discovery import Learnt, learnt_anywhere
from netwatch.errors import StoreError, WireError
from netwatch.model import EntityId, EntityKind, PluggedIn, Snapshot, Target
from netwatch.store import Store, StoredLink

__all__ = ["Bridges", "LinkKeeper", "kept_links"]

_NEIGHBOUR, _BRIDGE = "neighbour", "bridge"
REFRESH_SECONDS = 6 * 3600.0
"""So old may the time of a kept link be that neighbours still tell of."""
_AT_ONCE = 500
_Pair = tuple[EntityId, EntityId]


def kept_links(store: Store) -> Iterator[KeptLink]:
    """As an earlier run knew them. Raises StoreError."""
    for row in store.links.load(_NEIGHBOUR):
        yield KeptLink((row.one, row.other), (row.one_device, row.other_device), row.told)


class LinkKeeper:
    """Keeps what neighbours tell for the next start."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._rows = {(row.one, row.other): row for row in parts.store.links.load(_NEIGHBOUR)}
        self._seen: tuple[object, int] = (None, 0)
        self._refreshed = float("-inf")

    async def save(self) -> None:
        """Writes what is new and what is gone since the last time."""
        new, gone = self._news()
        while part := list(islice(new, _AT_ONCE)):
            await asyncio.to_thread(self._parts.store.links.save, part)
        await asyncio.to_thread(self._parts.store.links.save, (), list(gone))

    def save_now(self) -> None:
        """The same at once: netwatch ends."""
        self._seen, self._refreshed = (None, 0), float("-inf")
        new, gone = self._news()
        try:
            self._parts.store.links.save(list(new), list(gone))
        except StoreError as error:
            structlog.get_logger("netwatch").warning("links not kept", reason=str(error))

    def _news(self) -> tuple[Iterator[StoredLink], Iterator[StoredLink]]:
        snapshot, known = self._parts.snapshot, self._parts.alerting.links()
        now = snapshot.at.wall
        anew = now - self._refreshed >= REFRESH_SECONDS
        if not anew and self._seen[0] is snapshot.links and self._seen[1] == len(known):
            return iter(()), iter(())
        self._seen = (snapshot.links, len(known))
        self._refreshed = now if anew else self._refreshed
        told = set(snapshot.links)
        new = [pair for pair in snapshot.links if anew or pair not in self._rows]
        gone = [self._rows.pop(pair) for pair in self._rows.keys() - told - known]
        return self._entered(new, snapshot), iter(gone)

    def _entered(self, pairs: Iterable[_Pair], snapshot: Snapshot) -> Iterator[StoredLink]:
        entities = snapshot.entities
        for one, other in pairs:
            if one in entities and other in entities:
                ends = entities[one].device, entities[other].device
                row = StoredLink(_NEIGHBOUR, one, other, *ends, snapshot.at.wall)
                self._rows[one, other] = row
                yield row


class Bridges:
    """Asks switches now and then where they have learnt the addresses of what tells of no neighbours."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._log = structlog.get_logger("netwatch.alerts")
        rows = parts.store.links.load(_BRIDGE)
        self._rows: dict[PlugKey, StoredLink] = {(row.detail, row.one_device): row for row in rows}
        self._plugs: dict[PlugKey, Plug] = {
            key: Plug(PluggedIn(row.other_device, row.one_device, row.one), row.told)
            for key, row in self._rows.items()
        }
        self.learnt = self._told()
        """For `Snapshot.learnt`; another object where something has changed."""

    async def ask(self) -> None:
        """One round over all switches that answer."""
        parts, snapshot = self._parts, self._parts.snapshot
        if not parts.ready():
            return
        up = _up(snapshot)
        targets = [one for one in parts.targets() if has_ports(one, snapshot)]
        links = parts.alerting.links()
        about = subjects(snapshot, links, (one.device for one in targets))
        if any(about.asked.values()):
            targets = [one for one in targets if one.device in up]
            seen, answered = await self._round(targets, about.asked, snapshot)
            told = Bridging(about, seen, snapshot, links)
            interval = parts.configuration.settings.alerts.bridge_tables
            self._plugs = renewed(
                self._plugs, told, about, answered, up & _up(parts.snapshot), snapshot.at.wall, interval
            )
        else:
            self._plugs = {}
        await self._keep()

    async def _round(
        self, targets: list[Target], asked: Mapping[EntityId, tuple[str, ...]], snapshot: Snapshot
    ) -> tuple[list[Seen], set[EntityId]]:
        places, seen, answered = asyncio.Semaphore(AT_ONCE), list[Seen](), set[EntityId]()

        async def one(target: Target) -> None:
            macs = [bytes.fromhex(mac) for mac in asked.get(target.device, ())]
            if not macs:
                return
            async with places:
                vlans = [vlan.natural for vlan in snapshot.of_device(target.device, EntityKind.VLAN)]
                try:
                    async with asyncio.timeout(PATIENCE):
                        found = await learnt_anywhere(self._parts.wires.snmp, target, macs, vlans)
                except (TimeoutError, WireError) as error:
                    self._log.debug("forwarding table not read", device=target.name, reason=str(error))
                    return
            answered.add(target.device)
            seen.extend(_sightings(target.device, found, snapshot))

        await asyncio.gather(*map(one, targets))
        return seen, answered

    def _told(self) -> tuple[PluggedIn, ...]:
        return tuple(sorted({known.plug for known in self._plugs.values()}))

    async def _keep(self) -> None:
        learnt = self._told()
        if learnt != self.learnt:
            self._log.info("forwarding tables", devices=len({one.device for one in learnt}))
            self.learnt = learnt
        rows = {
            key: StoredLink(_BRIDGE, plug.port, plug.device, plug.switch, plug.device, told, key[0])
            for key, (plug, told) in self._plugs.items()
        }
        new = [row for key, row in rows.items() if self._rows.get(key) != row]
        gone = [row for key, row in self._rows.items() if rows.get(key) != row]
        self._rows = rows
        if new or gone:
            await asyncio.to_thread(self._parts.store.links.save, new, gone)


def _sightings(switch: EntityId, found: dict[bytes, list[Learnt]], snapshot: Snapshot) -> Iterator[Seen]:
    ports = {one.index: one.id for one in snapshot.of_device(switch, EntityKind.INTERFACE)}
    for mac, places in found.items():
        for index in {place.if_index for place in places}:
            yield Seen(mac.hex(), switch, ports.get(str(index)))


def _up(snapshot: Snapshot) -> set[EntityId]:
    """Devices that answer."""
    column = snapshot.columns.get("netwatch_device_up")
    if column is None:
        return set()
    rows = np.flatnonzero(column.fresh & (column.values > 0)).tolist()
    return {column.entities[row] for row in rows}
