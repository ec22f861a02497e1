"""Small snapshots for tests of alerts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from netwatch.alerts import Rule, load_rules
from netwatch.documents import parse_yaml
from netwatch.model import (
    Column,
    Entity,
    EntityId,
    EntityKind,
    FamilyType,
    Instant,
    Inventory,
    Snapshot,
    load_catalogue,
)

CATALOGUE = load_catalogue()
NOTHING_ENTERED = Inventory()


def device(name: str, *, kind: str = "switch", role: str = "", parent: str | None = None, **facts) -> Entity:
    return Entity(
        id=EntityId(name),
        kind=EntityKind.DEVICE,
        device=EntityId(name),
        parent=None if parent is None else EntityId(parent),
        natural="",
        index="",
        name=name,
        facts={"kind": kind, "role": role, "site": "Lincoln ES", "district": "maple", **facts},
    )


def part(owner: str, name: str, kind: EntityKind = EntityKind.INTERFACE) -> Entity:
    return Entity(
        id=EntityId(f"{owner}/{name}"),
        kind=kind,
        device=EntityId(owner),
        parent=EntityId(owner),
        natural=name,
        index="1",
        name=name,
    )


def snapshot(
    at: float,
    entities: Iterable[Entity],
    values: Mapping[str, Mapping[str | tuple[str, ...], float | None]],
    *,
    links: Sequence[tuple[str, str]] = (),
    inventory: Inventory = NOTHING_ENTERED,
) -> Snapshot:
    """`values`: by family, by entity id or (entity id, row labels). Counters: the rate. None: not fresh."""
    columns = {}
    for family, series in values.items():
        keys = [key if isinstance(key, tuple) else (key,) for key in series]
        numbers = np.array(
            [math.nan if value is None else value for value in series.values()], dtype=np.float64
        )
        counter = CATALOGUE[family].type is FamilyType.COUNTER
        columns[family] = Column(
            family=CATALOGUE[family],
            entities=tuple(EntityId(key[0]) for key in keys),
            labels=tuple(key[1:] for key in keys),
            values=np.zeros(len(keys)) if counter else numbers,
            rates=numbers if counter else np.full(len(keys), math.nan),
            times=np.full(len(keys), at),
            fresh=np.array([value is not None for value in series.values()], dtype=np.bool_),
        )
    return Snapshot(
        at=Instant(at, at),
        entities={entity.id: entity for entity in entities},
        columns=columns,
        inventory=inventory,
        links=tuple((EntityId(a), EntityId(b)) for a, b in links),
    )


def rules(text: str) -> tuple[Rule, ...]:
    return load_rules([parse_yaml(text, "rules.yaml")], CATALOGUE)
