"""The reference says what the code does: every function, key, sensor class and fact is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from netwatch.model import EntityKind, load_catalogue
from netwatch.profiles import FUNCTIONS, ProfileModel, coverage, coverage_tables, load_profiles
from netwatch.profiles.compiling.part import IDENTITY_FACTS
from netwatch.profiles.language.lookups import SPECIAL
from netwatch.profiles.written.schema import EntityModel, MatchModel, TableModel
from netwatch.resources import collectors_dir

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def reference() -> str:
    return (DOCS / "profiles.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*FUNCTIONS, *SPECIAL])
def test_functions(name: str, reference: str) -> None:
    assert f"| `{name}` |" in reference


@pytest.mark.parametrize("model", [ProfileModel, TableModel, MatchModel, EntityModel])
def test_keys(model: type[ProfileModel], reference: str) -> None:
    for name, info in model.model_fields.items():
        key = info.alias or name
        assert f"`{key}`" in reference or f" {key}:" in reference, key


def test_sensor_classes(reference: str) -> None:
    for family in load_catalogue().values():
        if family.entity is EntityKind.SENSOR and family.sensor_class != "state":
            assert family.sensor_class in reference


def test_facts() -> None:
    facts = (DOCS / "facts.md").read_text(encoding="utf-8")
    for name in IDENTITY_FACTS:
        assert f"`{name}`" in facts, name
    for kind in EntityKind:
        assert f"| {kind.value}" in facts, kind


def test_example_loads(tmp_path: Path, reference: str) -> None:
    from netwatch.profiles import load_profiles
    from netwatch.resources import collectors_dir

    example = reference.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "example.yaml").write_text(example, encoding="utf-8")
    found = load_profiles([collectors_dir() / "standard", tmp_path], load_catalogue())
    assert not found.problems
    assert "acme-switch" in found.profiles


def test_coverage_is_what_the_profiles_read() -> None:
    """Print it anew with `netwatch profile coverage` where this fails."""
    catalogue = load_catalogue()
    profiles = load_profiles([collectors_dir()], catalogue).profiles
    page = (DOCS / "coverage.md").read_text(encoding="utf-8")
    assert page.partition("-->\n")[2].strip() == "\n".join(coverage_tables(coverage(profiles))).strip()
