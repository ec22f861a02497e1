"""Compiles profiles in the order that their includes ask for. A bad one is refused, the others go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netwatch.documents import Document, did_you_mean
from netwatch.errors import Problem
from netwatch.model import Catalogue
from netwatch.profiles.compiling.part import build_part
from netwatch.profiles.ready.merge import inherit
from netwatch.profiles.ready.profile import Part, Profile
from netwatch.profiles.written.schema import ProfileModel

__all__ = ["Compiler", "Made", "Source", "reached"]


@dataclass(frozen=True)
class Source:
    """A profile file that was read."""

    document: Document
    model: ProfileModel


@dataclass(frozen=True)
class Made:
    """A profile that was compiled."""

    part: Part
    profile: Profile


def reached(name: str, sources: Mapping[str, Source]) -> set[str]:
    """The names of all that a profile includes, and of what those include; its own only if they lead back."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        source = sources.get(ahead.pop())
        for one in source.model.include if source is not None else ():
            if one in sources and one not in found:
                found.add(one)
                ahead.append(one)
    return found


class Compiler:
    """One set of files. `problems` has an entry for each profile that was refused."""

    def __init__(
        self, sources: Mapping[str, Source], catalogue: Catalogue, known: Mapping[str, Made] | None = None
    ) -> None:
        """`known`: what was compiled before, of the same files over the same includes."""
        self.sources = sources
        self.catalogue = catalogue
        self.made: dict[str, Made] = dict(known or {})
        self.problems: dict[str, list[Problem]] = {}

    def compile(self, names: Iterable[str]) -> None:
        for name in names:
            self._one(name)

    def _one(self, name: str) -> Made | None:
        if name in self.problems:
            return None
        if name not in self.made:
            made = self._compile(name, self.sources[name])
            if isinstance(made, list):
                self.problems[name] = made
                return None
            self.made[name] = made
        return self.made[name]

    def _compile(self, name: str, source: Source) -> Made | list[Problem]:
        model, document = source.model, source.document
        included: list[Profile] = []
        for position, other in enumerate(model.include):
            at: list[str | int] = ["include", position]
            if other not in self.sources:
                if "include" in model.model_fields_set:
                    hint = did_you_mean(other, self.sources)
                    return [document.problem(at, f"unknown profile {other!r}", hint)]
                continue
            circle = self._way(other, name)
            if circle:
                message = f"profiles include each other: {' > '.join([name, *circle])}"
                return [document.problem(at, message, "take one of these `include` away")]
            made = self._one(other)
            if made is None:
                return [document.problem(at, f"includes {other!r}, which was refused")]
            included.append(made.profile)
        return self._build(source, included)

    def _build(self, source: Source, included: Sequence[Profile]) -> Made | list[Problem]:
        try:
            part, problems = build_part(source.document, source.model, included, self.catalogue)
            return problems or Made(part, inherit(part, included))
        except Exception as error:  # a mistake of netwatch's own, over one file: the others go on
            message = f"can't be compiled: internal error: {type(error).__name__}: {error}"
            return [source.document.problem([], message, "please report it, with the file")]

    def _way(self, start: str, goal: str) -> list[str]:
        """The names from `start` to `goal` along includes; empty if there is no way."""
        if goal != start and goal not in reached(start, self.sources):
            return []
        way = [start]
        while way[-1] != goal:
            following = (one for one in self.sources[way[-1]].model.include if one in self.sources)
            way.append(
                next(
                    one
                    for one in following
                    if one not in way and (one == goal or goal in reached(one, self.sources))
                )
            )
        return way
