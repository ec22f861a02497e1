"""Folders of the user's own over what is shipped: nothing in them breaks what is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from netwatch.model import load_catalogue
from netwatch.profiles import ProfileSet, load_profiles

SHIPPED = {
    "standard": """
profile: standard
include: [ports]
vendor: shipped
scalars: {sys_descr: 1.3.6.1.2.1.1.1.0}
""",
    "ports": """
profile: ports
include: []
tables:
  ports:
    oid: 1.3.6.1.2.1.2.2.1
    columns: {name: 2}
    entity: {kind: interface, key: "{name}"}
""",
    "switch": """
profile: switch
tables:
  more:
    oid: 1.3.6.1.4.1.99999.1
    columns: {a: 1}
    let: {name: "lookup(ports.name, index)"}
    entity: {kind: module, key: "{name}"}
""",
    "generic": "profile: generic\n",
}

Load = Callable[[Mapping[str, str]], ProfileSet]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(own: Mapping[str, str], more: Mapping[str, str] | None = None) -> ProfileSet:
        for folder, files in {"shipped": SHIPPED, "own": own, "more": more or {}}.items():
            (tmp_path / folder).mkdir()
            for name, text in files.items():
                (tmp_path / folder / f"{name}.yaml").write_text(text)
        return load_profiles([tmp_path / one for one in ("shipped", "own", "more")], load_catalogue())

    return loaded  # type: ignore[return-value]  # the second one is for one test


def told(found: ProfileSet) -> str:
    return "\n".join(map(str, found.problems))


def all_is_well(found: ProfileSet) -> bool:
    """Everything that is shipped works, and what is wrong is in the user's own files."""
    return set(SHIPPED) <= set(found.profiles) and all("/own/" in one.file for one in found.problems)


BAD = {
    "syntax": ("profile: [x\n", "x.yaml:2: is not valid YAML"),
    "unknown key": (
        "profile: x\nmatsh: []\n",
        "x.yaml:2: matsh: unknown key 'matsh' (did you mean 'match'?)",
    ),
    "unknown parent": (
        "profile: x\ninclude: [standart]\n",
        "x.yaml:2: include[0]: unknown profile 'standart'",
    ),
    "no name": ("kind: switch\n", "x.yaml:1: 'profile' is required"),
    "a list as a key": ("profile: x\n? [a, b]\n: c\n", "x.yaml:2: is not valid YAML: a key has to be text"),
    "itself": ("profile: x\ninclude: [x]\n", "x.yaml:2: include[0]: profiles include each other: x > x"),
    "expression": (
        "profile: x\nidentity: {model: 'sys_descr +'}\n",
        "x.yaml:2: identity.model: is no expression",
    ),
    "a name in vain": ("profile: x\nidentity: {model: sys_desc}\n", "unknown name 'sys_desc'"),
    "a pattern without end": (
        "profile: x\nidentity: {model: \"match(sys_descr, '(a+)+')\"}\n",
        "repeats a repeat, which can take forever",
    ),
    "rows without end": (
        "profile: x\ntables: {t: {oid: 1.3.6.1, max_rows: 300000, columns: {a: 1}}}\n",
        "x.yaml:2: tables.t.max_rows",
    ),
    "series without end": (
        "profile: x\ntables:\n  t:\n    oid: 1.3.6.1\n    max_rows: 200000\n    columns: {a: 1}\n"
        "    sensors:\n" + "      - {class: count, name: x, value: a}\n" * 6,
        "x.yaml:5: tables.t.max_rows: 200000 rows of 6 series each: more than 1000000 series "
        "(write `max_rows: 166666` or less, or take values away)",
    ),
    "vendors": ("9: {nam: X}\n", "vendors.yaml:1"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_alone(case: str, load: Load) -> None:
    text, message = BAD[case]
    name = "vendors" if case == "vendors" else "x"
    found = load({name: text, "good": "profile: good\ninclude: [switch]\n"})
    assert message in told(found)
    assert found.problems[0].line is not None
    assert all_is_well(found)
    assert "good" in found.profiles
    assert "x" not in found.profiles
    assert [Path(file).name for file in found.refused] == [f"{name}.yaml"]


def test_definitions_that_name_each_other_are_read_in_their_order(load: Load) -> None:
    text = """
profile: x
tables:
  t:
    oid: 1.3.6.1.4.1.99999.2
    columns: {a: 1, b: 2}
    let: {a: b, b: a}
    sensors: [{class: count, name: x, value: a + b}]
"""
    found = load({"x": text})
    assert not found.problems
    assert found.profiles["x"].tables["t"].polled == {"b"}


def test_each_of_a_circle_tells_it_and_what_stands_on_it_is_refused(load: Load) -> None:
    found = load(
        {
            "a": "profile: a\ninclude: [b]\n",
            "b": "profile: b\ninclude: [standard, a]\n",
            "c": "profile: c\ninclude: [b]\n",
        }
    )
    assert all_is_well(found)
    assert "a.yaml:2: include[0]: profiles include each other: a > b > a" in told(found)
    assert "b.yaml:2: include[1]: profiles include each other: b > a > b" in told(found)
    assert "c.yaml:2: include[0]: includes 'b', which was refused" in told(found)


def test_a_replacement_holds_for_all_that_stand_on_it(load: Load) -> None:
    found = load({"standard": SHIPPED["standard"].replace("shipped", "own")})
    assert not found.problems
    assert found.profiles["switch"].constant["vendor"] == "own"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SHIPPED["standard"] + "knid: switch\n", "unknown key 'knid'"),
        (SHIPPED["standard"] + "identity: {model: sys_desc}\n", "unknown name 'sys_desc'"),
        (
            "profile: standard\ninclude: [switch]\n",
            "standard.yaml:2: include[0]: profiles include each other: standard > switch > standard",
        ),
    ],
    ids=["key", "name", "circle"],
)
def test_a_replacement_that_is_wrong_gives_way(text: str, message: str, load: Load) -> None:
    found = load({"standard": text})
    assert message in told(found)
    assert all_is_well(found)
    assert found.profiles["switch"].constant["vendor"] == "shipped"


def test_a_replacement_that_others_can_not_stand_on_gives_way(load: Load) -> None:
    found = load({"mine": "profile: ports\ninclude: []\n", "good": "profile: good\ninclude: [switch]\n"})
    assert all_is_well(found)
    assert "good" in found.profiles
    assert "ports" in found.profiles["switch"].tables
    first, second = found.problems
    assert str(first).startswith(f"{first.file}:1: profile: 'switch' can't be built on this one any more")
    assert "unknown table 'ports'" in first.message
    assert first.hint
    assert "goes on in its place" in second.message


def test_folders_may_stand_on_later_ones(load: Load) -> None:
    found = load({"a": "profile: a\ninclude: [b]\n"}, {"b": "profile: b\n"})  # type: ignore[call-arg]
    assert not found.problems
    assert {"a", "b"} <= set(found.profiles)


def test_of_three_of_one_name_the_last_good_one_counts(load: Load) -> None:
    found = load(  # type: ignore[call-arg]
        {"generic": "profile: generic\nvendor: own\n"},
        {"generic": "profile: generic\nidentity: {model: x y}\n"},
    )
    assert found.profiles["generic"].constant["vendor"] == "own"
    assert "more/generic.yaml:2" in told(found)


def test_a_mistake_of_netwatchs_own_refuses_one_file(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    from netwatch.profiles.compiling import compiler

    build = compiler.build_part

    def fail(document, model, *rest):  # type: ignore[no-untyped-def]
        if model.profile == "x":
            raise RecursionError("too deep")
        return build(document, model, *rest)

    monkeypatch.setattr(compiler, "build_part", fail)
    found = load({"x": "profile: x\n", "y": "profile: y\n"})
    assert "internal error: RecursionError" in told(found)
    assert all_is_well(found)
    assert "y" in found.profiles
