"""Repair: a failed part that costs less than the whole."""

from __future__ import annotations

import re

from netwatch.model import Alternative, AlternativeKind, EntityKind
from netwatch.planning.basis import PartState, Subject
from netwatch.planning.replacement.criteria import Knowledge
from netwatch.planning.replacement.verdict import Verdict, item

__all__ = ["part_of", "repair"]

_WORDS = (
    ("battery", re.compile(r"\bbatter(y|ies)\b", re.IGNORECASE)),
    ("fan", re.compile(r"\bfans?\b|\bfan[ _-]?(tray|module|\d)", re.IGNORECASE)),
    ("power supply", re.compile(r"power[ _-]?suppl|\bpsu|\bps[ _-]?\d|\bpower module", re.IGNORECASE)),
    ("disk", re.compile(r"\b(disk|drive|hdd|ssd)\b", re.IGNORECASE)),
)


def repair(subject: Subject, verdict: Verdict, known: Knowledge) -> Alternative | None:
    """New parts for those that failed. Not proposed where they are known to cost as much as was paid for the
    whole; where a price is unknown, it says so."""
    states = known.measured.parts.get(subject.id, ()) if subject.id is not None else ()
    failed = [
        (state, part)
        for state in sorted(states, key=lambda one: one.part)
        if state.level >= 2 and (part := part_of(state, known)) is not None
    ]
    if not failed:
        return None
    prices = [known.policy.alternatives.part_prices.get(part) for _, part in failed]  # type: ignore[call-overload]
    told = [price for price in prices if price is not None]
    paid = None if subject.asset is None else subject.asset.cost
    if len(told) == len(prices) and paid is not None and sum(told) >= paid:
        return None
    names = ", ".join(known.label(state.part) for state, _ in failed)
    given = next(part.points for part in verdict.criteria["likelihood"] if part.name == "parts_failed")
    evidence = [
        item(f"{known.label(state.part)}: failed", state.family, state.level, "level", state.at)
        for state, _ in failed
    ]
    if len(told) == len(prices):
        currency = "" if subject.asset is None else f" {subject.asset.currency}"
        whole = "an unknown price" if paid is None else f"{paid:,.2f}{currency}"
        text = f"parts cost {sum(told):,.2f}{currency}, the whole did cost {whole}"
        evidence.append(item(text, "policy, inventory", sum(told), "money"))
    else:
        evidence.append(item("what the part costs is not in the policy", "policy"))
    text = f"new {names}: takes away {given:g} of {verdict.score:g} points, before consequence"
    return Alternative(AlternativeKind.REPAIR, text, tuple(evidence))


def part_of(state: PartState, known: Knowledge) -> str | None:
    """What sort of part it is that can be bought by itself; None for anything else."""
    entity = known.basis.snapshot.entities.get(state.part)
    if entity is not None and entity.kind is EntityKind.DISK:
        return "disk"
    label = known.label(state.part)
    return next((part for part, word in _WORDS if word.search(label)), None)
