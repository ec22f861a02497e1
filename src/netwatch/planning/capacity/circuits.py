"""Links: uplinks of devices, and the circuits that carriers provide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from netwatch.model import Circuit, EntityId, EntityKind, Place, PlaceKind, SeriesHistory
from netwatch.planning.capacity.robust import FloatArray
from netwatch.planning.capacity.source import Source, Told
from netwatch.planning.capacity.things import CapacityKind, CircuitFacts, Finish, Thing

__all__ = ["circuits_and_uplinks"]

_SPEED = "netwatch_interface_speed_bytes_per_second"
_DIRECTIONS = {
    "netwatch_interface_receive_bytes_total": "received",
    "netwatch_interface_transmit_bytes_total": "sent",
}
Traffic = Mapping[EntityId, tuple[str, FloatArray]]
"""By port: family of the busier direction, and its 95th percentile of class time by week."""


def circuits_and_uplinks(source: Source) -> Finish:
    """What ends in a port that a carrier is paid for is a circuit, all else towards the core an uplink."""
    ends = {one.id: _port(source, one) for one in source.basis.snapshot.inventory.circuits}
    leased = {port for port in ends.values() if port is not None}
    latest = source.latest(_SPEED, among=source.basis.topology.ports | leased)
    speeds = {port: told for port, told in latest.items() if told[0] > 0}
    uplinks: set[EntityId] = set()
    for device in sorted({source.entity(port).device for port in speeds}):
        uplinks |= set(source.basis.topology.uplinks(device)) & speeds.keys()
    uplinks -= leased
    traffic = _traffic(source, uplinks | leased)

    def finish() -> Iterator[Thing]:
        for port in sorted(uplinks):
            yield _uplink(source, port, speeds[port], traffic)
        for circuit in sorted(source.basis.snapshot.inventory.circuits, key=lambda one: one.id):
            yield _circuit(source, circuit, ends[circuit.id], speeds, traffic)

    return finish


def _traffic(source: Source, ports: set[EntityId]) -> Traffic:
    """Filled by the reading."""
    out: dict[EntityId, tuple[str, FloatArray]] = {}

    def take(series: SeriesHistory) -> None:
        device = source.entity(series.entity).device
        weekly = source.weeks.percentile(series, source.calendar(device))
        before = out.get(series.entity)
        if before is None or _level(source, weekly) > _level(source, before[1]):
            out[series.entity] = series.family, weekly

    for family in _DIRECTIONS:
        source.want(family, take, ports)
    return out


def _level(source: Source, weekly: FloatArray) -> float:
    now, _ = source.now(weekly)
    return -1.0 if now is None else now


def _uplink(source: Source, port: EntityId, speed: Told, traffic: Traffic) -> Thing:
    device = source.entity(port).device
    family, weekly = traffic.get(port, ("", np.full(source.weeks.count, np.nan)))
    now, at = source.now(weekly)
    return Thing(
        key=f"uplink:{port}",
        kind=CapacityKind.UPLINK,
        name=f"{source.basis.label(device)} {source.basis.label(port)}",
        school=source.school(device),
        place=source.place(device),
        device=device,
        family=family or next(iter(_DIRECTIONS)),
        used=now,
        used_at=at,
        size=speed[0],
        size_source=_SPEED,
        size_at=speed[1],
        weekly=weekly,
        row=None,
        note=_note(family),
        unknown=() if now is not None else ("history of its traffic",),
        port=port,
    )


def _circuit(
    source: Source,
    circuit: Circuit,
    port: EntityId | None,
    speeds: Mapping[EntityId, Told],
    traffic: Traffic,
) -> Thing:
    nothing = np.full(source.weeks.count, np.nan)
    device = source.names().get(circuit.device)
    family, weekly = traffic.get(port, ("", nothing)) if port is not None else ("", nothing)
    now, at = source.now(weekly)
    unknown = [] if circuit.interface else ["interface at which it ends"]
    if circuit.interface and port is None:
        unknown.append("the interface that the inventory names was never seen")
    elif now is None:
        unknown.append("history of its traffic")
    rate = None if circuit.rate is None else circuit.rate / 8
    size, size_source, size_at = rate, "inventory: circuits", None
    if rate is None:
        unknown.append("committed rate")
        if port is not None and port in speeds:
            (size, size_at), size_source = speeds[port], _SPEED
    unknown += [] if circuit.contract_until is not None else ["end of the contract"]
    place = source.place(device) if device is not None else None
    if device is None:
        entered = source.basis.snapshot.inventory.devices.get(circuit.device)
        place = None if entered is None else entered.place
    site = source.site(device) if device is not None else None
    site = site or source.basis.snapshot.inventory.places.site_of(place)
    users = _users(source, site)
    unknown += [] if users is not None else ["students and staff"]
    together = "district" if site is None or site.kind is not PlaceKind.SCHOOL else str(site.id)
    return Thing(
        key=f"circuit:{circuit.id}",
        kind=CapacityKind.CIRCUIT,
        name=f"{circuit.id} at {circuit.device} {circuit.interface}".rstrip(),
        school="" if site is None else site.name,
        place=place,
        device=device,
        family=family or next(iter(_DIRECTIONS)),
        used=now,
        used_at=at,
        size=size,
        size_source=size_source,
        size_at=size_at,
        weekly=weekly,
        row=None,
        note=_note(family),
        unknown=tuple(unknown),
        facts=CircuitFacts(circuit.id, circuit.carrier, rate, circuit.contract_until, users, together),
        port=port,
    )


def _port(source: Source, circuit: Circuit) -> EntityId | None:
    """The interface at which a circuit ends, by its name as the device tells it."""
    device = source.names().get(circuit.device)
    if device is None or not circuit.interface:
        return None
    ports = source.basis.snapshot.of_device(device, EntityKind.INTERFACE)
    return next((one.id for one in ports if circuit.interface in (one.natural, one.name)), None)


def _users(source: Source, site: Place | None) -> int | None:
    """Students and staff of a school; of all schools for what ends elsewhere, the district's way out.

    None where one of the numbers is unknown.
    """
    places = source.basis.snapshot.inventory.places
    schools = (
        [site]
        if site is not None and site.kind is PlaceKind.SCHOOL
        else list(places.of_kind(PlaceKind.SCHOOL))
    )
    counts = []
    for one in schools:
        facts = one.school
        if facts is None or facts.enrolment is None or facts.staff is None:
            return None
        counts.append(facts.enrolment + facts.staff)
    return sum(counts) or None


def _note(family: str) -> str:
    direction = _DIRECTIONS.get(family)
    told = f", {direction}: the busier direction" if direction else ""
    return f"95th percentile of class time by week{told}"
