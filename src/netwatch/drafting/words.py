"""The words that drafts are guessed from: words.yaml, read strictly and compiled. No guess stands in code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from netwatch.documents import Strict, read_yaml, validate
from netwatch.model import DeviceKind

__all__ = ["ClassRange", "Label", "Region", "SensorWords", "TypeLabel", "Unit", "Words", "load_words"]

WORDS_FILE = Path(__file__).with_name("words.yaml")

StateWord = Literal["ok", "warning", "critical", "unknown"]


def _compiled(value: Any) -> Any:
    return re.compile(value, re.IGNORECASE) if isinstance(value, str) else value


def _words(value: Any) -> Any:
    """A pattern that fits whole words only."""
    return (
        re.compile(rf"\b(?:{' '.join(value.split())})\b".replace("| ", "|"))
        if isinstance(value, str)
        else value
    )


Pattern = Annotated[re.Pattern[str], BeforeValidator(_compiled)]
WordPattern = Annotated[re.Pattern[str], BeforeValidator(_words)]
NEVER = re.compile(r"(?!)")


class Multiplier(Strict):
    pattern: Pattern
    factor: float


class Unit(Strict):
    """A unit of measure: its class, and how a value becomes netwatch's base unit."""

    class_: str = Field(alias="class")
    short: Pattern
    long: Pattern
    factor: float = 1
    expression: str = ""


class SensorWords(Strict):
    class_: str = Field(alias="class")
    name: WordPattern
    within: WordPattern | None = None
    without: WordPattern = Field(NEVER, alias="not")
    units: tuple[str, ...] = ()


class TypeLabel(Strict):
    class_: str = Field(alias="class")
    label: Pattern
    factor: float | None = None
    expression: str = ""


class ClassRange(Strict):
    believed: tuple[float, float]
    usual: tuple[float, float]
    scales: tuple[float, ...]


class Exponent(Strict):
    name: WordPattern
    sign: Literal[-1, 1]


class PowerLabels(Strict):
    unit: Pattern
    thousandth: Pattern


class ProcessorWords(Strict):
    name: WordPattern
    value: WordPattern
    without: WordPattern = Field(alias="not")
    idle: WordPattern
    order: tuple[Pattern, ...]


class Region(Strict):
    """Words of memory or storage."""

    kind: Literal["memory", "volume"]
    name: WordPattern
    without: WordPattern = Field(alias="not")
    class_: dict[str, str] = Field({}, alias="class")
    usual: tuple[float, float]
    """Bytes that such a region has, where no unit tells."""


class Parts(Strict):
    total: WordPattern
    used: WordPattern
    free: WordPattern
    used_ratio: WordPattern
    free_ratio: WordPattern
    share: WordPattern


class Label(Strict):
    level: StateWord
    label: Pattern


class StateWords(Strict):
    name: WordPattern
    labels: tuple[Label, ...]
    unsure: tuple[Label, ...]
    yes_labels: Pattern
    no_labels: Pattern
    bad_if_yes: WordPattern
    good_if_yes: WordPattern


class Ignore(Strict):
    name: WordPattern
    states: WordPattern
    tables: WordPattern


class KindWords(Strict):
    kind: DeviceKind
    words: WordPattern
    role: str = ""


class IdentityWords(Strict):
    serial: tuple[WordPattern, ...]
    model: tuple[WordPattern, ...]
    version: tuple[WordPattern, ...]
    hardware: tuple[WordPattern, ...]


class Words(Strict):
    """The whole file; its comments say what each part is for."""

    wholes: Annotated[re.Pattern[str], BeforeValidator(lambda value: re.compile(rf"({value})"))]
    joins: tuple[tuple[Pattern, str], ...]
    multipliers: tuple[Multiplier, ...]
    units: tuple[Unit, ...]
    ignore: Ignore
    sensors: tuple[SensorWords, ...]
    generic_value: WordPattern
    type_column: WordPattern
    exponent_columns: tuple[Exponent, ...]
    power_of_1000_labels: PowerLabels
    types: tuple[TypeLabel, ...]
    classes: dict[str, ClassRange]
    sentinels: frozenset[int]
    sentinels_beside_larger: frozenset[int]
    processor: ProcessorWords
    regions: tuple[Region, ...]
    parts: Parts
    states: StateWords
    names: tuple[WordPattern, ...]
    not_names: WordPattern
    identity: IdentityWords
    not_identity: WordPattern
    standard_bases: Pattern
    foreign_facts: dict[str, str]
    foreign_kinds: dict[str, DeviceKind]
    kinds: tuple[KindWords, ...]
    agents: tuple[str, ...]
    indexes: dict[str, str]
    port_indexes: WordPattern
    interface_indexes: WordPattern
    capitals: frozenset[str]
    unit_words: WordPattern
    empty_words: frozenset[str]

    def spaced(self, name: str) -> str:
        """`acmeFanTrayStatus2` as `acme fan tray status 2`."""
        text = " ".join(_PIECE.findall(self.wholes.sub(r" \1 ", name))).lower()
        for pattern, replacement in self.joins:
            text = pattern.sub(replacement, text)
        return text

    def title(self, words: Sequence[str]) -> str:
        """Words as a name for people: `Fan tray 2 CPU`."""
        shown = [word.upper() if word in self.capitals else word for word in words]
        text = " ".join(shown)
        return text[:1].upper() + text[1:]

    def range_of(self, class_: str) -> ClassRange:
        return self.classes.get(class_, _ANY)


_PIECE = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_ANY = ClassRange(believed=(-1e18, 1e18), usual=(-1e18, 1e18), scales=(1.0,))


def load_words(file: Path = WORDS_FILE) -> Words:
    """Raises ConfigError with the place of each mistake."""
    return validate(Words, read_yaml(file))
