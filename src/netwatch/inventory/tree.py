"""The location tree out of the entries of all files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from netwatch.config import DeviceDefaults, DistrictSettings
from netwatch.documents import did_you_mean
from netwatch.errors import Problem
from netwatch.inventory.models import PlaceEntry
from netwatch.inventory.sources import Located, Where
from netwatch.model import Place, PlaceId, PlaceKind, Places, SchoolFacts

__all__ = ["Tree", "build_tree"]

_RANK = {
    PlaceKind.DISTRICT: 0,
    PlaceKind.SCHOOL: 1,
    PlaceKind.BUILDING: 2,
    PlaceKind.WING: 3,
    PlaceKind.FLOOR: 3,
    PlaceKind.ROOM: 4,
    PlaceKind.CLOSET: 4,
}
_LEVELS = ("elementary", "middle", "high", "other")
_FACTS = ("level", "enrolment", "staff", "classrooms", "calendar", "instructional")


@dataclass(slots=True)
class Tree:
    """Places under construction, and what they say of the devices at them."""

    district: PlaceId
    by_id: dict[PlaceId, Place] = field(default_factory=dict)
    where: dict[PlaceId, Where] = field(default_factory=dict)
    defaults: dict[PlaceId, Located[DeviceDefaults]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def id_of(self, path: str) -> PlaceId:
        """The id that a path means: it may leave out the district."""
        path = path.strip().strip("/")
        head, _, _ = path.partition("/")
        return PlaceId(path if not path or head == self.district else f"{self.district}/{path}")

    def find(self, path: str) -> PlaceId | None:
        found = self.id_of(path)
        return found if found in self.by_id else None

    def hint(self, path: str) -> str:
        known = {place.removeprefix(f"{self.district}/"): None for place in self.by_id}
        return did_you_mean(path.strip("/").removeprefix(f"{self.district}/"), known)

    def places(self) -> Places:
        return Places(dict(self.by_id))


def build_tree(
    entries: Iterable[Located[PlaceEntry]], district: DistrictSettings, calendars: Mapping[str, object] | None
) -> Tree:
    """The tree, with what is wrong in `.problems`.

    Entries of all files make one tree in any order. `calendars` are the known ones by name, None for unknown.
    """
    root = PlaceId(district.slug)
    tree = Tree(root)
    tree.by_id[root] = Place(root, PlaceKind.DISTRICT, district.name or district.slug, None)
    waiting = list(entries)
    while waiting:
        later = [item for item in waiting if not _place(tree, item, calendars)]
        if len(later) == len(waiting):
            for item in later:
                message = f"unknown place {item.entry.parent!r}"
                tree.problems.append(item.where.problem("parent", message, tree.hint(item.entry.parent)))
            break
        waiting = later
    return tree


def _place(tree: Tree, item: Located[PlaceEntry], calendars: Mapping[str, object] | None) -> bool:
    """Whether the place above an entry at the top of a file is known by now; if so it is added."""
    entry = item.entry
    if entry.kind is PlaceKind.DISTRICT:
        if entry.id != tree.district:
            message = f"is not the district of the settings, {tree.district!r}"
            tree.problems.append(item.where.problem("id", message, "one district per settings file"))
        elif entry.defaults is not None:
            tree.defaults[tree.district] = Located(entry.defaults, _below(item.where, "defaults"))
        _no_facts(tree, item)
        for row, child in enumerate(entry.places):
            _add(tree, Located(child, _below(item.where, "places", row)), tree.district, calendars)
        return True
    parent = tree.find(entry.parent) if entry.parent else tree.district
    if parent is None:
        return False
    _add(tree, item, parent, calendars)
    return True


def _add(
    tree: Tree, item: Located[PlaceEntry], parent: PlaceId, calendars: Mapping[str, object] | None
) -> None:
    entry, where = item.entry, item.where
    here = PlaceId(f"{parent}/{entry.id}")
    above = tree.by_id[parent].kind
    if here in tree.by_id:
        tree.problems.append(
            where.problem("id", f"place {here!r} is defined twice", f"first at {tree.where[here]}")
        )
        return
    nested = {entry.kind, above} == {PlaceKind.WING, PlaceKind.FLOOR}
    if _RANK[entry.kind] <= _RANK[above] and not nested:
        tree.problems.append(where.problem("kind", f"a {entry.kind} can't be in a {above}"))
    if entry.kind is PlaceKind.SCHOOL:
        _check_school(tree, item, calendars)
    else:
        _no_facts(tree, item)
    tree.where[here] = where
    tree.by_id[here] = Place(here, entry.kind, entry.name or entry.id, parent, _facts(entry))
    if entry.defaults is not None:
        tree.defaults[here] = Located(entry.defaults, _below(where, "defaults"))
    for row, child in enumerate(entry.places):
        place = _below(where, "places", row)
        if child.parent:
            hint = "it is already below another place"
            tree.problems.append(place.problem("parent", "is only for entries at the top of a file", hint))
        _add(tree, Located(child, place), here, calendars)


def _facts(entry: PlaceEntry) -> SchoolFacts | None:
    if entry.kind is not PlaceKind.SCHOOL:
        return None
    return SchoolFacts(
        level=entry.level,
        enrolment=entry.enrolment,
        staff=entry.staff,
        classrooms=entry.classrooms,
        calendar=entry.calendar,
        instructional=entry.instructional is not False,
    )


def _check_school(tree: Tree, item: Located[PlaceEntry], calendars: Mapping[str, object] | None) -> None:
    entry = item.entry
    if entry.level and entry.level not in _LEVELS:
        hint = did_you_mean(entry.level, _LEVELS)
        tree.problems.append(item.where.problem("level", f"unknown level {entry.level!r}", hint))
    if entry.calendar and calendars is not None and entry.calendar not in calendars:
        hint = did_you_mean(entry.calendar, calendars) or "list its file under `calendars` of the settings"
        tree.problems.append(item.where.problem("calendar", f"unknown calendar {entry.calendar!r}", hint))


def _no_facts(tree: Tree, item: Located[PlaceEntry]) -> None:
    for name in _FACTS:
        if getattr(item.entry, name) not in ("", None):
            tree.problems.append(item.where.problem(name, f"only a school has {name}"))


def _below(where: Where, *steps: str | int) -> Where:
    return Where(where.file, where.document, (*where.path, *steps), where.line)
