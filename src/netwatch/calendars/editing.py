"""Single closures in a calendar file that people edit too: one line each, all else stays as it is."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection
from datetime import date
from typing import Any

from netwatch.documents import Document, parse_yaml
from netwatch.errors import ConfigError, Problem

__all__ = ["add_closure", "remove_closure"]

_HEAD = "# Places that are closed: see `netwatch calendar close --help` and docs/inventory.md.\n"


def add_closure(
    text: str,
    file: str,
    place: str,
    first: date,
    last: date,
    day_type: str = "none",
    reason: str = "",
    *,
    out_of_service: bool = False,
) -> tuple[str, str]:
    """(the text of a calendar file with one more closure, the line that was added).

    Raises ConfigError where a line can't be added without touching others.
    """
    if last < first:
        raise ConfigError([Problem("", "", f"the last day {last} lies before the first, {first}")])
    days = f"date: {first}" if first == last else f"first: {first}, last: {last}"
    line = f"- {{place: {json.dumps(place)}, {days}"
    if day_type != "none":
        line += f", day_type: {json.dumps(day_type, ensure_ascii=False)}"
    if reason:
        line += f", reason: {json.dumps(reason, ensure_ascii=False)}"
    line += ", out_of_service: true}" if out_of_service else "}"
    before = _closures(parse_yaml(text, file))
    body = text if not text or text.endswith("\n") else text + "\n"
    if before is None:
        out = f"{body or _HEAD}closures:\n  {line}\n"
    elif not before:
        out = _filled(body, line)
    else:
        rows = body.splitlines()
        at = parse_yaml(text, file).line_of(("closures", 0)) or 0
        indent = rows[at - 1][: len(rows[at - 1]) - len(rows[at - 1].lstrip())]
        rows.insert(at - 1, indent + line)  # the newest first: whoever looks into the file sees it
        out = "\n".join(rows) + "\n"
    _same_but_for(text, out, file, 1, line)
    return out, line


def remove_closure(text: str, file: str, places: Collection[str], day: date) -> tuple[str, list[str]]:
    """(the text without the closures of one of these places on that day, the lines that were taken out)."""
    document = parse_yaml(text, file)
    rows = text.splitlines()
    gone: list[int] = []
    for number, entry in enumerate(_closures(document) or []):
        if not isinstance(entry, dict) or str(entry.get("place", "")).strip("/") not in places:
            continue
        first, last = entry.get("date", entry.get("first")), entry.get("date", entry.get("last"))
        if str(first) <= str(day) <= str(last):
            gone.append((document.line_of(("closures", number)) or 0) - 1)
    if not gone:
        return text, []
    kept = [row for number, row in enumerate(rows) if number not in gone]
    if len(gone) == len(_closures(document) or []):
        kept = [
            row.replace("closures:", "closures: []", 1) if row.startswith("closures:") else row
            for row in kept
        ]
    out = "\n".join(kept) + "\n"
    _same_but_for(text, out, file, -len(gone), rows[gone[0]].strip())
    return out, [rows[number].strip() for number in gone]


def _filled(body: str, line: str) -> str:
    """In the place of an empty list."""
    out = []
    for row in body.splitlines():
        if row.startswith("closures:"):
            comment = row.partition("#")[1:]
            out += ["closures:" + (f"  {''.join(comment)}" if comment[0] else ""), f"  {line}"]
        else:
            out.append(row)
    return "\n".join(out) + "\n"


def _closures(document: Document) -> list[Any] | None:
    """None where the file has no such key."""
    if not isinstance(document.data, dict) or "closures" not in document.data:
        return None
    found = document.data["closures"]
    return found if isinstance(found, list) else []


def _same_but_for(before: str, after: str, file: str, more: int, line: str) -> None:
    """Raises ConfigError if the edit did anything else than it should."""
    old, new = parse_yaml(before, file), None
    with contextlib.suppress(ConfigError):
        new = parse_yaml(after, file)
    fine = new is not None and len(_closures(new) or []) - len(_closures(old) or []) == more
    if fine and new is not None:
        rest = [{k: v for k, v in (d.data or {}).items() if k != "closures"} for d in (old, new)]
        fine = rest[0] == rest[1]
    if not fine:
        hint = f"edit the file by hand; the line is: {line}"
        raise ConfigError([Problem(file, "closures", "is not written one closure per line", hint)])
