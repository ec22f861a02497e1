"""Names: of tables and columns in a profile, and of what a person sees of a row."""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from collections.abc import Collection, Sequence

from netwatch.drafting.groups import Column, Group, dotted
from netwatch.drafting.words import Words

__all__ = ["alias", "label_of", "literal", "shared_words", "title_of"]

RESERVED = frozenset(
    {"index", "context", "label", "sys_descr", "sys_object_id", "sys_name", "sys_location", "sys_contact"}
)
"""What a column of a draft may not be called: it means something in expressions."""


def alias(words: Sequence[str], taken: Collection[str]) -> str:
    """A name for YAML that is not taken: `fan_status`, then `fan_status_2`."""
    name = re.sub(r"[^a-z0-9]+", "_", "_".join(words).lower()).strip("_")
    if not name or not name[0].isalpha():
        name = f"v_{name}".rstrip("_")
    if keyword.iskeyword(name) or name in RESERVED:
        name = f"{name}_value"
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def literal(text: str) -> str:
    """Text as a quoted constant of an expression; a pattern stays as it was written if it can."""
    plain = f"'{text}'"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python frowns at `\d` in a plain string
            same = ast.literal_eval(plain) == text
    except (SyntaxError, ValueError):
        same = False
    return plain if same else repr(text)


def shared_words(names: Sequence[Sequence[str]]) -> int:
    """How many words at the start are the same in all names; each keeps at least one of its own."""
    if len(names) < 2:
        return 0
    limit = min(len(words) for words in names) - 1
    count = 0
    while count < limit and len({words[count] for words in names}) == 1:
        count += 1
    return count


def title_of(group: Group, prefix: Sequence[str], words: Words) -> list[str]:
    """Words of what a row of the group is: `acmeFanTrayTable` below `acme...` is a fan tray."""
    whole = found = words.spaced(group.name).split()
    start = 0
    while start < len(prefix) and start < len(found) - 1 and found[start] == prefix[start]:
        start += 1
    found = found[start:]
    if all(word in words.empty_words for word in found):
        found = whole[:]
    while len(found) > 1 and found[-1] in words.empty_words:
        found.pop()
    return found


def label_of(group: Group, others: Sequence[Group], words: Words) -> tuple[Column, str] | None:
    """The column that names the rows, and its OID if it stands in another table with the same index."""
    found = _best([*group.columns, *group.read], group, words)
    if found is not None:
        return found, ""
    if not group.index:
        return None
    rows = set(group.rows)
    for other in others:
        if other is not group and other.index == group.index and rows <= set(other.rows):
            found = _best([*other.columns, *other.read], other, words)
            if found is not None:
                return found, dotted(found.object.oid)
    return None


def _best(columns: Sequence[Column], group: Group, words: Words) -> Column | None:
    ranked: list[tuple[int, int, Column]] = []
    for column in columns:
        name = words.spaced(column.name)
        if column.object.type != "OCTET STRING" or not _names_rows(column, len(group.rows)):
            continue
        rest = re.sub(words.not_names, "", name)
        for rank, pattern in enumerate(words.names):
            if pattern.search(rest) and not _spoiled(pattern, name, words):
                ranked.append((rank, len(ranked), column))
                break
    return min(ranked)[2] if ranked else None


def _spoiled(pattern: re.Pattern[str], name: str, words: Words) -> bool:
    """`vendor name` names no row, but `vendor port name` might: what matters stands just before."""
    last = max(pattern.finditer(name), key=lambda found: found.end(), default=None)
    return last is None or any(found.end() >= last.start() - 1 for found in words.not_names.finditer(name))


def _names_rows(column: Column, rows: int) -> bool:
    """Every row has a text, and they are not all the same."""
    texts = column.texts
    if len(texts) < max(1, rows * 0.6) or not all(text.isprintable() for text in texts):
        return False
    return rows == 1 or len(set(texts)) > 1
