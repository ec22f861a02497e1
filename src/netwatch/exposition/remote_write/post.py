"""One request to a receiver. What went wrong is told without URL and secrets."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp

from netwatch import __version__
from netwatch.config import RemoteWriteSettings
from netwatch.errors import ConfigError
from netwatch.model import Secret, seconds_until_retry

__all__ = ["Answer", "Poster", "retry_after"]

_LONGEST_WAIT = 600.0


class Answer(NamedTuple):
    """What came of a request."""

    status: int
    """HTTP status; 0 where no answer came."""
    reason: str
    """Why there was none."""
    retry_after: float = 0.0
    """Seconds that the receiver asks for."""

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def hopeless(self) -> bool:
        """The receiver will never take it: 4xx but 408 and 429."""
        return 400 <= self.status < 500 and self.status not in (408, 429)


class Poster:
    """One session, made when it is first needed."""

    def __init__(self, settings: RemoteWriteSettings) -> None:
        """Raises ConfigError if the certificates can't be read."""
        self._settings = settings
        self._tls = _tls(settings)
        self._headers = _headers(settings)
        self._url = _bare(settings.url) if "Authorization" in self._headers else settings.url
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, body: bytes) -> Answer:
        """Redirects are not followed: they would carry the token elsewhere."""
        settings = self._settings
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=settings.timeout)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=True)
        try:
            async with self._session.post(
                self._url.reveal(),
                data=body,
                headers=self._headers,
                ssl=self._tls,
                allow_redirects=False,
            ) as answer:
                await answer.read()
                wait = retry_after(answer.headers.get("Retry-After", ""), datetime.now(UTC))
                return Answer(answer.status, "", wait)
        except TimeoutError:
            return Answer(0, f"no answer within {settings.timeout:g} s")
        except aiohttp.ClientConnectorCertificateError:
            return Answer(0, "its certificate is not trusted: set ca_file")
        except aiohttp.ClientConnectorError as error:
            return Answer(0, f"can't connect: {error.os_error.strerror or 'unreachable'}")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(0, f"the request failed: {type(error).__name__}")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def retry_after(text: str, now: datetime) -> float:
    """Seconds of a Retry-After header; 0 for what is past or can't be read. At most ten minutes."""
    return min(max(0.0, seconds_until_retry(text, now.timestamp()) or 0.0), _LONGEST_WAIT)


def _bare(url: Secret) -> Secret:
    """Without user and password: those of the settings take their place."""
    parts = urlsplit(url.reveal())
    return Secret(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())


def _headers(settings: RemoteWriteSettings) -> Mapping[str, str]:
    headers = {name: value.reveal() for name, value in settings.headers.items()}
    if settings.token:
        headers["Authorization"] = f"Bearer {settings.token.reveal()}"
    elif settings.user:
        login = f"{settings.user}:{settings.password.reveal()}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(login).decode()
    return headers | {
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "snappy",
        "User-Agent": f"netwatch/{__version__}",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }


def _tls(settings: RemoteWriteSettings) -> ssl.SSLContext | bool:
    if not settings.verify:
        return False
    if settings.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(settings.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"{settings.ca_file}: no certificates in PEM: {error.strerror or type(error).__name__}"
        ) from None
