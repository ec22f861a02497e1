"""The doors of a daemon: pages and API, and the listener for traps."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog

from netwatch.app.figures import channel_states
from netwatch.app.locating import Locator
from netwatch.app.parts import Parts
from netwatch.app.utilisation import utilisation
from netwatch.app.workers import Workers
from netwatch.errors import ConfigError, Problem
from netwatch.exposition import Shard
from netwatch.model import EntityId, Report
from netwatch.planning.utilisation import Level
from netwatch.web import Providers, ReloadResult, WebServer, audit_to_stream, build_app
from netwatch.wire import Trap, TrapListener, UsmUser

__all__ = ["start_traps", "start_web"]


async def start_web(
    parts: Parts, stack: AsyncExitStack, reload: Callable[[], Awaitable[ReloadResult]], *, simulated: bool
) -> WebServer:
    """Serves until the stack is closed. Raises ConfigError if the address can't be had."""
    settings = parts.configuration.settings
    # Of their own: who asks for a file does not wait for plans that are being made, nor they for the file.
    exports = Workers(lasting=False)
    stack.callback(exports.close)
    audit = _audit_file(settings.web.audit_log or Path(settings.state_dir) / "audit.log", stack)
    app = build_app(
        _providers(parts, exports, reload, simulated=simulated),
        parts.configuration.auth,
        clock=parts.clock,
        audit=audit_to_stream(audit),
        allowed_hosts=[host] if (host := urlsplit(settings.web.external_url).hostname) else (),
    )
    listen = settings.web.listen
    server = WebServer(app, [(listen.host, listen.port)], parts.configuration.auth)
    await server.start()
    stack.push_async_callback(server.close)
    return server


async def start_traps(parts: Parts, stack: AsyncExitStack) -> None:
    """Listens for traps if the settings say so; each makes netwatch poll its sender at once."""
    settings = parts.configuration.settings.traps
    if settings.listen is None:
        return
    log = structlog.get_logger("netwatch")

    def on_trap(trap: Trap) -> None:
        device = parts.poller.recheck_address(trap.source, trap.subject)
        if device is not None:
            parts.early.expect(device)
        parts.metrics.trap(used=device is not None)
        log.debug("trap", source=trap.source, oid=trap.trap_oid, known=device is not None)

    listener = TrapListener(
        (settings.listen.host, settings.listen.port),
        on_trap,
        communities=settings.communities,
        users=[
            UsmUser(one.user, one.auth, one.auth_password, one.privacy, one.privacy_password)
            for one in settings.users
        ],
        known=parts.poller.knows_address,
        clock=parts.clock,
    )
    await listener.start()
    stack.push_async_callback(listener.close)


def _audit_file(path: Path | str, stack: AsyncExitStack) -> Any:
    """Appended to line by line; nobody but its owner reads it. Raises ConfigError."""
    file = Path(path)
    try:
        file.touch(mode=0o600)
        return stack.enter_context(file.open("a", encoding="utf-8", buffering=1))
    except OSError as error:
        message = f"{file} can't be written: {error.strerror}"
        raise ConfigError([Problem("", "web.audit_log", message, "name another file")]) from None


def _providers(
    parts: Parts, exports: Workers, reload: Callable[[], Awaitable[ReloadResult]], *, simulated: bool
) -> Providers:
    settings = parts.configuration.settings

    def metrics(openmetrics: bool, shard: Shard | None) -> Iterator[bytes]:
        """netwatch's own families come with the whole, and with the first shard."""
        began, snapshot = time.perf_counter(), parts.snapshot
        if shard is not None:
            for _ in parts.renderer.prepare(snapshot):
                yield b""
        if shard is None or shard == parts.renderer.shards(snapshot, settings.metrics.max_samples)[0]:
            yield parts.metrics.render(openmetrics=openmetrics, end=False)
        yield from parts.renderer.render(snapshot, openmetrics=openmetrics, shard=shard)
        parts.metrics.rendered(time.perf_counter() - began)

    def shards() -> Iterator[Sequence[Shard] | None]:
        snapshot = parts.snapshot
        yield from parts.renderer.prepare(snapshot)
        yield parts.renderer.shards(snapshot, settings.metrics.max_samples)

    def explain(device: EntityId) -> Mapping[str, Any] | None:
        found = parts.discoveries.get(device)
        if found is None:
            return None
        matched = found.matched
        return {
            "profile": matched.profile,
            "reasons": list(matched.reasons),
            "attached": {name: list(reasons) for name, reasons in matched.attached},
            "families": {name: list(families) for name, families in (matched.families or {}).items()},
            "skipped": dict(matched.skipped or {}),
            "problems": list(found.problems),
        }

    async def used(first: date, last: date, level: str) -> Report:
        calendars, now = parts.configuration.school_time, parts.clock.now().wall
        return await exports.run(
            utilisation, parts.history.directory, calendars, first, last, Level(level), now
        )

    return Providers(
        snapshot=lambda: parts.snapshot,
        alerts=parts.alerting.alerts,
        replacement_plan=parts.planner.replacements,
        reports=parts.planner.reports,
        worker=exports.run,
        utilisation=used,
        metrics=metrics,
        reload=reload,
        ready=parts.ready,
        desk=parts.alerting.desk,
        plan_desk=parts.plan_desk,
        explain=explain,
        costs=lambda: parts.poller.costliest(20),
        delivery=lambda: channel_states(parts),
        locate=Locator(parts).find,
        refused=lambda: parts.configuration.refused,
        simulated=simulated,
        metrics_path=settings.metrics.path,
        shard_limit=settings.metrics.max_samples,
        shards=shards,
        device_metrics=lambda device, openmetrics: parts.renderer.render(
            parts.snapshot, openmetrics=openmetrics, only=device
        ),
        gzip=settings.metrics.gzip,
    )
