"""What an import takes from where: rules from a file, and whom the labels of a series name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources

from pydantic import Field

from netwatch.documents import Document, Strict, did_you_mean, parse_yaml, validate
from netwatch.errors import ConfigError, Problem
from netwatch.history.names import SeriesName
from netwatch.model import Catalogue, EntityId, EntityKind, Family, FamilyType, HistoryPolicy

__all__ = ["ImportRule", "Known", "Whose", "import_rules"]


class ImportRule(Strict):
    """Series of one metric become series of one family."""

    family: str = Field(description="A family that is kept for planning.")
    metric: str = Field(description="Name of a metric, or a selector with matchers.")
    device: str = Field(description="Label that names the device.")
    part: str = Field(default="", description="Label that names what of the device; empty for the device.")
    labels: dict[str, str] = Field(default={}, description="Row labels of the family, by the label for each.")
    equals: float | None = Field(default=None, description="The value that means 1; all others mean 0.")


class _File(Strict):
    imports: tuple[ImportRule, ...] = Field(description="Rules; of one family the first that matches.")


def import_rules(catalogue: Catalogue, document: Document | None = None) -> tuple[ImportRule, ...]:
    """Rules of a file; without one those for what snmp_exporter and netwatch itself export.

    Raises ConfigError with one Problem per mistake.
    """
    own = document is None
    if document is None:
        text = resources.files("netwatch.history").joinpath("importing.yaml").read_text(encoding="utf-8")
        document = parse_yaml(text, "importing.yaml")
    rules = validate(_File, document).imports
    problems = [
        problem
        for number, rule in enumerate(rules)
        if (problem := _wrong(rule, document, number, catalogue)) is not None
    ]
    if problems:
        raise ConfigError(problems)
    return (*rules, *(_as_exported(family) for family in _kept(catalogue))) if own else rules


def _kept(catalogue: Catalogue) -> Iterable[Family]:
    return (
        family
        for family in catalogue.values()
        if family.history is HistoryPolicy.PLANNING and family.type is not FamilyType.INFO
    )


def _as_exported(family: Family) -> ImportRule:
    """As netwatch exports it."""
    return ImportRule(
        family=family.name,
        metric=family.name,
        device="device",
        part="" if family.entity is EntityKind.DEVICE else family.entity.value,
        labels={label: label for label in family.labels},
    )


def _wrong(rule: ImportRule, document: Document, number: int, catalogue: Catalogue) -> Problem | None:
    path = ("imports", number)
    kept = {family.name: family for family in _kept(catalogue)}
    family = kept.get(rule.family)
    if family is None:
        hint = did_you_mean(rule.family, kept) or "docs/metrics.md lists what is kept for planning"
        return document.problem((*path, "family"), f"no family {rule.family!r} is kept for planning", hint)
    if set(rule.labels) != set(family.labels):
        told = ", ".join(family.labels) or "none"
        return document.problem((*path, "labels"), f"{rule.family} has these row labels: {told}")
    if bool(rule.part) == (family.entity is EntityKind.DEVICE):
        message = "takes no part" if rule.part else f"needs a part: the label that names the {family.entity}"
        return document.problem((*path, "part"), f"{rule.family} {message}")
    if rule.equals is not None and family.type is not FamilyType.GAUGE:
        return document.problem((*path, "equals"), f"{rule.family} counts: no value of it is a state")
    return None


@dataclass(frozen=True, slots=True)
class Known:
    """An entity that netwatch knows."""

    id: EntityId
    kind: EntityKind
    device: EntityId
    names: tuple[str, ...]
    """Whatever it may be called: name, natural key; of a device its addresses too."""


class Whose:
    """Finds the series of a family that labels stand for."""

    def __init__(self, known: Iterable[Known]) -> None:
        self._devices: dict[str, EntityId] = {}
        self._parts: dict[tuple[EntityId, EntityKind, str], EntityId] = {}
        for one in known:
            for name in one.names:
                if name and one.kind is EntityKind.DEVICE:
                    self._devices.setdefault(name, one.id)
                elif name:
                    self._parts.setdefault((one.device, one.kind, name), one.id)

    def series(
        self, rule: ImportRule, family: Family, labels: Mapping[str, str]
    ) -> tuple[SeriesName | None, str]:
        """The series, or None and the reason, in words."""
        told = labels.get(rule.device, "")
        device = self._devices.get(told) or self._devices.get(_host(told))
        if device is None:
            return None, f"no device {told!r}" if told else f"no label {rule.device!r}"
        entity = device
        if rule.part:
            part = labels.get(rule.part, "")
            found = self._parts.get((device, family.entity, part))
            if found is None:
                return None, f"{told} has no {family.entity} {part!r}"
            entity = found
        return (entity, tuple(labels.get(rule.labels[label], "") for label in family.labels)), ""


def _host(instance: str) -> str:
    """Without a port number: `sw-1:161`, `[2001:db8::1]:161`."""
    if instance.startswith("["):
        return instance[1:].partition("]")[0]
    head, colon, tail = instance.rpartition(":")
    return head if colon and tail.isdigit() and ":" not in head else instance
