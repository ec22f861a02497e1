"""What is asked of a JSON API over HTTP: said by profiles, done by the wire."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["TOKEN", "HttpRequest", "Paging", "PagingMode"]

TOKEN = "{token}"  # noqa: S105 - the placeholder, not the token
"""In a header of a profile: stands for the target's token, which then is not sent as Bearer."""


class PagingMode(StrEnum):
    """How the address of the next page is found."""

    LINK = "link"
    """The API tells it: header `Link` with rel=next (RFC 8288), or a value in the document."""
    TOKEN = "token"  # noqa: S105
    """The document holds a token that the next question brings along."""
    OFFSET = "offset"
    """The next question says how many items were had."""
    PAGE = "page"
    """The next question says the number of the page."""


@dataclass(frozen=True, slots=True)
class Paging:
    """How a long list comes in pages."""

    mode: PagingMode
    pointer: str = ""
    """JSON pointer to the next page's address (link; empty: the Link header) or token."""
    parameter: str = ""
    """Query parameter, or member of the body, that carries token, offset or page number."""
    limit: str = ""
    """Query parameter that says how many items a page shall have; empty: none is sent."""
    size: int = 100
    """Items of a page."""
    first: int = 1
    """Number of the first page."""
    total: str = ""
    """JSON pointer, or name of a header, that tells the number of all items; empty: a page that is not full
    is the last."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A document, or one for each member of a collection."""

    path: str
    """Below the target's base_url; may hold `*` and `{pointer}`, see docs/profiles.md."""
    headers: tuple[tuple[str, str], ...] = ()
    """Beside the usual ones; `{token}` in a value stands for the target's token."""
    body: str = ""
    """JSON; with one it is a POST, else a GET."""
    paging: Paging | None = None
    items: str = ""
    """JSON pointer to the list that is put together from pages."""
    rate: float = 0.0
    """Requests per second that the account bears; 0: no limit is known."""
    most: int = 512
    """Documents that one path may lead to."""
