"""A profile drafted from a walk and MIB modules: what it says, and what it reads."""

from __future__ import annotations

import builtins
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netwatch.cli.inspect import recorded_discovery
from netwatch.discovery import inspect_document
from netwatch.drafting import draft_profile
from netwatch.drafting.mib_clauses import ClauseParser
from netwatch.errors import ConfigError, MissingExtra
from netwatch.model import SnmpValue, load_catalogue
from netwatch.profiles import ProfileSet, lint, load_profiles
from netwatch.resources import collectors_dir
from netwatch.wire import Recording

HERE = Path(__file__).parent
MIBS = HERE / "mibs"
STANDARD = collectors_dir() / "standard"


@pytest.fixture(scope="module")
def text(parser: ClauseParser, standard: ProfileSet) -> str:
    walk = Recording.load(HERE / "acme.snmprec")
    return draft_profile(walk, [MIBS], standard, parser=parser).text


@pytest.fixture(scope="module")
def profile(text: str) -> dict[str, Any]:
    found = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def seen(text: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What inspect makes of the walk with the draft."""
    folder = tmp_path_factory.mktemp("drafted")
    (folder / "acme.yaml").write_text(text, encoding="utf-8")
    catalogue = load_catalogue()
    profiles = load_profiles([STANDARD, folder], catalogue)
    assert profiles.problems == []
    found = recorded_discovery(Recording.load(HERE / "acme.snmprec"), profiles)
    return inspect_document("acme", found, catalogue)


def lines(text: str, word: str) -> list[str]:
    return [line for line in text.splitlines() if word in line]


def problems(text: str, folder: Path) -> list[str]:
    file = folder / "draft.yaml"
    file.write_text(text, encoding="utf-8")
    return [str(problem) for problem in lint([file], load_catalogue(), base=[STANDARD])]


def test_the_draft_passes_lint(text: str, tmp_path: Path) -> None:
    assert problems(text, tmp_path) == []


def test_the_device_is_recognised_by_its_product_arc(text: str, profile: dict[str, Any]) -> None:
    assert profile["match"] == [{"sys_object_id": "1.3.6.1.4.1.99999.1.24"}]
    assert lines(text, "sys_object_id")[0].endswith("# acmeSwitch24")


def test_identity_is_read_by_the_names_of_objects(seen: dict[str, Any]) -> None:
    identity = seen["identity"]
    assert (identity["model"], identity["serial"], identity["version"]) == ("SW-24", "AC123456", "4.2.1")


def test_values_are_in_base_units(seen: dict[str, Any]) -> None:
    found = {(one["class"], one["descr"]): one["value"] for one in seen["sensors"]}
    assert found["temperature", "System board temperature"] == 41.5
    assert found["fan_speed", "Front speed"] == 4200
    assert found["voltage", "Front"] == 12.01
    assert found["runtime", "System battery run time remaining"] == 1800
    assert found["humidity", "Acme old humidity"] == 0.455


def test_rows_of_any_kind_are_told_apart_by_their_type_column(seen: dict[str, Any]) -> None:
    found = {one["descr"]: (one["class"], one["value"]) for one in seen["sensors"]}
    assert found["Rack"] == ("temperature", 23.15)
    assert found["Room"] == ("humidity", 0.45)
    assert "Door" not in found


def test_states_are_judged_by_their_labels(seen: dict[str, Any]) -> None:
    found = {one["descr"]: one["state"] for one in seen["sensors"] if one["class"] == "state"}
    assert found["Front status"] == "ok"
    assert found["Rear status"] == "critical"
    assert found["System door alarm"] == "critical"


def test_one_average_of_the_processor_and_one_memory(seen: dict[str, Any]) -> None:
    assert [one["usage"] for one in seen["processors"]] == [0.35]
    assert [(one["total_bytes"], one["used_bytes"]) for one in seen["memory"]] == [(536870912, 402653184)]


def test_an_augmenting_table_has_the_names_of_the_one_that_it_augments(profile: dict[str, Any]) -> None:
    assert profile["tables"]["fan_power"]["columns"]["fan_descr"] == {
        "oid": "1.3.6.1.4.1.99999.2.2.1.2",
        "static": True,
    }


def test_what_was_guessed_is_marked(text: str) -> None:
    assert lines(text, "unknown purple")[0].endswith("# check")
    assert "check" not in lines(text, "class: fan_speed")[0]
    assert "check" not in lines(text, "2: ok normal")[0]


def test_what_is_left_stands_at_the_end(text: str) -> None:
    tail = text[text.index("Not used") :]
    assert "acmeWidgets" in tail
    assert "acmeBoardTemperatureThreshold" in tail
    assert "acmeFanStatus" not in tail
    assert "1.3.6.1.4.1.99999.7.1: 1 values" in tail
    assert "ACME-OLD-MIB::oldNonsense" in tail


def test_neither_prose_nor_texts_of_the_walk_are_copied(text: str) -> None:
    assert "Prose that must not be copied" not in text
    for private in ("AC123456", "Front", "Rack"):
        assert private not in text


def test_what_standard_profiles_read_is_not_drafted(parser: ClauseParser, standard: ProfileSet) -> None:
    walk = Recording.load(HERE / "acme.snmprec")
    more = {**walk.values, "1.3.6.1.2.1.2.2.1.8.1": 1, "1.3.6.1.2.1.33.1.2.4.0": 90}
    text = draft_profile(Recording("x", more), [MIBS], standard, parser=parser).text
    assert "1.3.6.1.2.1.33" not in text


def test_an_agent_that_anybody_builds_in_is_told_apart_by_what_it_has(
    parser: ClauseParser, standard: ProfileSet, tmp_path: Path
) -> None:
    walk = Recording.load(HERE / "acme.snmprec")
    values = {**walk.values, "1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.8072.3.2.10"}
    text = draft_profile(Recording("x", values), [MIBS], standard, parser=parser).text
    assert yaml.safe_load(text)["match"] == [
        {"sys_object_id": "1.3.6.1.4.1.8072.3.2.10", "present": "1.3.6.1.4.1.99999.2"}
    ]
    assert problems(text, tmp_path) == []


def test_a_walk_that_no_module_knows_gives_a_draft_with_nothing(
    parser: ClauseParser, standard: ProfileSet, tmp_path: Path
) -> None:
    values: dict[str, SnmpValue] = {"1.3.6.1.4.1.88888.1.1.0": 5}
    draft = draft_profile(Recording("x", values), [MIBS], standard, parser=parser)
    assert (draft.sensors, draft.states, draft.entities) == (0, 0, 0)
    assert "No module in the folder knows" in draft.text
    assert problems(draft.text, tmp_path) == []


def test_a_folder_without_modules_is_told(tmp_path: Path, parser: ClauseParser, standard: ProfileSet) -> None:
    (tmp_path / "README").write_text("nothing here")
    with pytest.raises(ConfigError, match="holds no MIB modules"):
        draft_profile(Recording("x", {}), [tmp_path], standard, parser=parser)
    with pytest.raises(ConfigError, match="no such file or folder"):
        draft_profile(Recording("x", {}), [tmp_path / "nowhere"], standard, parser=parser)


def test_without_the_library_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, standard: ProfileSet
) -> None:
    genuine = builtins.__import__

    def importing(name: str, *args: Any, **more: Any) -> Any:
        if name.startswith("pysmi"):
            raise ImportError(name)
        return genuine(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(MissingExtra, match=r"pip install 'netwatch\[mibs\]'"):
        draft_profile(Recording("x", {}), [MIBS], standard)


# any module, any walk

PIECES = (
    "Fan", "Temp", "Temperature", "Status", "State", "Power", "Voltage", "Current", "Cpu", "Util", "Memory",
    "Total", "Free", "Used", "Disk", "Name", "Descr", "Serial", "Number", "Model", "Version", "Value", "Type",
    "Unit", "Alarm", "Index", "Class", "Is", "In", "Humidity", "Battery", "Charge", "Input", "Frequency",
    "Load", "Flash", "Size", "X9",
)  # fmt: skip
names = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map(lambda one: "a" + "".join(one))
labels = st.lists(
    st.sampled_from(["ok", "on", "off", "yes", "no", "true", "null", "failed", "warn-ing", "not-present"]),
    min_size=1, max_size=5, unique=True,
)  # fmt: skip
syntaxes = st.one_of(
    st.sampled_from(
        ["Integer32", "Gauge32", "Counter32", "Counter64", "TimeTicks", "DisplayString", "TruthValue"]
    ),
    labels.map(lambda one: "INTEGER { " + ", ".join(f"{label}({at})" for at, label in enumerate(one)) + " }"),
)
units = st.one_of(
    st.none(),
    st.sampled_from(["0.1 C", "mV", "RPM", "%", "kB", "degrees F", "K", "KB", "odd: # \\ {} units"]),
)
walked = st.one_of(
    st.integers(-(2**31), 2**63),
    st.integers(-1, 500),
    st.sampled_from([b"", b"OK", b"36.5 C", b"12", b"# {}: \"'", b"\xff\x00", b"a\nb", b"1.3.6"]),
    st.text(max_size=8).map(str.encode),
)
objects = st.lists(st.tuples(names, syntaxes, units), min_size=1, max_size=8, unique_by=lambda one: one[0])


def module(table: list[tuple[str, str, str | None]], scalars: list[tuple[str, str, str | None]]) -> str:
    out = ["FUZZ-MIB DEFINITIONS ::= BEGIN", "IMPORTS enterprises FROM SNMPv2-SMI;"]
    out += ["f OBJECT IDENTIFIER ::= { enterprises 99999 }", "s OBJECT IDENTIFIER ::= { f 1 }"]
    out.append("t OBJECT-TYPE SYNTAX SEQUENCE OF E MAX-ACCESS not-accessible STATUS current ::= { f 2 }")
    out.append("e OBJECT-TYPE SYNTAX E MAX-ACCESS not-accessible STATUS current INDEX { i } ::= { t 1 }")
    for parent, found in (("s", scalars), ("e", table)):
        for at, (name, syntax, unit) in enumerate(found, 1):
            shown = f'UNITS "{unit}"' if unit else ""
            out.append(
                f"{name}{parent} OBJECT-TYPE SYNTAX {syntax} {shown} MAX-ACCESS read-only STATUS current"
                f" ::= {{ {parent} {at} }}"
            )
    return "\n".join([*out, "END"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(objects, objects, st.lists(walked, min_size=4, max_size=12), st.text(max_size=12))
def test_every_draft_passes_lint(
    tmp_path: Path,
    parser: ClauseParser,
    standard: ProfileSet,
    table: list[tuple[str, str, str | None]],
    scalars: list[tuple[str, str, str | None]],
    values: list[SnmpValue],
    name: str,
) -> None:
    mib = tmp_path / "FUZZ-MIB"
    mib.write_text(module(table, scalars))
    root = "1.3.6.1.4.1.99999"
    walk: dict[str, SnmpValue] = {"1.3.6.1.2.1.1.2.0": f"{root}.9"}
    for at in range(1, len(scalars) + 1):
        walk[f"{root}.1.{at}.0"] = values[at % len(values)]
    for at in range(1, len(table) + 1):
        for row in (1, 2, 7):
            walk[f"{root}.2.1.{at}.{row}"] = values[(at * row) % len(values)]
    draft = draft_profile(Recording(name, walk), [mib], standard, parser=parser)
    assert problems(draft.text, tmp_path) == []
    assert re.match(r"[#p]", draft.text)
