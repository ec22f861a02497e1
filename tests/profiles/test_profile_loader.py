"""A bad profile is refused with file, line, path and remedy; the others go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netwatch.errors import Problem
from netwatch.model import load_catalogue
from netwatch.profiles import ProfileSet, Vendors, lint, load_profiles, profile_schema
from netwatch.resources import collectors_dir

Load = Callable[..., ProfileSet]
E = "1.3.6.1.4.1."


def told(problems: list[Problem]) -> str:
    return "\n".join(map(str, problems))


GOOD = """
profile: good
match: [{sys_object_id: 1.3.6.1.4.1.99999}]
tables:
  fans:
    oid: 1.3.6.1.4.1.99999.1.1
    columns: {name: 2, status: 3}
    states:
      - {name: "{name}", value: status, map: {1: ok fine, 2: critical failed}}
"""

TABLE = "profile: bad\ntables:\n  t:\n    oid: 1.3.6.1\n    columns: "

BAD = {
    "unknown key": ("profile: bad\nmatsh: []\n", ":2: matsh: unknown key 'matsh' (did you mean 'match'?)"),
    "key in a table": (
        "profile: bad\ntables:\n  fans:\n    colums: {name: 2}\n",
        ":4: tables.fans.colums: unknown key 'colums'",
    ),
    "no name": ("kind: switch\n", "'profile' is required"),
    "kind": ("profile: bad\nkind: swich\n", ":2: kind: expected"),
    "expression": (
        TABLE + "{a: 1}\n    let:\n      x: a +\n",
        ":7: tables.t.let.x: is no expression",
    ),
    "unknown name": (
        TABLE + "{load: 1}\n    entity:\n      kind: processor\n"
        "      values:\n        netwatch_processor_utilization_ratio: laod / 100\n",
        ":9: tables.t.entity.values.netwatch_processor_utilization_ratio: unknown name 'laod' "
        "(did you mean 'load'?)",
    ),
    "unknown family": (
        TABLE + "{load: 1}\n    entity:\n      kind: processor\n"
        "      values:\n        netwatch_processor_utilisation_ratio: load\n",
        "(did you mean 'netwatch_processor_utilization_ratio'?)",
    ),
    "family of another kind": (
        TABLE + "{load: 1}\n    entity:\n      kind: memory\n"
        "      values:\n        netwatch_processor_utilization_ratio: load\n",
        "belongs to entity kind processor, not memory",
    ),
    "label": (
        TABLE + "{n: 1}\n    values:\n"
        "      netwatch_device_phones: [{value: n, labels: {stat: registered}}]\n",
        "netwatch_device_phones has no label 'stat' (did you mean 'state'?)",
    ),
    "counter without width": (
        TABLE + "{octets: 1}\n    entity:\n      kind: interface\n"
        "      values:\n        netwatch_interface_receive_bytes_total: octets\n",
        ":5: tables.t.columns.octets: `bits` is required",
    ),
    "table in a look-up": (
        TABLE + "{a: 1}\n    let: {x: 'lookup(other.a, index)'}\n",
        "unknown table 'other'",
    ),
    "column in a look-up": (
        TABLE + "{abc: 1}\n    let: {x: 'lookup(t.abd, index)'}\n",
        "table 't' has no column 'abd' (did you mean 'abc'?)",
    ),
    "let before its meaning": (
        TABLE + "{a: 1}\n    let: {x: y, y: a}\n",
        "tables.t.let.x: unknown name 'y'",
    ),
    "level": (
        TABLE + "{a: 1}\n    states:\n      - {name: x, value: a, map: {1: good}}\n",
        "expected ok, warning, critical or unknown, found 'good'",
    ),
    "state map": (
        TABLE + "{a: 1}\n    states:\n      - {name: x, value: a, map: fans}\n",
        "unknown state map 'fans'",
    ),
    "sensor class": (
        TABLE + "{a: 1}\n    sensors:\n      - {class: temprature, name: x, value: a}\n",
        "unknown sensor class 'temprature' (did you mean 'temperature'?)",
    ),
    "OID": ("profile: bad\nscalars: {a: 1.3.x}\n", ":2: scalars.a"),
    "relative column": (
        "profile: bad\ntables:\n  t:\n    columns: {a: 1}\n",
        ":4: tables.t.columns.a: a column below the table's `oid` needs that `oid`",
    ),
    "child without key": (
        TABLE + "{a: 1}\n    entity: {kind: device}\n",
        ":6: tables.t.entity: a child device needs a `key`",
    ),
    "reserved word": (
        TABLE + "{class: 1}\n",
        "'class' is a reserved word",
    ),
    "regex": ("profile: bad\nmatch: [{sys_descr: '(a+)+'}]\n", ":2: match[0].sys_descr: regular expression"),
    "empty match": ("profile: bad\nmatch: [{}]\n", "at least one of"),
    "include": (
        "profile: bad\ninclude: [god]\n",
        ":2: include[0]: unknown profile 'god' (did you mean 'good'?)",
    ),
    "itself": ("profile: bad\ninclude: [bad]\n", "profiles include each other: bad > bad"),
    "fact": ("profile: bad\nidentity: {modl: sys_descr}\n", "unknown fact 'modl' (did you mean 'model'?)"),
    "template": (
        TABLE + "{a: 1}\n    entity: {kind: module, key: '{a'}\n",
        "a brace is not closed",
    ),
    "ssh without command": (
        "profile: bad\ntables:\n  t:\n    source: ssh\n    columns: {a: A}\n",
        "source ssh needs 'command'",
    ),
    "twice": ("profile: bad\nkind: switch\nkind: server\n", "key 'kind' is written twice"),
    "no YAML": ("profile: [bad\n", "is not valid YAML"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_profile(case: str, load: Load) -> None:
    text, message = BAD[case]
    found = load(good=GOOD, bad=text)
    assert message in told(found.problems)
    assert "bad.yaml" in told(found.problems)
    assert set(found.profiles) == {"good", "standard"}


def test_circle(load: Load) -> None:
    found = load(
        a="profile: a\ninclude: [b]\n", b="profile: b\ninclude: [c]\n", c="profile: c\ninclude: [a]\n"
    )
    assert set(found.profiles) == {"standard"}
    assert "a > b > c > a" in told(found.problems)


def test_two_of_one_name(load: Load) -> None:
    found = load(a="profile: x\ninclude: []\n", b="profile: x\ninclude: []\n")
    assert "is also in" in told(found.problems)


def test_table_replaced_and_left_out(load: Load) -> None:
    child = """
profile: child
include: [good]
tables:
  fans: null
"""
    found = load(good=GOOD, child=child)
    assert not found.problems
    assert "fans" not in found.profiles["child"].tables
    assert "fans" in found.profiles["good"].tables


def test_what_a_later_include_leaves_out_is_gone(load: Load) -> None:
    found = load(
        good=GOOD,
        common="profile: common\ninclude: []\ntables: {fans: null}\n",
        child="profile: child\ninclude: [good, common]\n",
        again="profile: again\ninclude: [common, good]\n",
    )
    assert not found.problems
    assert "fans" not in found.profiles["child"].tables
    assert "fans" in found.profiles["again"].tables


def test_later_directory_replaces(tmp_path: Path) -> None:
    for name in ("shipped", "own"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yaml").write_text(f"profile: x\ninclude: []\nvendor: {name}\n")
    found = load_profiles([tmp_path / "shipped", tmp_path / "own"], load_catalogue())
    assert found.profiles["x"].constant["vendor"] == "own"
    assert not found.problems


def test_vendors(load: Load) -> None:
    found = load(vendors="99999: Example\n99998: {name: Other, kind: power}\n")
    example, other = found.vendors.of("1.3.6.1.4.1.99999.1"), found.vendors.of("1.3.6.1.4.1.99998")
    assert example is not None
    assert other is not None
    assert (example.name, example.kind, other.kind) == ("Example", None, "power")
    assert found.vendors.of("1.3.6.1.4.1.1") is None
    assert found.vendors.of("") is None
    bad = load(vendors="99999: {nam: Example}\n")
    assert "vendors.yaml:1" in told(bad.problems)


VENDORS = """\
10: {name: Maker, kind: switch, kinds: {power: "1.2 3", wireless: "1.2.5"}, names: {Brand: "3"}, also: [XY]}
11: {name: Agent Works, kind: server, agent: true, names: {Linux: "3"}}
12: {name: Tool, kind: storage, extension: true}
13: {name: Other, kind: power}
"""


def told_by(vendors: Vendors, object_id: str, descr: str = "", objects: list[str] | None = None) -> str:
    found = vendors.of(E + object_id, descr, [E + oid for oid in objects or []])
    return "" if found is None else f"{found.name} {found.kind}"


def test_vendor_by_arcs(load: Load) -> None:
    vendors = load(vendors=VENDORS).vendors
    assert told_by(vendors, "10") == "Maker switch"
    assert told_by(vendors, "10.1.2") == "Maker power"
    assert told_by(vendors, "10.1.20") == "Maker switch"
    assert told_by(vendors, "10.1.2.5.1") == "Maker wireless"
    assert told_by(vendors, "10.3.1") == "Brand power"
    assert told_by(vendors, "11.3") == "Linux server"


def test_vendor_by_objects(load: Load) -> None:
    vendors = load(vendors=VENDORS).vendors
    assert told_by(vendors, "11.3", "", ["11.1", "12.1", "99.1", "13.1"]) == "Other power"
    assert told_by(vendors, "10", "", ["13.1"]) == "Maker switch"
    assert told_by(vendors, "99", "", ["10.1.2.1"]) == "Maker power"
    assert told_by(vendors, "99", "", ["12.1"]) == ""
    assert vendors.tells(E + "10.1")
    assert not vendors.tells(E + "11.3")
    assert not vendors.tells("")


def test_vendor_by_name(load: Load) -> None:
    vendors = load(vendors=VENDORS).vendors
    assert told_by(vendors, "11.3", "An xy of Maker") == "Maker switch"
    assert told_by(vendors, "11.3", "An Agent Works") == "Linux server"
    assert told_by(vendors, "11.3", "Linux maker 5.4.0 #1") == "Linux server"
    assert told_by(vendors, "99", "Linux maker") == "Maker switch"


def test_vendor_with_bad_arcs(load: Load) -> None:
    bad = load(vendors='10: {name: Maker, kinds: {power: "1.x"}}\n')
    assert "kinds: '1.x' are no arcs (write them as 1.4 2.3.7)" in told(bad.problems)


def test_several_profiles_in_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "many.yaml").write_text(
        "# Some.\nprofile: one\ninclude: []\n---\nprofile: two\ninclude: []\n---  \nprofile: six\nkind: no\n"
    )
    found = load_profiles([folder], load_catalogue())
    assert set(found.profiles) == {"one", "two"}
    assert "many.yaml:9" in told(found.problems)
    (folder / "many.yaml").write_text("---\nprofile: one\ninclude: []\n---\nprofile: one\n")
    assert "'one' is also in" in told(load_profiles([folder], load_catalogue()).problems)


def test_shipped_profiles_are_clean() -> None:
    assert told(lint([collectors_dir()], load_catalogue())) == ""


def test_lint_of_one_file_knows_the_shipped_ones(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("profile: mine\nidentity: {model: 'pick(physical, text(model), cls == 3)'}\n")
    assert lint([file], load_catalogue(), base=[collectors_dir()]) == []


def test_schema_names_every_key() -> None:
    schema = profile_schema()
    assert schema["additionalProperties"] is False
    assert {"profile", "match", "tables", "scalars", "identity"} <= set(schema["properties"])
    assert "is" in schema["$defs"]["EntityModel"]["properties"]
