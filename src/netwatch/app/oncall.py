"""Who is on call: rotas of the settings, swaps made while netwatch runs, and what is handed over."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import Field

from netwatch.calendars import LocalTime
from netwatch.documents import Document, Strict, did_you_mean, validate
from netwatch.errors import ConfigError, Problem
from netwatch.incidents import Handover, MadeSwap, Policy, Swap, handovers
from netwatch.model import DAY, Clock
from netwatch.store import Store, StoredSwap

__all__ = ["OnCall", "SwapEntry"]

LONGEST = 400 * DAY
"""Seconds. A longer swap is a slip of the pen in the year."""


class SwapEntry(Strict):
    """A swap as people ask for one."""

    rota: str = Field(default="", description="Name of the rota; it may be left out where there is but one.")
    person: str = Field(description="Who is on call instead.")
    starts: LocalTime | None = Field(default=None, description="From when on; without it at once.")
    ends: LocalTime = Field(description="Until when.")


class OnCall:
    """One per daemon. What it says of rotas is of the policy that is handed in."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store.on_call
        self._clock = clock
        self._made = [
            MadeSwap(one.id, one.rota, Swap(one.starts, one.ends, one.person), one.by, one.made)
            for one in self._store.swaps(clock.now().wall)
        ]
        self._before = self._store.on_call()

    def into(self, policy: Policy) -> Policy:
        """With the swaps that were made at run time, which go before those of the settings. Of people and
        rotas that there are no more, nothing is left."""
        rotas = {
            name: replace(
                rota,
                swaps=(
                    *rota.swaps,
                    *(
                        one.swap
                        for one in self._made
                        if one.rota == name and one.swap.person in policy.people
                    ),
                ),
            )
            for name, rota in policy.rotas.items()
        }
        return replace(policy, rotas=rotas)

    def swaps(self) -> Sequence[MadeSwap]:
        """Those that are on or will be, in the order of their making."""
        now = self._clock.now().wall
        self._made = [one for one in self._made if one.swap.ends > now]
        return tuple(self._made)

    def add(self, wanted: Mapping[str, object], by: str, policy: Policy) -> MadeSwap:
        """Raises ConfigError for what is wrong with it, StoreError."""
        entry = validate(SwapEntry, Document("", dict(wanted), ""))
        if not entry.rota and len(policy.rotas) == 1:
            entry = entry.model_copy(update={"rota": next(iter(policy.rotas))})
        for what, name, known in (
            ("rota", entry.rota, policy.rotas),
            ("person", entry.person, policy.people),
        ):
            if name not in known:
                raise _wrong(what, f"unknown {what} {name!r}", did_you_mean(name, known))
        now, zone = self._clock.now().wall, ZoneInfo(policy.timezone)
        starts = now if entry.starts is None else _wall(entry.starts, zone)
        ends = _wall(entry.ends, zone)
        if ends <= starts:
            raise _wrong("ends", "it ends before it begins")
        if ends <= now:
            raise _wrong("ends", "it is over already")
        if ends - starts > LONGEST:
            raise _wrong("ends", "it lasts longer than 400 days", "is the year right?")
        made = MadeSwap(f"w-{secrets.token_hex(3)}", entry.rota, Swap(starts, ends, entry.person), by, now)
        self._store.add_swap(StoredSwap(made.id, made.rota, entry.person, starts, ends, by, now))
        self._made.append(made)
        return made

    def end(self, swap_id: str) -> bool:
        """Takes one back; whether there was one. Raises StoreError."""
        if not any(one.id == swap_id for one in self._made):
            return False
        self._store.end_swap(swap_id, self._clock.now().wall)
        self._made = [one for one in self._made if one.id != swap_id]
        return True

    def changes(self, policy: Policy, at: float) -> list[Handover]:
        """Since the last `adopt`: rotas that somebody else is on call for."""
        return handovers(policy.rotas, self._before, at)

    def write(self, found: Sequence[Handover], at: float) -> None:
        """Part of a transaction. Raises StoreError."""
        self._store.handed_over((one.rota, one.person, at) for one in found)

    def adopt(self, found: Sequence[Handover]) -> None:
        """That is on disk now."""
        self._before = self._before | {one.rota: one.person for one in found}


def _wrong(place: str, message: str, hint: str = "") -> ConfigError:
    return ConfigError([Problem("", place, message, hint)])


def _wall(moment: datetime, zone: ZoneInfo) -> float:
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).timestamp()
