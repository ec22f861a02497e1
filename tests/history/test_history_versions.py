"""Files of every released format are read, and become of the newest one when they are written to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from netwatch.errors import StoreError
from netwatch.history import SegmentStore
from netwatch.history.records import VERSION, file_header, file_kind
from netwatch.model import CounterBlock, EntityId, GaugeBlock, load_catalogue

CATALOGUE = load_catalogue()
GOLDEN = Path(__file__).parent / "golden"
"""Folders of history as netwatch wrote them in that format, and what they hold. They never change."""
FORMATS = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
UP, BYTES, AIRTIME = (
    "netwatch_device_up",
    "netwatch_interface_receive_bytes_total",
    "netwatch_radio_airtime_ratio",
)
LATER = 1_790_000_000 // 86400 * 86400 + 86400


@pytest.fixture(params=FORMATS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict]:
    shutil.copytree(GOLDEN / request.param, tmp_path / "history")
    return tmp_path / "history", json.loads((GOLDEN / f"{request.param}.json").read_text(encoding="utf-8"))


def compare(store: SegmentStore, expected: dict, *, end: float = LATER) -> None:
    for family, wanted in expected.items():
        found = list(store.read(family, 0, end))
        assert [(one.entity, list(one.labels), one.simulated) for one in found] == [
            (one["entity"], one["labels"], one["simulated"]) for one in wanted
        ]
        for one, want in zip(found, wanted, strict=True):
            assert one.starts.tolist() == want["starts"]
            assert one.widths.tolist() == want["widths"]
            assert one.values.tolist() == want["values"]
            assert one.peaks == pytest.approx(np.array(want["peaks"]), rel=1e-6)
            assert one.coverage.tolist() == want["coverage"]
    assert not store.problems()


def versions(folder: Path) -> dict[str, int]:
    return {
        f"{path.parent.name}/{path.name}": file_kind(path, path.read_bytes()[:16])[1]
        for path in folder.glob("*/*.nwh")
    }


def test_there_is_a_golden_history_of_every_format() -> None:
    assert [f"format-{number}" for number in range(1, VERSION + 1)] == FORMATS


def test_an_old_history_reads_as_it_was_written(old: tuple[Path, dict]) -> None:
    folder, expected = old
    before = {path: path.read_bytes() for path in folder.rglob("*.nwh")}
    compare(SegmentStore(folder, CATALOGUE), expected)
    assert {path: path.read_bytes() for path in folder.rglob("*.nwh")} == before


def test_an_old_history_goes_on_in_the_newest_format(old: tuple[Path, dict]) -> None:
    folder, expected = old
    store = SegmentStore(folder, CATALOGUE)
    entities, labels = (EntityId("a"), EntityId("new")), ((), ())
    values, covered = np.array([[7.0], [8.0]]), np.full((2, 1), 300.0)
    store.append(GaugeBlock(UP, entities, labels, LATER, 300, values, values + 1, covered))
    store.append(CounterBlock(BYTES, entities, labels, LATER, 300, values, covered))
    many = np.arange(96.0).reshape(2, 48)
    store.append(
        GaugeBlock(AIRTIME, entities, (("all",),) * 2, LATER, 300, many, many, np.full((2, 48), 300.0))
    )
    assert {name for name, version in versions(folder).items() if version == VERSION} >= {
        f"{UP}/recent.nwh",
        f"{BYTES}/recent.nwh",
        f"{AIRTIME}/2026-09.nwh",
    }
    compare(store, expected)
    store.compact(LATER + 86400)
    compare(store, expected)
    store.close()
    again = SegmentStore(folder, CATALOGUE)
    compare(again, expected)
    found = {one.entity: one for one in again.read(UP, LATER, LATER + 300)}
    assert found[EntityId("new")].values.tolist() == [8]
    assert found[EntityId("a")].peaks.tolist() == [8]


def test_a_crash_right_after_the_upgrade_of_a_header_costs_nothing(old: tuple[Path, dict]) -> None:
    folder, expected = old
    for path in folder.glob("*/*.nwh"):
        kind, _ = file_kind(path, path.read_bytes()[:16])
        path.write_bytes(file_header(kind) + path.read_bytes()[16:])
    compare(SegmentStore(folder, CATALOGUE), expected)


@pytest.mark.parametrize("version", [0, VERSION + 1, 9])
def test_an_unknown_format_is_refused_with_the_remedy_and_left_alone(
    old: tuple[Path, dict], version: int
) -> None:
    folder, _ = old
    path = folder / UP / "recent.nwh"
    data = bytearray(path.read_bytes())
    data[8] = version
    path.write_bytes(data)
    store = SegmentStore(folder, CATALOGUE)
    with pytest.raises(
        StoreError, match=f"format {version}, and this netwatch reads formats 1 to {VERSION}: run"
    ):
        list(store.read(UP, 0, 4e9))
    one = np.ones((1, 1))
    with pytest.raises(StoreError, match="reads formats 1"):
        store.append(GaugeBlock(UP, (EntityId("a"),), ((),), LATER, 300, one, one, one * 300))
    assert path.read_bytes() == data
