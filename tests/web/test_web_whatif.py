"""What-ifs and snapshots over the API and as commands: roles, bounds, one at a time, places of mistakes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner
from web_client import credentials, providers, running, users
from web_plan_desk import FakePlanDesk

from netwatch.cli import build
from netwatch.documents import read_yaml
from netwatch.errors import ConfigError, PlanningError
from netwatch.planning import load_policies
from netwatch.planning.whatif import load_scenario
from netwatch.planning.whatif.facts import changed_policies
from netwatch.resources import config_dir

WHATIF = "/api/v1/plan/whatif"
SCENARIO = {"name": "x", "rollout": [{"levels": ["high"], "clients": 2}]}
SCENARIOS = sorted((config_dir() / "planning" / "scenarios").glob("*.yaml"))


async def test_a_scenario_is_text_or_an_object_and_its_policies_come_with_it() -> None:
    desk = FakePlanDesk()
    async with running(providers(plan_desk=desk), auth=users()) as web:
        login = credentials("operate")
        text = "name: x\npolicy_files: {replacement: p.yaml}"
        sent = {"scenario": text, "files": {"p.yaml": "name: B"}}
        answer = await web.client.post(f"{WHATIF}?plan=wireless&report=yes", json=sent, headers=login)
        assert answer.status == 200
        assert (await answer.json())["comparison"]["name"] == "comparison"
        assert desk.asked[-1] == (text, {"p.yaml": "name: B"}, "wireless", True)
        assert web.audit[-1].who == "operate"
        assert web.audit[-1].path == WHATIF
        assert web.audit[-1].result == "done"
        answer = await web.client.post(WHATIF, json={"scenario": SCENARIO}, headers=login)
        assert answer.status == 200
        assert yaml.safe_load(desk.asked[-1][0]) == SCENARIO
        assert desk.asked[-1][1:] == ({}, "replacements", False)
        refused = await web.client.post(WHATIF, json={"scenario": SCENARIO}, headers=credentials("view"))
        assert refused.status == 403
        assert web.audit[-1].result == "role view is too low"


async def test_one_question_at_a_time() -> None:
    desk = FakePlanDesk(gate=asyncio.Event())
    async with running(providers(plan_desk=desk)) as web:
        first = asyncio.create_task(web.client.post(WHATIF, json={"scenario": SCENARIO}))
        await desk.begun.wait()
        for busy in (
            await web.client.post(WHATIF, json={"scenario": SCENARIO}),
            await web.client.get("/api/v1/plan/compare?a=board&b=now"),
        ):
            assert busy.status == 429
            assert busy.headers["Retry-After"] == "5"
            assert "one at a time" in (await busy.json())["detail"]
        assert (await web.client.get("/api/v1/plan/snapshots")).status == 200, (
            "reading a list waits for nobody"
        )
        desk.gate.set()
        assert (await first).status == 200
        assert (await web.client.post(WHATIF, json={"scenario": SCENARIO})).status == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("no json", "send a JSON object"),
        ("[]", "send a JSON object"),
        ("{}", "'scenario' is missing"),
        ('{"scenario": 3}', "'scenario' is missing"),
        ('{"scenario": " "}', "'scenario' is missing"),
        ('{"scenario": {}, "file": {}}', "unknown key 'file': known are scenario, files"),
        ('{"scenario": {"a": 1}, "files": {"p": 1}}', "'files' maps names"),
    ],
)
async def test_a_body_that_is_no_question_is_refused(body: str, words: str) -> None:
    async with running(providers(plan_desk=FakePlanDesk())) as web:
        answer = await web.client.post(WHATIF, data=body)
        assert answer.status == 400
        assert words in (await answer.json())["detail"]


async def test_a_body_has_a_bound_and_before_the_first_plans_there_is_no_answer() -> None:
    desk = FakePlanDesk(made=False)
    async with running(providers(plan_desk=desk)) as web:
        assert (await web.client.post(WHATIF, data=b"x" * 70_000)).status == 413
        answer = await web.client.post(WHATIF, json={"scenario": SCENARIO})
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "10"
        assert (await web.client.get("/api/v1/plan/compare?a=old&b=older")).status == 200
        assert (await web.client.get("/api/v1/plan/compare?a=old&b=now")).status == 503
    assert desk.asked == [("old", "older", "replacements")]


async def test_mistakes_are_told_place_by_place() -> None:
    async with running(providers(plan_desk=FakePlanDesk())) as web:
        answer = await web.client.post(WHATIF, json={"scenario": "name: wrong"})
        assert answer.status == 422
        problems = (await answer.json())["problems"]
        assert problems[0] == {
            "file": "",
            "line": 2,
            "path": "rollout[0].schools[0]",
            "message": "there is no school 'x'",
            "hint": "did you mean 'y'?",
        }
        answer = await web.client.get("/api/v1/plan/compare?a=nowhere&b=now")
        assert (answer.status, (await answer.json())["detail"]) == (400, "there is no snapshot 'nowhere'")


async def test_snapshots_are_listed_and_made() -> None:
    async with running(providers(plan_desk=FakePlanDesk())) as web:
        found = await (await web.client.get("/api/v1/plan/snapshots")).json()
        assert found["problems"] == ["2027-01-01.json.gz is damaged"]
        assert found["snapshots"][0] == {
            "id": "board",
            "name": "board",
            "at": 1.79e9,
            "at_iso": "2026-09-21T14:13:20Z",
            "netwatch": "1.0",
            "plans": {"replacements": "A"},
            "octets": 12345,
        }
        made = await web.client.post("/api/v1/plan/snapshots", json={"name": "board"})
        assert (made.status, (await made.json())["snapshot"]["id"]) == (201, "board")
        taken = await web.client.post("/api/v1/plan/snapshots", json={"name": "taken"})
        assert (taken.status, web.audit[-1].result) == (400, "failed")
        assert (await web.client.post("/api/v1/plan/snapshots", json={})).status == 400
        assert (await (await web.client.get("/api/v1/plan/snapshots/board")).json())["name"] == "comparison"
    async with running() as web:
        assert (await web.client.get("/api/v1/plan/snapshots")).status == 404


async def command(web, *words: str):
    url = str(web.client.make_url("/"))
    return await asyncio.to_thread(CliRunner().invoke, build(), ["plan", *words, "--url", url])


async def test_commands_ask_and_print(tmp_path: Path) -> None:
    desk = FakePlanDesk()
    scenario = tmp_path / "s.yaml"
    scenario.write_text("name: x\npolicy_files: {replacement: sub/p.yaml}\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "p.yaml").write_text("name: B\n")
    async with running(providers(plan_desk=desk)) as web:
        told = await command(web, "whatif", str(scenario))
        assert told.exit_code == 0, told.output
        assert "14 -> 3  sw-1" in told.stdout
        assert "    rose from 14 to 3: age +0.5" in told.stdout
        assert desk.asked[-1] == (scenario.read_text(), {"sub/p.yaml": "name: B\n"}, "replacements", False)
        told = await command(web, "compare", "board", "--format", "json", "--plan", "costs")
        assert json.loads(told.stdout)["name"] == "comparison"
        assert desk.asked[-1] == ("board", "now", "costs")
        for form, begins in (("csv", b"change,name,"), ("xlsx", b"PK"), ("html", b"<!doctype html>")):
            made = tmp_path / f"moves.{form}"
            for words in (("compare", "board"), ("whatif", str(scenario))):
                found = await command(web, *words, "--format", form, "--out", str(made))
                assert not found.exception, found.exception
                assert made.read_bytes().startswith(begins), form
        wrong = await command(web, "compare", "board", "--format", "csv", "--sheet", "rows")
        assert "rows" in str(wrong.exception)
        told = await command(web, "compare", "a", "b", "--out", str(tmp_path / "out.txt"))
        assert "rose from 14" in (tmp_path / "out.txt").read_text()
        told = await command(web, "snapshots")
        assert "board" in told.stdout
        assert "12 kB" in told.stdout
        assert "skipped: 2027-01-01.json.gz is damaged" in told.stderr
        told = await command(web, "snapshot", "--name", "board")
        assert told.stdout == "board: the plans of 2026-09-21T14:13:20Z are kept (replacements)\n"
        told = await command(web, "snapshot", "--name", "taken")
        assert isinstance(told.exception, PlanningError)
        assert str(told.exception) == "there is a snapshot 'taken' already: take another name"


async def test_a_command_names_the_files_of_mistakes(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text("name: wrong\nrollout: [{schools: [x], clients: 2}]\n")
    async with running(providers(plan_desk=FakePlanDesk())) as web:
        told = await command(web, "whatif", str(scenario))
        assert isinstance(told.exception, ConfigError)
        assert [str(one) for one in told.exception.problems] == [
            f"{scenario}:2: rollout[0].schools[0]: there is no school 'x' (did you mean 'y'?)",
            f"{tmp_path / 'p.yaml'}:1: name: is required",
        ]
        scenario.write_text("name: x\npolicy_files: {replacement: gone.yaml}\n")
        told = await command(web, "whatif", str(scenario))
        assert "gone.yaml: No such file or directory (paths are meant from" in str(told.exception)
        scenario.write_text("name: x\nrollout: [{levels: [high]}]\n")
        told = await command(web, "whatif", str(scenario))
        assert "a rollout needs 'devices_per_student'" in str(told.exception), "told without asking anybody"


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_shipped_scenarios_are_good(path: Path) -> None:
    document = read_yaml(path)
    scenario = load_scenario(document)
    assert scenario.name
    policies = load_policies(None, config_dir() / "planning")
    changed, problems = changed_policies(scenario, policies, document, {})
    assert not problems
    assert (changed != policies) == bool(scenario.policies)
