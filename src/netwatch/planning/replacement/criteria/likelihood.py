"""Likelihood of failure: age, milestones, faults, heat, and how its model fares in this fleet."""

from __future__ import annotations

from netwatch.model import DAY, DAYS_PER_YEAR
from netwatch.planning.basis import Subject
from netwatch.planning.replacement.criteria.knowledge import Knowledge
from netwatch.planning.replacement.criteria.milestones import judge_milestones
from netwatch.planning.replacement.reliability import model_key
from netwatch.planning.replacement.verdict import Judged, count, item

__all__ = ["likelihood"]

_MONTH = 30 * DAY


def likelihood(subject: Subject, known: Knowledge) -> list[Judged]:
    """Its parts in the order of the policy. A spare has no faults: it does not run."""
    policy = known.policy.criteria.likelihood.parts
    contract = None if subject.asset is None else subject.asset.support_until
    faults = (
        (_unreachable, policy.unreachable.points, "unreachable"),
        (_reboots, policy.reboots.points, "reboots"),
        (_parts_failed, policy.parts_failed.points, "parts_failed"),
        (_interface_errors, policy.interface_errors.points, "interface_errors"),
        (_temperature, policy.temperature.points, "temperature"),
    )
    return [
        _age(subject, known),
        judge_milestones("milestones", subject, known, policy.milestones, contract),
        *(
            Judged(name, points) if subject.spare else part(subject, known, Judged(name, points))
            for part, points, name in faults
        ),
        _model_failures(subject, known),
    ]


def _age(subject: Subject, known: Knowledge) -> Judged:
    policy = known.policy.criteria.likelihood.parts.age
    out = Judged("age", policy.points)
    installed = None if subject.asset is None else subject.asset.installed
    life = known.lifecycle.useful_life(subject.kind, subject.role)
    if installed is None:
        out.lacks("installed")
    if life is None:
        out.lacks("useful life")
    if installed is None or life is None:
        return out
    years = max(0.0, (known.day - installed).days / DAYS_PER_YEAR)
    text = (
        f"installed {installed}, {years:.1f} years in use, planned for {life.years:g} to {life.outer_years:g}"
    )
    source = f"{life.source}, checked {life.checked_on}, {life.confidence} confidence"
    return out.add(
        policy.curve.share(years / life.years),
        item(text, "inventory", years, "years"),
        item(f"useful life of: {life.name}", source, life.years, "years"),
    )


def _unreachable(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    policy = known.policy.criteria.likelihood.parts.unreachable
    found = known.measured.downtime.get(subject.id) if subject.id is not None else None
    if found is None or found.measured < known.enough:
        return out.lacks("uptime history")
    share = found.down / found.measured
    text = f"no answer for {found.down / 3600:.1f} of {found.measured / 3600:.0f} measured hours"
    if found.behind:
        text += f", and {found.behind / 3600:.1f} more while what it hangs on was down"
    return out.add(policy.curve.share(share), item(text, "netwatch_device_up", share, "ratio", found.until))


def _reboots(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    policy = known.policy.criteria.likelihood.parts.reboots
    found = known.measured.reboots.get(subject.id) if subject.id is not None else None
    if found is None or found.measured < known.enough:
        return out.lacks("reboot history")
    rate = found.count / max(1.0, found.measured / _MONTH)
    text = f"{count(round(found.count), 'restart')} in {found.measured / DAY:.0f} measured days"
    told = item(text, "netwatch_device_reboots_total", rate, "per 30 days", found.until)
    return out.add(policy.curve.share(rate), told)


def _parts_failed(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    policy = known.policy.criteria.likelihood.parts.parts_failed
    found = known.measured.parts.get(subject.id) if subject.id is not None else None
    if found is None:
        return out.lacks("state of parts")
    failed = sum(1.0 if state.level >= 2 else 0.5 for state in found)
    out.add(policy.curve.share(failed))
    for state in sorted(found, key=lambda one: (-one.level, one.part)):
        word = "failed" if state.level >= 2 else "warning"
        text = f"{known.label(state.part)}: {word}"
        out.evidence.append(item(text, state.family, state.level, "level", state.at))
    return out


def _interface_errors(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    policy = known.policy.criteria.likelihood.parts.interface_errors
    found = known.measured.errors.get(subject.id) if subject.id is not None else None
    if found is None:
        return out.lacks("interface errors")
    port = known.label(found.port)
    text = f"worst port {port}: {found.errors:.0f} errors in {found.gigabytes:.1f} GB carried"
    family = "netwatch_interface_receive_errors_total"
    told = item(text, family, found.per_gigabyte, "errors per GB", found.until)
    return out.add(policy.curve.share(found.per_gigabyte), told)


def _temperature(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    policy = known.policy.criteria.likelihood.parts.temperature
    found = known.measured.wear.heat.get(subject.id) if subject.id is not None else None
    if found is None or found.measured < known.enough:
        return out.lacks("temperature against a limit")
    where = "below" if found.above < 0 else "above"
    text = (
        f"{known.label(found.sensor)}: {found.reached:.0f} degrees Celsius at p95 of "
        f"{found.measured / 3600:.0f} hours, {abs(found.above):.0f} {where} its limit"
    )
    family = "netwatch_sensor_temperature_celsius"
    return out.add(policy.curve.share(found.above), item(text, family, found.reached, "celsius", found.until))


def _model_failures(subject: Subject, known: Knowledge) -> Judged:
    policy = known.policy.criteria.likelihood.parts.model_failures
    out = Judged("model_failures", policy.points)
    if not subject.model:
        return out.lacks("model")
    found = known.reliability.get(model_key(subject))
    if found is None or found.rate is None:
        return out.lacks("failures of its model")
    text = (
        f"{count(found.failures, 'failure')} of {count(found.units, 'unit')} of its model in "
        f"{found.device_years:.1f} device-years: {found.rate:.2f} a year"
    )
    if found.low is not None and found.high is not None:
        text += f" ({found.low:.2f} to {found.high:.2f})"
    told = item(text, "netwatch_device_up, parts", found.rate, "per device-year", known.basis.at)
    return out.add(policy.curve.share(found.rate), told)
