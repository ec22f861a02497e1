"""A MAC address is found by exact questions, whichever of the forwarding tables a switch has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.discovery import Learnt, learnt_ports_of
from netwatch.model import SnmpValue, parse_mac

MAC = bytes.fromhex("0011aabbccdd")
ARCS = "0.17.170.187.204.221"


class Agent:
    """Answers from a table, and counts what it was asked."""

    def __init__(self, values: Mapping[str, SnmpValue]) -> None:
        self.values = {f"1.3.6.1.2.1.17.{oid}": value for oid, value in values.items()}
        self.problems: list[str] = []
        self.walked: list[str] = []

    async def get(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        return {oid: self.values[oid] for oid in oids if oid in self.values}

    async def walk(self, root: str, *, limit: int | None = None) -> dict[str, SnmpValue]:
        self.walked.append(root)
        found = {oid: value for oid, value in self.values.items() if oid.startswith(f"{root}.")}
        return dict(list(found.items())[:limit])

    async def close(self) -> None: ...


async def learnt_ports(session, mac: bytes) -> list[Learnt]:
    return (await learnt_ports_of(session, (mac,))).get(mac, [])


async def test_one_table_for_all_vlans_takes_two_questions() -> None:
    agent = Agent({f"4.3.1.2.{ARCS}": 7, "1.4.1.2.7": 10107})
    assert await learnt_ports(agent, MAC) == [Learnt(10107, None)]
    assert agent.walked == []


async def test_a_database_per_vlan_tells_the_vlan() -> None:
    agent = Agent(
        {
            "7.1.4.2.1.3.0.10": 1,  # time mark, VLAN: its database
            "7.1.4.2.1.3.0.20": 2,
            f"7.1.2.2.1.2.2.{ARCS}": 7,
            "1.4.1.2.7": 10107,
        }
    )
    assert await learnt_ports(agent, MAC) == [Learnt(10107, 20)]


async def test_a_database_that_vlans_share_tells_none() -> None:
    agent = Agent({"7.1.4.2.1.3.0.10": 1, "7.1.4.2.1.3.0.20": 1, f"7.1.2.2.1.2.1.{ARCS}": 7})
    assert await learnt_ports(agent, MAC) == [Learnt(7, None)]


async def test_databases_without_a_table_of_vlans() -> None:
    agent = Agent({"7.1.2.1.1.2.5": 3, "7.1.2.1.1.2.6": 0, f"7.1.2.2.1.2.5.{ARCS}": 7})
    assert await learnt_ports(agent, MAC) == [Learnt(7, None)]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {f"4.3.1.2.{ARCS}": 0},  # RFC 4188: learnt, but where is not known
        {"7.1.4.2.1.3.0.10": 1},
        {f"4.3.1.2.{ARCS}": b"7"},  # no number
    ],
)
async def test_who_has_not_learnt_it(values: dict[str, SnmpValue]) -> None:
    assert await learnt_ports(Agent(values), MAC) == []


@given(st.binary(min_size=6, max_size=6))
def test_usual_notations(mac: bytes) -> None:
    plain = mac.hex()
    dotted = ".".join(plain[at : at + 4] for at in (0, 4, 8))
    for text in (mac.hex(":"), mac.hex("-").upper(), mac.hex(" "), dotted, plain, f" {plain} "):
        assert parse_mac(text) == mac


@pytest.mark.parametrize("text", ["", "00:11:22:33:44", "00:11:22:33:44:5g", "0:11:22:33:44:555", "router"])
def test_what_is_no_mac_address(text: str) -> None:
    assert parse_mac(text) is None
