"""A folder of MIB modules: which of them know an OID, and what they say of it.

Nothing is compiled that is not asked for. All files are looked through for their names and imports, those
whose objects are below the OIDs of interest are cut into declarations, and of these those that a walk meets
are parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from netwatch.drafting.mib_clauses import Clause, ClauseParser, Syntax
from netwatch.drafting.mib_text import MAX_BYTES, Declaration, MibText, Outline, Step, outline, split
from netwatch.errors import ConfigError, Problem

__all__ = ["KNOWN_TYPES", "Library", "MibObject", "open_library", "read_outlines"]

Oid = tuple[int, ...]
Resolver = Callable[[str], Oid | None]

WELL_KNOWN: Mapping[str, Oid] = {
    "iso": (1,),
    "org": (1, 3),
    "dod": (1, 3, 6),
    "internet": (1, 3, 6, 1),
    "directory": (1, 3, 6, 1, 1),
    "mgmt": (1, 3, 6, 1, 2),
    "mib-2": (1, 3, 6, 1, 2, 1),
    "transmission": (1, 3, 6, 1, 2, 1, 10),
    "experimental": (1, 3, 6, 1, 3),
    "private": (1, 3, 6, 1, 4),
    "enterprises": (1, 3, 6, 1, 4, 1),
    "snmpV2": (1, 3, 6, 1, 6),
    "snmpModules": (1, 3, 6, 1, 6, 3),
    "system": (1, 3, 6, 1, 2, 1, 1),
}
"""Names of SNMPv2-SMI and RFC1213-MIB that a folder of one maker's modules may lack (RFC 2578)."""

KNOWN_TYPES: Mapping[str, Syntax] = {
    "TruthValue": Syntax("INTEGER", (("true", 1), ("false", 2))),
    "DisplayString": Syntax("OCTET STRING", hint="255a"),
    "SnmpAdminString": Syntax("OCTET STRING", hint="255t"),
    "DateAndTime": Syntax("OCTET STRING", hint="2d-1d-1d,1d:1d:1d.1d,1a1d:1d"),
    "MacAddress": Syntax("OCTET STRING", hint="1x:"),
    "PhysAddress": Syntax("OCTET STRING", hint="1x:"),
    "TimeStamp": Syntax("TimeTicks"),
    "TimeInterval": Syntax("INTEGER"),
    "Counter": Syntax("Counter32"),
    "Gauge": Syntax("Gauge32"),
    "RowStatus": Syntax(
        "INTEGER",
        (("active", 1), ("notInService", 2), ("notReady", 3), ("createAndGo", 4), ("createAndWait", 5),
         ("destroy", 6)),
    ),
}  # fmt: skip
"""Textual conventions of RFC 2579 and RFC 3411 for the same reason."""

PRIMITIVES = frozenset(
    {"INTEGER", "Integer32", "Unsigned32", "Gauge32", "Counter32", "Counter64", "TimeTicks", "IpAddress"}
    | {"OCTET STRING", "OBJECT IDENTIFIER", "Opaque", "BITS", "SEQUENCE OF", "SEQUENCE"}
)


@dataclass(frozen=True)
class MibObject:
    """An OBJECT-TYPE with its type resolved."""

    oid: Oid
    name: str
    module: str
    type: str
    """A primitive of SMIv2, INTEGER for Integer32; a name where the convention is not in the folder."""
    convention: str
    """The textual convention that SYNTAX names, or empty."""
    labels: tuple[tuple[str, int], ...]
    hint: str
    units: str
    access: str
    description: str
    index: tuple[str, ...]
    augments: str


def open_library(folders: Sequence[Path], parser: ClauseParser | None = None) -> Library:
    """The modules of folders or files. Raises ConfigError where there is none, MissingExtra."""
    parser = parser or ClauseParser()  # first: what is not installed is told before a large folder is read
    return Library(read_outlines(folders), parser)


def read_outlines(folders: Sequence[Path]) -> list[Outline]:
    """Every module below the folders (or in the files). Raises ConfigError where there is none."""
    found = []
    for folder in folders:
        if not folder.exists():
            raise ConfigError([Problem(str(folder), "", "no such file or folder")])
        files = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
        here = [one for file in files if (one := _outline(file)) is not None]
        if not here:
            hint = "give the folder where the maker's MIB files are, unpacked"
            raise ConfigError([Problem(str(folder), "", "holds no MIB modules", hint)])
        found += here
    return found


def _outline(file: Path) -> Outline | None:
    try:
        if not file.is_file() or file.stat().st_size > MAX_BYTES:
            return None
        return outline(file, file.read_bytes())
    except OSError:
        return None


def _object(oid: Oid, name: str, module: str, convention: str, syntax: Syntax, clause: Clause) -> MibObject:
    return MibObject(
        oid=oid,
        name=name,
        module=module,
        type="INTEGER" if syntax.type == "Integer32" else syntax.type,
        convention=convention,
        labels=syntax.labels,
        hint=syntax.hint,
        units=clause.units,
        access=clause.access,
        description=clause.description,
        index=clause.index,
        augments=clause.augments,
    )


@dataclass
class Library:
    """Modules by name. One name may stand for several files: makers ship each other's modules."""

    outlines: Sequence[Outline]
    parser: ClauseParser
    unreadable: list[str] = field(default_factory=list)
    """module::name of clauses that the parser refused."""

    def __post_init__(self) -> None:
        self._by_module: dict[str, list[Outline]] = {}
        for one in self.outlines:
            for module in one.modules:
                self._by_module.setdefault(module, []).append(one)
        self._nodes: dict[tuple[Path, str], Oid | None] = {}
        self._texts: dict[Path, MibText] = {}
        self._types: dict[tuple[Path, str], Syntax | None] = {}
        self._outline_of = {one.path: one for one in self.outlines}
        self._declared: dict[Oid, tuple[MibText, Declaration]] = {}
        self._loaded: set[Oid] = set()
        self._objects: dict[Oid, MibObject | None] = {}
        self._oids: dict[str, list[tuple[tuple[str, ...], Oid]]] = {}

    # which files

    def load(self, roots: Iterable[Oid]) -> list[str]:
        """Cuts every file with objects at or below one of these OIDs. Returns the names of the modules."""
        wanted = set(roots) - self._loaded
        self._loaded |= wanted
        names: dict[str, None] = {}
        if not wanted:
            return []
        for one in self.outlines:
            if self._is_below(one, wanted):
                names |= dict.fromkeys(one.modules)
                if one.path not in self._texts:
                    self._place(self._text(one.path))
        return list(names)

    def _is_below(self, one: Outline, roots: set[Oid]) -> bool:
        names = [*one.nodes, *(name for name in one.imports if name[0].islower())]
        for name in names:
            oid = self.oid_of(one, name)
            if oid is not None and any(oid[:length] in roots for length in range(1, len(oid) + 1)):
                return True
        return False

    def _place(self, text: MibText) -> None:
        """Enters a file's objects by OID. The first file that knows an OID tells of it."""
        for declaration in text.values.values():
            if declaration.macro not in (
                "OBJECT-TYPE",
                "OBJECT-IDENTITY",
                "OBJECT IDENTIFIER",
                "MODULE-IDENTITY",
            ):
                continue
            oid = self._resolve(text, declaration.name)
            if oid is None:
                continue
            known = self._declared.get(oid)
            if known is None or (declaration.macro == "OBJECT-TYPE" != known[1].macro):
                self._declared[oid] = (text, declaration)

    # names to OIDs

    def _text(self, path: Path) -> MibText:
        if path not in self._texts:
            self._texts[path] = split(path, path.read_bytes())
        return self._texts[path]

    def _files(self, module: str, near: Path) -> list[Outline]:
        """Files of a module; those of the same folder first."""
        found = self._by_module.get(module, [])
        return sorted(found, key=lambda one: one.path.parent != near.parent)

    def oid_of(self, one: Outline, name: str) -> Oid | None:
        """OID of a name as the outlines tell it: OBJECT IDENTIFIERs and identities."""
        key = (one.path, name)
        if key in self._nodes:
            return self._nodes[key]
        self._nodes[key] = None  # a name that stands for itself has no OID
        found: Oid | None = None
        if name in one.nodes:
            found = self._chain(one.nodes[name], lambda first: self.oid_of(one, first))
        elif name in one.imports:
            for other in self._files(one.imports[name], one.path):
                if other.path != one.path and (found := self.oid_of(other, name)) is not None:
                    break
        if found is None:
            found = WELL_KNOWN.get(name)
        self._nodes[key] = found
        return found

    def _resolve(self, text: MibText, name: str) -> Oid | None:
        """OID of any name of a file, objects too."""
        key = (text.path, f"{name}.")  # apart from what the outline alone knows
        if key in self._nodes:
            return self._nodes[key]
        self._nodes[key] = None
        found: Oid | None = None
        if name in text.values:
            found = self._chain(text.values[name].oid, lambda first: self._resolve(text, first))
        elif name in text.imports:
            for other in self._files(text.imports[name], text.path):
                found = self.oid_of(other, name)
                if found is None and other.path != text.path:
                    found = self._resolve(self._text(other.path), name)
                if found is not None:
                    break
        if found is None:
            found = WELL_KNOWN.get(name)
        self._nodes[key] = found
        return found

    @staticmethod
    def _chain(steps: tuple[Step, ...], resolve: Resolver) -> Oid | None:
        if not steps:
            return None
        head = resolve(steps[0]) if isinstance(steps[0], str) else (steps[0],)
        if head is None:
            return None
        rest = tuple(step for step in steps[1:] if isinstance(step, int))
        return head + rest if len(rest) == len(steps) - 1 else None

    # what is said of an OID

    def holder(self, oid: Oid) -> Oid | None:
        """The OID of the object that an instance belongs to: the longest known one at or above it."""
        for length in range(len(oid), 0, -1):
            known = self._declared.get(oid[:length])
            if known is not None:
                return oid[:length] if known[1].macro == "OBJECT-TYPE" else None
        return None

    def name(self, oid: Oid) -> str:
        """Name of a node or an object; empty if no module that was loaded has it."""
        known = self._declared.get(oid)
        return known[1].name if known else ""

    def object(self, oid: Oid) -> MibObject | None:
        """The object at exactly this OID; None if there is none or its clause can't be read."""
        if oid not in self._objects:
            known = self._declared.get(oid)
            self._objects[oid] = None
            if known is not None and known[1].macro == "OBJECT-TYPE":
                self._objects[oid] = self._read(oid, *known)
        return self._objects[oid]

    def find(self, name: str, module: str) -> MibObject | None:
        """The object of that name, in the module itself or anywhere; None if no loaded module has it."""
        if not self._oids:
            for oid, (text, declaration) in self._declared.items():
                if declaration.macro == "OBJECT-TYPE":
                    self._oids.setdefault(declaration.name, []).append((text.modules, oid))
        found = self._oids.get(name, [])
        found = sorted(found, key=lambda one: module not in one[0])
        return self.object(found[0][1]) if found else None

    def _read(self, oid: Oid, text: MibText, declaration: Declaration) -> MibObject | None:
        module = text.modules[0] if text.modules else text.path.name
        clause = self.parser.object_type(declaration.text)
        if clause is None:
            self.unreadable.append(f"{module}::{declaration.name}")
            return None
        convention = "" if clause.syntax.type in PRIMITIVES else clause.syntax.type
        syntax = self._primitive(text, clause.syntax)
        return _object(oid, declaration.name, module, convention, syntax, clause)

    def _primitive(self, text: MibText, syntax: Syntax, depth: int = 0) -> Syntax:
        """The type behind a name, with the labels and the hint that are nearest to the object."""
        if syntax.type in PRIMITIVES or depth > 8:
            return syntax
        found = self._type(text, syntax.type)
        if found is None:
            return syntax
        inner = self._primitive(text, found, depth + 1)
        return Syntax(inner.type, syntax.labels or inner.labels, syntax.hint or inner.hint)

    def _type(self, text: MibText, name: str) -> Syntax | None:
        key = (text.path, name)
        if key in self._types:
            return self._types[key]
        self._types[key] = None
        if name in text.types:
            found = self.parser.type_declaration(text.types[name].text)
            if found is not None and found.type == name:
                found = None
        else:
            found = None
            for other in self._files(text.imports.get(name, ""), text.path):
                other_text = self._text(other.path)
                if other.path != text.path and (found := self._type(other_text, name)) is not None:
                    found = self._primitive(other_text, found)
                    break
            found = found or KNOWN_TYPES.get(name)
        self._types[key] = found
        return found
