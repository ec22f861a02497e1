"""The work that every poller here is measured by.

W1, an access switch: 52 ports of eleven columns and sysUpTime, 573 values. W2, a small device: ten scalars in
one GET, five of them text. Devices are the addresses of 127/8, which one agent process serves.
"""

from __future__ import annotations

PORTS = 52
SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
_IFX, _IF = "1.3.6.1.2.1.31.1.1.1", "1.3.6.1.2.1.2.2.1"
W1_COLUMNS = {
    f"{_IFX}.6": "ifHCInOctets",
    f"{_IFX}.10": "ifHCOutOctets",
    f"{_IF}.14": "ifInErrors",
    f"{_IF}.20": "ifOutErrors",
    f"{_IF}.13": "ifInDiscards",
    f"{_IF}.19": "ifOutDiscards",
    f"{_IF}.8": "ifOperStatus",
    f"{_IF}.7": "ifAdminStatus",
    f"{_IFX}.15": "ifHighSpeed",
    f"{_IFX}.7": "ifHCInUcastPkts",
    f"{_IFX}.11": "ifHCOutUcastPkts",
}
GAUGES = frozenset({"ifOperStatus", "ifAdminStatus", "ifHighSpeed"})
W1 = (SYS_UP_TIME, *(f"{column}.{port}" for port in range(1, PORTS + 1) for column in W1_COLUMNS))
W2 = (
    *(f"1.3.6.1.2.1.1.{n}.0" for n in range(1, 8)),
    "1.3.6.1.2.1.2.1.0",
    "1.3.6.1.4.1.2021.4.5.0",
    "1.3.6.1.4.1.2021.4.6.0",
)
PER_PDU = 58
"""Values in one GET, so that an answer fits an Ethernet frame."""


def address(number: int) -> str:
    """Of the device with that number, from 0."""
    return f"127.{10 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


def chunks(oids: tuple[str, ...]) -> list[tuple[str, ...]]:
    """In as few GETs as need be, of about equal size."""
    count = -(-len(oids) // PER_PDU)
    size = -(-len(oids) // count)
    return [oids[start : start + size] for start in range(0, len(oids), size)]
