"""The document for a board: complete by itself, readable by everybody, the same for the same plans."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_strategies import reports
from test_report_formats import AT, REPORT, SHEET

from netwatch.export import Edition, packet
from netwatch.export.chart import ChartKind, chart_of, choose_chart
from netwatch.model import Report, ReportColumn, ReportRow, Sheet, Show

CSS = (resources.files("netwatch.export") / "packet.css").read_text(encoding="utf-8")
GLANCE = Report(
    "leadership",
    "Network at a glance",
    AT,
    (
        Sheet(
            "months",
            "Month by month",
            (
                ReportColumn("month", "Month", public=True),
                ReportColumn("up", "Available", Show.RATIO, public=True),
            ),
            (ReportRow("a", ("2026-11", 0.9987)), ReportRow("b", ("2026-10", None), unknown=("up",))),
        ),
    ),
)
PACKET = packet([GLANCE, REPORT], district="Maple County Schools").decode()


class Outline(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "link", "br", "hr", "img", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


def check(text: str) -> Outline:
    """What WCAG 2.1 AA asks of the structure, and what makes a file stand by itself."""
    page = Outline(text)
    assert page.all("html")[0]["lang"] == "en"
    assert not page.all("script")
    assert not page.all("img")
    assert not page.all("link")
    for _, attrs in page.tags:
        for name in ("src", "href"):
            assert attrs.get(name, "#").startswith("#"), attrs
        assert not any(name.startswith("on") for name in attrs)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for attrs in page.all("a"):
        assert attrs["href"][1:] in ids
    for attrs in page.all("th"):
        assert attrs["scope"] in ("col", "row")
    assert len(page.all("table")) == len(page.all("caption"))
    for attrs in page.all("svg"):
        if attrs.get("aria-hidden") != "true":
            assert attrs["role"] == "img"
            assert all(name in ids for name in attrs["aria-labelledby"].split())
    levels = [int(name[1]) for name, _ in page.tags if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert page.tags[[name for name, _ in page.tags].index("body") + 1][1]["class"] == "skip"
    return page


@settings(max_examples=25, deadline=None)
@given(st.lists(reports(), max_size=2), st.sampled_from(Edition))
def test_any_packet_is_whole_and_the_same_twice(plans: list[Report], edition: Edition) -> None:
    body = packet(plans, district="<b>", edition=edition)
    assert body == packet(plans, district="<b>", edition=edition)
    check(body.decode())


def test_the_packet_tells_what_a_board_has_to_know() -> None:
    words = " ".join(check(PACKET).words)
    for told in (
        "Maple County Schools", "September 21, 2026", "policy A", "Simulated.", "Replacement priority",
        "Higher is more urgent.", "$4,200", "installed 2014", "unknown", "99.87 %", "Month 2026-11",
        "Cost: $4,200 together in 1 rows in which it is known.",
    ):  # fmt: skip
        assert told in words, told


def test_what_is_unknown_is_drawn_as_such_and_not_as_nothing() -> None:
    columns = (ReportColumn("name", "Name"), ReportColumn("cost", "Cost", Show.MONEY))
    sheet = Sheet("s", "S", columns, (ReportRow("a", ("a", 5.0)), ReportRow("b", ("b", None))))
    drawn = chart_of(sheet, "c", "USD")
    assert drawn is not None
    assert "b unknown" in re.sub(r"\d+\. ", "", drawn)
    assert 'stroke-dasharray="3 3"' in drawn


def test_the_chart_fits_what_a_sheet_holds() -> None:
    chart = choose_chart(replace(SHEET, columns=SHEET.columns))
    assert chart is not None
    assert chart.kind is ChartKind.STACK  # age and faults add up to the score
    assert [SHEET.columns[part].key for part in chart.parts] == ["age", "faults"]
    dated = (ReportColumn("name", "Name"), ReportColumn("full", "Full", Show.DATE))
    rows = (ReportRow("a", ("a", date(2027, 3, 1))), ReportRow("b", ("b", None)))
    found = choose_chart(Sheet("s", "S", dated, rows))
    assert found is not None
    assert found.kind is ChartKind.DATES
    assert choose_chart(Sheet("s", "S", dated[:1], ())) is None


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_text_can_be_read_on_its_ground() -> None:
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", CSS))
    for ground in ("#ffffff", colours["head"]):
        for name in ("ink", "soft", "link"):
            assert contrast(colours[name], ground) >= 4.5, (name, ground)
    assert "url(" not in CSS
    assert CSS.count("{") == CSS.count("}")


@pytest.mark.skipif("AXE_CORE" not in os.environ, reason="AXE_CORE names no axe.min.js")
def test_axe_finds_nothing(tmp_path: Path) -> None:
    """`npm install axe-core`, then AXE_CORE=node_modules/axe-core/axe.min.js."""
    axe = Path(os.environ["AXE_CORE"]).read_text(encoding="utf-8").replace("</script>", "<\\/script>")
    ask = (
        "axe.run(document).then(r => { const p = document.createElement('pre');"
        "p.textContent = 'AXE' + JSON.stringify(r.violations.map(v => v.id)) + 'END';"
        "document.body.append(p); })"
    )
    file = tmp_path / "packet.html"
    file.write_text(PACKET.replace("</body>", f"<script>{axe}</script><script>{ask}</script></body>"))
    words = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--virtual-time-budget=20000",
        "--dump-dom",
        f"file://{file}",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=100)
    found = re.findall(r"AXE(\[.*?\])END", done.stdout)
    assert json.loads(found[-1]) == []
