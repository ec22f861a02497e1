"""Which device is plugged into which port, from the forwarding tables of switches. Pure.

A switch learns the address of a device at the port that leads to it, and so do all other switches on the way:
those have it at a port that leads to a switch. One whose port leads to nobody known is where the device is.
It has to be the only one, or the others have to lie before it, as the addresses of the switches themselves
tell; and no switch that was learnt at the same port may carry it. Else nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from netwatch.alerts.causes.topology import Links, islands
from netwatch.model import WEEK, DeviceKind, Entity, EntityId, EntityKind, PluggedIn, Snapshot, WitnessKind

__all__ = ["Bridging", "Plug", "PlugKey", "Seen", "Subjects", "renewed", "subjects"]

T = TypeVar("T")
_Place = tuple[EntityId, EntityId | None]
PlugKey = tuple[str, EntityId]
"""An address, and the switch that has learnt it."""
LONGEST: float = WEEK
"""What could not be asked about any more is forgotten after so many seconds."""
ROUNDS = 2.5
"""A device that answers and was not learnt in so many rounds is plugged in somewhere else."""
_MOST_OWN_PORTS = 8
"""The ports of a device with more of them have too many addresses to be asked for; it has one of its own."""
_MOST_ADDRESSES = 8
_AGGREGATE = "ieee8023adLag"
_SHARED = re.compile(r"^(00005e000[12]|00000c07ac|00000c9ff)")
"""Addresses of whoever is master now: VRRP (RFC 9568), HSRP (RFC 2281)."""


class Seen(NamedTuple):
    """One switch has learnt one address."""

    mac: str
    """Twelve hexadecimal digits."""
    switch: EntityId
    port: EntityId | None
    """None where the switch names a port that netwatch does not know."""


class Plug(NamedTuple):
    """Where an address was learnt last."""

    plug: PluggedIn
    told: float
    """Wall seconds."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """Whom switches are asked about."""

    owners: Mapping[str, EntityId]
    """By address. One that two devices have is absent."""
    asked: Mapping[EntityId, tuple[str, ...]]
    """By switch: addresses of what stands at its site."""
    islands: Mapping[EntityId, EntityId]
    """By device that has neighbours: one that stands for all that they connect it with."""

    def apart(self, device: EntityId, switch: EntityId) -> bool:
        """Whether neighbours tell of no way between them."""
        return self.islands.get(device, device) != self.islands.get(switch, switch)


def subjects(snapshot: Snapshot, links: Links, switches: Iterable[EntityId]) -> Subjects:
    """Of a site: what neighbours do not connect with a switch there, and the switches themselves, to know
    which lies before which. `switches`: those that can be asked, whether they answer just now or not."""
    entities = snapshot.entities
    known = _result(islands(links, entities))
    by_site: dict[object, list[EntityId]] = {}
    for switch in switches:
        if switch in entities:
            by_site.setdefault(entities[switch].facts.get("site"), []).append(switch)
    owners: dict[str, EntityId] = {}
    shared: set[str] = set()
    asked: dict[EntityId, dict[str, None]] = {switch: {} for ones in by_site.values() for switch in ones}
    about = Subjects(owners, {}, known)
    for device in snapshot.devices():
        there = by_site.get(device.facts.get("site"), ()) if device.facts.get("site") else ()
        is_switch = device.facts.get("kind") == DeviceKind.SWITCH
        if device.facts.get("role") == "vm" or not (
            is_switch or any(about.apart(device.id, switch) for switch in there)
        ):
            continue
        for mac in _addresses(device, snapshot):
            if owners.setdefault(mac, device.id) != device.id:
                shared.add(mac)
            for switch in there:
                asked[switch][mac] = None
    found = {mac: device for mac, device in owners.items() if mac not in shared}
    wanted = {
        switch: tuple(mac for mac in macs if found.get(mac, switch) != switch)
        for switch, macs in asked.items()
    }
    return Subjects(found, wanted, known)


def _result(steps: Generator[None, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: T = end.value
            return found


def _addresses(device: Entity, snapshot: Snapshot) -> list[str]:
    entry = snapshot.inventory.devices.get(device.name)
    told: list[object] = ["" if entry is None else entry.mac]
    told += [witness.value for witness in device.witnesses if witness.kind is WitnessKind.MAC]
    told += [device.facts.get("mac"), device.facts.get("chassis")]
    ports = snapshot.of_device(device.id, EntityKind.INTERFACE)
    if len(ports) <= _MOST_OWN_PORTS:
        told += [port.facts.get("mac") for port in ports]
    found = dict.fromkeys(filter(None, map(_digits, told)))
    return list(found)[:_MOST_ADDRESSES]


def _digits(mac: object) -> str:
    digits = re.sub(r"[:.\-\s]", "", str(mac or "").lower())
    plain = re.fullmatch(r"[0-9a-f]{12}", digits) and not _SHARED.match(digits)
    group = plain and int(digits[1], 16) & 1
    return digits if plain and not group and digits.strip("0") else ""


class Bridging:
    """What one round of questions tells."""

    def __init__(self, about: Subjects, seen: Iterable[Seen], snapshot: Snapshot, links: Links) -> None:
        """`links`: those that neighbours told."""
        self._about, self._entities = about, snapshot.entities
        leads = {end for link in links for end in link}
        self._ports: dict[tuple[EntityId, EntityId], set[EntityId | None]] = {}
        """By (device, switch): the ports at which the switch has the device."""
        self._places: dict[str, list[_Place]] = {}
        """By address: where it was learnt."""
        self.open: dict[str, list[_Place]] = {}
        """Those of them whose port leads to nobody known: what may be plugged in there."""
        self._switches: dict[EntityId | None, set[EntityId]] = {}
        """By port: switches that were learnt there."""
        for one in seen:
            owner = about.owners.get(one.mac)
            if owner is None or owner == one.switch:
                continue
            self._ports.setdefault((owner, one.switch), set()).add(one.port)
            if self._is_switch(owner):
                self._switches.setdefault(one.port, set()).add(owner)
            place = one.switch, one.port
            self._places.setdefault(one.mac, []).append(place)
            if one.port not in leads and about.apart(owner, one.switch):
                self.open.setdefault(one.mac, []).append(place)
        for near, far in (pair for link in links for pair in (link, link[::-1])):
            if near in self._entities and far in self._entities:
                key = self._entities[far].device, self._entities[near].device
                self._ports.setdefault(key, set()).add(near)

    def plugs(self) -> dict[PlugKey, PluggedIn]:
        """Where there is exactly one place, and nothing that may be in between. A switch may stand between
        several, which have it and each other at the same ports."""
        found: dict[PlugKey, PluggedIn] = {}
        for mac, places in self.open.items():
            owner = self._about.owners[mac]
            left = [place for place in places if not self._lies_before(place, self._places[mac])]
            if len(left) == 1 or (self._is_switch(owner) and self._is_one_segment(left)):
                for switch, port in left:
                    if port is not None and self._is_free(port, switch, owner):
                        found[mac, switch] = PluggedIn(owner, switch, port)
        return found

    def _is_free(self, port: EntityId, switch: EntityId, owner: EntityId) -> bool:
        """Whether the device is at the port itself, and not behind another switch."""
        beside = self._switches.get(port, set()) - {owner}
        return self._is_edge(port) and not any(self._may_be_between(other, switch, owner) for other in beside)

    def _is_one_segment(self, places: Collection[_Place]) -> bool:
        return all(
            port in self._ports.get((other, switch), ())
            for switch, port in places
            for other, _ in places
            if other != switch
        )

    def _may_be_between(self, other: EntityId, switch: EntityId, owner: EntityId) -> bool:
        """Whether a switch that was learnt at the same port may carry the device: not if it has both at one
        port of its own, nor if the device has it at another port than the way back."""
        behind, back = self._ports.get((other, owner)), self._ports.get((switch, owner))
        if behind and back and not behind & back:
            return False
        here, there = self._ports.get((switch, other)), self._ports.get((owner, other))
        return here is None or there is None or here != there or len(here) > 1

    def _is_switch(self, device: EntityId) -> bool:
        known = self._entities.get(device)
        return known is not None and known.facts.get("kind") == DeviceKind.SWITCH

    def _is_edge(self, port: EntityId) -> bool:
        """The members of an aggregate have neighbours, and not it: it may lead anywhere."""
        known = self._entities.get(port)
        return known is not None and known.facts.get("type") != _AGGREGATE

    def _lies_before(self, place: _Place, places: Collection[_Place]) -> bool:
        """Whether this port leads to another of the switches, which has the address at a port that does not
        lead back."""
        switch, port = place
        for other, beyond in places:
            back = self._ports.get((switch, other), set())
            if (
                other != switch
                and port in self._ports.get((other, switch), ())
                and back
                and beyond not in back
            ):
                return True
        return False


def renewed(
    before: Mapping[PlugKey, Plug],
    told: Bridging,
    about: Subjects,
    answered: Collection[EntityId],
    up: Collection[EntityId],
    now: float,
    interval: float,
) -> dict[PlugKey, Plug]:
    """What is known after a round. `answered` are the switches that did, `up` devices that answer
    polls, `interval` the seconds between two rounds.

    What is down does not speak, and switches forget it within minutes: it is where it was. So is what was
    learnt at a switch that does not answer: the others may have not forgotten it yet. And what was learnt at
    the same port again, but is not certain any more since other switches answer no more, gets some rounds.
    """
    fresh = {key: Plug(plug, now) for key, plug in told.plugs().items() if plug.device in up}
    placed = {mac for mac, _ in fresh}
    kept: dict[PlugKey, Plug] = {}
    for key, known in before.items():
        mac, switch = key
        device, age = known.plug.device, now - known.told
        if (key in fresh and switch in answered) or about.owners.get(mac) != device:
            continue
        longest = LONGEST
        if mac in told.open or (switch in answered and mac in about.asked.get(switch, ())):
            places = () if mac in placed else told.open.get(mac, ())
            elsewhere = mac in told.open and (switch, known.plug.port) not in places
            longest = 0.0 if elsewhere and switch in answered else ROUNDS * interval
        if about.apart(device, switch) and (device not in up or age <= longest):
            kept[key] = known
    doubted = {mac for mac, _ in kept}
    return kept | {key: plug for key, plug in fresh.items() if key[0] not in doubted or key in before}
