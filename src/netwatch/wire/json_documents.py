"""All JSON documents that one request of a profile stands for: pages and collections are followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from netwatch.errors import WireAuthError, WireDecodeError, WireError, WireNotFound
from netwatch.model import HttpRequest, Target
from netwatch.wire.pages import Pages
from netwatch.wire.protocols import HttpJson

__all__ = ["DocumentReader", "Documents"]

_WILDCARD = re.compile(r"/(\*|\{[^{}]*\})(?=[/?]|$)")
_REDFISH = "/Members/*/@odata.id"
"""What a bare `*` means: the collections of Redfish (DMTF DSP0266, resource collections)."""


@dataclass(frozen=True, slots=True)
class Documents:
    """What was read."""

    data: Any
    """The document; for a path with `*` or `{pointer}` a mapping of members (joined by `/`) to documents."""
    problems: tuple[str, ...] = ()
    """What is missing from it, in words for a person."""


class DocumentReader:
    """Reads for one pass over one device: what several tables need is asked for once."""

    def __init__(self, http: HttpJson, target: Target) -> None:
        self._http = http
        self._target = target
        self._answers: dict[HttpRequest, Any] = {}

    async def has(self, request: HttpRequest) -> bool:
        """Does the device answer it with JSON? Raises WireError where it can't be asked at all."""
        try:
            await self._get(request)
        except WireDecodeError:
            return False
        return True

    async def read(self, request: HttpRequest) -> Documents:
        """What the request's path stands for.

        A member that has no such document (HTTP 404) is left out; one that refuses it or answers nonsense is
        left out and told of, as are members beyond the budget. Raises WireError.
        """
        head, *rest = _WILDCARD.split(request.path)
        if not rest:
            return Documents(await self._get(request))
        problems: list[str] = []
        places = {"": head}
        for wildcard, tail in zip(rest[::2], rest[1::2], strict=True):
            pointer, elsewhere = _source(wildcard)
            further: dict[str, str] = {}
            for member, place in places.items():
                asked = replace(request, path=place, body="", items=pointer.partition("/*")[0])
                if elsewhere:
                    asked = replace(asked, path=elsewhere, paging=None)
                # The first collection has to be there; below it each member has its own possessions.
                document = await self._get(asked) if not member else await self._try(asked, problems)
                for name, link in _members(document, pointer, place):
                    further[f"{member}/{name}" if member else name] = link + tail
            places = _cut(further, request, problems)
        documents = {}
        for member, place in places.items():
            document = await self._try(replace(request, path=place), problems)
            if document is not None:
                documents[member] = document
        if places and not documents and problems:
            raise WireDecodeError(problems[0])
        return Documents(documents, tuple(dict.fromkeys(problems)))

    async def _try(self, request: HttpRequest, problems: list[str]) -> Any:
        """None where there is no such document. Raises WireError where asking for others is in vain too."""
        try:
            return await self._get(request)
        except WireNotFound:
            return None
        except (WireAuthError, WireDecodeError) as error:
            problems.append(str(error))
            return None

    async def _get(self, request: HttpRequest) -> Any:
        key = replace(request, most=0, rate=0.0, items="" if request.paging is None else request.items)
        if key not in self._answers:
            try:
                self._answers[key] = await self._pages(request)
            except WireError as error:
                self._answers[key] = error
        answer = self._answers[key]
        if isinstance(answer, WireError):
            raise answer.with_traceback(None)  # else it grew with each table that asks
        return answer

    async def _pages(self, request: HttpRequest) -> Any:
        pages = Pages(request)
        question: tuple[str, str] | None = pages.first()
        while question is not None:
            path, body = question
            question = pages.take(
                await self._http.fetch(self._target, replace(request, path=path, body=body))
            )
        return pages.document


def _source(wildcard: str) -> tuple[str, str]:
    """(pointer to the members, path of the document they stand in; empty: the place that was come to)."""
    if wildcard == "*":
        return _REDFISH, ""
    path, mark, pointer = wildcard[1:-1].partition("#")
    return (pointer, path) if mark else (path, "")


def _cut(places: dict[str, str], request: HttpRequest, problems: list[str]) -> dict[str, str]:
    if len(places) <= request.most:
        return places
    problems.append(f"{request.path}: {len(places)} members, of which {request.most} are asked for")
    return dict(list(places.items())[: request.most])


def _members(document: Any, pointer: str, place: str) -> Iterator[tuple[str, str]]:
    """(name, path) of each member: a link is a path of its own, anything else a step below `place`."""
    for found in _pointed(document, pointer.split("/")[1:]):
        if isinstance(found, str) and found.startswith("/"):
            yield found.rstrip("/").rpartition("/")[2], found.rstrip("/")
        elif isinstance(found, str | int) and not isinstance(found, bool) and found != "":
            name, (path, mark, query) = str(found), place.partition("?")
            yield name, f"{path.rstrip('/')}/{quote(name, safe='')}{mark}{query}"


def _pointed(document: Any, steps: list[str]) -> Iterator[Any]:
    """RFC 6901 where `*` stands for every item of a list or member of an object."""
    if not steps:
        yield document
        return
    step, *rest = steps
    if step == "*":
        inner = document.values() if isinstance(document, dict) else document
        for item in inner if not isinstance(document, str | int | float | None) else ():
            yield from _pointed(item, rest)
    elif isinstance(document, dict):
        key = step.replace("~1", "/").replace("~0", "~")
        if key in document:
            yield from _pointed(document[key], rest)
