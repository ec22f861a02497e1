"""The costs policy: prices that the register does not hold, and assumptions that say so."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from netwatch.documents import Document, Strict, read_yaml, validate
from netwatch.model import DeviceKind
from netwatch.planning.voted import Confidence

__all__ = ["Assumed", "CostsPolicy", "Disposal", "Power", "Support", "load_costs_policy"]


class _OfClass(Strict):
    """What holds for a class of gear, as useful lives do."""

    name: str = Field(alias="class", min_length=1)
    kinds: tuple[DeviceKind, ...] = ()
    """Empty: any kind."""
    roles: tuple[str, ...] = ()
    """Empty: any role."""
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _narrow(self) -> Self:
        if not self.kinds and not self.roles:
            raise ValueError(
                "expected 'kinds' or 'roles': a class that takes everything hides what is unknown"
            )
        return self

    def fits(self, kind: str, role: str) -> bool:
        return (not self.kinds or kind in self.kinds) and (not self.roles or role in self.roles)


class Assumed(_OfClass):
    """Watts of gear that nothing measures."""

    watts: float = Field(gt=0, le=100_000)
    poe: bool = False
    """Fed over Ethernet: its watts are part of what a switch delivers."""


class Disposal(_OfClass):
    per_unit: float = Field(ge=0)
    checked_on: date


class Support(Strict):
    """A support contract, per unit."""

    vendor: str = "*"
    models: tuple[str, ...] = Field(min_length=1)
    """Shell patterns for the model or the SKU."""
    per_year: float = Field(ge=0)
    source: str = Field(min_length=1)
    checked_on: date

    def fits(self, vendor: str, models: tuple[str, ...]) -> bool:
        """Case is ignored."""
        return _matches(self.vendor, vendor) and any(
            _matches(wanted, model) for wanted in self.models for model in models
        )


class Power(Strict):
    price_per_kwh: float | None = Field(gt=0)
    """None: unknown."""
    source: str
    confidence: Confidence
    cooling_factor: float = Field(ge=1, le=5)
    not_own_use: tuple[DeviceKind, ...] = ()
    not_a_meter: tuple[str, ...] = ()
    assumed: tuple[Assumed, ...] = ()

    def assumption(self, kind: str, role: str) -> Assumed | None:
        """The first class that fits."""
        return next((one for one in self.assumed if one.fits(kind, role)), None)


class Labour(Strict):
    per_hour: float | None = Field(gt=0)
    """None: unknown."""
    source: str = ""

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if self.per_hour is not None and not self.source:
            raise ValueError("'source' is missing: who says what an hour costs")
        return self


class CostsPolicy(Strict):
    """One policy file; config/planning/costs.yaml explains every key. Prices are in `currency`."""

    name: str = Field(min_length=1)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    not_counted: tuple[str, ...] = ("vm",)
    enough_hours: float = Field(default=24, ge=0)
    power: Power
    labour: Labour
    support: tuple[Support, ...] = ()
    disposal: tuple[Disposal, ...] = ()


def load_costs_policy(source: Path | str | Document) -> CostsPolicy:
    """Reads a policy. Raises ConfigError with one Problem per mistake."""
    return validate(CostsPolicy, source if isinstance(source, Document) else read_yaml(source))


def _matches(pattern: str, text: str) -> bool:
    return fnmatchcase(text.lower(), pattern.lower())
