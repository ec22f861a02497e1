"""Pages: well-formed, safe, with what a person looks for."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest
import web_district
from web_client import Outline, providers, running

from netwatch.errors import Problem
from netwatch.model import (
    AlertState,
    DeviceCost,
    EntityId,
    EntityKind,
    Severity,
    TableCost,
    Witness,
    WitnessKind,
)
from netwatch.web.units import age, bit_rate, duration, measured, percent, plain, size

PAGES = (
    "/",
    "/schools/maple-hs",
    "/schools/lincoln-es",
    "/devices",
    "/devices?kind=switch&site=maple-hs&q=CORE&status=up",
    "/devices/maple-hs-core",
    "/devices/maple-hs-wlc",
    "/devices/maple-hs-ap1",
    "/devices/srv",
    "/devices/dead",
    "/devices/maple-hs-core/readings",
    "/devices/maple-hs-core/readings?of=maple-hs-core-Te1-1-2",
    "/alerts",
    "/services",
    "/plans",
    "/plans/replacements?q=maple&sort=score&order=up",
    "/replacements",
    "/where",
    "/status",
)


@pytest.mark.parametrize("path", PAGES)
async def test_page_is_whole(path: str) -> None:
    async with running() as web:
        status, text = await web.get(path)
    assert status == 200
    page = Outline(text)
    levels = [int(level[1]) for level, _ in page.headings]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
    assert all(text.strip() for _, text in page.headings)
    ids = list(page.attributes("id"))
    assert len(ids) == len(set(ids))
    assert any(tag == "html" and attrs["lang"] == "en" for tag, attrs in page.tags)
    assert "Simulated data." in "".join(page.text)


@pytest.mark.parametrize("path", PAGES)
async def test_page_obeys_its_own_content_security_policy(path: str) -> None:
    async with running() as web:
        _, text = await web.get(path)
    page = Outline(text)
    for tag, attrs in page.tags:
        assert "style" not in attrs, tag
        assert not [name for name in attrs if name.startswith("on")], tag
        assert tag != "style"
        assert tag != "script" or attrs.get("src", "").startswith("/static/")


async def test_every_inner_link_leads_somewhere() -> None:
    async with running() as web:
        seen: set[str] = set()
        for path in PAGES:
            _, text = await web.get(path)
            for tag, attrs in Outline(text).tags:
                if tag in ("a", "link", "script"):
                    link = attrs.get("href") or attrs.get("src") or ""
                    seen.add(link.partition("#")[0])
        seen.discard("")
        assert len(seen) > 80
        for link in sorted(seen):
            assert (await web.get(link))[0] == 200, link


async def test_overview_counts_and_orders() -> None:
    async with running() as web:
        _, text = await web.get("/")
    page = Outline(text)
    words = re.sub(r"\s+", " ", " ".join(page.text))
    assert "49 devices up" in words
    assert "1 down" in words
    assert "1 unknown" in words
    cards = [text for level, text in page.headings if level == "h3"]
    assert cards[:2] == ["Lincoln Elementary", "Maple High"]  # what needs attention comes first
    assert len(cards) == 8
    assert "97 %" in words
    assert "9.7 Gb/s" in words


async def test_suppressed_and_pending_alerts_do_not_count_as_firing() -> None:
    async with running() as web:
        _, text = await web.get("/alerts")
    headings = [text for _, text in Outline(text).headings]
    assert "Firing (2)" in headings
    assert "Explained by another alert (1)" in headings
    assert "Pending (1)" in headings
    assert "Resolved lately (1)" in headings


async def test_the_fault_that_explains_most_comes_first_and_says_so() -> None:
    made = web_district.district()
    alerts = [
        web_district.alert("psu", "PowerSupplyOrFanFailed", "srv", Severity.CRITICAL, "psu", "x"),
        web_district.alert("core", "DeviceUnreachable", "dead", Severity.CRITICAL, "core gone", "x"),
        *(
            replace(web_district.alert(f"b{n}", "DeviceUnreachable", "srv", Severity.CRITICAL, "b", "x"),
                    suppressed_by="core", state=AlertState.PENDING)
            for n in range(3)
        ),
    ]  # fmt: skip
    snapshot = made.snapshot()
    async with running(providers(snapshot=lambda: snapshot, alerts=lambda: alerts)) as web:
        for path in ("/", "/alerts"):
            _, text = await web.get(path)
            assert text.index('id="alert-core"') < text.index('id="alert-psu"'), path
            assert "explains 3 other alerts" in text
    assert "Pending" not in text, "what is explained waits under its cause"


async def test_a_virtual_machine_is_what_its_host_says() -> None:
    made = web_district.Builder()
    made.device("host", "host", "", "server")
    for name, running_ in (("vm-1", 1.0), ("vm-2", 0.0)):
        made.device(name, name, "", "server", up=None, parent="host")
        made.read(name, "netwatch_device_vm_running", running_)
    snapshot = made.snapshot()
    async with running(providers(snapshot=lambda: snapshot, alerts=list)) as web:
        assert "1 device" in (await web.get("/devices?status=off"))[1]
        assert "2 devices" in (await web.get("/devices?status=up"))[1]
        assert "No device matches" in (await web.get("/devices?status=unknown"))[1]
        assert "all well" in (await web.get("/"))[1]


async def test_device_page_tells_parts_children_and_freshness() -> None:
    async with running() as web:
        _, switch = await web.get("/devices/maple-hs-core")
        _, controller = await web.get("/devices/maple-hs-wlc")
        _, ap = await web.get("/devices/maple-hs-ap1")
        _, dead = await web.get("/devices/dead")
        _, server = await web.get("/devices/srv")
    headings = [text for _, text in Outline(switch).headings]
    assert "Interfaces (14)" in headings
    assert "Sensors (2)" in headings
    assert "Freshness" in headings
    assert "27.5 °C" in switch
    assert "Devices behind it (3)" in [text for _, text in Outline(controller).headings]
    assert "maple-hs-wlc" in ap
    assert "no answer within 3 s" in dead
    assert "93 %" in server
    assert "7.3 TiB" in server


async def test_a_full_battery_is_no_alarm_and_a_condition_reads_yes_or_no() -> None:
    made = web_district.Builder()
    made.device("ups", "ups-1", "", "power", up=1.0)
    made.part("charge", "ups", EntityKind.SENSOR, "Battery charge")
    made.read("charge", "netwatch_sensor_charge_ratio", 1.0)
    made.part("load", "ups", EntityKind.SENSOR, "Load")
    made.read("load", "netwatch_sensor_load_ratio", 0.97)
    made.read("ups", "netwatch_device_on_battery", 0.0)
    snapshot = made.snapshot()
    async with running(providers(snapshot=lambda: snapshot, alerts=list)) as web:
        for path in ("/devices/ups", "/devices/ups/readings"):
            _, text = await web.get(path)
            assert text.count("meter high") == 1, "the load alone"
        _, text = await web.get("/devices/ups")
    assert re.search(r"On battery</dt><dd>no</dd>", text)


async def test_parts_have_no_column_that_repeats_another() -> None:
    made = web_district.Builder()
    made.device("wlc", "wlc-1", "", "wireless", up=1.0)
    made.part("guest", "wlc", EntityKind.SSID, "GUEST", ssid="GUEST", vlan="20", local_if_index="3")
    snapshot = made.snapshot()
    async with running(providers(snapshot=lambda: snapshot, alerts=list)) as web:
        _, text = await web.get("/devices/wlc")
    heads = re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', text)
    assert [head for head in heads if head.lower() in ("ssid", "vlan", "local if index")] == ["SSID", "VLAN"]


async def test_every_number_opens_to_its_origin_and_time() -> None:
    async with running() as web:
        _, text = await web.get("/devices/maple-hs-core/readings?of=maple-hs-core-Te1-1-2")
    assert "1.3.6.1.2.1.31.1.1.1.6.1" in text
    assert "netwatch_interface_receive_bytes_total" in text
    assert 'datetime="2026-' in text


@pytest.mark.parametrize("path", ["/replacements", "/plans/replacements"])
async def test_a_plan_opens_to_its_evidence(path: str) -> None:
    async with running() as web:
        _, text = await web.get(path)
    words = " ".join(Outline(text).text)
    assert "installed 2015-08-01, useful life 7 years" in words
    assert "netwatch_interface_receive_bytes_total" in words
    assert "Simulated history went into this plan." in words
    assert "/api/v1/plan/replacements?format=csv" in text


async def test_a_long_ranking_comes_in_pages_and_is_filtered() -> None:
    plan = web_district.plan(130)
    assets = (replace(plan.assets[0], school=""), *plan.assets[1:])
    plan = replace(plan, assets=assets)
    async with running(providers(replacement_plan=lambda: plan)) as web:
        _, first = await web.get("/replacements")
        _, last = await web.get("/replacements?page=9")
        _, school = await web.get("/replacements?school=Lincoln+Elementary&kind=switch")
        _, nowhere = await web.get("/replacements?school=-")
        _, none = await web.get("/replacements?kind=tractor")
        status, _ = await web.get("/replacements?page=0")
    assert 'id="rank-50"' in first
    assert 'id="rank-51"' not in first
    assert "Page 3 of 3" in last
    assert 'id="rank-130"' in last
    wanted = [n for n, asset in enumerate(assets, start=1) if asset.school == "Lincoln Elementary"]
    assert re.findall(r'id="rank-(\d+)"', school) == [str(n) for n in wanted[:50]]
    assert re.findall(r'id="rank-(\d+)"', nowhere) == ["1"]
    assert "No row matches" in none
    assert status == 400
    assert len(first) < 250_000


async def test_a_plan_is_sorted_searched_and_its_mistakes_are_told() -> None:
    plan = web_district.plan(60)
    async with running(providers(replacement_plan=lambda: plan)) as web:
        _, up = await web.get("/plans/replacements?sort=score&order=up")
        _, found = await web.get("/replacements?q=EXN00007")
        missing, words = await web.get("/plans/replacement")
        odd, sort = await web.get("/plans/replacements?sort=scores")
        sheet, told = await web.get("/plans/replacements?sheet=rankings")
        _, index = await web.get("/plans")
    assert re.findall(r'id="rank-(\d+)"', up)[:2] == ["60", "59"]
    assert re.findall(r'id="rank-(\d+)"', found) == [
        str(n) for n, asset in enumerate(plan.assets, start=1) if asset.serial == "EXN00007"
    ]
    assert (missing, odd, sheet) == (404, 400, 404)
    assert "did you mean &#x27;replacements&#x27;?" in words
    assert "did you mean &#x27;score&#x27;?" in sort
    assert "did you mean &#x27;ranking&#x27;?" in told
    assert 'href="/plans/replacements"' in index
    assert 'href="/api/v1/plans/packet?edition=public"' in index


async def test_a_device_that_was_entered_twice_is_told() -> None:
    made = web_district.Builder()
    for name in ("sw-1", "sw-2"):
        made.device(name, name, "", "switch")
    witness = Witness(WitnessKind.SERIAL, "FDO1111X")
    twice = replace(made.snapshot(), conflicts=((EntityId("sw-1"), EntityId("sw-2"), witness),))
    async with running(providers(snapshot=lambda: twice, alerts=list)) as web:
        _, text = await web.get("/status")
    words = " ".join(Outline(text).text)
    assert "Devices entered twice (1)" in words
    assert "serial FDO1111X" in words
    assert 'href="/devices/sw-2"' in text


async def test_the_costliest_devices_are_told() -> None:
    cost = TableCost(passes=9, failures=1, values=5_148, seconds=60.0)
    worst = DeviceCost(EntityId("sw-1"), "<sw-1>", 7.25, 60.0, "interfaces", cost)
    async with running(providers(costs=lambda: (worst,))) as web:
        _, text = await web.get("/status")
    words = " ".join(Outline(text).text)
    assert "Costliest devices and tables" in words
    for found in ("<sw-1>", "7.25 s", "12.1%", "interfaces", "6.00 s", "572"):
        assert found in words, found


async def test_profile_files_that_were_refused_are_told() -> None:
    problems = [
        Problem("/etc/own/x.yaml", "tables.t.colums", "unknown key 'colums'", "did you mean 'columns'?", 4),
        Problem("/etc/own/x.yaml", "", "<b>", line=9),
        Problem("/etc/own/y.yaml", "", "is not UTF-8"),
    ]
    async with running(providers(refused=lambda: problems)) as web:
        _, text = await web.get("/status")
    async with running(providers()) as web:
        _, well = await web.get("/status")
    words = " ".join(Outline(text).text)
    assert "Profile files refused (2)" in words
    for found in (
        "/etc/own/x.yaml:4",
        "tables.t.colums",
        "unknown key 'colums'",
        "did you mean 'columns'?",
        "<b>",
    ):
        assert found in words, found
    assert "/etc/own/y.yaml" in words
    assert "refused" not in " ".join(Outline(well).text)


async def test_no_ranking_yet() -> None:
    async with running(providers(replacement_plan=lambda: None)) as web:
        status, text = await web.get("/replacements")
        front, _ = await web.get("/")
    assert (status, front) == (200, 200)
    assert "No plan is made yet." in text


HOSTILE = '<script>alert("1")</script>&\'"'


async def test_text_from_devices_never_becomes_markup() -> None:
    made = web_district.district()
    made.device(
        "evil",
        HOSTILE,
        "maple-hs",
        "switch",
        up=0.0,
        role=HOSTILE,
        vendor=HOSTILE,
        model=HOSTILE,
        address=HOSTILE,
    )
    key = made.port("evil", "x", 1e9, 1.5, 0.1, alias=HOSTILE)
    made.part("evil-sensor", "evil", EntityKind.SENSOR, HOSTILE, note=HOSTILE)
    made.read("evil-sensor", "netwatch_sensor_temperature_celsius", 20.0, origin=HOSTILE)
    made.read("evil", "netwatch_probe_success", 1.0, HOSTILE)
    snapshot = made.snapshot()
    alerts = [
        web_district.alert(
            "e", HOSTILE, "evil", Severity.CRITICAL, HOSTILE, HOSTILE, annotations={HOSTILE: HOSTILE}
        )
    ]
    source = providers(
        snapshot=lambda: snapshot, alerts=lambda: alerts, explain=lambda device: {"profile": HOSTILE}
    )
    async with running(source) as web:
        for path in (
            "/", "/schools/maple-hs", "/devices", "/devices?q=%3Cscript%3E", "/devices/evil", "/alerts",
            "/devices/evil/readings", f"/devices/evil/readings?of={key}", "/replacements", "/status",
            "/replacements?school=%3Cscript%3E",
        ):  # fmt: skip
            status, text = await web.get(path)
            assert status == 200, path
            page = Outline(text)
            assert "<script>alert" not in text, path
            assert [attrs["src"] for tag, attrs in page.tags if tag == "script"] != [], path
            assert len([tag for tag, _ in page.tags if tag == "script"]) == 1, path


async def test_runbook_that_is_no_web_address_is_no_link() -> None:
    notes = {"runbook": "javascript:alert(1)"}
    alerts = [web_district.alert("e", "R", "dead", Severity.INFO, "s", "x", annotations=notes)]
    async with running(providers(alerts=lambda: alerts)) as web:
        _, text = await web.get("/alerts")
    links = [attrs.get("href", "") for tag, attrs in Outline(text).tags if tag == "a"]
    assert not [link for link in links if "javascript" in link]


async def test_filters_narrow_and_mistakes_are_told() -> None:
    async with running() as web:
        _, text = await web.get("/devices?kind=power")
        assert "8 devices" in text
        _, text = await web.get("/devices?q=no-such-thing")
        assert "No device matches" in text
        for query, words in (
            ("kind=swich", "switch"),
            ("colour=red", "unknown parameter"),
            ("status=sideways", "no status"),
            ("page=0", "page must be a whole number"),
            ("page=x", "page must be a whole number"),
            ("q=a&q=b", "given twice"),
            ("q=" + "x" * 101, "at most 100"),
            ("q=%00", "printable"),
        ):
            status, text = await web.get(f"/devices?{query}")
            assert status == 400, query
            assert words in "".join(Outline(text).text), query


async def test_long_list_is_cut_into_pages() -> None:
    made = web_district.Builder()
    for number in range(450):
        made.device(f"d{number}", f"device-{number:03}", "", "switch")
    snapshot = made.snapshot()
    async with running(providers(snapshot=lambda: snapshot)) as web:
        _, first = await web.get("/devices")
        _, last = await web.get("/devices?page=3")
        _, beyond = await web.get("/devices?page=9")
    assert "device-199" in first
    assert "device-200" not in first
    assert "device-449" in last
    assert "device-449" in beyond
    assert "401 to 450 shown" in last


@pytest.mark.parametrize(
    "path", ["/nope", "/devices/nobody", "/schools/nowhere", "/static/../auth.py", "/static/x"]
)
async def test_missing_page_is_a_page(path: str) -> None:
    async with running() as web:
        status, text = await web.get(path)
    assert status == 404
    assert Outline(text).headings == [("h1", "Not Found")]


async def test_readings_of_another_devices_part_are_refused() -> None:
    async with running() as web:
        status, _ = await web.get("/devices/dead/readings?of=maple-hs-core-Te1-1-2")
    assert status == 404


async def test_empty_house_has_pages_too() -> None:
    empty = web_district.Builder().snapshot()
    source = providers(snapshot=lambda: empty, alerts=list, replacement_plan=lambda: None, simulated=False)
    async with running(source) as web:
        for path in ("/", "/devices", "/alerts", "/replacements", "/status"):
            status, text = await web.get(path)
            assert status == 200
            assert "Simulated data." not in "".join(Outline(text).text)


def test_units_for_people() -> None:
    nan = float("nan")
    assert percent(0.934) == "93 %"
    assert percent(0.0123) == "1.2 %"
    assert percent(nan) == percent(None) == bit_rate(nan) == "–"
    assert bit_rate(125_000_000) == "1 Gb/s"
    assert bit_rate(11_750_000) == "94 Mb/s"
    assert size(1536) == "1.5 KiB"
    assert plain(1234567.0) == "1,234,567"
    assert plain(0.123456) == "0.1235"
    assert duration(59.6) == "1 min"
    assert duration(3 * 3600 + 1200) == "3 h 20 min"
    assert duration(40 * 86400) == "40 d"
    assert age(None, 5.0) == "never"
    assert age(100.0, 100.5) == "just now"
    assert measured(0.004, "seconds") == "4 ms"
    assert measured(21.5, "celsius") == "21.5 °C"
    assert measured(5_180_000_000, "hertz") == "5.2 GHz"
    assert measured(3.0, "unheard_of") == "3 unheard_of"


async def test_sites_may_be_place_ids() -> None:
    """Devices name their school by the id of its place, `district/school`."""
    made = web_district.Builder()
    made.school("lincoln-es", "Lincoln Elementary", "elementary", 412)
    made.device("d", "switch-1", "maple/lincoln-es", "switch", up=0.0, place="maple/lincoln-es/mdf")
    snapshot = made.snapshot()
    async with running(providers(snapshot=lambda: snapshot, alerts=list)) as web:
        _, front = await web.get("/")
        cards = [text for level, text in Outline(front).headings if level == "h3"]
        assert cards == ["Lincoln Elementary"]
        links = [
            attrs["href"] for tag, attrs in Outline(front).tags if tag == "a" and "/schools/" in attrs["href"]
        ]
        assert links == ["/schools/maple%2Flincoln-es"]
        for path in (links[0], "/schools/maple/lincoln-es", "/schools/lincoln-es"):
            status, text = await web.get(path)
            assert status == 200, path
            assert "switch-1" in text
            assert "Main closet" in text
        for site in ("maple/lincoln-es", "lincoln-es"):
            assert "1 device" in (await web.get(f"/devices?site={site}"))[1]
