"""Reads single clauses of MIB modules with pysmi's parser: syntax, units, index. Needs the extra `mibs`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from netwatch.errors import MissingExtra

__all__ = ["Clause", "ClauseParser", "Syntax"]


@dataclass(frozen=True, slots=True)
class Syntax:
    """What a SYNTAX or a type says, its own words only: a name that stands for another type stays a name."""

    type: str
    """INTEGER, OCTET STRING, Gauge32 ... or the name of a textual convention; SEQUENCE OF for a table."""
    labels: tuple[tuple[str, int], ...] = ()
    """Of an enumeration or of BITS."""
    hint: str = ""
    """DISPLAY-HINT."""


@dataclass(frozen=True, slots=True)
class Clause:
    """An OBJECT-TYPE."""

    syntax: Syntax
    units: str = ""
    access: str = ""
    description: str = ""
    """To look for a scale in; never copied to a draft."""
    index: tuple[str, ...] = ()
    augments: str = ""


class ClauseParser:
    """pysmi behind two questions. Raises MissingExtra where it is not installed."""

    def __init__(self) -> None:
        try:
            from pysmi.error import PySmiError
            from pysmi.parser.dialect import smi_v1_relaxed
            from pysmi.parser.smi import parserFactory
        except ImportError:
            raise MissingExtra("pysmi", "mibs") from None
        self._refusal: type[Exception] = PySmiError
        self._parser = parserFactory(**smi_v1_relaxed)()

    def object_type(self, text: str) -> Clause | None:
        """An OBJECT-TYPE clause; None if even without its prose it can't be read."""
        for form in (text, _mended(text)):
            found = self._declaration(form)
            if found is not None and found[0] == "objectTypeClause":
                return _clause(found)
        return None

    def type_declaration(self, text: str) -> Syntax | None:
        """`Name ::= TEXTUAL-CONVENTION ... SYNTAX ...` or `Name ::= syntax`; None if it can't be read."""
        for form in (text, _mended(text)):
            found = self._declaration(form)
            if found is not None and found[0] == "typeDeclaration" and found[2] is not None:
                right = found[2]
                hint = right[1][1] if len(right) == 6 and right[1] else ""
                return _syntax(right[-1], hint)
        return None

    def _declaration(self, text: str) -> tuple[Any, ...] | None:
        try:
            modules = self._parser.parse(f"X DEFINITIONS ::= BEGIN\n{text}\nEND\n")
        except self._refusal:
            return None
        declarations = modules[0][3] if modules else None
        return declarations[0] if declarations else None


_REFERENCE = re.compile(r'REFERENCE\s*"[^"]*"')
_DEFAULT = re.compile(r"DEFVAL\s*\{(?:[^{}]|\{[^{}]*\})*\}")
_UNDERSCORE = re.compile(r"(?<=\w)_+(?=\w)")
_STATUS = re.compile(r"\bSTATUS\s+\w+")
_BAD_RANGE = re.compile(
    r"(INTEGER|Integer32|Unsigned32|Gauge32|Gauge|STRING|DisplayString)\s*\((?:[^()]|\([^()]*\))*\)"
)
_BAD_COMMAS = re.compile(r",(\s*,)+")


def _mended(text: str) -> str:
    """Without what makers get wrong and a draft does not need: defaults, references, ranges, `_` in names."""
    text = _REFERENCE.sub("", text)
    text = _DEFAULT.sub("", text)
    text = _BAD_RANGE.sub(r"\1", text)
    text = _STATUS.sub("STATUS current", text)
    text = _BAD_COMMAS.sub(",", text)
    # A label must begin with a lower-case letter for the parser, and hold no underscore.
    text = re.sub(r"(?<=[{,\s])([\d]+[\w-]*)\s*(?=\()", r"n\1", text)
    return _UNDERSCORE.sub("-", text)


def _clause(found: tuple[Any, ...]) -> Clause:
    _, _, syntax, units, access, _, description, _, augments, index, _, _ = found
    return Clause(
        syntax=_syntax(syntax),
        units=" ".join(units[1].split()) if units else "",
        access=access[1] if access else "",
        description=description[1] if description else "",
        index=tuple(str(_last(name)) for _, name in index[1]) if index else (),
        augments=str(_last(augments)) if augments else "",
    )


def _last(name: Any) -> Any:
    """An object is named by itself, or by an OID whose last word it is."""
    if isinstance(name, tuple) and name and name[0] == "objectIdentifier":
        return name[1][-1]
    return name


def _syntax(found: Any, hint: str = "") -> Syntax:
    kind, name = found[0], found[1]
    if kind == "conceptualTable":
        return Syntax("SEQUENCE OF", hint=hint)
    if kind == "SEQUENCE":
        return Syntax("SEQUENCE", hint=hint)
    if kind == "BITS":
        return Syntax("BITS", _labels(name), hint)
    details = found[2] if len(found) > 2 else None
    labels = _labels(details[1]) if isinstance(details, tuple) and details[0] == "enumSpec" else ()
    return Syntax(str(name), labels, hint)


def _labels(found: Any) -> tuple[tuple[str, int], ...]:
    return tuple((str(label), int(number)) for label, number in found)
