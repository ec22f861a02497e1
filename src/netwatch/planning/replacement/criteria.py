"""The criteria: each turns what is known of a subject into points, with the evidence that they stand on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date

from netwatch.model import Contribution, EntityId, EvidenceItem
from netwatch.planning.basis import Basis, Measurements, Subject, Topology
from netwatch.planning.lifecycle import Lifecycle, MilestoneKind
from netwatch.planning.replacement.policy import Part, ReplacementPolicy

__all__ = ["Knowledge", "Verdict", "judge"]

_DAYS_PER_YEAR = 365.25
_MONTH = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that the criteria stand on."""

    basis: Basis
    lifecycle: Lifecycle
    policy: ReplacementPolicy

    @property
    def measured(self) -> Measurements:
        return self.basis.measured

    @property
    def topology(self) -> Topology:
        return self.basis.topology

    @property
    def day(self) -> date:
        return self.basis.day

    def label(self, entity: EntityId) -> str:
        return self.basis.label(entity)


@dataclass(slots=True)
class Verdict:
    """The judgement of one subject while it is made."""

    contributions: list[Contribution] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        return sum(one.points for one in self.contributions)


@dataclass(slots=True)
class _Sum:
    """One criterion: points with their evidence, what gave most of them first."""

    points: float = 0.0
    evidence: list[EvidenceItem] = field(default_factory=list)
    _given: list[float] = field(default_factory=list)

    def add(self, points: float, item: EvidenceItem) -> None:
        self.points += points
        self.tell(item, points)

    def tell(self, item: EvidenceItem, points: float = 0.0) -> None:
        """Evidence whose points are counted elsewhere; `points` only say how far up it belongs."""
        at = next((n for n, given in enumerate(self._given) if given < points), len(self._given))
        self._given.insert(at, points)
        self.evidence.insert(at, item)

    def close(self, name: str, limit: int) -> Contribution:
        """Points are counted in eighths: sums of eighths are exact in binary, in any order."""
        points = min(math.floor(self.points * 8 + 0.5) / 8, float(limit))
        return Contribution(name, points, tuple(self.evidence))


def judge(subject: Subject, known: Knowledge) -> Verdict:
    """All the criteria in the order of the policy; what is missing is in `unknown`."""
    verdict = Verdict()
    _age(subject, known, verdict)
    _support(subject, known, verdict)
    _faults(subject, known, verdict)
    _saturation(subject, known, verdict)
    _consequence(subject, known, verdict)
    return verdict


def _age(subject: Subject, known: Knowledge, verdict: Verdict) -> None:
    policy, out = known.policy.criteria.age, _Sum()
    installed = None if subject.asset is None else subject.asset.installed
    life = known.lifecycle.useful_life(subject.kind, subject.role)
    if installed is None:
        verdict.unknown.append("installed")
    if life is None:
        verdict.unknown.append("useful life")
    if installed is not None and life is not None:
        years = max(0.0, (known.day - installed).days / _DAYS_PER_YEAR)
        text = (
            f"installed {installed}, {years:.1f} years in use, "
            f"planned for {life.years:g} to {life.outer_years:g}"
        )
        points = policy.points * policy.curve.share(years / life.years)
        out.add(points, _item(text, "inventory", years, "years"))
        source = f"{life.source}, checked {life.checked_on}, {life.confidence} confidence"
        out.tell(_item(f"useful life of: {life.name}", source, life.years, "years"))
    verdict.contributions.append(out.close("age", policy.points))


def _support(subject: Subject, known: Knowledge, verdict: Verdict) -> None:
    policy, out = known.policy.criteria.support, _Sum()
    rows: list[tuple[float, EvidenceItem]] = []
    for one in known.lifecycle.milestones_of(subject.vendor, subject.models, subject.version):
        bulletin = f"bulletin {one.bulletin}; " if one.bulletin else ""
        source = f"{bulletin}{one.source}, checked {one.checked_on}, {one.confidence} confidence"
        software = bool(one.versions) and not one.models
        rows.append(_milestone(known, one.milestone, one.on, source, software=software))
    asset = subject.asset
    if asset is not None and asset.support_until is not None:
        kind = MilestoneKind.LAST_DAY_OF_SUPPORT
        rows.append(_milestone(known, kind, asset.support_until, "inventory"))
    if not rows:
        verdict.unknown.append("support dates" if subject.models or subject.version else "model")
    # Milestones of one model are steps of one decline: the worst counts, they don't add up.
    out.points = policy.points * max((share for share, _ in rows), default=0.0)
    out.evidence += [item for _, item in sorted(rows, key=lambda row: (-row[0], row[1].text))]
    verdict.contributions.append(out.close("support", policy.points))


def _milestone(
    known: Knowledge, kind: MilestoneKind, on: date, source: str, *, software: bool = False
) -> tuple[float, EvidenceItem]:
    policy = known.policy.criteria.support
    years = (known.day - on).days / _DAYS_PER_YEAR
    share = policy.milestones.get(kind, 0.0) * policy.curve.share(years)
    text = f"{kind.replace('_', ' ')} {on}, {_when((known.day - on).days)}"
    if software:
        text += " (its software: an upgrade may be enough)"
    return share, _item(text, source, round(years, 2), "years since")


def _faults(subject: Subject, known: Knowledge, verdict: Verdict) -> None:
    policy, out = known.policy.criteria.faults, _Sum()
    if not subject.spare:
        _unreachable(subject, known, verdict, out)
        _reboots(subject, known, verdict, out)
        _parts_failed(subject, known, verdict, out)
        _interface_errors(subject, known, verdict, out)
    verdict.contributions.append(out.close("faults", policy.points))


def _unreachable(subject: Subject, known: Knowledge, verdict: Verdict, out: _Sum) -> None:
    part = known.policy.criteria.faults.parts.unreachable
    found = known.measured.downtime.get(subject.id) if subject.id is not None else None
    if found is None or found.measured < known.policy.enough_hours * 3600:
        verdict.unknown.append("uptime history")
        return
    share = found.down / found.measured
    text = f"no answer for {found.down / 3600:.1f} of {found.measured / 3600:.0f} measured hours"
    if found.behind:
        text += f", and {found.behind / 3600:.1f} more while what it hangs on was down"
    out.add(_points(part, share), _item(text, "netwatch_device_up", share, "ratio", found.until))


def _reboots(subject: Subject, known: Knowledge, verdict: Verdict, out: _Sum) -> None:
    part = known.policy.criteria.faults.parts.reboots
    found = known.measured.reboots.get(subject.id) if subject.id is not None else None
    if found is None or found.measured < known.policy.enough_hours * 3600:
        verdict.unknown.append("reboot history")
        return
    rate = found.count / max(1.0, found.measured / _MONTH)
    text = f"{_count(round(found.count), 'restart')} in {found.measured / 86400:.0f} measured days"
    out.add(
        _points(part, rate), _item(text, "netwatch_device_reboots_total", rate, "per 30 days", found.until)
    )


def _parts_failed(subject: Subject, known: Knowledge, verdict: Verdict, out: _Sum) -> None:
    part = known.policy.criteria.faults.parts.parts_failed
    found = known.measured.parts.get(subject.id) if subject.id is not None else None
    if found is None:
        verdict.unknown.append("state of parts")
        return
    failed = sum(1.0 if state.level >= 2 else 0.5 for state in found)
    given = _points(part, failed)
    out.points += given
    for state in sorted(found, key=lambda one: (-one.level, one.part)):
        word = "failed" if state.level >= 2 else "warning"
        text = f"{known.label(state.part)}: {word}"
        out.tell(_item(text, state.family, state.level, "level", state.at), given)


def _interface_errors(subject: Subject, known: Knowledge, verdict: Verdict, out: _Sum) -> None:
    part = known.policy.criteria.faults.parts.interface_errors
    found = known.measured.errors.get(subject.id) if subject.id is not None else None
    if found is None:
        verdict.unknown.append("interface errors")
        return
    port = known.label(found.port)
    text = f"worst port {port}: {found.errors:.0f} errors in {found.gigabytes:.1f} GB carried"
    item = _item(
        text, "netwatch_interface_receive_errors_total", found.per_gigabyte, "errors per GB", found.until
    )
    out.add(_points(part, found.per_gigabyte), item)


def _saturation(subject: Subject, known: Knowledge, verdict: Verdict) -> None:
    policy, out = known.policy.criteria.saturation, _Sum()
    enough = known.policy.enough_hours * 3600
    everything = known.measured.fullness.get(subject.id, []) if subject.id is not None else []
    found = [one for one in everything if one.seconds is None or one.seconds >= enough]
    if not found and not subject.spare:
        verdict.unknown.append("saturation")
    rows: list[tuple[float, EvidenceItem]] = []
    for one in found:
        curve = policy.measures.get(one.measure)
        if curve is None:
            continue
        when = "now" if one.seconds is None else f"at p95 of {one.seconds / 3600:.0f} lesson hours"
        text = f"{one.measure} {known.label(one.entity)}: {one.share:.0%} used {when}"
        rows.append((curve.share(one.share), _item(text, one.family, one.share, "ratio", one.at)))
    rows.sort(key=lambda row: (-row[0], -(row[1].value or 0.0), row[1].text))
    out.points = policy.points * max((share for share, _ in rows), default=0.0)
    out.evidence += [item for share, item in rows[:5] if share > 0 or item is rows[0][1]]
    verdict.contributions.append(out.close("saturation", policy.points))


def _consequence(subject: Subject, known: Knowledge, verdict: Verdict) -> None:
    policy, out = known.policy.criteria.consequence, _Sum()
    parts = policy.parts
    others = 100 - policy.points
    need = verdict.points / others if others else 0.0
    weight = policy.need.share(need)
    if not subject.spare:
        behind = _behind(subject, known, verdict)
        if behind is not None:
            text = f"{_count(len(behind), 'device')} cut off or stopped without it"
            out.add(
                _points(parts.devices_behind, len(behind)), _item(text, "topology", len(behind), "devices")
            )
        role = subject.role
        if not role:
            verdict.unknown.append("role")
        else:
            share = parts.role.roles.get(role, parts.role.roles["other"])
            out.add(parts.role.points * share, _item(f"its role is {role}", "inventory", share, "ratio"))
        _people(subject, behind, known, verdict, out)
    out.points *= weight
    if out.evidence:
        text = (
            f"counted at {weight:.0%}, in proportion to need: "
            f"the other criteria give {verdict.points:.1f} of {others} points"
        )
        out.tell(_item(text, "policy", weight, "ratio"))
    verdict.contributions.append(out.close("consequence", policy.points))


def _behind(subject: Subject, known: Knowledge, verdict: Verdict) -> frozenset[EntityId] | None:
    """What loses its connection or its controller or host; None where neither is known."""
    if subject.id is None:
        verdict.unknown.append("topology")
        return None
    runs = known.topology.reported(subject.id)
    if not known.topology.knows(subject.id):
        verdict.unknown.append("topology")
        return runs or None
    return known.topology.behind(subject.id) | runs


def _people(
    subject: Subject, behind: frozenset[EntityId] | None, known: Knowledge, verdict: Verdict, out: _Sum
) -> None:
    parts = known.policy.criteria.consequence.parts
    served = [
        known.basis.inventory_of[one] for one in sorted(behind or ()) if one in known.basis.inventory_of
    ]
    if subject.device is None:
        verdict.unknown.append("life safety")
    else:
        served.insert(0, subject.device)
    critical = [device.name for device in served if device.life_safety]
    if critical:
        text = f"life safety: {critical[0]}" + (f" and {len(critical) - 1} more" if critical[1:] else "")
        out.add(float(parts.life_safety.points), _item(text, "inventory", len(critical), "devices"))
    rooms = {room for device in served for room in device.serves}
    if not rooms:
        verdict.unknown.append("rooms served")
    else:
        text = f"serves {_count(len(rooms), 'room')}"
        out.add(_points(parts.classrooms, len(rooms)), _item(text, "inventory", len(rooms), "rooms"))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _when(days: int) -> str:
    """How long ago, negative: how long to go."""
    months = round(abs(days) / _DAYS_PER_YEAR * 12)
    if months >= 12:
        length = f"{abs(days) / _DAYS_PER_YEAR:.1f} years"
    else:
        length = _count(months, "month") if months else _count(abs(days), "day")
    return f"{length} ago" if days >= 0 else f"in {length}"


def _points(part: Part, value: float) -> float:
    return part.points * part.curve.share(value)


def _item(
    text: str, source: str, value: float | None = None, unit: str = "", at: float | None = None
) -> EvidenceItem:
    return EvidenceItem(text, source, None if value is None else float(value), unit, at)
