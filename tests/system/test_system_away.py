"""What happens while netwatch is away: a core switch dies between two runs of the real daemon."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml
from programs import Program, eventually, free_port, get_json, netwatch, running

from netwatch.simulate import load_district

SHIPPED = Path(__file__).parents[2] / "src" / "netwatch" / "simulate" / "data"
SCALE = 24
SWITCHES = ("core", "distribution", "access")
CORE_DIES = {"name": "core-switch-down", "action": "silent", "school": 0, "role": "core", "see": []}


def write_world(folder: Path, conditions: list[dict[str, Any]]) -> None:
    shutil.copytree(SHIPPED, folder, dirs_exist_ok=True)
    file = folder / "district.yaml"
    document = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump(document | {"conditions": conditions}, sort_keys=False))


def write_settings(config: Path, web: int) -> None:
    settings = yaml.safe_load((config / "netwatch.yaml").read_text())
    rules = config / "rules.yaml"
    rules.write_text(
        "rules:\n  - {rule: DeviceUnreachable, value: netwatch_device_up, equals: 0, for: 8s,"
        " severity: critical, root_cause: true, message: '{device} is silent'}\n"
    )
    settings |= {
        "web": {"listen": f"127.0.0.1:{web}"},
        "polling": {"interval": "4s"},
        "alerts": {"rules": [str(rules)], "evaluation_interval": "1s"},
    }
    (config / "netwatch.yaml").write_text(yaml.safe_dump(settings))
    file = config / "inventory" / "devices.yaml"
    entries = yaml.safe_load(file.read_text())
    for entry in entries["devices"]:
        # Where things stand would tell what they hang on: here neighbours alone are to.
        for key in ("place", "depends_on", "fed_by", "life_safety"):
            entry.pop(key, None)
        if entry.get("role") in SWITCHES:
            entry["role"] = "access"
    file.write_text(yaml.safe_dump(entries, sort_keys=False))


def rows(store: Path, sql: str) -> list[Any]:
    if not store.exists():
        return []
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'kept_link'").fetchall():
            return []
        return connection.execute(sql).fetchall()


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_switch_that_dies_while_netwatch_is_away_is_one_page(tmp_path: Path) -> None:
    world, config, web = tmp_path / "world", tmp_path / "config", free_port()
    snmp, echo = (str(free_port(socket.SOCK_DGRAM)) for _ in range(2))
    command = netwatch("simulate", "--scale", str(SCALE), "--port", snmp, "--echo-port", echo)
    command += ["--district", str(world)]
    write_world(world, [])
    daemon = Program(netwatch("run", "--config", str(config / "netwatch.yaml")), tmp_path / "daemon.txt")
    store = config / "var" / "netwatch.db"
    try:
        with running([*command, "--write-config", str(config)], tmp_path / "one.txt") as simulator:
            simulator.until("Ctrl-C ends it.")
            write_settings(config, web)
            store = (
                config / yaml.safe_load((config / "netwatch.yaml").read_text())["state_dir"] / "netwatch.db"
            )
            daemon.start()
            links = _cables(world)
            eventually("its links are kept", lambda: len(rows(store, "SELECT * FROM kept_link")) >= links)
            daemon.signal(signal.SIGKILL)
            daemon.wait()
        rows(store, "DELETE FROM plan")  # as after an upgrade: what discovery told is void
        write_world(world, [CORE_DIES])
        with running(command, tmp_path / "two.txt") as simulator:
            simulator.until("Ctrl-C ends it.")
            district = load_district(world, SCALE, 1)
            dead = {device.name for device in district.devices if device.down}
            daemon.start()

            def told() -> list[dict[str, Any]] | None:
                found = get_json(f"http://127.0.0.1:{web}/api/v1/alerts")["alerts"]
                firing = [one for one in found if one["state"] == "firing"]
                named = {one["labels"]["device"] for one in firing}  # access points, too
                return firing if named >= dead else None

            firing = eventually("all that is silent is known", told)
            pages = [one["labels"]["device"] for one in firing if not one["suppressed_by"]]
            assert len(dead) > 3
            top = [one.name for one in district.devices if one.down and not (one.parent and one.parent.down)]
            assert pages == top
    finally:
        daemon.stop()


def _cables(world: Path) -> int:
    """From switch to switch."""
    devices = load_district(world, SCALE, 1).devices
    return sum(
        link.upper is one and link.lower.template.role in SWITCHES for one in devices for link in one.links
    )
