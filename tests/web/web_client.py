"""A running web room for the tests: application, test client, audit lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import bcrypt
import web_desk
import web_district
from aiohttp import encode_basic_auth
from aiohttp.test_utils import TestClient, TestServer

from netwatch.exposition import render
from netwatch.model import Instant
from netwatch.planning.replacement.report import report as replacement_report
from netwatch.web import AuditEvent, Auth, Providers, ReloadResult, Role, User, build_app

PASSWORD = "correct horse"


@dataclass
class FixedClock:
    at: Instant = field(default_factory=lambda: Instant(web_district.NOW + 8, 1008.0))

    def now(self) -> Instant:
        return self.at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


def providers(**changes: object) -> Providers:
    snapshot, plan = web_district.district().snapshot(), web_district.plan()
    ranked = changes.get("replacement_plan", lambda: plan)()
    reports = None if ranked is None else {"replacements": replacement_report(ranked)}

    async def reload() -> ReloadResult:
        return ReloadResult(True, "51 devices, nothing changed")

    made = Providers(
        snapshot=lambda: snapshot,
        alerts=web_district.alerts,
        replacement_plan=lambda: plan,
        reports=lambda: reports,
        metrics=lambda openmetrics, shard: render(snapshot, openmetrics=openmetrics, shard=shard),
        reload=reload,
        desk=web_desk.FakeDesk(),
        simulated=True,
    )
    return replace(made, **changes)


def users(*roles: Role) -> Auth:
    """One user per role, named like it, all with the same password."""
    digest = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    return Auth({role.value: User(role.value, digest, role) for role in roles or tuple(Role)})


def credentials(role: str, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": encode_basic_auth(role, password, "utf-8")}


@dataclass
class Running:
    client: TestClient
    audit: list[AuditEvent] = field(default_factory=list)
    clock: FixedClock = field(default_factory=FixedClock)

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        answer = await self.client.get(path, headers=headers, allow_redirects=False)
        return answer.status, (await answer.read()).decode("utf-8", "replace")


@asynccontextmanager
async def running(
    made: Providers | None = None, auth: Auth | None = None, **options: object
) -> AsyncIterator[Running]:
    audit: list[AuditEvent] = []
    clock = FixedClock()
    app = build_app(made or providers(), auth or Auth.open(), clock=clock, audit=audit.append, **options)
    async with TestClient(TestServer(app)) as client:
        yield Running(client, audit, clock)


_VOID = {"meta", "link", "input", "br", "hr", "img"}


class Outline(HTMLParser):
    """Checks that every element is closed, and keeps headings, links, ids and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.headings: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.stack == [], f"not closed: {self.stack}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.stack.append(tag)
        if tag in ("h1", "h2", "h3"):
            self.headings.append((tag, ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> was never opened"
        assert self.stack.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.stack and any(tag in ("h1", "h2", "h3") for tag in self.stack) and self.headings:
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    def attributes(self, name: str) -> Iterator[str]:
        for _, attrs in self.tags:
            if attrs.get(name):
                yield str(attrs[name])
