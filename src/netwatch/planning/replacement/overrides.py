"""Overrides: what people decided against the score, with name, reason and day; they stay visible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from netwatch.documents import Document, Strict, did_you_mean, read_yaml, validate
from netwatch.errors import Problem
from netwatch.model import Inventory
from netwatch.planning.basis import Subject

__all__ = ["NO_OVERRIDES", "Override", "Overrides", "load_overrides"]


def _text(value: object) -> object:
    """An asset tag such as 1042 is text, however YAML reads it."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Code = Annotated[str, BeforeValidator(_text)]


class Override(Strict):
    """One decision about one asset."""

    serial: Code = ""
    asset_tag: Code = ""
    device: Code = ""
    """Name of the device."""
    pin: Literal["top"] | Annotated[int, Field(ge=1)] | None = None
    """A rank, or `top`: before everything that has no pin."""
    exclude: bool = False
    """Not in the list, but in a sheet of its own."""
    name: str = Field(min_length=1)
    """Who decided it."""
    reason: str = Field(min_length=3)
    on: date = Field(alias="date")
    cost: float | None = Field(default=None, ge=0)
    """What the decision costs, in the currency of the district; None where nobody said."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if sum(map(bool, (self.serial, self.asset_tag, self.device))) != 1:
            raise ValueError("expected one of 'serial', 'asset_tag' and 'device': which asset it is about")
        if (self.pin is None) == (not self.exclude):
            raise ValueError("expected either 'pin: top', 'pin: RANK' or 'exclude: true'")
        return self

    @property
    def about(self) -> str:
        """Which asset, for people."""
        if self.serial:
            return f"serial {self.serial}"
        return f"asset tag {self.asset_tag}" if self.asset_tag else f"device {self.device}"

    @property
    def told(self) -> str:
        """For the list: what, who, when, why."""
        what = (
            "excluded"
            if self.exclude
            else f"pinned to {'the top' if self.pin == 'top' else f'rank {self.pin}'}"
        )
        cost = "" if self.cost is None else f"; it costs {self.cost:,.2f}"
        return f"{what} by {self.name} on {self.on}: {self.reason}{cost}"

    def fits(self, subject: Subject) -> bool:
        """A serial number or tag names one asset, a device all that fill its function."""
        if self.serial:
            return subject.serial.casefold() == self.serial.casefold()
        if self.asset_tag:
            tag = "" if subject.asset is None else subject.asset.asset_tag
            return tag.casefold() == self.asset_tag.casefold()
        known = subject.device is not None or subject.entity is not None
        return known and subject.name.casefold() == self.device.casefold()


class _File(Strict):
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class Overrides:
    """In the order of the file: of two that fit one asset, the first holds."""

    entries: tuple[Override, ...] = ()
    problems: tuple[Problem, ...] = field(default=(), compare=False)
    """One per entry: where it stands, for a warning."""

    def of(self, subject: Subject) -> Override | None:
        return next((one for one in self.entries if one.fits(subject)), None)

    def strangers(self, inventory: Inventory) -> Iterator[Problem]:
        """Warnings for entries about what the inventory does not name. Gear that only netwatch found is not
        there either, so it is no mistake for sure."""
        assets = inventory.assets
        known = {
            "serial": _folded(one.serial for one in assets)
            | _folded(one.serial for one in inventory.devices.values()),
            "asset_tag": _folded(one.asset_tag for one in assets),
            "device": _folded(inventory.devices),
        }
        for entry, problem in zip(self.entries, self.problems, strict=True):
            for key, names in known.items():
                value = str(getattr(entry, key))
                if value and value.casefold() not in names:
                    remedy = did_you_mean(value, names.values()) or "enter it, or remove the override"
                    yield Problem(
                        problem.file,
                        f"{problem.path}.{key}",
                        f"the inventory has no {entry.about}",
                        remedy,
                        problem.line,
                    )


NO_OVERRIDES = Overrides()


def load_overrides(source: Path | str | Document) -> Overrides:
    """Reads `overrides.yaml`. Raises ConfigError with one Problem per mistake."""
    document = source if isinstance(source, Document) else read_yaml(source)
    entries = validate(_File, document).overrides
    places = tuple(document.problem(("overrides", number), "") for number in range(len(entries)))
    _twice(document, entries)
    return Overrides(entries, places)


def _twice(document: Document, entries: Sequence[Override]) -> None:
    from netwatch.errors import ConfigError

    seen: dict[tuple[str, str], int] = {}
    problems: list[Problem] = []
    for number, one in enumerate(entries):
        key = (one.about.partition(" ")[0], one.about.casefold())
        first = seen.setdefault(key, number)
        if first != number:
            where = document.line_of(("overrides", first))
            problems.append(
                document.problem(
                    ("overrides", number),
                    f"{one.about} is there twice, first in line {where}",
                    "keep the one that holds",
                )
            )
    if problems:
        raise ConfigError(problems)


def _folded(names: Iterable[str]) -> dict[str, str]:
    return {name.casefold(): name for name in names if name}
