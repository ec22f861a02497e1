"""Which of the things that a device has are which of the things that it had.

Asked when a complete table differs from what is known: ports (radios, volumes, modules, sensors) were
renamed, renumbered, restacked or swapped. A new name alone proves nothing, and neither does an old one: after
a restack the names stay and the ports behind them change places.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from netwatch.model import Witness, WitnessKind
from netwatch.state.witnesses import strong

__all__ = ["Part", "is_row_number", "match_parts"]


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of one thing on a device, before or now. Empty is unknown."""

    natural: str
    index: str
    """Row index in the source's table."""
    witnesses: tuple[Witness, ...]
    name: str = ""
    descr: str = ""
    alias: str = ""
    sort: str = ""
    """What it is: ifType, entPhysicalClass, the class of a sensor. Names do not make one sort another."""
    by_row: bool = False
    """True if `natural` is no more than the row's number, which the agent may give to another thing."""
    numbered: bool = False
    """True for a port: if all else fails the numbers in its name tell."""
    gone: bool = False
    """True for what no table tells of any more: it does not spoil what is unique among the rest."""


def is_row_number(natural: str, index: str) -> bool:
    """True for a key that is made of the row's number: `1005`, `physical_sensors.temperature.1005`, or
    `port#5` where several rows have one name."""
    return bool(index) and (natural == index or natural.endswith(("." + index, "#" + index)))


def match_parts(known: Sequence[Part], seen: Sequence[Part]) -> dict[int, int]:
    """Positions in `seen` mapped to the positions in `known` that they go on from. What is left out is new.

    Both sides are whole tables, since evidence counts only where it is unique (the ports of a cheap switch
    share one MAC address). In this order: strong witnesses; natural keys; names; aliases; row numbers, unless
    the rows were evidently renumbered; the numbers in the names of ports. From names on, a strong witness
    that contradicts is believed.
    """
    match = _Match(_with_twins(known), _with_twins(seen))
    match.by_strong()
    match.by(_proof_and_name)
    match.by_natural()
    match.by_place()
    for evidence in (_description, _name, _descr, _alias):
        match.by(evidence)
    if not match.rows_stayed():
        match.by_order(always=True)
    else:
        match.by_order(always=False)
        match.by(_row)
        match.by_row_number()
    match.by(_numbers)
    match.by(_last_number)
    return match.found


def _with_twins(parts: Sequence[Part]) -> Sequence[Part]:
    """Of several rows of one name the first has the plain name as its key, which means as little as the
    number that the others have in theirs."""
    twins = {part.natural.rpartition("#")[0] for part in parts if part.by_row} - {""}
    if not twins:
        return parts
    return [replace(part, by_row=True) if part.natural in twins else part for part in parts]


def _described(part: Part, by_sort: bool = True) -> tuple[str, ...]:
    """All that is said of a part, short of its number."""
    stem = part.natural.removesuffix(part.index).rstrip("#.") if part.by_row else ""
    descr = "" if part.descr in (part.natural, part.name) else part.descr
    return (stem, part.name, descr, part.sort if by_sort else "")


def _description(part: Part) -> Hashable:
    return _described(part) if part.name else None


def _proof_and_name(part: Part) -> Hashable:
    """A slot and the card in it show one serial number, and two cards one name: together they tell."""
    proofs = strong(part.witnesses) if part.by_row else ()
    return (proofs, *_described(part)) if proofs else None


def _name(part: Part) -> Hashable:
    return part.name or None


def _descr(part: Part) -> Hashable:
    return part.descr or None


def _alias(part: Part) -> Hashable:
    return part.alias or None


def _row(part: Part) -> Hashable:
    return part.index if part.index and part.index != part.natural else None


def _numbers(part: Part) -> Hashable:
    """Gi1/0/7 and 1/0/7."""
    found = tuple(map(int, re.findall(r"\d+", part.natural)))[-4:] if part.numbered else ()
    return (part.sort, found) if found else None


def _last_number(part: Part) -> Hashable:
    """FastEthernet0/7 and Gi1/0/7."""
    found = re.findall(r"\d+", part.natural) if part.numbered else []
    return (part.sort, int(found[-1])) if found else None


class _Match:
    """A table of before and one of now, and what was paired so far."""

    def __init__(self, known: Sequence[Part], seen: Sequence[Part]) -> None:
        self.known = known
        self.seen = seen
        self.found: dict[int, int] = {}
        self._used: set[int] = set()
        self._proofs = [strong(part.witnesses) for part in known], [strong(part.witnesses) for part in seen]
        self._naturals = {part.natural: position for position, part in enumerate(known)}
        self._names = Counter(part.name for part in known), Counter(part.name for part in seen)

    def by_strong(self) -> None:
        """A unique strong witness overrules the name that was another part's, if that other part has such a
        witness too and it is not here: members of a team of NICs pass one address on among them."""
        gone = [proofs if part.gone else () for part, proofs in zip(self.known, self._proofs[0], strict=True)]
        here = [() if part.gone else proofs for part, proofs in zip(self.known, self._proofs[0], strict=True)]
        shown = {witness for proofs in here for witness in proofs}
        before = {w: at for w, at in _unique(gone).items() if w not in shown} | _unique(here)
        now = _unique(self._proofs[1])
        owned: dict[int, set[WitnessKind]] = {}
        for witness, position in before.items():
            owned.setdefault(position, set()).add(witness.kind)
        for at, proofs in enumerate(self._proofs[1]):
            proof = next((w for w in proofs if w in before and now.get(w) == at), None)
            if proof is None or before[proof] in self._used:
                continue
            rival = None if self.seen[at].by_row else self._naturals.get(self.seen[at].natural)
            if rival in (None, before[proof]) or proof.kind in owned.get(rival or 0, ()):
                self._pair(at, before[proof])

    def by_natural(self) -> None:
        for at, part in enumerate(self.seen):
            position = self._naturals.get(part.natural)
            if position is None or part.by_row or at in self.found or position in self._used:
                continue
            self._pair(at, position)

    def by(self, evidence: Callable[[Part], Hashable]) -> None:
        """Pairs by what is unique among all of both tables."""
        known = _singles(evidence(part) for part in self.known)
        for key, at in _singles(evidence(part) for part in self.seen).items():
            position = known.get(key)
            if position is not None:
                self._try(at, position)

    def by_row_number(self) -> None:
        for at, part in enumerate(self.seen):
            if part.by_row and part.natural in self._naturals:
                self._try(at, self._naturals[part.natural])

    def by_place(self) -> None:
        """The same row of the same name: whatever is there now, it took over the place."""
        for at, part in enumerate(self.seen):
            position = self._naturals.get(part.natural)
            if position is None or not part.by_row or at in self.found or position in self._used:
                continue
            if part.name == self.known[position].name != part.natural and self._is_single(part.name):
                self._pair(at, position)

    def by_order(self, always: bool) -> None:
        """Rows of one name and sort, as many as before, under other numbers: they keep their order."""
        sorted_ = any(part.sort for part in self.known)
        before, now = _groups(self.known, self._used, sorted_), _groups(self.seen, self.found, sorted_)
        for key, positions in now.items():
            old = before.get(key, [])
            if not key[1] or len(old) != len(positions):
                continue
            stay = {self.known[was].natural for was in old} & {self.seen[at].natural for at in positions}
            if always or (2 * len(stay) < len(old) and all(self.seen[at].by_row for at in positions)):
                for at, was in zip(positions, old, strict=True):
                    self._try(at, was)

    def rows_stayed(self) -> bool:
        """False if most of what was paired without looking at the row is found in another row now."""
        pairs = [(self.seen[at].index, self.known[was].index) for at, was in self.found.items()]
        moved = sum(1 for now, before in pairs if now and before and now != before)
        return 2 * moved <= len(pairs)

    def _is_single(self, name: str) -> bool:
        return self._names[0][name] == 1 == self._names[1][name]

    def _try(self, at: int, position: int) -> None:
        if at in self.found or position in self._used:
            return
        before, now = self.known[position].sort, self.seen[at].sort
        if before and now and before != now:
            return
        if not _contradict(self._proofs[0][position], self._proofs[1][at]):
            self._pair(at, position)

    def _pair(self, at: int, position: int) -> None:
        self.found[at] = position
        self._used.add(position)


def _singles(keys: Iterable[Hashable]) -> dict[Hashable, int]:
    """What occurs exactly once, with its position."""
    listed = list(keys)
    counts = Counter(listed)
    return {key: at for at, key in enumerate(listed) if key is not None and counts[key] == 1}


def _groups(parts: Sequence[Part], done: Container[int], by_sort: bool) -> dict[tuple[str, ...], list[int]]:
    """Open positions by what is said of them, in the order of the rows."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for at in sorted(range(len(parts)), key=lambda at: _in_order(parts[at].index)):
        if at not in done:
            groups.setdefault(_described(parts[at], by_sort), []).append(at)
    return groups


def _in_order(index: str) -> list[tuple[int, str]]:
    return [(int(word), "") if word.isdecimal() else (0, word) for word in index.split(".")]


def _unique(proofs: Sequence[tuple[Witness, ...]]) -> dict[Witness, int]:
    """Strong witnesses that exactly one part has."""
    counts = Counter(witness for one in proofs for witness in one)
    return {w: position for position, one in enumerate(proofs) for w in one if counts[w] == 1}


def _contradict(before: tuple[Witness, ...], now: tuple[Witness, ...]) -> bool:
    """True if both show a strong witness of one kind and the values differ."""
    had = {witness.kind for witness in before}
    kinds = {witness.kind for witness in now if witness.kind in had}
    return any(
        {w.value for w in before if w.kind is kind}.isdisjoint(w.value for w in now if w.kind is kind)
        for kind in kinds
    )
