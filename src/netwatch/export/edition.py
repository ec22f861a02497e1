"""Editions of a report: what the district reads, and what anybody may read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum

from netwatch.model import Cell, EvidenceItem, Report, ReportRow, Sheet

__all__ = ["Edition", "edition_of"]


class Edition(StrEnum):
    INTERNAL = "internal"
    """Everything."""
    PUBLIC = "public"
    """Public columns only; keys are numbers, evidence is counted."""


_ADDRESS = re.compile(
    r"""\b\d{1,3}(?:\.\d{1,3}){3}\b            # IPv4
      | \b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b  # MAC
      | \b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\b
      | (?:\b[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4} # IPv6
      | ::[0-9a-f]{1,4}\b""",
    re.VERBOSE | re.IGNORECASE,
)
_TELLING = 4
"""Letters from which on a private cell that turns up in a sentence is no coincidence."""
_WORD = re.compile(r"[\w.-]*\w")
_FACT = re.compile(r"[^\W\d_][^\d._@:]*")
"""The name of a fact, as plans call it; those that hold digits or dots may name a device."""
_WITHHELD = "withheld"


def edition_of(report: Report, edition: Edition) -> Report:
    """The report as that edition holds it. The public one is made of what is allowed, not by removing what is
    forbidden: whatever a plan adds later stays private until its column says `public`. Sheets without any
    public column are left out."""
    if edition is Edition.INTERNAL:
        return report
    discreet = _Discreet(_private(report))
    sheets = tuple(
        _sheet(sheet, discreet) for sheet in report.sheets if any(column.public for column in sheet.columns)
    )
    notes = (*discreet(report.notes), "Public edition: without addresses, names of devices or wiring.")
    return replace(report, sheets=sheets, notes=notes)


def _private(report: Report) -> frozenset[str]:
    """Texts that no sentence of the public edition may hold: keys and private cells that no public cell says
    too."""
    hidden: set[str] = set()
    told: set[str] = set()
    for sheet in report.sheets:
        hidden.update(row.key for row in sheet.rows if len(row.key) >= _TELLING)
        for place, column in enumerate(sheet.columns):
            texts = (row.cells[place] for row in sheet.rows)
            (told if column.public else hidden).update(
                text.strip() for text in texts if isinstance(text, str) and len(text.strip()) >= _TELLING
            )
    return frozenset(hidden - told)


def _sheet(sheet: Sheet, discreet: _Discreet) -> Sheet:
    places = [place for place, column in enumerate(sheet.columns) if column.public]
    keys = {sheet.columns[place].key for place in places}
    rows = tuple(
        ReportRow(
            f"{sheet.name}-{number:05d}",
            tuple(_cell(row.cells[place]) for place in places),
            {key: _counted(items) for key, items in row.evidence.items() if key in keys},
            tuple(fact for fact in discreet(row.unknown) if _FACT.fullmatch(fact)),
        )
        for number, row in enumerate(sheet.rows, start=1)
    )
    columns = tuple(sheet.columns[place] for place in places)
    return Sheet(sheet.name, sheet.title, columns, rows, discreet(sheet.notes))


def _cell(cell: Cell) -> Cell:
    """A public column discloses nothing by promise; an address in it is a slip."""
    return _WITHHELD if isinstance(cell, str) and _ADDRESS.search(cell) else cell


class _Discreet:
    """Lets those sentences through that hold neither an address nor a private cell."""

    def __init__(self, private: frozenset[str]) -> None:
        self._words = private
        self._phrases = tuple(text for text in private if not _WORD.fullmatch(text))
        self._known: dict[str, bool] = {}

    def __call__(self, sentences: Iterable[str]) -> tuple[str, ...]:
        return tuple(sentence for sentence in sentences if self._may_pass(sentence))

    def _may_pass(self, sentence: str) -> bool:
        """Rows repeat the same few sentences."""
        if sentence not in self._known:
            self._known[sentence] = not (
                _ADDRESS.search(sentence)
                or self._words.intersection(_WORD.findall(sentence))
                or any(phrase in sentence for phrase in self._phrases)
            )
        return self._known[sentence]


def _counted(items: Sequence[EvidenceItem]) -> tuple[EvidenceItem, ...]:
    """How many facts of which sort there are: words of this module only."""
    measured = sum(item.source.startswith("netwatch_") for item in items)
    kinds = (("measurement", measured), ("recorded fact", len(items) - measured))
    told = [f"{count} {word}{'' if count == 1 else 's'}" for word, count in kinds if count]
    return (EvidenceItem(" and ".join(told), "netwatch"),) if told else ()
