"""What a line can carry, as a bound for the counters of its interface."""

from __future__ import annotations

from netwatch.model import EntityKind, Family, FamilyType

__all__ = ["PACKETS_OF_BYTES", "SPEED_FAMILY", "frame_bounds", "is_limited", "limit_of"]

SPEED_FAMILY = "netwatch_interface_speed_bytes_per_second"

PACKETS_OF_BYTES = {
    f"netwatch_interface_{way}_bytes_total": tuple(
        f"netwatch_interface_{way}_{cast}_packets_total" for cast in ("unicast", "multicast", "broadcast")
    )
    for way in ("receive", "transmit")
}
"""Which packet counters together count the frames of a byte counter (IF-MIB, RFC 2863)."""

_SHORTEST_FRAME = 64
_LONGEST_FRAME = 1522
_JUMBO_FRAME = 9216 + 22
"""Octets. What a port may carry that does not tell its MTU."""
_SHORTEST_FRAGMENT = 8
"""Octets. Even a broken frame that is counted as an error had at least a preamble."""
_SLOWEST = 1250.0
"""Bytes per second (10 kbit/s). What claims to be slower is a tunnel that was never told its speed."""
_SHORTEST_COUNT = 60
"""Octets that agents show for the shortest frame if they leave its check sequence out."""
_GAP = 20
"""Octets of preamble and silence that a frame takes on the line beside its own (IEEE 802.3)."""
_LOOSE = 0.01
"""Share by which packet and byte counters of one answer may be apart, because they were read one after the
other. If they are further apart the packets may contradict all answers, but don't point to a wrong one: two
answers of a 32-bit counter are 4.3 GB apart."""
_STRAY = 1000.0
"""Packets that may have passed between the reading of the one counter and the other."""


def is_limited(family: Family) -> bool:
    """True for the counters that an interface's speed bounds."""
    return family.entity is EntityKind.INTERFACE and family.type is FamilyType.COUNTER


def limit_of(family: Family, speed: float) -> float:
    """Most that a counter of the family can grow per second at `speed` bytes per second; NaN if unknown."""
    if not speed >= _SLOWEST:
        return float("nan")
    if family.name.endswith("_bytes_total"):
        return speed
    return speed / (_SHORTEST_FRAME if family.name.endswith("_packets_total") else _SHORTEST_FRAGMENT)


def frame_bounds(packets: float, mtu: float | None, most: float = float("inf")) -> tuple[float, float]:
    """Least and most bytes that so many Ethernet frames hold. `mtu` in bytes (ifMtu); None: not told. `most`
    is what the line can have carried of frames and the gaps between them (`counters.reach`)."""
    longest = _JUMBO_FRAME if mtu is None else max(_LONGEST_FRAME, mtu + 22)
    fewest = max(0.0, packets * (1 - _LOOSE) - _STRAY)
    held = (packets * (1 + _LOOSE) + _STRAY) * longest
    return fewest * _SHORTEST_COUNT, min(held, most - fewest * _GAP)
