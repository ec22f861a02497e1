"""The configuration that the simulator writes is one that the daemon takes; the command that writes it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from netwatch.config import load_settings
from netwatch.inventory import load_inventory
from netwatch.model import EntityId, PlaceKind, ReachabilityMethod, SnmpVersion
from netwatch.simulate import World, load_district, write_config

AT = 1_795_300_000.0


def test_the_daemon_takes_it(tmp_path: Path) -> None:
    district = load_district()
    path = write_config(
        district, tmp_path, port=2161, echo_port=2007, at=AT, settings={"log": {"level": "error"}}
    )
    settings = load_settings(path, os.environ)
    assert settings.district.slug == "maple"
    inventory = load_inventory(settings, os.environ, lambda device: EntityId(device.name))
    polled = [device for device in inventory.devices.values() if device.target is not None]
    assert len(polled) == 150
    assert len(inventory.devices) == 150 + sum(1 for _ in district.access_points())
    for device in district.devices:
        entry = inventory.devices[device.name]
        assert entry.target is not None
        assert entry.target.addresses == (device.address,)
        assert entry.target.snmp is not None
        assert entry.target.snmp.port == 2161
        assert (entry.target.snmp.version is SnmpVersion.V3) == bool(device.user)
        assert entry.target.reachability.method is ReachabilityMethod.UDP_ECHO
        assert entry.target.reachability.port == 2007
        assert entry.kind is device.template.kind
        school = inventory.places.school_of(entry.place)
        assert (school.name if school else "") == (device.school.name if device.school.number >= 0 else "")
    assert len(list(inventory.places.of_kind(PlaceKind.SCHOOL))) == 12
    by_device = {asset.device: asset for asset in inventory.assets}
    assert by_device["lhs-core-01"].installed is not None
    assert by_device["lhs-core-01"].fund == "invented"


def test_serials_are_those_that_the_gear_tells(tmp_path: Path) -> None:
    district = load_district(scale=60)
    path = write_config(district, tmp_path, at=AT)
    settings = load_settings(path, os.environ)
    inventory = load_inventory(settings, os.environ, lambda device: EntityId(device.name))
    world = World(district, AT)
    for point in district.access_points():
        told = world.model(point.controller.name).groups["aps"][point.number]
        assert inventory.devices[point.name].serial == told["serial"]
        assert inventory.devices[point.name].mac == told["mac"]
    core = next(device for device in district.devices if device.template.role == "core")
    assert (
        inventory.devices[core.name].serial
        == world.value(core.name, "1.3.6.1.2.1.47.1.1.1.1.11.1", AT).decode()
    )


def test_secrets_are_files_of_the_owner(tmp_path: Path) -> None:
    path = write_config(load_district(scale=10), tmp_path, at=AT)
    text = path.read_text(encoding="utf-8")
    for user in load_district(scale=10).library.district.users:
        assert user.auth_password not in text
        assert user.privacy_password not in text
    for secret in (tmp_path / "secrets").iterdir():
        assert secret.stat().st_mode & 0o077 == 0


async def command(*options: str) -> asyncio.subprocess.Process:
    code = (
        "import typer; from netwatch.cli.simulate import register; app = typer.Typer(); register(app); app()"
    )
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def test_the_command(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    process = await command(
        "--scale", "20", "--port", "0", "--echo-port", "0", "--phase", "tuesday 10:30", "--seed", "3",
        "--write-config", str(tmp_path / "config"), "--truth", str(truth),
    )  # fmt: skip
    assert process.stdout is not None
    lines = []
    while not lines or b"Ctrl-C" not in lines[-1]:
        lines.append(await asyncio.wait_for(process.stdout.readline(), 30))
        assert lines[-1], b"".join(lines)
    assert b"20 devices in 3 schools" in lines[0]
    document = json.loads(truth.read_text(encoding="utf-8"))
    assert document["schema"] == "netwatch-simulation/1"
    assert len(document["devices"]) == 20
    world = World.load_truth(truth)
    assert world.started == document["simulation"]["started"]
    assert [device.serial for device in world.district.devices] == [
        one["serial"] for one in document["devices"]
    ]
    load_settings(tmp_path / "config" / "netwatch.yaml", os.environ)
    process.send_signal(signal.SIGINT)
    _, errors = await asyncio.wait_for(process.communicate(), 5)
    assert (process.returncode, errors) == (0, b"")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--phase", "noon"), b"no moment of a week"),
        (("--district", "/nonexistent-folder"), b"expected a folder that holds *.yaml"),
        (("--recordings", "/nonexistent-folder"), b"holds no *.snmprec"),
    ],
)
async def test_mistakes_are_one_line(options: tuple[str, ...], expected: bytes) -> None:
    process = await command(*options, "--port", "0", "--echo-port", "0")
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert expected in errors
    assert b"Traceback" not in errors
