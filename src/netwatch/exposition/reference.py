"""The reference of metrics in docs/metrics.md, made from the catalogue so that it can't go stale."""

from __future__ import annotations

from collections.abc import Iterable

from netwatch.exposition.own import SelfMetrics
from netwatch.model import Catalogue, EntityKind, Family, FamilyType, HistoryPolicy

__all__ = ["BEGIN", "END", "insert", "reference"]

BEGIN = "<!-- begin: made by netwatch.exposition.reference -->"
END = "<!-- end -->"


def reference(catalogue: Catalogue) -> str:
    """Tables of all families in Markdown, by entity kind, then netwatch's own."""
    parts: list[str] = []
    for kind in EntityKind:
        families = [family for family in catalogue.values() if family.entity is kind]
        if families:
            label = "" if kind is EntityKind.DEVICE else f", labelled `{kind.value}`"
            parts.append(f"### {kind.value}\n\nOne series per {_words(kind)}{label}.\n\n{_table(families)}")
    return "\n\n".join([*parts, _own()]) + "\n"


def insert(document: str, text: str) -> str:
    """The document with `text` between its marks. Raises ValueError where they are missing."""
    head, begin, rest = document.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document lacks the marks {BEGIN} and {END}")
    return f"{head}{BEGIN}\n\n{text}\n{END}{tail}"


def _words(kind: EntityKind) -> str:
    return {"pse": "power source (PSE group)", "pse_port": "PoE port", "ssid": "SSID"}.get(
        kind.value, kind.value.replace("_", " ")
    )


def _table(families: Iterable[Family]) -> str:
    rows = [
        "| metric | type | unit | labels | kept for planning | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for family in families:
        labels = family.facts if family.type is FamilyType.INFO else family.labels
        kept = "yes" if family.history is HistoryPolicy.PLANNING else ""
        cells = (
            f"`{family.name}`",
            family.type.value,
            family.unit,
            " ".join(f"`{label}`" for label in labels),
            kept,
            family.help.replace("|", r"\|"),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _own() -> str:
    rows = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for name, kind, text, labels in SelfMetrics().families():
        rows.append(f"| `{name}` | {kind} | {' '.join(f'`{label}`' for label in labels)} | {text} |")
    return "### netwatch itself\n\nWithout the labels of a device.\n\n" + "\n".join(rows)
