"""The family catalogue: the one vocabulary that every source is mapped onto.

The catalogue itself is data: `families.yaml` beside this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

import yaml

from netwatch.errors import ConfigError, Problem
from netwatch.model.entity import EntityKind

__all__ = ["Catalogue", "Family", "FamilyType", "HistoryPolicy", "load_catalogue"]


class FamilyType(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    INFO = "info"


class HistoryPolicy(StrEnum):
    PLANNING = "planning"
    """Five-minute values, kept for years."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family."""

    name: str
    """Prometheus name with the `netwatch_` prefix."""
    type: FamilyType
    unit: str
    """Base unit: bytes, seconds, ratio (0 to 1), celsius, volts, watts, dbm ...; empty for a plain count."""
    entity: EntityKind
    labels: tuple[str, ...]
    """Row labels, none to three, beside those that the entity brings."""
    help: str
    history: HistoryPolicy
    sensor_class: str = ""
    """Class under which `netwatch inspect` prints it in its sensors or wireless section."""
    facts: tuple[str, ...] = ()
    """INFO only: which facts of the entity become labels."""
    values: tuple[tuple[str, frozenset[str]], ...] = ()
    """Row labels whose values are fixed, and these."""
    largest: float | None = None
    """Of states: the largest value that there is; they begin at 0."""


class Catalogue(Mapping[str, Family]):
    """Families by name."""

    def __init__(self, families: Mapping[str, Family]) -> None:
        self._families = dict(families)

    def __getitem__(self, name: str) -> Family:
        return self._families[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._families)

    def __len__(self) -> int:
        return len(self._families)


def load_catalogue(text: str | None = None) -> Catalogue:
    """Reads the shipped catalogue, or `text` in the same form. Raises ConfigError."""
    if text is None:
        text = resources.files("netwatch.model").joinpath("families.yaml").read_text(encoding="utf-8")
    document = yaml.load(text, Loader=yaml.CSafeLoader)
    problems: list[Problem] = []
    families: dict[str, Family] = {}
    for entity, entries in document.items():
        for name, entry in entries.items():
            try:
                families[name] = _family(name, EntityKind(entity), entry)
            except (ValueError, KeyError, TypeError) as error:
                problems.append(Problem("families.yaml", f"{entity}.{name}", str(error)))
    if problems:
        raise ConfigError(problems)
    return Catalogue(families)


def _family(name: str, entity: EntityKind, entry: Mapping[str, Any]) -> Family:
    unknown = set(entry) - {
        "type",
        "unit",
        "labels",
        "help",
        "history",
        "class",
        "facts",
        "values",
        "largest",
    }
    if unknown:
        raise ValueError(f"unknown key {min(unknown)!r}")
    labels = tuple(entry.get("labels", ()))
    if len(labels) > 3:
        raise ValueError("a family has at most three row labels")
    kind = FamilyType(entry.get("type", "gauge"))
    if not set(entry.get("values", ())) <= set(labels):
        raise ValueError("`values` names a row label that the family has not")
    if not name.startswith("netwatch_"):
        raise ValueError("a family's name starts with netwatch_")
    if (kind is FamilyType.COUNTER) != name.endswith("_total"):
        raise ValueError("a counter's name ends in _total, and no other's does")
    if (kind is FamilyType.INFO) != name.endswith("_info"):
        raise ValueError("an info family's name ends in _info, and no other's does")
    return Family(
        name=name,
        type=kind,
        unit=entry.get("unit", ""),
        entity=entity,
        labels=labels,
        help=entry["help"],
        history=HistoryPolicy(entry.get("history", "none")),
        sensor_class=entry.get("class", ""),
        facts=tuple(entry.get("facts", ())),
        values=tuple((label, frozenset(values)) for label, values in entry.get("values", {}).items()),
        largest=entry.get("largest"),
    )
