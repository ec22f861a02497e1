"""Which profile fits a device, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from netwatch.model import HttpRequest
from netwatch.profiles.language.functions import SEARCHED
from netwatch.profiles.language.values import Value, text
from netwatch.profiles.ready.profile import Match, Recognised

__all__ = [
    "Candidate",
    "Explanation",
    "Fingerprint",
    "candidates",
    "choose",
    "known_host",
    "needed_oids",
    "needed_paths",
]


@dataclass(frozen=True)
class Fingerprint:
    """What a device says of itself before anything else is read."""

    sys_object_id: str
    sys_descr: str
    sys_name: str
    has: Callable[[str], bool]
    """True if the OID or subtree answers."""
    value: Callable[[str], Value]
    answers: Callable[[HttpRequest], bool] = lambda _: False
    """True if it is answered with JSON over HTTP."""
    http_host: str = ""
    """Host that is asked over HTTP; empty for none."""


@dataclass(frozen=True)
class Candidate:
    """A profile that matches."""

    profile: Recognised
    score: tuple[int, int]
    """Priority, then specificity: arcs of sysObjectID count 10 each, other conditions 15."""
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """Why a device is read as it is."""

    profile: str
    reasons: tuple[str, ...] = ()
    attached: tuple[tuple[str, tuple[str, ...]], ...] = ()
    others: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Profiles that matched too, but less specifically."""
    families: Mapping[str, tuple[str, ...]] | None = None
    """Table -> families that it gave."""
    skipped: Mapping[str, str] | None = None
    """Table -> why it gave nothing."""


def candidates(profiles: Iterable[Recognised], device: Fingerprint) -> list[Candidate]:
    """Matching profiles, the most specific first; equal ones by name."""
    found = []
    for profile in profiles:
        best: Candidate | None = None
        for match in profile.match:
            result = _judge(match, device)
            if result is not None:
                score, reasons = result
                candidate = Candidate(profile, (profile.priority, score), reasons)
                if best is None or candidate.score > best.score:
                    best = candidate
        if best is not None:
            found.append(best)
    return sorted(found, key=lambda one: (tuple(-part for part in one.score), one.profile.name))


def choose(found: list[Candidate]) -> tuple[Candidate | None, list[Candidate]]:
    """The profile to use, and those to attach to it."""
    main = next((one for one in found if not one.profile.attach), None)
    inside = {main.profile.name, *main.profile.includes} if main is not None else set()
    return main, [one for one in found if one.profile.attach and one.profile.name not in inside]


def needed_oids(profiles: Iterable[Recognised], device: Fingerprint) -> tuple[set[str], set[str]]:
    """(subtrees to try, values to read) before `candidates` can tell: only of those still in the race."""
    present: set[str] = set()
    values: set[str] = set()
    for profile in profiles:
        for match in profile.match:
            if _judge_system(match, device) is not None:
                present.update(match.present)
                values.update(oid for oid, _ in match.values)
    return present, values


def needed_paths(profiles: Iterable[Recognised], device: Fingerprint) -> set[HttpRequest]:
    """What to ask for over HTTP before `candidates` can tell: only of those still in the race."""
    return {
        request
        for profile in profiles
        for match in profile.match
        if match.http_json and _judge_system(match, device) is not None
        for request in match.http_json
    }


def known_host(profiles: Iterable[Recognised], device: Fingerprint) -> bool:
    """Whether a profile knows the API by its host: then no path has to be tried."""
    hosts = [match.http_host for profile in profiles for match in profile.match if match.http_host]
    return any(_found(pattern, device.http_host) for pattern in hosts)


def _below(oid: str, roots: Iterable[str]) -> str | None:
    """The longest of the roots that the OID is, or is below. Asked a thousand times for each device."""
    best = None
    for root in roots:
        if oid.startswith(root) and oid[len(root) : len(root) + 1] in ("", "."):
            best = root if best is None or len(root) > len(best) else best
    return best


def _found(pattern: str, searched: str) -> bool:
    return re.search(pattern, searched[:SEARCHED]) is not None


def _judge_system(match: Match, device: Fingerprint) -> tuple[int, list[str]] | None:
    score, reasons = 0, []
    if match.below:
        root = _below(device.sys_object_id, match.below)
        if root is None:
            return None
        score += 10 * (root.count(".") + 1)
        reasons.append(f"sysObjectID {device.sys_object_id} is below {root}")
    if match.exact:
        if device.sys_object_id not in match.exact:
            return None
        score += 10 * (device.sys_object_id.count(".") + 1) + 5
        reasons.append(f"sysObjectID is {device.sys_object_id}")
    for name, pattern, searched in (
        ("sysDescr", match.sys_descr, device.sys_descr),
        ("sysName", match.sys_name, device.sys_name),
    ):
        if pattern:
            if not _found(pattern, searched):
                return None
            score += 15
            reasons.append(f"{name} matches /{pattern}/")
    if match.http_host:
        if not _found(match.http_host, device.http_host):
            return None
        score += 15
        reasons.append(f"{device.http_host} matches /{match.http_host}/")
    if match.not_sys_descr:
        if _found(match.not_sys_descr, device.sys_descr):
            return None
        score += 1
        reasons.append(f"sysDescr does not match /{match.not_sys_descr}/")
    return score, reasons


def _judge(match: Match, device: Fingerprint) -> tuple[int, tuple[str, ...]] | None:
    judged = _judge_system(match, device)
    if judged is None:
        return None
    score, reasons = judged
    for oid in match.present:
        if not device.has(oid):
            return None
        score += 15
        reasons.append(f"{oid} answers")
    for oid, pattern in match.values:
        value = text(device.value(oid))
        if value is None or not _found(pattern, value):
            return None
        score += 15
        reasons.append(f"{oid} is {value!r}, which matches /{pattern}/")
    for request in match.http_json:
        if not device.answers(request):
            return None
        score += 15
        reasons.append(f"{request.path} answers over HTTP")
    return score, tuple(reasons)
