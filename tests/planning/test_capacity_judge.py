"""Dates and verdicts: what is full when, what is not forecastable, what a policy changes, what is unknown."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.model import EntityId, EvidenceItem, PlaceId
from netwatch.planning.basis import Basis
from netwatch.planning.capacity import (
    CapacityKind,
    CapacityLine,
    CapacityMeasured,
    CapacityResult,
    Outlook,
    capacity_dates,
    judge_capacity,
    load_capacity_policy,
)
from netwatch.planning.capacity.forecast import Forecasts, forecast
from netwatch.planning.capacity.report import report
from netwatch.planning.capacity.things import CircuitFacts, HostFacts, Thing, TrunkFacts
from netwatch.planning.capacity.wording import amount, away
from netwatch.planning.whatif.effects import Effects
from netwatch.resources import config_dir

POLICY = load_capacity_policy(config_dir() / "planning" / "capacity.yaml")
TODAY = date(2026, 11, 20)
BASIS = cast(Basis, SimpleNamespace(at=1_795_176_000.0, day=TODAY))
WEEKS = 104
TB = 1e12


def thing(key: str, weekly: np.ndarray, size: float | None, **more: Any) -> Thing:
    known = weekly[np.isfinite(weekly)]
    wanted: dict[str, Any] = {
        "kind": CapacityKind.VOLUME,
        "name": key,
        "school": "S",
        "place": None,
        "device": EntityId(f"dev-{key}"),
        "family": "netwatch_volume_used_bytes",
        "used": float(known[-1]) if known.size else None,
        "used_at": BASIS.at if known.size else None,
        "size_source": "netwatch_volume_size_bytes",
        "size_at": BASIS.at,
        "row": None,
        "note": "last reading of each week",
        **more,
    }
    return Thing(key=key, weekly=weekly, size=size, **wanted)


def measured(*things: Thing) -> CapacityMeasured:
    """With forecasts of all that are long enough, as measuring makes them."""
    rows, parts = [], []
    for one in things:
        known = np.flatnonzero(np.isfinite(one.weekly))
        length = one.weekly.size - int(known[0]) if known.size else 0
        if length >= 26:
            parts.append(forecast(one.weekly[None, -length:], np.ones((1, length))))
            rows.append(dataclasses.replace(one, row=len(parts) - 1))
        else:
            rows.append(one)
    return CapacityMeasured(tuple(rows), Forecasts.joined(parts) if parts else None)


def line(result: CapacityResult, key: str) -> CapacityLine:
    return next(one for one in result.lines if one.key == key)


def rising(level: float, a_year: float, weeks: int = WEEKS, noise: float = 0.0) -> np.ndarray:
    """`level` now."""
    rng = np.random.default_rng(7)
    return level + a_year * (np.arange(weeks) - weeks + 1) / 52.18 + noise * rng.normal(size=weeks)


def judged(*things: Thing) -> CapacityResult:
    return judge_capacity(BASIS, measured(*things), POLICY)


def test_a_date_and_its_interval() -> None:
    found = line(judged(thing("a", rising(8 * TB, 1 * TB, noise=0.02 * TB), 9.5 * TB)), "a")
    assert found.outlook is Outlook.FULL
    assert found.low is not None
    assert found.median is not None
    assert found.high is not None
    assert abs((found.median - TODAY).days - 1.5 * 365) < 60
    assert TODAY < found.low < found.median < found.high
    assert found.growth == pytest.approx(1 * TB, rel=0.05)
    assert found.verdict.startswith(f"full in about {round((found.median - TODAY).days / 30.44)} months")
    assert [need.years for need in found.needs] == [1, 3, 5]
    assert found.needs[0].low < found.needs[0].median < found.needs[0].high
    assert "104 measured weeks within 104" in [item.text for item in found.evidence]


def test_full_now_is_today() -> None:
    result = judged(thing("a", rising(10.1 * TB, 0), 10 * TB))
    found = line(result, "a")
    assert found.outlook is Outlook.OVER
    assert (found.low, found.median, found.high) == (TODAY,) * 3
    assert found.verdict == "over its limit now: 10.1 TB of 10 TB"
    assert capacity_dates(result) == {EntityId("dev-a"): TODAY}


def test_what_does_not_get_there() -> None:
    found = line(judged(thing("a", rising(1 * TB, 0.01 * TB), 10 * TB)), "a")
    assert found.outlook is Outlook.NOT_WITHIN
    assert found.verdict == "not within 5 years"
    assert (found.low, found.median, found.high) == (None,) * 3
    falling = line(judged(thing("a", rising(5 * TB, -1 * TB), 10 * TB)), "a")
    assert falling.verdict == "not within 5 years; it does not grow"
    assert falling.growth is not None
    assert falling.growth < 0


def test_not_forecastable_says_why() -> None:
    jumped = rising(5 * TB, 1 * TB, noise=0.01 * TB)
    jumped[-3:] += 2 * TB
    rng = np.random.default_rng(1)
    wild = np.maximum(6 * TB + rng.normal(0, 5 * TB, WEEKS), 0)
    lines = {
        "short": line(judged(thing("x", rising(5 * TB, 1 * TB, weeks=12), 10 * TB)), "x"),
        "none": line(judged(thing("x", np.full(WEEKS, np.nan), 10 * TB, used=5 * TB)), "x"),
        "jumped": line(judged(thing("x", jumped, 10 * TB)), "x"),
        "wild": line(judged(thing("x", wild, 10 * TB, used=6 * TB)), "x"),
    }
    for found in lines.values():
        assert found.outlook is Outlook.NOT_FORECASTABLE
        assert (found.low, found.median, found.high, found.growth, found.needs) == (
            None,
            None,
            None,
            None,
            (),
        )
    assert "too short: 12 measured weeks within 12" in lines["short"].verdict
    assert "no history" in lines["none"].verdict
    assert "its level jumped 3 weeks ago" in lines["jumped"].verdict
    assert "too noisy" in lines["wild"].verdict


def test_what_is_unknown_is_no_zero() -> None:
    found = line(judged(thing("a", rising(5 * TB, 1 * TB), None, unknown=("size",))), "a")
    assert found.outlook is Outlook.UNKNOWN
    assert found.verdict == "unknown: size"
    assert found.limit is None
    assert found.share is None
    row = report(judged(thing("a", rising(5, 1), None, unknown=("size",))), POLICY).sheets[0].rows[0]
    assert row.unknown == ("size",)
    assert None in row.cells


def test_the_most_urgent_is_first() -> None:
    result = judged(
        thing("never", rising(1 * TB, 0.01 * TB), 10 * TB),
        thing("unknown", rising(1 * TB, 0), None, unknown=("size",)),
        thing("soon", rising(9.5 * TB, 1 * TB), 10 * TB),
        thing("later", rising(8 * TB, 1 * TB), 10 * TB),
        thing("over", rising(11 * TB, 1 * TB), 10 * TB),
        thing("more", rising(15 * TB, 1 * TB), 10 * TB),
        thing("short", rising(1 * TB, 0, weeks=5), 10 * TB),
    )
    assert [one.key for one in result.lines] == ["more", "over", "soon", "later", "short", "never", "unknown"]


@given(st.permutations(range(5)))
@settings(max_examples=3, deadline=None)
def test_order_of_things_does_not_matter(order: list[int]) -> None:
    things = [thing(f"t{n}", rising((5 + n) * TB, 1 * TB), 10 * TB) for n in range(5)]
    assert judged(*(things[n] for n in order)) == judged(*things)


@given(st.floats(0.1, 9.9), st.floats(0.05, 3), st.floats(0.5, 1.0))
@settings(max_examples=12, deadline=None)
def test_a_lower_limit_is_never_reached_later(level: float, growth: float, share: float) -> None:
    """And what if needs no history: the same measurements under another policy."""
    found = measured(thing("a", rising(level, growth, noise=0.01), 10.0))
    strict = POLICY.model_copy(update={"full_at": POLICY.full_at.model_copy(update={"volume": share})})
    usual, lower = (judge_capacity(BASIS, found, policy).lines[0] for policy in (POLICY, strict))
    for early, late in ((lower.low, usual.low), (lower.median, usual.median), (lower.high, usual.high)):
        assert early is not None or late is None or lower.outlook is Outlook.NOT_FORECASTABLE
        assert early is None or late is None or early <= late
    for one in (usual, lower):
        days = [day or date.max for day in (one.low, one.median, one.high)]
        assert days == sorted(days)


def test_the_earliest_date_of_a_device() -> None:
    device = EntityId("array")
    result = judged(
        thing("a", rising(8 * TB, 1 * TB), 10 * TB, device=device),
        thing("b", rising(9 * TB, 1 * TB), 10 * TB, device=device),
        thing("c", rising(1 * TB, 0), 10 * TB, device=device),
        thing("d", rising(1 * TB, 0), 10 * TB),
        thing("e", rising(9 * TB, 1 * TB), 10 * TB, device=None),
    )
    assert capacity_dates(result) == {device: line(result, "b").median}


def circuit(key: str, rate: float | None, together: str, users: int | None = 1000, **more: Any) -> Thing:
    facts = CircuitFacts(key, "Carrier", rate, TODAY + timedelta(days=900), users, together)
    wanted = {"kind": CapacityKind.CIRCUIT, "facts": facts, "device": None, **more}
    return thing(key, rising(50e6, 15e6, noise=1e6), rate, **wanted)


def cells(result: CapacityResult, sheet: str) -> dict[str, dict[str, Any]]:
    found = report(result, POLICY).sheet(sheet)
    keys = [column.key for column in found.columns]
    return {row.key: dict(zip(keys, row.cells, strict=True)) for row in found.rows}


def test_circuits_against_the_norm() -> None:
    result = judged(
        circuit("one", 62.5e6 * 2, "district"),
        circuit("two", 31.25e6, "district", unknown=("end of the contract",)),
        circuit("slow", 62.5e6, "school"),
        circuit("nobody", 62.5e6, "x", users=None),
        circuit("no rate", None, "y"),
    )
    found = cells(result, "circuits")
    assert found["one"]["per_1000"] == found["two"]["per_1000"] == 156.25e6
    assert found["one"]["meets_norm"] is True
    assert found["slow"]["meets_norm"] is False
    assert found["slow"]["verdict"].startswith("below the norm: 500 Mb/s of 1 Gb/s per 1,000 users")
    assert found["nobody"]["meets_norm"] is None
    assert found["no rate"]["per_1000"] is None
    assert "before the contract ends" in found["slow"]["verdict"]


def trunk(load: float, lines: int | None, busiest: float | None) -> Thing:
    facts = TrunkFacts(lines, busiest, BASIS.at, internal=False, life_safety=True)
    size = None if lines is None else float(lines)
    return thing("t", rising(load, 0.5), size, kind=CapacityKind.TRUNK, facts=facts)


def test_lines_by_erlang_b() -> None:
    result = judged(trunk(10.0, 23, 10.0))
    found = cells(result, "trunks")["t"]
    assert (found["lines"], found["lines_needed"], found["lines_strict"], found["spare"]) == (23, 18, 21, 5)
    assert found["life_safety"] is True
    assert line(result, "t").limit == pytest.approx(14.47 * 0.99, abs=0.01)
    notes = " ".join(report(result, POLICY).sheet("trunks").notes)
    assert "lockdown" in notes
    assert "911" in notes


def test_lines_that_were_all_busy_and_lines_unknown() -> None:
    full = judged(trunk(23.0, 23, 23.0))
    assert line(full, "t").outlook is Outlook.OVER
    assert cells(full, "trunks")["t"]["lines_needed"] is None
    assert any("lines were busy" in text for text in report(full, POLICY).sheet("trunks").rows[0].unknown)
    unknown = cells(judged(trunk(10.0, None, 10.0)), "trunks")["t"]
    assert (unknown["lines"], unknown["blocked"], unknown["spare"]) == (None, None, None)
    assert unknown["lines_needed"] == 18


def host(kind: CapacityKind, used: float, total: float, largest: float, hosts: int = 3) -> Thing:
    facts = HostFacts(tuple(f"h{n}" for n in range(hosts)), total, largest, "h0")
    size = total - largest
    return thing(f"{kind}:site", rising(used, used * 0.1), size, kind=kind, facts=facts, device=None)


def test_one_host_may_fail() -> None:
    fits = judged(host(CapacityKind.MEMORY, 400e9, 768e9, 256e9), host(CapacityKind.PROCESSOR, 20, 96, 32))
    found = cells(fits, "hosts")["hosts:site"]
    assert found["survives"] is True
    assert found["memory_left"] == 512e9
    assert found["memory_share"] == pytest.approx(400 / 512)
    assert (found["count"], found["largest"]) == (3, "h0")
    tight = judged(host(CapacityKind.MEMORY, 600e9, 768e9, 256e9), host(CapacityKind.PROCESSOR, 20, 96, 32))
    assert cells(tight, "hosts")["hosts:site"]["survives"] is False
    assert line(tight, "memory:site").outlook is Outlook.OVER


def test_storage_to_add() -> None:
    result = judged(thing("p", rising(8 * TB, 2 * TB), 10 * TB, kind=CapacityKind.POOL))
    found = cells(result, "storage")["p"]
    need = line(result, "p").needs[1]
    assert found["need_3y"] == need.median == pytest.approx(14 * TB, rel=0.03)
    assert found["need_3y_low"] < found["need_3y"] < found["need_3y_high"]
    assert found["add_3y"] == pytest.approx(need.high / 0.9 - 10 * TB)
    idle = cells(judged(thing("v", rising(1 * TB, 0), 10 * TB)), "storage")["v"]
    assert idle["add_5y"] == 0.0


def test_what_if_needs_no_history() -> None:
    """Traffic, rates, closed schools and devices that go: as if it had been measured so."""
    port = EntityId("port")
    link = thing("u", rising(50e6, 15e6, noise=1e6), 125e6, kind=CapacityKind.UPLINK, port=port)
    found = measured(link, thing("v", rising(8 * TB, 1 * TB), 10 * TB, place=PlaceId("d/s/main")))
    more = found.what_if(Effects(traffic={EntityId("dev-u"): 1.5}, capacity={port: 0.9}))
    scaled = dataclasses.replace(
        link, weekly=link.weekly * 1.5, used=(link.used or 0) * 1.5, size=125e6 * 0.9
    )
    expected, told = line(judged(scaled), "u"), line(judge_capacity(BASIS, more, POLICY), "u")
    assert (told.low, told.median, told.high) == (expected.low, expected.median, expected.high)
    assert told.median is not None
    assert told.used == expected.used
    closed = found.what_if(Effects(closed=frozenset({PlaceId("d/s")})))
    assert [one.key for one in closed.things] == ["u"]
    gone = found.what_if(Effects(gone=frozenset({EntityId("dev-u")})))
    assert [one.key for one in gone.things] == ["v"]
    assert line(judge_capacity(BASIS, gone, POLICY), "v") == line(judge_capacity(BASIS, found, POLICY), "v")


def test_public_columns_disclose_no_name() -> None:
    result = judged(
        thing("v", rising(8 * TB, 2 * TB), 10 * TB, name="secret-host /srv", unknown=()),
        circuit("SECRET-1", 62.5e6, "d", name="secret-host ge-0/0/1"),
        host(CapacityKind.MEMORY, 600e9, 768e9, 256e9),
        host(CapacityKind.PROCESSOR, 20, 96, 32),
        dataclasses.replace(trunk(10.0, 23, 10.0), name="secret-host T1"),
    )
    for sheet in report(result, POLICY).sheets:
        public = [place for place, column in enumerate(sheet.columns) if column.public]
        assert public
        for row in sheet.rows:
            told = " ".join(str(row.cells[place]) for place in public).lower()
            assert "secret" not in told
            assert "h0" not in told


def test_each_number_has_evidence() -> None:
    sheet = report(judged(thing("a", rising(8 * TB, 1 * TB), 10 * TB)), POLICY).sheets[0]
    (row,) = sheet.rows
    for column in ("used", "limit", "full", "growth"):
        assert all(isinstance(item, EvidenceItem) for item in row.evidence[column])
    assert row.evidence["used"][0].source == "netwatch_volume_used_bytes"
    assert row.evidence["limit"][0].value == 10 * TB


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0, "bytes", "0 B"),
        (3.87e12, "bytes", "3.87 TB"),
        (999.6e9, "bytes", "1 TB"),
        (125e6, "bytes per second", "1 Gb/s"),
        (1.25e9, "bytes per second", "10 Gb/s"),
        (370, "watts", "370 W"),
        (-2.5e9, "bytes", "-2.5 GB"),
        (14.47, "erlangs", "14.5 erlangs"),
    ],
)
def test_amounts_in_words(value: float, unit: str, expected: str) -> None:
    assert amount(value, unit) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [(3, "in 3 days"), (30, "in about 4 weeks"), (150, "in about 5 months"), (900, "in about 2.5 years")],
)
def test_times_in_words(days: int, expected: str) -> None:
    assert away(TODAY + timedelta(days=days), TODAY) == expected
