"""Loads of links, against a plain reckoning."""

from __future__ import annotations

from dataclasses import replace

import web_district
from hypothesis import given
from hypothesis import strategies as st

from netwatch.web.lookup import Lookup
from netwatch.web.views import link_views

_SHARE = st.floats(0, 1.5)


@given(
    ports=st.lists(st.tuples(st.sampled_from([0.0, 1e6, 1e9]), _SHARE, _SHARE), max_size=12),
    limit=st.integers(1, 30),
)
def test_busiest_links_are_those_of_a_plain_reckoning(
    ports: list[tuple[float, float, float]], limit: int
) -> None:
    made = web_district.Builder()
    made.device("d", "d", "", "switch")
    loads: list[float] = []
    for number, (speed, received, sent) in enumerate(ports):
        made.port("d", f"p{number}", speed, received, sent)
        if speed:
            loads += [received * speed / speed, sent * speed / speed]
    found = Lookup(made.snapshot()).busiest(limit)
    assert [link.ratio for link in found] == sorted(loads, reverse=True)[:limit]
    assert all(link.speed > 0 for link in found)


def test_unknown_and_stale_traffic_is_no_load() -> None:
    made = web_district.Builder()
    made.device("d", "d", "", "switch")
    for name, fresh in (("stale", False), ("fresh", True)):
        key = made.port("d", name, 1e6, 0.5, 0.5)
        made.series["netwatch_interface_receive_bytes_total"].pop()
        made.series["netwatch_interface_transmit_bytes_total"].pop()
        made.read(key, "netwatch_interface_receive_bytes_total", 5.0, rate=9e5, fresh=fresh)
        made.read(key, "netwatch_interface_transmit_bytes_total", 5.0)  # no rate yet
    found = Lookup(made.snapshot()).busiest(10)
    assert [(link.interface, link.direction) for link in found] == [("d-fresh", "in")]


def test_links_of_some_interfaces_only() -> None:
    made = web_district.Builder()
    made.device("d", "d", "", "switch")
    for number in range(40):
        made.port("d", f"p{number}", 1e6, number / 40, 0.0)
    lookup = Lookup(made.snapshot())
    found = lookup.busiest(2, lambda interface: int(interface.removeprefix("d-p")) < 10)
    assert [(link.interface, link.direction) for link in found] == [("d-p9", "in"), ("d-p8", "in")]


def test_loopback_interfaces_are_no_links() -> None:
    made = web_district.Builder()
    made.device("d", "d", "", "server")
    made.port("d", "lo", 1e6, 0.9, 0.9)
    made.entities["d-lo"] = replace(made.entities["d-lo"], facts={"type": "softwareLoopback"})
    made.port("d", "eth0", 1e6, 0.1, 0.2)
    assert {view.interface for view in link_views(Lookup(made.snapshot()), 2)} == {"eth0"}


def test_district_is_called_by_its_name() -> None:
    made = web_district.Builder()
    made.school("s", "S", "high", 1)
    assert Lookup(made.snapshot()).district_name() == "Maple County Schools"
    assert Lookup(web_district.Builder().snapshot()).district_name() == "Maple County Schools"
