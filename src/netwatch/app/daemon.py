"""The running netwatch: wired together here and nowhere else, started, reloaded and stopped as one."""

from __future__ import annotations

import asyncio
import random
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from netwatch.app.alerting import Alerting
from netwatch.app.chores import Chores
from netwatch.app.early import Early
from netwatch.app.garbage import calm
from netwatch.app.handing import Handover
from netwatch.app.heap import return_large_blocks
from netwatch.app.identities import IdentityWriter, ids
from netwatch.app.kept_plans import KeptPlans
from netwatch.app.linked import kept_links
from netwatch.app.loading import Configuration, load_configuration
from netwatch.app.parts import MeteredSink, Parts
from netwatch.app.plan_desk import PlanDesk
from netwatch.app.planner import Planner
from netwatch.app.reload import summary_of_change
from netwatch.app.remote import RemoteWrite
from netwatch.app.restart import PlanBytes, connect
from netwatch.app.school_day import SchoolDay
from netwatch.app.serving import start_traps, start_web
from netwatch.app.wires import Wires
from netwatch.app.workers import Workers
from netwatch.config import LogSettings
from netwatch.discovery import Discovery, discover, dump_told, load_told
from netwatch.errors import ConfigError, NetwatchError, Problem, StoreError
from netwatch.exposition import Renderer, SelfMetrics
from netwatch.history import Recorder, SegmentStore
from netwatch.model import Clock, EntityId, FamilyType, Observation, SystemClock, Target, load_catalogue
from netwatch.native import load as load_native
from netwatch.polling import Poller, PollingSettings
from netwatch.state import State
from netwatch.store import Store
from netwatch.web import ReloadResult, WebServer

__all__ = ["Daemon", "Running"]

SWITCH_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Running:
    """Told to whoever started the daemon, once it serves."""

    urls: tuple[str, ...]
    devices: int
    parts: Parts
    chores: Chores


class Daemon:
    """One netwatch, from its settings file."""

    parts: Parts
    """From the start of `run` on."""

    def __init__(
        self,
        settings_file: Path,
        env: Mapping[str, str],
        *,
        clock: Clock | None = None,
        simulated: bool = False,
        set_up_logs: Callable[[LogSettings], None] = lambda _: None,
    ) -> None:
        """`set_up_logs` is called with the settings' own, at the start and at each reload."""
        self._file = settings_file
        self._env = env
        self._clock = clock or SystemClock()
        self._simulated = simulated
        self._set_up_logs = set_up_logs
        self._log = structlog.get_logger("netwatch")
        self._rng = random.Random(secrets.randbits(64))  # noqa: S311 - spreads polls
        self._catalogue = load_catalogue()
        self._web: WebServer | None = None
        self._chores: Chores | None = None
        self._started = asyncio.Event()
        self._reloading = asyncio.Lock()

    async def run(self, stop: asyncio.Event, started: Callable[[Running], None]) -> None:
        """Runs until `stop` is set. Raises ConfigError or StoreError if it can't start."""
        async with AsyncExitStack() as stack:
            # Threads write history and read configurations: the event loop is to get its turn after a
            # millisecond, not after five.
            stack.enter_context(calm())
            return_large_blocks()
            stack.callback(sys.setswitchinterval, sys.getswitchinterval())
            sys.setswitchinterval(SWITCH_SECONDS)
            self.parts = parts = await self._build(stack)
            self._web = await start_web(parts, stack, self.reload, simulated=self._simulated)
            await start_traps(parts, stack)
            self._chores = chores = Chores(parts)
            stack.callback(chores.links.save_now)
            remote = RemoteWrite(parts)
            await remote.start(stack)
            works = [("polling", self._poll(parts)), ("notify", parts.alerting.run()), *chores.works()]
            works.append(("incidents", parts.alerting.tend()))
            works += remote.works()
            tasks = [asyncio.create_task(work, name=name) for name, work in works]
            stack.push_async_callback(_cancel, tasks)
            count = len(parts.targets())
            self._log.info("started", devices=count, urls=self._web.urls)
            self._tell(parts)
            self._started.set()
            started(Running(self._web.urls, count, parts, chores))
            stopping = asyncio.create_task(stop.wait())
            done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            for task in done - {stopping}:
                task.result()  # a part that ends by itself has failed, and so has the daemon

    async def _poll(self, parts: Parts) -> None:
        """Polls until cancelled; what an earlier process knew of the devices comes first."""
        assert parts.memory is not None
        devices = [target.device for target in parts.targets()]

        def tell(device: EntityId, body: bytes) -> None:
            for observation in load_told(body, device, self._clock.now()):
                parts.state.accept(observation)

        known = await parts.memory.restore_plans(devices, tell)
        if known:
            self._log.info("plans of the last run are in use", devices=known)
        await parts.poller.run()

    async def reload(self) -> ReloadResult:
        """Reads all files again. Either all of it holds from now on, or nothing changes and the reasons come
        back; no poll is lost."""
        await self._started.wait()
        async with self._reloading:
            try:
                return await self._apply(await asyncio.to_thread(self._load, self.parts.configuration))
            except ConfigError as error:
                return self._refuse(error.problems)
            except NetwatchError as error:
                return self._refuse([Problem("", "", str(error))])
            except Exception as error:  # a mistake of netwatch's own: who asked has to hear of it too
                self._log.exception("reload failed")
                return self._refuse([Problem("", "", f"internal error: {type(error).__name__}, see the log")])

    async def _apply(self, loaded: Configuration) -> ReloadResult:
        """Takes a good configuration over. What may fail comes first and changes nothing."""
        parts, old = self.parts, self.parts.configuration
        polled = {target.device for target in parts.targets()}
        new = await loaded.identified_gently(parts.state.device_id)
        take_alerting_over = parts.alerting.prepare(new.settings, new.rules, new.school_time, new.silences)
        if self._web is not None:
            self._web.update(new.auth)
        take_alerting_over()
        self._set_up_logs(new.settings.log)
        parts.configuration = new
        parts.state.set_inventory(new.inventory)
        parts.poller.update(parts.targets())
        if new.profiles.digest != old.profiles.digest:
            parts.poller.rediscover()
        parts.forget(polled - {target.device for target in parts.targets()})
        if self._chores is not None:
            self._chores.reloaded()
        parts.metrics.reloaded(ok=True)
        message = summary_of_change(old, new)
        self._log.info("reloaded", change=message)
        self._tell(parts)
        return ReloadResult(True, message)

    def _tell(self, parts: Parts) -> None:
        """What is not as it should be with a configuration that holds from now on."""
        configuration = parts.configuration
        self._log.debug(
            "profiles", source=configuration.profiles.told, count=len(configuration.profiles.profiles)
        )
        for warning in configuration.warnings:
            self._log.warning("configuration", warning=str(warning))
        for problem in configuration.refused:
            self._log.warning("profile refused", problem=str(problem))
        parts.metrics.profiles(len(configuration.profiles.profiles), len(configuration.profiles.refused))

    def _refuse(self, problems: Sequence[Problem]) -> ReloadResult:
        self.parts.metrics.reloaded(ok=False)
        for problem in problems:
            self._log.warning("reload refused", problem=str(problem))
        return ReloadResult(False, "the configuration is wrong; the old one goes on", tuple(problems))

    def _load(self, before: Configuration | None = None) -> Configuration:
        return load_configuration(self._file, self._env, self._catalogue, before)

    async def _build(self, stack: AsyncExitStack) -> Parts:
        """Opens everything, in the order of dependence; the stack closes it in the other direction."""
        clock, catalogue = self._clock, self._catalogue
        loaded = self._load()
        settings = loaded.settings
        self._set_up_logs(settings.log)
        store = stack.enter_context(Store(_folder(settings.state_dir) / "netwatch.db"))
        native = load_native(self._env)
        state = State(catalogue, store.identity, ids().__next__, clock, native)
        identities = IdentityWriter(state, store.identity)
        stack.callback(identities.finish)
        configuration = loaded.identified(state.device_id)
        state.set_inventory(configuration.inventory)

        directory = Path(settings.history.dir or Path(settings.state_dir) / "history")
        history = SegmentStore(directory, catalogue)
        stack.callback(history.close)
        with suppress(StoreError):  # told when something is to be written
            history.try_lock()  # so that who imports meanwhile hands over to this netwatch
        recorder = Recorder(catalogue, history)
        stack.callback(lambda: recorder.close(clock.now().wall))
        workers, asked = Workers(lasting=False), Workers()
        handover = Handover(settings.state_dir)
        stack.callback(workers.close)
        stack.callback(asked.close)
        kept = KeptPlans(Path(settings.state_dir))
        planner = Planner(workers, directory, Path(settings.state_dir) / "netwatch.db", handover, kept)
        wires = Wires(clock, settings.polling.ssh_workers, native)
        stack.push_async_callback(wires.close)
        await wires.start()
        metrics = SelfMetrics()
        early = Early(MeteredSink(state, metrics), clock)
        poller = Poller(
            snmp=wires.snmp,
            ssh=wires.ssh,
            http=wires.http,
            probers=wires.probers,
            discover=self._discover,
            sink=early,
            clock=clock,
            rng=self._rng,
            settings=PollingSettings(
                concurrency=settings.polling.concurrency,
                rediscovery_interval=settings.polling.rediscovery,
                backoff_max=settings.polling.backoff_max,
            ),
        )
        parts = Parts(
            clock=clock,
            configuration=configuration,
            store=store,
            state=state,
            identities=identities,
            history=history,
            recorder=recorder,
            workers=workers,
            planner=planner,
            plan_desk=PlanDesk(planner, asked, Path(settings.state_dir) / "plans"),
            school_day=SchoolDay(workers, directory, handover),
            metrics=metrics,
            renderer=Renderer(catalogue, native),
            alerting=Alerting(
                configuration.rules,
                store,
                settings,
                clock,
                configuration.school_time,
                configuration.silences,
                kept_links(store),
            ),
            wires=wires,
            poller=poller,
            snapshot=state.snapshot(),
            early=early,
        )
        poller.update(parts.targets())
        parts.alerting.ask_with(poller.recheck)
        parts.memory = memory = connect(
            store,
            Path(settings.state_dir),
            text=lambda: PlanBytes(parts.configuration.profiles),
            poller=poller,
            wire=wires.snmp,
            state=state,
        )
        memory.restore(target.device for target in parts.targets())
        stack.callback(memory.save_now)
        return parts

    async def _find(self, target: Target) -> Discovery:
        parts = self.parts
        return await discover(
            target,
            snmp=parts.wires.snmp,
            ssh=parts.wires.ssh,
            http=parts.wires.http,
            profiles=parts.configuration.profiles,
            clock=self._clock,
        )

    async def _discover(self, target: Target) -> Discovery:
        parts = self.parts
        found = await self._find(target)
        # What it told is in the state from now on and kept for the next start: here it would fill the memory.
        parts.discoveries[target.device] = replace(found, observations=())
        assert parts.memory is not None
        parts.memory.told(target.device, dump_told(found.observations))
        return replace(found, observations=tuple(map(self._without_counters, found.observations)))

    def _without_counters(self, told: Observation) -> Observation:
        """A discovery takes long, and nobody knows when within it a counter was read: a rate between it and
        the first poll would be wrong by as much. Polls alone found rates."""
        counters = FamilyType.COUNTER
        sharp = (one for one in told.readings if self._catalogue[one.family].type is not counters)
        return replace(told, readings=tuple(sharp))


def _folder(path: Path | str) -> Path:
    """Made if need be; not for everybody's eyes. Raises ConfigError."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as error:
        message = f"{folder} can't be made: {error.strerror}"
        hint = "name a folder that this user may write"
        raise ConfigError([Problem("", "state_dir", message, hint)]) from None
    return folder


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
