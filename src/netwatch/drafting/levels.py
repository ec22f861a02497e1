"""Which enumerations are states, and what each of their values means: ok, warning, critical or unknown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from netwatch.drafting.groups import Column
from netwatch.drafting.words import Words

__all__ = ["Meaning", "StateMap", "state_map"]


@dataclass(frozen=True, slots=True)
class Meaning:
    level: str
    label: str
    """As a person reads it: `not present`."""
    sure: bool


@dataclass(frozen=True, slots=True)
class StateMap:
    """Raw value -> meaning."""

    meanings: Mapping[int | str, Meaning]

    @property
    def sure(self) -> bool:
        return all(meaning.sure for meaning in self.meanings.values())


def state_map(column: Column, words: Words) -> StateMap | None:
    """None if the object is not a state that can be good or bad."""
    told = column.object
    name = words.spaced(column.name)
    if words.ignore.states.search(name):
        return None
    named = words.states.name.search(name) is not None
    if told.access == "read-write" and not named:
        return None
    if told.labels and told.type != "BITS":
        labels = {number: words.spaced(label) or label for label, number in told.labels}
        if len(labels) == 2 and (polar := _polar(labels, name, words)) is not None:
            return polar
        found = StateMap({number: _meaning(label, words) for number, label in labels.items()})
        return found if _tells(found, named=named) else None
    if named and column.texts and told.type == "OCTET STRING":
        return _of_texts(column, words)
    return None


def _meaning(label: str, words: Words) -> Meaning:
    for rule in words.states.labels:
        if rule.label.fullmatch(label):
            sure = not any(
                one.level == rule.level and one.label.fullmatch(label) for one in words.states.unsure
            )
            return Meaning(rule.level, label, sure)
    return Meaning("unknown", label, sure=False)


def _tells(found: StateMap, *, named: bool) -> bool:
    """A state can be good and can be bad; what its labels surely say of that, or at least its name."""
    good = [one for one in found.meanings.values() if one.level == "ok"]
    bad = [one for one in found.meanings.values() if one.level in ("warning", "critical")]
    if not good or not bad:
        return False
    return named or (any(one.sure for one in good) and any(one.sure for one in bad))


def _polar(labels: Mapping[int, str], name: str, words: Words) -> StateMap | None:
    """yes/no: by the object's name yes is good, or bad."""
    rules = words.states
    yes = [number for number, label in labels.items() if rules.yes_labels.fullmatch(label)]
    no = [number for number, label in labels.items() if rules.no_labels.fullmatch(label)]
    if len(yes) != 1 or len(no) != 1:
        return None
    bad, good = rules.bad_if_yes.search(name), rules.good_if_yes.search(name)
    if not bad and not good:
        return None
    # Where both are said, what stands last names the state: `battery ok alarm`.
    is_bad = bad is not None and (
        good is None or _last(rules.bad_if_yes, name) >= _last(rules.good_if_yes, name)
    )
    sure = bad is None or good is None
    worst = "critical" if is_bad else "warning"
    levels = {yes[0]: worst if is_bad else "ok", no[0]: "ok" if is_bad else worst}
    return StateMap({number: Meaning(levels[number], label, sure) for number, label in labels.items()})


def _last(pattern: re.Pattern[str], name: str) -> int:
    return max(found.start() for found in pattern.finditer(name))


def _of_texts(column: Column, words: Words) -> StateMap | None:
    """States told as words. Only those that the walk has are known, so all of it is a guess."""
    texts = sorted(set(column.texts))
    if len(texts) > 8 or any(len(text) > 24 for text in texts):
        return None
    meanings = {text: _meaning(words.spaced(text) or text.lower(), words) for text in texts}
    if not all(meaning.sure for meaning in meanings.values()):
        return None
    return StateMap({text: Meaning(one.level, one.label, sure=False) for text, one in meanings.items()})
