"""POST over aiohttp whose errors tell what happened, but neither URL nor secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import aiohttp

from netwatch.errors import DeliveryError
from netwatch.model import Secret
from netwatch.notify.channel import Refused, tls_context

__all__ = ["HttpPoster"]

_NEVER = frozenset({400, 413, 422})
"""Statuses that say that the message itself is wrong. Others (401, 404, 429, 5xx) may be mended meanwhile."""


class HttpPoster:
    """One session, made when it is first needed: a channel may be built before the event loop runs."""

    def __init__(self, *, timeout: float, ca_file: Path | None, source: str = "") -> None:
        """`source`: the address of this machine to send from."""
        self._timeout = timeout
        self._source = source
        self._tls = tls_context(ca_file)
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self, url: Secret, body: bytes, headers: Mapping[str, str], *, method: str = "POST"
    ) -> None:
        """Returns if the answer is 2xx. Redirects are not followed: they would carry the token elsewhere."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._timeout)
            connector = aiohttp.TCPConnector(local_addr=(self._source, 0)) if self._source else None
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=True, connector=connector)
        try:
            async with self._session.request(
                method, url.reveal(), data=body, headers=dict(headers), ssl=self._tls, allow_redirects=False
            ) as answer:
                status = answer.status
        except TimeoutError:
            raise DeliveryError(f"no answer within {self._timeout:g} s") from None
        except aiohttp.ClientConnectorCertificateError:
            raise DeliveryError("its certificate is not trusted: set ca_file") from None
        except aiohttp.ClientConnectorError as error:
            raise DeliveryError(f"can't connect: {error.os_error.strerror or 'unreachable'}") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise DeliveryError(f"the request failed: {type(error).__name__}") from None
        if status in _NEVER:
            raise Refused(f"the message was refused with HTTP status {status}")
        if not 200 <= status < 300:
            raise DeliveryError(f"HTTP status {status}")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
