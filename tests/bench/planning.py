"""All plans of a night for a whole district: CPU seconds of each step, and memory at most.

DEVICES=10000 says how many switches there are (to them come six access points for ten, and servers),
DAYS=730 and WIDTH=3600 how much history in buckets of how many seconds. FOLDER=DIR keeps the history that is
made and takes it again. The plans are made in a process of its own, as the daemon's worker makes them.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.planning_district import PlanDistrict, make_district
from tests.bench.planning_history import make_history

from netwatch.app.kept_plans import Judged, KeptPlans
from netwatch.export import Edition, Format, packet, render
from netwatch.history import SegmentStore
from netwatch.model import load_catalogue
from netwatch.planning import gather_all, judge_all, load_lifecycle, load_policies
from netwatch.planning.basis import without_counters
from netwatch.resources import config_dir

_WATCHED = (
    "netwatch.planning.plans:prepare_basis",
    "netwatch.planning.plans:prepare_leadership",
    "netwatch.planning.plans:prepare_wireless",
    "netwatch.planning.plans:prepare_equity",
    "netwatch.planning.plans:prepare_costs",
    "netwatch.planning.plans:prepare_capacity",
    "netwatch.planning.plans:judge_wireless",
    "netwatch.planning.plans:judge_equity",
    "netwatch.planning.plans:judge_costs",
    "netwatch.planning.plans:judge_capacity",
    "netwatch.planning.plans:rank",
    "netwatch.planning.plans:replacement_report",
    "netwatch.planning.plans:wireless_report",
    "netwatch.planning.plans:capacity_report",
    "netwatch.planning.plans:equity_report",
    "netwatch.planning.plans:costs_report",
    "netwatch.planning.plans:survey",
    "netwatch.planning.plans:lifecycle_report",
    "netwatch.planning.plans:reconcile",
    "netwatch.planning.plans:register_report",
    "netwatch.planning.plans:leadership_report",
)


@dataclass
class Steps:
    """A line for each step, as it ends."""

    depth: int = 0
    inner: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began, clock = time.process_time(), time.perf_counter()
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1
            cpu, wall = time.process_time() - began, time.perf_counter() - clock
            line = f"| {'. ' * self.depth}{name} | {cpu:.1f} | {wall:.1f} | {memory():.0f} |"
            print(line, flush=True)

    def watch(self, where: str) -> None:
        """Puts a step around a function, wherever a module calls it from."""
        module, name = where.split(":")
        __import__(module)
        inner = getattr(sys.modules[module], name)

        def outer(*args: object, **kwargs: object) -> object:
            with self.step(name):
                return inner(*args, **kwargs)

        setattr(sys.modules[module], name, outer)


def memory() -> float:
    """MB that the process held at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def plan(district: PlanDistrict, folder: Path, out: Path) -> None:
    """The steps of a worker."""
    policies, lifecycle = (
        load_policies(None, config_dir() / "planning"),
        load_lifecycle(config_dir() / "lifecycle"),
    )
    steps = Steps()
    for where in _WATCHED:
        steps.watch(where)
    print(f"district made: {memory():.0f} MB")
    print("| step | CPU s | s | MB at most |\n|---|---|---|---|", flush=True)
    store = SegmentStore(folder, load_catalogue())
    snapshot = without_counters(district.snapshot)  # as it is handed to the worker
    at = district.snapshot.at.wall
    with steps.step("all"):
        with steps.step("gather_all"):
            gathered = gather_all(
                snapshot,
                store,
                policies,
                district.calendars,
                at=at,
                alerts=district.alerts,
                tenures=district.tenures,
            )
        with steps.step("judge_all"):
            plans = judge_all(gathered, lifecycle, policies)
        with steps.step("kept in a file"):
            kept = KeptPlans(out)
            kept.keep(Judged(plans, lifecycle, policies, {}), gathered)
        del gathered
        for form in (Format.CSV, Format.XLSX, Format.HTML):
            with steps.step(f"every report as {form}"):
                for report in plans.reports.values():
                    body = render(report, form).body
                    (out / f"{report.name}.{form}").write_bytes(body)
        with steps.step("packet"):
            (out / "packet.html").write_bytes(packet(plans.reports.values(), edition=Edition.PUBLIC))
    sizes = {one.name: one.stat().st_size for one in out.iterdir()}
    print(", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sorted(sizes.items()) if size > 1e5))


def main() -> None:
    devices = int(os.environ.get("DEVICES", "10000"))
    if sys.argv[1:]:
        with tempfile.TemporaryDirectory() as name:
            out = Path(os.environ.get("OUT", name))
            out.mkdir(parents=True, exist_ok=True)
            plan(make_district(devices), Path(sys.argv[1]), out)
        return
    days, width = int(os.environ.get("DAYS", "730")), int(os.environ.get("WIDTH", "3600"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(os.environ.get("FOLDER", name))
        if not any(folder.glob("*/*.nwh")):
            began = time.process_time()
            district = make_district(devices)
            at = district.snapshot.at.wall
            cells = make_history(folder, district, end=at, days=days, width=width)
            seconds = time.process_time() - began
            size = sum(path.stat().st_size for path in folder.glob("*/*.nwh"))
            print(f"{cells / 1e9:.2f} billion values made in {seconds:.0f} CPU-s, {size / 1e9:.1f} GB")
            del district
        subprocess.run([sys.executable, "-m", "tests.bench.planning", str(folder)], check=True)


if __name__ == "__main__":
    main()
