"""The ranked replacement list, each score open to its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netwatch.model import Contribution, EvidenceItem, RankedAsset, ReplacementPlan
from netwatch.web.html import Child, Html, fragment, href, tag
from netwatch.web.pages.layout import Frame, empty, moment, page, section
from netwatch.web.pages.lists import last_page, page_links, select

__all__ = ["SHOWN", "AssetFilter", "replacements_page"]

SHOWN = 50
"""Ranks on one page, each with its evidence; the files hold all."""
_HUES = 6


class AssetFilter(NamedTuple):
    """What the list is narrowed to. Empty fields narrow nothing."""

    kind: str = ""
    school: str = ""
    """Its name; `-` is gear at no school."""


def replacements_page(frame: Frame, plan: ReplacementPlan | None, wanted: AssetFilter, number: int) -> Html:
    """`number`: page from 1; one beyond the last is the last."""
    if plan is None:
        return page(
            frame, "Replacements", "/replacements", tag("h1", "Replacements"), empty("No ranking yet.")
        )
    found = [
        (position, asset)
        for position, asset in enumerate(plan.assets, start=1)
        if wanted.kind in ("", asset.kind) and wanted.school in ("", asset.school or "-")
    ]
    number = min(number, last_page(len(found), SHOWN))
    return page(
        frame,
        "Replacements",
        "/replacements",
        tag("h1", "What to replace first"),
        tag(
            "p",
            f"{len(plan.assets):,} assets ranked under the policy “{plan.policy}”, made ",
            moment(plan.at, frame.now),
            ". A score is the sum of its parts, 100 at most; open a row for the evidence.",
            class_="lead",
        ),
        tag(
            "p",
            tag("strong", "Simulated history went into this list. "),
            "It shows how a ranking looks, not what to buy.",
            class_="banner",
            role="note",
        )
        if plan.simulated
        else None,
        _form(plan, wanted),
        _ranking(plan, found[(number - 1) * SHOWN : number * SHOWN], frame.now)
        if found
        else empty("No asset matches. Clear a filter to see more."),
        page_links("replacements", wanted._asdict(), number, last_page(len(found), SHOWN)),
        refresh=False,
    )


def _form(plan: ReplacementPlan, wanted: AssetFilter) -> Html:
    kinds = sorted({asset.kind for asset in plan.assets if asset.kind})
    schools = sorted({asset.school or "-" for asset in plan.assets})
    return tag(
        "form",
        select("School", "school", [(name, _school(name)) for name in schools], wanted.school),
        select("Kind", "kind", [(kind, kind) for kind in kinds], wanted.kind),
        tag("button", "Show", type="submit"),
        tag("a", "Clear", href="/replacements", class_="clear") if wanted != AssetFilter() else None,
        class_="filter",
        method="get",
        action="/replacements",
        role="search",
    )


def _school(name: str) -> str:
    return name if name not in ("", "-") else "at no school"


def _ranking(plan: ReplacementPlan, shown: Sequence[tuple[int, RankedAsset]], now: float) -> Html:
    """`shown`: assets with their positions in the whole list."""
    names = list(dict.fromkeys(part.name for asset in plan.assets for part in asset.contributions))
    hues = {name: index % _HUES for index, name in enumerate(names)}
    top = max((asset.score for asset in plan.assets), default=1.0) or 1.0
    return section(
        "Ranking",
        tag(
            "ul",
            [tag("li", _swatch(hues[name]), name) for name in names],
            class_="legend",
            aria_label="Parts of a score",
        ),
        tag("ol", [_asset(asset, position, top, hues, now) for position, asset in shown], class_="ranking"),
        aside=[
            tag("a", "CSV", href="/api/v1/plan/replacements?format=csv"),
            " · ",
            tag("a", "JSON", href="/api/v1/plan/replacements"),
            " of the whole list",
        ],
    )


def _asset(asset: RankedAsset, number: int, top: float, hues: dict[str, int], now: float) -> Html:
    about = [" ".join(w for w in (asset.vendor, asset.model) if w), asset.kind, _school(asset.school)]
    summary = tag(
        "summary",
        tag("span", asset.rank, class_="rank", aria_label=f"Rank {asset.rank}"),
        tag(
            "span", tag("strong", asset.name), tag("small", " · ".join(w for w in about if w)), class_="asset"
        ),
        _stack(asset, top, hues),
        tag("span", f"{asset.score:.1f}", class_="score", aria_label=f"Score {asset.score:.1f}"),
    )
    parts = sorted(asset.contributions, key=lambda part: -part.points)
    silent = [part.name for part in parts if not part.points and not part.evidence]
    facts: list[Child] = []
    if asset.device is not None:
        facts.append(tag("a", "Open the device", href=href("devices", asset.device)))
    if asset.serial:
        facts.append(tag("span", "Serial ", tag("span", asset.serial, class_="mono")))
    if silent:
        facts.append(tag("span", f"No points for {', '.join(silent)}"))
    if asset.unknown:
        facts.append(tag("span", f"Unknown, and would change the score: {', '.join(asset.unknown)}"))
    details = tag(
        "div",
        [_part(part, hues[part.name], now) for part in parts if part.points or part.evidence],
        tag("p", [fragment(fact, " ") for fact in facts], class_="more") if facts else None,
        class_="parts",
    )
    return tag("li", tag("details", summary, details), id=f"rank-{number}")


def _stack(asset: RankedAsset, top: float, hues: dict[str, int]) -> Html:
    pieces: list[Html] = []
    start = 0.0
    for part in asset.contributions:
        width = part.points / top * 100
        if width > 0:
            pieces.append(
                tag(
                    "rect",
                    class_=f"hue{hues[part.name]}",
                    x=round(start, 2),
                    y=0,
                    width=round(width, 2),
                    height=8,
                )
            )
        start += width
    words = ", ".join(f"{part.name} {part.points:.1f}" for part in asset.contributions if part.points)
    return tag(
        "svg",
        pieces,
        class_="stack",
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        role="img",
        aria_label=words or "no points",
    )


def _part(part: Contribution, hue: int, now: float) -> Html:
    return tag(
        "div",
        tag("h3", _swatch(hue), part.name, tag("span", f"{part.points:.1f} points", class_="points")),
        tag("ul", [_evidence(item, now) for item in part.evidence]) if part.evidence else None,
        class_="part",
    )


def _evidence(item: EvidenceItem, now: float) -> Html:
    """The text tells the number, rounded; the JSON has it in full."""
    at: Child = [", ", moment(item.at, now)] if item.at is not None else None
    return tag("li", item.text, tag("small", item.source, at))


def _swatch(hue: int) -> Html:
    return tag(
        "svg",
        tag("rect", class_=f"hue{hue}", x=0, y=0, width=10, height=10, rx=2),
        class_="swatch",
        viewBox="0 0 10 10",
        aria_hidden="true",
        focusable="false",
    )
