"""What history, alerts and pages cost over a large snapshot: CPU, memory and the longest turn in the loop.

SWITCHES=10000 python tests/bench/readers.py history alerts web
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from tests.bench.synthetic import PORTS, Synthetic

from netwatch.alerts import AlertEngine, load_rules
from netwatch.calendars import Calendars, Closure
from netwatch.calendars.places import ALWAYS_WEEKDAYS
from netwatch.documents import read_yaml
from netwatch.history import Recorder, SegmentStore
from netwatch.model import Entity, PlaceKind, Places, SchoolFacts, load_catalogue
from netwatch.resources import config_dir
from netwatch.web.lookup import Kept, Lookup
from netwatch.web.views import device_view, device_views, link_views, school_views


def resident() -> float:
    """MB now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def told(name: str, action: Callable[..., Any], *given: Any) -> Any:
    """Runs an action; one that comes in steps is measured step by step."""
    cpu, longest, steps = time.process_time(), 0.0, 0
    found = action(*given)
    if isinstance(found, Iterator):
        while True:
            began = time.thread_time()
            if next(found, self_end) is self_end:
                longest = max(longest, time.thread_time() - began)
                break
            longest = max(longest, time.thread_time() - began)
            steps += 1
    cpu = time.process_time() - cpu
    print(
        f"{name:48} {cpu:8.3f} CPU-s"
        f"  longest step {longest * 1000:7.1f} ms of {steps:5d}  {resident():7.0f} MB"
    )
    return found


self_end = object()


def history(fleet: Synthetic) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = SegmentStore(Path(folder), fleet.catalogue)
        recorder = Recorder(fleet.catalogue, store)
        for minute in range(24):
            snapshot = fleet.snapshot()
            at = snapshot.at.wall
            before = resident()
            if minute in (0, 1, 2, 10, 23):
                told(f"observe, minute {minute}", recorder.observe_steps, snapshot)
            else:
                recorder.observe(snapshot)
            del snapshot
            began, wall, held = time.process_time(), time.perf_counter(), 0.0
            blocks = 0
            for block in recorder.take_steps(at):
                blocks += 1
                held = max(held, time.perf_counter() - wall)
                store.append_all((block,))
                wall = time.perf_counter()
            if blocks:
                print(
                    f"  minute {minute}: {blocks} blocks written in {time.process_time() - began:.2f} CPU-s,"
                    f" longest take {held * 1000:.1f} ms, {before:.0f} -> {resident():.0f} MB,"
                    f" recorder {recorder.octets() / 1e6:.0f} MB,"
                    f" {recorder.octets() / recorder.series():.1f} bytes per series"
                )
        print(f"  history on disk {store.size() / 1e6:.1f} MB")


def school_calendars(fleet: Synthetic) -> Calendars:
    """A calendar and a time zone of its own for every school; one is closed today, one is out of service."""
    zones = ("America/Chicago", "America/Denver", "America/New_York", "UTC")
    places = dict(fleet.inventory.places.by_id)
    named = {}
    for number, (key, place) in enumerate(places.items()):
        if place.kind is PlaceKind.SCHOOL:
            name = f"calendar-{number}"
            named[name] = replace(ALWAYS_WEEKDAYS, name=name, timezone=zones[number % len(zones)])
            places[key] = replace(place, school=SchoolFacts(calendar=name))
    fleet.inventory = replace(fleet.inventory, places=Places(places))
    days = date(2027, 1, 1), date(2027, 12, 31)
    closures = [Closure("school-1", *days), Closure("school-2", *days, out_of_service=True)]
    return Calendars(named, closures)


def alerts(fleet: Synthetic) -> None:
    rules = sorted((config_dir() / "rules").glob("*.yaml"))
    loaded = load_rules([read_yaml(path) for path in rules], load_catalogue())
    engine = AlertEngine(loaded, calendars=school_calendars(fleet))
    print(f"  {len(loaded)} rules, {sum(not rule.window.is_always for rule in loaded)} with a time window")
    for minute in range(12):
        if minute in (2, 4):
            fleet.touch()
        snapshot = fleet.snapshot()
        if minute == 3:
            down = snapshot.columns["netwatch_interface_oper_up"].values
            down[: len(down) // 200] = 0.0
        told(f"rules, minute {minute}", engine.evaluate_steps, snapshot)
    print(f"  {len(engine.alerts())} alerts")
    told("rules: new_healthy", engine.new_healthy)


def measures(lookup: Lookup, parts: Sequence[Entity]) -> None:
    lookup.measures([part.id for part in parts], {part.kind for part in parts})


def web(fleet: Synthetic) -> None:
    snapshot = fleet.snapshot()
    device, kept = next(snapshot.devices()), Kept()
    for again in ("first", "again"):
        lookup = Lookup(snapshot, kept)
        views = told(f"web {again}: device_views", device_views, lookup, ())
        told(f"web {again}: school_views", school_views, lookup, views, ())
        told(f"web {again}: link_views", link_views, lookup, 10)
        told(f"web {again}: link_views of a site", link_views, lookup, 10, "district/school-1")
        told(f"web {again}: device_view", device_view, lookup, device, ())
        parts = (device, *snapshot.of_device(device.id))
        told(f"web {again}: measures of a device", measures, lookup, parts)
        snapshot = fleet.snapshot()


def main() -> None:
    switches = int(os.environ.get("SWITCHES", "1000"))
    fleet = Synthetic(switches)
    print(f"{switches} switches, {switches * PORTS} ports, {resident():.0f} MB before")
    for name in sys.argv[1:] or ["history", "alerts", "web"]:
        {"history": history, "alerts": alerts, "web": web}[name](fleet)


if __name__ == "__main__":
    main()
