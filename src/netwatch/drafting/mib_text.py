"""Finds declarations in the text of MIB modules without parsing them.

Modules as makers ship them are large, and one slip of the pen would cost a whole module if it were parsed as
one. So the text is cut into declarations here, and only those that a walk needs are parsed, one by one
(`mib_clauses`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

__all__ = ["MAX_BYTES", "Declaration", "MibText", "Outline", "Step", "outline", "split"]

MAX_BYTES = 16 * 1024 * 1024
"""A larger file is no MIB module."""

Step = str | int
"""A name or a number between the braces of an OID."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """One clause: `name OBJECT-TYPE ... ::= { parent 1 }` or `Name ::= syntax`."""

    name: str
    macro: str
    """OBJECT-TYPE, OBJECT IDENTIFIER, OBJECT-IDENTITY ...; empty for a type."""
    oid: tuple[Step, ...]
    """What stands between the braces; empty for a type."""
    text: str


@dataclass(frozen=True, slots=True)
class MibText:
    """The declarations of one file."""

    path: Path
    modules: tuple[str, ...]
    imports: dict[str, str]
    """Symbol -> module that it comes from."""
    values: dict[str, Declaration]
    types: dict[str, Declaration]


@dataclass(slots=True)
class Outline:
    """What of a file is needed to know where in the tree its objects are."""

    path: Path
    modules: tuple[str, ...]
    imports: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, tuple[Step, ...]] = field(default_factory=dict)


# outline: bytes, literal prefixes, no backtracking; a folder may hold hundreds of megabytes

_MODULE = re.compile(rb"DEFINITIONS\s*(?:IMPLICIT\s+TAGS\s*)?::=\s*BEGIN")
_MODULE_NAME = re.compile(rb"([A-Za-z][\w-]*)\s*(?:\{[^{}]*\}\s*)?\Z")
_NODE = re.compile(rb"OBJECT\s+IDENTIFIER\s*::=\s*\{([^{}]{1,300})\}")
_IDENTITY = re.compile(rb"-IDENTITY\s")
_VALUE = re.compile(rb"::=\s*\{([^{}]{1,300})\}")
_IMPORTS = re.compile(rb"IMPORTS\s([^;]{0,60000});")
_FROM = re.compile(rb"\bFROM\s+([A-Za-z][\w-]*)")
_COMMENT = re.compile(rb"--[^\r\n]*")
_WORD = re.compile(rb"[A-Za-z][\w-]*")
_STEP = re.compile(rb"([A-Za-z][\w-]*)\s*\(\s*(\d+)\s*\)|([A-Za-z][\w-]*)|(\d+)")


def outline(path: Path, data: bytes) -> Outline | None:
    """What a file declares and imports; None if it holds no module."""
    names: dict[str, None] = {}
    for found in _MODULE.finditer(data):
        name = _MODULE_NAME.search(data, max(0, found.start() - 200), found.start())
        if name is not None:
            names[name[1].decode("ascii")] = None
    if not names:
        return None
    out = Outline(path, tuple(names), _imports(data))
    for found in _NODE.finditer(data):
        _add_node(out, data, found.start(), found[1])
    for found in _IDENTITY.finditer(data):
        value = _VALUE.search(data, found.end(), found.end() + 100_000)
        if value is not None:
            _add_node(out, data, found.start() - len("MODULE"), value[1])  # OBJECT is as long
    return out


def _add_node(out: Outline, data: bytes, end: int, value: bytes) -> None:
    words = data[max(0, end - 200) : end].split()
    if words and _WORD.fullmatch(words[-1]):
        out.nodes.setdefault(words[-1].decode("ascii"), _steps(value))


def _steps(value: bytes) -> tuple[Step, ...]:
    """`{ iso org(3) 6 }` is iso, 3, 6: a number in parentheses says what its name is."""
    steps: list[Step] = []
    for named, number, name, plain in _STEP.findall(_COMMENT.sub(b"", value)):
        if name:
            steps.append(name.decode("ascii"))
        elif named and not steps:
            steps.append(named.decode("ascii"))
        else:
            steps.append(int(number or plain))
    return tuple(steps)


def _imports(data: bytes) -> dict[str, str]:
    symbols: dict[str, str] = {}
    for block in _IMPORTS.finditer(data):
        text = _COMMENT.sub(b"", block[1])
        start = 0
        for source in _FROM.finditer(text):
            module = source[1].decode("ascii")
            for word in _WORD.findall(text, start, source.start()):
                symbols.setdefault(word.decode("ascii"), module)
            start = source.end()
    return symbols


# full text of the files that are needed

_NOISE = re.compile(r'"[^"]*"|--[^\r\n]*')
_START = re.compile(
    r"(?<![\w-])(?:([A-Za-z][\w-]*)\s+(OBJECT-TYPE|OBJECT-IDENTITY|MODULE-IDENTITY|OBJECT\s+IDENTIFIER(?=\s*::=)"
    r"|NOTIFICATION-TYPE|TRAP-TYPE|OBJECT-GROUP|NOTIFICATION-GROUP|MODULE-COMPLIANCE|AGENT-CAPABILITIES|MACRO)"
    r"(?![\w-])|([A-Z][\w-]*)\s*::=(?!\s*BEGIN))"
)
_TEXT_VALUE = re.compile(r"::=\s*\{([^{}]*)\}")
_IMPORT_BLOCK = re.compile(r"\bIMPORTS\b[^;]*;")


def split(path: Path, data: bytes) -> MibText:
    """Every declaration of a file. Never fails: what does not look like one is left out."""
    text = data.decode("utf-8", "replace")
    plain = _NOISE.sub(_blanked, text)
    plain = _IMPORT_BLOCK.sub(_spaces, plain)
    head = outline(path, data)
    out = MibText(path, head.modules if head else (), head.imports if head else {}, {}, {})
    for declaration in _declarations(text, plain):
        (out.values if declaration.macro else out.types).setdefault(declaration.name, declaration)
    return out


def _declarations(text: str, plain: str) -> Iterator[Declaration]:
    starts = list(_START.finditer(plain))
    for start, following in zip_longest(starts, starts[1:]):
        end = following.start() if following is not None else len(plain)
        name, macro, type_name = start.groups()
        if type_name is not None:
            body = text[start.start() : end]
            if following is None:
                body = re.sub(r"\bEND\s*\Z", "", body)
            yield Declaration(type_name, "", (), body)
            continue
        value = _TEXT_VALUE.search(plain, start.end(), end)
        if value is not None and macro != "MACRO":
            steps = _steps(value[1].encode("ascii", "replace"))
            yield Declaration(name, " ".join(macro.split()), steps, text[start.start() : value.end()])


def _blanked(found: re.Match[str]) -> str:
    """As long as before, so that places stay the same."""
    length = len(found[0])
    return '"' + " " * (length - 2) + '"' if found[0][0] == '"' else " " * length


def _spaces(found: re.Match[str]) -> str:
    return " " * len(found[0])
