"""Money in whole cents: sums are exact, in any order. What is unknown is never 0."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["Total", "allocate", "cents", "exact", "rounded", "total"]


def exact(value: float) -> Fraction:
    """The decimal number that people wrote, not its binary neighbour. Raises ValueError for no number."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no amount")
    return Fraction(repr(value))


def rounded(value: Fraction) -> int:
    """Half a cent counts as one, as on an invoice."""
    return math.floor(value + Fraction(1, 2))


def cents(value: float) -> int:
    """An amount as it is written in a register, in cents."""
    return rounded(exact(value) * 100)


def allocate(amount: int, shares: int) -> list[int]:
    """Cents in equal shares whose sum is the amount; the first ones take what is left over."""
    each, left = divmod(amount, shares)
    return [each + (number < left) for number in range(shares)]


@dataclass(frozen=True, slots=True)
class Total:
    """A sum of what is known."""

    known: int | None
    """Cents; None where nothing is known."""
    unknown: tuple[str, ...] = ()
    """What is missing; then the sum is "at least"."""

    @property
    def at_least(self) -> bool:
        return bool(self.unknown)


def total(parts: Iterable[tuple[str, int | None]]) -> Total:
    """The sum of named amounts in cents; None is unknown. Nothing to add is 0, and known; but 0 and something
    unknown is unknown: "at least 0" says nothing."""
    rows = list(parts)
    found = [amount for _, amount in rows if amount is not None]
    missing = tuple(dict.fromkeys(name for name, amount in rows if amount is None))
    known = sum(found)
    return Total(None if missing and not known else known, missing)
