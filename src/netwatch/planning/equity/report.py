"""Report cards of schools and the gap between them as a report."""

from __future__ import annotations

import math
from collections.abc import Iterator

from netwatch.model import Cell, EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show
from netwatch.planning.equity.cards import Card, IndicatorCard, Raise
from netwatch.planning.equity.gap import Gap, gaps
from netwatch.planning.equity.judge import Equity
from netwatch.planning.equity.policy import EquityPolicy, Indicator
from netwatch.planning.equity.things import School
from netwatch.planning.equity.words import (
    TITLES,
    UNITS,
    base_value,
    evidence,
    named_changes,
    told_value,
    unnamed_change,
)

__all__ = ["report"]

NOT_GRADED = "not graded"
_CHANGES = 3
"""Indicators that a cell tells of."""


def _public(key: str, title: str, show: Show = Show.TEXT, text: str = "") -> ReportColumn:
    return ReportColumn(key, title, show, text, public=True)


_SHOWS = {
    Indicator.AVAILABILITY: Show.RATIO,
    Indicator.SATURATION: Show.RATIO,
    Indicator.AGE: Show.RATIO,
    Indicator.AIRTIME: Show.RATIO,
    Indicator.CLIENTS: Show.NUMBER,
    Indicator.BANDWIDTH: Show.BYTES_PER_SECOND,
}
_SCHOOL = (_public("school", "School"), _public("level", "Level"))
_SCHOOLS = (
    *_SCHOOL,
    _public("enrolment", "Students", Show.COUNT),
    ReportColumn(
        "index",
        "Index",
        Show.POINTS,
        "0 to 100: the weighted mean of what is known.",
        public=True,
        metric="netwatch_plan_equity_index",
    ),
    _public("grade", "Grade", Show.GRADE),
    _public("change", "Change", Show.POINTS, "Points since the month of lessons before."),
    _public("unknown_share", "Unknown", Show.RATIO, "Share of the weight that is not known."),
    *(
        column
        for one in Indicator
        for column in (
            _public(str(one), TITLES[one], _SHOWS[one], f"Mean of what is known: {UNITS[one]}."),
            _public(f"{one}_points", f"{TITLES[one]}, points", Show.POINTS, "0 to 100."),
        )
    ),
    _public("improve", "What would raise it", text="Indicator, target and points that it would bring."),
    ReportColumn("raise_by", "By changing", help="The changes that bring most, with the gear or area."),
    ReportColumn(
        "next_grade", "To the next grade", help="The fewest changes that bring the next better grade."
    ),
    _public("students_per_ap", "Students per access point", Show.NUMBER, "For context: it earns no points."),
    _public(
        "aps_per_classroom", "Access points per classroom", Show.NUMBER, "For context: it earns no points."
    ),
    _public("missing", "What is unknown"),
)
_CARDS = (
    *_SCHOOL,
    _public("indicator", "Indicator"),
    _public("weight", "Weight", Show.COUNT),
    _public("value", "Value", Show.NUMBER, "Mean of what is known, in base units; few clients are not told."),
    _public("unit", "Unit"),
    _public("told", "Value in words"),
    _public("points", "Points", Show.POINTS, "0 to 100, mean of what is known."),
    _public("target", "Target", Show.NUMBER, "From here on all points are earned."),
    _public("things", "Looked at", Show.COUNT, "Devices, uplinks, assets or radios."),
    _public("known", "Known", Show.RATIO, "Share of them of which the value is known."),
    _public("gain", "It would bring", Show.POINTS, "Points of the index if all reached the target."),
    _public("improve", "What would raise it"),
    ReportColumn("raise_by", "By changing"),
    _public("why", "Why it counts"),
)
_GAP = (
    _public("month", "Month", Show.DATE),
    _public("schools", "Schools"),
    _public("graded", "Graded", Show.COUNT),
    _public("not_graded", "Not graded", Show.COUNT),
    _public("mean", "Mean", Show.NUMBER, "Every school counts alike."),
    _public("best", "Best school"),
    _public("best_index", "Its index", Show.POINTS),
    _public("worst", "Worst school"),
    _public("worst_index", "Its index", Show.POINTS),
    _public("difference", "Difference", Show.POINTS, "Best less worst."),
    _public("p90", "P90", Show.POINTS, "Nine of ten schools have this index or less."),
    _public("p10", "P10", Show.POINTS, "One school in ten has this index or less."),
    _public("ratio", "P90 / P10", Show.NUMBER, "1 is no gap."),
    _public("students", "Students", Show.COUNT, "At graded schools."),
    _public("student_mean", "Mean by student", Show.NUMBER, "Every student counts alike."),
    _public("student_p90", "P90 by student", Show.POINTS),
    _public("student_p10", "P10 by student", Show.POINTS),
    _public("student_ratio", "P90 / P10 by student", Show.NUMBER),
)
_MONTHS = (
    _public("month", "Month", Show.DATE, "Its first day."),
    *_SCHOOL,
    _public("index", "Index", Show.POINTS),
    _public("grade", "Grade", Show.GRADE),
    _public("unknown_share", "Unknown", Show.RATIO),
    *(_public(f"{one}_points", f"{TITLES[one]}, points", Show.POINTS) for one in Indicator),
)


def report(equity: Equity) -> Report:
    """The sheet `schools` first: the lowest index on top, those without a grade last."""
    schools = {one.place.id: one for one in equity.schools}
    latest = equity.latest
    before = equity.cards[equity.months[1]] if len(equity.months) > 1 else ()
    indices = {card.school.id: card.index for card in before}
    rows = tuple(
        _school(card, schools[card.school.id], indices.get(card.school.id), equity) for card in latest
    )
    cards = tuple(row for card in latest for row in _cards(card, schools[card.school.id], equity))
    months = tuple(
        _month(card, schools[card.school.id]) for month in equity.months for card in equity.cards[month]
    )
    return Report(
        "equity",
        "Service of schools, and the gap between them",
        equity.at,
        (
            Sheet("schools", "Report cards of schools", _SCHOOLS, rows, _notes(equity)),
            Sheet("gap", "Gap between schools", _GAP, tuple(map(_gap, gaps(equity)))),
            Sheet("cards", "What each card stands on", _CARDS, cards),
            Sheet("months", "Index by month", _MONTHS, months, (_PAST,)),
        ),
        policy=equity.policy.name,
        simulated=equity.simulated,
    )


_PAST = (
    "Months without lessons are left out. Gear, cabling, speeds and enrolment are those of today: what was "
    "replaced since is not in earlier months."
)


def _notes(equity: Equity) -> tuple[str, ...]:
    out = []
    if equity.latest:
        out.append(f"Measured in the lessons of {equity.months[0]:%B %Y}.")
    elif equity.schools:
        out.append("Nothing is graded: no month of the measured window had enough lessons.")
    else:
        out.append("The inventory knows no school with lessons.")
    if equity.left_out:
        names = ", ".join(place.name for place in equity.left_out)
        out.append(f"Left out, because no lessons are held there: {names}.")
    if equity.elsewhere:
        out.append(
            f"{equity.elsewhere} devices stand at no school, or nobody said where, and count for none."
        )
    out.append("What is unknown earns nothing and costs nothing; its weight is told as unknown.")
    return tuple(out)


def _points(value: float | None) -> float | None:
    """In eighths, as all points are shown."""
    return None if value is None else math.floor(value * 8 + 0.5) / 8


def _grade(card: Card) -> str:
    return card.grade or NOT_GRADED


def _missing(card: Card, equity: Equity) -> tuple[str, ...]:
    if card.index is None:
        least = equity.policy.least_known
        return (f"grade: {card.known:.0%} of the weight is known, {least:.0%} are needed", *card.unknown)
    return card.unknown


def _school(card: Card, school: School, before: float | None, equity: Equity) -> ReportRow:
    policy, facts = equity.policy, school.facts
    points = len(school.access_points())
    gains = sorted(_gains(card, equity))
    measured: list[Cell] = []
    for one in card.indicators:
        measured += [base_value(one.indicator, one.value, policy), _points(one.points)]
    cells: tuple[Cell, ...] = (
        card.school.name,
        facts.level or None,
        facts.enrolment,
        card.index,
        _grade(card),
        None if card.index is None or before is None else card.index - before,
        1 - card.known,
        *measured,
        "; ".join(text for _, text, _ in gains[:_CHANGES]),
        "; ".join(text for _, _, text in gains[:_CHANGES]),
        _to_next(card, policy),
        facts.enrolment / points if facts.enrolment and points else None,
        points / facts.classrooms if facts.classrooms and points else None,
        "; ".join(_missing(card, equity)),
    )
    shown: dict[str, tuple[EvidenceItem, ...]] = {"index": tuple(map(_contribution, card.indicators))}
    for one in card.indicators:
        found = evidence(one, card.until, policy)
        if found:
            shown |= {str(one.indicator): found, f"{one.indicator}_points": found}
    return ReportRow(card.school.id, cells, shown, _missing(card, equity))


def _contribution(one: IndicatorCard) -> EvidenceItem:
    told = "unknown" if one.points is None else f"{one.points:.1f} of 100 points"
    text = f"{TITLES[one.indicator]}: {told}, weight {one.weight}, {one.known:.0%} of it known"
    return EvidenceItem(text, "policy", one.points, "points")


def _gains(card: Card, equity: Equity) -> Iterator[tuple[float, str, str]]:
    """What each indicator would bring, the most first when sorted: without names, and with them."""
    for one in card.indicators:
        gain = _gain(card.raises, one)
        if gain > 0:
            changes = [each for each in card.raises if each.indicator is one.indicator]
            yield (
                -gain,
                unnamed_change(one, gain, equity.policy),
                named_changes(changes, equity.policy),
            )


def _gain(raises: tuple[Raise, ...], one: IndicatorCard) -> float:
    return math.fsum(change.gain for change in raises if change.indicator is one.indicator)


def _to_next(card: Card, policy: EquityPolicy) -> str:
    if card.index is None:
        return ""
    if card.next_grade is None:
        return "best grade"
    letter, points, changes = card.next_grade
    if not changes:
        return f"{letter} takes {points:.1f} points: more than what is known can bring"
    by_indicator: dict[Indicator, list[Raise]] = {}
    for one in changes:
        by_indicator.setdefault(one.indicator, []).append(one)
    told = "; ".join(named_changes(group, policy) for group in by_indicator.values())
    return f"{letter} takes {points:.1f} points: {told}"


def _cards(card: Card, school: School, equity: Equity) -> Iterator[ReportRow]:
    policy = equity.policy
    for one in card.indicators:
        gain = _gain(card.raises, one)
        changes = [each for each in card.raises if each.indicator is one.indicator]
        cells: tuple[Cell, ...] = (
            card.school.name,
            school.facts.level or None,
            TITLES[one.indicator],
            one.weight,
            base_value(one.indicator, one.value, policy),
            UNITS[one.indicator],
            None if one.value is None else told_value(one.indicator, one.value, policy),
            _points(one.points),
            base_value(one.indicator, one.target, policy),
            one.number,
            one.known,
            None if card.index is None else _points(gain),
            unnamed_change(one, gain, policy) if gain > 0 else "",
            named_changes(changes, policy) if changes else "",
            policy.indicators[one.indicator].sentence,
        )
        found = evidence(one, card.until, policy)
        unknown = [text for text in card.unknown if text.startswith(f"{one.indicator}:")]
        yield ReportRow(
            f"{card.school.id}#{one.indicator}",
            cells,
            {"value": found, "points": found} if found else {},
            tuple(unknown),
        )


def _gap(gap: Gap) -> ReportRow:
    best, worst = (gap.graded[-1], gap.graded[0]) if gap.graded else (None, None)
    cells: tuple[Cell, ...] = (
        gap.month,
        gap.level or "all",
        len(gap.graded),
        gap.not_graded,
        gap.mean,
        None if best is None else best.school.name,
        None if best is None else best.index,
        None if worst is None else worst.school.name,
        None if worst is None else worst.index,
        gap.difference,
        gap.high,
        gap.low,
        gap.ratio,
        gap.students,
        gap.student_mean,
        gap.student_high,
        gap.student_low,
        gap.student_ratio,
    )
    unknown = []
    if gap.not_graded:
        unknown.append(f"{gap.not_graded} schools are not graded")
    if gap.uncounted:
        unknown.append(f"enrolment of {gap.uncounted} schools, which by student count for nothing")
    told = tuple(
        EvidenceItem(f"{card.school.name}: {card.index:g}", "index", card.index, "points")
        for card in reversed(gap.graded)
        if card.index is not None
    )
    return ReportRow(
        f"{gap.month}#{gap.level or 'all'}", cells, {"mean": told} if told else {}, tuple(unknown)
    )


def _month(card: Card, school: School) -> ReportRow:
    cells: tuple[Cell, ...] = (
        card.month,
        card.school.name,
        school.facts.level or None,
        card.index,
        _grade(card),
        1 - card.known,
        *(_points(one.points) for one in card.indicators),
    )
    shown = {"index": tuple(map(_contribution, card.indicators))}
    return ReportRow(f"{card.month}#{card.school.id}", cells, shown, card.unknown)
