"""What is known of each model of the fleet: announced dates, exploited flaws, and what to look up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from netwatch.model import DAYS_PER_YEAR, AssetState
from netwatch.planning.basis import Basis, Subject, subjects
from netwatch.planning.lifecycle.facts import Lifecycle, Milestone, MilestoneKind
from netwatch.planning.lifecycle.flaws import Flaw

__all__ = ["Fleet", "ModelLine", "SoftwareLine", "survey"]


@dataclass(frozen=True, slots=True)
class ModelLine:
    """One model, as it is called most."""

    vendor: str
    model: str
    kinds: tuple[str, ...]
    assets: int
    """In use."""
    spares: int
    oldest: date | None
    """First day of installation; None where none is known."""
    years: float | None
    """Mean age of those whose installation is known."""
    undated: int
    """Assets in use without a day of installation."""
    milestones: tuple[Milestone, ...]
    """Of the hardware, the first of each kind in order of date."""
    flaws: int | None
    """Exploited flaws that it may have; None where no catalogue speaks of its maker."""

    def on(self, kind: MilestoneKind) -> date | None:
        """The day of a milestone; None where nobody looked it up or none was announced."""
        return next((one.on for one in self.milestones if one.milestone is kind), None)


@dataclass(frozen=True, slots=True)
class SoftwareLine:
    """One version of software in the fleet, with what was announced of it."""

    vendor: str
    model: str
    version: str
    """Empty where it is not told."""
    assets: int
    milestones: tuple[Milestone, ...]
    flaws: tuple[tuple[Flaw, bool | None], ...]
    """With whether the version is known to have it; None where the catalogue does not tell."""


@dataclass(frozen=True, slots=True)
class Fleet:
    at: float
    models: tuple[ModelLine, ...]
    """What there is most of and is oldest first: a date that is missing there is missed most."""
    software: tuple[SoftwareLine, ...]
    nameless: int
    """Assets of which nobody knows the model."""


def survey(basis: Basis, lifecycle: Lifecycle, but: Iterable[str] = ("vm",)) -> Fleet:
    """The fleet by model, without the roles `but`. Pure: the same basis gives the same result."""
    models: dict[tuple[str, str], list[Subject]] = {}
    versions: dict[tuple[str, str, str], list[Subject]] = {}
    nameless = 0
    for subject in subjects(basis.snapshot, tuple(but)):
        if not subject.models:
            nameless += 1
            continue
        key = (subject.vendor.casefold(), subject.model.casefold() or subject.models[0].casefold())
        models.setdefault(key, []).append(subject)
        versions.setdefault((*key, subject.version), []).append(subject)
    lines = [_model(found, lifecycle, basis.day) for found in models.values()]
    lines.sort(
        key=lambda one: (-one.assets, -(one.years or 0.0), one.vendor.casefold(), one.model.casefold())
    )
    software = [_software(found, lifecycle) for found in versions.values()]
    software.sort(key=lambda one: (-one.assets, one.vendor.casefold(), one.model.casefold(), one.version))
    return Fleet(basis.at, tuple(lines), tuple(software), nameless)


def _model(found: list[Subject], lifecycle: Lifecycle, day: date) -> ModelLine:
    used = [one for one in found if not _is_spare(one)]
    dates = sorted(
        one.asset.installed for one in used if one.asset is not None and one.asset.installed is not None
    )
    ages = [max(0, (day - one).days) / DAYS_PER_YEAR for one in dates]
    first = min(found, key=lambda one: (one.model == "", one.vendor, one.model))
    names = sorted({name for one in found for name in one.models})
    hardware: dict[MilestoneKind, Milestone] = {}
    for one in lifecycle.milestones_of(first.vendor, names):
        if not one.versions:
            hardware.setdefault(one.milestone, one)
    flaws = {flaw.cve for one in found for flaw in lifecycle.flaws_of(one.vendor, one.models, one.version)}
    return ModelLine(
        vendor=first.vendor,
        model=first.model or first.models[0],
        kinds=tuple(sorted({one.kind for one in found if one.kind})),
        assets=len(used),
        spares=len(found) - len(used),
        oldest=dates[0] if dates else None,
        years=sum(ages) / len(ages) if ages else None,
        undated=len(used) - len(dates),
        milestones=tuple(sorted(hardware.values(), key=lambda one: (one.on, one.milestone))),
        flaws=len(flaws) if lifecycle.knows_flaws_of(first.vendor) else None,
    )


def _software(found: list[Subject], lifecycle: Lifecycle) -> SoftwareLine:
    one = found[0]
    milestones = [
        fact for fact in lifecycle.milestones_of(one.vendor, one.models, one.version) if fact.versions
    ]
    flaws = lifecycle.flaws_of(one.vendor, one.models, one.version)
    return SoftwareLine(
        vendor=one.vendor,
        model=one.model or one.models[0],
        version=one.version,
        assets=len(found),
        milestones=tuple(milestones),
        flaws=tuple((flaw, flaw.affects(one.version)) for flaw in flaws),
    )


def _is_spare(subject: Subject) -> bool:
    return subject.spare and (subject.asset is None or subject.asset.status is AssetState.SPARE)
