"""Profiles of other programs become netwatch profiles; what does not is told with its place."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from netwatch.cli import profile as commands
from netwatch.cli.asking import recorded_discovery
from netwatch.discovery import inspect_document
from netwatch.drafting import Imported, import_profile, open_library
from netwatch.drafting.mib_clauses import ClauseParser
from netwatch.errors import ConfigError
from netwatch.model import SnmpValue, load_catalogue
from netwatch.profiles import ProfileSet, lint, load_profiles
from netwatch.resources import collectors_dir
from netwatch.wire import Recording

HERE = Path(__file__).parent
FOREIGN = HERE / "foreign"
FILE = FOREIGN / "acme-ups.yaml"
STANDARD = collectors_dir() / "standard"
ACME = "1.3.6.1.4.1.99999"

WALK: dict[str, SnmpValue] = {
    "1.3.6.1.2.1.1.1.0": b"Acme NX-OS, Version 7.1(2), all rights",
    "1.3.6.1.2.1.1.2.0": f"{ACME}.1.3.12",
    f"{ACME}.1.1.0": b"UPS 9000",
    f"{ACME}.1.2.0": b"AC42",
    f"{ACME}.1.1.1.2.2.1.0": 97,
    f"{ACME}.1.1.1.2.2.2.0": 24,
    f"{ACME}.1.1.1.3.3.1.0": 1205,
    f"{ACME}.11.5.1.1.4.3": b"Fan C",
    f"{ACME}.11.5.1.1.5.3": 2,
    f"{ACME}.11.5.1.1.8.3": b"4200 rpm",
    f"{ACME}.11.4.1.1.4.9.0.1.2.3.4.5.6": 1,
    f"{ACME}.10.1.2.10.1.3.0.1.2.3.4.5.6": b"PDU east",
    f"{ACME}.109.1.1.1.1.7.1": 12,
    f"{ACME}.48.1.1.1.2.1": b"Pool A",
    f"{ACME}.48.1.1.1.5.1": 600,
    f"{ACME}.48.1.1.1.6.1": 400,
}


@pytest.fixture(scope="module")
def imported(standard: ProfileSet) -> Imported:
    return import_profile(FILE, standard, bases=[FOREIGN / "bases"])


@pytest.fixture(scope="module")
def seen(imported: Imported, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What inspect makes of a device with the imported profile."""
    folder = tmp_path_factory.mktemp("imported")
    (folder / "x.yaml").write_text(imported.text, encoding="utf-8")
    profiles = load_profiles([STANDARD, folder], load_catalogue())
    assert profiles.problems == []
    walk = {oid: WALK[oid] for oid in sorted(WALK, key=lambda oid: tuple(map(int, oid.split("."))))}
    found = recorded_discovery(Recording("x", walk), profiles)
    return inspect_document("x", found, load_catalogue())


def problems(text: str, folder: Path) -> list[str]:
    file = folder / "imported.yaml"
    file.write_text(text, encoding="utf-8")
    return [str(problem) for problem in lint([file], load_catalogue(), base=[STANDARD])]


def test_an_imported_profile_passes_lint(imported: Imported, tmp_path: Path) -> None:
    assert problems(imported.text, tmp_path) == []


def test_a_star_matches_all_below_and_no_star_exactly(imported: Imported) -> None:
    assert yaml.safe_load(imported.text)["match"] == [
        {"sys_object_id": [f"{ACME}.1.3"]},
        {"sys_object_id_exact": [f"{ACME}.7"]},
    ]


def test_metadata_becomes_identity(seen: dict[str, Any]) -> None:
    identity = seen["identity"]
    assert identity["os"] == "imported-acme-ups"
    assert (identity["kind"], identity["vendor"]) == ("power", "acme")
    assert (identity["model"], identity["version"], identity["serial"]) == ("NXOS", "7.1(2)", "AC42")


def test_values_are_scaled_extracted_and_named(seen: dict[str, Any]) -> None:
    found = {(one["class"], one["descr"]): one.get("value") for one in seen["sensors"]}
    assert found["voltage", "UPS high prec input line voltage"] == 120.5
    assert found["fan_speed", "Fan C rpm"] == 4200
    assert found["charge", "UPS adv battery capacity"] == 0.97
    assert found["temperature", "UPS adv battery temperature"] == 24


def test_mapped_tags_become_states_named_by_other_tables(seen: dict[str, Any]) -> None:
    found = {one["descr"]: one["state"] for one in seen["sensors"] if one["class"] == "state"}
    assert found == {"Fan C state": "critical", "PDU east": "ok"}


def test_extended_profiles_are_taken_in(seen: dict[str, Any]) -> None:
    assert [one["usage"] for one in seen["processors"]] == [0.12]
    (memory,) = seen["memory"]
    assert (memory["descr"], memory["total_bytes"], memory["used_bytes"]) == ("Pool A", 1024000, 614400)


@pytest.mark.parametrize(
    ("file", "path", "message"),
    [
        ("acme-ups.yaml", "extends[2]", "nowhere.yaml is not there"),
        ("acme-ups.yaml", "sysobjectid[2]", "only a `*` at the end"),
        ("acme-ups.yaml", "metrics[4].symbol.conversion", "'powerset_status' has no expression"),
        ("acme-ups.yaml", "metrics[5]", "flag_stream"),
        ("acme-ups.yaml", "metrics[6].symbols[1]", "acmeWiredFanBlips: no netwatch family"),
        ("acme-ups.yaml", "metric_tags[2]", "'mood' is no fact"),
        ("acme-ups.yaml", "surprise", "is not known here"),
        ("_acme.yaml", "metadata.device.fields.os_flavour", "there is no fact"),
    ],
)
def test_what_cannot_be_expressed_has_file_and_place(
    imported: Imported, file: str, path: str, message: str
) -> None:
    found = [one for one in imported.problems if one.path == path and Path(one.file).name == file]
    assert found, path
    assert message in found[0].message
    assert found[0].line
    assert f"{file}:{found[0].line}: {path}" in imported.text


def test_a_guessed_unit_is_marked_and_a_stated_factor_is_not(imported: Imported) -> None:
    by_class = {
        line.split("class: ")[1].split(",")[0]: line
        for line in imported.text.splitlines()
        if "class: " in line
    }
    assert by_class["temperature"].endswith("# check: the source tells no unit")
    assert "check" not in by_class["voltage"]


def test_modules_tell_units(tmp_path: Path, standard: ProfileSet, parser: ClauseParser) -> None:
    file = tmp_path / "fan.yaml"
    file.write_text(
        f"sysobjectid: {ACME}.1.24\n"
        "metrics:\n"
        "  - MIB: ACME-ENV-MIB\n"
        f"    table: {{OID: {ACME}.2.3, name: acmeFanPowerTable}}\n"
        f"    symbols: [{{OID: {ACME}.2.3.1.1, name: acmeFanVoltage}}]\n"
    )
    blind = import_profile(file, standard)
    told = import_profile(file, standard, library=open_library([HERE / "mibs"], parser))
    assert "value: voltage}  # check" in blind.text.replace("acme_fan_", "")
    assert "/ 1000}" in told.text
    assert problems(told.text, tmp_path) == []


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path, standard: ProfileSet) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("metrics: [")
    with pytest.raises(ConfigError, match=r"bad\.yaml"):
        import_profile(file, standard)


def test_profiles_that_extend_each_other_end(tmp_path: Path, standard: ProfileSet) -> None:
    (tmp_path / "a.yaml").write_text("extends: [b.yaml]\nmetrics: []\n")
    (tmp_path / "b.yaml").write_text("extends: [a.yaml]\nmetrics: []\n")
    found = import_profile(tmp_path / "a.yaml", standard)
    assert [one.message for one in found.problems] == ["a.yaml extends itself"]


def test_the_command_writes_a_profile_per_file(tmp_path: Path) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    commands.register(app)
    arguments = ["profile", "import", str(FILE), "--base", str(FOREIGN / "bases"), "--out", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert [file.name for file in tmp_path.iterdir()] == ["imported-acme-ups.yaml"]
    assert "metrics[5]: a stream of flags" in result.stderr


# any file

OIDS = [f"{ACME}.5.1.1.2", f"{ACME}.5.1.1.3", f"{ACME}.6.1.0", "1.3.6.1.2.1.1.1.0", "0.0", "1.3"]
NAMES = ["acmeTemperature", "acmeFanStatus", "memory.used", "cpu.usage", "x y: #", "", "acmeSerialNumber"]
oids = st.one_of(st.sampled_from(OIDS), st.text(max_size=5))
names = st.sampled_from(NAMES)
labels = st.dictionaries(
    st.one_of(st.integers(0, 9), st.booleans(), st.text(max_size=4)),
    st.sampled_from(["ok", "failed", True, 3]),
    max_size=3,
)
symbols = st.fixed_dictionaries(
    {"OID": oids, "name": names},
    optional={
        "mapping": labels,
        "enum": labels,
        "scale_factor": st.sampled_from([0.1, 10, "x", 0, True]),
        "extract_value": st.sampled_from(["(\\d+) C", "(a+)+", "'", "["]),
        "match_pattern": st.sampled_from(["a", "(", "it's"]),
        "match_value": st.sampled_from(["$1", "b", "$1-$2"]),
        "constant_value_one": st.booleans(),
        "odd": st.none(),
    },
)
transforms = st.sampled_from([[], [{"start": 1, "end": 2}], 3])
tags = st.one_of(
    st.none(),
    st.fixed_dictionaries({"tag": names, "symbol": symbols}, optional={"index_transform": transforms}),
    st.fixed_dictionaries({"index": st.integers(1, 2), "tag": names}),
)
tables = st.one_of(st.none(), names, st.fixed_dictionaries({"OID": oids, "name": names}))
metrics = st.one_of(
    st.text(max_size=3),
    st.fixed_dictionaries({"MIB": names, "symbol": symbols}),
    st.fixed_dictionaries(
        {"table": tables, "symbols": st.lists(symbols, max_size=3)},
        optional={"metric_tags": st.lists(tags, max_size=3)},
    ),
)
fields = st.dictionaries(
    st.sampled_from(["model", "vendor", "type", "odd"]),
    st.fixed_dictionaries(
        {}, optional={"value": names, "symbol": symbols, "symbols": st.lists(symbols, max_size=2)}
    ),
    max_size=3,
)
matched = st.sampled_from([f"{ACME}.1.*", f"{ACME}.2", "*", "x"])
files = st.fixed_dictionaries(
    {"metrics": st.lists(metrics, max_size=4)},
    optional={
        "sysobjectid": st.one_of(oids, st.lists(matched, max_size=3)),
        "metadata": st.fixed_dictionaries({"device": st.fixed_dictionaries({"fields": fields})}),
        "metric_tags": st.lists(tags, max_size=2),
        "extends": st.lists(names, max_size=1),
    },
)


@cache
def own() -> ProfileSet:
    """Not a fixture: what fails is shown with its arguments, and this one is large."""
    return load_profiles([STANDARD], load_catalogue())


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files)
def test_every_import_passes_lint(tmp_path: Path, data: dict[str, Any]) -> None:
    file = tmp_path / "foreign.yml"
    file.write_text(yaml.safe_dump(data))
    assert problems(import_profile(file, own()).text, tmp_path) == []
