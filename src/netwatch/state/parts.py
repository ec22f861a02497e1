"""Which of the things that a device lost are which of the things that it gained.

Asked when a complete table names ports (radios, volumes, sensors) that nobody knows, while known ones are
missing from it: a rename, a restack, or a true swap. A new name alone proves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from netwatch.model import Witness, WitnessKind
from netwatch.state.witnesses import strong

__all__ = ["Part", "match_parts"]


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of one thing on a device, before or now."""

    natural: str
    index: str
    """Row index in the source's table."""
    witnesses: tuple[Witness, ...]


def match_parts(lost: Sequence[Part], gained: Sequence[Part]) -> dict[int, int]:
    """Positions in `gained` mapped to the positions in `lost` that they go on from. What is left out is new.

    First by strong witnesses that are unique on both sides (the ports of a cheap switch share one MAC
    address), then by row index where no strong witness contradicts.
    """
    found: dict[int, int] = {}
    by_witness = _unique(lost)
    for position, part in _unique_of(gained):
        match = next((by_witness[w] for w in strong(part.witnesses) if w in by_witness), None)
        if match is not None and match not in found.values():
            found[position] = match
    taken = set(found.values())
    by_index = {
        part.index: position
        for position, part in enumerate(lost)
        if part.index and position not in taken and part.index != part.natural
    }
    for position, part in enumerate(gained):
        match = by_index.get(part.index)
        if position not in found and match is not None and not _contradict(lost[match], part):
            found[position] = match
            del by_index[part.index]
    return found


def _unique(parts: Sequence[Part]) -> dict[Witness, int]:
    """Strong witnesses that exactly one part has."""
    counts = Counter(witness for part in parts for witness in strong(part.witnesses))
    return {
        witness: position
        for position, part in enumerate(parts)
        for witness in strong(part.witnesses)
        if counts[witness] == 1
    }


def _unique_of(parts: Sequence[Part]) -> list[tuple[int, Part]]:
    """Parts with those strong witnesses alone that no other part shares."""
    unique = _unique(parts)
    return [
        (at, replace(part, witnesses=tuple(w for w in strong(part.witnesses) if unique.get(w) == at)))
        for at, part in enumerate(parts)
    ]


def _contradict(before: Part, now: Part) -> bool:
    """True if both show a strong witness of one kind and the values differ."""
    had = _values(before)
    return any(kind in had and had[kind].isdisjoint(values) for kind, values in _values(now).items())


def _values(part: Part) -> dict[WitnessKind, set[str]]:
    out: dict[WitnessKind, set[str]] = {}
    for witness in strong(part.witnesses):
        out.setdefault(witness.kind, set()).add(witness.value)
    return out
