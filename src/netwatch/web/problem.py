"""What goes wrong with a request: a problem document (RFC 9457) for programs, a page for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web

from netwatch.documents import did_you_mean

__all__ = ["HttpProblem", "Query", "bad_request", "not_found", "problem_response", "wants_document"]

_PROGRAMS = ("/api/", "/metrics", "/probe", "/-/")


class HttpProblem(Exception):  # noqa: N818 - named after RFC 9457
    """Ends a request with a status and words for whoever sent it."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        refused: str = "",
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.refused = refused
        """Why, for the audit log; empty if it is no refusal."""
        self.more = dict(more or {})
        """Further members of the document."""


def bad_request(detail: str) -> HttpProblem:
    return HttpProblem(HTTPStatus.BAD_REQUEST, detail)


def not_found(detail: str) -> HttpProblem:
    return HttpProblem(HTTPStatus.NOT_FOUND, detail)


def wants_document(path: str) -> bool:
    """Whether a path belongs to programs, which can't read a page."""
    return path.startswith(_PROGRAMS)


def problem_response(problem: HttpProblem, instance: str) -> web.Response:
    """The problem document. `instance` is the path that was asked for."""
    body = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "instance": instance,
        **problem.more,
    }
    return web.json_response(
        body, status=problem.status, headers=problem.headers, content_type="application/problem+json"
    )


class Query:
    """The query of a request, read strictly: an unknown or repeated parameter is a mistake."""

    def __init__(self, request: web.Request, allowed: Sequence[str]) -> None:
        self._values: dict[str, str] = {}
        for name, value in request.query.items():
            if name not in allowed:
                hint = did_you_mean(name, allowed) if allowed else "it takes none"
                raise bad_request(
                    f"unknown parameter {_short(name)!r}: {hint}" if hint else "unknown parameter"
                )
            if name in self._values:
                raise bad_request(f"parameter {name!r} is given twice")
            if len(value) > 200 or not value.isprintable():
                raise bad_request(f"parameter {name!r} must be printable and at most 200 characters long")
            self._values[name] = value

    def text(self, name: str) -> str:
        return self._values.get(name, "").strip()

    def choice(self, name: str, known: Sequence[str], default: str = "") -> str:
        value = self.text(name)
        if value and value not in known:
            hint = did_you_mean(value, known)
            raise bad_request(f"no {name} {_short(value)!r}" + (f": {hint}" if hint else ""))
        return value or default

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
            raise bad_request(f"{name} must be a whole number from {low} to {high}, not {_short(value)!r}")
        return int(value)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
