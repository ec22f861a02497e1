"""All usable profiles: compiled ones, or such as are put together when a device first needs them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from netwatch.errors import Problem
from netwatch.profiles.codec import decoder
from netwatch.profiles.compiled import Part, Profile, Recognised
from netwatch.profiles.merge import inherit
from netwatch.profiles.models import Models
from netwatch.profiles.pool import PlanPool
from netwatch.profiles.vendors import Vendors

__all__ = ["FALLBACK", "ProfileSet", "StoredProfiles"]

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


class StoredProfiles(Mapping[str, Profile]):
    """Profiles from the JSON of their parts, each made when it is first asked for and kept from then on. Safe
    for threads: at worst two of them make the same one, and both get the first."""

    def __init__(self, parts: Mapping[str, bytes]) -> None:
        """`parts`: what `netwatch.profiles.codec.encode` makes of each Part, as JSON."""
        self._parts = parts
        self._made: dict[str, Profile] = {}

    def __getitem__(self, name: str) -> Profile:
        found = self._made.get(name)
        if found is None:
            part: Part = decoder(Part)(json.loads(self._parts[name]))
            found = self._made.setdefault(name, inherit(part, [self[one] for one in part.include]))
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)
