"""The Grafana dashboard: current, complete, and asking only for what netwatch exports."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from dashboard_queries import DASHBOARD, load, queries

from netwatch.model import EntityKind, load_catalogue

_FAMILY = re.compile(r"\bnetwatch_\w+")


def test_file_is_what_the_generator_writes() -> None:
    command = [sys.executable, "-W", "ignore", DASHBOARD.parent / "build.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_family_is_in_the_catalogue() -> None:
    catalogue = load_catalogue()
    used = {name for query in queries() for name in _FAMILY.findall(query.expr)}
    used |= set(_FAMILY.findall(json.dumps(load()["templating"])))
    assert len(used) > 20
    assert used <= set(catalogue)


def test_every_label_is_one_that_the_families_have() -> None:
    catalogue = load_catalogue()
    for query in queries():
        known = {"district", "site", "device"}
        for name in _FAMILY.findall(query.expr):
            family = catalogue[name]
            known |= {family.entity.value, *family.labels, *family.facts}
        matched = set(re.findall(r"[{,](\w+)=", query.expr))
        grouped = {
            label.strip()
            for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", query.expr)
            for label in group.split(",")
        }
        shown = set(re.findall(r"{{(\w+)}}", query.legend))
        assert matched | grouped | shown <= known, query
        assert EntityKind.DEVICE.value in matched


def test_every_counter_is_rated_and_nothing_else() -> None:
    catalogue = load_catalogue()
    for query in queries():
        for name in set(_FAMILY.findall(query.expr)):
            rated = len(re.findall(rf"rate\({name}\b", query.expr))
            total = len(re.findall(rf"\b{name}\b", query.expr))
            assert rated == (total if catalogue[name].type.value == "counter" else 0), query


def test_panels_are_complete() -> None:
    document = load()
    panels = document["panels"]
    ids = [panel["id"] for panel in panels]
    assert len(ids) == len(set(ids))
    assert all(number > 0 for number in ids)
    for panel in panels:
        if panel["type"] == "row":
            continue
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"]["uid"] == "${datasource}"
        refs = [target["refId"] for target in panel["targets"]]
        assert refs
        assert len(refs) == len(set(refs))
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])
    names = [variable["name"] for variable in document["templating"]["list"]]
    assert names == ["datasource", "district", "site", "device"]
    assert document["uid"] == "netwatch-district"


def test_panels_do_not_overlap() -> None:
    spots = [panel["gridPos"] for panel in load()["panels"]]
    for spot in spots:
        assert spot["x"] + spot["w"] <= 24
    for one, other in combinations(spots, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


@pytest.mark.server("promtool")
def test_prometheus_can_parse_every_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"dashboard:query:{number}", "expr": query.expr} for number, query in enumerate(queries())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{len(rules)} rules found" in done.stdout
