"""All JSON documents that one path of a profile stands for: links of collections are followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from netwatch.errors import WireDecodeError, WireError, WireNotFound
from netwatch.model import Target
from netwatch.wire.protocols import HttpJson

__all__ = ["DocumentReader"]

MOST_MEMBERS = 512
"""Documents that one path may lead to."""

_WILDCARD = re.compile(r"/(\*|\{[^{}]*\})(?=/|$)")
_REDFISH = "/Members/*/@odata.id"
"""What a bare `*` means: the collections of Redfish (DMTF DSP0266, resource collections)."""


class DocumentReader:
    """Reads for one pass over one device: what several tables need is asked for once."""

    def __init__(self, http: HttpJson, target: Target) -> None:
        self._http = http
        self._target = target
        self._answers: dict[str, Any] = {}

    async def has(self, path: str) -> bool:
        """Does the device answer it with JSON? Raises WireError where it can't be asked at all."""
        try:
            await self._get(path)
        except WireDecodeError:
            return False
        return True

    async def read(self, path: str) -> Any:
        """The document; for a path with `*` or `{pointer}` a mapping of members (joined by `/`) to documents.

        A member that has no such document (HTTP 404) is left out. Raises WireError.
        """
        head, *rest = _WILDCARD.split(path)
        if not rest:
            return await self._get(path)
        places = {"": head}
        for wildcard, tail in zip(rest[::2], rest[1::2], strict=True):
            pointer = _REDFISH if wildcard == "*" else wildcard[1:-1]
            further: dict[str, str] = {}
            for member, place in places.items():
                # The first collection has to be there; below it each member has its own possessions.
                document = await self._get(place) if not member else await self._get_or_nothing(place)
                for name, link in _members(document, pointer, place):
                    further[f"{member}/{name}" if member else name] = link + tail
            places = further
            if len(places) > MOST_MEMBERS:
                raise WireDecodeError(f"{path}: more than {MOST_MEMBERS} members")
        documents = {}
        for member, place in places.items():
            document = await self._get_or_nothing(place)
            if document is not None:
                documents[member] = document
        return documents

    async def _get_or_nothing(self, path: str) -> Any:
        try:
            return await self._get(path)
        except WireNotFound:
            return None

    async def _get(self, path: str) -> Any:
        if path not in self._answers:
            try:
                self._answers[path] = await self._http.get(self._target, path)
            except WireError as error:
                self._answers[path] = error
        answer = self._answers[path]
        if isinstance(answer, WireError):
            raise answer
        return answer


def _members(document: Any, pointer: str, place: str) -> Iterator[tuple[str, str]]:
    """(name, path) of each member: a link is a path of its own, anything else a step below `place`."""
    for found in _pointed(document, pointer.split("/")[1:]):
        if isinstance(found, str) and found.startswith("/"):
            yield found.rstrip("/").rpartition("/")[2], found.rstrip("/")
        elif isinstance(found, str | int) and not isinstance(found, bool) and found != "":
            yield str(found), f"{place.rstrip('/')}/{quote(str(found), safe='')}"


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
