"""W1 switches as a state sees them, without a wire."""

from __future__ import annotations

from netwatch.model import (
    EntityId,
    EntityKey,
    EntityKind,
    Instant,
    InventoryDevice,
    SnmpAccess,
    Target,
)

PORTS = 52
COUNTERS = (
    "netwatch_interface_receive_bytes_total",
    "netwatch_interface_transmit_bytes_total",
    "netwatch_interface_receive_errors_total",
    "netwatch_interface_transmit_errors_total",
    "netwatch_interface_receive_discards_total",
    "netwatch_interface_transmit_discards_total",
    "netwatch_interface_receive_unicast_packets_total",
    "netwatch_interface_transmit_unicast_packets_total",
)
GAUGES = (
    "netwatch_interface_oper_up",
    "netwatch_interface_admin_up",
    "netwatch_interface_speed_bytes_per_second",
)


class HandClock:
    def __init__(self) -> None:
        self.moment = Instant(1_800_000_000.0, 1000.0)

    def now(self) -> Instant:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.moment = self.moment.plus(seconds)


def switch(number: int) -> InventoryDevice:
    device = EntityId(f"d{number}")
    address = f"127.1.{number // 250}.{number % 250 + 1}"
    return InventoryDevice(f"sw-{number}", Target(device, f"sw-{number}", (address,), snmp=SnmpAccess()))


def port(number: int) -> EntityKey:
    return EntityKey(EntityKind.INTERFACE, f"Gi1/0/{number}")
