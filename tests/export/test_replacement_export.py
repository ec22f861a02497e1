"""What goes out comes back and opens safely in a spreadsheet; the command says what to do."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import typer
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from netwatch.cli.plan import register
from netwatch.errors import PlanningError
from netwatch.export import plan_from_json, replacements_csv, replacements_json, replacements_table
from netwatch.model import Contribution, EntityId, EvidenceItem, PlaceId, RankedAsset, ReplacementPlan

text = st.text(max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
evidence = st.builds(EvidenceItem, text, text, st.none() | numbers, text, st.none() | numbers)
contributions = st.builds(
    Contribution,
    st.sampled_from(["likelihood", "consequence", "fitness", "security", "cost", "=extra"]),
    st.integers(0, 800).map(lambda eighths: eighths / 8),
    st.lists(evidence, max_size=3).map(tuple),
)
assets = st.builds(
    RankedAsset,
    rank=st.integers(1, 99),
    device=st.none() | text.map(EntityId),
    name=text,
    kind=text,
    vendor=text,
    model=text,
    serial=text,
    place=st.none() | text.map(PlaceId),
    school=text,
    score=numbers,
    contributions=st.lists(contributions, max_size=4).map(tuple),
    unknown=st.lists(text, max_size=3).map(tuple),
)
plans = st.builds(
    ReplacementPlan, st.floats(0, 4e9), text, st.lists(assets, max_size=4).map(tuple), st.booleans()
)


def asset(name: str = "sw-1", score: float = 12.125, **changes) -> RankedAsset:
    given_for = Contribution(
        "likelihood", score, (EvidenceItem("installed 2014", "inventory", 12.0, "years"),)
    )
    fields = {
        "rank": 1, "device": EntityId("id-1"), "name": name, "kind": "switch", "vendor": "acme",
        "model": "S-48", "serial": "SN1", "place": PlaceId("d/s"), "school": "Lincoln", "score": score,
        "contributions": (given_for, Contribution("fitness", 0.0, ())), "unknown": ("topology",),
    }  # fmt: skip
    return RankedAsset(**{**fields, **changes})


PLAN = ReplacementPlan(1_790_000_000.0, "policy A", (asset(), asset("sw-2", 3.0, rank=2)), simulated=True)


def rows(plan: ReplacementPlan) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(replacements_csv(plan), newline="")))


@settings(max_examples=100, deadline=None)
@given(plans)
def test_json_comes_back_as_the_same_plan(plan) -> None:
    document = json.loads(json.dumps(replacements_json(plan), allow_nan=False))
    assert plan_from_json(document) == plan


@settings(max_examples=100, deadline=None)
@given(plans)
def test_csv_holds_every_asset_and_no_formula(plan) -> None:
    table = list(csv.reader(io.StringIO(replacements_csv(plan), newline="")))
    assert len(table) == len(plan.assets) + 1
    assert {len(row) for row in table} == {len(table[0])}
    for row, one in zip(table[1:], plan.assets, strict=True):
        assert row[2] in (one.name, "'" + one.name)
        cells = [row[place] for place, column in enumerate(table[0]) if column != "score"]
        assert not any(cell[:1] in tuple("=+-@\t\r\n") for cell in cells if cell)


@pytest.mark.parametrize(
    "name", ["=1+1", "+A1", "-A1", "@SUM(1)", '=HYPERLINK("http://x")', "\t=1", " =1", "＝1"]
)
def test_a_formula_becomes_text(name: str) -> None:
    (row,) = rows(ReplacementPlan(0.0, "p", (asset(name),)))
    assert row["name"] == "'" + name


def test_columns_are_stable() -> None:
    assert replacements_csv(PLAN).splitlines()[0] == (
        "rank,score,name,school,place,kind,vendor,model,serial,likelihood,consequence,fitness,security,cost,"
        "reasons,unknown,device,policy,at,simulated"
    )
    assert rows(PLAN)[0] == {
        "rank": "1", "score": "12.125", "name": "sw-1", "school": "Lincoln", "place": "d/s", "kind": "switch",
        "vendor": "acme", "model": "S-48", "serial": "SN1", "likelihood": "12.125", "consequence": "",
        "fitness": "0", "security": "", "cost": "", "reasons": "likelihood: installed 2014", "unknown":
        "topology", "device": "id-1", "policy": "policy A", "at": "2026-09-21T14:13:20Z", "simulated": "yes",
    }  # fmt: skip
    assert replacements_csv(PLAN).count("\r\n") == 3


def test_json_holds_what_its_readers_rely_on() -> None:
    document = replacements_json(PLAN)
    assert document["schema"] == "netwatch-replacements/1"
    first = document["assets"][0]
    assert first["score"] == 12.125
    assert first["contributions"][0] == {
        "name": "likelihood",
        "points": 12.125,
        "evidence": [
            {"text": "installed 2014", "source": "inventory", "value": 12.0, "unit": "years", "at": None}
        ],
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: [], "the document: expected a mapping"),
        (lambda one: {**one, "schema": "netwatch-replacements/9"}, "use the same netwatch"),
        (
            lambda one: {**one, "assets": [{**one["assets"][0], "rank": "1"}]},
            r"assets\[0\]\.rank: expected int",
        ),
        (lambda one: {**one, "simulated": 1}, "simulated: expected bool"),
        (
            lambda one: {
                **one,
                "assets": [{**one["assets"][0], "contributions": [{"name": "likelihood", "points": None}]}],
            },
            r"assets\[0\]\.contributions\[0\]\.points: expected float",
        ),
    ],
)
def test_a_document_that_is_no_plan_is_refused_with_its_place(change, words: str) -> None:
    with pytest.raises(PlanningError, match=words):
        plan_from_json(change(replacements_json(PLAN)))


def test_the_table_shows_scores_reasons_and_that_history_is_simulated() -> None:
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(replacements_table(PLAN, limit=1))
    shown = console.export_text()
    for words in ("sw-1", "12.1", "installed 2014", "unknown", "SIMULATED", "1 more", "policy A"):
        assert words in shown
    assert "sw-2" not in shown


@pytest.fixture
async def daemon() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") == "Basic dXNlcjpwYXNz":
            return web.json_response(replacements_json(PLAN))
        return web.Response(status=401)

    app = web.Application()
    app.router.add_get("/api/v1/plan/replacements", answer)

    async def odd(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def early(request: web.Request) -> web.Response:
        return web.Response(status=503)

    app.router.add_get("/odd/api/v1/plan/replacements", odd)
    app.router.add_get("/early/api/v1/plan/replacements", early)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


async def run(*words: str, env: dict[str, str] | None = None):
    app = typer.Typer()
    register(app)
    return await asyncio.to_thread(CliRunner().invoke, app, ["plan", "replacements", *words], env=env)


USER = {"NETWATCH_USER": "user", "NETWATCH_PASSWORD": "pass"}


async def test_the_command_prints_what_the_daemon_has(daemon: str, tmp_path: Path) -> None:
    told = await run("--url", daemon, "--format", "json", env=USER)
    assert plan_from_json(json.loads(told.stdout)) == PLAN
    assert (
        await run("--url", daemon, "--format", "csv", "--out", str(tmp_path / "a.csv"), env=USER)
    ).exit_code == 0
    assert (tmp_path / "a.csv").read_bytes() == replacements_csv(PLAN).encode()
    table = await run("--url", daemon, env=USER)
    assert "sw-1" in table.stdout
    await run("--url", daemon, "--out", str(tmp_path / "a.txt"), env=USER)
    assert "sw-2" in (tmp_path / "a.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "env", "words"),
    [
        ("", {}, "set NETWATCH_USER"),
        ("odd", USER, "did not answer with JSON"),
        ("early", USER, "not made yet"),
        ("nowhere", USER, "answered 404"),
    ],
)
async def test_an_answer_that_is_no_plan_is_told_in_one_line(daemon: str, path: str, env, words: str) -> None:
    result = await run("--url", daemon + path, env=env)
    assert isinstance(result.exception, PlanningError)
    assert words in str(result.exception)
    assert "\n" not in str(result.exception)


async def test_without_a_daemon_the_remedy_is_told(unused_tcp_port: int) -> None:
    result = await run("--url", f"http://127.0.0.1:{unused_tcp_port}")
    assert isinstance(result.exception, PlanningError)
    assert "start it with `netwatch run`" in str(result.exception)
    assert isinstance((await run("--url", "127.0.0.1:1")).exception, PlanningError)
