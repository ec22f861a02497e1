"""A small builder of HTML elements: text is escaped unless it is already `Html`.

Pages are Python functions that return `Html`, so a value from a device can never become markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import quote, urlsplit

__all__ = ["Child", "Html", "fragment", "href", "tag"]

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
_LINKS = frozenset({"action", "formaction", "href", "src"})


class Html(str):
    """Markup that is already safe. Only this module and literals of the page functions make it."""

    __slots__ = ()


Child = Html | str | int | None | Iterable["Child"]
"""What an element may hold: text (escaped), markup, nothing, or any nesting of these."""


def fragment(*children: Child) -> Html:
    """Children one after the other, without an element around them."""
    return Html("".join(_pieces(children)))


def tag(element: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Html:
    """One element.

    An attribute's trailing `_` is dropped and an inner one becomes `-` (`class_`, `aria_label`). True gives
    the bare attribute, False and None leave it out. Raises ValueError for a link that is neither relative
    nor http(s).
    """
    opening = "".join(
        _attribute(key.rstrip("_").replace("_", "-"), value)
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if element in _VOID:
        return Html(f"<{element}{opening}>")
    if element == "rect":  # foreign content: without the slash an SVG parser would wait for its end
        return Html(f"<rect{opening}/>")
    return Html(f"<{element}{opening}>{''.join(_pieces(children))}</{element}>")


def href(*steps: str, **query: str) -> str:
    """A path of this site: `href("devices", id)`; every step and value is percent-encoded."""
    path = "/" + "/".join(quote(step, safe="") for step in steps)
    pairs = "&".join(f"{quote(key)}={quote(value, safe='')}" for key, value in query.items() if value)
    return f"{path}?{pairs}" if pairs else path


def _attribute(name: str, value: str | int | float | bool) -> str:
    if value is True:
        return f" {name}"
    text = str(value)
    if name in _LINKS and urlsplit(text).scheme not in ("", "http", "https"):
        raise ValueError(f"{name}={text[:40]!r} is no link that a page may hold")
    return f' {name}="{escape(text)}"'


def _pieces(children: Child) -> Iterable[str]:
    if children is None:
        return
    if isinstance(children, Html):
        yield str(children)
    elif isinstance(children, str):
        yield escape(children)
    elif isinstance(children, int):
        yield str(children)
    else:
        for child in children:
            yield from _pieces(child)
