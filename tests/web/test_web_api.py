"""The API for programs: happy paths, bad input, formats."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from unittest import mock

import pytest
import web_district
from aiohttp.http import StreamWriter
from aiohttp.test_utils import make_mocked_request
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families
from web_client import FixedClock, providers, running

from netwatch.errors import Problem
from netwatch.web import ReloadResult
from netwatch.web.api_handlers import ApiHandlers
from netwatch.web.negotiation import wants_openmetrics
from netwatch.web.site import Site


async def test_metrics_speak_both_formats() -> None:
    prometheus = (
        "application/openmetrics-text;version=1.0.0;q=0.75,application/openmetrics-text;version=0.0.1;q=0.6,"
        "text/plain;version=0.0.4;q=0.4,*/*;q=0.2"
    )
    async with running() as web:
        plain = await web.client.get("/metrics", headers={"Accept": "text/plain"})
        assert plain.status == 200
        assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        names = {family.name for family in text_string_to_metric_families(await plain.text())}
        assert "netwatch_device_up" in names
        opened = await web.client.get("/metrics", headers={"Accept": prometheus})
        assert opened.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        text = await opened.text()
        assert text.endswith("# EOF\n")
        assert list(openmetrics_families(text))


async def test_a_scraper_that_has_gone_is_no_error() -> None:
    gone = mock.Mock(StreamWriter, write_headers=mock.AsyncMock(side_effect=ConnectionResetError))
    handlers = ApiHandlers(Site(providers(), FixedClock()))
    await handlers.metrics(make_mocked_request("GET", "/metrics", writer=gone))
    gone.write_headers.assert_awaited_once()


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=0.3,text/plain;q=0.9", False),
        ("application/openmetrics-text;q=nonsense", False),
        ("APPLICATION/OpenMetrics-Text; version=1.0.0; q=1", True),
    ],
)
def test_format_follows_accept(accept: str, wanted: bool) -> None:
    assert wants_openmetrics(accept) is wanted


async def test_other_requests_are_answered_while_metrics_stream() -> None:
    """The loop gets its turn between chunks, so a long scrape delays nobody."""
    order: list[str] = []
    started = asyncio.Event()

    def chunks(openmetrics: bool, shard: object) -> Iterator[bytes]:
        for number in range(50):
            order.append(f"chunk {number}")
            started.set()
            yield b"# filler\n" * 4000

    async with running(providers(metrics=chunks)) as web:

        async def healthy() -> None:
            assert (await web.get("/-/healthy"))[0] == 200
            order.append("healthy")

        scrape = asyncio.ensure_future(web.get("/metrics"))
        await started.wait()
        await healthy()
        assert (await scrape)[0] == 200
    assert order.index("healthy") < len(order) - 1
    assert order[-1] == "chunk 49"


async def test_failure_before_the_first_chunk_is_an_answer() -> None:
    def broken(openmetrics: bool, shard: object) -> Iterator[bytes]:
        raise RuntimeError("secret detail")
        yield b""

    async with running(providers(metrics=broken)) as web:
        status, text = await web.get("/metrics")
    assert status == 500
    assert json.loads(text)["title"] == "Internal Server Error"
    assert "secret detail" not in text


async def test_probe_serves_one_device() -> None:
    async with running() as web:
        status, text = await web.get("/probe?target=maple-hs-core-sw1")
        assert status == 200
        families = list(text_string_to_metric_families(text))
        devices = {sample.labels.get("device") for family in families for sample in family.samples}
        assert devices == {"maple-hs-core-sw1"}
        status, text = await web.get("/probe?target=no-such-device")
        assert (status, json.loads(text)["status"]) == (404, 404)
        status, text = await web.get("/probe")
        assert status == 400
        assert "/probe?target=" in json.loads(text)["detail"]


async def test_every_shard_of_service_discovery_can_be_scraped() -> None:
    async with running() as web:
        answer = await web.client.get("/api/sd")
        assert answer.content_type == "application/json"
        groups = await answer.json()
        assert groups
        whole = _samples((await web.get("/metrics"))[1])
        parts: list[str] = []
        for group in groups:
            shard = group["labels"].get("__param_shard", "")
            status, text = await web.get(f"/metrics?shard={shard}" if shard else "/metrics")
            assert status == 200
            parts += _samples(text)
    assert sorted(set(parts)) == sorted(set(whole))


def _samples(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


async def test_devices_can_be_filtered_and_paged() -> None:
    async with running() as web:
        everything = json.loads((await web.get("/api/v1/devices"))[1])
        assert everything["total"] == len(everything["devices"]) == 51
        core = next(device for device in everything["devices"] if device["id"] == "maple-hs-core")
        assert core["status"] == "up"
        assert core["school"] == "Maple High"
        assert core["alerts"] == 1
        assert core["worst_severity"] == "warning"
        dead = json.loads((await web.get("/api/v1/devices?status=down"))[1])
        assert [device["id"] for device in dead["devices"]] == ["dead"]
        page = json.loads((await web.get("/api/v1/devices?limit=10&offset=50"))[1])
        assert (page["total"], len(page["devices"])) == (51, 1)


async def test_device_brings_its_readings_without_nan() -> None:
    async with running() as web:
        status, text = await web.get("/api/v1/devices/maple-hs-core")
    assert status == 200
    device = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    reading = next(
        r
        for r in device["readings"]
        if r["entity"] == "maple-hs-core-Te1-1-2" and r["family"] == "netwatch_interface_receive_bytes_total"
    )
    assert reading["rate"] == pytest.approx(0.97 * 1.25e9)
    assert reading["origin"] == "1.3.6.1.2.1.31.1.1.1.6.1"
    assert device["children"] == []


async def test_alerts_and_schools() -> None:
    async with running() as web:
        alerts = json.loads((await web.get("/api/v1/alerts"))[1])["alerts"]
        assert [alert["id"] for alert in alerts] == ["a1", "a2", "a3", "a4", "a5"]
        assert alerts[2]["suppressed_by"] == "a1"
        assert [alert["explains"] for alert in alerts] == [1, 0, 0, 0, 0]
        firing = json.loads((await web.get("/api/v1/alerts?state=firing&severity=critical"))[1])["alerts"]
        assert [alert["id"] for alert in firing] == ["a1"]
        schools = json.loads((await web.get("/api/v1/schools"))[1])["schools"]
        lincoln = schools[0]
        assert lincoln["site"] == "lincoln-es"
        assert lincoln["devices"] == {"up": 6, "down": 1, "unknown": 0, "off": 0}
        assert lincoln["alerts"] == {"info": 0, "warning": 0, "critical": 1}


async def test_a_plan_in_every_form() -> None:
    async with running() as web:
        document = json.loads((await web.get("/api/v1/plan/replacements"))[1])
        assert document["schema"] == "netwatch-report/1"
        rows = document["sheets"][0]["rows"]
        assert len(rows) == 12
        for row in rows:
            parts = (row["cells"][name] for name in row["evidence"])
            assert row["cells"]["score"] == pytest.approx(sum(parts))
        answer = await web.client.get("/api/v1/plan/replacements?format=csv&limit=5")
        assert answer.content_type == "text/csv"
        assert len(list(csv.reader(io.StringIO(await answer.text())))) == 6
        for form, begin in (("xlsx", b"PK"), ("html", b"<!doctype html>"), ("table", b" ")):
            answer = await web.client.get(f"/api/v1/plan/replacements?format={form}")
            assert answer.status == 200
            assert (await answer.read()).startswith(begin)
        _, public = await web.get("/api/v1/plan/replacements?edition=public")
        assert "maple-hs-core" not in public
        assert "Maple High" in public
        plans = json.loads((await web.get("/api/v1/plans"))[1])["plans"]
        assert [plan["name"] for plan in plans] == ["replacements"]
        packet = await web.client.get("/api/v1/plans/packet?edition=public")
        assert "attachment" in packet.headers["Content-Disposition"]
        assert "Maple County Schools" in await packet.text()
    async with running(providers(replacement_plan=lambda: None)) as web:
        for path in ("plan/replacements", "plans", "plans/packet"):
            answer = await web.client.get(f"/api/v1/{path}")
            assert answer.status == 503
            assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/v1/devices?kind=router", 400, "no kind 'router'"),
        ("/api/v1/devices?limit=0", 400, "limit must be"),
        ("/api/v1/devices?limit=99999999999999999999", 400, "limit must be"),
        ("/api/v1/devices?offset=-1", 400, "offset must be"),
        ("/api/v1/alerts?state=burning", 400, "no state"),
        ("/api/v1/plan/replacements?format=pdf", 400, "no format 'pdf'"),
        ("/api/v1/plan/replacements?edition=pubic", 400, "did you mean 'public'?"),
        ("/api/v1/plan/replacements?sheet=rank", 400, "did you mean 'ranking'?"),
        ("/api/v1/plan/replacements?limit=0", 400, "limit must be"),
        ("/api/v1/plan/replacement", 404, "did you mean 'replacements'?"),
        ("/api/v1/schools?x=1", 400, "unknown parameter 'x'"),
        ("/api/sd?limit=5", 400, "unknown parameter 'limit'"),
        ("/metrics?shard=%7Bnonsense%7D", 400, "shard"),
        ("/metrics?sahrd=1", 400, "did you mean 'shard'?"),
        ("/api/v1/devices/nobody", 404, "no such device"),
        ("/api/v1/nothing", 404, "no such page"),
    ],
)
async def test_mistakes_are_problem_documents(path: str, status: int, words: str) -> None:
    async with running() as web:
        answer = await web.client.get(path)
        document = await answer.json()
    assert answer.status == status
    assert answer.content_type == "application/problem+json"
    assert document["status"] == status
    assert document["instance"] == path.partition("?")[0]
    assert words in document["detail"]


async def test_wrong_method_names_the_right_ones() -> None:
    async with running() as web:
        answer = await web.client.post("/api/v1/devices")
        assert answer.status == 405
        assert "GET" in answer.headers["Allow"]
        answer = await web.client.get("/-/reload")
        assert answer.status == 405
        assert answer.headers["Allow"] == "POST"
        head = await web.client.head("/metrics")
        assert (head.status, await head.read()) == (200, b"")


async def test_life_cycle_endpoints_follow_the_daemon() -> None:
    state = {"ready": False}
    async with running(providers(ready=lambda: state["ready"])) as web:
        assert (await web.get("/-/healthy"))[0] == 200
        assert (await web.get("/-/ready"))[0] == 503
        state["ready"] = True
        assert (await web.get("/-/ready"))[0] == 200


async def test_reload_applies_or_says_why_not() -> None:
    results = [
        ReloadResult(True, "51 devices"),
        ReloadResult(
            False, "1 problem", (Problem("a.yaml", "x.y", "unknown key 'z'", "did you mean 'w'?", 3),)
        ),
    ]

    async def reload() -> ReloadResult:
        return results.pop(0)

    async with running(providers(reload=reload)) as web:
        good = await web.client.post("/-/reload")
        assert (good.status, (await good.json())["message"]) == (200, "51 devices")
        bad = await web.client.post("/-/reload")
        document = await bad.json()
        assert bad.status == 422
        assert document["problems"][0] == {
            "file": "a.yaml",
            "line": 3,
            "path": "x.y",
            "message": "unknown key 'z'",
            "hint": "did you mean 'w'?",
        }
    assert [(event.path, event.status, event.result) for event in web.audit] == [
        ("/-/reload", 200, "done"),
        ("/-/reload", 422, "failed"),
    ]


async def test_requests_within_a_second_share_one_snapshot() -> None:
    calls: list[int] = []
    snapshot = web_district.district().snapshot()

    def take() -> object:
        calls.append(1)
        return snapshot

    async with running(providers(snapshot=take)) as web:
        await web.get("/")
        await web.get("/devices")
        assert len(calls) == 1
        web.clock.at = web.clock.at.plus(2.0)
        await web.get("/devices")
        assert len(calls) == 2
