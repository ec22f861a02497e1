"""Names of models by sysObjectID: what is shipped, what a user writes over it, what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.discovery import discover, inspect_document
from netwatch.model import EntityId, SnmpAccess, SystemClock, Target, load_catalogue
from netwatch.profiles import Models, ProfileCache, ProfileSet, lint, load_profiles, models_schema
from netwatch.profiles.written.models import Case, ModelNames
from netwatch.resources import collectors_dir
from netwatch.wire import RecordedSnmpWire, Recording

ACME = """
enterprise: 99999
rename:
  - {find: '^acme(?=[A-Z])'}
  - {find: '^Switch', put: 'SW-'}
  - {find: '([0-9]+)p$', put: '\\1 ports'}
models: |
  1.1 acmeSwitch24p
  1.2 acmeRouter
  1.2.7 acmeRouterPlus
"""
SYSTEM = """
profile: standard
include: []
scalars: {sys_descr: 1.3.6.1.2.1.1.1.0, own: 1.3.6.1.4.1.99999.5.0}
identity: {model: "first(text(own), product)"}
"""
Load = Callable[..., ProfileSet]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Two folders: files of `models` in the first, in the second, and other files in the first."""

    def loaded(first: Mapping[str, str], second: Mapping[str, str] | None = None, **files: str) -> ProfileSet:
        for name, models in (("shipped", first), ("own", second or {})):
            (tmp_path / name / "models").mkdir(parents=True, exist_ok=True)
            for file, text in models.items():
                (tmp_path / name / "models" / f"{file}.yaml").write_text(text)
        for file, text in {"standard": SYSTEM, "generic": "profile: generic\n", **files}.items():
            (tmp_path / "shipped" / f"{file}.yaml").write_text(text)
        cache = ProfileCache(tmp_path / "cache")
        return load_profiles([tmp_path / "shipped", tmp_path / "own"], load_catalogue(), cache=cache)

    return loaded


def told(found: ProfileSet) -> str:
    return "\n".join(map(str, found.problems))


@pytest.mark.parametrize(
    ("oid", "model"),
    [
        ("1.3.6.1.4.1.99999.1.1", "SW-24 ports"),
        ("1.3.6.1.4.1.99999.1.2", "Router"),
        ("1.3.6.1.4.1.99999.1.2.7", "RouterPlus"),
        ("1.3.6.1.4.1.99999.1.2.8.9", "Router"),  # the nearest one above it
        ("1.3.6.1.4.1.99999.1.20", None),
        ("1.3.6.1.4.1.99999.1", None),
        ("1.3.6.1.4.1.99999", None),
        ("1.3.6.1.4.1.9.1.1", None),
        ("1.3.6.1.4.1.x.1", None),
        ("0.0", None),
        ("", None),
    ],
)
def test_a_model_is_told_by_its_arcs_and_by_the_name_that_it_is_sold_by(
    load: Load, oid: str, model: str | None
) -> None:
    found = load({"acme": ACME})
    assert not found.problems
    assert found.models.of(oid) == model
    again = load({"acme": ACME})
    assert again.told.startswith("read from")
    assert again.models.of(oid) == model


def test_a_folder_of_the_users_own_goes_before_what_is_shipped(load: Load) -> None:
    own = "enterprise: 99999\ncase: upper\nmodels: |\n  1.2 Edge x\n  1.3 new\n"
    found = load({"acme": ACME}, {"mine": own})
    assert [found.models.of(f"1.3.6.1.4.1.99999.1.{arc}") for arc in (1, 2, 3)] == [
        "SW-24 ports",
        "EDGE X",
        "NEW",
    ]
    assert found.models.of("1.3.6.1.4.1.99999.1.2.7") == "RouterPlus"  # longer arcs count first


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("enterprise: 99999\nmodels: |\n  1.1\n", "'1.1' names no model"),
        ("enterprise: 99999\nmodels: |\n  acme 1.1\n", "'acme 1.1' names no model"),
        ("enterprise: 99999\nmodels: |\n  1.1 a\n  1.1 b\n", "1.1 is there twice"),
        ("enterprise: 99999\nmodels: {1: a}\n", "models"),
        ("models: |\n  1.1 a\n", "enterprise"),
        ("enterprise: 99999\nrename: [{find: '('}]\nmodels: |\n  1.1 a\n", "can't be used"),
        ("enterprise: 99999\nrename: [{find: a, put: '\\1'}]\nmodels: |\n  1.1 a\n", "can't be used"),
        ("enterprise: 99999\nrename: [{find: '(a+)+b'}]\nmodels: |\n  1.1 a\n", "can't be used"),
        ("enterprise: 99999\nnames: x\nmodels: |\n  1.1 a\n", "names"),
    ],
)
def test_a_wrong_file_is_refused_by_itself(load: Load, text: str, words: str, tmp_path: Path) -> None:
    found = load({"acme": ACME}, {"bad": text})
    assert words in told(found)
    assert "own/models/bad.yaml" in told(found)
    assert found.models.of("1.3.6.1.4.1.99999.1.2") == "Router"
    problems = lint([tmp_path / "own"], load_catalogue())
    assert words in "\n".join(map(str, problems))


def test_the_identity_takes_the_product_where_the_device_tells_no_model(load: Load, tmp_path: Path) -> None:
    profiles = load({"acme": ACME})

    def model_of(lines: str) -> object:
        (tmp_path / "x.snmprec").write_text(lines)
        recording = Recording.load(tmp_path / "x.snmprec")
        target = Target(EntityId("x"), "x", (), snmp=SnmpAccess())
        wire = RecordedSnmpWire({"x": recording})
        found = asyncio.run(discover(target, snmp=wire, profiles=profiles, clock=SystemClock()))
        return inspect_document("x", found, load_catalogue())["identity"].get("model")

    system = "1.3.6.1.2.1.1.1.0|4|box\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1.1\n"
    assert model_of(system) == "SW-24 ports"
    assert model_of(system + "1.3.6.1.4.1.99999.5.0|4|SW-24-LTD\n") == "SW-24-LTD"
    assert model_of(system.replace("99999.1.1", "99999.3")) is None


def test_only_the_identity_knows_the_product(load: Load) -> None:
    table = "tables: {t: {oid: 1.3.6.1.4.1.99999.7, columns: {a: 1}, where: known(product)}}"
    found = load({"acme": ACME}, wrong=f"profile: wrong\n{table}\n")
    assert "unknown name 'product'" in told(found)


def test_what_is_shipped_says_how_gear_is_sold() -> None:
    profiles = load_profiles([collectors_dir()], load_catalogue())
    assert not profiles.problems
    known = {
        "9.1.2694": "Catalyst 9200L Stack",
        "9.12.3.1.3.1084": "N5K-C5548UP",
        "11.2.3.7.11.139": "J9775A",
        "674.10895.3058": "N3048",
        "11863.5.86": "T1600G-18TS",
        "45.3.80.6": "ERS-3510GT-PWR-PLUS",
    }
    assert {arcs: profiles.models.of(f"1.3.6.1.4.1.{arcs}") for arcs in known} == known


@given(st.dictionaries(st.from_regex(r"\A[1-9][0-9]{0,3}(\.[0-9]{1,3}){0,3}\Z"), st.from_regex(r"\A\w+\Z")))
def test_each_name_is_found_by_its_own_arcs(names: dict[str, str]) -> None:
    text = "\n" + "".join(f"{arcs} {name}\n" for arcs, name in names.items())
    models = Models.of_files([(99999, ModelNames(text.encode(), (), Case.AS_IS))])
    assert {arcs: models.of(f"1.3.6.1.4.1.99999.{arcs}") for arcs in names} == names


def test_the_schema_tells_the_keys() -> None:
    assert {"enterprise", "models", "rename", "case"} == models_schema()["properties"].keys()
