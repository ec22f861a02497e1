"""Finds, checks and compiles profiles. A bad one is refused with its problems; the others go on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from netwatch.documents import Document, Strict, read_documents, validate
from netwatch.errors import ConfigError, Problem
from netwatch.model import Catalogue
from netwatch.profiles.compiling.compiler import Compiler, Source
from netwatch.profiles.compiling.layers import compile_layers
from netwatch.profiles.keeping.cache import ProfileCache
from netwatch.profiles.ready.profile_set import ProfileSet
from netwatch.profiles.written.models import Models, ModelsFile, is_models_file, load_models
from netwatch.profiles.written.schema import ProfileModel
from netwatch.profiles.written.vendors import VENDORS_FILE, Vendors, load_vendors

__all__ = ["lint", "load_profiles", "models_schema", "profile_schema"]


def load_profiles(
    dirs: Sequence[Path], catalogue: Catalogue, *, cache: ProfileCache | None = None
) -> ProfileSet:
    """Every `*.yaml` below the directories; in a later one a profile replaces that of the same name. What is
    wrong is refused and told of in `problems`.

    With a cache nothing is compiled that an earlier process compiled of the same files.
    """
    files = [sorted(Path(directory).rglob("*.yaml")) for directory in dirs]
    digest = _digest(file for found in files for file in found)
    told = "no cache"
    if cache is not None:
        kept, told = cache.read(dirs, digest, catalogue)
        if kept is not None:
            return kept
    problems: list[Problem] = []
    vendors = Vendors()
    models = Models()
    layers = []
    for found in files:
        own = [file for file in found if file.name == VENDORS_FILE]
        vendors = vendors.merged(load_vendors(own, problems))
        models = load_models([file for file in found if is_models_file(file)], problems).over(models)
        layers.append(_read(filter(_is_profile, found), problems))
    made, refused = compile_layers(layers, catalogue)
    profiles = {name: one.profile for name, one in made.items()}
    recognised = tuple(profile.recognised for profile in profiles.values())
    problems += refused
    loaded = ProfileSet(profiles, recognised, problems, vendors, models, digest, told=f"compiled, {told}")
    if cache is not None:
        kept_where = cache.write(dirs, loaded, [one.part for one in made.values()], catalogue)
        loaded = replace(loaded, told=f"{loaded.told}; {kept_where}")
    return loaded


def _digest(files: Iterable[Path]) -> str:
    """Of names and contents."""
    digest = hashlib.sha256()
    for file in files:
        with suppress(OSError):  # told where it is read
            digest.update(f"{file}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _read(files: Iterable[Path], problems: list[Problem]) -> dict[str, Source]:
    sources: dict[str, Source] = {}
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
        sources[model.profile] = Source(document, model)
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
    sources: dict[str, Source] = {}
    for directory in base:
        sources |= _read(_profile_files(Path(directory)), ignored)
    own = _read((file for path in paths for file in _profile_files(Path(path))), problems)
    sources |= own
    compiler = Compiler(sources, catalogue)
    compiler.compile(own)
    problems += [problem for found in compiler.problems.values() for problem in found]
    load_vendors([file for path in paths for file in Path(path).rglob(VENDORS_FILE)], problems)
    load_models(
        [file for path in paths for file in _yaml_files(Path(path)) if is_models_file(file)], problems
    )
    return problems


def _profile_files(path: Path) -> list[Path]:
    return list(filter(_is_profile, _yaml_files(path)))


def _yaml_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.yaml")) if path.is_dir() else [path]


def _is_profile(file: Path) -> bool:
    return file.name != VENDORS_FILE and not is_models_file(file)


def profile_schema() -> dict[str, Any]:
    """JSON Schema of a profile file, for editors."""
    return _schema(ProfileModel, "netwatch device profile")


def models_schema() -> dict[str, Any]:
    """The same of a file with names of models."""
    return _schema(ModelsFile, "netwatch names of models")


def _schema(model: type[Strict], title: str) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = title
    return schema
