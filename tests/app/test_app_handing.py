"""A snapshot comes to a worker as it is, whatever it holds, and nothing of it stays behind."""

from __future__ import annotations

import asyncio
import gc
import pickle
import weakref
from pathlib import Path

import numpy as np
import pytest

from netwatch.app.handing import Handover, taken
from netwatch.model import Column, Entities, Entity, EntityId, EntityKind, Instant, Snapshot, load_catalogue

CATALOGUE = load_catalogue()


def snapshot(devices: int) -> Snapshot:
    entities = [
        Entity(
            EntityId(f"d{number}{part}"), kind, EntityId(f"d{number}"), None, part, part, f"sw-{number}{part}"
        )
        for number in range(devices)
        for part, kind in (("", EntityKind.DEVICE), ("-p1", EntityKind.INTERFACE))
    ]
    ports = tuple(one.id for one in entities if one.kind is EntityKind.INTERFACE)
    none = ((),) * len(ports)

    def column(family: str, value: float) -> Column:
        values = np.full(len(ports), value)
        return Column(CATALOGUE[family], ports, none, values, values, values, np.ones(len(ports), bool))

    names = ("netwatch_interface_oper_up", "netwatch_interface_speed_bytes_per_second")
    columns = {name: column(name, number) for number, name in enumerate(names)}
    links = ((ports[0], ports[-1]),) if ports else ()
    return Snapshot(Instant(1000.0, 5.0), Entities.of(entities), columns, links=links)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("devices", [0, 1, 3000])
async def test_what_arrives_is_what_was_sent(tmp_path: Path, devices: int) -> None:
    sent = snapshot(devices)
    file = await Handover(tmp_path).put(sent)
    found = taken(file)
    assert dict(found.entities) == dict(sent.entities)
    assert list(found.entities) == list(sent.entities)
    assert found.links == sent.links
    assert found.at == sent.at
    assert found.columns.keys() == sent.columns.keys()
    for name, column in sent.columns.items():
        assert found.columns[name].entities == column.entities
        assert found.columns[name].labels == column.labels
        assert found.columns[name].family == column.family
        assert np.array_equal(found.columns[name].values, column.values)
    one, other = found.columns.values()
    assert one.entities is other.entities, "what columns share stays shared"
    assert all(owner is found.entities[owner].id for owner in one.entities), "and ids stand in memory once"


async def test_a_file_is_read_by_nobody_else_and_smaller_than_copies(tmp_path: Path) -> None:
    sent = snapshot(3000)
    file = await Handover(tmp_path).put(sent)
    assert file.stat().st_mode & 0o077 == 0
    assert file.stat().st_size < 1.5 * len(pickle.dumps(sent))


async def test_what_a_killed_netwatch_left_is_removed_and_a_stopped_one_leaves_nothing(
    tmp_path: Path,
) -> None:
    left = tmp_path / "snapshot-abc.tmp"
    left.write_bytes(b"half")
    other = tmp_path / "netwatch.db"
    other.write_bytes(b"kept")
    handover = Handover(tmp_path)
    assert names(tmp_path) == ["netwatch.db"]
    task = asyncio.create_task(handover.put(snapshot(30_000)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names(tmp_path) == ["netwatch.db"]


async def test_a_lent_file_goes_when_nobody_needs_it_any_more(tmp_path: Path) -> None:
    async def work() -> None:
        sent = snapshot(3)
        gone = weakref.ref(next(iter(sent.columns.values())).values)
        async with Handover(tmp_path).lent(sent) as file:
            del sent
            gc.collect()
            assert gone() is None, "it is large, and planning takes its time"
            assert len(taken(file).entities) == 6
            raise RuntimeError("of the worker's")

    with pytest.raises(RuntimeError, match="of the worker's"):
        await work()
    assert names(tmp_path) == []
