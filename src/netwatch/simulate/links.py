"""Links: what flows over them, and the names of the ports at their ends."""

from __future__ import annotations

from functools import partial

from netwatch.simulate.district import District, Link, SimDevice
from netwatch.simulate.signals import Signal
from netwatch.simulate.values import chance, render

__all__ = ["link_rates", "link_signals", "link_speed", "port_name", "port_speed"]


def link_rates(link: Link) -> tuple[float, float]:
    """Bytes per second in class time towards the lower device and from it."""
    speed = link_speed(link) / 8
    return link.load * speed, link.load * speed * 0.22


def link_speed(link: Link) -> float:
    """Bits per second."""
    return min(port_speed(link.upper, link.upper_port), port_speed(link.lower, link.lower_port))


def port_speed(device: SimDevice, port: int) -> float:
    speed = device.ports()[port].attributes.get("speed", 1_000_000_000)
    return float(speed) if isinstance(speed, int | float) else 1e9


def link_signals(district: District, link: Link) -> tuple[Signal, Signal]:
    """The rates of a link in both directions: the same for the ports at its two ends."""
    out: list[Signal] = []
    for direction, rate in zip(("down", "up"), link_rates(link), strict=True):
        share = partial(chance, district.seed, link.lower.name, direction)
        out.append(
            Signal(
                base=rate * link.floor,
                swing=rate * (1 - link.floor),
                ripple=rate * 0.02,
                period=180 + 300 * share("period"),
                phase=6.28 * share("phase"),
            )
        )
    return out[0], out[1]


def port_name(device: SimDevice, port: int) -> str:
    """ifName of a port without expanding the device."""
    seen = 0
    for spec in device.template.rows.get("ports", ()):
        if port < seen + spec.count:
            name = str(spec.attributes.get("name", ""))
            return render(name, {"n": spec.first + port - seen, "index": port + 1})
        seen += spec.count
    raise IndexError(port)
