"""What long lists share: a choice of a filter, and links between the pages of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netwatch.web.html import Child, Html, href, tag

__all__ = ["last_page", "page_links", "select"]


def last_page(found: int, size: int) -> int:
    """The number of the last page; an empty list has one page, too."""
    return max(1, -(-found // size))


def select(title: str, name: str, options: Sequence[tuple[str, str]], chosen: str) -> Html:
    """A choice of one of `options` (value, text), or of any."""
    return tag(
        "label",
        title,
        tag(
            "select",
            tag("option", "any", value=""),
            [tag("option", text, value=value, selected=value == chosen) for value, text in options],
            name=name,
        ),
    )


def search_form(
    path: str,
    text: str,
    placeholder: str,
    choices: Sequence[Child],
    *,
    hidden: Sequence[Child] = (),
    clear: str = "",
) -> Html:
    """A form that asks `path` for `text` and `choices`. `clear`: where all of it is taken back, if anything
    was asked."""
    field = tag("input", type="search", name="q", value=text, maxlength=100, placeholder=placeholder)
    return tag(
        "form",
        tag("label", "Search", field, class_="wide"),
        choices,
        hidden,
        tag("button", "Show", type="submit"),
        tag("a", "Clear", href=clear, class_="clear") if clear else None,
        class_="filter",
        method="get",
        action=path,
        role="search",
    )


def page_links(path: str, query: Mapping[str, str], number: int, last: int) -> Html | None:
    """To the page before and after `number`; None where there is only one. `path`: without its
    first slash."""
    if last == 1:
        return None

    def link(text: str, to: int) -> Html | None:
        return tag("a", text, href=href(*path.split("/"), **query, page=str(to))) if 1 <= to <= last else None

    return tag(
        "nav",
        link("← Previous", number - 1),
        tag("span", f"Page {number} of {last}"),
        link("Next →", number + 1),
        class_="pages",
        aria_label="Pages",
    )
