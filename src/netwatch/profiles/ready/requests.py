"""What a table of source http-json asks for, by the manners of its profile."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from netwatch.model import WILDCARD, HttpRequest, Paging, PagingMode
from netwatch.profiles.written.schema import HttpModel, PagesModel

__all__ = ["NO_MANNERS", "Manners", "body_of", "manners_of", "paging_of", "request_to"]


@dataclass(frozen=True, slots=True)
class Manners:
    """How an API wants to be asked: HttpModel."""

    base: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    paging: Paging | None = None
    rate: float = 0.0


NO_MANNERS = Manners()


def manners_of(given: HttpModel | None, included: Iterable[Manners]) -> Manners:
    """Those of a profile: what it does not say, the last of the included profiles that does says."""
    out = NO_MANNERS
    for other in included:
        out = Manners(
            other.base or out.base,
            other.headers or out.headers,
            other.paging or out.paging,
            other.rate or out.rate,
        )
    if given is None:
        return out
    return replace(
        out,
        base=out.base if given.base is None else given.base.rstrip("/"),
        headers=tuple(sorted(given.headers.items())) or out.headers,
        paging=paging_of(given.pages) or out.paging,
        rate=given.rate or out.rate,
    )


def paging_of(given: PagesModel | None) -> Paging | None:
    if given is None:
        return None
    return Paging(
        PagingMode(given.by),
        pointer=given.pointer,
        parameter=given.parameter,
        limit=given.limit,
        size=given.size,
        first=given.first,
        total=given.total,
    )


def body_of(given: dict[str, Any] | None) -> str:
    """JSON; empty for a GET."""
    return "" if given is None else json.dumps(given, sort_keys=True)


def request_to(
    manners: Manners,
    path: str,
    *,
    rows: str = "",
    body: str = "",
    paging: Paging | None = None,
    paged: bool = True,
    most: int = 512,
) -> HttpRequest:
    """`paging`: the table's own; `paged` False: this document comes whole."""
    return HttpRequest(
        path=_based(manners.base, path),
        headers=manners.headers,
        body=body,
        paging=(paging or manners.paging) if paged else None,
        items=rows.partition("/*")[0],
        rate=manners.rate,
        most=most,
    )


def _based(base: str, path: str) -> str:
    """The base stands before the path, and before those that it names in braces."""
    if not base:
        return path

    def inside(found: Any) -> str:
        inner = found[1]
        return f"/{{{base}{inner[1:]}" if "#" in inner and inner.startswith("{/") else f"/{inner}"

    return base + WILDCARD.sub(inside, path)
