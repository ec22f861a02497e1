"""One command saves what must not be lost, another brings it back; neither trusts what it did not check."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from netwatch.cli import build
from netwatch.errors import StoreError
from netwatch.history import SegmentStore
from netwatch.history.backup import MANIFEST, check_history, copy_history
from netwatch.model import (
    EntityId,
    EntityKind,
    GaugeBlock,
    IdentityRecord,
    load_catalogue,
)
from netwatch.store import Store

CATALOGUE = load_catalogue()
UP = "netwatch_device_up"
START = 1_790_000_000 // 86400 * 86400


def block(start: int, value: float, buckets: int = 1) -> GaugeBlock:
    values = np.full((2, buckets), value)
    return GaugeBlock(
        UP, (EntityId("a"), EntityId("b")), ((), ()), start, 300, values, values, np.full(values.shape, 300.0)
    )


def everything(folder: Path) -> dict:
    store = SegmentStore(folder, CATALOGUE)
    found = {one.entity: (one.starts.tolist(), one.values.tolist()) for one in store.read(UP, 0, 4e9)}
    assert not store.problems()
    return found


def identity(name: str) -> IdentityRecord:
    return IdentityRecord(
        EntityId(name), EntityKind.DEVICE, EntityId(name), f"inventory/{name}", name, (), 1.0
    )


@pytest.fixture
def home(tmp_path: Path):
    """A netwatch that runs: settings, a history and a database that are open."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "netwatch.yaml").write_text(
        "district: {slug: maple, name: Maple, timezone: America/Chicago}\nstate_dir: state\ninventory: []\n"
    )
    store = SegmentStore(tmp_path / "state/history", CATALOGUE)
    store.append(block(START, 0.5, 48))
    store.append(block(START + 48 * 300, 1))
    database = Store(tmp_path / "state/netwatch.db")
    database.identity.save([identity("a")])
    (tmp_path / "state/audit.log").write_text("someone did something\n")
    (tmp_path / "state/plans/named").mkdir(parents=True)
    (tmp_path / "state/plans/named/board.json.gz").write_bytes(b"a plan")
    (tmp_path / "state/plans/named/.next.json.gz.partial").write_bytes(b"half")
    yield tmp_path, store, database
    store.close()
    database.close()


def run(*words: object):
    runner = CliRunner()
    return runner.invoke(build(), ["history", *map(str, words)])


def test_a_backup_of_a_running_netwatch_comes_back_as_it_was(home) -> None:
    folder, store, database = home
    config, saved = folder / "netwatch.yaml", folder / "saved"
    before = everything(store.directory)
    result = run("backup", saved, "--config", config)
    assert result.exit_code == 0, result.output
    assert "MB in" in result.output
    assert not list(folder.glob("*.partial"))
    store.append(block(START + 49 * 300, 0))
    database.identity.save([identity("b")])
    (folder / "state/plans/named/board.json.gz").write_bytes(b"another")

    result = run("restore", saved, "--config", config)
    assert isinstance(result.exception, StoreError)
    assert "a netwatch is running" in str(result.exception)
    store.close()
    database.close()
    result = run("restore", saved, "--config", config)
    assert result.exit_code == 0, result.output
    assert everything(folder / "state/history") == before
    with Store(folder / "state/netwatch.db") as again:
        assert [record.id for record in again.identity.load()] == ["a"]
    assert len(everything(folder / "state/history.before-restore")["a"][0]) == 50
    assert (folder / "state/audit.log").read_text() == "someone did something\n"
    plans = folder / "state/plans/named"
    assert [path.name for path in plans.iterdir()] == ["board.json.gz"]
    assert (plans / "board.json.gz").read_bytes() == b"a plan"
    later = SegmentStore(folder / "state/history", CATALOGUE)
    later.append(block(START + 60 * 300, 0))
    later.close()


def test_nothing_is_overwritten(home) -> None:
    folder, store, database = home
    saved = folder / "saved"
    assert run("backup", saved, "--config", folder / "netwatch.yaml").exit_code == 0
    result = run("backup", saved, "--config", folder / "netwatch.yaml")
    assert "is there already" in str(result.exception)
    store.close()
    database.close()
    assert run("restore", saved, "--config", folder / "netwatch.yaml").exit_code == 0
    result = run("restore", saved, "--config", folder / "netwatch.yaml")
    assert "before-restore: is there already" in str(result.exception)


@pytest.mark.parametrize(
    "name", [f"history/{UP}/recent.nwh", "netwatch.db", "audit.log", "plans/named/board.json.gz"]
)
@pytest.mark.parametrize("gone", [True, False])
def test_a_damaged_backup_is_not_put_in_place(home, name: str, gone: bool) -> None:
    folder, store, database = home
    saved, config = folder / "saved", folder / "netwatch.yaml"
    assert run("backup", saved, "--config", config).exit_code == 0
    store.close()
    database.close()
    data = (saved / name).read_bytes()
    if gone:
        (saved / name).unlink()
    else:
        (saved / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert run("check", saved, "--config", config).exit_code == 1
    result = run("restore", saved, "--config", config)
    assert name.rpartition("/")[2] in str(result.exception)
    assert not list((folder / "state").glob("*.before-restore"))


def test_what_is_no_backup_is_refused(home) -> None:
    folder, store, database = home
    store.close()
    database.close()
    result = run("restore", folder, "--config", folder / "netwatch.yaml")
    assert "is no backup of netwatch" in str(result.exception)
    (folder / MANIFEST).write_text(json.dumps({"format": "netwatch-backup/9", "files": {}}))
    result = run("restore", folder, "--config", folder / "netwatch.yaml")
    assert "format netwatch-backup/9" in str(result.exception)


def test_check_tells_what_there_is_and_what_is_damaged(home) -> None:
    folder, store, _ = home
    config = folder / "netwatch.yaml"
    result = run("check", "--config", config)
    assert result.exit_code == 0
    assert "2 series" in result.output
    assert "98 samples" in result.output
    assert "no damage" in result.output
    path = store.directory / UP / "2026-09.nwh"
    data = bytearray(path.read_bytes())
    data[-3] ^= 0xFF
    path.write_bytes(data)
    result = run("check", store.directory, "--config", config)
    assert result.exit_code == 1
    assert "2026-09.nwh: the block at byte" in result.output
    shutil.rmtree(store.directory)
    assert "no history" in str(run("check", "--config", config).exception)


def test_a_copy_that_is_made_while_a_day_moves_misses_nothing(tmp_path: Path) -> None:
    store = SegmentStore(tmp_path / "live", CATALOGUE)
    done = threading.Event()
    written = []

    def write() -> None:
        for number in range(700):
            store.append(block(START + 3600 * number, number % 3))
            written.append(number)
            if number % 50 == 49:
                store.compact(START + 3600 * number)
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    copies = 0
    while not done.is_set() and copies < 20:
        least = len(written)
        target = tmp_path / f"copy{copies}"
        copy_history(store.directory, target)
        found = everything(target).get(EntityId("a"), ([], []))[0]
        assert set(found) >= {START + 3600 * number for number in range(least)}
        assert not [one for report in check_history(target, CATALOGUE) for one in report.problems]
        copies += 1
    thread.join()
    store.close()


FULL = """
import resource, signal, sys
import numpy as np
from netwatch.errors import StoreError
from netwatch.history import SegmentStore
from netwatch.model import EntityId, GaugeBlock, load_catalogue
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
store = SegmentStore(sys.argv[1], load_catalogue())
names = tuple(EntityId(f"e{n}") for n in range(50))
rng = np.random.default_rng(1)
done = 0
try:
    while True:
        values = rng.random((50, 1))
        start = int(sys.argv[2]) + 300 * done
        store.append(GaugeBlock("netwatch_device_up", names, ((),) * 50, start, 300, values, values,
                                np.full((50, 1), 300.0)))
        done += 1
except StoreError as error:
    print(error)
try:
    store.compact(int(sys.argv[2]) + 86400 * 3)
except StoreError as error:
    print(error)
print(done)
"""


def test_a_disk_that_is_full_is_told_and_what_was_taken_stays(tmp_path: Path) -> None:
    """The kernel's own limit of a file's size stands for the disk's end."""
    out = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), str(START)], capture_output=True, text=True, check=True
    )
    lines = out.stdout.splitlines()
    assert "can't be written: File too large" in lines[0]
    done = int(lines[-1])
    assert done > 50
    store = SegmentStore(tmp_path, CATALOGUE)
    found = {one.entity: one.starts.tolist() for one in store.read(UP, 0, 4e9)}
    assert all(starts[:done] == [START + 300 * n for n in range(done)] for starts in found.values())
    assert len(found) == 50
    store.append(block(START + 86400 * 5, 1))
    store.compact(START + 86400 * 7)
    store.close()
    assert not [one for report in check_history(tmp_path, CATALOGUE) for one in report.problems]
