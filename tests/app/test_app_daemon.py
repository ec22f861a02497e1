"""The daemon as a whole: what it refuses, and what it survives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cramjam
import pytest
import structlog
from aiohttp import web
from typer.testing import CliRunner

from netwatch.alerts import AlertEngine
from netwatch.app import Daemon, Demo, Running
from netwatch.app.alerting import Alerting
from netwatch.app.chores import Chores
from netwatch.app.linked import Bridges
from netwatch.cli import build
from netwatch.errors import ConfigError, MissingExtra, NetwatchError, StoreError
from netwatch.model import Alert, AlertState, EntityId, Severity, Transition
from netwatch.resources import collectors_dir

SETTINGS = """
district: {name: Maple, slug: maple, timezone: UTC}
state_dir: var
inventory: [inventory.yaml]
credentials: {nobody: {snmp: {version: 2c, community: public, port: 9, timeout: 0.1, retries: 0}}}
polling: {interval: 60s}
reachability: {method: udp-echo, port: 9, timeout: 0.1}
web: {listen: "127.0.0.1:0"}
"""
INVENTORY = """
devices:
  - {name: silent, addresses: [127.99.0.1], kind: switch, credentials: nobody}
  - {name: only-probed, addresses: [127.99.0.2], kind: other}
"""


def write(file: Path, text: str) -> None:
    file.write_text(text)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of two devices that never answer; of the profiles the standard ones will do."""
    monkeypatch.setattr("netwatch.app.loading.collectors_dir", lambda: collectors_dir() / "standard")
    write(tmp_path / "inventory.yaml", INVENTORY)
    write(tmp_path / "netwatch.yaml", SETTINGS)
    return tmp_path / "netwatch.yaml"


@asynccontextmanager
async def running(settings: Path) -> AsyncIterator[tuple[Daemon, Running]]:
    stop, daemon = asyncio.Event(), Daemon(settings, {})
    found: list[Running] = []
    task = asyncio.create_task(daemon.run(stop, found.append))
    try:
        await until(lambda: bool(found) or task.done())
        if task.done():
            await task
        yield daemon, found[0]
    finally:
        stop.set()
        await task


async def until(true: Callable[[], bool]) -> None:
    for _ in range(200):
        if true():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it did not come true")


async def test_devices_that_give_nothing_do_not_keep_it_from_being_ready(settings: Path) -> None:
    async with running(settings) as (_, found):
        assert found.devices == 2
        found.parts.poller.recheck(found.parts.targets()[0].device)
        found.parts.poller.recheck(found.parts.targets()[1].device)
        await until(found.parts.ready)


async def test_samples_are_sent_to_a_receiver_and_netwatch_says_so(settings: Path, tmp_path: Path) -> None:
    bodies: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        bodies.append(bytes(cramjam.snappy.decompress_raw(await request.read())))
        return web.Response(status=204)

    app = web.Application()
    app.add_routes([web.post("/write", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/write"
    write(settings, f"{SETTINGS}remote_write: [{{name: store, url: '{url}', interval: 0.1}}]\n")
    try:
        async with running(settings) as (_, found):
            await until(lambda: any(b"netwatch_device_up" in body for body in bodies))
            told = 'netwatch_remote_write_samples_total{outcome="sent",receiver="store"}'
            metrics = found.parts.metrics
            await until(lambda: told in metrics.render(openmetrics=False).decode())
    finally:
        await runner.cleanup()
    assert all(b"only-probed" in body or b"silent" in body for body in bodies)
    assert not list((tmp_path / "var/remote-write/store").glob("*.spool"))


async def test_a_reload_that_fails_half_way_changes_nothing(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as (daemon, found):
        before, rules = found.parts.configuration, []

        def replaced(self: AlertEngine, *args: Any, **kwargs: Any) -> None:
            rules.append(args)

        def refuse(*_: Any) -> None:
            raise MissingExtra("aiomqtt", "mqtt")

        monkeypatch.setattr(AlertEngine, "replace_rules", replaced)
        monkeypatch.setattr("netwatch.app.alerting._channels", refuse)
        write(settings, SETTINGS + "alerts: {group_wait: 7s}\n")
        result = await daemon.reload()
        assert not result.ok
        assert "netwatch[mqtt]" in str(result.problems[0])
        assert found.parts.configuration is before
        assert not rules


async def test_a_reload_with_other_profiles_discovers_anew(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = settings.parent / "profiles"
    folder.mkdir()
    write(settings, SETTINGS + "collectors: [profiles]\n")
    async with running(settings) as (daemon, found):
        asked: list[bool] = []
        monkeypatch.setattr(found.parts.poller, "rediscover", lambda: asked.append(True))
        assert (await daemon.reload()).ok
        assert not asked
        write(folder / "mine.yaml", "profile: mine\nmatch: [{sys_descr: Mine}]\n")
        result = await daemon.reload()
        assert result.ok
        assert asked
        assert "discovered anew" in result.message


BAD_PROFILE = "profile: bad\nmatsh: []\n"


async def test_a_bad_profile_of_the_users_stops_neither_a_start_nor_a_reload(settings: Path) -> None:
    folder = settings.parent / "profiles"
    folder.mkdir()
    write(folder / "bad.yaml", BAD_PROFILE)
    write(folder / "good.yaml", "profile: good\nmatch: [{sys_descr: Good}]\n")
    write(settings, SETTINGS + "collectors: [profiles]\n")
    expected = f"{folder}/bad.yaml:2: matsh: unknown key 'matsh' (did you mean 'match'?)"
    with structlog.testing.capture_logs() as logs:
        async with running(settings) as (daemon, found):
            parts = found.parts

            def metrics() -> str:
                return parts.metrics.render(openmetrics=False).decode()

            assert [one["problem"] for one in logs if one["event"] == "profile refused"] == [expected]
            assert "good" in parts.configuration.profiles.profiles
            assert "netwatch_profiles_refused 1.0" in metrics()

            write(folder / "worse.yaml", "profile: [\n")
            result = await daemon.reload()
            assert result.ok
            assert "profile files refused: 2" in result.message
            assert "netwatch_profiles_refused 2.0" in metrics()

            for file in ("bad.yaml", "worse.yaml"):
                (folder / file).unlink()
            result = await daemon.reload()
            assert result.ok
            assert "refused" not in result.message
            assert "netwatch_profiles_refused 0.0" in metrics()


def test_check_warns_of_a_bad_profile_of_the_users(settings: Path) -> None:
    folder = settings.parent / "profiles"
    folder.mkdir()
    write(folder / "bad.yaml", BAD_PROFILE)
    write(folder / "worse.yaml", "profile: [\n")
    write(settings, SETTINGS + "collectors: [profiles]\n")
    result = CliRunner().invoke(build(), ["check", "--config", str(settings)])
    assert result.exit_code == 0
    first, second = [line for line in result.stderr.splitlines() if str(folder) in line]
    assert first == f"warning: {folder}/bad.yaml:2: matsh: unknown key 'matsh' (did you mean 'match'?)"
    assert second.startswith(f"warning: {folder}/worse.yaml:2: is not valid YAML")
    assert "until it is corrected, other profiles read its devices" in second
    counts = dict(line.rsplit(maxsplit=1) for line in result.stdout.splitlines() if line[-1].isdigit())
    assert counts["profile files refused"] == "2"


async def test_a_bad_profile_that_is_shipped_is_an_error(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = settings.parent / "shipped"
    shipped.mkdir()
    write(shipped / "bad.yaml", BAD_PROFILE)
    monkeypatch.setattr("netwatch.app.loading.collectors_dir", lambda: shipped)
    with pytest.raises(ConfigError, match=r"bad.yaml:2: matsh: unknown key"):
        await Daemon(settings, {}).run(asyncio.Event(), lambda _: None)
    result = CliRunner().invoke(build(), ["check", "--config", str(settings)])
    assert result.exit_code == 1
    assert "bad.yaml:2: matsh: unknown key" in result.stderr


async def test_logs_are_set_up_as_the_settings_say_at_start_and_at_reload(settings: Path) -> None:
    told: list[tuple[str, str]] = []
    write(settings, SETTINGS + "log: {level: warning, format: json}\n")
    stop = asyncio.Event()
    daemon = Daemon(settings, {}, set_up_logs=lambda log: told.append((log.level, log.format)))
    task = asyncio.create_task(daemon.run(stop, lambda _: None))
    await until(lambda: bool(told) or task.done())
    write(settings, SETTINGS + "log: {level: debug}\n")
    await asyncio.wait_for(daemon.reload(), 20)
    stop.set()
    await task
    assert told == [("warning", "json"), ("debug", "console")]


async def test_a_reload_names_what_waits_for_a_restart(settings: Path) -> None:
    async with running(settings) as (daemon, _):
        write(settings, SETTINGS.replace("interval: 60s", "interval: 60s, concurrency: 7"))
        assert "needs a restart: polling.concurrency" in (await daemon.reload()).message


async def test_intervals_of_alerts_and_the_heartbeat_are_taken_over_by_a_reload(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They begin, change and end without a restart."""
    beats, rounds, judged = list[str](), list[int](), list[int]()

    async def take(request: web.Request) -> web.Response:
        beats.append(request.method)
        return web.Response()

    async def ask(_: Bridges) -> None:
        rounds.append(1)

    whole = Chores.judge

    async def judge(chores: Chores) -> None:
        judged.append(1)
        await whole(chores)

    monkeypatch.setattr(Bridges, "ask", ask)
    monkeypatch.setattr(Chores, "judge", judge)
    app = web.Application()
    app.add_routes([web.route("*", "/beat", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/beat"
    off = f"{SETTINGS}alerts: {{evaluation_interval: 1h, bridge_tables: 0}}\n"
    on = f"{SETTINGS}alerts: {{evaluation_interval: 0.1, bridge_tables: 0.1, heartbeat: {{url: '%s'%s}}}}\n"
    write(settings, off)
    try:
        async with running(settings) as (daemon, found):

            async def reload(text: str) -> None:
                write(settings, text)
                result = await daemon.reload()
                assert result.ok
                assert "restart" not in result.message

            await reload(on % (url, ""))
            await until(lambda: bool(beats) and len(judged) > 2 and len(rounds) > 2)
            assert found.parts.heartbeat is not None
            await reload(on % (url, ", interval: 0.1, method: POST"))
            await until(lambda: beats.count("POST") > 1)
            assert found.parts.heartbeat.status.sent >= len(beats) - 1, "counted since the start"
            await reload(off)
            await until(lambda: found.parts.heartbeat is None)
            before = len(beats), len(rounds)
            await asyncio.sleep(0.3)
            assert (len(beats), len(rounds)) == before
    finally:
        await runner.cleanup()


async def test_a_mistake_of_its_own_in_a_reload_is_told(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as (daemon, _):

        def fail(*_: Any) -> None:
            raise RuntimeError("boom")

        monkeypatch.setattr("netwatch.app.daemon.load_configuration", fail)
        with structlog.testing.capture_logs() as logs:
            result = await daemon.reload()
        assert not result.ok
        assert "internal error" in str(result.problems[0])
        assert "reload failed" in [entry["event"] for entry in logs]


async def test_a_reload_during_the_start_waits_for_it(settings: Path) -> None:
    stop, daemon = asyncio.Event(), Daemon(settings, {})
    early = asyncio.create_task(daemon.reload())
    await asyncio.sleep(0)
    task = asyncio.create_task(daemon.run(stop, lambda _: None))
    assert (await asyncio.wait_for(early, 20)).ok
    stop.set()
    await task


async def test_what_could_not_be_written_is_written_with_the_next_evaluation(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as (_, found):
        alert = Alert(
            id="a",
            rule="R",
            entity=EntityId("e"),
            device=EntityId("e"),
            state=AlertState.FIRING,
            severity=Severity.CRITICAL,
            since=1.0,
            fired=1.0,
            resolved=None,
            value=None,
            summary="",
        )
        alerting, told = found.parts.alerting, [Transition(alert, None, 1.0)]
        written: list[Any] = []

        class Incidents:
            full = True

            def record(self, transitions: list[Transition]) -> None:
                if self.full:
                    raise StoreError("database or disk is full")
                written.extend(transitions)

            def remember(self, _: Any) -> None:
                return None

            def note(self, _: Any) -> None:
                return None

        incidents = Incidents()
        monkeypatch.setattr(alerting._store, "incidents", incidents)
        monkeypatch.setattr(alerting._engine, "evaluate", lambda _: told.copy())
        monkeypatch.setattr(alerting._dispatcher, "notify", lambda _: 0)
        alerting.judge(found.parts.snapshot)
        assert not written
        assert [one.rule for one in alerting.alerts()] == ["NetwatchStoreUnwritable"]
        incidents.full, first = False, told.pop()
        alerting.judge(found.parts.snapshot)
        assert written == [first]
        assert not alerting.alerts()
        monkeypatch.undo()


async def test_delivery_begins_anew_after_a_mistake_and_says_so(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as (_, found):
        alerting: Alerting = found.parts.alerting

        async def fail() -> None:
            raise RuntimeError("https://user:hunter2@example.org")

        monkeypatch.setattr(alerting._dispatcher, "run", fail)
        with structlog.testing.capture_logs() as logs:
            task = asyncio.create_task(alerting.run())
            await until(lambda: bool(logs))
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(logs) == 1  # no busy loop
        assert "hunter2" not in str(logs)


async def test_a_state_folder_that_can_not_be_made_is_told_with_a_remedy(settings: Path) -> None:
    (settings.parent / "var").write_text("a file")
    with pytest.raises(ConfigError, match=r"state_dir.*can't be made.*may write"):
        async with running(settings):
            pass


async def test_an_audit_log_that_can_not_be_written_is_told(settings: Path) -> None:
    write(settings, SETTINGS.replace("127.0.0.1:0", '127.0.0.1:0", audit_log: "/nowhere/audit.log'))
    with pytest.raises(ConfigError, match=r"web\.audit_log.*can't be written"):
        async with running(settings):
            pass


def test_a_demo_empties_no_folder_but_its_own(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("years of work")
    with Demo(tmp_path, scale=20) as demo, pytest.raises(NetwatchError, match="name an empty folder"):
        demo.start()
    assert precious.read_text() == "years of work"


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with Demo(tmp_path / "demo", scale=20) as first:
        first.start()
        with Demo(tmp_path / "demo", scale=20) as second, pytest.raises(NetwatchError, match="another demo"):
            second.start()
        assert (tmp_path / "demo" / "ground_truth.json").exists()
    with Demo(tmp_path / "demo", scale=20) as third:
        third.start()


def test_a_phase_that_is_none_is_told_without_a_traceback(tmp_path: Path) -> None:
    arguments = ["run", "--demo", "--dir", str(tmp_path / "demo"), "--phase", "someday"]
    try:
        error = CliRunner().invoke(build(), arguments).exception
    finally:
        structlog.reset_defaults()
    assert isinstance(error, ConfigError)
    assert "--phase" in str(error)
