"""What it costs to load, check and reload an inventory: 10,000 devices in one file of YAML and in one of CSV.

DEVICES=10000 python tests/bench/start.py [--profile]
"""

from __future__ import annotations

import cProfile
import os
import pstats
import random
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from netwatch.app.loading import Configuration, load_configuration
from netwatch.app.reload import summary_of_change
from netwatch.model import EntityId, SystemClock, load_catalogue
from netwatch.polling import Poller, PollingSettings
from netwatch.state import State
from netwatch.store import Store

PROFILE = "--profile" in sys.argv


def told(name: str, action: Callable[..., Any], *given: Any) -> Any:
    profile = cProfile.Profile() if PROFILE else None
    cpu, wall = time.process_time(), time.perf_counter()
    if profile:
        profile.enable()
    found = action(*given)
    if profile:
        profile.disable()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{name:40} {cpu:7.2f} CPU-s {wall:7.2f} s", flush=True)
    if profile and wall > 0.3:
        pstats.Stats(profile).sort_stats("tottime").print_stats(12)
    return found


def write(folder: Path, devices: int) -> Path:
    schools = devices // 100 + 1
    places = [f"  - {{id: s{n}, kind: school, name: School {n}}}" for n in range(schools)]
    (folder / "places.yaml").write_text("\n".join(["places:", *places]) + "\n")
    half = devices // 2
    out = ["defaults: {kind: switch, credentials: [public]}", "devices:"]
    table = ["name,addresses,kind,role,place,credentials,serial,tags"]
    for number in range(devices):
        address, place = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", f"s{number % schools}"
        if number < half:
            out += [f"  - name: sw-{number}", f"    addresses: {address}", "    role: access"]
            out += [f"    place: {place}", f"    serial: SER{number:06}", "    tags: [access]"]
        else:
            table.append(f"sw-{number},{address},switch,access,{place},public,SER{number:06},access")
    (folder / "devices.yaml").write_text("\n".join(out) + "\n")
    (folder / "devices.csv").write_text("\n".join(table) + "\n")
    path = folder / "netwatch.yaml"
    path.write_text(
        "district: {name: District, slug: district, timezone: UTC}\n"
        f"state_dir: {folder}/state\n"
        "inventory: [places.yaml, devices.yaml, devices.csv]\n"
        "credentials: {public: {snmp: {version: 2c, community: public}}}\n"
    )
    return path


def main() -> None:
    devices = int(os.environ.get("DEVICES", "10000"))
    catalogue, numbers = load_catalogue(), count()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = write(folder, devices)
        loaded: Configuration = told("load everything", load_configuration, path, {}, catalogue)
        with Store(folder / "db") as store:
            clock = SystemClock()
            state = State(catalogue, store.identity, lambda: EntityId(f"e{next(numbers):018x}"), clock)
            first = told("ids of all devices", loaded.identified, state.device_id)
            told("state: set_inventory", state.set_inventory, first.inventory)
            told("state: flush", state.flush)
            poller = Poller(
                snmp=None, ssh=None, http=None, probers=(), discover=None, sink=state, clock=clock,
                rng=random.Random(1), settings=PollingSettings(),
            )  # fmt: skip
            targets = [one.target for one in first.inventory.devices.values() if one.target is not None]
            told("poller: update", poller.update, targets)
            again = told("load everything again", load_configuration, path, {}, catalogue, first)
            second = told("ids again", again.identified, state.device_id)
            told("summary of the change", summary_of_change, first, second)
            told("state: set_inventory again", state.set_inventory, second.inventory)
            targets = [one.target for one in second.inventory.devices.values() if one.target is not None]
            told("poller: update again", poller.update, targets)


if __name__ == "__main__":
    main()
