"""All usable profiles, and what belongs to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from netwatch.errors import Problem
from netwatch.profiles.ready.pool import PlanPool
from netwatch.profiles.ready.profile import Profile, Recognised
from netwatch.profiles.written.models import Models
from netwatch.profiles.written.vendors import Vendors

__all__ = ["FALLBACK", "ProfileSet"]

FALLBACK = "generic"
"""Name of the profile for a device that no other one matches."""


@dataclass(frozen=True)
class ProfileSet:
    """All usable profiles."""

    profiles: Mapping[str, Profile]
    recognised: tuple[Recognised, ...] = ()
    """How each of them is recognised; looking here compiles nothing."""
    problems: list[Problem] = field(default_factory=list)
    """Of files that were refused."""
    vendors: Vendors = field(default_factory=Vendors)
    models: Models = field(default_factory=Models)
    digest: str = ""
    """Another one wherever a file has changed, as what is compiled can't be compared."""
    pool: PlanPool = field(default_factory=PlanPool, repr=False, compare=False)
    """What devices of one build share."""
    told: str = field(default="", compare=False)
    """Where it comes from, for the log: the cache, or why not."""

    @property
    def fallback(self) -> Profile | None:
        return self.profiles.get(FALLBACK)

    @property
    def refused(self) -> tuple[str, ...]:
        """The files that were refused."""
        return tuple(dict.fromkeys(problem.file for problem in self.problems))
