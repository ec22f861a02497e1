"""Lists in pages: numbered, by token, by what was had, or of an API that knows none; and its pace."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from netwatch.errors import WireAuthError, WireDecodeError, WireLimited
from netwatch.model import EntityId, HttpRequest, Paging, PagingMode, Target
from netwatch.wire import DocumentReader, HttpPage
from netwatch.wire.pace import LONGEST, UNSAID, Pace, retry_after

TARGET = Target(EntityId("api"), "api", ())
ITEMS = list(range(5))


class Api:
    """Answers by a function of path and body."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str]] = []

    async def fetch(self, target: Target, request: HttpRequest) -> HttpPage:
        self.asked.append((request.path, request.body))
        answer = self.answer(request)
        return answer if isinstance(answer, HttpPage) else HttpPage(answer)


async def read(api: Api, request: HttpRequest) -> Any:
    return (await DocumentReader(api, TARGET).read(request)).data


def number(path: str, name: str, default: int) -> int:
    query = dict(part.split("=") for part in path.partition("?")[2].split("&") if part)
    return int(query.get(name, default))


async def test_tokens() -> None:
    def answer(request: HttpRequest) -> Any:
        start = number(request.path, "cursor", 0)
        more = {"next": str(start + 2)} if start + 2 < len(ITEMS) else {"next": ""}
        return {"data": ITEMS[start : start + 2], **more}

    api = Api(answer)
    paging = Paging(PagingMode.TOKEN, pointer="/next", parameter="cursor")
    assert (await read(api, HttpRequest("/x?a=1", paging=paging, items="/data")))["data"] == ITEMS
    assert [path for path, _ in api.asked] == ["/x?a=1", "/x?a=1&cursor=2", "/x?a=1&cursor=4"]


async def test_offsets_end_with_the_total_or_a_page_that_is_not_full() -> None:
    def answer(request: HttpRequest) -> Any:
        start, size = number(request.path, "offset", 0), number(request.path, "limit", 99)
        return {"total": len(ITEMS), "data": ITEMS[start : start + min(size, 2)]}

    paging = Paging(PagingMode.OFFSET, parameter="offset", limit="limit", size=2)
    api = Api(answer)
    assert (await read(api, HttpRequest("/x", paging=paging, items="/data")))["data"] == ITEMS
    assert [path for path, _ in api.asked] == [
        "/x?limit=2",
        "/x?limit=2&offset=2",
        "/x?limit=2&offset=4",
    ]
    # A server that gives less than was asked for loses nothing where it tells the total.
    api = Api(answer)
    paging = replace(paging, size=50, total="/total")
    assert (await read(api, HttpRequest("/x", paging=paging, items="/data")))["data"] == ITEMS


async def test_numbered_pages_of_a_post_stand_in_its_body() -> None:
    def answer(request: HttpRequest) -> Any:
        asked = json.loads(request.body)
        first = (asked["page"] - 1) * asked["pageSize"]
        return {"data": ITEMS[first : first + asked["pageSize"]], "fields": asked["fields"]}

    api = Api(answer)
    paging = Paging(PagingMode.PAGE, parameter="page", limit="pageSize", size=2)
    found = await read(api, HttpRequest("/query", body='{"fields": ["name"]}', paging=paging, items="/data"))
    assert found == {"data": ITEMS, "fields": ["name"]}
    assert [json.loads(body)["page"] for _, body in api.asked] == [1, 2, 3]
    assert {path for path, _ in api.asked} == {"/query"}


async def test_an_api_that_knows_no_pages_is_not_asked_for_ever() -> None:
    paging = Paging(PagingMode.PAGE, parameter="page", size=2)
    assert await read(Api(lambda _: ITEMS[:2]), HttpRequest("/x", paging=paging)) == ITEMS[:2]
    link = Paging(PagingMode.LINK)
    same = Api(lambda _: HttpPage(ITEMS, next="http://h/x"))
    assert await read(same, HttpRequest("/x", paging=link)) == ITEMS
    counter = iter(range(10_000))
    endless = Api(lambda _: HttpPage([next(counter)], next=f"http://h/x?{next(counter)}"))
    with pytest.raises(WireDecodeError, match="more than 200 pages"):
        await read(endless, HttpRequest("/x", paging=link))


async def test_members_are_named_by_another_document() -> None:
    documents: dict[str, Any] = {
        "/self/sites": {"data": [{"name": "a"}, {"name": "b"}, {"name": "c"}]},
        "/s/a/devices?full=1": [1],
        "/s/b/devices?full=1": [2],
    }

    def answer(request: HttpRequest) -> Any:
        if "/c/" in request.path:
            raise WireAuthError("h/s/c/devices: credentials refused (HTTP 403)")
        return documents[request.path]

    path = "/s/{/self/sites#/data/*/name}/devices?full=1"
    found = await DocumentReader(Api(answer), TARGET).read(HttpRequest(path))
    assert found.data == {"a": [1], "b": [2]}
    assert found.problems == ("h/s/c/devices: credentials refused (HTTP 403)",)


async def test_when_all_members_refuse_it_is_a_failure_not_an_empty_table() -> None:
    def answer(request: HttpRequest) -> Any:
        if request.path != "/orgs":
            raise WireAuthError("refused")
        return [{"id": 1}, {"id": 2}]

    with pytest.raises(WireDecodeError, match="refused"):
        await read(Api(answer), HttpRequest("/orgs/{/*/id}/devices"))


async def test_once_asked_to_wait_the_other_members_are_not_asked() -> None:
    def answer(request: HttpRequest) -> Any:
        if request.path != "/orgs":
            raise WireLimited("asked too often")
        return [{"id": 1}, {"id": 2}]

    api = Api(answer)
    with pytest.raises(WireLimited):
        await read(api, HttpRequest("/orgs/{/*/id}/devices"))
    assert len(api.asked) == 2


def test_pace_is_each_accounts_own() -> None:
    pace = Pace()
    assert pace.wait("a", 100.0) == 0
    pace.take("a", 4.0, 100.0)
    assert pace.wait("a", 100.0) == pytest.approx(0.25)
    assert pace.wait("b", 100.0) == 0
    assert pace.wait("a", 100.25) == 0
    pace.close("a", 30.0, 101.0)
    pace.take("a", 4.0, 101.0)
    assert pace.wait("a", 101.0) == 30
    assert pace.wait("a", 131.0) == 0
    pace.take("c", 0.0, 100.0)
    assert pace.wait("c", 100.0) == 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 1.0),
        ("99999999", LONGEST),
        ("Tue, 14 Nov 2023 22:13:40 GMT", 20.0),
        ("Tue, 14 Nov 2023 20:00:00 GMT", UNSAID),
        ("soon", UNSAID),
        ("nan", UNSAID),
        ("-1", UNSAID),
        (None, UNSAID),
    ],
)
def test_retry_after(header: str | None, seconds: float) -> None:
    assert retry_after(header, 1_700_000_000.0) == pytest.approx(seconds)
