"""The ranked replacement list, each score open to its evidence."""

from __future__ import annotations

from netwatch.model import Contribution, EvidenceItem, RankedAsset, ReplacementPlan
from netwatch.web.html import Child, Html, fragment, href, tag
from netwatch.web.pages.layout import Frame, empty, moment, page, section
from netwatch.web.units import measured, plain

__all__ = ["SHOWN", "replacements_page"]

SHOWN = 200
"""Ranks on the page; the files hold all."""
_HUES = 6


def replacements_page(frame: Frame, plan: ReplacementPlan | None) -> Html:
    if plan is None:
        return page(
            frame, "Replacements", "/replacements", tag("h1", "Replacements"), empty("No ranking yet.")
        )
    names = list(dict.fromkeys(part.name for asset in plan.assets for part in asset.contributions))
    hues = {name: index % _HUES for index, name in enumerate(names)}
    top = max((asset.score for asset in plan.assets), default=1.0) or 1.0
    more = len(plan.assets) - SHOWN
    return page(
        frame,
        "Replacements",
        "/replacements",
        tag("h1", "What to replace first"),
        tag(
            "p",
            f"{len(plan.assets):,} assets ranked under the policy “{plan.policy}”, made ",
            moment(plan.at, frame.now),
            ". A score is the sum of its parts; open a row for the evidence.",
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
        section(
            "Ranking",
            tag(
                "ul",
                [tag("li", _swatch(hues[name]), name) for name in names],
                class_="legend",
                aria_label="Parts of a score",
            ),
            tag(
                "ol",
                [
                    _asset(asset, number, top, hues, frame.now)
                    for number, asset in enumerate(plan.assets[:SHOWN], start=1)
                ],
                class_="ranking",
            ),
            aside=[
                tag("a", "CSV", href="/api/v1/plan/replacements?format=csv"),
                " · ",
                tag("a", "JSON", href="/api/v1/plan/replacements"),
            ],
        ),
        tag("p", f"{more:,} more are in the CSV and JSON files.", class_="lead") if more > 0 else None,
        refresh=False,
    )


def _asset(asset: RankedAsset, number: int, top: float, hues: dict[str, int], now: float) -> Html:
    about = [" ".join(w for w in (asset.vendor, asset.model) if w), asset.kind, asset.school or "no school"]
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
    facts: list[Child] = []
    if asset.device is not None:
        facts.append(tag("a", "Open the device", href=href("devices", asset.device)))
    if asset.serial:
        facts.append(tag("span", "Serial ", tag("span", asset.serial, class_="mono")))
    if asset.unknown:
        facts.append(tag("span", f"Unknown, and would change the score: {', '.join(asset.unknown)}"))
    details = tag(
        "div",
        [_part(part, hues[part.name], now) for part in parts],
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
    source: list[Child] = [item.source]
    if item.value is not None:
        value = measured(item.value, item.unit) if item.unit else plain(item.value)
        source += [": ", value]
    if item.at is not None:
        source += [", ", moment(item.at, now)]
    return tag("li", item.text, tag("small", source))


def _swatch(hue: int) -> Html:
    return tag(
        "svg",
        tag("rect", class_=f"hue{hue}", x=0, y=0, width=10, height=10, rx=2),
        class_="swatch",
        viewBox="0 0 10 10",
        aria_hidden="true",
        focusable="false",
    )
