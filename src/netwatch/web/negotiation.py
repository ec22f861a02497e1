"""Which exposition format a scraper wants (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from netwatch.exposition import CONTENT_TYPE_OPENMETRICS, CONTENT_TYPE_TEXT

__all__ = ["content_type", "wants_openmetrics"]


def content_type(openmetrics: bool) -> str:
    return CONTENT_TYPE_OPENMETRICS if openmetrics else CONTENT_TYPE_TEXT


def wants_openmetrics(accept: str) -> bool:
    """True if `Accept` names OpenMetrics, and text not with a greater weight."""
    weights = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for item in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        if kind in weights:
            weights[kind] = max(weights[kind], _weight(parameters))
    return 0.0 < weights["application/openmetrics-text"] >= weights["text/plain"]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
