"""What a restart finds again, and what it does with a file that a crash or a disk has spoilt."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from netwatch.app.memory import CountersFile, Kept, Memory, read_counters, write_counters
from netwatch.app.restart import COUNTERS_FILE
from netwatch.errors import ConfigError, Problem, StoreError
from netwatch.model import EntityId
from netwatch.polling import KeptPlan
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
        self.said: dict[EntityId, tuple[float, dict[str, Any]]] = {}

    def plans(self) -> Mapping[EntityId, str]:
        return dict(self.held)

    def kept_plan(self, device: EntityId) -> KeptPlan | None:
        return KeptPlan(self.held[device], 1000.0, {"1.3.6.1.2.1.1.3.0": len(device)})  # type: ignore[arg-type]

    def restore(self, plans: Mapping[EntityId, KeptPlan]) -> None:
        for device, kept in plans.items():
            self.held[device] = kept.plan  # type: ignore[assignment]
            self.said[device] = (kept.discovered, dict(kept.sentinels))


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
            raise StoreError("unknown version")
        self.data = data


def parts(store: Store, folder: Path, plans, known, data: bytes, text: Text):
    poller, wire, counters = Poller(dict(plans)), Wire(dict(known)), Counters(data)
    memory = Memory(
        store.restart, folder / COUNTERS_FILE, text=lambda: text, poller=poller, wire=wire, state=counters
    )
    for device in plans:
        memory.told(device, b"of " + device.encode())
    return memory, poller, wire, counters


async def restored(memory: Memory, devices: Sequence[EntityId]) -> dict[EntityId, bytes]:
    """What was told of the entities of devices that have their plan back."""
    memory.restore(devices)
    told: dict[EntityId, bytes] = {}
    count = await memory.restore_plans(devices, told.__setitem__)
    assert count == len(told)
    return told


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
        assert await restored(memory, [A, B]) == {A: b"of a", B: b"of b"}
        assert poller.said[A] == (1000.0, {"1.3.6.1.2.1.1.3.0": 1})
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
        memory.told(A, b"news")
        wire.known = {}
        await memory.save()
        assert text.dumped == ["one", "two", "one more"]
        assert [
            (kept.device, Kept.unpack(kept.body).plan, Kept.unpack(kept.body).told)
            for kept in store.restart.plans("1")
        ] == [(A, b"one more", b"news")]
        assert store.restart.learnt() == {}


async def test_plans_of_other_profiles_damaged_ones_and_strangers_are_left_out(tmp_path: Path) -> None:
    with Store(tmp_path / "db") as store:
        held = {A: "good", B: "broken", EntityId("c"): "unfit", EntityId("d"): "gone"}
        memory, *_ = parts(store, tmp_path, held, {EntityId("d"): {"x": 1}}, b"", Text())
        await memory.save()
        memory, poller, wire, _ = parts(store, tmp_path, {}, {}, b"", Text())
        with capture_logs() as logs:
            assert await restored(memory, [A, B, EntityId("c")]) == {A: b"of a"}
        assert poller.held == {A: "good"}
        assert wire.known == {}
        assert [entry["event"] for entry in logs] == ["plan not used"]
        assert EntityId("d") not in store.restart.devices()
        memory, poller, *_ = parts(store, tmp_path, {}, {}, b"", Text("2"))
        assert await restored(memory, [A]) == {}
        assert poller.held == {}


async def test_a_file_that_the_state_refuses_is_set_aside_and_stops_nothing(tmp_path: Path) -> None:
    file = tmp_path / COUNTERS_FILE
    write_counters(file, [b"non", b"sense"])
    with Store(tmp_path / "db") as store, capture_logs() as logs:
        memory, *_ = parts(store, tmp_path, {}, {}, b"", Text())
        assert await restored(memory, []) == {}
    assert not file.exists()
    assert (tmp_path / f"{COUNTERS_FILE}.broken").read_bytes() == b"nonsense"
    assert "unknown version" in logs[0]["reason"]


def test_what_is_kept_of_a_device_is_checked() -> None:
    kept = Kept(b"plan", b"told", 12.5, {"1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.9", "1.3.6.1.2.1.1.3.0": 7})
    assert Kept.unpack(kept.pack()) == kept
    for damaged in (b"", b"\xff\xff\xff\xff", kept.pack()[:8], b"\x02\0\0\0[]"):
        with pytest.raises(StoreError):
            Kept.unpack(damaged)


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
