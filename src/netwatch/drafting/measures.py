"""What a number measures, and its base unit: by UNITS, DISPLAY-HINT, names and plausibility."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from netwatch.drafting.groups import Column, Group, as_text
from netwatch.drafting.words import ClassRange, SensorWords, Unit, Words

__all__ = [
    "Measure",
    "UnitFound",
    "factor_text",
    "leading_numbers",
    "measure",
    "read_unit",
    "scaled",
    "without",
]


@dataclass(frozen=True, slots=True)
class UnitFound:
    """A unit with its multiplier."""

    unit: Unit
    multiplier: float

    @property
    def factor(self) -> float:
        return self.unit.factor * self.multiplier


@dataclass(frozen=True, slots=True)
class Measure:
    """A sensor in the making."""

    class_: str
    expression: str
    """With {} where the column's alias goes."""
    sentinels: tuple[int, ...] = ()
    """Raw values of the walk that mean that there is no value."""
    doubt: str = ""
    """Why a person has to look; empty if nothing was guessed."""


# units


def read_unit(text: str, words: Words, *, prose: bool = False) -> UnitFound | None:
    """The unit that a UNITS text names, or a piece of prose; None if it names none that is known."""
    text = " ".join(text.lower().replace("_", " ").split())
    if not text:
        return None
    multiplier, rest, behind = _multiplier(text, words)
    if prose:
        # `in 0.1W`, `1/10 V`: the unit stands right behind.
        found = _short(behind, words) if multiplier != 1 else None
    else:
        # `milli` belongs to a unit before it is a multiplier.
        found = _short(text, words)
        if found is not None:
            return UnitFound(found, 1.0)
        found = _short(rest, words)
    if found is not None:
        return UnitFound(found, multiplier)
    if multiplier == 0.001:
        found = _long(text, words, prose=prose)
        if found is not None and found.factor < 1:
            return UnitFound(found, 1.0)
    found = _long(rest, words, prose=prose)
    return UnitFound(found, multiplier) if found is not None else None


_AROUND = re.compile(r"^[\s,;:()\[\]*-]*(of|in|an?)?\b[\s,;:()\[\]-]*|[\s,;:()\[\].-]+$")
_BEHIND = re.compile(r"[\s,;:()\[\]]*(?:of\s+(?:an?\s+)?)?([a-z%°]+)")


def _multiplier(text: str, words: Words) -> tuple[float, str, str]:
    """`tenths of volts` is 0.1, `volts`; and the word right behind the multiplier."""
    for one in words.multipliers:
        found = one.pattern.search(text)
        if found is not None:
            rest = f"{text[: found.start()]} {text[found.end() :]}"
            behind = _BEHIND.match(text[found.end() :])
            return one.factor, _AROUND.sub("", rest).strip(), behind[1] if behind else ""
    return 1.0, _AROUND.sub("", text).strip(), ""


def _short(text: str, words: Words) -> Unit | None:
    return next((unit for unit in words.units if unit.short.fullmatch(text)), None)


def _long(text: str, words: Words, *, prose: bool) -> Unit | None:
    for unit in words.units:
        if not unit.long.search(text):
            continue
        # `Celsius or Fahrenheit` in prose: the device's choice, so not told.
        if prose and unit.expression and _plain_alternative(text, unit, words):
            continue
        return unit
    return None


def _plain_alternative(text: str, unit: Unit, words: Words) -> bool:
    return any(
        other.class_ == unit.class_ and not other.expression and other.long.search(text)
        for other in words.units
    )


def scaled(expression: str, factor: float) -> str:
    """`{} / 10` for 0.1."""
    return expression if factor == 1 else f"{expression}{factor_text(factor)}"


def factor_text(factor: float) -> str:
    """` / 10` or ` * 60`: how a factor is written behind an operand; empty for 1."""
    if factor == 1:
        return ""
    inverse = 1 / factor
    if factor < 1 and abs(inverse - round(inverse)) < 1e-9 * inverse:
        return f" / {round(inverse)}"
    return f" * {round(factor)}" if float(factor).is_integer() else f" * {factor:.12g}"


# values

_LEADING = re.compile(r"[-+]?\d+(?:[.,]\d+)?")


def leading_numbers(column: Column) -> list[float]:
    """Numbers of the walk; of text such as `36.5 C` the leading one, as expressions take it."""
    numbers = column.numbers
    if numbers or not column.texts:
        return numbers
    found = [_LEADING.match(text) for text in column.texts]
    if not all(found) or any(len(text) > 14 for text in column.texts):
        return []
    return [float(one[0].replace(",", ".")) for one in found if one is not None]


def _text_unit(column: Column, words: Words) -> UnitFound | None:
    """Unit that stands behind the numbers of text values."""
    rests = {_LEADING.sub("", as_text(value), count=1).strip() for value in column.values.values()}
    return read_unit(rests.pop(), words) if len(rests) == 1 else None


def without(
    numbers: Sequence[float], factor: float, bounds: ClassRange, words: Words
) -> tuple[list[float], tuple[int, ...]]:
    """Values that tell something, scaled; and those that stand for no value."""
    low, high = bounds.believed
    weak = words.sentinels_beside_larger
    large = factor == 1 and all(one >= 10 for one in numbers if one not in weak and one != 0)
    gone = {
        int(one)
        for one in numbers
        if one.is_integer()
        and (
            (int(one) in words.sentinels and not low <= one * factor <= high)
            or (large and int(one) in weak and low < 0)
        )
    }
    return [one * factor for one in numbers if one not in gone and one != 0], tuple(sorted(gone))


# judgement


def measure(column: Column, group: Group, words: Words) -> Measure | None:
    """None if the object is no reading that a sensor class is known for."""
    if column.object.labels or column.object.convention in ("DateAndTime", "TruthValue", "RowStatus"):
        return None
    numbers = leading_numbers(column)
    name = words.spaced(column.name)
    if column.blind and words.ignore.name.search(name) is None:
        return _blind(column, name, words.spaced(group.name), words)
    if not numbers or words.ignore.name.search(name) or column.object.type in ("Counter32", "Counter64"):
        return None
    unit = read_unit("timeticks" if column.object.type == "TimeTicks" else column.object.units, words) or (
        _text_unit(column, words) if column.texts and not column.numbers else None
    )
    rule = _rule(name, words.spaced(group.name), unit, words)
    if unit is not None:
        return _with_unit(column, numbers, unit, rule, words)
    if rule is None or column.object.units:
        return None
    return _without_unit(column, name, numbers, rule, words)


def _blind(column: Column, name: str, group: str, words: Words) -> Measure | None:
    """Without a walk: by UNITS if a MIB was given, else by the name and the factor that the source states."""
    unit = read_unit("timeticks" if column.object.type == "TimeTicks" else column.object.units, words)
    rule = _rule(name, group, unit, words)
    if unit is not None and column.scale is None:
        return _with_unit(column, (), unit, rule, words)
    if rule is None or (column.object.units and unit is None):
        return None
    usual = words.range_of(rule.class_).scales[0]
    if column.scale is not None:
        # The source scales to what a person reads: percent stay percent.
        return Measure(rule.class_, scaled("{}", column.scale * (usual if usual == PERCENT else 1)))
    prose = _first_sentences(column.object.description)
    for text, doubt in ((name, ""), (prose, "unit by the description")):
        told = _fitting(read_unit(text, words, prose=True), rule)
        if told is not None:
            inner = scaled("{}", told.multiplier)
            if told.unit.expression:
                return Measure(rule.class_, told.unit.expression.format(inner), (), doubt)
            return Measure(rule.class_, scaled("{}", told.factor), (), doubt)
    return Measure(rule.class_, scaled("{}", usual), (), "the source tells no unit")


PERCENT = 0.01


def _rule(name: str, group: str, unit: UnitFound | None, words: Words) -> SensorWords | None:
    for rule in words.sensors:
        if not rule.name.search(name) or rule.without.search(name):
            continue
        if rule.within is not None and not rule.within.search(f"{group} {name}"):
            continue
        if unit is not None and unit.unit.class_ not in (rule.class_, *rule.units):
            continue
        return rule
    return None


_NEEDS_NAME = frozenset({"percent", "time", "bytes", "signal_loss", "frequency"})
"""Units that tell no class of their own: a percentage may be of anything."""


def _with_unit(
    column: Column, numbers: Sequence[float], unit: UnitFound, rule: SensorWords | None, words: Words
) -> Measure | None:
    if rule is None and unit.unit.class_ in _NEEDS_NAME:
        return None
    class_ = rule.class_ if rule is not None else unit.unit.class_
    if class_ == "optical_power" and rule is None:
        class_ = "signal"
    hint = _hint_factor(column)
    multiplier = unit.multiplier if unit.multiplier != 1 else hint
    expression = unit.unit.expression
    factor = unit.unit.factor * multiplier
    if class_ == "optical_power" and unit.unit.class_ == "power":
        return Measure(class_, f"mw_to_dbm({scaled('{}', factor * 1000)})", (), "milliwatts as dBm")
    bounds = words.range_of(class_)
    if expression:
        kept, _ = without(numbers, multiplier, bounds, words)
        if not kept or _inside([_CONVERTED[expression](one) for one in kept], bounds.believed):
            return Measure(class_, expression.format(scaled("{}", multiplier)))
        return Measure(
            class_, scaled("{}", multiplier), (), f"UNITS would make it {expression.format(f'{kept[0]:g}')}"
        )
    kept, gone = without(numbers, factor, bounds, words)
    doubt = ""
    if kept and not _inside(kept, bounds.believed):
        better = [s for s in (0.1, 0.01, 0.001, 0.0001) if _fits([one * s for one in kept], bounds)]
        if better and multiplier == 1:
            doubt = f"UNITS alone would make it {median(kept):g}"
            factor *= better[0]
        else:
            doubt = f"{median(kept):g} is not plausible"
    elif kept and not _inside([median(kept)], bounds.usual):
        doubt = f"{median(kept):g} is unusual"
    return Measure(class_, scaled("{}", factor), gone, doubt)


def _without_unit(
    column: Column, name: str, numbers: Sequence[float], rule: SensorWords, words: Words
) -> Measure:
    bounds = words.range_of(rule.class_)
    hint = _hint_factor(column)
    # The name itself (`inputMilliVolts`), else what the description says.
    told = _fitting(read_unit(name, words, prose=True), rule) or _fitting(
        read_unit(_first_sentences(column.object.description), words, prose=True), rule
    )
    if told is not None:
        multiplier = told.multiplier if told.multiplier != 1 else hint
        kept, gone = without(numbers, told.unit.factor * multiplier, bounds, words)
        if not kept or _inside(kept, bounds.believed):
            inner = scaled("{}", multiplier)
            if told.unit.expression:
                return Measure(rule.class_, told.unit.expression.format(inner), (), "unit by the description")
            factor = told.unit.factor * multiplier
            sure = bool(kept) and _inside([median(kept)], bounds.usual)
            return Measure(rule.class_, scaled("{}", factor), gone, "" if sure else "unit by the description")
    scales = [scale * hint for scale in bounds.scales]
    for scale in scales:
        kept, gone = without(numbers, scale, bounds, words)
        if kept and _fits(kept, bounds):
            return Measure(rule.class_, scaled("{}", scale), gone, "no unit in the MIB: scale by the value")
    kept, gone = without(numbers, scales[0], bounds, words)
    return Measure(
        rule.class_, scaled("{}", scales[0]), gone, "no unit in the MIB, and the value does not tell"
    )


def _fitting(found: UnitFound | None, rule: SensorWords) -> UnitFound | None:
    return found if found is not None and found.unit.class_ in (rule.class_, *rule.units) else None


def _first_sentences(text: str) -> str:
    return " ".join(text.split())[:400]


def _inside(values: Sequence[float], bounds: tuple[float, float]) -> bool:
    return all(bounds[0] <= value <= bounds[1] for value in values)


def _fits(values: Sequence[float], bounds: ClassRange) -> bool:
    return _inside(values, bounds.believed) and _inside([median(values)], bounds.usual)


_CONVERTED: Mapping[str, Callable[[float], float]] = {
    "fahrenheit({})": lambda value: (value - 32) * 5 / 9,
    "{} - 273.15": lambda value: value - 273.15,
}
"""What the expressions of words.yaml come to."""


def _hint_factor(column: Column) -> float:
    """DISPLAY-HINT `d-1` of a number: one decimal place."""
    found = re.fullmatch(r"d-(\d)", column.object.hint)
    return 10.0 ** -int(found[1]) if found else 1.0
