"""How single values stand in an inspect document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["Json", "known", "oid_of", "plain", "whole"]

Json = dict[str, Any]

_OID = re.compile(r"\d+(\.\d+)+")


def known(fields: Mapping[str, Any]) -> Json:
    """Without what was not read."""
    return {name: value for name, value in fields.items() if value is not None}


def plain(value: float | None) -> float | int | None:
    """Without the noise of binary fractions; whole numbers as such."""
    if value is None or isinstance(value, int):
        return value
    if value.is_integer() and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.10g}")


def whole(value: float | None) -> int | None:
    """For what is counted."""
    return None if value is None else round(value)


def oid_of(origin: str | None) -> str | None:
    """The origin of a reading if it is an OID, and no command or JSON pointer."""
    return origin if origin and _OID.fullmatch(origin) else None
