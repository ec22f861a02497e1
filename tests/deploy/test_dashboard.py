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

from netwatch.exposition import SelfMetrics
from netwatch.exposition.own import OwnFamily
from netwatch.model import load_catalogue

_FAMILY = re.compile(r"\bnetwatch_\w+")


def test_file_is_what_the_generator_writes() -> None:
    command = [sys.executable, "-W", "ignore", DASHBOARD.parent / "build.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _own() -> dict[str, OwnFamily]:
    return {family.name: family for family in SelfMetrics().families()}


def test_every_family_is_in_the_catalogue_or_netwatchs_own() -> None:
    catalogue = load_catalogue()
    used = {name for query in queries() for name in _FAMILY.findall(query.expr)}
    used |= set(_FAMILY.findall(json.dumps(load()["templating"])))
    assert len(used) > 20
    assert used <= set(catalogue) | set(_own())


def test_every_label_is_one_that_the_families_have() -> None:
    catalogue = load_catalogue()
    for query in queries():
        known = {"district", "site", "device"}
        for name in _FAMILY.findall(query.expr):
            if name in catalogue:
                family = catalogue[name]
                known |= {family.entity.value, *family.labels, *family.facts}
            else:
                known |= set(_own()[name].labels)
        matched = set(re.findall(r"[{,](\w+)=", query.expr))
        grouped = {
            label.strip()
            for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", query.expr)
            for label in group.split(",")
        }
        shown = set(re.findall(r"{{(\w+)}}", query.legend))
        assert matched | grouped | shown <= known, query
        assert "device" in matched or all(name in _own() for name in _FAMILY.findall(query.expr))


def test_every_counter_is_rated_and_nothing_else() -> None:
    catalogue = load_catalogue()
    for query in queries():
        for name in set(_FAMILY.findall(query.expr)):
            rated = len(re.findall(rf"rate\({name}\b", query.expr))
            total = len(re.findall(rf"\b{name}\b", query.expr))
            kind = catalogue[name].type.value if name in catalogue else _own()[name].type
            assert rated == (total if kind == "counter" else 0), query


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
