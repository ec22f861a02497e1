"""Root causes where addresses really vanish: netwatch in one network namespace, its devices in others, and
cables between them that are pulled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from programs import eventually

PREFIX = f"nw{os.getpid() % 100000}-"
HOSTS = ("watch", "core", "dist", "server", "sw1", "sw2")
CABLES = (("watch", "core"), ("core", "dist"), ("core", "server"), ("dist", "sw1"), ("dist", "sw2"))
SETTINGS = """
district: {name: Namespaces, slug: ns}
state_dir: .
inventory: [inventory.yaml]
polling: {interval: 2s, deadline: 2s}
reachability: {method: icmp, timeout: 500ms}
alerts: {rules: [rules.yaml], evaluation_interval: 250ms, attached_to: [core]}
"""
RULES = """
rules:
  - rule: DeviceUnreachable
    value: netwatch_device_up
    equals: 0
    severity: critical
    root_cause: true
    message: "{device} does not answer"
"""
INVENTORY = """
defaults: {kind: switch}
devices:
  - {name: core, addresses: 198.18.7.2}
  - {name: dist, addresses: 198.18.7.3, depends_on: core, interval: 60s}
  - {name: server, kind: server, addresses: 198.18.7.4, depends_on: core}
  - {name: sw1, addresses: 198.18.7.5, depends_on: dist}
  - {name: sw2, addresses: 198.18.7.6, depends_on: dist}
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@dataclass
class Network:
    """Bridges with an address each, veth pairs between them, and what netwatch says of it."""

    said_in: Path

    def pull(self, one: str, other: str, *, state: str = "down") -> None:
        ip("-n", PREFIX + one, "link", "set", f"to-{other}", state)

    def plug(self, one: str, other: str) -> None:
        self.pull(one, other, state="up")

    def said(self, state: str) -> list[dict[str, Any]]:
        lines = map(json.loads, self.said_in.read_text().splitlines())
        return [line for line in lines if line["state"] == state]

    def tells(self, key: str, begin: str) -> bool:
        return any(line.get(key, "").startswith(begin) for line in self.said("firing"))

    def pages(self) -> list[str]:
        """Devices, once per page."""
        return list({x["id"]: x["device"] for x in self.said("firing") if not x["explained"]}.values())


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    try:
        ip("netns", "add", PREFIX + HOSTS[0])
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"NO NETWORK NAMESPACES here ({getattr(error, 'stderr', error)!r}): not tested")
    watcher = None
    try:
        for number, host in enumerate(HOSTS, 1):
            name = PREFIX + host
            if number > 1:
                ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "add", "br0", "type", "bridge")
            ip("-n", name, "addr", "add", f"198.18.7.{number}/24", "dev", "br0")
            ip("-n", name, "link", "set", "br0", "up")
        for one, other in CABLES:
            ends = (f"to-{other}", "netns", PREFIX + one, "type", "veth")
            ip("link", "add", *ends, "peer", "name", f"to-{one}", "netns", PREFIX + other)
            for near, far in ((one, other), (other, one)):
                ip("-n", PREFIX + near, "link", "set", f"to-{far}", "master", "br0", "up")
        for name, text in (("netwatch", SETTINGS), ("rules", RULES), ("inventory", INVENTORY)):
            (tmp_path / f"{name}.yaml").write_text(text)
        script = [str(Path(__file__).with_name("watcher.py")), str(tmp_path / "netwatch.yaml")]
        command = ["ip", "netns", "exec", PREFIX + "watch", sys.executable, *script]
        with (tmp_path / "said").open("wb") as out, (tmp_path / "errors").open("wb") as errors:
            watcher = subprocess.Popen(command, stdout=out, stderr=errors)
        network = Network(tmp_path / "said")
        eventually("every device answers", lambda: network.said("ready") or None)
        yield network
    finally:
        if watcher is not None:
            watcher.terminate()
            watcher.wait(20)
        for host in HOSTS:
            subprocess.run(["ip", "netns", "del", PREFIX + host], check=False, capture_output=True)


def test_a_cable_that_is_pulled_is_one_page(network: Network) -> None:
    """The rule pages at once, and the switch at the cable's end is asked once a minute only: without the
    question to it, the first of those behind it would be the page."""
    network.pull("core", "dist")
    eventually("the page knows its extent", lambda: network.tells("devices_behind", "2"))
    assert {line["device"] for line in network.said("asked")} >= {"dist"}
    assert network.pages() == ["dist"]

    network.pull("dist", "sw2")  # a fault behind the fault: shown, and not told
    network.plug("core", "dist")
    eventually("the recovery has come", lambda: "dist" in [x["device"] for x in network.said("resolved")])
    assert network.pages() == ["dist"]

    network.pull("watch", "core")
    eventually("netwatch finds itself alone", lambda: len(network.pages()) > 1)
    eventually("what that is", lambda: network.tells("text", "netwatch reaches nothing"))
    assert network.pages() == ["dist", "core"]
