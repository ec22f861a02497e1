"""The differences between two sheets, row by row: facts without words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from netwatch.model import Cell, EvidenceItem, ReportColumn, ReportRow, Sheet, Show
from netwatch.planning.comparison.policies import PolicyChange

__all__ = ["CellChange", "Move", "PartChange", "SheetDifference", "Status", "differences"]

SCORE, RANK = "score", "rank"
_RETOLD = frozenset({RANK, SCORE, "rank_low", "rank_high", "reasons", "unknown", "device"})
"""Columns that tell of others in words, that a move tells in its own way, or that people don't read: ids."""
_NOISE = 1e-9
"""Below it a difference of floats is how they are rounded."""
REST = ReportColumn("rest", "Other", Show.POINTS, "What the columns of points do not explain.")


class Status(StrEnum):
    NEW = "new"
    GONE = "gone"
    ROSE = "rose"
    FELL = "fell"
    CHANGED = "changed"
    """Its place is the same, something else is not."""


@dataclass(frozen=True, slots=True)
class CellChange:
    column: ReportColumn
    before: Cell
    after: Cell


@dataclass(frozen=True, slots=True)
class PartChange:
    """A contribution to the score that changed."""

    column: ReportColumn
    before: float
    after: float
    old: tuple[EvidenceItem, ...]
    new: tuple[EvidenceItem, ...]
    by_policy: float | None
    """Points that the policy changed; None where nobody can tell."""

    @property
    def change(self) -> float:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Move:
    """One row that is not as it was. Before or after, never both, is None for a row that came or went."""

    status: Status
    key: str
    before: ReportRow | None
    after: ReportRow | None
    rank_before: int | None
    rank_after: int | None
    moved: int
    """Places, upwards is positive. What is new came from below the last row, what is gone went there."""
    score_before: float | None
    score_after: float | None
    parts: tuple[PartChange, ...]
    """The largest change first; together they are the change of the score, exactly."""
    cells: tuple[CellChange, ...]
    """Without what `parts`, ranks and scores tell."""
    learnt: tuple[str, ...]
    """Facts that were missing and are not any more: known now, or not asked for."""
    forgotten: tuple[str, ...]

    @property
    def change(self) -> float | None:
        """Of the score; None where there is no score, and for a row that came or went."""
        if self.score_before is None or self.score_after is None:
            return None
        return self.score_after - self.score_before

    @property
    def by_policy(self) -> float | None:
        """Points of the change that come from the policy; None where nobody can tell."""
        if self.change is None or any(one.by_policy is None for one in self.parts):
            return None
        return sum(one.by_policy or 0.0 for one in self.parts)

    @property
    def displaced(self) -> bool:
        """Nothing of it changed but its place: others moved."""
        return not (self.parts or self.cells or self.learnt or self.forgotten) and (
            self.before is not None and self.after is not None
        )


@dataclass(frozen=True, slots=True)
class SheetDifference:
    old: Sheet
    new: Sheet
    moves: tuple[Move, ...]
    """What changed by itself first, the longest way first; then what others displaced."""

    @property
    def parts(self) -> tuple[ReportColumn, ...]:
        """What the score is the sum of, in both sheets, in order."""
        columns = {one.key: one for sheet in (self.new, self.old) for one in parts_of(sheet)}
        if any(part.column is REST for move in self.moves for part in move.parts):
            columns[REST.key] = REST
        return tuple(columns.values())


@dataclass(frozen=True, slots=True)
class _Row:
    row: ReportRow
    sheet: Sheet
    rank: int
    parts: Mapping[str, ReportColumn]
    places: Mapping[str, int]

    def cell(self, key: str) -> Cell:
        return self.row.cells[self.places[key]]

    def points(self, key: str) -> float:
        """0 for what is no part here, and for what is unknown: it earned nothing."""
        if key not in self.parts:
            return 0.0
        value = self.cell(key)
        return float(value) if isinstance(value, int | float) else 0.0


def differences(
    old: Sheet, new: Sheet, middle: Sheet | None = None, policy: Sequence[PolicyChange] = ()
) -> SheetDifference:
    """All rows that are not the same. Rows are matched by key, twins in their order.

    `middle` is what the old facts give under the new policy: it tells the points that come from the policy.
    Without it, what the `policy` changed is told where the evidence is the same.
    """
    before, after = _rows(old), _rows(new)
    between = {} if middle is None else _rows(middle)
    length = max(len(old.rows), len(new.rows)) + 1
    moves = [
        move
        for key in dict.fromkeys((*after, *before))
        if (
            move := _move(
                before.get(key),
                after.get(key),
                between.get(key),
                length,
                known=middle is not None,
                policy=policy,
            )
        )
    ]
    moves.sort(key=_weight)
    return SheetDifference(old, new, tuple(moves))


def _weight(move: Move) -> tuple[object, ...]:
    change = abs(move.change or 0.0)
    place = move.rank_after if move.rank_after is not None else move.rank_before
    return move.displaced, -abs(move.moved), -change, place, move.key


def _rows(sheet: Sheet) -> dict[tuple[str, int], _Row]:
    ranked = any(one.key == RANK and one.show is Show.COUNT for one in sheet.columns)
    seen: dict[str, int] = {}
    out = {}
    parts = {one.key: one for one in parts_of(sheet)}
    places = {one.key: place for place, one in enumerate(sheet.columns)}
    for number, row in enumerate(sheet.rows, 1):
        twin = seen[row.key] = seen.get(row.key, -1) + 1
        told = row.cells[places[RANK]] if ranked else None
        out[row.key, twin] = _Row(row, sheet, told if isinstance(told, int) else number, parts, places)
    return out


def _move(
    before: _Row | None,
    after: _Row | None,
    between: _Row | None,
    length: int,
    *,
    known: bool,
    policy: Sequence[PolicyChange],
) -> Move | None:
    """None for a row that is as it was."""
    here = after or before
    assert here is not None
    parts: tuple[PartChange, ...] = ()
    cells: tuple[CellChange, ...] = ()
    learnt: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    if before is None or after is None:
        status = Status.NEW if before is None else Status.GONE
        moved = length - here.rank if before is None else here.rank - length
    else:
        moved = before.rank - after.rank
        parts = tuple(_part_changes(before, after, between, known=known, policy=policy))
        cells = tuple(_cell_changes(before, after))
        learnt = tuple(one for one in before.row.unknown if one not in after.row.unknown)
        forgotten = tuple(one for one in after.row.unknown if one not in before.row.unknown)
        same = _score(before) == _score(after)
        if not (moved or parts or cells or learnt or forgotten) and same:
            return None
        status = Status.ROSE if moved > 0 else Status.FELL if moved < 0 else Status.CHANGED
    return Move(
        status=status,
        key=here.row.key,
        before=None if before is None else before.row,
        after=None if after is None else after.row,
        rank_before=None if before is None else before.rank,
        rank_after=None if after is None else after.rank,
        moved=moved,
        score_before=None if before is None else _score(before),
        score_after=None if after is None else _score(after),
        parts=parts,
        cells=cells,
        learnt=learnt,
        forgotten=forgotten,
    )


def _score(row: _Row) -> float | None:
    for one in row.sheet.columns:
        if one.key == SCORE and one.show is Show.POINTS:
            value = row.cell(SCORE)
            return float(value) if isinstance(value, int | float) else None
    return None


def parts_of(sheet: Sheet) -> tuple[ReportColumn, ...]:
    """The columns that the score is the sum of: the longest run of columns of points that adds up to it in
    every row, since a sheet may show other points, or sums of parts, too. Empty where there is no score."""
    points = [one for one in sheet.columns if one.show is Show.POINTS and one.key != SCORE]
    if not any(one.key == SCORE and one.show is Show.POINTS for one in sheet.columns):
        return ()
    score = sheet.place(SCORE)
    places = [sheet.place(one.key) for one in points]
    runs = combinations(range(len(points) + 1), 2)
    for first, last in sorted(runs, key=lambda run: (run[0] - run[1], run[0])):
        if all(_adds_up(row.cells, score, places[first:last]) for row in sheet.rows):
            return tuple(points[first:last])
    told = {key for row in sheet.rows for key in row.evidence}
    return tuple(one for one in points if one.key in told)


def _adds_up(cells: Sequence[Cell], score: int, parts: Sequence[int]) -> bool:
    given = (cells[part] for part in parts)
    total, wanted = sum(float(one) for one in given if isinstance(one, int | float)), cells[score]
    return wanted is None or (isinstance(wanted, int | float) and abs(total - wanted) <= _NOISE)


def _part_changes(
    before: _Row, after: _Row, between: _Row | None, *, known: bool, policy: Sequence[PolicyChange]
) -> Iterator[PartChange]:
    columns = {**before.parts, **after.parts}
    found, explained = [], 0.0
    for key, column in columns.items():
        was, now = before.points(key), after.points(key)
        old, new = (tuple(row.row.evidence.get(key, ())) for row in (before, after))
        explained += now - was
        if abs(now - was) > _NOISE:
            if known:
                by_policy = None if between is None else between.points(key) - was
            elif not policy:
                by_policy = 0.0
            else:
                by_policy = now - was if old == new else None
            found.append(PartChange(column, was, now, old, new, by_policy))
    scores = _score(before), _score(after)
    if scores[0] is not None and scores[1] is not None:
        rest = scores[1] - scores[0] - explained
        if abs(rest) > _NOISE:
            found.append(PartChange(REST, 0.0, rest, (), (), None if policy else 0.0))
    yield from sorted(found, key=lambda one: (-abs(one.change), one.column.key))


def _cell_changes(before: _Row, after: _Row) -> Iterator[CellChange]:
    shows = {one.key: one.show for one in before.sheet.columns}
    for column in after.sheet.columns:
        part = column.key in before.parts or column.key in after.parts
        if part or column.key in _RETOLD or shows.get(column.key) is not column.show:
            continue
        was, now = before.cell(column.key), after.cell(column.key)
        if was != now:
            yield CellChange(column, was, now)
