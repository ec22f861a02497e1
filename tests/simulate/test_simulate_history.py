"""Seeded history: shape, season, growth, and agreement with what is planted."""

from __future__ import annotations

import numpy as np
import pytest

from netwatch.model import EntityKind, FamilyType, HistoryPolicy, load_catalogue
from netwatch.simulate import District, SeedBlock, load_district, seed_history
from netwatch.simulate.links import link_speed

END = 1_795_300_000.0  # 2026-11-21, a Saturday
HOUR = 3600


@pytest.fixture(scope="module")
def district() -> District:
    return load_district()


@pytest.fixture(scope="module")
def blocks(district: District) -> list[SeedBlock]:
    families = (
        "netwatch_interface_receive_bytes_total",
        "netwatch_volume_used_bytes",
        "netwatch_radio_airtime_ratio",
        "netwatch_device_up",
    )
    kept = []
    for block in seed_history(district, END):
        check(block)
        if block.family in families:
            kept.append(block)
    return kept


def check(block: SeedBlock) -> None:
    family = load_catalogue()[block.family]
    assert family.history is HistoryPolicy.PLANNING
    assert block.type is family.type
    assert (
        block.values.shape == block.peaks.shape == block.coverage.shape == (len(block.subjects), 2 * 365 * 24)
    )
    assert block.start % block.width == 0
    assert block.start + block.width * block.values.shape[1] <= END
    assert np.isfinite(block.values).all()
    assert (block.values >= 0).all() or family.unit == "dbm"
    assert (block.peaks >= block.values - 1e-9).all()
    assert all(subject.key.kind is family.entity for subject in block.subjects)
    assert all(len(labels) == len(family.labels) for labels in block.labels)
    if family.unit == "ratio":
        assert block.peaks.max() <= 1.0


def series(blocks: list[SeedBlock], family: str, device: str, natural: str) -> np.ndarray:
    for block in blocks:
        for row, subject in enumerate(block.subjects):
            if block.family == family and subject.device == device and subject.key.natural == natural:
                return block.values[row]
    raise AssertionError(f"no history of {device} {natural}")


def planted(district: District, name: str) -> dict[str, object]:
    return next(one for one in district.planted if one["condition"] == name)


def test_the_volume_fills_in_five_months(district: District, blocks: list[SeedBlock]) -> None:
    truth = planted(district, "volume-filling")
    used = series(blocks, "netwatch_volume_used_bytes", str(truth["device"]), truth["entity"]["natural"])
    size = 4398046511104
    assert used[-1] / size == pytest.approx(0.88, abs=0.01)
    slope = np.polyfit(np.arange(used.size), used, 1)[0]
    assert (size - used[-1]) / slope / 24 == pytest.approx(150, rel=0.05)


def test_the_saturated_uplink(district: District, blocks: list[SeedBlock]) -> None:
    truth = planted(district, "saturated-uplink")
    name, natural = str(truth["device"]), truth["entity"]["natural"]
    bytes_per_hour = series(blocks, "netwatch_interface_receive_bytes_total", name, natural)
    link = next(one for one in district.links if one.lower.name == name)
    share = bytes_per_hour / HOUR / (link_speed(link) / 8)
    assert 0.9 < np.percentile(share[-24 * 30 :], 98) <= 1.0
    summer = share[-24 * 140 : -24 * 110]  # July
    assert summer.max() < 0.2


def test_the_overloaded_wing(district: District, blocks: list[SeedBlock]) -> None:
    truth = planted(district, "access-points-overloaded")
    busy: list[float] = []
    others: list[float] = []
    for block in blocks:
        if block.family != "netwatch_radio_airtime_ratio":
            continue
        for subject, labels, values in zip(block.subjects, block.labels, block.values, strict=True):
            if labels != ("all",):
                continue
            into = busy if subject.key.natural.split("/")[0] in truth["macs"] else others
            into.append(float(np.percentile(values[-24 * 30 :], 95)))
    assert len(busy) == 2 * len(truth["macs"])
    assert np.mean(busy) > 1.5 * np.mean(others)


def test_traffic_grows(blocks: list[SeedBlock]) -> None:
    for block in blocks:
        if block.family == "netwatch_interface_receive_bytes_total":
            year = 365 * 24
            before, now = block.values[:, :year].sum(), block.values[:, year:].sum()
            assert 1.08 < now / before < 1.25


def test_the_same_numbers_again(district: District) -> None:
    first, second = next(seed_history(district, END)), next(seed_history(district, END))
    assert first.subjects == second.subjects
    assert np.array_equal(first.values, second.values)


def test_weak_gear_restarts_more_often(district: District) -> None:
    weak: list[float] = []
    sound: list[float] = []
    for block in seed_history(district, END):
        if block.family == "netwatch_device_reboots_total":
            assert block.type is FamilyType.COUNTER
            for subject, values in zip(block.subjects, block.values, strict=True):
                assert subject.key.kind is EntityKind.DEVICE
                old = "support_ended" in district.device(subject.device).template.facts
                (weak if old else sound).append(float(values.sum()))
    assert min(weak) > max(sound)


def test_access_points_were_up_as_their_controller_tells(district: District, blocks: list[SeedBlock]) -> None:
    points = list(district.access_points())
    for point in points[:3]:
        up = series(blocks, "netwatch_device_up", point.controller.name, point.mac)
        assert 0.999 < up.mean() < 1
    seen = [one for block in blocks if block.family == "netwatch_device_up" for one in block.subjects]
    assert len(seen) == len(set(seen)) == len(district.devices) + len(points)
