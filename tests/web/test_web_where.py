"""The page and the API that tell where a MAC address is plugged in."""

from __future__ import annotations

import json

import pytest
from web_client import Outline, credentials, providers, running, users

from netwatch.model import EntityId, Sighting, Whereabouts
from netwatch.web import Role

FOUND = Whereabouts(
    mac="00:11:22:aa:bb:cc",
    owner=EntityId("maple-hs-ap1"),
    sightings=(
        Sighting(EntityId("maple-hs-core"), EntityId("maple-hs-core-Gi1-0-1"), 1, 20, None),
        Sighting(EntityId("maple-hs-wlc"), None, 49, None, EntityId("maple-hs-core")),
    ),
    asked=31,
    silent=((EntityId("dead"), "no answer within 2 s (3 tries)"),),
)


async def locate(mac: bytes) -> Whereabouts:
    assert mac.hex() == "001122aabbcc"
    return FOUND


async def test_the_place_comes_first_and_the_way_after_it() -> None:
    async with running(providers(locate=locate)) as web:
        status, text = await web.get("/where?mac=0011.22aa.bbcc")
    assert status == 200
    words = " ".join(Outline(text).text)
    assert words.index("Gi1/0/1") < words.index("interface 49")
    for told in ("maple-hs-core-sw1", "here", "on the way: leads to", "itself", "no answer within 2 s"):
        assert told in words, told


async def test_nobody_has_learnt_it() -> None:
    async def nobody(mac: bytes) -> Whereabouts:
        return Whereabouts(mac.hex(":"), None, (), 31)

    async with running(providers(locate=nobody)) as web:
        _, text = await web.get("/where?mac=001122aabbcc")
    assert "None of 31 switches has learnt 00:11:22:aa:bb:cc" in " ".join(Outline(text).text)


async def test_the_api_says_the_same() -> None:
    async with running(providers(locate=locate)) as web:
        status, text = await web.get("/api/v1/where?mac=00-11-22-AA-BB-CC")
    found = json.loads(text)
    assert status == 200
    assert [one["port"] for one in found["places"]] == ["Gi1/0/1", "interface 49"]
    assert found["places"][0]["vlan"] == 20
    assert (
        found["silent"] == {"maple-hs-files": "no answer within 2 s (3 tries)"} or len(found["silent"]) == 1
    )


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/api/v1/where", 400, "say which"),
        ("/api/v1/where?mac=router", 400, "00:11:22:aa:bb:cc"),
        ("/where?mac=router", 400, "00:11:22:aa:bb:cc"),
    ],
)
async def test_mistakes_are_told(path: str, status: int, word: str) -> None:
    async with running(providers(locate=locate)) as web:
        got, text = await web.get(path)
    assert got == status
    assert word in text


async def test_who_only_looks_may_not_search() -> None:
    async with running(providers(locate=locate), users(*Role)) as web:
        refused, _ = await web.get("/where?mac=001122aabbcc", **credentials("view"))
        shown, _ = await web.get("/where?mac=001122aabbcc", **credentials("operate"))
    assert (refused, shown) == (403, 200)


async def test_without_switches_to_ask() -> None:
    async with running() as web:
        status, text = await web.get("/where?mac=001122aabbcc")
    assert status == 503
    assert "asks no switches" in text
