"""The judgement of wings and floors, and their ranking. Pure: no history is read here."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from netwatch.model import EvidenceItem
from netwatch.planning.basis import Basis
from netwatch.planning.wireless.access_points import Area, areas_of, find_access_points
from netwatch.planning.wireless.estimates import estimate, growth_of
from netwatch.planning.wireless.measures import AIRTIME, WirelessMeasured
from netwatch.planning.wireless.needs import needs_of
from netwatch.planning.wireless.points import judge_point
from netwatch.planning.wireless.policy import WirelessPolicy
from netwatch.planning.wireless.radios import Neighbours
from netwatch.planning.wireless.results import JudgedArea, JudgedPoint, JudgedRadio, Verdict, WirelessPlan

__all__ = ["judge"]

_ORDER = {
    Verdict.ADD: 0,
    Verdict.REPLACE: 0,
    Verdict.RECHANNEL: 1,
    Verdict.SURVEY: 2,
    Verdict.CONFIGURE: 3,
    Verdict.LEAVE: 4,
}


def judge(basis: Basis, measured: WirelessMeasured, policy: WirelessPolicy) -> WirelessPlan:
    """Judges and ranks every wing. The same arguments give the same plan."""
    places = basis.snapshot.inventory.places
    areas = areas_of(find_access_points(basis), places)
    judged = []
    for area in areas:
        neighbours = Neighbours(area, measured, policy)
        points = tuple(judge_point(one, neighbours, basis, measured, policy) for one in area.access_points)
        judged.append(_judge_area(area, points, policy))
    usual = _usual_clients(judged)
    judged = [replace(one, hardship=_hardship(one, usual)) for one in judged]
    judged.sort(key=_place)
    ranked = tuple(replace(one, rank=number) for number, one in enumerate(judged, 1))
    return WirelessPlan(
        basis.at,
        policy.name,
        ranked,
        needs_of(ranked, basis, policy),
        measured.simulated or basis.measured.simulated,
    )


def _place(one: JudgedArea) -> tuple[object, ...]:
    estimated = 0 if one.estimate is None else one.estimate.low + one.estimate.high
    return (_ORDER[one.verdict], -one.hardship, -estimated, one.area.school, one.area.key)


def _judge_area(area: Area, points: tuple[JudgedPoint, ...], policy: WirelessPolicy) -> JudgedArea:
    others, full = _others(points), [one for one in points if one.decisive is not None and one.decisive.full]
    verdict, missing = _verdict(area, points, others, policy)
    growth = growth_of(points)
    fullest = max(
        (one.decisive for one in points if one.decisive is not None and one.decisive.measure.airtime),
        key=_airtime,
        default=None,
    )
    evidence = [*_summary(area, points, others, len(full)), *_fullest_evidence(points, fullest)]
    estimated = estimate(area, points, growth, policy) if verdict.buys else None
    clients = [one.clients for one in points if one.clients is not None]
    growths = [one.measure.clients_growth for point in points for one in point.radios]
    return JudgedArea(
        rank=0,
        area=area,
        verdict=verdict,
        points=points,
        estimate=estimated,
        hardship=0.0,
        airtime=None if fullest is None else _airtime(fullest),
        over=None if fullest is None else fullest.over,
        others=others,
        clients=math.fsum(clients) / len(clients) if clients else None,
        growth=growth,
        clients_growth=_ratio([one for one in growths if one is not None]),
        evidence=tuple(evidence),
        missing=missing,
    )


def _verdict(
    area: Area, points: Sequence[JudgedPoint], others: float | None, policy: WirelessPolicy
) -> tuple[Verdict, tuple[str, ...]]:
    """The weightiest verdict of the access points, as long as others' airtime does not outweigh it."""
    by_verdict = Counter(one.verdict for one in points)
    blind = [one for one in points if not one.certain]
    missing = _common(points)
    if not area.key:
        missing = ("place of the access points", *missing)
    buying = by_verdict[Verdict.ADD] + by_verdict[Verdict.REPLACE]
    if buying:
        outlived = sum(1 for one in points if one.verdict is Verdict.REPLACE)
        verdict = Verdict.REPLACE if 2 * outlived >= buying else Verdict.ADD
        if not area.key:
            verdict = Verdict.SURVEY  # nobody knows where to add
        elif others is not None and others > policy.airtime.others.value:
            verdict = Verdict.RECHANNEL if by_verdict[Verdict.RECHANNEL] else Verdict.SURVEY
        return verdict, missing
    if by_verdict[Verdict.RECHANNEL]:
        return Verdict.RECHANNEL, missing
    if any(one.verdict is Verdict.SURVEY and one.certain for one in points) or 2 * len(blind) >= len(points):
        return Verdict.SURVEY, missing
    if by_verdict[Verdict.CONFIGURE]:
        return Verdict.CONFIGURE, missing
    return Verdict.LEAVE, missing


def _others(points: Sequence[JudgedPoint]) -> float | None:
    """Share of others in the busy airtime of full radios, else of all; None: nowhere told."""
    decisive = [
        one.decisive for one in points if one.decisive is not None and one.verdict is not Verdict.CONFIGURE
    ]
    splits = [one.measure.split for one in decisive if one.full and one.measure.split is not None]
    if not splits:
        splits = [one.measure.split for one in decisive if one.measure.split is not None]
    own = math.fsum(one.own for one in splits)
    others = math.fsum(one.others for one in splits)
    return others / (own + others) if own + others > 0 else None


def _common(points: Sequence[JudgedPoint]) -> tuple[str, ...]:
    """What is missing, most often first, with how many access points lack it."""
    counts = Counter(text for one in points for text in one.missing)
    order = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(
        text if count == len(points) else f"{text} ({count} of {len(points)})" for text, count in order
    )


def _summary(
    area: Area, points: Sequence[JudgedPoint], others: float | None, full: int
) -> list[EvidenceItem]:
    counts = Counter(one.verdict for one in points)
    told = ", ".join(f"{verdict} {counts[verdict]}" for verdict in Verdict if counts[verdict])
    out = [
        EvidenceItem(
            f"{full} of {len(points)} access points full in class time ({told})", AIRTIME, float(full), ""
        )
    ]
    lost = sum(1 for one in points if one.point.up is False)
    if lost:
        text = f"{lost} of {len(points)} lost by their controller now"
        out.append(EvidenceItem(text, "netwatch_device_up", float(lost)))
    if others is not None:
        text = f"others use {others:.0%} of the busy airtime of {'full' if full else 'all'} radios"
        out.append(EvidenceItem(text, AIRTIME, others, "ratio"))
    if not area.heard:
        text = "no wing or floor is entered: which access points hear each other is unknown"
        out.append(EvidenceItem(text, "inventory"))
    return out


def _fullest_evidence(points: Sequence[JudgedPoint], fullest: JudgedRadio | None) -> list[EvidenceItem]:
    """Of the access point with the fullest radio, by its name."""
    for point in points:
        if fullest is not None and point.decisive is fullest:
            return [replace(one, text=f"{point.point.name}: {one.text}") for one in point.evidence]
    return []


def _airtime(one: JudgedRadio) -> float:
    return 0.0 if one.measure.airtime is None else one.measure.airtime.p95


def _ratio(pairs: Sequence[tuple[float, float]]) -> float | None:
    before, after = math.fsum(one[0] for one in pairs), math.fsum(one[1] for one in pairs)
    return after / before - 1 if before > 0 else None


def _usual_clients(judged: Sequence[JudgedArea]) -> float:
    """Median over all access points, for those that tell no clients."""
    told = [one.clients for area in judged for one in area.points if one.clients is not None]
    return max(1.0, median(told)) if told else 1.0


def _hardship(area: JudgedArea, usual: float) -> float:
    """Client-hours per class hour in full air, over the access points for which the verdict was found."""
    found = (
        one.over * (usual if one.clients is None else one.clients)
        for one in area.points
        if one.verdict is not Verdict.LEAVE
    )
    return math.fsum(found)
