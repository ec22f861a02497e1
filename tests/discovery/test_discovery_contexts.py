"""A switch with a bridge table per VLAN: each instance is asked, and what has none spoils no other."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from netwatch.discovery import in_contexts
from netwatch.errors import WireTimeout
from netwatch.model import EntityId, SnmpAccess, Target


@dataclass
class Session:
    context: str
    closed: list[str]

    async def close(self) -> None:
        self.closed.append(self.context)


@dataclass
class Wire:
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def session(self, target: Target, *, context: str = "") -> Session:
        self.opened.append(context)
        return Session(context, self.closed)


def switch(*, vlan_contexts: bool) -> Target:
    return Target(EntityId("sw"), "sw", ("127.0.0.1",), snmp=SnmpAccess(vlan_contexts=vlan_contexts))


async def ask(session: Session) -> str:
    if session.context == "20":
        raise WireTimeout("no instance")
    return f"vlan {session.context}"


async def test_each_vlan_in_order_and_none_spoils_another() -> None:
    wire = Wire()
    vlans = ["100", "20", "default", "3", "3"]
    found = [one async for one in in_contexts(wire, switch(vlan_contexts=True), vlans, ask)]  # type: ignore[arg-type]
    assert found == [("3", "vlan 3"), ("100", "vlan 100")]
    assert wire.opened == wire.closed == ["3", "20", "100"]


@pytest.mark.parametrize("target", [switch(vlan_contexts=False), Target(EntityId("x"), "x", ("127.0.0.1",))])
async def test_nobody_is_asked_who_has_no_contexts(target: Target) -> None:
    wire = Wire()
    assert [one async for one in in_contexts(wire, target, ["3"], ask)] == []  # type: ignore[arg-type]
    assert wire.opened == []
