"""Why a row moved, in words that a board member reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from netwatch.model import Cell, EvidenceItem, Show, prefixed
from netwatch.planning.comparison.differ import CellChange, Move, PartChange, Status
from netwatch.planning.comparison.policies import PolicyChange

__all__ = ["cell_text", "part_text", "why"]

_TOLD = 1.0
"""Points from which on a change is explained beside the largest one."""
_NAMED = 3
"""Missing facts that are named."""


def why(move: Move, policy: Sequence[PolicyChange] = ()) -> str:
    """One sentence or two, e.g. `rose from 14 to 3: support +8.0 because last day of support 2026-10-31 has
    passed; age +0.5`."""
    head = _head(move)
    reasons = list(_reasons(move, policy))
    return f"{head}: {'; '.join(reasons)}" if reasons else head


def part_text(part: PartChange, policy: Sequence[PolicyChange] = (), *, explained: bool = True) -> str:
    """A contribution that changed, e.g. `age +0.5`, and what for."""
    name = part.column.key.replace("_", " ")
    text = f"{name} {part.change:+.1f}" if round(part.change, 1) else f"{name} {part.change:+.3g}"
    if not explained:
        return text
    weights = [one for one in policy if one.concerns(part.column.key)]
    because = ""
    if part.old != part.new:
        because = _because(part)
    elif weights:
        because = f" by policy ({'; '.join(map(_weight, weights[:2]))})"
    elif part.by_policy:
        because = " by policy"
    if part.old != part.new and part.by_policy:
        because += f", {part.by_policy:+.1f} of it by policy"
    return text + because


def cell_text(value: Cell, show: Show, currency: str = "") -> str:
    """A cell in the unit that people use; `unknown` for what is not known."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value or "nothing"
    match show:
        case Show.RATIO:
            return f"{value:.1%}"
        case Show.MONEY:
            return f"{value:,.2f} {currency}".rstrip()
        case Show.YEARS:
            return f"{value:.1f} years"
        case Show.SECONDS:
            return f"{value / 3600:.1f} hours" if abs(value) >= 3600 else f"{value:.1f} seconds"
        case Show.BYTES:
            return prefixed(value, "B")
        case Show.BYTES_PER_SECOND:
            return prefixed(value * 8, "b/s")
        case Show.WATTS:
            return prefixed(value, "W")
        case _:
            return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _head(move: Move) -> str:
    before, after = move.rank_before, move.rank_after
    match move.status:
        case Status.NEW:
            score = "" if move.score_after is None else f" with {move.score_after:.1f} points"
            return f"new at {after}{score}"
        case Status.GONE:
            score = "" if move.score_before is None else f" with {move.score_before:.1f} points"
            return f"gone, was at {before}{score}"
        case Status.CHANGED:
            return f"stays at {after}"
        case status:
            verb = "rose" if status is Status.ROSE else "fell"
            text = f"{verb} from {before} to {after}"
            if move.displaced:
                return f"{text} because others moved"
            against = (move.change or 0.0) * move.moved < 0
            if not against:
                return text
            return f"{text} (its score {'rose' if verb == 'fell' else 'fell'}, that of others more)"


def _reasons(move: Move, policy: Sequence[PolicyChange]) -> Iterator[str]:
    if move.status is Status.NEW and move.after is not None:
        yield from _first_evidence(move)
    change = move.change
    up = move.status is Status.ROSE or (move.status is Status.CHANGED and (change or 0) > 0)
    # What pushed it this way comes first; what held against it after that.
    parts = sorted(move.parts, key=lambda one: ((one.change > 0) != up, -abs(one.change), one.column.key))
    for number, part in enumerate(parts):
        yield part_text(part, policy, explained=number == 0 or abs(part.change) >= _TOLD)
    if change is not None and not change and parts:
        yield "its score is the same"
    yield from (_cell_text(one) for one in move.cells)
    if move.learnt:
        yield f"no longer missing: {_few(move.learnt)}"
    if move.forgotten:
        yield f"missing now: {_few(move.forgotten)}"


def _few(names: Sequence[str]) -> str:
    left = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {left} more" if left > 0 else "")


def _first_evidence(move: Move) -> Iterator[str]:
    """What gave a new row its points: the first evidence of three columns at most."""
    assert move.after is not None
    told = [(column, items[0].text) for column, items in move.after.evidence.items() if items]
    yield from (f"{column.replace('_', ' ')}: {text}" for column, text in told[:3])


def _cell_text(change: CellChange) -> str:
    show, title = change.column.show, change.column.title.lower()
    was, now = cell_text(change.before, show), cell_text(change.after, show)
    text = f"{title} {now}, before {was}"
    if type(change.before) is date and type(change.after) is date:
        days = (change.after - change.before).days
        text += f" ({abs(days)} {'day' if abs(days) == 1 else 'days'} {'later' if days > 0 else 'earlier'})"
    return text


def _weight(change: PolicyChange) -> str:
    name = ".".join(change.path[-2:]).removeprefix("criteria.")
    if change.path[-1] == "points" and change.before and change.after:
        return f"{change.path[-2]} counts {change.after} points instead of {change.before}"
    return f"{name} is {change.after or 'gone'}, was {change.before or 'not there'}"


def _because(part: PartChange) -> str:
    """What the evidence says now that it did not say before."""
    old = [one for one in part.old if one not in part.new]
    new = [one for one in part.new if one not in part.old]
    # How much a criterion counts, said by the policy, explains less than what was measured.
    for item in sorted(new, key=lambda one: one.source == "policy"):
        before = _counterpart(item, old)
        if before is None:
            if part.change > 0:
                return f" because of {item.text}"
            continue
        if item.unit == "years since" and (before.value or 0) < 0 <= (item.value or 0):
            return f" because {_clause(item.text)} has passed"
        if item.unit == "years since" and (item.value or 0) < 0 <= (before.value or 0):
            return (
                f" because {_clause(item.text)} is still to come (before: {_other(before.text, item.text)})"
            )
        if item.text != before.text:
            return f" ({item.text}; before: {_other(before.text, item.text)})"
    if part.change < 0 and old:
        return f" (no longer: {old[0].text})"
    return f" ({new[0].text})" if new else ""


def _counterpart(item: EvidenceItem, others: Sequence[EvidenceItem]) -> EvidenceItem | None:
    """The same fact as it was told before: of that source or unit, the one with the most words alike."""
    alike = [one for one in others if one.unit == item.unit and _shared(one.text, item.text)]
    same = [one for one in alike if one.source == item.source] or alike
    return max(same, key=lambda one: len(_shared(one.text, item.text)), default=None)


def _shared(left: str, right: str) -> list[str]:
    """Words that both begin with."""
    out = []
    for one, other in zip(left.split(), right.split(), strict=False):
        if one != other:
            break
        out.append(one)
    return out


def _other(before: str, now: str) -> str:
    """What differs of a text, without the words that both begin and end with."""
    words, others = before.split(), now.split()
    start = len(_shared(before, now))
    end = 0
    while end < min(len(words), len(others)) - start and words[-1 - end] == others[-1 - end]:
        end += 1
    left = words[start : len(words) - end]
    return " ".join(left).rstrip(",;") or before


def _clause(text: str) -> str:
    return text.partition(",")[0]
