"""Silences and maintenance windows as people write them: `config/silences/*.yaml`, and requests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator

from netwatch.calendars import EVERY_DAY, HoursField, LocalTime, Timezone, Weekdays
from netwatch.documents import Document, Strict, did_you_mean, fault, validate
from netwatch.errors import ConfigError, Problem
from netwatch.incidents.silence import Matcher, Silence
from netwatch.model import DAY

__all__ = [
    "SilenceEntry",
    "SilenceFile",
    "decode_silence",
    "encode_silence",
    "load_silences",
    "silence_of",
]

_LONGEST = 400 * DAY
"""Seconds. A longer silence is a slip of the pen in the year."""


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Weekly(Strict):
    """Hours of a week."""

    hours: HoursField = Field(
        description='From when to when, e.g. `"22:00-04:00"`; they may pass midnight, and belong to the day '
        "on which they begin."
    )
    days: Weekdays = Field(default=EVERY_DAY, description="Weekdays, monday to sunday; without it every day.")


class SilenceEntry(Strict):
    """One silence or maintenance window."""

    silence: str = Field(description="Its name, in pages and timelines; unique.", pattern=r"^[\w.-]{1,60}$")
    comment: str = Field(default="", description="What for, for people.", max_length=200)
    by: str = Field(default="", description="Who wants it.", max_length=80)
    rules: Names = Field(default=(), description="Names of rules.")
    sites: Names = Field(
        default=(), description="Ids of places: all devices at or below them, e.g. `maple/lincoln-es`."
    )
    devices: Names = Field(default=(), description="Names of devices, with `*` and `?`.")
    tags: Names = Field(default=(), description="Tags of devices; one of them is enough.")
    starts: LocalTime | None = Field(
        default=None, description="When it begins, by the wall clock; without it at once."
    )
    ends: LocalTime | None = Field(default=None, description="When it ends; required unless it is `weekly`.")
    weekly: Weekly | None = Field(default=None, description="It recurs: only within these hours.")
    timezone: Timezone | None = Field(default=None, description="IANA time zone; without it the district's.")

    @model_validator(mode="after")
    def _makes_sense(self) -> SilenceEntry:
        if not (self.rules or self.sites or self.devices or self.tags):
            raise fault(
                "it would silence everything", "name rules, sites, devices or tags; a district is a site, too"
            )
        if self.weekly is None and self.ends is None:
            raise fault("it has no end", "set ends, or weekly for one that recurs")
        return self


class SilenceFile(Strict):
    """One file of silences."""

    silences: tuple[SilenceEntry, ...] = Field(description="Silences and maintenance windows.")


def load_silences(
    documents: Iterable[Document],
    timezone: str = "UTC",
    *,
    rules: Collection[str] | None = None,
    sites: Collection[str] | None = None,
) -> tuple[Silence, ...]:
    """Silences of all files. `timezone` holds for those that name none; `rules` and `sites` are the known
    ones, None: any.

    Raises ConfigError with one Problem per mistake.
    """
    problems: list[Problem] = []
    out: dict[str, Silence] = {}
    for document in documents:
        try:
            file = validate(SilenceFile, document)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        for row, entry in enumerate(file.silences):
            head = ("silences", row)
            if entry.silence in out:
                message = f"silence {entry.silence!r} is defined twice"
                problems.append(document.problem((*head, "silence"), message))
            for key, known in (("rules", rules), ("sites", sites)):
                problems.extend(_unknown(document, (*head, key), getattr(entry, key), known))
            try:
                out[entry.silence] = silence_of(entry, timezone, planned=True)
            except ValueError as error:
                problems.append(document.problem((*head, "ends"), str(error)))
    if problems:
        raise ConfigError(problems)
    return tuple(out.values())


def silence_of(
    entry: SilenceEntry, timezone: str, *, now: float = 0.0, planned: bool = False, by: str = ""
) -> Silence:
    """The silence; one without `starts` starts `now`. Raises ValueError where its times make no sense."""
    zone = ZoneInfo(entry.timezone or timezone)
    starts = now if entry.starts is None else _wall(entry.starts, zone)
    ends = None if entry.ends is None else _wall(entry.ends, zone)
    if ends is not None and ends <= starts:
        raise ValueError("it ends before it begins")
    if ends is not None and entry.weekly is None and entry.starts is not None and ends - starts > _LONGEST:
        raise ValueError(f"it is longer than {_LONGEST / DAY:.0f} days: is the year right?")
    weekly = entry.weekly
    return Silence(
        id=entry.silence,
        matcher=Matcher(
            frozenset(entry.rules), frozenset(entry.sites), tuple(entry.devices), frozenset(entry.tags)
        ),
        starts=starts,
        ends=ends,
        comment=entry.comment,
        by=by or entry.by,
        planned=planned,
        hours=() if weekly is None else weekly.hours,
        weekdays=EVERY_DAY if weekly is None else weekly.days,
        timezone=zone.key,
    )


def _wall(moment: datetime, zone: ZoneInfo) -> float:
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).timestamp()


def _unknown(
    document: Document, path: tuple[str | int, ...], names: Iterable[str], known: Collection[str] | None
) -> Iterator[Problem]:
    for number, name in enumerate(names):
        if known is not None and name not in known:
            yield document.problem((*path, number), f"unknown name {name!r}", did_you_mean(name, known))


def encode_silence(silence: Silence) -> Mapping[str, Any]:
    """A JSON object that `decode_silence` turns back into an equal silence."""
    return {
        "id": silence.id,
        "rules": sorted(silence.matcher.rules),
        "sites": sorted(silence.matcher.sites),
        "devices": list(silence.matcher.devices),
        "tags": sorted(silence.matcher.tags),
        "starts": silence.starts,
        "ends": silence.ends,
        "comment": silence.comment,
        "by": silence.by,
        "hours": [list(span) for span in silence.hours],
        "weekdays": sorted(silence.weekdays),
        "timezone": silence.timezone,
    }


def decode_silence(document: Mapping[str, Any]) -> Silence:
    """Raises KeyError, TypeError or ValueError if the object is no silence."""
    return Silence(
        id=document["id"],
        matcher=Matcher(
            frozenset(document["rules"]),
            frozenset(document["sites"]),
            tuple(document["devices"]),
            frozenset(document["tags"]),
        ),
        starts=document["starts"],
        ends=document["ends"],
        comment=document["comment"],
        by=document["by"],
        hours=tuple((begin, end) for begin, end in document["hours"]),
        weekdays=frozenset(document["weekdays"]),
        timezone=document["timezone"],
    )
