"""The running netwatch: wired together here and nowhere else, started, reloaded and stopped as one."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog

from netwatch.app.alerting import Alerting
from netwatch.app.loading import Configuration, load_configuration
from netwatch.app.periodic import every
from netwatch.app.planner import Planner
from netwatch.app.reload import summary_of_change
from netwatch.app.wires import Wires
from netwatch.app.workers import Workers
from netwatch.discovery import Discovery, discover
from netwatch.errors import ConfigError, NetwatchError, Problem
from netwatch.exposition import SelfMetrics, Shard, render
from netwatch.history import Recorder, SegmentStore
from netwatch.model import Clock, EntityId, EntityKey, SystemClock, Target, load_catalogue
from netwatch.polling import Poller, PollingSettings
from netwatch.state import State
from netwatch.store import Store
from netwatch.web import Providers, ReloadResult, WebServer, build_app
from netwatch.wire import Trap, TrapListener, UsmUser

__all__ = ["Daemon", "Running"]

SNAPSHOT_SECONDS = 5.0
"""Readers see the world at most this old."""
RECORD_SECONDS = 30.0
PLAN_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Running:
    """Told to whoever started the daemon, once it serves."""

    urls: tuple[str, ...]
    devices: int
    configuration: Configuration


class Daemon:
    """One netwatch, from its settings file."""

    def __init__(
        self,
        settings_file: Path,
        env: Mapping[str, str],
        *,
        clock: Clock | None = None,
        simulated: bool = False,
    ) -> None:
        self._file = settings_file
        self._env = env
        self._clock = clock or SystemClock()
        self._simulated = simulated
        self._log = structlog.get_logger("netwatch")
        self._rng = random.Random(secrets.randbits(64))  # noqa: S311 - spreads retries and request-ids
        self.catalogue = load_catalogue()
        self._discoveries: dict[EntityId, Discovery] = {}

    async def run(self, stop: asyncio.Event, started: Callable[[Running], None]) -> None:
        """Runs until `stop` is set. Raises ConfigError or StoreError if it can't start."""
        async with AsyncExitStack() as stack:
            await self._build(stack)
            tasks = [asyncio.create_task(work, name=name) for name, work in self._works()]
            stack.push_async_callback(_cancel, tasks)
            settings = self.configuration.settings
            self._log.info("started", devices=len(self._targets()), listen=str(settings.web.listen))
            started(Running(self._web.urls, len(self._targets()), self.configuration))
            stopping = asyncio.create_task(stop.wait())
            done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            for task in done - {stopping}:
                task.result()  # a part that ends by itself has failed, and so has the daemon

    async def _build(self, stack: AsyncExitStack) -> None:
        """Opens everything, in the order of dependence; the stack closes it in the other direction."""
        loaded = self._load()
        settings = loaded.settings
        store = stack.enter_context(Store(_folder(settings.state_dir) / "netwatch.db"))
        self.state = State(self.catalogue, store.identity, _new_id, self._clock)
        stack.callback(self.state.flush)
        self.configuration = loaded.identified(self.state.device_id)
        self.state.set_inventory(self.configuration.inventory)

        self.history = SegmentStore(self.history_dir(), self.catalogue)
        stack.callback(self.history.close)
        self._recorder = Recorder(self.catalogue, self.history)
        stack.callback(lambda: self._recorder.close(self._clock.now().wall))
        self.workers = Workers()
        stack.callback(self.workers.close)
        self.planner = Planner(self.workers, self.history_dir())
        self.metrics = SelfMetrics()
        self._snapshot = self.state.snapshot()

        self.alerting = Alerting(self.configuration.rules, store, settings, self._clock)

        self._wires = Wires(self._clock, self._rng, settings.polling.ssh_workers)
        stack.push_async_callback(self._wires.close)
        await self._wires.start()
        self.poller = Poller(
            snmp=self._wires.snmp,
            ssh=self._wires.ssh,
            http=self._wires.http,
            probers=self._wires.probers,
            discover=self._discover,
            sink=self.state,
            clock=self._clock,
            rng=self._rng,
            settings=PollingSettings(
                concurrency=settings.polling.concurrency,
                rediscovery_interval=settings.polling.rediscovery,
                backoff_max=settings.polling.backoff_max,
            ),
        )
        self.poller.update(self._targets())
        await self._start_web(stack)
        await self._start_traps(stack)

    async def _start_web(self, stack: AsyncExitStack) -> None:
        listen = self.configuration.settings.web.listen
        app = build_app(self._providers(), self.configuration.auth, clock=self._clock)
        self._web = WebServer(app, [(listen.host, listen.port)], self.configuration.auth)
        await self._web.start()
        stack.push_async_callback(self._web.close)

    async def _start_traps(self, stack: AsyncExitStack) -> None:
        settings = self.configuration.settings.traps
        if settings.listen is None:
            return

        def on_trap(trap: Trap) -> None:
            known = self.poller.recheck_address(trap.source)
            self._log.info("trap", source=trap.source, oid=trap.trap_oid, known=known is not None)

        listener = TrapListener(
            (settings.listen.host, settings.listen.port),
            on_trap,
            communities=settings.communities,
            users=[
                UsmUser(one.user, one.auth, one.auth_password, one.privacy, one.privacy_password)
                for one in settings.users
            ],
            clock=self._clock,
        )
        await listener.start()
        stack.push_async_callback(listener.close)

    def _works(self) -> Iterator[tuple[str, asyncio._CoroutineLike[None]]]:
        clock, interval = self._clock, self.configuration.settings.alerts.evaluation_interval
        yield "polling", self.poller.run()
        yield "notify", self.alerting.run()
        yield "snapshot", every(SNAPSHOT_SECONDS, self._freeze, name="snapshot", clock=clock)
        yield "alerts", every(interval, self._judge, name="alerts", clock=clock, first=interval)
        yield (
            "history",
            every(RECORD_SECONDS, self._record, name="history", clock=clock, first=RECORD_SECONDS),
        )
        yield "planning", every(PLAN_SECONDS, self.replan, name="planning", clock=clock, first=45)

    # -- what is done again and again

    async def _freeze(self) -> None:
        self._snapshot = self.state.snapshot()
        self.state.flush()

    async def _judge(self) -> None:
        self.alerting.judge(self.state.snapshot())

    async def _record(self) -> None:
        self._recorder.observe(self._snapshot)
        blocks = self._recorder.take(self._clock.now().wall)
        if blocks:  # waits for the disk
            await asyncio.to_thread(self.history.append_all, blocks)

    async def replan(self) -> None:
        """Makes the ranked lists anew."""
        await self.planner.refresh(self._snapshot, self.configuration)

    async def _discover(self, target: Target) -> Discovery:
        found = await discover(
            target,
            snmp=self._wires.snmp,
            ssh=self._wires.ssh,
            http=self._wires.http,
            profiles=self.configuration.profiles,
            clock=self._clock,
        )
        self._discoveries[target.device] = found
        return found

    # -- reload

    async def reload(self) -> ReloadResult:
        """Reads all files again. Either all of it holds from now on, or nothing changes and the reasons come
        back; no poll is lost."""
        try:
            loaded = await asyncio.to_thread(self._load)
            new = loaded.identified(self.state.device_id)
            self._web.update(new.auth)
            self.alerting.reconfigure(new.settings, new.rules)
        except NetwatchError as error:
            problems = error.problems if isinstance(error, ConfigError) else (Problem("", "", str(error)),)
            for problem in problems:
                self._log.warning("reload refused", problem=str(problem))
            return ReloadResult(False, "the configuration is wrong; the old one goes on", problems)
        old, self.configuration = self.configuration, new
        self.state.set_inventory(new.inventory)
        self.poller.update(self._targets())
        message = summary_of_change(old, new)
        self._log.info("reloaded", change=message)
        return ReloadResult(True, message)

    def _load(self) -> Configuration:
        return load_configuration(self._file, self._env, self.catalogue)

    # -- what readers ask

    def _providers(self) -> Providers:
        return Providers(
            snapshot=lambda: self._snapshot,
            alerts=self.alerting.alerts,
            replacement_plan=lambda: self.planner.plan,
            metrics=self._render,
            reload=self.reload,
            ready=self.ready,
            explain=self._explain,
            simulated=self._simulated,
            shard_limit=self.configuration.settings.metrics.max_samples,
        )

    def _render(self, openmetrics: bool, shard: Shard | None) -> Iterator[bytes]:
        return render(self._snapshot, openmetrics=openmetrics, shard=shard)

    def ready(self) -> bool:
        """Every device was polled once or given up."""
        status = self.poller.status().values()
        return all(one.last_success is not None or one.failures for one in status)

    def _explain(self, device: EntityId) -> Mapping[str, object] | None:
        found = self._discoveries.get(device)
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

    def subjects(self) -> dict[tuple[str, EntityKey], EntityId]:
        """(name of a polled device, a key of its own) -> permanent id of what it means."""
        return {
            (target.name, key): entity
            for target in self._targets()
            for key, entity in self.state.known(target.device).items()
        }

    def _targets(self) -> list[Target]:
        devices = self.configuration.inventory.devices.values()
        return [device.target for device in devices if device.target is not None]

    def history_dir(self) -> Path:
        """Where segments lie."""
        settings = self.configuration.settings
        return Path(settings.history.dir or Path(settings.state_dir) / "history")


def _folder(path: Path | str) -> Path:
    """Made if need be; not for everybody's eyes."""
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    return folder


def _new_id() -> EntityId:
    """An id without meaning: 80 random bits in base 32."""
    return EntityId(secrets.token_hex(10))


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
