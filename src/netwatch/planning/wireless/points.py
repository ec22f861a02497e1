"""The judgement of one access point, from its radios, its age and whether its controller loses it."""

from __future__ import annotations

from datetime import date

from netwatch.model import DAYS_PER_YEAR, EvidenceItem
from netwatch.planning.basis import Basis
from netwatch.planning.wireless.access_points import AccessPoint
from netwatch.planning.wireless.measures import WirelessMeasured
from netwatch.planning.wireless.policy import WirelessPolicy
from netwatch.planning.wireless.radios import Neighbours, judge_radio
from netwatch.planning.wireless.results import JudgedPoint, JudgedRadio, Verdict

__all__ = ["judge_point"]

_UP = "netwatch_device_up"
_LEGACY = "2.4ghz"


def judge_point(
    point: AccessPoint,
    neighbours: Neighbours,
    basis: Basis,
    measured: WirelessMeasured,
    policy: WirelessPolicy,
) -> JudgedPoint:
    """Pure. Radios beyond 2.4 GHz decide; the fullest of them is the decisive one."""
    radios = tuple(judge_radio(one, neighbours, measured, policy) for one in point.radios)
    modern = [one for one in radios if one.radio.band not in (_LEGACY, "")]
    legacy = [one for one in radios if one.radio.band == _LEGACY]
    evidence: list[EvidenceItem] = []
    missing: list[str] = []
    decisive = _fullest(modern) or _fullest(legacy) or _fullest(list(radios))
    verdict, certain = Verdict.LEAVE, True
    outlived = _outlived(point, basis.day, policy, evidence) or _single_band(radios, evidence)
    if decisive is None:
        verdict, certain = Verdict.SURVEY, False
        seen = "radios" if point.id is not None else "an answer: entered, and no controller tells of it"
        missing.append(seen)
    elif decisive.verdict is not Verdict.LEAVE:
        verdict, certain = decisive.verdict, _is_measured(decisive)
        if decisive.radio.band == _LEGACY:
            verdict = _full_legacy(decisive, modern, missing)
        elif decisive.radio.band == "" and verdict.buys:
            verdict = Verdict.SURVEY
    if verdict is Verdict.LEAVE and modern and (crowded := _fullest([one for one in legacy if one.full])):
        decisive_airtime = decisive.measure.airtime if decisive is not None else None
        if decisive_airtime is not None and decisive_airtime.p95 <= policy.airtime.idle.value:
            verdict, decisive = Verdict.CONFIGURE, crowded
            text = f"2.4 GHz is full while the radio beside it is busy {decisive_airtime.p95:.0%}"
            evidence.insert(0, EvidenceItem(text, policy.airtime.idle.origin, decisive_airtime.p95, "ratio"))
    lost = _lost(point, basis, policy, evidence)
    if lost is not None and lost > policy.radios.lost.value and not verdict.buys:
        verdict, certain = (Verdict.REPLACE if outlived else Verdict.SURVEY), True
        if verdict is Verdict.SURVEY:
            missing.append("why its controller loses it: cable, port, power")
    elif verdict is Verdict.ADD and outlived:
        verdict = Verdict.REPLACE
    if point.installed is None:
        missing.append("installed")
    if lost is None:
        missing.append("uptime history")
    told = list(decisive.missing) if decisive is not None else []
    return JudgedPoint(
        point,
        verdict,
        decisive,
        radios,
        lost,
        certain,
        outlived,
        (*evidence, *(decisive.evidence if decisive is not None else ())),
        tuple(dict.fromkeys([*told, *missing])),
    )


def _fullest(radios: list[JudgedRadio]) -> JudgedRadio | None:
    """Measured ones first; equally full ones in order of id."""

    def airtime(one: JudgedRadio) -> float:
        return -1.0 if one.measure.airtime is None else one.measure.airtime.p95

    return min(radios, key=lambda one: (-airtime(one), one.radio.id), default=None)


def _is_measured(radio: JudgedRadio) -> bool:
    """Whether a verdict stands on measurements: a full radio, or readings that contradict each other."""
    return radio.full or "readings that agree" in radio.missing


def _full_legacy(decisive: JudgedRadio, modern: list[JudgedRadio], missing: list[str]) -> Verdict:
    """What a 2.4 GHz radio means where no radio beyond it decides."""
    if modern:
        missing.append("airtime beyond 2.4 GHz")
        return Verdict.SURVEY
    return Verdict.REPLACE if decisive.verdict is Verdict.ADD else decisive.verdict


def _outlived(point: AccessPoint, day: date, policy: WirelessPolicy, evidence: list[EvidenceItem]) -> bool:
    if point.installed is None:
        return False
    years = (day - point.installed).days / DAYS_PER_YEAR
    if years <= policy.replace.years.value:
        return False
    text = f"installed {point.installed}, {years:.1f} years in use, kept for {policy.replace.years.value:g}"
    evidence.append(EvidenceItem(text, "inventory", round(years, 2), "years"))
    return True


def _single_band(radios: tuple[JudgedRadio, ...], evidence: list[EvidenceItem]) -> bool:
    if not radios or any(one.radio.band != _LEGACY for one in radios):
        return False
    evidence.append(EvidenceItem("no radio beyond 2.4 GHz", "netwatch_radio_channel"))
    return True


def _lost(
    point: AccessPoint, basis: Basis, policy: WirelessPolicy, evidence: list[EvidenceItem]
) -> float | None:
    """Share of the time without it, time in which what it hangs on was down not counted."""
    if point.up is False:
        evidence.append(EvidenceItem("its controller has lost it now", _UP, 0.0, "", basis.at))
    found = None if point.id is None else basis.measured.downtime.get(point.id)
    if found is None or found.measured < policy.enough_hours * 3600:
        return None
    share = found.down / found.measured
    if share > policy.radios.lost.value:
        text = f"lost for {share:.1%} of {found.measured / 3600:.0f} measured hours while its switch was up"
        evidence.append(EvidenceItem(text, _UP, share, "ratio", found.until))
    return share
