"""A report: sheets of rows whose every number can be opened. What plans are told in, whatever the format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from netwatch.model.ranking import EvidenceItem

__all__ = ["FEW", "UNDER_FEW", "Cell", "Report", "ReportColumn", "ReportRow", "Sheet", "Show"]

Cell = str | int | float | bool | date | None
"""None: unknown, which is never 0."""


FEW = 5
"""Fewer people than that in one place are not counted in a report: somebody might know who they are."""
UNDER_FEW = f"under {FEW}"
"""What stands in a cell of counts instead."""


class Show(StrEnum):
    """What a column holds, so that each format shows it in its own way. Values are in base units."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    POINTS = "points"
    """Of a score; multiples of 1/8."""
    RATIO = "ratio"
    """0 to 1, shown in percent."""
    MONEY = "money"
    """In the report's currency."""
    DATE = "date"
    YES = "yes"
    """True or False."""
    YEARS = "years"
    SECONDS = "seconds"
    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes per second"
    """Shown in bits per second, as carriers and makers of switches do."""
    WATTS = "watts"
    GRADE = "grade"
    """A letter, A to F."""


@dataclass(frozen=True, slots=True)
class ReportColumn:
    key: str
    """Stable name in snake_case: header in CSV, key in JSON."""
    title: str
    """For people."""
    show: Show = Show.TEXT
    help: str = ""
    """One sentence, where the title does not say it all."""
    public: bool = False
    """Whether it may stand in an edition for the public: it discloses no address, hostname, firmware or
    topology."""
    aside: bool = False
    """For programs, such as an id, or the number of what another column says in words: it is not printed."""
    blank: str = ""
    """What people read where there is no value, if that is not `unknown`: `no date` of what never fills."""
    metric: str = ""
    """The family of metrics that shows it (`exposition.plans`), in the first sheet of a report."""


@dataclass(frozen=True, slots=True)
class ReportRow:
    key: str
    """What the row is about, the same in every report of its kind: rows of two reports are compared by it."""
    cells: tuple[Cell, ...]
    """One per column."""
    evidence: Mapping[str, tuple[EvidenceItem, ...]] = field(default_factory=dict)
    """By column key: what the cell stands on, the weightiest first."""
    unknown: tuple[str, ...] = ()
    """Facts that are missing and would change the row."""


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    """Slug, unique in its report."""
    title: str
    columns: tuple[ReportColumn, ...]
    rows: tuple[ReportRow, ...]
    """In the order in which they are read: what matters most first."""
    notes: tuple[str, ...] = ()
    """What a reader has to know to read it right."""

    def __post_init__(self) -> None:
        keys = [column.key for column in self.columns]
        if len(set(keys)) != len(keys):
            raise ValueError(f"sheet {self.name}: two columns have one key")
        for row in self.rows:
            if len(row.cells) != len(keys):
                raise ValueError(
                    f"sheet {self.name}, row {row.key}: {len(row.cells)} cells, {len(keys)} columns"
                )
            if not row.evidence.keys() <= set(keys):
                raise ValueError(f"sheet {self.name}, row {row.key}: evidence for a column that is not there")

    def place(self, key: str) -> int:
        """The position of a column. Raises KeyError."""
        for place, column in enumerate(self.columns):
            if column.key == key:
                return place
        raise KeyError(key)

    def column(self, key: str) -> tuple[Cell, ...]:
        """All cells of a column. Raises KeyError."""
        place = self.place(key)
        return tuple(row.cells[place] for row in self.rows)


@dataclass(frozen=True, slots=True)
class Report:
    name: str
    """Slug of its kind: `replacements`, `wireless`, `capacity`, `equity`, `costs` ..."""
    title: str
    at: float
    """Wall seconds for which it was made."""
    sheets: tuple[Sheet, ...]
    """The first is the one that tables and CSV show."""
    policy: str = ""
    """Name of the policy it was made under."""
    currency: str = ""
    """ISO 4217, of money in it."""
    simulated: bool = False
    """True if simulated history went into it."""
    notes: tuple[str, ...] = ()

    def sheet(self, name: str) -> Sheet:
        """Raises KeyError."""
        for one in self.sheets:
            if one.name == name:
                return one
        raise KeyError(name)
