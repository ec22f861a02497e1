"""The value of a rule, from what its file says, and thresholds that can't work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from netwatch.alerts.expression import Choice, Expression, Term
from netwatch.alerts.frame import Where
from netwatch.alerts.rule import Comparison, Condition
from netwatch.documents import did_you_mean
from netwatch.model import Catalogue, Family, FamilyType

__all__ = ["ExpressionBuilder", "impossible"]

_KEYS = ("of", "rate", "per", "where", "per_where")


class Tell(Protocol):
    """Notes a mistake at a path below the rule."""

    def __call__(self, path: Sequence[str | int], message: str, hint: str = "") -> None: ...


class ExpressionBuilder:
    """Makes an expression; tells what is wrong with it."""

    def __init__(self, catalogue: Catalogue, problem: Tell) -> None:
        self._catalogue = catalogue
        self._problem = problem

    def expression(self, value: Any) -> Expression | None:
        choice, entries, path = Choice.FIRST, [value], ["value"]
        if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in list(Choice):
            choice = Choice(next(iter(value)))
            entries, path = value[choice.value], ["value", choice.value]
            if not isinstance(entries, list) or len(entries) < 2:
                self._problem(path, "expected a list of at least two values")
                return None
        built = []
        for position, entry in enumerate(entries):
            where: list[str | int] = [*path, position] if len(entries) > 1 else list(path)
            built.append(self._term(entry, where))
        terms = [one for one in built if one is not None]
        if len(terms) < len(entries):
            return None
        first, unit = terms[0]
        family = self._catalogue[first.family]
        labels = _left(family, first.where)
        for position, (term, other_unit) in enumerate(terms[1:], start=1):
            other = self._catalogue[term.family]
            same = (other.entity, _left(other, term.where), other_unit) == (family.entity, labels, unit)
            if not same:
                self._problem(
                    [*path, position],
                    f"{other.name} is not of the same kind as {family.name}",
                    "all values need the same kind of entity, row labels and unit",
                )
                return None
        return Expression(tuple(term for term, _ in terms), choice, family.entity, labels, unit)

    def _term(self, entry: Any, path: list[str | int]) -> tuple[Term, str] | None:
        """The term and the unit of its value."""
        if isinstance(entry, str):
            entry = {"of": entry}
        if not isinstance(entry, dict):
            self._problem(path, "expected a family, or a mapping such as {rate: FAMILY, per: FAMILY}")
            return None
        for key in entry:
            if key not in _KEYS:
                self._problem([*path, str(key)], f"unknown key {key!r}", did_you_mean(str(key), _KEYS))
                return None
        if ("of" in entry) == ("rate" in entry):
            self._problem(path, "expected either `of` (the value) or `rate` (its increase per second)")
            return None
        rate = "rate" in entry
        family = self._family(entry["rate" if rate else "of"], path, counter=rate)
        if family is None:
            return None
        unit = _rate_unit(family.unit) if rate else family.unit
        where = self._where(family, entry.get("where", {}), [*path, "where"])
        if where is None:
            return None
        chosen = tuple(family.labels[position] for position, _ in where)
        if "per" not in entry:
            if "per_where" in entry:
                self._problem([*path, "per_where"], "per_where has no meaning without `per`")
            return Term(family.name, rate, where=where, where_names=chosen), unit
        per = self._family(entry["per"], [*path, "per"], counter=False)
        if per is None:
            return None
        if per.entity is not family.entity:
            self._problem(
                [*path, "per"],
                f"{per.name} belongs to a {per.entity}, {family.name} to a {family.entity}",
                "both must belong to the same kind of entity",
            )
            return None
        per_where = self._where(per, entry.get("per_where", {}), [*path, "per_where"])
        if per_where is None:
            return None
        per_labels = _left(per, per_where)
        if per_labels not in ((), _left(family, where)):
            message = f"{per.name} has row labels that {family.name} has not"
            self._problem([*path, "per"], message, "choose one value of each by `per_where`")
            return None
        unit = "ratio" if unit == per.unit else f"{unit or 'count'} per {per.unit or 'count'}"
        term = Term(
            family.name, rate, per.name, bool(per_labels), where, per_where, chosen,
            tuple(per.labels[position] for position, _ in per_where),
        )  # fmt: skip
        return term, unit

    def _where(self, family: Family, given: Any, path: list[str | int]) -> Where | None:
        if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
            self._problem(path, "expected one value per row label, e.g. {state: total}")
            return None
        where = []
        for name, value in given.items():
            if name not in family.labels:
                hint = did_you_mean(str(name), family.labels) or f"{family.name} has no row labels"
                self._problem([*path, str(name)], f"unknown row label {name!r}", hint)
                return None
            known = dict(family.values).get(name)
            if known is not None and value not in known:
                message = f"the row label {name} of {family.name} is never {value!r}"
                self._problem([*path, name], message, did_you_mean(value, known))
                return None
            where.append((family.labels.index(name), value))
        return tuple(sorted(where))

    def _family(self, name: Any, path: list[str | int], *, counter: bool) -> Family | None:
        if not isinstance(name, str):
            self._problem(path, "expected the name of a family")
            return None
        family = self._catalogue.get(name)
        if family is None:
            hint = did_you_mean(name, self._catalogue)
            self._problem(path, f"unknown family {name!r}", hint or "docs/metrics.md lists them")
        elif family.type is FamilyType.INFO:
            self._problem(path, f"{name} holds text, not a value")
        elif counter and family.type is not FamilyType.COUNTER:
            self._problem(path, f"{name} is no counter and has no rate", "judge its value: `of`")
        elif not counter and family.type is FamilyType.COUNTER:
            self._problem(path, f"{name} is a counter, whose value only grows", f"judge {{rate: {name}}}")
        else:
            return family
        return None


def _left(family: Family, where: Where) -> tuple[str, ...]:
    """Row labels of the result."""
    fixed = {position for position, _ in where}
    return tuple(name for position, name in enumerate(family.labels) if position not in fixed)


def _rate_unit(unit: str) -> str:
    return "bytes_per_second" if unit == "bytes" else f"{unit or 'count'} per second"


def impossible(
    condition: Condition, expression: Expression, catalogue: Catalogue
) -> Iterator[tuple[str, str, str]]:
    """(key, what is wrong, remedy) of thresholds that the value can never pass, or always does."""
    threshold, comparison, clear = condition.threshold, condition.comparison, condition.clear
    key = comparison.value
    largest = expression.largest(catalogue)
    if expression.unit == "ratio" and threshold > 1:
        percent = f"write {threshold / 100:g} for {threshold:g} %"
        yield key, f"the value is a share from 0 to 1, never {threshold:g}", percent
    elif largest is not None:
        never = {
            Comparison.ABOVE: threshold >= largest,
            Comparison.BELOW: threshold > largest,
            Comparison.EQUALS: not 0 <= threshold <= largest or threshold % 1 != 0,
        }[comparison]
        if never:
            states = ", ".join(f"{value:g}" for value in range(int(largest) + 1))
            word = "always" if comparison is Comparison.BELOW else "never"
            yield (
                key,
                f"the value is one of {states}: {word} {key} {threshold:g}",
                f"see {expression.families[0]}",
            )
    negative = threshold < 0 or (comparison is Comparison.BELOW and threshold == 0)
    if expression.never_negative and negative:
        yield key, f"the value is never below 0, so {threshold:g} is no threshold for it", ""
    if clear is None:
        return
    if comparison is Comparison.ABOVE and expression.never_negative and clear <= 0:
        yield "clear_below", "the value is never below 0: the alert would never end", "take a level above 0"
    top = 1.0 if expression.unit == "ratio" else largest
    if comparison is Comparison.BELOW and top is not None and clear >= top:
        yield "clear_above", f"the value is never above {top:g}: the alert would never end", ""
