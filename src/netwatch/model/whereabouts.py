"""Where a MAC address is plugged in, as the switches say at this moment."""

from __future__ import annotations

from dataclasses import dataclass

from netwatch.model.entity import EntityId

__all__ = ["Sighting", "Whereabouts", "parse_mac"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One switch has learnt the address on one port."""

    device: EntityId
    port: EntityId | None
    """None where the switch names an interface that netwatch does not know."""
    if_index: int
    vlan: int | None
    beyond: EntityId | None
    """The device at the other end of that port's cable: the address is behind it. None: this is the place, as
    far as neighbours are known."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What came of one search."""

    mac: str
    owner: EntityId | None
    """A known device that has this address itself."""
    sightings: tuple[Sighting, ...]
    """The place first, then the ports on the way to it."""
    asked: int
    """Switches."""
    silent: tuple[tuple[EntityId, str], ...] = ()
    """Switches that could not be asked, and why."""


def parse_mac(text: str) -> bytes | None:
    """Six octets, in any of the usual notations; None for what is none of them."""
    for separator, size in ((":", 2), ("-", 2), (".", 4), (" ", 2), ("", 12)):
        groups = text.strip().split(separator) if separator else [text.strip()]
        if len(groups) * size == 12 and all(len(group) == size for group in groups):
            try:
                return bytes.fromhex("".join(groups))
            except ValueError:
                return None
    return None
