"""Facts of lifecycles: how long a class of gear lasts, and what makers announced of their models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from netwatch.documents import Document, Strict, read_yaml, validate
from netwatch.errors import ConfigError, Problem
from netwatch.model import DeviceKind
from netwatch.planning.lifecycle.flaws import Flaw, Flaws, Product
from netwatch.planning.lifecycle.patterns import matches
from netwatch.planning.voted import Confidence

__all__ = ["Lifecycle", "Milestone", "MilestoneKind", "UsefulLife", "load_lifecycle"]


_Asked = tuple[str, tuple[str, ...], str]
"""Vendor, models, version."""


class MilestoneKind(StrEnum):
    """Ends that makers announce, kept apart: the end of sale is not the end of support."""

    ANNOUNCED = "announced"
    END_OF_SALE = "end_of_sale"
    END_OF_SOFTWARE_MAINTENANCE = "end_of_software_maintenance"
    LAST_CONTRACT_RENEWAL = "last_contract_renewal"
    END_OF_SECURITY_FIXES = "end_of_security_fixes"
    LAST_DAY_OF_SUPPORT = "last_day_of_support"


class UsefulLife(Strict):
    """How long gear of a class is planned with."""

    name: str = Field(alias="class", min_length=1)
    kinds: tuple[DeviceKind, ...] = ()
    """Empty: any kind."""
    roles: tuple[str, ...] = ()
    """Empty: any role."""
    years: float = Field(gt=0, le=100)
    outer_years: float = Field(gt=0, le=100)
    source: str = Field(min_length=1)
    checked_on: date
    confidence: Confidence

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.outer_years < self.years:
            raise ValueError("'outer_years' is the longest that gear is kept: not less than 'years'")
        if not self.kinds and not self.roles:
            raise ValueError(
                "expected 'kinds' or 'roles': a class that takes everything hides what is unknown"
            )
        return self

    def fits(self, kind: str, role: str) -> bool:
        return (not self.kinds or kind in self.kinds) and (not self.roles or role in self.roles)


class Milestone(Strict):
    """One announced end."""

    vendor: str = "*"
    models: tuple[str, ...] = ()
    """Shell patterns for the model or the SKU."""
    versions: tuple[str, ...] = ()
    """Shell patterns for the software's version, or for the model where a maker writes the software there."""
    milestone: MilestoneKind
    on: date = Field(alias="date")
    bulletin: str = ""
    source: str = Field(min_length=1)
    checked_on: date
    confidence: Confidence

    @model_validator(mode="after")
    def _narrow(self) -> Self:
        if not self.models and not self.versions:
            raise ValueError("expected 'models' or 'versions': a date for everything of a maker is a guess")
        return self

    def fits(self, vendor: str, models: Sequence[str], version: str) -> bool:
        """Whether all patterns that are given match, case ignored."""
        return (
            matches(self.vendor, vendor)
            and (not self.models or any(matches(wanted, model) for wanted in self.models for model in models))
            and (
                not self.versions
                or any(matches(wanted, name) for wanted in self.versions for name in (version, *models))
            )
        )


class _File(Strict):
    useful_lives: tuple[UsefulLife, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    products: tuple[Product, ...] = ()


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """All the facts, in the order of their files."""

    useful_lives: tuple[UsefulLife, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    """Known to be exploited."""
    products: tuple[Product, ...] = ()
    """Which models run the software that catalogues of flaws name."""
    _flaws: Flaws = field(init=False, repr=False, compare=False)
    _by_vendor: dict[str, list[Milestone]] = field(init=False, repr=False, compare=False)
    _found: dict[_Asked, tuple[Milestone, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Answers so far: a fleet has few models, and several plans ask for each of its things."""

    def __post_init__(self) -> None:
        by_vendor: dict[str, list[Milestone]] = {}
        for one in self.milestones:
            by_vendor.setdefault(one.vendor.lower(), []).append(one)
        object.__setattr__(self, "_by_vendor", by_vendor)
        object.__setattr__(self, "_flaws", Flaws(self.flaws, self.products))

    def useful_life(self, kind: str, role: str) -> UsefulLife | None:
        """The first class that fits; None where nobody said how long such gear lasts."""
        return next((life for life in self.useful_lives if life.fits(kind, role)), None)

    def milestones_of(self, vendor: str, models: Sequence[str], version: str = "") -> tuple[Milestone, ...]:
        """What is known of a model or its software, in order of date."""
        asked = (vendor, tuple(model for model in models if model), version)
        known = self._found.get(asked)
        if known is None:
            found = (
                one
                for pattern, milestones in self._by_vendor.items()
                if matches(pattern, vendor)
                for one in milestones
                if one.fits(*asked)
            )
            known = self._found[asked] = tuple(sorted(found, key=lambda one: (one.on, one.milestone)))
        return known

    def knows_model(self, vendor: str, models: Sequence[str]) -> bool:
        """Whether any fact names a model. A vendor that is not told fits any."""
        return any(
            matches(pattern, model)
            for one in self.milestones
            if not vendor or matches(one.vendor, vendor)
            for pattern in one.models
            for model in models
        )

    def flaws_of(self, vendor: str, models: Sequence[str], version: str = "") -> tuple[Flaw, ...]:
        """Exploited flaws that a model may have, the newest first: `Flaw.affects` tells whether its version
        is known to have them. None says that a device is safe."""
        return self._flaws.of(vendor, models, version)

    def knows_flaws_of(self, vendor: str) -> bool:
        """Whether any catalogue that was imported speaks of a maker: without it, no flaw is no news."""
        return self._flaws.knows(vendor)


def load_lifecycle(directories: Path | str | Sequence[Path], but: Path | None = None) -> Lifecycle:
    """Reads every `*.yaml` of one folder or several, by name, without the file `but`. Raises ConfigError with
    all Problems."""
    folders = [Path(directories)] if isinstance(directories, Path | str) else list(directories)
    problems: list[Problem] = []
    lives: list[UsefulLife] = []
    milestones: list[Milestone] = []
    flaws: dict[tuple[str, str, tuple[str, ...]], Flaw] = {}
    products: list[Product] = []
    for folder in folders:
        if not folder.is_dir():
            problems.append(Problem(str(folder), "", "is no folder", "expected lifecycle facts as *.yaml"))
            continue
        for path in sorted(folder.glob("*.yaml")):
            if but is not None and path.absolute() == but.absolute():
                continue
            try:
                document = read_yaml(path)
                content = validate(_File, document)
            except ConfigError as error:
                problems += error.problems
                continue
            problems += _contradictions(document, content, milestones)
            lives += content.useful_lives
            milestones += content.milestones
            products += content.products
            for flaw in content.flaws:
                key = (flaw.cve, flaw.vendor.lower(), flaw.products)
                if key not in flaws or flaws[key].checked_on < flaw.checked_on:
                    flaws[key] = flaw
    if problems:
        raise ConfigError(problems)
    return Lifecycle(tuple(lives), tuple(milestones), tuple(flaws.values()), tuple(products))


def _contradictions(document: Document, content: _File, before: Sequence[Milestone]) -> Iterator[Problem]:
    """Two dates for the same milestone of the same patterns: one of them is wrong."""
    known = {_identity(one): one for one in before}
    for number, one in enumerate(content.milestones):
        other = known.setdefault(_identity(one), one)
        if other.on != one.on:
            yield document.problem(
                ("milestones", number, "date"),
                f"{one.on} for {one.milestone}, but {other.on} was given before for the same models",
                "keep the one with the better source",
            )


def _identity(one: Milestone) -> tuple[object, ...]:
    return one.vendor.lower(), one.models, one.versions, one.milestone
