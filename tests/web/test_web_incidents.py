"""Acknowledge, silence, follow a link, read the history: as a person, as a program, as nobody."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest
import web_desk
import web_district
from typer.testing import CliRunner
from web_client import PASSWORD, Outline, credentials, providers, running, users

from netwatch.cli import build
from netwatch.errors import NetwatchError
from netwatch.incidents import IncidentState, Standing

HEADER = {"X-Netwatch-Request": "1"}
BROWSER = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}


def _hidden(text: str, action: str) -> dict[str, str]:
    """Hidden fields of the first form that leads there."""
    fields: dict[str, str] = {}
    inside = False
    for tag, attrs in Outline(text).tags:
        if tag == "form":
            if inside:
                break
            inside = attrs.get("action") == action
        elif inside and tag == "input" and attrs.get("type") == "hidden":
            fields[str(attrs["name"])] = str(attrs["value"])
    assert fields
    return fields


async def test_a_person_acknowledges_and_the_page_says_who_and_since_when() -> None:
    desk = web_desk.FakeDesk()
    async with running(providers(desk=desk), auth=users()) as web:
        login = credentials("operate")
        _, text = await web.get("/alerts", **login)
        fields = _hidden(text, "/alerts/a1/acknowledge")
        answer = await web.client.post(
            "/alerts/a1/acknowledge",
            data={**fields, "note": "on my way"},
            headers={**login, **BROWSER},
            allow_redirects=False,
        )
        assert (answer.status, answer.headers["Location"]) == (303, "/alerts/a1")
        assert desk.known["a1"].acknowledged.by == "operate"
        _, text = await web.get("/alerts", **login)
        outline = Outline(text)
        assert ("h2", "Acknowledged (1)") in outline.headings
        assert "On call: ana (network)" in "".join(outline.text)
        assert "acknowledged by operate, " in "".join(outline.text)
        _, text = await web.get("/alerts/a1", **login)
        shown = "".join(Outline(text).text)
        assert "Acknowledged by operate: on my way" in shown
        assert web.audit[-1].result == "done"
        assert web.audit[-1].who == "operate"


async def test_noise_is_told_in_weeks() -> None:
    async with running(providers(desk=web_desk.FakeDesk())) as web:
        answer = await web.client.get("/api/v1/noise?weeks=2")
        found = await answer.json()
        assert found["people"] == [{"name": "ana", "messages": 1, "per_week": 0.5}]
        assert found["rules"] == [
            {
                "rule": "DeviceUnreachable",
                "messages": 1,
                "incidents": 1,
                "without_action": 1.0,
                "over_at_once": 0.0,
            }
        ]
        assert (await web.client.get("/api/v1/noise?weeks=0")).status == 400


async def test_who_only_looks_sees_no_forms_and_may_do_nothing() -> None:
    desk = web_desk.FakeDesk()
    async with running(providers(desk=desk), auth=users()) as web:
        login = credentials("view")
        for page in ("/alerts", "/alerts/a1"):
            status, text = await web.get(page, **login)
            assert status == 200
            assert not [1 for tag, _ in Outline(text).tags if tag == "form"]
        for path in (
            "/alerts/a1/acknowledge",
            "/silences",
            "/api/v1/alerts/a1/acknowledge",
            "/api/v1/silences",
        ):
            answer = await web.client.post(path, headers=login)
            assert answer.status == 403
    assert not desk.known
    assert not desk.made


@pytest.mark.parametrize("path", ["/alerts/a1/acknowledge", "/api/v1/alerts/a1/acknowledge", "/silences"])
async def test_another_site_changes_nothing(path: str) -> None:
    desk = web_desk.FakeDesk()
    async with running(providers(desk=desk), auth=users()) as web:
        login = credentials("operate")
        for marks in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, BROWSER):
            answer = await web.client.post(
                path, data={"devices": "x", "for": "1h"}, headers={**login, **marks}
            )
            assert answer.status == 403
    assert not desk.known
    assert not desk.made


async def test_a_program_acknowledges_silences_and_ends_silences() -> None:
    desk = web_desk.FakeDesk()
    async with running(providers(desk=desk), auth=users()) as web:
        login = credentials("operate")

        async def post(path: str, **fields: object) -> tuple[int, dict]:
            answer = await web.client.post(path, json=fields, headers=login)
            return answer.status, await answer.json()

        status, found = await post("/api/v1/alerts/a1/acknowledge", note="seen")
        assert (status, found["incident"]["state"]) == (200, "acknowledged")
        assert found["incident"]["acknowledged"]["by"] == "operate"
        assert (await post("/api/v1/alerts/nothing/acknowledge"))[0] == 404
        assert (await post("/api/v1/alerts/a4/acknowledge"))[0] == 409  # it is pending
        assert (await post("/api/v1/alerts/a1/acknowledge", why="x"))[0] == 400

        status, made = await post("/api/v1/silences", devices=["core-*"], rules="R", **{"for": "2h"})
        assert (status, made["by"], made["active"]) == (201, "operate", True)
        assert desk.made[made["id"]].ends == web.clock.now().wall // 1 + 7200
        assert (await post("/api/v1/silences", devices="x", **{"for": "soon"}))[0] == 400
        assert (await post("/api/v1/silences", **{"for": "1h"}))[0] == 422
        answer = await web.client.get("/api/v1/silences", headers=login)
        listed = {one["id"]: one for one in (await answer.json())["silences"]}
        assert set(listed) == {"backup", made["id"]}
        assert listed["backup"]["weekly"] == {
            "hours": ["22:00-04:00"],
            "days": ["tuesday", "thursday"],
            "timezone": "UTC",
        }
        assert (await post("/api/v1/silences/backup/end"))[0] == 404  # it stands in a file
        assert (await post(f"/api/v1/silences/{made['id']}/end"))[0] == 200

        answer = await web.client.get("/api/v1/alerts/a1", headers=login)
        found = await answer.json()
        assert [event["text"] for event in found["history"]][:2] == ["pending", "firing"]
        answer = await web.client.get("/api/v1/alerts", headers=login)
        states = {one["id"]: one["incident"]["state"] for one in (await answer.json())["alerts"]}
        assert (states["a1"], states["a2"], states["a3"]) == ("acknowledged", "firing", "suppressed")


async def test_a_person_silences_an_alert_and_ends_it_again() -> None:
    desk = web_desk.FakeDesk()
    async with running(providers(desk=desk)) as web:  # nobody logs in: who it was is a matter of trust
        _, text = await web.get("/alerts")
        fields = {**_hidden(text, "/silences"), "for": "4h", "comment": "new switch", "by": "Ana"}
        answer = await web.client.post("/silences", data=fields, headers=BROWSER, allow_redirects=False)
        assert answer.status == 303
        (made,) = desk.made.values()
        assert (made.matcher.devices, made.by, made.comment) == (("dead",), "Ana", "new switch")
        _, text = await web.get("/alerts")
        token = _hidden(text, f"/silences/{made.id}/end")
        answer = await web.client.post(f"/silences/{made.id}/end", data=token, headers=BROWSER)
        assert answer.status == 200
        assert not desk.made


async def test_what_is_silenced_is_apart_and_counts_no_more() -> None:
    desk = web_desk.FakeDesk()
    desk.known["a1"] = Standing(
        IncidentState.SUPPRESSED, "silence work", until=web_district.NOW + 8 + 7200, held="silence work"
    )
    async with running(providers(desk=desk)) as web:
        _, text = await web.get("/alerts")
        outline = Outline(text)
        assert ("h2", "Silenced or damped (1)") in outline.headings
        assert "silenced by work, for another 2 h" in "".join(outline.text)
        _, text = await web.get("/")
        assert 'aria-label="1 firing"' in text


async def test_a_link_works_without_login_and_only_by_its_button() -> None:
    desk = web_desk.FakeDesk()
    async with running(providers(desk=desk), auth=users()) as web:
        path = f"/acknowledge?token={quote(web_desk.token())}"
        for method in ("GET", "HEAD", "GET"):  # programs that check mails follow links, too
            answer = await web.client.request(method, path)
            assert answer.status == 200
            assert "a1" not in desk.known
        text = await (await web.client.get(path)).text()
        assert "lincoln-es-sw-3 does not answer" in text
        assert "Maple" not in text  # nothing of the district to somebody who has not logged in
        fields = _hidden(text, "/acknowledge")
        answer = await web.client.post("/acknowledge", data=fields, headers=BROWSER)
        assert answer.status == 200
        assert desk.known["a1"].acknowledged.by == "link to ana-phone"
        answer = await web.client.post("/acknowledge", data=fields, headers=BROWSER)
        assert answer.status == 410
        assert "used before" in await answer.text()
        assert all(fields["token"] not in str(event) for event in web.audit)


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("", "not one of this netwatch"),
        ("rubbish", "damaged|not one of this netwatch"),
        (web_desk.token() + "A", "not one of this netwatch|damaged"),
        (web_desk.token(expires=int(web_district.NOW)), "has expired"),
    ],
)
async def test_a_link_that_is_good_for_nothing_says_why(token: str, told: str) -> None:
    desk = web_desk.FakeDesk()
    async with running(providers(desk=desk), auth=users()) as web:
        for answer in (
            await web.client.get("/acknowledge", params={"token": token}),
            await web.client.post("/acknowledge", data={"token": token}),
        ):
            assert answer.status == 410
            text = await answer.text()
            assert any(words in text for words in told.split("|"))
        assert not desk.known


async def test_the_command_line_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = web_desk.FakeDesk()
    async with running(providers(desk=desk), auth=users()) as web:
        url = str(web.client.make_url("/"))
        monkeypatch.setenv("NETWATCH_PASSWORD", PASSWORD)

        async def type_in(*words: str, user: str = "operate") -> tuple[int, str]:
            line = ["alerts", *words, "--url", url, "--user", user]
            try:
                result = await asyncio.to_thread(CliRunner().invoke, build(), line, catch_exceptions=False)
            except NetwatchError as error:
                return 1, str(error)
            return result.exit_code, result.output

        code, text = await type_in("list")
        assert code == 0
        assert [line.split()[0] for line in text.splitlines()] == ["a1", "a2"]
        assert len((await type_in("list", "--all"))[1].splitlines()) == 5
        assert await type_in("acknowledge", "a1", "--note", "seen") == (0, "a1 acknowledged by operate\n")
        code, text = await type_in("show", "a1")
        assert "acknowledged by operate: seen" in text
        code, text = await type_in("silence", "--device", "core-*", "--for", "2h", "--comment", "works")
        assert text.startswith("s-0 silences devices=core-* until ")
        assert "works (operate)" in (await type_in("silences"))[1]
        assert await type_in("silences", "--end", "s-0") == (0, "s-0 has ended\n")
        code, text = await type_in("silence", "--device", "x")
        assert (code, "it has no end" in text) == (1, True)
        code, text = await type_in("acknowledge", "a2", user="view")
        assert (code, "needs the role operate" in text) == (1, True)
        assert "a2" not in desk.known
    code, text = await type_in("list")
    assert (code, "does netwatch run there" in text) == (1, True)
