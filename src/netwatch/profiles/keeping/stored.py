"""Profiles that are put together when a device first needs them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from netwatch.profiles.keeping.codec import decoder
from netwatch.profiles.ready.merge import inherit
from netwatch.profiles.ready.profile import Part, Profile

__all__ = ["StoredProfiles"]


class StoredProfiles(Mapping[str, Profile]):
    """Profiles from the JSON of their parts, each made when it is first asked for and kept from then on. Safe
    for threads: at worst two of them make the same one, and both get the first."""

    def __init__(self, parts: Mapping[str, bytes]) -> None:
        """`parts`: what `netwatch.profiles.keeping.codec.encode` makes of each Part, as JSON."""
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
