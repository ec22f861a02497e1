"""What all handlers share: the data of the moment, and how a page is made without stalling the loop."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TypeVar

from aiohttp import web

from netwatch import __version__
from netwatch.incidents import IncidentState, Standing
from netwatch.model import Alert, Clock, Entity, EntityId
from netwatch.web.html import Html
from netwatch.web.lookup import Kept, Lookup
from netwatch.web.pages import Frame
from netwatch.web.problem import not_found
from netwatch.web.providers import Providers
from netwatch.web.security import IDENTITY
from netwatch.web.views import active

__all__ = ["SITE", "Site", "StaticFile"]

T = TypeVar("T")

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_KEEP_SECONDS = 1.0
"""Requests within this time share one snapshot, so that a burst of them costs one."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    body: bytes
    content_type: str


class Site:
    """One running web room."""

    def __init__(self, providers: Providers, clock: Clock) -> None:
        self.providers = providers
        self.clock = clock
        self.files: Mapping[str, StaticFile] = _static_files()
        joined = b"".join(file.body for _, file in sorted(self.files.items()))
        self._assets = hashlib.sha256(joined).hexdigest()[:12]
        self._version = __version__
        self._kept = Kept()
        self._lookup: Lookup | None = None
        self._lookup_at = 0.0

    def lookup(self) -> Lookup:
        """Of the latest snapshot, at most a second old."""
        now = self.clock.now().mono
        if self._lookup is None or not 0 <= now - self._lookup_at < _KEEP_SECONDS:
            snapshot = self.providers.snapshot()
            if self._lookup is None or self._lookup.snapshot is not snapshot:
                self._lookup = Lookup(snapshot, self._kept)
            self._lookup_at = now
        return self._lookup

    def device(self, lookup: Lookup, key: str) -> Entity:
        """By id. Raises a 404 problem."""
        entity = lookup.snapshot.entities.get(EntityId(key))
        if entity is None or entity.id != entity.device:
            raise not_found("there is no such device; it may have been taken out of the inventory")
        return entity

    def standings(self, alerts: Sequence[Alert]) -> Mapping[str, Standing]:
        """Where each alert stands, by id; nothing where nobody keeps that."""
        desk = self.providers.desk
        return {} if desk is None else desk.standings(alerts)

    def urgent(self, alerts: Sequence[Alert]) -> list[Alert]:
        """What somebody has to look at: firing, and nothing explains, silences or damps it."""
        standings = self.standings(alerts)
        hidden = {key for key, one in standings.items() if one.state is IncidentState.SUPPRESSED}
        return [alert for alert in active(alerts) if alert.id not in hidden]

    def frame(self, request: web.Request, alerts: Sequence[Alert]) -> Frame:
        identity = request.get(IDENTITY)
        # A request that was refused learns nothing of the district.
        lookup = None if identity is None else self._lookup
        return Frame(
            district="" if lookup is None else lookup.district_name(),
            now=self.clock.now().wall,
            data_at=None if lookup is None else lookup.snapshot.at.wall,
            simulated=self.providers.simulated,
            firing=len(self.urgent(alerts)),
            identity=identity,
            version=self._version,
            metrics_path=self.providers.metrics_path,
            assets=self._assets,
        )

    async def page(self, make: Callable[[], Html], status: int = 200) -> web.Response:
        """Renders in a thread: a list of thousands takes longer than the loop may wait."""
        text = await asyncio.to_thread(make)
        return web.Response(text=text, content_type="text/html", charset="utf-8", status=status)

    async def compute(self, make: Callable[[], T]) -> T:
        """Any other work over a frozen snapshot, in a thread."""
        return await asyncio.to_thread(make)


SITE = web.AppKey("netwatch.site", Site)


def _static_files() -> dict[str, StaticFile]:
    folder = resources.files("netwatch.web") / "static"
    return {
        entry.name: StaticFile(entry.read_bytes(), _TYPES[entry.name.rpartition(".")[2]])
        for entry in folder.iterdir()
        if entry.name.rpartition(".")[2] in _TYPES
    }
