"""The catalogue of Known Exploited Vulnerabilities (KEV) of CISA, in its own JSON, as facts of flaws.

Its schema is https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities_schema.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from netwatch.documents import MAX_BYTES, Document, validate
from netwatch.errors import ConfigError, Problem
from netwatch.planning.lifecycle.flaws import Flaw
from netwatch.planning.lifecycle.importing import FactImport, write_facts
from netwatch.planning.lifecycle.patterns import matches

__all__ = ["import_kev"]

_REQUIRED = ("cveID", "vendorProject", "product", "dateAdded")
_NO_PRODUCT = re.compile(r"multiple\b.*|.*\bmultiple products?", re.IGNORECASE)


def import_kev(path: Path, vendors: Sequence[str] = ()) -> FactImport:
    """Reads a catalogue. `vendors`: shell patterns of the makers to take; none: all. Rows that name no
    product (`Multiple Products`) can't be matched and are told. Raises ConfigError, a Problem per mistake."""
    catalogue = _read(path)
    file = str(path)
    problems: list[Problem] = []
    released = _day(catalogue.get("dateReleased"), file, "dateReleased", problems)
    entries = catalogue.get("vulnerabilities")
    if not isinstance(entries, list) or not entries:
        hint = "expected known_exploited_vulnerabilities.json of cisa.gov"
        raise ConfigError([Problem(file, "vulnerabilities", "is no list of flaws", hint)])
    told = catalogue.get("count")
    if told is not None and told != len(entries):
        hint = "fetch it again: it was cut off or edited"
        problems.append(Problem(file, "count", f"{told}, but there are {len(entries)}", hint))
    source = f"KEV catalogue of CISA, version {catalogue.get('catalogVersion') or 'unknown'}"
    flaws: dict[tuple[str, str, tuple[str, ...]], Flaw] = {}
    nameless = 0
    for number, entry in enumerate(entries):
        flaw = _flaw(entry, f"vulnerabilities[{number}]", file, source, released, problems)
        if flaw is None or (vendors and not _wanted(flaw, vendors)):
            continue
        if not flaw.products:
            nameless += 1
        else:
            flaws[flaw.cve, flaw.vendor, flaw.products] = flaw
    if problems:
        raise ConfigError(problems)
    rows = sorted(flaws.values(), key=lambda one: (one.vendor, one.cve, one.products))
    head = f"# {source}. The next import replaces this file.\n"
    ignored = (f"{nameless} flaws that name no product",) if nameless else ()
    return FactImport(head + write_facts("flaws", map(_written, rows)), len(rows), ignored)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError([Problem(str(path), "", f"larger than {MAX_BYTES >> 20} MiB")])
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"can't be read: {error.strerror}")]) from None
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise ConfigError([Problem(str(path), "", "is no JSON", "fetch it again", line)]) from None
    if not isinstance(data, dict):
        raise ConfigError(
            [Problem(str(path), "", "is no catalogue", "expected an object with vulnerabilities")]
        )
    return data


def _flaw(
    entry: Any, path: str, file: str, source: str, released: date | None, problems: list[Problem]
) -> Flaw | None:
    if not isinstance(entry, dict):
        problems.append(Problem(file, path, "is no object"))
        return None
    wrong = [name for name in _REQUIRED if not isinstance(entry.get(name), str) or not entry[name].strip()]
    problems += [Problem(file, f"{path}.{name}", "is missing", "fetch the catalogue again") for name in wrong]
    added = None if wrong else _day(entry["dateAdded"], file, f"{path}.dateAdded", problems)
    if added is None or released is None:
        return None
    facts = {
        "cve": entry["cveID"].strip(),
        "vendor": entry["vendorProject"].strip().lower().replace("[", "[[]") + "*",
        "products": _products(entry["product"]) or ["?"],
        "name": str(entry.get("vulnerabilityName") or "").strip(),
        "added": added,
        "ransomware": str(entry.get("knownRansomwareCampaignUse")).lower() == "known",
        "source": source,
        "checked_on": released,
    }
    try:
        flaw = validate(Flaw, Document(file, facts, ""))
    except ConfigError as error:
        problems += [Problem(file, f"{path}.{one.path}", one.message, one.hint) for one in error.problems]
        return None
    return flaw.model_copy(update={"products": ()}) if flaw.products == ("?",) else flaw


def _products(text: str) -> list[str]:
    """`IOS and IOS XE Software` names two."""
    if _NO_PRODUCT.fullmatch(text.strip()):
        return []
    parts = re.split(r",\s*(?:and\s+)?|\s+and\s+", text.strip())
    return [
        re.sub(r"\s+(software|firmware)$", "", part.strip(), flags=re.IGNORECASE)
        for part in parts
        if part.strip()
    ]


def _day(value: Any, file: str, path: str, problems: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        problems.append(Problem(file, path, f"expected a date, found {value!r}", "fetch the catalogue again"))
        return None


def _wanted(flaw: Flaw, vendors: Sequence[str]) -> bool:
    return any(matches(one, flaw.vendor.rstrip("*")) for one in vendors)


def _written(one: Flaw) -> Mapping[str, Any]:
    return {
        "cve": one.cve,
        "vendor": one.vendor,
        "products": list(one.products),
        "name": one.name,
        "added": one.added,
        "ransomware": one.ransomware,
        "source": one.source,
        "checked_on": one.checked_on,
    }
