"""CSV files as spreadsheets write them: one of three separators, a byte order mark, Windows line ends."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from netwatch.documents import MAX_BYTES, did_you_mean
from netwatch.errors import ConfigError, Problem

__all__ = ["DateOrder", "Table", "ambiguous_day", "map_columns", "parse_day", "read_table"]


@dataclass(frozen=True, slots=True)
class Table:
    """One CSV file. Cells have no outer blanks."""

    file: str
    line: int
    """Of the header."""
    header: tuple[str, ...]
    """As it is written."""
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    """(line, cells) of each row that is not empty, as many cells as the header has."""


def read_table(path: Path, problems: list[Problem]) -> Table:
    """Reads a file. Rows that are longer than the header go into `problems`. Raises ConfigError for what
    can't be read, is too large or not UTF-8."""
    file, text = str(path), _text(path)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)  # it depends on the country
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: tuple[str, ...] = ()
    head, begin = 1, 1
    rows: list[tuple[int, tuple[str, ...]]] = []
    try:
        for row in reader:
            line, begin = begin, reader.line_num + 1
            cells = tuple(cell.strip() for cell in row)
            if not any(cells):
                continue
            if not header:
                header, head = cells, line
            elif any(cells[len(header) :]):
                message = f"has {len(cells)} cells, the header {len(header)}"
                problems.append(Problem(file, "", message, "quote cells that hold the separator", line))
            else:
                filled = (*cells, *("",) * (len(header) - len(cells)))
                rows.append((line, filled[: len(header)]))
    except csv.Error as error:
        problems.append(Problem(file, "", f"is not valid CSV: {error}", line=begin))
    return Table(file, head, header, tuple(rows))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            message = f"larger than {MAX_BYTES >> 20} MiB"
            raise ConfigError([Problem(str(path), "", message, "split the file")])
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"can't be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        hint = "save it as CSV UTF-8"
        raise ConfigError([Problem(str(path), "", "is not UTF-8", hint, line)]) from None


def map_columns(
    table: Table, spellings: Mapping[str, Sequence[str]], given: Mapping[str, str], problems: list[Problem]
) -> tuple[dict[str, int], tuple[str, ...]]:
    """(position by key, headers that mean nothing here). Headers are compared without case, blanks and
    punctuation; the first spelling of a key that is there counts. `given`: keys by header, said by a person;
    an empty key leaves the column out."""
    bare = [_bare(name) for name in table.header]
    found: dict[str, int] = {}
    used: set[int] = set()
    for name, key in given.items():
        if _bare(name) not in bare:
            hint = did_you_mean(name, table.header)
            problems.append(Problem(table.file, "--column", f"no column {name!r}", hint, table.line))
        elif key and key not in spellings:
            hint = did_you_mean(key, spellings)
            problems.append(Problem(table.file, "--column", f"unknown key {key!r} for {name!r}", hint))
        else:
            at = bare.index(_bare(name))
            used.add(at)
            if key:
                found[key] = at
    for key, names in spellings.items():
        for name in (key, *names):
            at = bare.index(_bare(name)) if _bare(name) in bare else -1
            if key not in found and at >= 0 and at not in used:
                found[key] = at
                used.add(at)
    ignored = tuple(name or f"column {at + 1}" for at, name in enumerate(table.header) if at not in used)
    return found, ignored


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold()).replace("#", "")


class DateOrder(StrEnum):
    """How dates stand in a file. `7/8/2026` is two days: nobody guesses which."""

    ISO = "iso"
    """2026-07-08, also with a time behind."""
    MDY = "mdy"
    """7/8/2026 is July 8."""
    DMY = "dmy"
    """7/8/2026 is August 7; also 7.8.2026."""


def parse_day(text: str, order: DateOrder) -> date:
    """Raises ValueError. Years have four digits."""
    if re.match(r"\d{4}-\d{2}-\d{2}($|[T ])", text):
        return date.fromisoformat(text[:10])
    if named := re.fullmatch(r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ ,-]+(\d{4})", text):
        return _named(named[1], named[2], named[3])
    if named := re.fullmatch(r"([A-Za-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})", text):
        return _named(named[2], named[1], named[3])
    numbers = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", text)
    if numbers is None or order is DateOrder.ISO:
        raise ValueError(text)
    first, second, year = map(int, numbers.groups())
    return date(year, first, second) if order is DateOrder.MDY else date(year, second, first)


def ambiguous_day(text: str) -> bool:
    """Whether it is a date once somebody says in which order."""
    return re.fullmatch(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}", text) is not None


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _named(day: str, month: str, year: str) -> date:
    return date(int(year), _MONTHS.index(month.lower()) + 1, int(day))
