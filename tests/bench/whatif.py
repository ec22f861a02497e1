"""A what-if over a whole district: from the kept file to the table on the screen, without history.

ASSETS=1000 says how many assets of 52 ports there are; MOST=5 fails a run in which a what-if takes more CPU
seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TypeVar

import numpy as np
from tests.bench.synthetic import Synthetic
from tests.bench.table import Row, show

from netwatch.app.garbage import calm
from netwatch.app.kept_plans import Judged, KeptPlans
from netwatch.calendars import Calendars
from netwatch.documents import parse_yaml
from netwatch.export import (
    PlanSnapshot,
    canonical_json,
    pack_snapshot,
    report_to_json,
    unpack_snapshot,
)
from netwatch.model import Asset, EntityId, PlaceId, SchoolFacts, SeriesHistory, Snapshot
from netwatch.planning import gather_all, judge_all, load_lifecycle, load_policies
from netwatch.planning.whatif import WhatIf, what_if
from netwatch.resources import config_dir

T = TypeVar("T")

HOURS = 24 * 60
SITES = 25
SCENARIO = """
name: Everything at once
rollout: [{levels: [elementary], devices_per_student: {now: 0.5, then: 1}}]
milestones: [{models: [S-24*], milestone: last_day_of_support, date: 2027-06-30}]
schools_closed: [{school: School 7}]
devices_replaced: [{device: sw-101, model: S-48, support_until: 2035-06-30}]
useful_lives: [{class: access switch, years: 9}]
policies: {replacement: {criteria: {likelihood: {parts: {age: {points: 12}, milestones: {points: 6}}}}}}
"""


class Hourly:
    """Sixty days of what the replacement list reads, of every device and uplink."""

    def __init__(self, snapshot: Snapshot, uplinks: Sequence[EntityId]) -> None:
        self._devices = [one.id for one in snapshot.devices()]
        self._uplinks = uplinks
        self._rng = np.random.default_rng(3)

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        del start
        if family in ("netwatch_device_up", "netwatch_device_reboots_total"):
            chosen, low, high = self._devices, 0.97, 1.0
        elif family.endswith("receive_bytes_total"):
            chosen, low, high = list(self._uplinks), 1e6, 120e6
        elif family.endswith("receive_errors_total"):
            chosen, low, high = list(self._uplinks), 0.0, 0.01
        else:
            return
        starts = (int(end) // 3600 - HOURS + np.arange(HOURS, dtype=np.int64)) * 3600
        widths, whole = np.full(HOURS, 3600, dtype=np.int64), np.ones(HOURS)
        for entity in chosen:
            if entities is None or entity in entities:
                values = self._rng.uniform(low, high, HOURS)
                if family == "netwatch_device_reboots_total":
                    values = values * 1e-7
                yield SeriesHistory(family, entity, (), starts, widths, values, values, whole, False)


def district(assets: int) -> tuple[Snapshot, Hourly]:
    """Switches of two models, bought over twelve years, in schools of three levels."""
    fleet = Synthetic(assets, sites=SITES)
    snapshot = fleet.snapshot()
    levels = ("elementary", "middle", "high")
    places = {
        key: replace(one, school=SchoolFacts(levels[number % 3], 300 + 40 * number)) if one.school else one
        for number, (key, one) in enumerate(sorted(fleet.inventory.places.by_id.items()))
    }
    register = tuple(
        Asset(
            f"SN{number:06}",
            f"sw-{number}",
            vendor="acme",
            model=("S-24", "S-48")[number % 2],
            installed=date(2014 + number % 12, 8, 1),
        )
        for number in range(assets)
    )
    devices = {
        name: replace(one, role="core" if number % 50 == 0 else "access", serves=(PlaceId(f"room-{number}"),))
        for number, (name, one) in enumerate(fleet.inventory.devices.items())
    }
    tree = replace(fleet.inventory.places, by_id=places)
    inventory = replace(fleet.inventory, places=tree, assets=register, devices=devices)
    snapshot = replace(snapshot, inventory=inventory, _children={})
    return snapshot, Hourly(snapshot, [link[0] for link in snapshot.links if link[0] != link[1]])


def cpu_seconds() -> float:
    """Of this process and of those that it waited for."""
    return sum(os.times()[:4])


def timed(action: Callable[[], T], times: int = 3) -> tuple[T, float]:
    """What it gives, and the CPU seconds of the fastest of some runs."""
    best = float("inf")
    for _ in range(times):
        began = cpu_seconds()
        found = action()
        best = min(best, cpu_seconds() - began)
    return found, best


def run_command(body: bytes) -> int:
    """The command in a process of its own, before a daemon that has the answer ready; CPU seconds of both are
    the command's, for the daemon only hands bytes over."""
    answer = (
        b'{"schema":"netwatch-whatif/1","name":"","notes":[],"plan":"replacements","comparison":'
        + body
        + b"}"
    )

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server, tempfile.TemporaryDirectory() as name:
        threading.Thread(target=server.handle_request, daemon=True).start()
        scenario = Path(name) / "scenario.yaml"
        scenario.write_text(SCENARIO)
        url = f"http://127.0.0.1:{server.server_port}"
        command = [sys.executable, "-m", "netwatch", "plan", "whatif", str(scenario), "--url", url]
        return len(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def rows(assets: int, most: float) -> Iterator[Row]:
    snapshot, history = district(assets)
    policies, lifecycle = (
        load_policies(None, config_dir() / "planning"),
        load_lifecycle(config_dir() / "lifecycle"),
    )
    at = snapshot.at.wall
    gathered, seconds = timed(lambda: gather_all(snapshot, history, policies, Calendars({}), at=at), times=1)
    yield f"{assets:,} assets, {len(snapshot.entities):,} entities: gathered once", seconds, "CPU-s"
    plans, seconds = timed(lambda: judge_all(gathered, lifecycle, policies))
    yield "judging everything", seconds, "CPU-s"
    with tempfile.TemporaryDirectory() as name:
        kept = KeptPlans(Path(name))
        _, seconds = timed(lambda: kept.keep(Judged(plans, lifecycle, policies, {}), gathered))
        yield f"kept in a file of {kept.path.stat().st_size / 1e6:.1f} MB", seconds, "CPU-s"
        (judged, again), loading = timed(lambda: (kept.judged(), kept.gathered()))
    assert judged is not None
    assert again is not None
    yield "read again", loading, "CPU-s"
    document, known = parse_yaml(SCENARIO, "bench"), judged.plans.reports

    def ask() -> WhatIf:
        with calm():
            return what_if(
                document, again, judged.lifecycle, judged.policies, plan="replacements", before=known
            )

    found, asking = timed(ask)
    yield "what-if: applied, judged anew, compared and explained", asking, "CPU-s"
    report = found.comparisons["replacements"]
    body, seconds = timed(lambda: canonical_json(report_to_json(report)))
    yield (
        f"its answer of {len(report.sheets[0].rows):,} rows as JSON, {len(body) / 1e6:.1f} MB",
        seconds,
        "CPU-s",
    )
    command, shown = timed(lambda: run_command(body), times=1)
    yield f"the command `plan whatif`, from its start to {command:,} characters", shown, "CPU-s"
    all_of = loading + asking + seconds + shown
    yield "all of a what-if, from file and start of the command to the table", all_of, "CPU-s"
    if all_of > most:
        sys.exit(f"a what-if took more than {most:g} CPU seconds")
    snap = PlanSnapshot(at, "", "bench", {}, plans.reports)
    data, seconds = timed(lambda: pack_snapshot(snap))
    yield f"a snapshot of the plans, {len(data) / 1e3:.0f} kB, made", seconds, "CPU-s"
    _, seconds = timed(lambda: unpack_snapshot(data))
    yield "read again", seconds, "CPU-s"


def main() -> None:
    show(rows(int(os.environ.get("ASSETS", "1000")), float(os.environ.get("MOST", "5"))))


if __name__ == "__main__":
    main()
