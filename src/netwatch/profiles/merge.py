"""Adds attached profiles to the one that matched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from netwatch.model import WitnessKind
from netwatch.profiles.compiled import Profile
from netwatch.profiles.expression import Expression

__all__ = ["attach"]


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
