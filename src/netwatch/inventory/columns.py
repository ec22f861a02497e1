"""How registers of schools and tools call what netwatch knows of an asset."""

from __future__ import annotations

import re
from collections.abc import Mapping

from netwatch.documents import did_you_mean
from netwatch.model import AssetState
from netwatch.tables import DateOrder, ambiguous_day, parse_day

__all__ = ["SPELLINGS", "cell_value"]

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "serial": ("serial number", "serial no", "s/n", "sn", "serial num"),
    "device": ("device name", "hostname", "host name", "host", "switch name", "system name"),
    "vendor": ("manufacturer", "make", "maker", "mfr", "mfg", "brand"),
    "model": ("model name", "model number", "model no", "product name", "device type"),
    "sku": ("part number", "part no", "part #", "product id", "pid", "order number", "product number"),
    "asset_tag": (
        *("asset number", "asset no", "asset id", "tag", "tag number", "tag #", "property tag"),
        *("inventory number", "barcode", "inventory id"),
    ),
    "installed": (
        *("install date", "installation date", "date installed", "installed on", "in service date"),
        *("date in service", "in service", "placed in service", "date placed in service"),
    ),
    "cost": ("purchase price", "purchase cost", "unit cost", "price", "acquisition cost", "unit price"),
    "currency": ("currency code",),
    "fund": ("funding source", "fund source", "source of funds", "funding", "fund name"),
    "award": (
        "frn",
        "funding request number",
        "award id",
        "award number",
        "fain",
        "grant number",
        "grant id",
    ),
    "warranty_until": (
        *("warranty end", "warranty end date", "warranty expiration", "warranty expiration date"),
        *("warranty expires", "warranty expiry", "warranty"),
    ),
    "support_until": (
        *("contract end", "contract end date", "contract expiration", "support end", "support end date"),
        *("support expires", "coverage end date", "maintenance end date"),
    ),
    "contract": ("contract number", "contract no", "contract #", "contract id", "service contract"),
    "state": ("status", "asset status", "asset state"),
    "verified": (
        *("last verified", "last inventoried", "last inventory", "inventory date", "last audit"),
        *("last audited", "date verified", "physical inventory date"),
    ),
    "place": ("location", "place path", "room", "site", "building", "school"),
    "disposed": (
        *("disposal date", "date disposed", "date of disposal", "disposed on", "retired on"),
        *("surplus date", "retirement date"),
    ),
}
"""Other names of the keys of an asset, the most exact first. A date of purchase is none of installation:
whoever has no other says so with --column."""

_DAYS = frozenset({"installed", "warranty_until", "support_until", "verified", "disposed"})
_UNKNOWN = frozenset({"", "-", "--", "n/a", "na", "none", "null", "unknown", "tbd", "?"})
_AMOUNT = re.compile(r"\$? ?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?")
_STATES = {
    AssetState.IN_USE: ("in use", "active", "deployed", "in service", "installed", "assigned"),
    AssetState.SPARE: ("spare", "in stock", "stock", "storage", "in storage", "in warehouse"),
    AssetState.CASCADED: ("cascaded", "redeployed", "repurposed"),
    AssetState.DISPOSED: ("disposed", "disposed of", "retired", "surplus", "surplused", "recycled", "sold"),
}
_STATE_OF = {word: state for state, words in _STATES.items() for word in words}


def cell_value(key: str, text: str, order: DateOrder) -> str:
    """A cell as an inventory file writes it; empty for what says nothing. Raises ValueError whose arguments
    are what is wrong, and what to do about it."""
    if text.casefold() in _UNKNOWN:
        return ""
    if key in _DAYS:
        return _day(text, order)
    if key == "cost":
        amount = _AMOUNT.fullmatch(text)
        if amount is None:
            raise ValueError(
                f"expected an amount such as 1234.50, found {text!r}", "a number, or $ and a number"
            )
        return amount[1].replace(",", "") + (amount[2] or "")
    if key == "currency":
        return text.upper()
    if key == "state":
        word = re.sub(r"[\s_-]+", " ", text.casefold())
        if word not in _STATE_OF:
            hint = did_you_mean(word, _STATE_OF) or f"one of {', '.join(AssetState)}"
            raise ValueError(f"unknown state {text!r}", hint)
        return str(_STATE_OF[word])
    return text


def _day(text: str, order: DateOrder) -> str:
    try:
        return parse_day(text, order).isoformat()
    except ValueError:
        hint = "write it as YYYY-MM-DD"
        if order is DateOrder.ISO and ambiguous_day(text):
            hint += ", or say with --dates whether the month (mdy) or the day (dmy) stands first"
        raise ValueError(f"expected a date, found {text!r}", hint) from None
