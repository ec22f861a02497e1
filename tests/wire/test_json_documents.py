"""Paths through collections: whose links, in what order, and what a device can't make netwatch do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from netwatch.errors import WireNotFound, WireTimeout
from netwatch.model import EntityId, HttpRequest, Target
from netwatch.wire import DocumentReader, HttpPage, RecordedHttpJson

TARGET = Target(EntityId("api"), "api", ("192.0.2.1",))
SITES = {
    "/api/sites": {"data": [{"id": "north"}, {"id": 7}, {"id": ""}, {"name": "no id"}]},
    "/api/sites/north/aps": [{"name": "ap-1"}],
    "/api/sites/7/aps": [],
}


class Reader:
    """Reads paths of recorded documents."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        self.documents = DocumentReader(RecordedHttpJson({"api": documents}), TARGET)

    async def read(self, path: str, **request: Any) -> Any:
        return (await self.documents.read(HttpRequest(path, **request))).data


def reader(documents: Mapping[str, Any]) -> Reader:
    return Reader(documents)


async def test_names_become_steps_of_the_path() -> None:
    found = await reader(SITES).read("/api/sites/{/data/*/id}/aps")
    assert found == {"north": [{"name": "ap-1"}], "7": []}


async def test_links_are_paths_of_their_own() -> None:
    documents = {
        "/c": {"Members": [{"@odata.id": "/x/A/"}, {"@odata.id": "/x/B"}]},
        "/x/A/parts": {"Members": [{"@odata.id": "/x/A/parts/1"}]},
        "/x/A/parts/1": {"n": 1},
    }
    assert await reader(documents).read("/c/*/parts/*") == {"A/1": {"n": 1}}  # B has no parts


async def test_members_of_an_object_and_escapes() -> None:
    documents = {"/d": {"a/b": {"one": {"u": "/1"}, "two": {"u": "/2"}}}, "/1": 1, "/2": 2}
    assert await reader(documents).read("/d/{/a~1b/*/u}") == {"1": 1, "2": 2}


async def test_a_step_can_not_leave_its_place() -> None:
    documents = {"/api": ["../../admin?x=1"], "/api/..%2F..%2Fadmin%3Fx%3D1": "inside"}
    assert await reader(documents).read("/api/{/*}") == {"../../admin?x=1": "inside"}


async def test_the_collection_itself_has_to_be_there() -> None:
    with pytest.raises(WireNotFound):
        await reader({}).read("/redfish/v1/Chassis/*/Power")


async def test_endless_collections_end() -> None:
    documents: dict[str, Any] = {"/c": [str(number) for number in range(1000)]}
    documents |= {f"/c/{number}": number for number in range(1000)}
    found = await reader(documents).documents.read(HttpRequest("/c/{/*}", most=10))
    assert list(found.data) == [str(number) for number in range(10)]
    assert found.problems == ("/c/{/*}: 1000 members, of which 10 are asked for",)


async def test_each_document_is_asked_for_once_even_if_there_is_no_answer() -> None:
    class Silent:
        asked = 0

        async def fetch(self, target: Target, request: HttpRequest) -> HttpPage:
            self.asked += 1
            raise WireTimeout("no answer within 10 s")

    silent = Silent()
    documents = DocumentReader(silent, TARGET)
    for path in ("/redfish/v1/Chassis/*/Power", "/redfish/v1/Chassis/*/Thermal", "/redfish/v1/Chassis"):
        with pytest.raises(WireTimeout):
            await documents.read(HttpRequest(path))
    assert silent.asked == 1


async def test_is_it_there() -> None:
    documents = reader({"/redfish/v1": {}}).documents
    assert await documents.has(HttpRequest("/redfish/v1/"))
    assert not await documents.has(HttpRequest("/api"))
