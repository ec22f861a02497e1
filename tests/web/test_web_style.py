"""The stylesheet keeps WCAG 2.1 AA: text against every ground that it stands on, in both schemes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import netwatch.web

CSS = (Path(netwatch.web.__file__).parent / "static" / "netwatch.css").read_text(encoding="utf-8")

_PAIRS = [
    *[
        (text, ground)
        for text in ("ink", "soft", "link")
        for ground in ("ground", "paper", "raised", "info-bg")
    ],
    *[(name, f"{name}-bg") for name in ("good", "warn", "bad", "dim", "info")],
    *[(name, "paper") for name in ("good", "warn", "bad")],
    ("soft", "dim-bg"),
    ("ink", "dim-bg"),
    ("bad", "ground"),
    ("paper", "bad"),  # the number beside `Alerts`
    ("paper", "accent"),  # buttons
]
_GRAPHICS = [(name, "paper") for name in ("accent", "fill", "fill-bad")]


def _schemes() -> dict[str, dict[str, str]]:
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in CSS.split(":root {")[1:3]
    )
    return {"light": light, "dark": light | dark}


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.1."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), _PAIRS)
def test_text_can_be_read(scheme: str, text: str, ground: str) -> None:
    colours = _schemes()[scheme]
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("part", "ground"), _GRAPHICS)
def test_graphics_can_be_seen(scheme: str, part: str, ground: str) -> None:
    colours = _schemes()[scheme]
    assert contrast(colours[part], colours[ground]) >= 3.0


def test_stylesheet_loads_nothing_from_elsewhere() -> None:
    assert "url(" not in CSS
    assert "@import" not in CSS
    assert CSS.count("{") == CSS.count("}")


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
