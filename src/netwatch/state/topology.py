"""Layer 2 links, from what neighbours say of each other over LLDP (IEEE 802.1AB), CDP and their kin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from netwatch.model import Entity, EntityId, EntityKind, WitnessKind

__all__ = ["are_linked", "link_side", "links"]

_NAMES = ("mac", "chassis", "sys_name", "descr")


def are_linked(entity: Entity) -> bool:
    """True if links may depend on the entity at all."""
    return entity.kind in (EntityKind.NEIGHBOR, EntityKind.DEVICE, EntityKind.INTERFACE)


def link_side(entity: Entity) -> tuple[object, ...]:
    """What links depend on: as long as it stays, so do the links."""
    if entity.kind is EntityKind.NEIGHBOR:
        return (entity.device, *sorted(entity.facts.items()))
    if not are_linked(entity):
        return ()
    told = [entity.facts.get(name) for name in _NAMES]
    return (entity.device, entity.natural, entity.index, entity.name, entity.witnesses, *told)


def links(
    entities: Mapping[EntityId, Entity], told: Iterable[EntityId] | None = None
) -> tuple[tuple[EntityId, EntityId], ...]:
    """Adjacencies, each once, between interfaces where both are known, else between their devices.

    A NEIGHBOR entity names the far end by `remote_chassis` (a MAC address), else by `remote_name` (a
    sysName), and its port by `remote_port`; the near port by `local_if_index` or `local_port`. `told`: all
    neighbours, where somebody knows which they are.
    """
    candidates = entities.values() if told is None else [entities[key] for key in told]
    neighbours = [entity for entity in candidates if entity.kind is EntityKind.NEIGHBOR]
    if not neighbours:
        return ()
    by_chassis, by_name = _device_index(entities.values())
    ports = _port_index(entities.values(), {n.device for n in neighbours})
    found: dict[tuple[EntityId, EntityId], None] = {}
    for neighbour in neighbours:
        facts = neighbour.facts
        far = by_chassis.get(_hex(facts.get("remote_chassis"))) or by_name.get(
            _host(facts.get("remote_name"))
        )
        if far is None or far == neighbour.device:
            continue
        near_names = (facts.get("local_if_index"), facts.get("local_port"))
        far_names = (facts.get("remote_port"), facts.get("remote_port_descr"))
        near_end = _port(ports, neighbour.device, near_names) or neighbour.device
        far_end = _port(ports, far, far_names) or far
        found[(min(near_end, far_end), max(near_end, far_end))] = None
    return _without_shadows(found, entities)


def _without_shadows(
    found: Iterable[tuple[EntityId, EntityId]], entities: Mapping[EntityId, Entity]
) -> tuple[tuple[EntityId, EntityId], ...]:
    """Leaves out a link whose end is a whole device where another link tells the port: the two sides of
    one cable do not always know equally much."""
    exact = {(a, b) for a, b in found if entities[a].device != a and entities[b].device != b}
    covered = {frozenset((a, entities[b].device)) for a, b in exact} | {
        frozenset((entities[a].device, b)) for a, b in exact
    }
    covered |= {frozenset((entities[a].device, entities[b].device)) for a, b in exact}
    return tuple(pair for pair in found if pair in exact or frozenset(pair) not in covered)


def _device_index(entities: Iterable[Entity]) -> tuple[dict[str, EntityId], dict[str, EntityId]]:
    by_chassis: dict[str, EntityId] = {}
    by_name: dict[str, EntityId] = {}
    ambiguous: set[str] = set()
    for entity in entities:
        if entity.kind is EntityKind.INTERFACE and (mac := _hex(entity.facts.get("mac"))):
            by_chassis.setdefault(mac, entity.device)
        if entity.kind is not EntityKind.DEVICE:
            continue
        told: tuple[object, ...] = (
            *(w.value for w in entity.witnesses if w.kind is WitnessKind.MAC),
            entity.facts.get("chassis"),
            entity.facts.get("mac"),
        )
        by_chassis.update(dict.fromkeys(filter(None, map(_hex, told)), entity.id))
        for name in {_host(entity.facts.get("sys_name")), _host(entity.name)} - {""}:
            if by_name.setdefault(name, entity.id) != entity.id:
                ambiguous.add(name)
    return by_chassis, {name: device for name, device in by_name.items() if name not in ambiguous}


def _port_index(entities: Iterable[Entity], near: set[EntityId]) -> dict[EntityId, dict[str, EntityId]]:
    """Interfaces by each of their names, per device. Row numbers count only where links are told from."""
    ports: dict[EntityId, dict[str, EntityId]] = {}
    for entity in entities:
        if entity.kind is not EntityKind.INTERFACE:
            continue
        names = ports.setdefault(entity.device, {})
        told = (entity.natural, entity.name, entity.facts.get("descr"), entity.facts.get("mac"))
        for name in filter(None, map(_word, told)):
            names.setdefault(name, entity.id)
        if entity.device in near and entity.index:
            names.setdefault(f"#{entity.index}", entity.id)
    return ports


def _port(
    ports: Mapping[EntityId, Mapping[str, EntityId]], device: EntityId, names: tuple[object, ...]
) -> EntityId | None:
    known = ports.get(device, {})
    for name in names:
        word = _word(name)
        if word and (found := known.get(word) or (known.get(f"#{word}") if word.isdigit() else None)):
            return found
    return None


def _word(name: object) -> str:
    return "" if name is None else str(name).strip().lower()


def _hex(value: object) -> str:
    """A MAC address as twelve digits; empty for anything else."""
    digits = re.sub(r"[:.\-\s]", "", str(value or "").lower())
    return digits if re.fullmatch(r"[0-9a-f]{12}", digits) else ""


def _host(name: object) -> str:
    """A host name without its domain: one side often says more of it than the other."""
    word = _word(name)
    return word if re.fullmatch(r"[\d.]+", word) else word.split(".")[0]
