"""Known exploited flaws, as far as the lifecycle facts hold any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, runtime_checkable

from netwatch.planning.lifecycle import Lifecycle

__all__ = ["Flaw", "flaws_of"]


@dataclass(frozen=True, slots=True)
class Flaw:
    name: str
    """e.g. a CVE number."""
    on: date
    """Since when it is known to be exploited."""
    source: str
    affects: bool | None
    """Whether the version that runs has it; None where nobody says which versions have it."""


@runtime_checkable
class _KnowsFlaws(Protocol):
    """Facts that hold flaws. Those may also have `knows_flaws_of(vendor)`: whether no flaw is any news."""

    def flaws_of(self, vendor: str, models: Sequence[str], version: str = "") -> Sequence[Any]: ...


def flaws_of(
    lifecycle: Lifecycle, vendor: str, models: Sequence[str], version: str
) -> tuple[Flaw, ...] | None:
    """What a model and its software may have, the latest first. None: the facts hold nothing of flaws,
    nothing of that maker, or nobody knows what model it is."""
    if not isinstance(lifecycle, _KnowsFlaws) or not (models or version):
        return None
    speaks_of = getattr(lifecycle, "knows_flaws_of", None)
    if speaks_of is not None and not speaks_of(vendor):
        return None
    known = {_flaw(one, version) for one in lifecycle.flaws_of(vendor, models, version)}
    return tuple(sorted(known, key=lambda flaw: (-flaw.on.toordinal(), flaw.name, flaw.source)))


def _flaw(one: Any, version: str) -> Flaw:
    affects = getattr(one, "affects", None)
    return Flaw(str(one.cve), one.added, str(one.source), True if affects is None else affects(version))
