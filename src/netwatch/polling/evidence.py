"""What a device says of its own past at each poll: since when it runs, and what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netwatch.model import SYS_OBJECT_ID, Evidence, SnmpValue

__all__ = ["ANOTHER_DEVICE", "SENTINELS", "SYS_UP_TIME", "Sentinels", "evidence_of"]

SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"  # SNMPv2-MIB, hundredths of a second
ENGINE_BOOTS = "1.3.6.1.6.3.10.2.1.2.0"  # SNMP-FRAMEWORK-MIB
ENGINE_TIME = "1.3.6.1.6.3.10.2.1.3.0"  # SNMP-FRAMEWORK-MIB, seconds
IF_TABLE_LAST_CHANGE = "1.3.6.1.2.1.31.1.5.0"  # IF-MIB
ENT_LAST_CHANGE_TIME = "1.3.6.1.2.1.47.1.4.1.0"  # ENTITY-MIB

ANOTHER_DEVICE = "sysObjectID changed"
"""After this nothing of the plan holds any more: rows of the same number are something else."""

SENTINELS = {
    SYS_OBJECT_ID: ANOTHER_DEVICE,
    IF_TABLE_LAST_CHANGE: "ifTableLastChange changed",
    ENT_LAST_CHANGE_TIME: "entLastChangeTime changed",
}
"""Objects whose change calls for discovery."""

_CACHED = 5.0
"""Seconds by which an agent's sysUpTime may step back without a restart: some cache it."""


def evidence_of(values: Mapping[str, SnmpValue]) -> Evidence:
    """Evidence from the answer to a GET; what is missing or no number stays None."""
    ticks, time = _number(values.get(SYS_UP_TIME)), _number(values.get(ENGINE_TIME))
    return Evidence(
        None if ticks is None else ticks / 100,
        _number(values.get(ENGINE_BOOTS)),
        None if time is None else float(time),
        str(values.get(SYS_OBJECT_ID) or ""),
    )


@dataclass(slots=True)
class Sentinels:
    """What a device said last, to be compared with what it says now."""

    values: Mapping[str, SnmpValue] | None = None
    oids: tuple[str, ...] = ()
    """What the agent answered at first: the others are not asked again."""

    def to_ask(self, evidence_oids: Iterable[str]) -> tuple[str, ...]:
        """Everything at first contact; later only what the agent has."""
        return self.oids or tuple(dict.fromkeys((SYS_UP_TIME, *evidence_oids, *SENTINELS)))

    def compare(self, values: Mapping[str, SnmpValue]) -> str:
        """Why the device is to be discovered anew; mostly empty. Keeps `values` for next time."""
        before, self.values = self.values, values
        if not self.oids:
            self.oids = tuple(values)
        if before is None:
            return ""
        now, then = _number(values.get(SYS_UP_TIME)), _number(before.get(SYS_UP_TIME))
        if now is not None and then is not None and now < then - _CACHED * 100:
            return "sysUpTime went back"
        for oid, reason in SENTINELS.items():
            value = values.get(oid)
            if value is not None and before.get(oid, value) != value:
                return reason
        return ""

    def forget(self) -> None:
        """After a discovery the agent may have other objects: ask for all of them once more."""
        self.values, self.oids = None, ()


def _number(value: SnmpValue) -> int | None:
    return int(value) if isinstance(value, int | float) else None
