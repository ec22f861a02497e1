"""Lists that an API hands out in pages: what to ask next, and one document of them all. Pure."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from yarl import URL

from netwatch.errors import WireDecodeError
from netwatch.model import HttpRequest, Paging, PagingMode
from netwatch.wire.protocols import HttpPage

__all__ = ["Pages", "items_of", "pointed"]

MOST_PAGES = 200
"""Of one list; there is no end to the next pages of a broken API."""


class Pages:
    """One list under way."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._paging = request.paging
        self._had = 0
        self._pages = 0
        self._asked: set[tuple[str, str]] = set()
        self._last: Any = None
        self.document: Any = None
        """The first page, whose list grows by those of the others."""

    def first(self) -> tuple[str, str]:
        """(path, body) of the first question."""
        paging, path, body = self._paging, self._request.path, self._request.body
        if paging is not None and paging.limit:
            path, body = _with(path, body, paging.limit, paging.size, override=False)
        if paging is not None and paging.mode is PagingMode.PAGE:
            path, body = _with(path, body, paging.parameter, paging.first, override=False)
        self._asked.add((path, body))
        return path, body

    def take(self, page: HttpPage) -> tuple[str, str] | None:
        """Adds a page; the next question, or None after the last. Raises WireDecodeError."""
        self._pages += 1
        if self._pages > 1 and page.document == self._last:
            return None  # an API that knows no pages answers each question with the same
        self._last = page.document
        found = items_of(page.document, self._request.items)
        if self._pages == 1:
            self.document = deepcopy(page.document) if self._paging is not None else page.document
        elif found:
            # The first page has a list, else there were no second one.
            (items_of(self.document, self._request.items) or []).extend(found)
        if self._paging is None or found is None:
            return None
        self._had += len(found)
        question = self._next(self._paging, page, len(found))
        if question is None or question in self._asked:
            return None  # an API that names the same page again has no further one
        if self._pages >= MOST_PAGES:
            raise WireDecodeError(f"{self._request.path}: more than {MOST_PAGES} pages")
        self._asked.add(question)
        return question

    def _next(self, paging: Paging, page: HttpPage, count: int) -> tuple[str, str] | None:
        path, body = self.first()
        if paging.mode is PagingMode.LINK:
            link = pointed(page.document, paging.pointer) if paging.pointer else page.next
            return (link, body) if isinstance(link, str) and link else None
        if paging.mode is PagingMode.TOKEN:
            token = pointed(page.document, paging.pointer)
            if not isinstance(token, str | int) or isinstance(token, bool) or token == "":
                return None
            return _with(path, body, paging.parameter, token)
        if count == 0 or self._is_last(paging, page, count):
            return None
        at = self._had if paging.mode is PagingMode.OFFSET else paging.first + self._pages
        return _with(path, body, paging.parameter, at)

    def _is_last(self, paging: Paging, page: HttpPage, count: int) -> bool:
        told: Any = None
        if paging.total:
            by_pointer = paging.total.startswith("/")
            told = (
                pointed(page.document, paging.total) if by_pointer else page.headers.get(paging.total.lower())
            )
        try:
            return self._had >= int(told)
        except (TypeError, ValueError):
            return count < paging.size


def items_of(document: Any, pointer: str) -> list[Any] | None:
    """The list that a pointer leads to; None if there is none."""
    found = pointed(document, pointer)
    return found if isinstance(found, list) else None


def pointed(document: Any, pointer: str) -> Any:
    """RFC 6901. None if nothing is there."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _with(path: str, body: str, name: str, value: str | int, *, override: bool = True) -> tuple[str, str]:
    """The question with a parameter: in the body if there is one, else in the query."""
    if body:
        members = json.loads(body)
        if override or name not in members:
            members[name] = value
        return path, json.dumps(members)
    url = URL(path, encoded=True)
    if not override and name in url.query:
        return path, body
    return str(url.update_query({name: str(value)})), body
