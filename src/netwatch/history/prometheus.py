"""Raw samples out of a Prometheus-compatible server, over its HTTP API (v1)."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import aiohttp
import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError

__all__ = ["PrometheusServer", "Samples", "narrowed"]

_TIMEOUT = 300.0
Labels = Mapping[str, str]


class Samples(NamedTuple):
    """One series."""

    labels: Labels
    times: NDArray[np.float64]
    """UTC seconds, ascending."""
    values: NDArray[np.float64]


class PrometheusServer:
    """One server: Prometheus, or what speaks its API, such as Thanos, Mimir or VictoriaMetrics.

    Everything that goes wrong is a StoreError that names the server, and never a password or token.
    """

    def __init__(self, url: str, *, token: str = "") -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in ("http", "https"):
            raise StoreError("expected the URL of a server, such as http://prometheus:9090")
        literal = f"[{host}]" if ":" in host else host
        self.name = f"{parts.scheme}://{literal}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if parts.username:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            headers = {"Authorization": f"Basic {base64.b64encode(login).decode()}"}
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
        self._session = aiohttp.ClientSession(headers=headers, timeout=timeout)

    async def __aenter__(self) -> PrometheusServer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def series(self, selector: str, start: float, end: float) -> list[Labels]:
        """Labels of every series that the selector matches anywhere in the range."""
        found = await self._ask("series", {"match[]": selector, "start": f"{start:.3f}", "end": f"{end:.3f}"})
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise StoreError(f"{self.name}: answered with no list of series")
        return found

    async def samples(self, selector: str, start: float, end: float) -> Iterator[Samples]:
        """The samples of a range as they were scraped: nothing is interpolated."""
        query = {"query": f"{selector}[{math.ceil(end - start)}s]", "time": f"{end:.3f}"}
        found = await self._ask("query", query)
        try:
            if found["resultType"] != "matrix":
                raise StoreError(f"{self.name}: {selector} is no selector of samples")
            return _matrix(found["result"])
        except (KeyError, TypeError, ValueError):
            raise StoreError(f"{self.name}: answered with samples that can't be read") from None

    async def _ask(self, path: str, query: Mapping[str, str]) -> Any:
        url = f"{self.name}/api/v1/{path}"
        try:
            async with self._session.post(url, data=query) as answer:
                text = await answer.text()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise StoreError(f"{self.name}: does not answer ({type(error).__name__})") from None
        if status in (401, 403):
            raise StoreError(
                f"{self.name}: wants a login: give it --token-file, or USER:PASSWORD@ in the URL"
            )
        try:
            document = json.loads(text)
            if document["status"] == "success":
                return document["data"]
            reason = str(document.get("error", ""))
        except (ValueError, KeyError, TypeError):
            reason = f"status {status}: is that the URL of a Prometheus?"
        raise StoreError(f"{self.name}: {reason}")


def narrowed(selector: str, label: str, values: Iterable[str]) -> str:
    """The selector for those values of a label only."""
    pattern = "|".join(re.sub(r"[^A-Za-z0-9_ ]", lambda found: "\\" + found[0], value) for value in values)
    matcher = f"{label}=~{json.dumps(pattern, ensure_ascii=False)}"
    head, brace, rest = selector.strip().partition("{")
    inner = rest.rstrip().removesuffix("}").strip().rstrip(",")
    return f"{head}{{{inner + ',' if brace and inner else ''}{matcher}}}"


def _matrix(result: Any) -> Iterator[Samples]:
    for one in result:
        pairs = np.array([(float(at), float(value)) for at, value in one["values"]]).reshape(-1, 2)
        pairs = pairs[np.isfinite(pairs[:, 1])]
        yield Samples(one["metric"], pairs[:, 0], pairs[:, 1])
