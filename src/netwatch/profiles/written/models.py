"""Names of models by sysObjectID: what makers register below their enterprise number (`models/*.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from netwatch.documents import Document, Strict, read_yaml, validate
from netwatch.errors import ConfigError, Problem
from netwatch.profiles.language.patterns import compile_regex

__all__ = [
    "MODELS_FOLDER",
    "Case",
    "ModelNames",
    "Models",
    "ModelsFile",
    "is_models_file",
    "load_models",
    "registered_models",
]

MODELS_FOLDER = "models"
"""A folder of this name holds no profiles, but names of models."""

ENTERPRISES = "1.3.6.1.4.1."

_LINE = re.compile(r"(\d+(?:\.\d+)*) (\S(?:.*\S)?)")


class Case(StrEnum):
    AS_IS = "as-is"
    UPPER = "upper"


class Rename(Strict):
    """How a registered name becomes the one that the gear is sold by."""

    find: str = Field(description="regular expression; every place where it is found is replaced")
    put: str = Field("", description="what is put there; \\1 is the first group")


class ModelsFile(Strict):
    """Models of one maker."""

    enterprise: int = Field(ge=1, description="private enterprise number")
    rename: list[Rename] = Field([], description="done in this order")
    case: Case = Field(
        Case.AS_IS, description="upper: names are written in capitals, after they were renamed"
    )
    models: str = Field(
        description="one a line: arcs after the enterprise number, a blank, the registered name"
    )


@dataclass(frozen=True)
class ModelNames:
    """Of one file. The lines stay text: of thousands a device needs one."""

    text: bytes
    """UTF-8; begins with a line feed and ends with one."""
    rename: tuple[tuple[str, str], ...] = ()
    case: Case = Case.AS_IS

    def find(self, arcs: str) -> str | None:
        """The name that exactly these arcs are registered by, as it is sold."""
        start = self.text.find(f"\n{arcs} ".encode())
        if start < 0:
            return None
        start += len(arcs) + 2
        name = self.text[start : self.text.index(b"\n", start)].decode()
        for pattern, put in self.rename:
            name = compile_regex(pattern).sub(put, name)
        return (name.upper() if self.case is Case.UPPER else name).strip() or None


@dataclass(frozen=True)
class Models:
    """By enterprise number; of several files for one the first that knows the arcs counts."""

    by_number: Mapping[int, tuple[ModelNames, ...]] = field(default_factory=dict)

    def of(self, sys_object_id: str) -> str | None:
        """The model that this sysObjectID, or the nearest registered one above it, stands for."""
        if not sys_object_id.startswith(ENTERPRISES):
            return None
        number, _, arcs = sys_object_id[len(ENTERPRISES) :].partition(".")
        files = self.by_number.get(int(number), ()) if number.isdecimal() else ()
        while files and arcs:
            for one in files:
                found = one.find(arcs)
                if found is not None:
                    return found
            arcs = arcs.rpartition(".")[0]
        return None

    def over(self, other: Models) -> Models:
        """Both; where they differ these count."""
        return Models.of_files([*self.files, *other.files])

    @property
    def files(self) -> Iterator[tuple[int, ModelNames]]:
        """All of them with their numbers, those that count first."""
        return ((number, one) for number, files in self.by_number.items() for one in files)

    @classmethod
    def of_files(cls, files: Iterable[tuple[int, ModelNames]]) -> Models:
        """The first of a number counts."""
        found: dict[int, tuple[ModelNames, ...]] = {}
        for number, names in files:
            found[number] = (*found.get(number, ()), names)
        return cls(found)


def is_models_file(file: Path) -> bool:
    return file.parent.name == MODELS_FOLDER


def load_models(files: Sequence[Path], problems: list[Problem]) -> Models:
    """Reads the files; a wrong one is left out, and what is wrong goes to `problems`."""
    found = []
    for file in files:
        try:
            document = read_yaml(file)
            given = validate(ModelsFile, document)
        except ConfigError as error:
            problems += error.problems
            continue
        wrong = _problems(document, given)
        problems += wrong
        if not wrong:
            lines = "\n".join(line.strip() for line in given.models.splitlines() if line.strip())
            rename = tuple((one.find, one.put) for one in given.rename)
            found.append((given.enterprise, ModelNames(f"\n{lines}\n".encode(), rename, given.case)))
    return Models.of_files(found)


def _problems(document: Document, given: ModelsFile) -> list[Problem]:
    out = []
    for position, rename in enumerate(given.rename):
        try:
            compile_regex(rename.find).sub(rename.put, "")
        except (ValueError, IndexError, re.error) as error:
            out.append(document.problem(["rename", position], f"can't be used: {error}"))
    seen: set[str] = set()
    for line in given.models.splitlines():
        written = line.strip()
        found = _LINE.fullmatch(written)
        if not written:
            continue
        if found is None:
            hint = "write arcs, a blank, a name: 1.283 cat6509"
            out.append(document.problem(["models"], f"{written!r} names no model", hint))
        elif found[1] in seen:
            out.append(document.problem(["models"], f"{found[1]} is there twice", "keep one of the lines"))
        else:
            seen.add(found[1])
    return out


def registered_models(folders: Iterable[Path]) -> frozenset[str]:
    """Every name of a model, as it is sold, in the folders `models` below some folders. What can't be read is
    left out: whoever loads profiles tells of it."""
    files = [file for folder in folders for file in sorted(folder.glob(f"**/{MODELS_FOLDER}/*.yaml"))]
    out: set[str] = set()
    for _, names in load_models(files, []).files:
        arcs = (line.partition(b" ")[0].decode() for line in names.text.splitlines() if line)
        out.update(name for one in arcs if (name := names.find(one)))
    return frozenset(out)
