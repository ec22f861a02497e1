"""The past comes in from a real Prometheus: exactly, for what is known, never over what is there."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import subprocess
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from netwatch.app import Daemon
from netwatch.app.importing import bring_in
from netwatch.cli import build
from netwatch.config import load_settings
from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError, StoreError
from netwatch.history import Recorder, SegmentStore
from netwatch.history.fold import fold_counter, fold_gauge
from netwatch.history.incoming import Incoming
from netwatch.history.prometheus import PrometheusServer, narrowed
from netwatch.history.sources import Known, Whose, import_rules
from netwatch.model import (
    Column,
    CounterBlock,
    EntityId,
    EntityKind,
    GaugeBlock,
    IdentityRecord,
    Instant,
    Snapshot,
    load_catalogue,
)
from netwatch.resources import collectors_dir
from netwatch.store import Store

CATALOGUE = load_catalogue()
BYTES, OPER, CPU = (
    "netwatch_interface_receive_bytes_total",
    "netwatch_interface_oper_up",
    "netwatch_processor_utilization_ratio",
)
DAY = 86400
START = 1_790_000_000 // DAY * DAY


class Shelf:
    def __init__(self) -> None:
        self.cells: dict[int, tuple[float, ...]] = {}

    def append(self, block: GaugeBlock | CounterBlock) -> None:
        arrays = (
            (block.mean, block.max, block.coverage)
            if isinstance(block, GaugeBlock)
            else (block.increase, block.increase, block.covered)
        )
        self.cells[block.start] = tuple(float(array[0, 0]) for array in arrays)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4000), st.integers(0, 1000), st.booleans()), min_size=1, max_size=40),
    st.sampled_from([BYTES, CPU]),
)
def test_samples_fold_as_the_recorder_folds_readings(steps, family: str) -> None:
    counter = family == BYTES
    at, total, times, values = float(START + 17), 0.0, [], []
    for gap, value, restart in steps:
        at += gap
        total = float(value) if restart or not counter else total + 300 * value
        times.append(at)
        values.append(total)
    shelf = Shelf()
    recorder = Recorder(CATALOGUE, shelf)
    for at, value in zip(times, values, strict=True):
        column = Column(
            CATALOGUE[family],
            (EntityId("a"),),
            ((),),
            np.array([value]),
            np.array([np.nan]),
            np.array([at]),
            np.array([True]),
        )
        recorder.observe(Snapshot(Instant(at, at), {}, {family: column}))
        recorder.flush(at)
    recorder.close(times[-1])
    buckets = int(times[-1] - START) // 300 + 2
    fold = fold_counter if counter else fold_gauge
    folded = fold(np.array(times), np.array(values), START, 300, buckets)
    for number in range(buckets):
        value, peak, covered = shelf.cells.get(START + 300 * number, (0.0, 0.0, 0.0))
        assert folded.covered[number] == pytest.approx(covered, abs=0.06)
        if covered > 0.1:
            # The recorder cuts whole numbers into whole numbers.
            assert folded.value[number] == pytest.approx(value, rel=1e-9, abs=20 if counter else 1e-9)
            assert counter or folded.peak[number] == peak


WHOSE = Whose(
    [
        Known(EntityId("d1"), EntityKind.DEVICE, EntityId("d1"), ("sw-1", "127.99.0.7", "2001:db8::7")),
        Known(EntityId("p1"), EntityKind.INTERFACE, EntityId("d1"), ("Gi1/0/1",)),
    ]
)


@pytest.mark.parametrize(
    "instance", ["sw-1", "sw-1:161", "127.99.0.7", "127.99.0.7:161", "2001:db8::7", "[2001:db8::7]:161"]
)
def test_a_device_is_known_by_name_and_address(instance: str) -> None:
    rule = next(rule for rule in import_rules(CATALOGUE) if rule.metric == "ifHCInOctets")
    labels = {"instance": instance, "ifName": "Gi1/0/1"}
    assert WHOSE.series(rule, CATALOGUE[BYTES], labels) == (("p1", ()), "")
    assert "no interface 'Gi9'" in WHOSE.series(rule, CATALOGUE[BYTES], {**labels, "ifName": "Gi9"})[1]
    assert WHOSE.series(rule, CATALOGUE[BYTES], {"instance": "sw-2"})[1] == "no device 'sw-2'"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{family: netwatch_nothing, metric: x, device: instance}", "no family 'netwatch_nothing'"),
        ("{family: netwatch_device_uptime_seconds, metric: x, device: d}", "is kept for planning"),
        (f"{{family: {BYTES}, metric: x, device: instance}}", "needs a part"),
        ("{family: netwatch_device_up, metric: up, device: instance, part: job}", "takes no part"),
        ("{family: netwatch_radio_airtime_ratio, metric: x, device: d, part: r}", "row labels: use"),
        (f"{{family: {BYTES}, metric: x, device: d, part: p, equals: 1}}", "no value of it is a state"),
        (f"{{family: {BYTES}, metrik: x, device: d, part: p}}", "metrik"),
    ],
)
def test_a_wrong_rule_is_told_with_its_place(rule: str, message: str) -> None:
    with pytest.raises(ConfigError) as told:
        import_rules(CATALOGUE, parse_yaml(f"imports:\n  - {rule}\n", "map.yaml"))
    assert any(message in str(problem) for problem in told.value.problems)
    assert all("map.yaml:2" in str(problem) for problem in told.value.problems)


def test_a_selector_is_narrowed() -> None:
    assert narrowed("up", "instance", ["a", "b.c:1"]) == r'up{instance=~"a|b\\.c\\:1"}'
    assert narrowed('up{job="x", }', "i", ["a"]) == 'up{job="x",i=~"a"}'


def polled() -> dict[str, list[tuple[float, float]]]:
    """Three days of a counter with a restart and an outage, read every minute, and a port that goes down."""
    rng = np.random.default_rng(3)
    times = START + 60.0 * np.arange(3 * 1440) + 7.0
    total = np.cumsum(rng.integers(0, 10**9, times.size)).astype(float)
    total[2000:] -= total[2000]
    keep = np.ones(times.size, dtype=bool)
    keep[3000:3200] = False
    status = np.where((np.arange(times.size) // 500) % 2, 2.0, 1.0)
    return {
        "octets": list(zip(times[keep].tolist(), total[keep].tolist(), strict=True)),
        "status": list(zip(times[keep].tolist(), status[keep].tolist(), strict=True)),
    }


@contextlib.contextmanager
def prometheus(folder: Path):
    """A real one whose past is what `polled` tells."""
    samples = polled()
    ports = [
        ("sw-1:161", "Gi1/0/1"),
        ("127.99.0.7:161", "Gi1/0/2"),
        ("sw-1:161", "Gi9"),
        ("sw-9:161", "Gi1/0/1"),
    ]
    lines = []
    for metric, kind, key in (("ifHCInOctets", "gauge", "octets"), ("ifOperStatus", "gauge", "status")):
        lines.append(f"# TYPE {metric} {kind}")
        for instance, name in ports:
            lines += [
                f'{metric}{{instance="{instance}",ifName="{name}"}} {value:.0f} {at:.0f}'
                for at, value in samples[key]
            ]
    (folder / "past.om").write_text("\n".join([*lines, "# EOF"]) + "\n")
    promtool = ["promtool", "tsdb", "create-blocks-from", "openmetrics", folder / "past.om", folder / "tsdb"]
    subprocess.run(promtool, check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "prometheus.yml").write_text("global: {}\n")
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            "--storage.tsdb.retention.time=50y",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready").close()
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def home(folder: Path) -> Path:
    (folder / "devices.yaml").write_text(
        "devices:\n  - {name: sw-1, addresses: 127.99.0.7, credentials: [public]}\n"
    )
    (folder / "netwatch.yaml").write_text(
        "district: {slug: maple, name: Maple, timezone: America/Chicago}\nstate_dir: state\n"
        "inventory: [devices.yaml]\n"
        "credentials: {public: {snmp: {version: 2c, community: public, port: 9, timeout: 0.1}}}\n"
        "reachability: {method: udp-echo, port: 9, timeout: 0.1}\n"
        'web: {listen: "127.0.0.1:0"}\n'
    )
    device = EntityId("d1")
    with Store(folder / "state/netwatch.db") as store:
        store.identity.save(
            [
                IdentityRecord(device, EntityKind.DEVICE, device, "inventory/sw-1", "sw-1", (), 1.0),
                IdentityRecord(EntityId("p1"), EntityKind.INTERFACE, device, "Gi1/0/1", "Gi1/0/1", (), 1.0),
                IdentityRecord(EntityId("p2"), EntityKind.INTERFACE, device, "Gi1/0/2", "Gi1/0/2", (), 1.0),
            ]
        )
    return folder / "netwatch.yaml"


def bring(url: str, config: Path, *more: str):
    days = ["--start", "2026-09-21", "--end", "2026-09-24"]
    return CliRunner().invoke(build(), ["history", "import", url, "--config", str(config), *days, *more])


def while_running(own: SegmentStore, url: str, config: Path):
    """An import while a netwatch, `own`, is the writer; it measures on meanwhile."""
    done = threading.Event()
    with ThreadPoolExecutor() as pool:
        told = pool.submit(bring, url, config)
        told.add_done_callback(lambda _: done.set())
        incoming, later, taken = Incoming(own.directory), START + 90 * DAY, 0
        while not done.wait(0.05):
            one, later = np.array([[5.0]]), later + 300
            own.append(CounterBlock(BYTES, (EntityId("p1"),), ((),), later, 300, one, one * 60))
            for path in incoming.waiting():
                assert own.adopt(path) == ""
                taken += 1
    assert taken
    assert not incoming.waiting()
    own.close()
    return told.result()


@pytest.mark.server("promtool")
@pytest.mark.server("prometheus")
def test_the_past_of_known_ports_comes_in_once_and_exactly(tmp_path: Path) -> None:
    config, folder = home(tmp_path), tmp_path / "state/history"
    with prometheus(tmp_path) as url:
        told = bring(url, config, "--dry-run")
        assert told.exit_code == 0, told.output
        assert f"ifHCInOctets -> {BYTES}: 2 series" in told.output
        assert "no device 'sw-9:161'" in told.output
        assert "sw-1:161 has no interface 'Gi9'" in told.output
        assert not folder.exists()

        own = SegmentStore(folder, CATALOGUE)
        own.append(
            CounterBlock(
                BYTES, (EntityId("p1"),), ((),), START + 3000, 300, np.array([[7.0]]), np.array([[300.0]])
            )
        )
        told = while_running(own, url, config)
        assert told.exit_code == 0, told.output
        assert "five-minute values written" in told.output
        before = {path: path.read_bytes() for path in folder.rglob("*.nwh")}
        told = bring(url, config)
        assert told.output.count("  0 five-minute values written") == 2
        assert {path: path.read_bytes() for path in folder.rglob("*.nwh")} == before
        (folder / "imports.json").unlink()  # as if it had been stopped before it took note of anything
        assert bring(url, config).output.count("  0 five-minute values written") == 2
        assert {path: path.read_bytes() for path in folder.rglob("*.nwh")} == before

    samples = polled()["octets"]
    times, totals = np.array(samples).T
    truth = fold_counter(times, totals, START, 300, 3 * 288)
    store = SegmentStore(folder, CATALOGUE)
    found = {one.entity: one for one in store.read(BYTES, START, START + 3 * DAY)}
    assert found.keys() == {"p1", "p2"}
    known = truth.covered > 0
    assert found["p2"].starts.tolist() == (START + 300 * np.flatnonzero(known)).tolist()
    grown = found["p2"].values * found["p2"].coverage * 300
    assert grown == pytest.approx(truth.value[known], rel=2**-11)
    own = dict(zip(found["p1"].starts.tolist(), found["p1"].values.tolist(), strict=True))
    assert own[START + 3000] == 7 / 300
    (up,) = [one for one in store.read(OPER, START, START + 3 * DAY) if one.entity == "p1"]
    assert set(np.unique(np.round(up.values, 3))) >= {0, 1}


@contextlib.asynccontextmanager
async def netwatch_runs(config: Path, monkeypatch: pytest.MonkeyPatch):
    """All of it; of the profiles the standard ones will do."""
    monkeypatch.setattr("netwatch.app.loading.collectors_dir", lambda: collectors_dir() / "standard")
    stop, started = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(Daemon(config, {}).run(stop, lambda _: started.set()))
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    try:
        assert started.is_set()
        yield
    finally:
        waiting.cancel()
        stop.set()
        await task


def lock_is_held(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def values(folder: Path, family: str) -> dict[str, tuple[list[int], list[float]]]:
    found = SegmentStore(folder, CATALOGUE).read(family, 0, 4e9)
    return {one.entity: (one.starts.tolist(), one.values.tolist()) for one in found}


@pytest.mark.server("promtool")
@pytest.mark.server("prometheus")
async def test_it_comes_in_while_netwatch_runs_and_goes_on_after_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("running", "stopped"):
        (tmp_path / name).mkdir()
    config, alone = home(tmp_path / "running"), home(tmp_path / "stopped")
    folder, expected = (path.parent / "state/history" for path in (config, alone))
    with prometheus(tmp_path) as url:
        assert (await asyncio.to_thread(bring, url, alone)).exit_code == 0
        async with netwatch_runs(config, monkeypatch):
            assert lock_is_held(folder / "writer.lock")

            def begin() -> list[str]:
                settings = load_settings(config, {})
                lines = bring_in(settings, {}, url, (START, START + 3 * DAY))
                found = [next(lines), next(lines)]
                lines.close()
                return found

            assert "ifHCInOctets" in (await asyncio.to_thread(begin))[0]
            told = await asyncio.to_thread(bring, url, config)
            assert told.exit_code == 0, told.output
            assert "five-minute values written" in told.output
            assert not Incoming(folder).waiting()
            assert lock_is_held(folder / "writer.lock")
    for family in (BYTES, OPER):
        assert values(folder, family) == values(expected, family)


def block(value: float, start: int = START) -> CounterBlock:
    cells = np.full((1, 288), value)
    return CounterBlock(BYTES, (EntityId("p1"),), ((),), start, 300, cells, np.full(cells.shape, 300.0))


def test_what_is_handed_in_holds_only_where_nothing_is_known(tmp_path: Path) -> None:
    store = SegmentStore(tmp_path, CATALOGUE)
    with Incoming(tmp_path) as incoming:
        with pytest.raises(StoreError, match="another import is under way"):
            Incoming(tmp_path).__enter__()
        incoming.put(block(7.0), CATALOGUE)
        incoming.put(block(8.0, START + DAY), CATALOGUE)
        assert not incoming.hand_over(everything=False)
        assert incoming.hand_over(everything=True)
    cells = np.full((1, 2), 9.0)
    store.append(CounterBlock(BYTES, (EntityId("p1"),), ((),), START, 300, cells, np.full((1, 2), 300.0)))
    (path,) = incoming.waiting()
    kept = path.read_bytes()
    assert store.adopt(path) == ""
    assert not path.exists()
    before = values(tmp_path, BYTES)
    assert before["p1"][1][:3] == [9 / 300, 9 / 300, 7 / 300]
    assert before["p1"][1][-1] == 8 / 300
    store.compact(START + 3 * DAY)
    path.write_bytes(kept)  # a crash just before it was removed
    assert store.adopt(path) == ""
    assert values(tmp_path, BYTES) == before
    assert not store.problems()


@pytest.mark.parametrize("name", [f"{BYTES}@1.ready", "netwatch_nothing@1.ready", f"{CPU}@1.ready"])
def test_a_file_that_can_not_be_taken_over_is_set_aside(tmp_path: Path, name: str) -> None:
    with Incoming(tmp_path) as incoming:
        incoming.put(block(7.0), CATALOGUE)
        incoming.hand_over(everything=True)
    (path,) = incoming.waiting()
    data = bytearray(path.read_bytes())
    data[-3] ^= 1 if name.startswith(BYTES) else 0
    path.unlink()
    path.with_name(name).write_bytes(data)
    store = SegmentStore(tmp_path, CATALOGUE)
    told = store.adopt(path.with_name(name))
    assert "set aside as" in told
    assert not incoming.waiting()
    assert bytes(data) == path.with_name(name).with_suffix(".refused").read_bytes()
    assert list(store.read(BYTES, 0, 4e9)) == []


async def test_what_is_no_prometheus_is_told_without_its_password() -> None:
    with pytest.raises(StoreError, match="expected the URL"):
        PrometheusServer("prometheus:9090")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with PrometheusServer(f"http://me:secret@127.0.0.1:{port}/x/") as server:
        with pytest.raises(StoreError, match="does not answer") as told:
            await server.series("up", 0, 1)
        assert server.name == f"http://127.0.0.1:{port}/x"
    assert "secret" not in str(told.value)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with (
        listening,
        PrometheusServer(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}") as server,
    ):
        with pytest.raises(StoreError, match="is that the URL of a Prometheus"):
            await server.samples("up", 0, 1)
