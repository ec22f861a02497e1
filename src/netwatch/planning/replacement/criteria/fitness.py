"""Fitness: what is full in class time, too slow for what hangs on it, or a generation behind."""

from __future__ import annotations

from fnmatch import fnmatchcase

from netwatch.model import DAYS_PER_YEAR, EvidenceItem
from netwatch.planning.basis import Fullness, SaturationMeasure, Subject
from netwatch.planning.curve import Curve
from netwatch.planning.replacement.criteria.knowledge import Knowledge, when
from netwatch.planning.replacement.verdict import Judged, count, item

__all__ = ["fitness"]

_BITS = 8
_MEGA = 1e6
_SHOWN = 5
_AP_ROLES = ("ap", "access-point")


def fitness(subject: Subject, known: Knowledge) -> list[Judged]:
    """Its parts in the order of the policy. A part that a thing can't have, such as a radio generation of a
    server, is neither judged nor unknown."""
    policy = known.policy.criteria.fitness.parts
    parts = (
        (_saturation, "saturation"),
        (_uplink_speed, "uplink_speed"),
        (_slow_ports, "slow_ports"),
        (_poe_budget, "poe_budget"),
        (_wifi_generation, "wifi_generation"),
        (_capacity_date, "capacity_date"),
    )
    return [
        out if subject.spare and part is not _wifi_generation else part(subject, known, out)
        for part, out in ((part, Judged(name, getattr(policy, name).points)) for part, name in parts)
    ]


def _found(subject: Subject, known: Knowledge) -> list[Fullness]:
    everything = known.measured.fullness.get(subject.id, []) if subject.id is not None else []
    return [one for one in everything if one.seconds is None or one.seconds >= known.enough]


def _fullest(known: Knowledge, curve: Curve, one: Fullness) -> tuple[float, EvidenceItem]:
    when_read = "now" if one.seconds is None else f"at p95 of {one.seconds / 3600:.0f} lesson hours"
    text = f"{one.measure} {known.label(one.entity)}: {one.share:.0%} used {when_read}"
    return curve.share(one.share), item(text, one.family, one.share, "ratio", one.at)


def _saturation(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    measures = known.policy.criteria.fitness.parts.saturation.measures
    found = [one for one in _found(subject, known) if one.measure in measures]
    if not found:
        return out.lacks("saturation")
    rows = [_fullest(known, measures[one.measure], one) for one in found]
    rows.sort(key=lambda row: (-row[0], -(row[1].value or 0.0), row[1].text))
    out.add(rows[0][0])
    out.evidence += [told for share, told in rows[:_SHOWN] if share > 0 or told is rows[0][1]]
    return out


def _poe_budget(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    policy = known.policy.criteria.fitness.parts.poe_budget
    found = [one for one in _found(subject, known) if one.measure is SaturationMeasure.POE]
    if not found:
        return out.lacks("PoE budget") if subject.kind == "switch" else out
    share, told = max(
        (_fullest(known, policy.curve, one) for one in found), key=lambda row: row[1].value or 0
    )
    return out.add(share, told)


def _uplink_speed(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    """Only what has access points behind it is judged."""
    policy = known.policy.criteria.fitness.parts.uplink_speed
    behind = known.behind(subject.id) if subject.id is not None else None
    entities = known.basis.snapshot.entities
    points = [one for one in behind or () if one in entities and entities[one].facts.get("role") in _AP_ROLES]
    if subject.id is None or not points or subject.role == "controller":
        return out
    uplinks = known.topology.uplinks(subject.id)
    speeds = [known.measured.wear.speeds.get(port) for port in uplinks]
    told = [speed for speed in speeds if speed is not None]
    if not told or len(told) < len(speeds):
        return out.lacks("uplink speed")
    megabits = sum(told) * _BITS / _MEGA
    wanted = len(points) * policy.megabits_per_access_point
    text = (
        f"{count(len(points), 'access point')} behind {count(len(told), 'uplink')} of {megabits:,.0f} Mb/s "
        f"together: {wanted / megabits:.1f} times that at {policy.megabits_per_access_point:g} Mb/s each"
    )
    family = "netwatch_interface_speed_bytes_per_second"
    return out.add(policy.curve.share(wanted / megabits), item(text, family, wanted / megabits, "times"))


def _slow_ports(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    policy = known.policy.criteria.fitness.parts.slow_ports
    ports = known.measured.wear.ap_ports.get(subject.id, {}) if subject.id is not None else {}
    known_speeds = {port: speed for port, speed in ports.items() if speed is not None}
    if len(known_speeds) < len(ports):
        out.lacks("port speed")
    slow = sorted(port for port, speed in known_speeds.items() if speed * _BITS / _MEGA <= policy.megabits)
    if slow:
        names = ", ".join(known.label(port) for port in slow[:_SHOWN])
        text = f"{count(len(slow), 'port')} with an access point at {policy.megabits:g} Mb/s or less: {names}"
        family = "netwatch_interface_speed_bytes_per_second"
        out.add(policy.curve.share(len(slow)), item(text, family, len(slow), "ports"))
    return out


def _wifi_generation(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    policy = known.policy.criteria.fitness.parts.wifi_generation
    if subject.role not in _AP_ROLES:
        return out
    told = known.measured.wear.wifi.get(subject.id) if subject.id is not None else None
    source = "radios"
    if told is None:
        for row in policy.known:
            fits = (
                fnmatchcase(model.lower(), pattern.lower())
                for model in subject.models
                for pattern in row.models
            )
            if any(fits):
                told, source = (row.generation, f"its model is {subject.model}"), row.source
                break
    if told is None:
        return out.lacks("Wi-Fi generation")
    generation, why = told
    text = f"Wi-Fi {generation}, {max(0, policy.current - generation)} behind Wi-Fi {policy.current}: {why}"
    share = policy.curve.share(max(0, policy.current - generation))
    return out.add(share, item(text, source, generation, "generation"))


def _capacity_date(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    policy = known.policy.criteria.fitness.parts.capacity_date
    if subject.id is None or subject.id not in known.hints.full_on:
        return out.lacks("capacity date")
    full_on = known.hints.full_on[subject.id]
    if full_on is None:
        return out.add(0.0, item("not full within sight of the capacity plan", "capacity plan"))
    days = (known.day - full_on).days
    told = item(f"full on {full_on}, {when(days)}", "capacity plan", days / DAYS_PER_YEAR, "years since")
    return out.add(policy.curve.share(days / DAYS_PER_YEAR), told)
