"""`netwatch run --demo` as a person runs it: what it prints, what it serves, and that it leaves nothing."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from programs import Program, eventually, fetch, get_json, netwatch, running

NAMES = ("page", "metrics", "alerts", "replacement list")
END_SECONDS = 5.0
"""What the program promises after Ctrl-C."""
SLACK = 6
"""Machines that test are busy."""


@dataclass
class Demo:
    program: Program
    folder: Path
    urls: dict[str, str]

    @property
    def base(self) -> str:
        return self.urls["page"].rstrip("/")

    @property
    def truth(self) -> dict[str, Any]:
        return json.loads((self.folder / "ground_truth.json").read_text())


def urls_of(printed: str) -> dict[str, str]:
    found = ((name, re.search(rf"^\s+{name}\s+(http\S+)$", printed, re.MULTILINE)) for name in NAMES)
    return {name: match[1] for name, match in found if match}


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    command = netwatch("run", "--demo", "--scale", "40", "--dir", str(folder / "district"))
    with running(command, folder / "output.txt") as program:
        printed = program.until("what is planted")
        yield Demo(program, folder / "district", urls_of(printed))


def test_it_says_where_to_look(demo: Demo) -> None:
    assert set(demo.urls) == set(NAMES)
    assert "Ctrl-C ends it." in demo.program.output()
    for name, url in demo.urls.items():
        status, body = fetch(url)
        assert status == 200, name
        assert body


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/devices", "/alerts", "/replacements", "/status", "/metrics", "/api/sd", "/-/healthy"),
        *("/api/v1/devices", "/api/v1/alerts", "/api/v1/schools"),
    ],
)
def test_every_route_answers(demo: Demo, path: str) -> None:
    status, body = fetch(demo.base + path)
    assert status == 200, body[:500]


def test_it_gets_ready_and_knows_every_device(demo: Demo) -> None:
    eventually("ready", lambda: fetch(f"{demo.base}/-/ready")[0] == 200)
    truth = {device["name"]: device for device in demo.truth["devices"]}
    points = {point["name"] for point in demo.truth["access_points"]}

    def all_known() -> dict[str, Any] | None:
        found = get_json(f"{demo.base}/api/v1/devices?limit=10000")["devices"]
        devices = {one["name"]: one for one in found}
        up = {name for name, one in devices.items() if one["status"] == "up"}
        return devices if {name for name, one in truth.items() if one["up"]} <= up else None

    devices = eventually("every device that answers is up", all_known)
    assert set(devices) >= set(truth) | points
    # Beside what is polled and the access points there are virtual machines, and nothing else.
    assert {devices[name]["role"] for name in set(devices) - set(truth) - points} <= {"vm"}
    for name in ("/devices/", "/api/v1/devices/"):
        assert fetch(demo.base + name + next(iter(devices.values()))["id"])[0] == 200
    site = get_json(f"{demo.base}/api/v1/schools")["schools"][0]
    assert fetch(f"{demo.base}/schools/{site['site'].rpartition('/')[2]}")[0] == 200
    one = next(iter(truth.values()))
    status, body = fetch(f"{demo.base}/probe?target={one['address']}")
    assert status == 200
    assert f'device="{one["name"]}"'.encode() in body


def test_an_access_point_is_found_at_its_port(demo: Demo) -> None:
    """Over the wire: the switches are asked for its MAC address when somebody wants to know."""
    eventually("ready", lambda: fetch(f"{demo.base}/-/ready")[0] == 200)
    point = demo.truth["access_points"][0]
    found = get_json(f"{demo.base}/api/v1/where?mac={point['mac'].replace(':', '-')}")
    assert found["places"], found
    assert found["places"][0]["alias"] == point["name"]
    assert found["places"][0]["port"]
    assert found["places"][0]["beyond"] is None  # its own cable is the place, not the way
    assert found["owner"][1] == point["name"]


@pytest.mark.server("promtool")
@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text"])
def test_promtool_finds_nothing(demo: Demo, accept: str) -> None:
    eventually("ready", lambda: fetch(f"{demo.base}/-/ready")[0] == 200)
    status, body = fetch(demo.urls["metrics"], accept=accept)
    assert status == 200
    if accept == "application/openmetrics-text":
        assert body.endswith(b"# EOF\n")
        return  # promtool reads the older format only
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=body, capture_output=True, timeout=120, check=False
    )
    assert checked.returncode == 0, (checked.stdout + checked.stderr)[:2000]
    assert checked.stderr == b""


def test_what_is_old_ranks_first(demo: Demo) -> None:
    """Two school years of history are seeded; models past their last date of support lead the list."""
    demo.program.until("the list is ranked")
    sheet = get_json(f"{demo.base}/api/v1/plan/replacements")["sheets"][0]
    assets = sheet["rows"]
    old = {one["device"] for one in demo.truth["conditions"] if one["condition"] == "past-end-of-support"}
    assert old
    ranked = [asset["cells"]["name"] for asset in assets]
    assert ranked[0] in old
    # A core switch with a failed power supply may stand among them.
    assert old <= set(ranked[: len(old) + 2])
    criteria = ("likelihood", "consequence", "fitness", "security", "cost")
    for asset in (one for one in assets if one["cells"]["name"] in old):
        cells = asset["cells"]
        assert cells["security"] > 0
        assert asset["evidence"]["security"]
        points = [cells[one] for one in criteria if cells.get(one) is not None]
        assert sum(points) == pytest.approx(cells["score"], abs=0.05)
    # What is planted elsewhere is found for its own reason, in which few have more points.
    for condition, criterion, words in (
        ("power-supply-failed", "likelihood", ": failed"),
        ("saturated-uplink", "fitness", "uplink "),
    ):
        for name in {one["device"] for one in demo.truth["conditions"] if one["condition"] == condition}:
            asset = assets[ranked.index(name)]
            assert asset["cells"][criterion] > 0, condition
            assert any(words in one["text"] for one in asset["evidence"][criterion]), condition
            more = sum(one["cells"][criterion] > asset["cells"][criterion] for one in assets)
            assert more < len(assets) / 8, condition
    status, body = fetch(f"{demo.base}/api/v1/plan/replacements?format=csv")
    assert status == 200
    assert len(body.splitlines()) == len(assets) + 1


def test_utilisation_and_the_packet_come_from_a_running_netwatch(demo: Demo) -> None:
    demo.program.until("the list is ranked")
    window = "from=2026-01-01&to=2030-12-31&level=district"
    rows = get_json(f"{demo.base}/api/v1/export/utilisation?{window}")["sheets"][0]["rows"]
    groups = {row["cells"]["group"] for row in rows}
    assert {"uplink in", "volume"} <= groups  # access points may come later than the first plans
    assert all(row["cells"]["hours"] > 0 for row in rows)
    status, body = fetch(f"{demo.base}/api/v1/plans/packet?edition=public")
    assert status == 200
    assert b"Simulated." in body
    names = {one["device"] for one in demo.truth["conditions"] if "device" in one}
    assert names
    assert not [name for name in names if name.encode() in body]


def test_what_if_and_snapshots_of_the_running_district(demo: Demo, tmp_path: Path) -> None:
    """Over real processes: a school closes, a snapshot is kept and compared; plans go on all the while."""
    demo.program.until("the list is ranked")
    assets = get_json(f"{demo.base}/api/v1/plan/replacements")["sheets"][0]["rows"]
    school = next(one["cells"]["school"] for one in assets if "School" in one["cells"]["school"])

    def plan(*words: str) -> str:
        command = netwatch("plan", *words, "--url", demo.base)
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "board-2027-01: the plans of" in plan("snapshot", "--name", "board-2027-01")
    kept = get_json(f"{demo.base}/api/v1/plan/snapshots")["snapshots"]
    assert "board-2027-01" in {one["id"] for one in kept}
    report = get_json(f"{demo.base}/api/v1/plan/snapshots/board-2027-01")
    assert report["schema"] == "netwatch-report/1"
    assert len(report["sheets"][0]["rows"]) == len(assets)
    itself = get_json(f"{demo.base}/api/v1/plan/compare?a=board-2027-01&b=board-2027-01")
    assert itself["sheets"]
    assert not any(sheet["rows"] for sheet in itself["sheets"])

    scenario = tmp_path / "closes.yaml"
    scenario.write_text(f"name: one closes\nschools_closed: [{{school: {school}}}]\n")
    closed = json.loads(plan("whatif", str(scenario), "--format", "json"))
    rows = [row["cells"] for row in closed["sheets"][0]["rows"]]
    its = [row for row in rows if row["school"] == school and row["score_change"] is not None]
    assert its
    assert all(row["consequence_change"] <= 0 for row in its)
    for row in rows:
        parts = [value for key, value in row.items() if key.endswith("_change") and key != "score_change"]
        assert row["score_change"] is None or sum(parts) == row["score_change"]
    assert any(f"{school} is closed" in note for note in closed["notes"])
    again = get_json(f"{demo.base}/api/v1/plan/replacements")["sheets"][0]["rows"]
    assert len(again) == len(assets), "asking changes nothing"


def test_ctrl_c_ends_everything(demo: Demo) -> None:
    """The last one here: it ends what the others look at."""
    assert demo.program.children()  # the simulator at least
    demo.program.signal(signal.SIGINT)
    assert demo.program.wait(END_SECONDS * SLACK) == 0
    eventually("no process is left", lambda: not demo.program.children(), END_SECONDS)
    assert "Traceback" not in demo.program.output()


def test_nothing_outlives_a_killed_daemon(tmp_path: Path) -> None:
    command = netwatch("run", "--demo", "--scale", "20", "--dir", str(tmp_path / "district"))
    with running(command, tmp_path / "output.txt") as program:
        program.until("what is planted")
        assert program.children()
        program.signal(signal.SIGKILL)
        program.wait()
        eventually("all children are gone", lambda: not program.children(), END_SECONDS * SLACK)
