"""Proposes a device profile from a walk and MIB modules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from netwatch.drafting.groups import Column, Group, Groups, as_text, dotted, group
from netwatch.drafting.identity import (
    facts,
    is_agent,
    kind_of,
    match_of,
    sys_object_id,
)
from netwatch.drafting.mib_clauses import ClauseParser
from netwatch.drafting.mib_library import Library, open_library
from netwatch.drafting.naming import alias, shared_words
from netwatch.drafting.sheet import FactLine, Sheet
from netwatch.drafting.tables import Drafting, draft_table
from netwatch.drafting.words import Words, load_words
from netwatch.drafting.writing import written
from netwatch.model import SYS_DESCR, SYS_NAME
from netwatch.profiles import Fingerprint, Profile, ProfileSet, TableSource, candidates, choose
from netwatch.wire import Recording

__all__ = ["Draft", "draft_profile", "roots_of", "standard_oids"]

ENTERPRISES = (1, 3, 6, 1, 4, 1)
MIB_2 = (1, 3, 6, 1, 2, 1)
BASE = "standard"
"""The profile that every draft includes."""

Oid = tuple[int, ...]


@dataclass(frozen=True)
class Draft:
    """A proposed profile."""

    text: str
    """YAML with comments."""
    modules: tuple[str, ...]
    """MIB modules that were read."""
    sensors: int
    states: int
    entities: int
    """Processors, memory regions and volumes."""
    checks: int
    """Lines that a person has to look at."""


def draft_profile(
    recording: Recording,
    mibs: Sequence[Path],
    profiles: ProfileSet,
    *,
    name: str = "",
    words: Words | None = None,
    parser: ClauseParser | None = None,
) -> Draft:
    """Reads the modules that know the walk's OIDs. Raises ConfigError, MissingExtra.

    `mibs`: folders of modules, or files. `profiles`: what they read already is not drafted again.
    `words`, `parser`: made anew where they are not handed in.
    """
    words = words or load_words()
    library = open_library(mibs, parser)
    roots = roots_of(recording.values)
    modules = library.load({*roots, *_identity_root(recording)})
    groups = group(recording.values, library, roots)
    read = _read_already(recording, profiles)
    for one in groups.groups:
        one.read = [column for column in one.columns if column.oid in read.oids]
        one.columns = [column for column in one.columns if column.oid not in read.oids]
    kept = [one for one in groups.groups if one.columns]
    sheet = _sheet(recording, Groups(kept, groups.unknown), library, profiles, words, read)
    sheet.profile = name or sheet.profile
    drafted = {table.oid for table in sheet.tables}
    used = sorted({one.module for one in kept if one.oid[:6] == ENTERPRISES or dotted(one.oid) in drafted})
    sheet.head = _head(recording, used, read)
    text = written(sheet)
    return Draft(
        text=text,
        modules=tuple(modules),
        sensors=sum(len(table.sensors) for table in sheet.tables),
        states=sum(len(table.states) for table in sheet.tables),
        entities=sum(len(table.entities) for table in sheet.tables),
        checks=sum("# check" in line or "; check" in line for line in text.splitlines()),
    )


def roots_of(values: Mapping[str, object]) -> set[Oid]:
    """Subtrees of a walk that modules are looked for: each enterprise, each group of mib-2, and others."""
    roots: set[Oid] = set()
    for oid in values:
        arcs = tuple(map(int, oid.split(".", 8)[:8]))
        if arcs[: len(ENTERPRISES)] == ENTERPRISES or arcs[: len(MIB_2)] == MIB_2:
            roots.add(arcs[:7])
        elif arcs[:2] == (1, 0) or arcs[:3] == (1, 3, 111):
            roots.add(arcs[:4])
    return {root for root in roots if len(root) > 3}


def _identity_root(recording: Recording) -> set[Oid]:
    oid = sys_object_id(recording.values)
    arcs = tuple(map(int, oid.split("."))) if oid else ()
    return {arcs[:7]} if len(arcs) >= 7 and arcs[:6] == ENTERPRISES else set()


# what is there already


@dataclass(frozen=True)
class _Read:
    """What other profiles read of this device."""

    oids: frozenset[str]
    """Columns and scalars of the standard profile and of those that attach themselves."""
    names: frozenset[str]
    """Tables and scalars whose names are taken."""
    profile: str
    """The shipped profile that matches; empty if none does."""
    attached: tuple[str, ...]


def _read_already(recording: Recording, profiles: ProfileSet) -> _Read:
    values = recording.values
    device = Fingerprint(
        sys_object_id=sys_object_id(values),
        sys_descr=as_text(values.get(SYS_DESCR)),
        sys_name=as_text(values.get(SYS_NAME)),
        has=recording.has,
        value=recording.get,
    )
    main, attached = choose(candidates(profiles.recognised, device))
    read = [profile for profile in (profiles.profiles.get(BASE),) if profile is not None]
    read += [profiles.profiles[one.profile.name] for one in attached]
    names = {name for profile in read for name in (*profile.tables, *profile.scalars)}
    return _Read(
        frozenset(_oids(read)),
        frozenset(names),
        main.profile.name if main is not None else "",
        tuple(one.profile.name for one in attached),
    )


def standard_oids(profiles: ProfileSet) -> frozenset[str]:
    """Columns and scalars (without `.0`) that every device is asked for."""
    standard = profiles.profiles.get(BASE)
    return frozenset(_oids([standard])) if standard is not None else frozenset()


def _oids(profiles: Iterable[Profile]) -> Iterable[str]:
    for profile in profiles:
        for scalar in profile.scalars.values():
            yield scalar.oid.removesuffix(".0")
        for table in profile.tables.values():
            if table.source is TableSource.SNMP:
                for column in table.columns.values():
                    yield column.at


# the draft


def _sheet(
    recording: Recording, groups: Groups, library: Library, profiles: ProfileSet, words: Words, read: _Read
) -> Sheet:
    own = [one for one in groups.groups if one.oid[:6] == ENTERPRISES]
    oid = sys_object_id(recording.values)
    vendor = profiles.vendors.of(oid, as_text(recording.values.get(SYS_DESCR)))
    guessed = kind_of(own, words)
    kind = guessed or (vendor.kind.value if vendor is not None and vendor.kind is not None else "")
    product = library.name(tuple(map(int, oid.split(".")))) if not is_agent(oid, words) else ""
    sheet = Sheet(
        profile=_profile_name(product, recording.name),
        description=" ".join(part for part in (vendor.name if vendor else "", product) if part) or "Drafted",
        kind=kind or "other",
        kind_doubt="by the words in its modules"
        if guessed
        else "by the vendor"
        if kind
        else "nothing tells it",
        vendor=vendor.name if vendor is not None else "",
        match=match_of(oid, groups, library, words)
        or [({"sys_descr": "(?!)"}, "the walk tells nothing of the device")],
    )
    shared = Drafting(words, groups.groups, _prefixes(groups.groups, words), set(read.names))
    _identity(sheet, own, product, shared)
    for one in groups.groups:
        if one.read and one.oid[:6] != ENTERPRISES:
            continue  # a standard table: what of it is worth reading is read
        table = draft_table(one, shared)
        if table is not None:
            sheet.tables.append(table)
    sheet.states = dict(shared.states)
    sheet.tail = _tail(groups, shared, library)
    return sheet


def _prefixes(groups: Sequence[Group], words: Words) -> dict[str, Sequence[str]]:
    """Words that all names of a module begin with: `acme`, mostly."""
    names: dict[str, list[list[str]]] = {}
    for one in groups:
        for column in one.columns:
            names.setdefault(column.object.module, []).append(words.spaced(column.name).split())
    return {module: found[0][: shared_words(found)] for module, found in names.items()}


def _profile_name(product: str, recording: str) -> str:
    text = "".join(
        letter if letter.isalnum() and letter.isascii() else "-" for letter in (product or recording).lower()
    )
    return "draft-" + ("-".join(part for part in text.split("-") if part) or "device")


def _identity(sheet: Sheet, groups: Sequence[Group], product: str, shared: Drafting) -> None:
    for name, fact in facts(groups, shared.words).items():
        column = fact.column
        wrapped = "serial({})" if name == "serial" else "text({})"
        instance = next(index for index, value in column.values.items() if as_text(value))
        short = alias(shared.words.spaced(column.name).split(), {*sheet.scalars, *shared.taken})
        sheet.scalars[short] = (f"{column.oid}.{instance}", f"{column.object.module}::{column.name}")
        doubt = "" if fact.sure else "by its name"
        sheet.identity[name] = FactLine(wrapped.format(short), column.name, doubt)
        shared.understood.add(column.oid)
    if "model" not in sheet.identity and product:
        sheet.identity["model"] = FactLine(
            f"'{product}'", "name of the sysObjectID", "no object tells a model"
        )


def _head(recording: Recording, modules: Sequence[str], read: _Read) -> list[str]:
    lines = [
        f"Drafted by `netwatch profile draft` from a walk ({recording.name}) and the MIB modules",
        f"{', '.join(modules) or 'none that know it'}.",
        "Look at every line that says `check`, try it with `netwatch inspect --snmprec WALK --profiles DIR`,",
        "and delete what you do not need.",
    ]
    if read.profile:
        lines.append(f"netwatch has a profile for this device already: {read.profile}.")
    if read.attached:
        lines.append(f"Read by attached profiles, and so not drafted: what {', '.join(read.attached)} read.")
    return lines


MAX_LISTED = 400
"""Objects listed at the end of a draft."""


def _tail(groups: Groups, shared: Drafting, library: Library) -> list[str]:
    lines: list[str] = []
    for one in groups.groups:
        rest = [column for column in one.columns if column.oid not in shared.understood]
        standard = one.oid[:6] != ENTERPRISES
        if standard or not rest:
            continue
        shown = [_described(column, shared) for column in rest]
        rows = f", {len(one.rows)} rows" if one.table else ""
        lines += [f"  {one.module}::{one.name} {dotted(one.oid)}{rows}", *(f"    {line}" for line in shown)]
    out = []
    if lines:
        cut = [f"  ... and {len(lines) - MAX_LISTED} more lines"] if len(lines) > MAX_LISTED else []
        out += ["", "Not used: decide what of it you need.", *lines[:MAX_LISTED], *cut]
    unknown = {oid: count for oid, count in groups.unknown.items() if oid.startswith("1.3.6.1.4.1.")}
    if unknown:
        out += ["", "No module in the folder knows these parts of the walk:"]
        out += [f"  {oid}: {count} values" for oid, count in sorted(unknown.items())[:100]]
    if library.unreadable:
        out += ["", "Clauses that could not be read:", *(f"  {name}" for name in library.unreadable[:100])]
    return out


def _described(column: Column, shared: Drafting) -> str:
    """One object in a line, with a number of the walk; no text, which may be private."""
    told = column.object
    parts = [f"{column.name} ({told.oid[-1]})", told.convention or told.type]
    if told.units:
        parts.append(f'"{told.units}"')
    if told.labels:
        parts.append("{" + ", ".join(f"{number}: {label}" for label, number in told.labels[:8]) + "}")
    if column.numbers:
        parts.append(f"walked {column.numbers[0]:.12g}")
    if column.oid in shared.left:
        parts.append(f"- {shared.left[column.oid]}")
    return " ".join(parts)
