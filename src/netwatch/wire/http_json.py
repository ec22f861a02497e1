"""JSON over HTTP: Redfish, controllers, clouds."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from netwatch.errors import (
    WireAuthError,
    WireDecodeError,
    WireError,
    WireLimited,
    WireNotFound,
    WireRefused,
    WireTimeout,
)
from netwatch.model import TOKEN, Clock, HttpAccess, HttpRequest, SystemClock, Target
from netwatch.wire.pace import Pace, retry_after
from netwatch.wire.protocols import HttpPage

__all__ = ["AiohttpJson", "RecordedHttpJson"]

MAX_BYTES = 16 * 1024 * 1024
INLINE_BYTES = 64 * 1024
"""A larger document is parsed outside the event loop."""
PATIENCE = 10.0
"""Seconds that a question waits for its turn; if an API asks for more, the next pass tries again."""
TRIES = 3
"""Of one question that is answered with HTTP 429."""


class _TooOften(Exception):  # noqa: N818 - told to this module alone
    """HTTP 429, or 503 with a time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class AiohttpJson:
    """HttpJson over the network. Redirects are not followed: credentials go to the configured host alone."""

    def __init__(
        self,
        *,
        max_bytes: int = MAX_BYTES,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`sleep`: how a question waits for its turn."""
        self._max_bytes = max_bytes
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._pace = Pace()
        self._session: aiohttp.ClientSession | None = None

    async def get(self, target: Target, path: str, headers: Mapping[str, str] = {}) -> Any:
        """The document at base_url + path. Raises WireError; messages name host and path, no credentials."""
        return (await self.fetch(target, HttpRequest(path, tuple(headers.items())))).document

    async def fetch(self, target: Target, request: HttpRequest) -> HttpPage:
        """One page. Raises WireError; messages name host, path and credential set, nothing secret.

        Where the API asks to be left in peace (HTTP 429), it is, whoever asks: for some seconds the question
        waits, for longer WireLimited is raised without asking.
        """
        access = target.http
        if access is None:
            raise WireError(f"{target.name}: no HTTP access")
        url = _url(access, request.path)
        where = f"{url.host}{url.path}"
        account = (url.origin(), access.user, access.token)
        for _ in range(TRIES):
            await self._turn(account, request.rate, where)
            try:
                return await self._ask(url, access, request, where)
            except _TooOften as busy:
                self._pace.close(account, busy.seconds, self._clock.now().mono)
        raise WireLimited(f"{where}: asked too often (HTTP 429), {TRIES} times in a row")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _turn(self, account: Hashable, rate: float, where: str) -> None:
        while (seconds := self._pace.wait(account, self._clock.now().mono)) > 0:
            if seconds > PATIENCE:
                raise WireLimited(f"{where}: asked too often (HTTP 429), next in {seconds:.0f} s")
            await self._sleep(seconds)
        self._pace.take(account, rate, self._clock.now().mono)

    async def _ask(self, url: URL, access: HttpAccess, request: HttpRequest, where: str) -> HttpPage:
        if self._session is None:
            # No cookies: one device's session is none of another's business.
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        try:
            body, following, headers = await self._fetch(self._session, url, access, request, where)
        except aiohttp.ClientConnectorCertificateError:
            raise WireAuthError(f"{where}: certificate not trusted (verify: false accepts it)") from None
        except aiohttp.ClientConnectorError as error:
            raise WireRefused(f"{where}: {error.os_error.strerror or 'can not connect'}") from None
        except TimeoutError:
            raise WireTimeout(f"{where}: no answer within {access.timeout:g} s") from None
        except aiohttp.ClientError as error:
            raise WireDecodeError(f"{where}: {type(error).__name__}") from None
        try:
            if len(body) <= INLINE_BYTES:
                document = json.loads(body)
            else:
                document = await asyncio.to_thread(json.loads, body)
        except (ValueError, RecursionError):
            raise WireDecodeError(f"{where}: the answer is not JSON") from None
        return HttpPage(document, following, headers)

    async def _fetch(
        self, session: aiohttp.ClientSession, url: URL, access: HttpAccess, request: HttpRequest, where: str
    ) -> tuple[bytes, str, dict[str, str]]:
        """Body, address of the next page, headers."""
        asking = session.request(
            "POST" if request.body else "GET",
            url,
            data=request.body.encode() if request.body else None,
            headers=_headers(access, request),
            ssl=access.verify,
            timeout=aiohttp.ClientTimeout(total=access.timeout),
            allow_redirects=False,
        )
        async with asking as response:
            self._judge(response, access, where)
            body = bytearray()
            async for chunk in response.content.iter_chunked(65536):
                body += chunk
                if len(body) > self._max_bytes:
                    raise WireDecodeError(f"{where}: more than {self._max_bytes} bytes")
            headers = {name.lower(): value for name, value in response.headers.items()}
            return bytes(body), _next_link(response, url), headers

    def _judge(self, response: aiohttp.ClientResponse, access: HttpAccess, where: str) -> None:
        status, later = response.status, response.headers.get("Retry-After")
        if status == 429 or (status == 503 and later is not None):
            raise _TooOften(retry_after(later, self._clock.now().wall))
        if status in (401, 403):
            which = f" {access.credential!r}" if access.credential else ""
            raise WireAuthError(f"{where}: credentials{which} refused (HTTP {status})")
        if status in (404, 410):
            raise WireNotFound(f"{where}: HTTP {status}")
        if status not in (200, 207):
            raise WireDecodeError(f"{where}: HTTP {status}")


class RecordedHttpJson:
    """HttpJson that answers from documents: {device name: {path: document}}."""

    def __init__(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        self._documents = documents

    @classmethod
    def load(cls, directory: Path) -> RecordedHttpJson:
        """Reads DIRECTORY/NAME/PATH.json, e.g. `bmc-1/redfish/v1/Systems/1.json`. Raises WireDecodeError."""
        documents: dict[str, dict[str, Any]] = {}
        for file in sorted(directory.glob("*/**/*.json")):
            name, *parts = file.relative_to(directory).with_suffix("").parts
            try:
                documents.setdefault(name, {})["/" + "/".join(parts)] = json.loads(file.read_bytes())
            except (OSError, ValueError):
                raise WireDecodeError(f"{file}: is not JSON") from None
        return cls(documents)

    async def get(self, target: Target, path: str) -> Any:
        """Raises WireNotFound for what was not recorded, like a device's HTTP 404."""
        return (await self.fetch(target, HttpRequest(path))).document

    async def fetch(self, target: Target, request: HttpRequest) -> HttpPage:
        """By path and query, or by the path alone; every document is whole, without further pages."""
        path = request.path
        for key in (target.name, *target.addresses):
            documents = self._documents.get(key, {})
            for wanted in (path.rstrip("/"), path.partition("?")[0].rstrip("/")):
                if wanted in documents:
                    return HttpPage(documents[wanted])
        raise WireNotFound(f"{target.name}{path}: HTTP 404")


def _url(access: HttpAccess, path: str) -> URL:
    """Raises WireDecodeError where the path leads away from the configured host.

    A whole address, as APIs write that of the next page, has to be below base_url.
    """
    whole = path.startswith(("http://", "https://"))
    try:
        base = URL(access.base_url.rstrip("/"))
        url = URL(path) if whole else URL(str(base) + "/" + path.lstrip("/"))
        good = base.is_absolute() and base.scheme in ("http", "https")
        inside = good and url.origin() == base.origin() and url.path.startswith(base.path)
    except ValueError:
        good = inside = False
    if whole and good and not inside:
        raise WireDecodeError(f"{base.host}: its next page is somewhere else, which is not asked")
    if not inside:
        raise WireDecodeError("base_url is no http or https address")
    return url


def _next_link(response: aiohttp.ClientResponse, asked: URL) -> str:
    """RFC 8288, rel=next: the whole address; whether it is one to ask is seen when it is asked."""
    try:
        links = response.links
        link = links["next"].get("url") if "next" in links else None
    except ValueError:
        return ""
    return "" if link is None else str(asked.join(URL(str(link))))


def _headers(access: HttpAccess, request: HttpRequest) -> dict[str, str]:
    token = access.token.reveal()
    out = {"Accept": "application/json"}
    if request.body:
        out["Content-Type"] = "application/json"
    out.update((name, value.replace(TOKEN, token)) for name, value in request.headers)
    if token and not any(TOKEN in value for _, value in request.headers):
        out["Authorization"] = f"Bearer {token}"
    if access.user:
        # RFC 7617, with UTF-8 as its section 2.1 recommends
        pair = f"{access.user}:{access.password.reveal()}".encode()
        out["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
    return out
