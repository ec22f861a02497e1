"""JSON over HTTP: Redfish, controller APIs."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from netwatch.errors import WireAuthError, WireDecodeError, WireError, WireNotFound, WireRefused, WireTimeout
from netwatch.model import HttpAccess, Target

__all__ = ["AiohttpJson", "RecordedHttpJson"]

MAX_BYTES = 16 * 1024 * 1024
INLINE_BYTES = 64 * 1024
"""A larger document is parsed outside the event loop."""
TOKEN = "{token}"  # noqa: S105 - the placeholder, not the token
"""In a header value of a profile: stands for the target's token, which then is not sent as Bearer."""


class AiohttpJson:
    """HttpJson over the network. Redirects are not followed: credentials go to the configured host alone."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._session: aiohttp.ClientSession | None = None

    async def get(self, target: Target, path: str, headers: Mapping[str, str] = {}) -> Any:
        """The document at base_url + path. Raises WireError; messages name host and path, no credentials."""
        access = target.http
        if access is None:
            raise WireError(f"{target.name}: no HTTP access")
        url = _url(access, path)
        if self._session is None:
            # No cookies: one device's session is none of another's business.
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        where = f"{url.host}{url.path}"
        try:
            body = await self._fetch(self._session, url, access, headers, where)
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
                return json.loads(body)
            return await asyncio.to_thread(json.loads, body)
        except (ValueError, RecursionError):
            raise WireDecodeError(f"{where}: the answer is not JSON") from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _fetch(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        access: HttpAccess,
        headers: Mapping[str, str],
        where: str,
    ) -> bytes:
        request = session.get(
            url,
            headers=_headers(access, headers),
            ssl=access.verify,
            timeout=aiohttp.ClientTimeout(total=access.timeout),
            allow_redirects=False,
        )
        async with request as response:
            if response.status in (401, 403):
                raise WireAuthError(f"{where}: credentials refused (HTTP {response.status})")
            if response.status in (404, 410):
                raise WireNotFound(f"{where}: HTTP {response.status}")
            if response.status != 200:
                raise WireDecodeError(f"{where}: HTTP {response.status}")
            body = bytearray()
            async for chunk in response.content.iter_chunked(65536):
                body += chunk
                if len(body) > self._max_bytes:
                    raise WireDecodeError(f"{where}: more than {self._max_bytes} bytes")
            return bytes(body)


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

    async def get(self, target: Target, path: str, headers: Mapping[str, str] = {}) -> Any:  # noqa: ARG002
        """Raises WireNotFound for what was not recorded, like a device's HTTP 404."""
        for key in (target.name, *target.addresses):
            document = self._documents.get(key, {}).get(path.rstrip("/"))
            if document is not None:
                return document
        raise WireNotFound(f"{target.name}{path}: HTTP 404")


def _url(access: HttpAccess, path: str) -> URL:
    """Raises WireDecodeError where the path leads away from the configured host."""
    try:
        base = URL(access.base_url.rstrip("/"))
        url = URL(str(base) + "/" + path.lstrip("/"))
        good = base.is_absolute() and base.scheme in ("http", "https") and url.origin() == base.origin()
    except ValueError:
        good = False
    if not good:
        raise WireDecodeError("base_url is no http or https address")
    return url


def _headers(access: HttpAccess, headers: Mapping[str, str]) -> dict[str, str]:
    token = access.token.reveal()
    out = {"Accept": "application/json"}
    out.update((name, value.replace(TOKEN, token)) for name, value in headers.items())
    if token and not any(TOKEN in value for value in headers.values()):
        out["Authorization"] = f"Bearer {token}"
    if access.user:
        # RFC 7617, with UTF-8 as its section 2.1 recommends
        pair = f"{access.user}:{access.password.reveal()}".encode()
        out["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
    return out
