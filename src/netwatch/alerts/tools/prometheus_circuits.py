"""Where circuits end, for exported rules: recorded in Prometheus from the inventory, beside the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from netwatch.model import Circuit

__all__ = ["ENDS", "RATE", "circuit_records"]

ENDS = "netwatch_interface_circuits"
"""How many circuits end at a port; recorded, not exported."""
RATE = "netwatch_interface_circuit_bytes_per_second"
"""As rules in netwatch know it."""
_PORT = "district, site, device, interface"


def circuit_records(circuits: Iterable[Circuit]) -> Iterator[dict[str, Any]]:
    """Recording rules, in the order of ports. A port is there as long as its device tells of it."""
    ports: dict[tuple[str, str], list[Circuit]] = {}
    for circuit in circuits:
        if circuit.interface:
            ports.setdefault((circuit.device, circuit.interface), []).append(circuit)
    for (device, interface), here in sorted(ports.items()):
        info = f"netwatch_interface_info{{device={_quoted(device)}, interface={_quoted(interface)}}}"
        port = f"count by ({_PORT}) ({info})"
        yield {"record": ENDS, "expr": f"{port} * {len(here)}"}
        if rate := sum(circuit.rate / 8 for circuit in here if circuit.rate):
            yield {"record": RATE, "expr": f"{port} * {rate:.12g}"}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
