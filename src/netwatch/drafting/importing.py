"""Turns profiles of other programs into netwatch profiles, as far as they say what a value is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from netwatch.drafting.dialect import Fact, Foreign, Metric, Symbol, Tag, is_oid, read_foreign
from netwatch.drafting.draft import standard_oids
from netwatch.drafting.groups import Column, Group
from netwatch.drafting.mib_library import Library, MibObject
from netwatch.drafting.naming import alias, literal, shared_words
from netwatch.drafting.sheet import ColumnLine, FactLine, Sheet, TableSheet
from netwatch.drafting.tables import Drafting, draft_table
from netwatch.drafting.words import Words, load_words
from netwatch.drafting.writing import written
from netwatch.errors import Problem
from netwatch.model import DeviceKind
from netwatch.profiles import ProfileSet, compile_regex

__all__ = ["Imported", "import_profile"]

STANDARD = "1.3.6.1.2.1."
NAMES = {
    "1.3.6.1.2.1.31.1.1.1.1": "interfaces.name",
    "1.3.6.1.2.1.2.2.1.2": "interfaces.descr",
    "1.3.6.1.2.1.47.1.1.1.1.7": "physical.name",
    "1.3.6.1.2.1.47.1.1.1.1.2": "physical.descr",
}
"""Names that the standard profile reads (IF-MIB, ENTITY-MIB), as look-ups write them."""


@dataclass(frozen=True)
class Imported:
    """One profile that was taken over."""

    name: str
    text: str
    """YAML with comments."""
    problems: tuple[Problem, ...]
    """What could not be expressed, with file and place."""
    sensors: int
    states: int
    entities: int


def import_profile(
    file: Path,
    profiles: ProfileSet,
    *,
    bases: Sequence[Path] = (),
    library: Library | None = None,
    words: Words | None = None,
) -> Imported:
    """Raises ConfigError where the file is no YAML mapping.

    `bases`: folders with the profiles that it extends. `profiles`: netwatch's own; what the standard one
    reads is left to it. `library`: MIB modules, to look up units and types that the dialect does not tell.
    """
    words = words or load_words()
    foreign = read_foreign(file, bases, standard=words.standard_bases)
    return _Import(foreign, profiles, words, library).run()


class _Import:
    def __init__(self, foreign: Foreign, profiles: ProfileSet, words: Words, library: Library | None) -> None:
        self.foreign = foreign
        self.library = library
        self.profiles = profiles
        self.words = words
        self.problems = list(foreign.problems)
        self.read = standard_oids(profiles)
        self.symbols: dict[str, Symbol] = {}
        self.groups: dict[str, Group] = {}
        self.helpers: list[TableSheet] = []

    def run(self) -> Imported:
        stem = "".join(letter if letter.isalnum() else "-" for letter in self.foreign.file.stem.lower())
        sheet = Sheet(
            profile="imported-" + ("-".join(part for part in stem.split("-") if part) or "profile"),
            description=f"Imported from {self.foreign.file.name}",
            kind="other",
        )
        self._match(sheet)
        for metric in self.foreign.metrics:
            self._metric(metric)
        groups = list(self.groups.values())
        for one in groups:
            self._name(one)
        names = [self.words.spaced(column.name).split() for one in groups for column in one.columns]
        prefix = names[0][: shared_words(names)] if names else ()
        standard = self.profiles.profiles.get("standard")
        taken = {*standard.tables, *standard.scalars} if standard is not None else set()
        shared = Drafting(self.words, groups, {one.module: prefix for one in groups}, taken)
        self._identity(sheet, shared)
        for one in groups:
            table = draft_table(one, shared)
            if table is not None:
                sheet.tables.append(table)
        sheet.states = dict(shared.states)
        self._unused(groups, shared)
        used = "\n".join(str(table.let) for table in sheet.tables)
        sheet.tables += [helper for helper in self.helpers if f"({helper.alias}." in used]
        self.problems.sort(key=lambda problem: (problem.file, problem.line or 0))
        sheet.head = [
            f"Imported by `netwatch profile import` from {self.foreign.file.name}. Look at every line",
            "that says `check`, and try it with `netwatch inspect`.",
        ]
        if self.problems:
            sheet.tail = ["", "Not taken over:", *(f"  {_told(problem)}" for problem in self.problems[:400])]
        return Imported(
            sheet.profile,
            written(sheet),
            tuple(self.problems),
            sum(len(table.sensors) for table in sheet.tables),
            sum(len(table.states) for table in sheet.tables),
            sum(len(table.entities) for table in sheet.tables),
        )

    # recognition and identity

    def _match(self, sheet: Sheet) -> None:
        below: list[str] = []
        exact: list[str] = []
        for oid, place in zip(self.foreign.oids, self.foreign.places, strict=True):
            stem = oid.strip().lstrip(".").removesuffix(".*")
            if not is_oid(stem):
                self.problems.append(place.problem(f"{oid!r}: only a `*` at the end can be expressed"))
            else:
                (below if oid.rstrip().endswith("*") else exact).append(stem)
        exact = [oid for oid in exact if not any(oid.startswith(f"{one}.") for one in below)]
        if below:
            sheet.match.append(({"sys_object_id": below}, ""))
        if exact:
            sheet.match.append(({"sys_object_id_exact": exact}, ""))

    def _identity(self, sheet: Sheet, shared: Drafting) -> None:
        for name, fact in self.foreign.facts.items():
            target = self.words.foreign_facts.get(name)
            if target is None:
                self.problems.append(fact.place.problem(f"there is no fact {name!r}"))
            elif target == "vendor" and fact.value:
                sheet.vendor = fact.value
            elif target == "kind":
                self._kind(sheet, fact)
            elif target and target not in sheet.identity:
                self._fact(sheet, target, fact, shared)
        for tag in self.foreign.tags:
            if tag.symbol.oid.startswith(STANDARD):
                continue
            target = self._fact_of(f"{tag.name} {tag.symbol.name}")
            if not target:
                self.problems.append(tag.symbol.place.problem(f"the tag {tag.name!r} is no fact of a device"))
            elif target not in sheet.identity:
                self._fact(sheet, target, Fact(tag.symbol.place, "", (tag.symbol,)), shared)

    def _kind(self, sheet: Sheet, fact: Fact) -> None:
        kind = self.words.foreign_kinds.get(fact.value.lower(), fact.value.lower())
        if kind in {one.value for one in DeviceKind}:
            sheet.kind = kind
        else:
            self.problems.append(fact.place.problem(f"there is no kind {fact.value!r}"))

    def _fact_of(self, text: str) -> str:
        name = self.words.spaced(text)
        for target in ("serial", "model", "hardware", "version"):
            if any(pattern.search(name) for pattern in getattr(self.words.identity, target)):
                return target
        return ""

    def _fact(self, sheet: Sheet, target: str, fact: Fact, shared: Drafting) -> None:
        parts = [part for symbol in fact.symbols if (part := self._text(sheet, symbol, shared, target))]
        if not parts and fact.value:
            parts = [literal(fact.value)]
        if parts:
            expression = parts[0] if len(parts) == 1 else f"first({', '.join(parts)})"
            sheet.identity[target] = FactLine(expression, fact.symbols[0].name if fact.symbols else "")

    def _text(self, sheet: Sheet, symbol: Symbol, shared: Drafting, target: str) -> str:
        """The expression of one symbol of a fact; empty if it can't be said."""
        known = {
            "1.3.6.1.2.1.1.1": "sys_descr",
            "1.3.6.1.2.1.1.2": "sys_object_id",
            "1.3.6.1.2.1.1.5": "sys_name",
        }
        name = known.get(symbol.oid, "")
        if not name:
            if symbol.oid in self.read:
                return ""
            name = alias(self.words.spaced(symbol.name).split(), {*sheet.scalars, *shared.taken})
        pattern = symbol.match_pattern or symbol.extract
        if pattern and not self._usable(pattern, symbol):
            return ""
        if name not in known.values():
            sheet.scalars[name] = (f"{symbol.oid}.{symbol.instance or 0}", symbol.name)
        if symbol.match_pattern and "$" in symbol.match_value:
            group = symbol.match_value.strip()
            if group[1:].isdecimal() and group[0] == "$":
                return f"match({name}, {literal(symbol.match_pattern)}, {int(group[1:])})"
            self.problems.append(symbol.place.problem(f"match_value {symbol.match_value!r} joins groups"))
            return ""
        if symbol.match_pattern:
            condition = f"matches({name}, {literal(symbol.match_pattern)})"
            return f"({literal(symbol.match_value)} if {condition} else None)"
        if symbol.extract:
            return f"match({name}, {literal(symbol.extract)})"
        return f"serial({name})" if target == "serial" else f"text({name})"

    def _usable(self, pattern: str, symbol: Symbol) -> bool:
        try:
            compile_regex(pattern)
        except ValueError as error:
            self.problems.append(symbol.place.problem(f"pattern {pattern!r}: {error}"))
            return False
        return True

    # metrics

    def _metric(self, metric: Metric) -> None:
        known = [symbol for symbol in metric.symbols if symbol.oid]
        states = [tag.symbol for tag in metric.tags if tag.symbol.labels]
        columns = [symbol for symbol in (*known, *states) if self._is_own(symbol)]
        if not metric.table and not metric.table_name:
            for symbol in columns:
                self._enter(symbol, symbol.oid.rpartition(".")[0], metric, table=False)
            return
        for symbol in columns:
            group = self._enter(symbol, symbol.oid.rpartition(".")[0], metric, table=True)
            if not group.label:
                group.label = self._label(metric, group)
        if not columns and not known and not states:
            self.problems.append(
                metric.place.problem(
                    "rows without a value that netwatch has a family for", "their tags only name them"
                )
            )

    def _name(self, group: Group) -> None:
        """Scalars have no table's name: what the words of all of them begin with."""
        if group.table or not group.columns:
            return
        names = [self.words.spaced(column.name).split() for column in group.columns]
        count = shared_words(names) or (len(names[0]) - 1 if len(names) == 1 else 0)
        if count:
            group.name = " ".join(names[0][:count])

    def _is_own(self, symbol: Symbol) -> bool:
        """False for what the standard profile reads, or would if it were worth it."""
        if symbol.extract and not self._usable(symbol.extract, symbol):
            return False
        if symbol.match_pattern:
            self.problems.append(symbol.place.problem("match_pattern of a number, left out"))
            return False
        return symbol.oid not in self.read and not symbol.oid.startswith(STANDARD)

    def _enter(self, symbol: Symbol, parent: str, metric: Metric, *, table: bool) -> Group:
        group = self.groups.get(parent)
        if group is None:
            name = (
                metric.table_name
                if table
                else f"{metric.module.removesuffix('-MIB')} {parent.rpartition('.')[2]}"
            )
            arcs = tuple(map(int, parent.split(".")))
            group = self.groups[parent] = Group(arcs, name or "values", table)
        if symbol.oid not in self.symbols:
            self.symbols[symbol.oid] = symbol
            told = self._object(symbol, metric.module)
            group.columns.append(Column(told, blind=True, scale=symbol.scale, extract=symbol.extract))
        return group

    def _object(self, symbol: Symbol, module: str) -> MibObject:
        """What the MIB says of it, if there is one; the labels of the file go before its."""
        oid = tuple(map(int, symbol.oid.split(".")))
        found = None
        if self.library is not None:
            self.library.load({oid[:7]})
            found = self.library.object(oid)
        if found is None:
            return _object(symbol, oid, module)
        return replace(found, labels=symbol.labels or found.labels)

    def _label(self, metric: Metric, group: Group) -> str:
        """The tag that names the rows, as an expression."""
        ranked = []
        for place, tag in enumerate(metric.tags):
            name = self.words.spaced(f"{tag.symbol.name}")
            rank = next((at for at, one in enumerate(self.words.names) if one.search(name)), None)
            if not tag.symbol.labels and rank is not None:
                ranked.append((rank, place, tag))
        if not ranked:
            return ""
        return self._looked_up(
            min(ranked)[2] if len(ranked) == 1 else min(ranked, key=lambda one: one[:2])[2], group
        )

    def _looked_up(self, tag: Tag, group: Group) -> str:
        if len(tag.ranges) > 1:
            self.problems.append(tag.symbol.place.problem("index_transform of several pieces, left out"))
            return ""
        index = f"parts(index, {tag.ranges[0][0]}, {tag.ranges[0][1] + 1})" if tag.ranges else "index"
        source = NAMES.get(tag.symbol.oid)
        if source is None:
            parent, _, arc = tag.symbol.oid.rpartition(".")
            name = alias(
                ["names", "of", *self.words.spaced(group.name).split()], [one.alias for one in self.helpers]
            )
            helper = TableSheet(name, parent, "names of rows")
            helper.columns["name"] = ColumnLine(int(arc), tag.symbol.name, static=True)
            self.helpers.append(helper)
            source = f"{name}.name"
        return f"first(text(lookup({source}, {index})), index)"

    def _unused(self, groups: Iterable[Group], shared: Drafting) -> None:
        for group in groups:
            for column in group.columns:
                if column.oid not in shared.understood:
                    reason = shared.left.get(column.oid, "no netwatch family for it is known")
                    self.problems.append(self.symbols[column.oid].place.problem(f"{column.name}: {reason}"))


def _object(symbol: Symbol, oid: tuple[int, ...], module: str) -> MibObject:
    return MibObject(
        oid=oid,
        name=symbol.name,
        module=module,
        type="INTEGER",
        convention="",
        labels=symbol.labels,
        hint="",
        units="",
        access="read-only",
        description="",
        index=(),
        augments="",
    )


def _told(problem: Problem) -> str:
    """A problem without the folder of its file: comments of a profile name no place of a machine."""
    return str(Problem(Path(problem.file).name, problem.path, problem.message, problem.hint, problem.line))
