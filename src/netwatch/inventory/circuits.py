"""Lines of carriers out of their entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netwatch.documents import did_you_mean
from netwatch.errors import Problem
from netwatch.inventory.models import CircuitEntry
from netwatch.inventory.sources import Located, Where
from netwatch.model import Circuit, InventoryDevice

__all__ = ["build_circuits"]


def build_circuits(
    entries: Iterable[Located[CircuitEntry]], devices: Mapping[str, InventoryDevice], problems: list[Problem]
) -> tuple[Circuit, ...]:
    """In the order of the files; what is wrong goes into `problems`."""
    found: list[Circuit] = []
    ids: dict[str, Where] = {}
    for item in entries:
        entry, where = item.entry, item.where
        if entry.id in ids:
            message = f"circuit {entry.id!r} is defined twice"
            problems.append(where.problem("id", message, f"first at {ids[entry.id]}"))
        ids.setdefault(entry.id, where)
        if entry.device not in devices:
            hint = did_you_mean(entry.device, devices)
            problems.append(where.problem("device", f"unknown device {entry.device!r}", hint))
        found.append(
            Circuit(
                id=entry.id,
                device=entry.device,
                interface=entry.interface,
                carrier=entry.carrier,
                phone=entry.phone,
                rate=entry.rate,
                contract_until=entry.contract_until,
                monthly_cost=entry.monthly_cost,
                currency=entry.currency or "USD",
            )
        )
    return tuple(found)
