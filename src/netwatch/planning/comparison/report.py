"""A comparison as a report, so that every format can show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from netwatch.errors import PlanningError
from netwatch.model import Cell, EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show
from netwatch.planning.basis import day_of
from netwatch.planning.comparison.differ import Move, PartChange, SheetDifference, Status, differences
from netwatch.planning.comparison.policies import PolicyChange
from netwatch.planning.comparison.words import cell_text, why

__all__ = ["compare"]

_WHY = ReportColumn("why", "Why", help="What moved it, the weightiest first.")
_CELLS = (
    ReportColumn("sheet", "Sheet"),
    ReportColumn("name", "Name"),
    ReportColumn("column", "Column"),
    ReportColumn("before", "Before"),
    ReportColumn("after", "After"),
)
_POLICY = (
    ReportColumn("key", "Key of the policy", public=True),
    ReportColumn("before", "Before", public=True),
    ReportColumn("after", "After", public=True),
)


def compare(
    old: Report,
    new: Report,
    *,
    labels: tuple[str, str] = ("", ""),
    middle: Report | None = None,
    policy: Sequence[PolicyChange] = (),
    notes: Sequence[str] = (),
) -> Report:
    """What moved from one report of a plan to another, the longest way first. Pure. A report compared with
    itself gives sheets without rows.

    `labels` name both for people; else their days do. `middle` is the old facts judged under the new policy,
    if somebody can judge them still: with it points that come from the policy are told apart exactly.
    `policy` is what changed in it. Raises PlanningError for reports of two plans.
    """
    if old.name != new.name:
        raise PlanningError(
            f"{old.name} can't be compared with {new.name}: compare two reports of the same plan"
        )
    sheets = list(_pairs(old, new))
    told = []
    for number, (before, after) in enumerate(sheets):
        between = None if middle is None else next((s for s in middle.sheets if s.name == after.name), None)
        found = differences(before, after, between, policy)
        told.append((found, _moves(found, "moves" if number == 0 else f"moves_{after.name}", policy)))
    names = tuple(label or day_of(one.at).isoformat() for label, one in zip(labels, (old, new), strict=True))
    head = [_from_to(old, new, names), *notes, *_policy_notes(old, new, policy, known=middle is not None)]
    head += [_summary(found) for found, _ in told[:1]]
    cells = Sheet("cells", "Cells that changed", _CELLS, tuple(_cell_rows([found for found, _ in told])))
    changes = Sheet("policy", "What changed in the policy", _POLICY, tuple(map(_policy_row, policy)))
    return Report(
        "comparison",
        f"{new.title}: {names[0]} to {names[1]}",
        new.at,
        (*(sheet for _, sheet in told), cells, changes),
        policy=new.policy,
        currency=new.currency,
        simulated=old.simulated or new.simulated,
        notes=tuple(head),
    )


def _pairs(old: Report, new: Report) -> Iterator[tuple[Sheet, Sheet]]:
    """Sheets of both; one that is only in one of them is compared with an empty one."""
    before, after = ({sheet.name: sheet for sheet in one.sheets} for one in (old, new))
    for name in dict.fromkeys((*after, *before)):
        here = after.get(name) or before[name]
        empty = Sheet(name, here.title, here.columns, ())
        yield before.get(name, empty), after.get(name, empty)


def _moves(found: SheetDifference, name: str, policy: Sequence[PolicyChange]) -> Sheet:
    scored = any(one.key == "score" and one.show is Show.POINTS for one in found.new.columns)
    shown = {one.key: one for one in (*found.old.columns, *found.new.columns)}
    school = [shown["school"]] if "school" in shown else []
    parts = found.parts if scored else ()
    columns = (
        ReportColumn("change", "Change", help="new, gone, rose, fell or changed", public=True),
        ReportColumn("name", "Name"),
        *school,
        ReportColumn("rank_before", "Rank before", Show.COUNT, public=True),
        ReportColumn("rank_after", "Rank after", Show.COUNT, public=True),
        ReportColumn("moved", "Places", Show.COUNT, "Upwards is positive.", public=True),
        *(_score_columns() if scored else ()),
        *(
            ReportColumn(
                f"{one.key}_change", f"{one.title}, change", Show.POINTS, one.help, public=one.public
            )
            for one in parts
        ),
        _WHY,
    )
    seen: Counter[str] = Counter()
    rows = []
    for move in found.moves:
        seen[move.key] += 1
        key = move.key if seen[move.key] == 1 else f"{move.key} #{seen[move.key]}"
        cells = _cells(found, move, with_school=bool(school), scored=scored)
        points = {part.column.key: part for part in move.parts}
        changes = tuple(
            None if move.change is None else points[one.key].change if one.key in points else 0.0
            for one in parts
        )
        evidence = {f"{one.key}_change": _evidence(points[one.key]) for one in parts if one.key in points}
        evidence = {key: items for key, items in evidence.items() if items}
        unknown = (move.after or move.before).unknown  # type: ignore[union-attr] # one of them is there
        rows.append(ReportRow(key, (*cells, *changes, why(move, policy)), evidence, unknown))
    return Sheet(name, f"What moved: {found.new.title}", columns, tuple(rows), found.new.notes)


def _score_columns() -> tuple[ReportColumn, ...]:
    return (
        ReportColumn("score_before", "Score before", Show.POINTS, public=True),
        ReportColumn("score_after", "Score after", Show.POINTS, public=True),
        ReportColumn(
            "score_change", "Score, change", Show.POINTS, "The sum of the changes of its parts.", public=True
        ),
        ReportColumn(
            "from_facts", "By facts", Show.POINTS, "Points of the change that the world made.", public=True
        ),
        ReportColumn(
            "from_policy", "By policy", Show.POINTS, "Points of the change that the policy made.", public=True
        ),
    )


def _cells(found: SheetDifference, move: Move, *, with_school: bool, scored: bool) -> tuple[Cell, ...]:
    school = (_told(found, move, "school"),) if with_school else ()
    change, by_policy = move.change, move.by_policy
    scores: tuple[Cell, ...] = ()
    if scored:
        by_facts = None if change is None or by_policy is None else change - by_policy
        scores = (move.score_before, move.score_after, change, by_facts, by_policy)
    ranks = (move.rank_before, move.rank_after, move.moved)
    return (move.status.value, _name(found, move), *school, *ranks, *scores)


def _evidence(part: PartChange) -> tuple[EvidenceItem, ...]:
    """What it stands on now, and what it stood on before, which is marked."""
    old = (
        EvidenceItem(f"before: {one.text}", one.source, one.value, one.unit, one.at)
        for one in part.old
        if one not in part.new
    )
    return (*part.new, *old)


def _told(found: SheetDifference, move: Move, key: str) -> Cell:
    """Of the row as it is now, or as it was."""
    row, sheet = (move.after, found.new) if move.after is not None else (move.before, found.old)
    assert row is not None
    keys = [one.key for one in sheet.columns]
    return row.cells[keys.index(key)] if key in keys else None


def _name(found: SheetDifference, move: Move) -> str:
    told = _told(found, move, "name")
    if told is None:
        texts = (one.key for one in found.new.columns if one.show is Show.TEXT)
        told = next((text for key in texts if (text := _told(found, move, key))), None)
    return str(told or move.key)


def _cell_rows(sheets: Sequence[SheetDifference]) -> Iterator[ReportRow]:
    for found in sheets:
        for move in found.moves:
            for one in move.cells:
                key = f"{found.new.name}/{move.key}/{one.column.key}"
                before, after = (cell_text(value, one.column.show) for value in (one.before, one.after))
                yield ReportRow(key, (found.new.title, _name(found, move), one.column.title, before, after))


def _policy_row(change: PolicyChange) -> ReportRow:
    return ReportRow(change.dotted, (change.dotted, change.before, change.after))


def _from_to(old: Report, new: Report, names: tuple[str, ...]) -> str:
    days = [day_of(one.at).isoformat() for one in (old, new)]
    told = [name if name == day else f"{name} ({day})" for name, day in zip(names, days, strict=True)]
    policies = (
        f"policy: {new.policy}" if old.policy == new.policy else f"policies: {old.policy}, {new.policy}"
    )
    return f"from {told[0]} to {told[1]}; {policies}"


def _policy_notes(old: Report, new: Report, policy: Sequence[PolicyChange], *, known: bool) -> Iterator[str]:
    if policy and not known:
        yield (
            f"the policy changed too, in {len(policy)} places: points that it moved are told where the "
            "evidence is the same, and unknown elsewhere"
        )
    elif not policy and old.policy != new.policy:
        yield "the policy has another name; what changed in it is not known"


def _summary(found: SheetDifference) -> str:
    counts = Counter(move.status for move in found.moves)
    displaced = sum(move.displaced for move in found.moves)
    told = [f"{counts[one]} {one.value}" for one in Status if counts[one]]
    text = ", ".join(told) or "nothing moved"
    return f"{text}; {displaced} of them only because others moved" if displaced else text
