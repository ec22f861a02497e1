"""`netwatch plan` prints and writes what the daemon has, and says what to do where it can't."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import typer
from aiohttp import web
from aiohttp.test_utils import TestServer
from test_report_formats import REPORT
from typer.testing import CliRunner

from netwatch.cli.plan import register
from netwatch.errors import PlanningError
from netwatch.export import Edition, Format, render, report_from_json, report_to_json

USER = {"NETWATCH_USER": "user", "NETWATCH_PASSWORD": "pass"}


@pytest.fixture
async def daemon() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Basic dXNlcjpwYXNz":
            return web.Response(status=401)
        if request.match_info["name"] != "ranks":
            body = {"detail": "no plan 'rank': did you mean 'ranks'?"}
            return web.json_response(body, status=404, content_type="application/problem+json")
        query = request.query
        edition = Edition(query.get("edition", "internal"))
        made = render(
            REPORT, Format(query.get("format", "json")), edition=edition, sheet=query.get("sheet", "")
        )
        return web.Response(body=made.body, headers={"Content-Type": made.media_type})

    async def plans(request: web.Request) -> web.Response:
        told = [{"name": "ranks", "title": "Replacement priority", "sheets": [{"name": "ranking"}]}]
        return web.json_response({"plans": told})

    async def packet(request: web.Request) -> web.Response:
        return web.Response(text=f"<!doctype html>{request.query['edition']}")

    async def odd(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def early(request: web.Request) -> web.Response:
        return web.Response(status=503)

    app = web.Application()
    app.router.add_get("/api/v1/plan/{name}", answer)
    app.router.add_get("/api/v1/plans", plans)
    app.router.add_get("/api/v1/plans/packet", packet)
    app.router.add_get("/odd/api/v1/plan/ranks", odd)
    app.router.add_get("/early/api/v1/plan/ranks", early)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


async def run(*words: str, env: dict[str, str] | None = None):
    app = typer.Typer()
    register(app)
    return await asyncio.to_thread(CliRunner().invoke, app, ["plan", *words], env=env)


async def test_the_command_prints_and_writes_what_the_daemon_has(daemon: str, tmp_path: Path) -> None:
    told = await run("ranks", "--url", daemon, "--format", "json", env=USER)
    assert report_to_json(report_from_json(json.loads(told.stdout))) == report_to_json(REPORT)
    for form in Format:
        file = tmp_path / f"a.{form}"
        done = await run("ranks", "--url", daemon, "--format", form.value, "--out", str(file), env=USER)
        assert done.exit_code == 0, done.exception
        assert file.read_bytes() == render(REPORT, form).body
    table = await run("ranks", "--url", daemon, "--limit", "1", env=USER)
    assert "sw-1" in table.stdout
    assert "sw-2" not in table.stdout
    public = await run("ranks", "--url", daemon, "--edition", "public", "--sheet", "ranking", env=USER)
    assert "Lincoln" in public.stdout
    assert "sw-1" not in public.stdout


async def test_plans_are_listed_and_put_together(daemon: str, tmp_path: Path) -> None:
    listed = await run("list", "--url", daemon, env=USER)
    assert listed.stdout.split() == ["ranks", "Replacement", "priority", "(ranking)"]
    packet = await run(
        "packet", "--url", daemon, "--edition", "public", "--out", str(tmp_path / "p.html"), env=USER
    )
    assert packet.exit_code == 0, packet.exception
    assert (tmp_path / "p.html").read_text(encoding="utf-8") == "<!doctype html>public"


@pytest.mark.parametrize(
    ("path", "name", "env", "words"),
    [
        ("", "ranks", {}, "set NETWATCH_USER"),
        ("", "rank", USER, "did you mean 'ranks'"),
        ("odd", "ranks", USER, "did not answer with JSON"),
        ("early", "ranks", USER, "not made yet"),
        ("nowhere", "ranks", USER, "answered 404"),
    ],
)
async def test_what_can_not_be_had_is_told_in_one_line(
    daemon: str, path: str, name: str, env, words: str
) -> None:
    result = await run(name, "--url", daemon + path, env=env)
    assert isinstance(result.exception, PlanningError)
    assert words in str(result.exception)
    assert "\n" not in str(result.exception)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [("--format", "cvs", "did you mean 'csv'"), ("--edition", "publik", "did you mean 'public'")],
)
async def test_a_mistyped_choice_is_told_with_the_nearest(option: str, value: str, words: str) -> None:
    result = await run("ranks", option, value)
    assert words in str(result.exception)


async def test_without_a_daemon_the_remedy_is_told(unused_tcp_port: int) -> None:
    result = await run("ranks", "--url", f"http://127.0.0.1:{unused_tcp_port}")
    assert isinstance(result.exception, PlanningError)
    assert "start it with `netwatch run`" in str(result.exception)
    assert isinstance((await run("ranks", "--url", "127.0.0.1:1")).exception, PlanningError)
