"""What a restart finds again, and what it does with a file that a crash or a disk has spoilt."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from netwatch.app.memory import CountersFile, read_counters, write_counters
from netwatch.app.restart import COUNTERS_FILE, connect
from netwatch.errors import ConfigError, Problem
from netwatch.model import EntityId
from netwatch.store import Store

A, B = EntityId("a"), EntityId("b")


class Text:
    """Plans of this test are strings."""

    def __init__(self, digest: str = "1") -> None:
        self.digest = digest
        self.dumped: list[str] = []

    def dump(self, plan: str) -> bytes:
        self.dumped.append(plan)
        return plan.encode()

    def load(self, body: bytes) -> str | None:
        if body == b"broken":
            raise ConfigError([Problem("", "", "damaged")])
        return None if body == b"unfit" else body.decode()


class Poller:
    def __init__(self, plans: dict[EntityId, str]) -> None:
        self.held = plans

    def plans(self) -> Mapping[EntityId, str]:
        return dict(self.held)

    def adopt_plans(self, plans: Mapping[EntityId, str]) -> None:
        self.held.update(plans)


class Wire:
    def __init__(self, known: dict[EntityId, Mapping[str, Any]]) -> None:
        self.known = known

    def learnt(self) -> Mapping[EntityId, Mapping[str, Any]]:
        return dict(self.known)

    def restore(self, learnt: Mapping[EntityId, Mapping[str, Any]]) -> None:
        self.known.update(learnt)


class Counters:
    def __init__(self, data: bytes = b"") -> None:
        self.data = data

    def export_counters(self) -> Iterator[bytes]:
        yield from (self.data[place : place + 3] for place in range(0, len(self.data), 3))

    def import_counters(self, data: bytes) -> None:
        if data == b"nonsense":
            raise ValueError("unknown version")
        self.data = data


def parts(store: Store, folder: Path, plans, known, data: bytes, text: Text):
    poller, wire, counters = Poller(dict(plans)), Wire(dict(known)), Counters(data)
    memory = connect(store, folder, text=lambda: text, poller=poller, wire=wire, state=counters)
    return memory, poller, wire, counters


@pytest.mark.parametrize("at_the_end", [True, False])
async def test_everything_comes_back_after_a_restart(tmp_path: Path, at_the_end: bool) -> None:
    with Store(tmp_path / "db") as store:
        memory, *_ = parts(
            store, tmp_path, {A: "plan a", B: "plan b"}, {A: {"max": 3}}, b"0123456789", Text()
        )
        if at_the_end:
            memory.save_now()
        else:
            await memory.save()
    with Store(tmp_path / "db") as store:
        memory, poller, wire, counters = parts(store, tmp_path, {}, {}, b"", Text())
        assert memory.restore([A, B]) == 2
        assert poller.held == {A: "plan a", B: "plan b"}
        assert wire.known == {A: {"max": 3}}
        assert counters.data == b"0123456789"


async def test_only_what_changed_is_written_again(tmp_path: Path) -> None:
    text = Text()
    with Store(tmp_path / "db") as store:
        memory, poller, wire, _ = parts(store, tmp_path, {A: "one", B: "two"}, {A: {"x": 1}}, b"", text)
        await memory.save()
        await memory.save()
        assert text.dumped == ["one", "two"]
        poller.held = {A: "one more"}
        wire.known = {}
        await memory.save()
        assert text.dumped == ["one", "two", "one more"]
        assert [(kept.device, kept.body) for kept in store.restart.plans("1")] == [(A, b"one more")]
        assert store.restart.learnt() == {}


async def test_plans_of_other_profiles_damaged_ones_and_strangers_are_left_out(tmp_path: Path) -> None:
    with Store(tmp_path / "db") as store:
        held = {A: "good", B: "broken", EntityId("c"): "unfit", EntityId("d"): "gone"}
        memory, *_ = parts(store, tmp_path, held, {EntityId("d"): {"x": 1}}, b"", Text())
        await memory.save()
        memory, poller, wire, _ = parts(store, tmp_path, {}, {}, b"", Text())
        with capture_logs() as logs:
            assert memory.restore([A, B, EntityId("c")]) == 1
        assert poller.held == {A: "good"}
        assert wire.known == {}
        assert [entry["event"] for entry in logs] == ["plan not used"]
        assert EntityId("d") not in store.restart.devices()
        memory, poller, *_ = parts(store, tmp_path, {}, {}, b"", Text("2"))
        assert memory.restore([A]) == 0
        assert poller.held == {}


async def test_a_broken_file_is_set_aside_and_stops_nothing(tmp_path: Path) -> None:
    file = tmp_path / COUNTERS_FILE
    write_counters(file, [b"hello", b" world"])
    whole = file.read_bytes()
    assert read_counters(file) == b"hello world"
    flipped = bytearray(whole)
    flipped[12] ^= 1
    for data in (
        whole[:-1],
        whole[:5],
        b"",
        bytes(flipped),
        b"x" * 100,
        whole.replace(b"\x01\x00", b"\x09\x00"),
    ):
        file.write_bytes(data)
        with capture_logs() as logs:
            assert read_counters(file) is None
        assert [entry["event"] for entry in logs] == ["last counters set aside"]
        assert not file.exists()
        assert (tmp_path / f"{COUNTERS_FILE}.broken").read_bytes() == data
    write_counters(file, [b"nonsense"])  # whole, and yet the state can't use it
    with Store(tmp_path / "db") as store, capture_logs() as logs:
        memory, *_ = parts(store, tmp_path, {}, {}, b"", Text())
        assert memory.restore([]) == 0
    assert not file.exists()
    assert "unknown version" in logs[0]["reason"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / COUNTERS_FILE
    write_counters(file, [b"old"])

    def torn() -> Iterator[bytes]:
        yield b"new"
        raise OSError(28, os.strerror(28))

    with CountersFile(file) as fresh, pytest.raises(OSError, match="No space"):
        fresh.write(torn())
    assert read_counters(file) == b"old"


async def test_a_folder_that_can_not_be_written_costs_the_counters_alone(tmp_path: Path) -> None:
    with Store(tmp_path / "db") as store:
        memory, *_ = parts(store, tmp_path / "missing", {A: "one"}, {}, b"x", Text())
        with capture_logs() as logs:
            await memory.save()
        assert [entry["event"] for entry in logs] == ["counters not kept"]
        assert [kept.device for kept in store.restart.plans("1")] == [A]
