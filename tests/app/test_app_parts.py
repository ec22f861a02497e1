"""The pieces of the program that no room owns."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
import structlog

from netwatch.app import Daemon, configure_logs, load_configuration
from netwatch.app.periodic import every
from netwatch.app.workers import Workers
from netwatch.config import write_starter
from netwatch.errors import ConfigError
from netwatch.model import (
    EntityId,
    EntityKey,
    EntityKind,
    Instant,
    Observation,
    Reading,
    Secret,
    load_catalogue,
)


class HandClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.mono = 0.0

    def now(self) -> Instant:
        return Instant(1e9 + self.mono, self.mono)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.mono += seconds


async def runs_of(
    seconds: float, cost: float, until: float, *, first: float = 0.0, fail: bool = False
) -> list[float]:
    clock, times = HandClock(), []

    async def action() -> None:
        times.append(clock.mono)
        clock.mono += cost
        if clock.mono > until:
            raise asyncio.CancelledError
        if fail:
            raise ValueError("no")

    with pytest.raises(asyncio.CancelledError):
        await every(seconds, action, name="test", clock=clock, first=first)
    return times


async def test_periodic_work_keeps_its_times_whatever_it_costs() -> None:
    assert await runs_of(10, 3, 30) == [0, 10, 20, 30]


async def test_periodic_work_skips_what_it_missed() -> None:
    assert await runs_of(10, 25, 60) == [0, 30, 60]


async def test_periodic_work_may_begin_later() -> None:
    assert (await runs_of(10, 0, 20, first=5))[:2] == [5, 15]


async def test_a_failure_is_told_and_the_work_goes_on() -> None:
    with structlog.testing.capture_logs() as logs:
        assert len(await runs_of(10, 1, 30, fail=True)) == 4
    assert {entry["task"] for entry in logs} == {"test"}


async def test_workers_are_other_processes_and_bring_errors_back() -> None:
    workers = Workers()
    try:
        assert await workers.run(os.getpid) != os.getpid()
        with pytest.raises(FileNotFoundError):
            await workers.run(os.listdir, "/nowhere")
    finally:
        workers.close()


def _sleep_and_tell(path: Path) -> None:
    path.write_text(str(os.getpid()))
    time.sleep(600)


async def test_workers_that_do_not_last_end_after_the_last_call() -> None:
    workers = Workers(2, lasting=False)
    try:
        together = await asyncio.gather(workers.run(os.getpid), workers.run(os.getpid))
        assert await workers.run(os.getpid) not in together
    finally:
        workers.close()


async def test_closing_ends_a_worker_in_mid_job(tmp_path: Path) -> None:
    workers = Workers()
    job = asyncio.ensure_future(workers.run(_sleep_and_tell, tmp_path / "pid"))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    child = int((tmp_path / "pid").read_text())
    workers.close()
    with pytest.raises(BaseException):  # noqa: B017 - a broken pool or a cancelled job, both will do
        await job
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the worker lives on")


@pytest.mark.parametrize("form", ["console", "json"])
def test_logs_show_no_secret(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", form)
    try:
        log = structlog.get_logger("netwatch.test")
        secret = Secret("hunter2")
        log.info("hello", community="hunter2", password="hunter2", value=secret, nested=[secret])
        try:
            community = secret.reveal()
            raise ValueError(len(community))
        except ValueError:
            log.exception("failed")
    finally:
        structlog.reset_defaults()
    shown = capsys.readouterr().err
    assert "hunter2" not in shown
    assert "hello" in shown
    assert "ValueError" in shown


def test_the_starter_configuration_loads_as_a_whole(tmp_path: Path) -> None:
    write_starter(tmp_path)
    loaded = load_configuration(tmp_path / "netwatch.yaml", {}, load_catalogue())
    assert loaded.rules
    assert loaded.profiles.profiles
    assert loaded.lifecycle.milestones
    named = loaded.identified(lambda device: EntityId(f"id of {device.name}"))
    targets = [device.target for device in named.inventory.devices.values() if device.target is not None]
    assert all(target.device == f"id of {target.name}" for target in targets)


def test_problems_of_all_files_are_told_together(tmp_path: Path) -> None:
    write_starter(tmp_path)
    (tmp_path / "rules.yaml").write_text("rules:\n  - {name: X, ifs: 1}\n")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "replacement.yaml").write_text("nmae: x\n")
    (tmp_path / "inventory/devices.yaml").write_text("devices:\n  - {nmae: sw}\n")
    settings = tmp_path / "netwatch.yaml"
    settings.write_text(
        settings.read_text().replace(
            "alerts:\n", "planning: {policies: own}\nalerts:\n  rules: [rules.yaml]\n", 1
        )
    )
    with pytest.raises(ConfigError) as caught:
        load_configuration(settings, {}, load_catalogue())
    files = {Path(problem.file).name for problem in caught.value.problems}
    assert files == {"rules.yaml", "replacement.yaml", "devices.yaml"}
    assert "did you mean 'name'?" in str(caught.value)


def test_a_discovery_founds_no_rate(tmp_path: Path) -> None:
    """It may last minutes, and its counters were read at some time within them."""
    write_starter(tmp_path)
    daemon = Daemon(tmp_path / "netwatch.yaml", {})
    port = EntityKey(EntityKind.INTERFACE, "Gi1")
    counter = Reading(port, "netwatch_interface_receive_bytes_total", 5)
    gauge = Reading(port, "netwatch_interface_oper_up", 1)
    told = Observation(EntityId("sw"), "if", Instant(0, 0), (counter, gauge))
    assert daemon._without_counters(told).readings == (gauge,)


def test_profiles_are_compiled_again_only_if_their_files_changed(tmp_path: Path) -> None:
    write_starter(tmp_path)
    path = tmp_path / "netwatch.yaml"
    own = tmp_path / "own"
    own.mkdir()
    with path.open("a", encoding="utf-8") as file:
        file.write("\ncollectors: [own]\n")
    catalogue = load_catalogue()
    first = load_configuration(path, {}, catalogue)
    again = load_configuration(path, {}, catalogue, first)
    assert again.profiles is first.profiles
    (own / "new.yaml").write_text("# nothing yet\n")
    assert load_configuration(path, {}, catalogue, again).profiles is not first.profiles
