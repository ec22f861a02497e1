"""Which routers a device is reached through, by the addresses that both have (IP-MIB)."""

from __future__ import annotations

import ipaddress

from netwatch.model import Entity, EntityId, EntityKind, Snapshot

__all__ = ["Subnets"]

_LONGEST = {4: 31, 6: 127}
"""A prefix longer than this is of one host alone, and says nothing of neighbours."""
_SHORTEST = 8
_Key = tuple[int, int, int]
"""IP version, prefix length, network."""


class Subnets:
    """Routers by the subnets that they have an address in."""

    def __init__(self) -> None:
        self._routers: dict[_Key, set[EntityId]] = {}
        self._lengths: set[tuple[int, int]] = set()

    def add_router(self, device: EntityId, snapshot: Snapshot) -> None:
        for key in _subnets(device, snapshot):
            self._routers.setdefault(key, set()).add(device)
            self._lengths.add(key[:2])

    def routers_of(self, device: Entity, snapshot: Snapshot) -> frozenset[EntityId]:
        """Of the subnet of its management address; else of all subnets that it has an address in."""
        address = _address(device.facts.get("address"))
        if address is not None:
            for version, length in sorted(self._lengths, reverse=True):
                if version == address.version:
                    found = self._routers.get(_key(address, length), set()) - {device.id}
                    if found:
                        return frozenset(found)
        both: set[EntityId] = set()
        for key in _subnets(device.id, snapshot):
            both |= self._routers.get(key, set())
        return frozenset(both - {device.id})


def _subnets(device: EntityId, snapshot: Snapshot) -> set[_Key]:
    out = set()
    for entity in snapshot.of_device(device, EntityKind.ADDRESS):
        address = _address(entity.facts.get("address"))
        length = entity.facts.get("prefix_length")
        if address is None or not isinstance(length, int | float):
            continue
        if _SHORTEST <= length <= _LONGEST[address.version]:
            out.add(_key(address, int(length)))
    return out


def _address(text: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(str(text))
    except ValueError:
        return None
    return None if address.is_loopback or address.is_link_local or address.is_unspecified else address


def _key(address: ipaddress.IPv4Address | ipaddress.IPv6Address, length: int) -> _Key:
    return address.version, length, int(address) >> (address.max_prefixlen - length)
