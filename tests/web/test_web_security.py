"""The gate: roles, cross-site requests, host names, guessing, body size, headers, audit."""

from __future__ import annotations

import asyncio
import io
import json
import re
from dataclasses import asdict

import bcrypt
import pytest
import structlog
import web_plan_desk
from web_client import PASSWORD, FixedClock, credentials, providers, running, users

from netwatch.model import Whereabouts
from netwatch.web import AuditEvent, Auth, Role, User, audit_to_stream
from netwatch.web.api_handlers import ApiHandlers
from netwatch.web.application import routes
from netwatch.web.login import Authenticator, Outcome, parse_basic
from netwatch.web.page_handlers import PageHandlers
from netwatch.web.site import Site

HEADER = {"X-Netwatch-Request": "1"}


def _routes() -> list[tuple[str, str, Role | None]]:
    site = Site(providers(), FixedClock())
    table = routes(PageHandlers(site), ApiHandlers(site))
    return [(method, path, role) for method, path, _, role in table]


_STEPS = {
    "{site:.+}": "maple-hs",
    "{id}": "maple-hs-core",
    "{name}": "netwatch.css",
}


_QUERIES = {"/probe": "?target=maple-hs-core-sw1", "/api/v1/where": "?mac=00:11:22:aa:bb:cc"}


_BARE = {
    ("GET", "/leadership"): 404,
    ("GET", "/api/v1/export/utilisation"): 400,
    ("GET", "/plans/{name}"): 404,
    ("GET", "/api/v1/plan/{name}"): 404,
    ("GET", "/acknowledge"): 410,
    ("POST", "/acknowledge"): 410,
    ("GET", "/alerts/{id}"): 404,
    ("POST", "/alerts/{id}/acknowledge"): 404,
    ("POST", "/silences"): 422,
    ("POST", "/silences/{id}/end"): 404,
    ("GET", "/api/v1/alerts/{id}"): 404,
    ("POST", "/api/v1/alerts/{id}/acknowledge"): 404,
    ("POST", "/api/v1/silences"): 422,
    ("POST", "/api/v1/silences/{id}/end"): 404,
    ("POST", "/api/v1/oncall/swaps"): 422,
    ("POST", "/api/v1/oncall/swaps/{id}/end"): 404,
    ("POST", "/api/v1/plan/whatif"): 400,
    ("POST", "/api/v1/plan/snapshots"): 400,
    ("GET", "/api/v1/plan/compare"): 400,
}
"""What comes of a request without anything in it, where that is not 200."""


def _example(path: str) -> str:
    for pattern, value in _STEPS.items():
        path = path.replace(pattern, value)
    return path + _QUERIES.get(path, "")


async def test_every_route_asks_for_its_role() -> None:
    """The whole matrix: route x (nobody, view, operate, admin)."""

    async def nowhere(mac: bytes) -> Whereabouts:
        return Whereabouts(mac.hex(":"), None, (), 0)

    async with running(
        providers(locate=nowhere, plan_desk=web_plan_desk.FakePlanDesk()), auth=users()
    ) as web:
        for method, pattern, needed in _routes():
            path, good = _example(pattern), _BARE.get((method, pattern), 200)
            answer = await web.client.request(method, path)
            assert answer.status == (good if needed is None else 401), path
            if needed is not None:
                assert answer.headers["WWW-Authenticate"].startswith("Basic "), path
                assert "Maple" not in await answer.text(), path
            for role in Role:
                answer = await web.client.request(method, path, headers=credentials(role.value))
                allowed = needed is None or role.may(needed)
                assert answer.status == (good if allowed else 403), (path, role)


def test_only_what_reveals_nothing_is_open_to_everybody() -> None:
    assert {path for _, path, role in _routes() if role is None} == {
        "/-/healthy",
        "/-/ready",
        "/static/{name}",
        "/acknowledge",
    }
    changing = {path for method, path, role in _routes() if method != "GET" and role is not Role.ADMIN}
    assert changing == {
        "/acknowledge",  # its signed token is the proof
        "/alerts/{id}/acknowledge",
        "/silences",
        "/silences/{id}/end",
        "/api/v1/alerts/{id}/acknowledge",
        "/api/v1/silences",
        "/api/v1/silences/{id}/end",
        "/api/v1/oncall/swaps",
        "/api/v1/oncall/swaps/{id}/end",
        "/api/v1/plan/whatif",
        "/api/v1/plan/snapshots",
    }
    assert all(role is not Role.VIEW for method, _, role in _routes() if method != "GET")


async def test_unknown_paths_ask_for_a_login_too() -> None:
    async with running(auth=users()) as web:
        assert (await web.get("/no/such/page"))[0] == 401
        assert (await web.get("/no/such/page", **credentials("view")))[0] == 404


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !!!", "Basic dmlldw==", "Bearer abc", "Basic " + "A" * 4000, "Basic /////w=="],
)
async def test_broken_credentials_are_refused(header: str) -> None:
    async with running(auth=users()) as web:
        assert (await web.get("/", Authorization=header))[0] == 401


def test_basic_header_with_colons_and_umlauts() -> None:
    assert parse_basic(credentials("jörg", "a:b:ü")["Authorization"]) == ("jörg", "a:b:ü".encode())
    assert parse_basic("basic dTpw") == ("u", b"p")


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + "x", PASSWORD.upper(), "x" * 5000, "nul\0byte"])
async def test_wrong_password_is_refused(password: str) -> None:
    async with running(auth=users()) as web:
        assert (await web.get("/", **credentials("admin", password)))[0] == 401


async def test_bcrypt_reads_72_bytes_and_a_longer_password_does_not_pass_for_them() -> None:
    long = "p" * 72
    digest = bcrypt.hashpw(long.encode(), bcrypt.gensalt(4)).decode()
    auth = Auth({"u": User("u", digest)})
    async with running(auth=auth) as web:
        assert (await web.get("/", **credentials("u", long)))[0] == 200
        assert (await web.get("/", **credentials("u", long + "q")))[0] == 401


class _Counting:
    """A bcrypt check that counts, and takes no time."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def __call__(self, password: bytes, digest: bytes) -> bool:
        self.asked.append(digest)
        return password == PASSWORD.encode() and not digest.endswith(b"." * 53)


async def test_success_is_remembered_for_a_while_and_only_under_that_hash() -> None:
    clock, check, auth = FixedClock(), _Counting(), users()
    authenticator = Authenticator(auth, clock, check)
    header = credentials("view")["Authorization"]
    for _ in range(3):
        assert (await authenticator.login(header, "127.0.0.1")).outcome is Outcome.OK
    assert len(check.asked) == 1
    clock.at = clock.at.plus(301)
    await authenticator.login(header, "127.0.0.1")
    assert len(check.asked) == 2
    changed = bcrypt.hashpw(b"other", bcrypt.gensalt(4)).decode()
    authenticator.update(Auth({"view": User("view", changed, Role.VIEW)}))
    await authenticator.login(header, "127.0.0.1")
    assert len(check.asked) == 3
    assert PASSWORD not in repr(vars(authenticator))
    authenticator.close()


async def test_many_requests_at_once_cost_one_check() -> None:
    check = _Counting()
    authenticator = Authenticator(users(), FixedClock(), check)
    header = credentials("view")["Authorization"]
    results = await asyncio.gather(*(authenticator.login(header, "127.0.0.1") for _ in range(40)))
    assert {result.outcome for result in results} == {Outcome.OK}
    assert len(check.asked) == 1
    authenticator.close()


async def test_unknown_user_costs_a_check_of_the_same_cost() -> None:
    check, auth = _Counting(), users()
    authenticator = Authenticator(auth, FixedClock(), check)
    result = await authenticator.login(credentials("nobody")["Authorization"], "127.0.0.1")
    assert result.outcome is Outcome.WRONG
    assert check.asked[0][:7] == auth.users["view"].password_hash[:7].encode()
    assert bcrypt.checkpw(b"anything", check.asked[0]) is False  # it is a hash that bcrypt really computes
    authenticator.close()


async def test_guessing_is_slowed_down_for_the_guesser_alone() -> None:
    clock, check = FixedClock(), _Counting()
    authenticator = Authenticator(users(), clock, check)
    good, bad = credentials("view")["Authorization"], credentials("view", "guess")["Authorization"]
    assert (await authenticator.login(good, "192.0.2.1")).outcome is Outcome.OK
    outcomes = [(await authenticator.login(bad, "192.0.2.1")).outcome for _ in range(12)]
    assert outcomes == [Outcome.WRONG] * 10 + [Outcome.LIMITED] * 2
    assert len(check.asked) == 11
    # who is known already goes on, and so does everybody else
    assert (await authenticator.login(good, "192.0.2.1")).outcome is Outcome.OK
    assert (
        await authenticator.login(credentials("admin")["Authorization"], "192.0.2.1")
    ).outcome is Outcome.LIMITED
    assert (
        await authenticator.login(credentials("admin")["Authorization"], "192.0.2.2")
    ).outcome is Outcome.OK
    clock.at = clock.at.plus(6.1)
    assert (await authenticator.login(bad, "192.0.2.1")).outcome is Outcome.WRONG
    assert (await authenticator.login(bad, "192.0.2.1")).outcome is Outcome.LIMITED
    authenticator.close()


async def test_one_ipv6_network_is_one_guesser() -> None:
    authenticator = Authenticator(users(), FixedClock(), _Counting())
    bad = credentials("view", "guess")["Authorization"]
    outcomes = [(await authenticator.login(bad, f"2001:db8::{number:x}")).outcome for number in range(11)]
    assert outcomes[-1] is Outcome.LIMITED
    assert (await authenticator.login(bad, "2001:db8:0:1::1")).outcome is Outcome.WRONG
    authenticator.close()


async def test_limited_guesser_is_told_when_to_come_back() -> None:
    async with running(auth=users()) as web:
        for _ in range(10):
            assert (await web.get("/", **credentials("view", "no")))[0] == 401
        answer = await web.client.get("/", headers=credentials("view", "no"))
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) >= 1
    assert web.audit[-1].result == "too many login attempts"


# --- requests from other sites ---


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a program such as curl bears no mark of a browser
        (HEADER, 200),
        ({"Origin": "{own}", **HEADER}, 200),
        ({"Origin": "{own}", "Sec-Fetch-Site": "same-origin", **HEADER}, 200),
        ({"Origin": "{own}"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 403),
        ({"Referer": "{own}/status"}, 403),
        ({"Cookie": "a=b"}, 403),
        ({"Origin": "https://evil.example", **HEADER}, 403),
        ({"Origin": "null", **HEADER}, 403),
        ({"Origin": "http://[", **HEADER}, 403),
        ({"Origin": "{own}.evil.example", **HEADER}, 403),
        ({"Sec-Fetch-Site": "cross-site", **HEADER}, 403),
        ({"Sec-Fetch-Site": "same-site", **HEADER}, 403),
    ],
)
async def test_requests_from_other_sites_change_nothing(headers: dict[str, str], status: int) -> None:
    called: list[int] = []
    async with running(auth=users()) as web:
        own = str(web.client.make_url("")).rstrip("/")
        sent = {name: value.replace("{own}", own) for name, value in headers.items()}
        answer = await web.client.post("/-/reload", headers={**credentials("admin"), **sent})
        assert answer.status == status, await answer.text()
    assert called == []
    assert web.audit[-1].status == status


async def test_form_of_the_status_page_carries_its_proof() -> None:
    async with running(auth=users()) as web:
        own = str(web.client.make_url("")).rstrip("/")
        _, page = await web.get("/status", **credentials("admin"))
        token = re.search(r'name="token" value="([0-9a-f]{64})"', page)
        assert token is not None
        browser = {
            **credentials("admin"),
            "Origin": own,
            "Sec-Fetch-Site": "same-origin",
            "Accept": "text/html",
        }
        answer = await web.client.post("/-/reload", headers=browser, data={"token": token[1]})
        assert answer.status == 200
        assert "<h1>Reloaded</h1>" in await answer.text()
        for wrong in ("", "0" * 64, token[1].upper(), "ü"):
            answer = await web.client.post("/-/reload", headers=browser, data={"token": wrong})
            assert answer.status == 403
        _, page = await web.get("/status", **credentials("operate"))
        assert 'name="token"' not in page


# --- host names ---


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:9911", 200),
        ("127.0.0.1:1", 200),
        ("127.1.2.3", 200),
        ("[::1]:80", 200),
        ("netwatch.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("10.0.0.1", 421),
        ("[", 421),
    ],
)
async def test_open_server_answers_to_loopback_names_only(host: str, status: int) -> None:
    async with running() as web:
        assert (await web.get("/api/v1/devices", Host=host))[0] == status
    assert bool(web.audit) is (status == 421)


async def test_further_names_may_be_allowed() -> None:
    async with running(allowed_hosts=["Netwatch.Example"]) as web:
        assert (await web.get("/", Host="netwatch.example:9911"))[0] == 200
        assert (await web.get("/", Host="other.example"))[0] == 421
    async with running(auth=users(), allowed_hosts=["netwatch.example"]) as web:
        assert (await web.get("/", Host="netwatch.example", **credentials("view")))[0] == 200
        assert (await web.get("/", Host="other.example", **credentials("view")))[0] == 421


async def test_with_users_any_name_will_do() -> None:
    async with running(auth=users()) as web:
        assert (await web.get("/", Host="netwatch.example", **credentials("view")))[0] == 200


# --- sizes and headers ---


async def test_large_bodies_are_refused() -> None:
    async with running() as web:
        answer = await web.client.post("/-/reload", data=b"x" * 70_000)
        assert answer.status == 413
        assert answer.content_type == "application/problem+json"

        async def endless() -> object:
            for _ in range(40):
                yield b"token=" + b"x" * 4096

        own = str(web.client.make_url("")).rstrip("/")
        form = {"Origin": own, "Content-Type": "application/x-www-form-urlencoded"}
        answer = await web.client.post("/-/reload", data=endless(), headers=form)
        assert answer.status == 413


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/api/v1/devices", "/nope", "/-/healthy", "/static/netwatch.js"]
)
async def test_every_answer_bears_the_headers_of_safety(path: str) -> None:
    async with running() as web:
        answer = await web.client.get(path)
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Server"] == "netwatch"
    assert ("immutable" in headers["Cache-Control"]) is path.startswith("/static/")


async def test_failure_inside_tells_nothing_of_the_inside() -> None:
    def broken() -> object:
        raise ValueError("password=hunter2")

    async with running(providers(snapshot=broken)) as web:
        status, text = await web.get("/api/v1/devices")
        assert status == 500
        assert "hunter2" not in text
        status, text = await web.get("/")
        assert status == 500
        assert "hunter2" not in text


# --- audit ---


async def test_audit_holds_refusals_and_changes_and_no_password() -> None:
    async with running(auth=users()) as web:
        await web.get("/")
        await web.get("/", **credentials("view", "a wrong secret"))
        await web.get("/", **credentials("view"))
        await web.client.post("/-/reload", headers=credentials("view"))
        await web.client.post("/-/reload", headers=credentials("admin"))
    told = [(event.who, event.method, event.path, event.status, event.result) for event in web.audit]
    assert told == [
        ("", "GET", "/", 401, "no credentials"),
        ("view", "GET", "/", 401, "wrong credentials"),
        ("view", "POST", "/-/reload", 403, "role view is too low"),
        ("admin", "POST", "/-/reload", 200, "done"),
    ]
    assert {event.source for event in web.audit} == {"127.0.0.1"}
    written = json.dumps([asdict(event) for event in web.audit])
    assert "a wrong secret" not in written
    assert PASSWORD not in written


def test_audit_line_is_one_json_line_whatever_the_user_typed() -> None:
    stream = io.StringIO()
    sink = audit_to_stream(stream)
    sink(AuditEvent('a"\n{"who":"root"}', "192.0.2.1", "GET", "/" + "x" * 900, 401, "wrong credentials"))
    sink(AuditEvent("admin", "::1", "POST", "/-/reload", 200, "done"))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    first, second = map(json.loads, lines)
    assert first["who"] == 'a"\n{"who":"root"}'
    assert first["level"] == "warning"
    assert len(first["path"]) == 200
    assert second["level"] == "info"
    assert second["timestamp"].endswith("Z")


def test_audit_is_written_whatever_the_level_of_other_logs() -> None:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    try:
        stream = io.StringIO()
        audit_to_stream(stream)(AuditEvent("admin", "::1", "POST", "/-/reload", 200, "done"))
    finally:
        structlog.configure(**before)
    assert json.loads(stream.getvalue())["result"] == "done"
