"""Finds, checks and compiles profiles. A bad one is refused with its problems; the others go on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netwatch.documents import Document, did_you_mean, read_documents, validate
from netwatch.errors import ConfigError, Problem
from netwatch.model import Catalogue
from netwatch.profiles.builder import build_profile
from netwatch.profiles.compiled import Profile
from netwatch.profiles.pool import PlanPool
from netwatch.profiles.schema import ProfileModel
from netwatch.profiles.vendors import VENDORS_FILE, Vendors, load_vendors

__all__ = ["FALLBACK", "ProfileSet", "lint", "load_profiles", "profile_schema"]

FALLBACK = "generic"
"""Name of the profile for a device that no other one matches."""


@dataclass(frozen=True)
class ProfileSet:
    """All usable profiles."""

    profiles: Mapping[str, Profile]
    problems: list[Problem] = field(default_factory=list)
    """Of those that were refused."""
    vendors: Vendors = field(default_factory=Vendors)
    digest: str = ""
    """Another one wherever a file has changed, as what is compiled can't be compared."""
    pool: PlanPool = field(default_factory=PlanPool, repr=False, compare=False)
    """What devices of one build share."""

    @property
    def fallback(self) -> Profile | None:
        return self.profiles.get(FALLBACK)


@dataclass
class _Source:
    document: Document
    model: ProfileModel


class _Loader:
    """Compiles profiles in the order that their includes ask for."""

    def __init__(self, sources: Mapping[str, _Source], catalogue: Catalogue, problems: list[Problem]) -> None:
        self.sources = sources
        self.catalogue = catalogue
        self.problems = problems
        self.done: dict[str, Profile | None] = {}
        self.open: list[str] = []

    def profile(self, name: str) -> Profile | None:
        if name not in self.done:
            self.open.append(name)
            self.done[name] = self._compile(self.sources[name])
            self.open.pop()
        return self.done[name]

    def _compile(self, source: _Source) -> Profile | None:
        model, document = source.model, source.document
        included: list[Profile] = []
        for position, name in enumerate(model.include):
            if name not in self.sources:
                if "include" in model.model_fields_set:
                    hint = did_you_mean(name, self.sources)
                    self._refuse(document, position, f"unknown profile {name!r}", hint)
                    return None
                continue
            if name in self.open:
                circle = " > ".join([*self.open[self.open.index(name) :], name])
                self._refuse(document, position, f"profiles include each other: {circle}", "")
                return None
            profile = self.profile(name)
            if profile is None:
                self._refuse(document, position, f"includes {name!r}, which was refused", "")
                return None
            included.append(profile)
        profile, problems = build_profile(document, model, included, self.catalogue)
        self.problems += problems
        return None if problems else profile

    def _refuse(self, document: Document, position: int, message: str, hint: str) -> None:
        self.problems.append(document.problem(["include", position], message, hint))


def load_profiles(dirs: Sequence[Path], catalogue: Catalogue) -> ProfileSet:
    """Every `*.yaml` below the directories; in a later one a profile replaces that of the same name."""
    sources: dict[str, _Source] = {}
    problems: list[Problem] = []
    vendors = Vendors()
    digest = hashlib.sha256()
    for directory in dirs:
        files = sorted(Path(directory).rglob("*.yaml"))
        for file in files:
            with suppress(OSError):  # told below
                digest.update(f"{file}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
        vendors = vendors.merged(
            load_vendors([file for file in files if file.name == VENDORS_FILE], problems)
        )
        own = _read([file for file in files if file.name != VENDORS_FILE], problems)
        sources |= own
    loader = _Loader(sources, catalogue, problems)
    profiles = {}
    for name in sources:
        profile = loader.profile(name)
        if profile is not None:
            profiles[name] = profile
    return ProfileSet(profiles, problems, vendors, digest.hexdigest())


def _read(files: Iterable[Path], problems: list[Problem]) -> dict[str, _Source]:
    sources: dict[str, _Source] = {}
    for document in _documents(files, problems):
        try:
            model = validate(ProfileModel, document)
        except ConfigError as error:
            problems += error.problems
            continue
        if model.profile in sources:
            other = sources[model.profile].document.file
            hint = "give one of them another name"
            problems.append(document.problem(["profile"], f"{model.profile!r} is also in {other}", hint))
            continue
        sources[model.profile] = _Source(document, model)
    return sources


def _documents(files: Iterable[Path], problems: list[Problem]) -> Iterator[Document]:
    """A file may hold several profiles."""
    for file in files:
        try:
            yield from read_documents(file)
        except ConfigError as error:
            problems += error.problems


def lint(paths: Sequence[Path], catalogue: Catalogue, *, base: Sequence[Path] = ()) -> list[Problem]:
    """Problems of the profiles in these files and directories. `base`: directories with what they include."""
    problems: list[Problem] = []
    ignored: list[Problem] = []
    sources: dict[str, _Source] = {}
    for directory in base:
        sources |= _read(_profile_files(Path(directory)), ignored)
    own = _read((file for path in paths for file in _profile_files(Path(path))), problems)
    sources |= own
    loader = _Loader(sources, catalogue, problems)
    for name in own:
        loader.profile(name)
    load_vendors([file for path in paths for file in Path(path).rglob(VENDORS_FILE)], problems)
    return problems


def _profile_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.name != VENDORS_FILE else []
    return sorted(file for file in path.rglob("*.yaml") if file.name != VENDORS_FILE)


def profile_schema() -> dict[str, Any]:
    """JSON Schema of a profile file, for editors."""
    schema = ProfileModel.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "netwatch device profile"
    return schema
