"""Puts profiles together: a file over what it includes, and what is attached to the one that matched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from netwatch.model import WitnessKind
from netwatch.profiles.language.expression import Expression
from netwatch.profiles.ready.profile import Part, Profile, Table

__all__ = ["attach", "inherit", "merged", "merged_tables"]


def inherit(part: Part, included: Sequence[Profile]) -> Profile:
    """The profile that a file makes over those that it includes (`part.include`, in that order)."""
    inherited = merged_tables(included)
    tables = {name: table for name, table in inherited.items() if name not in part.tables}
    tables |= {name: table for name, table in part.tables.items() if table is not None}
    chains: dict[str, tuple[Expression, ...]] = {name: (one,) for name, one in part.identity.items()}
    witnesses = {kind: (one,) for kind, one in part.witnesses.items()}
    constant = dict(part.constant)
    for profile in reversed(included):
        for name, chain in profile.identity.items():
            if name not in constant:
                chains[name] = (*chains.get(name, ()), *chain)
        for kind, found in profile.witnesses.items():
            witnesses[kind] = (*witnesses.get(kind, ()), *found)
        for name, value in profile.constant.items():
            if name not in part.identity:
                constant.setdefault(name, value)
    left_out = {name for name, table in part.tables.items() if table is None}
    return Profile(
        name=part.name,
        file=part.file,
        description=part.description,
        attach=part.attach,
        priority=part.priority,
        match=part.match,
        constant=constant,
        identity=chains,
        witnesses=witnesses,
        scalars=merged([*(profile.scalars for profile in included), part.scalars]),
        enums=merged([*(profile.enums for profile in included), part.enums]),
        tables=tables,
        left_out=frozenset(left_out.union(*(one.left_out for one in included))) - frozenset(tables),
        http=part.http,
        includes=tuple(dict.fromkeys(name for one in included for name in (*one.includes, one.name))),
    )


def merged(mappings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """All of them in one; the later ones win."""
    out: dict[str, Any] = {}
    for mapping in mappings:
        out |= mapping
    return out


def merged_tables(included: Sequence[Profile]) -> dict[str, Table]:
    """A table that a later profile leaves out is gone even if an earlier one brought it."""
    out: dict[str, Table] = {}
    for profile in included:
        for name in profile.left_out:
            out.pop(name, None)
        out |= profile.tables
    return out


def attach(main: Profile, others: Sequence[Profile]) -> Profile:
    """`main` with the tables, scalars, enumerations and identity of the others; its own always win."""
    if not others:
        return main
    scalars, enums, tables = dict(main.scalars), dict(main.enums), dict(main.tables)
    identity: dict[str, tuple[Expression, ...]] = dict(main.identity)
    witnesses: dict[WitnessKind, tuple[Expression, ...]] = dict(main.witnesses)
    constant: Mapping[str, str] = main.constant
    for other in others:
        scalars = {**other.scalars, **scalars}
        enums = {**other.enums, **enums}
        tables = {**tables, **{name: table for name, table in other.tables.items() if name not in tables}}
        for name, chain in other.identity.items():
            # An attached profile speaks before the standard MIBs that both include, after main's own words.
            own, rest = _split(identity.get(name, ()), chain)
            identity[name] = (*own, *chain, *rest)
        for kind, found in other.witnesses.items():
            witnesses[kind] = (*witnesses.get(kind, ()), *found)
        constant = {**other.constant, **constant}
    return replace(
        main,
        scalars=scalars,
        enums=enums,
        tables=tables,
        identity=identity,
        witnesses=witnesses,
        constant=constant,
    )


def _split(
    mine: tuple[Expression, ...], theirs: tuple[Expression, ...]
) -> tuple[tuple[Expression, ...], tuple[Expression, ...]]:
    """My expressions before and from the first that both have from a shared include."""
    for position, expression in enumerate(mine):
        if expression in theirs:
            return mine[:position], ()
    return mine, ()
