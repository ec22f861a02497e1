"""A simulated district with its daemon and everything that listens to it, as real processes."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from programs import Program, eventually, free_port, get_json, netwatch, running

from netwatch.resources import config_dir
from netwatch.simulate import World

INTERVAL = 4
"""Seconds between polls, and between scrapes."""
HELD_BACK = "do-ups-01"
"""In the district, but not in the inventory at first."""
SHIPPED = Path(__file__).parents[2] / "src" / "netwatch" / "simulate" / "data"
CHANGES: dict[str, dict[str, Any]] = {
    # What a district of 40 devices would have no place for, and what would take minutes to see.
    "access-points-overloaded": {"school": 1, "values": {"wing": 2}},
    "counters-wrap": {"values": {"load": 0.8, "floor": 0.9}},
    "port-flapping": {"school": 0, "values": {"period": 40, "up": 20}},
    "reboot": {"school": 1, "nth": 1, "values": {"after": 40}},
    "slow-and-lossy-agent": {"school": 1, "nth": 2},
}


class District:
    """Addresses of all that runs, and ways to ask."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = folder / "config" / "netwatch.yaml"
        self.inventory = folder / "config" / "inventory" / "devices.yaml"
        self.truth_file = folder / "truth.json"
        self.web, self.prometheus, self.alertmanager, self.mqtt = (free_port() for _ in range(4))
        self.daemon = Program(netwatch("run", "--config", str(self.settings)), folder / "daemon.txt")
        self.held_back: dict[str, Any] = {}
        self.polled_at = 0.0
        """Wall seconds when everything had been polled once."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.web}{path}"

    def api(self, path: str) -> Any:
        return get_json(self.url(f"/api/v1/{path}"))

    @cached_property
    def truth(self) -> dict[str, Any]:
        return dict(json.loads(self.truth_file.read_text()))

    @property
    def slow(self) -> set[str]:
        found = self.truth["conditions"]
        return {one["device"] for one in found if one["condition"] == "slow-and-lossy-agent"}

    @cached_property
    def world(self) -> World:
        return World.load_truth(self.truth_file)

    def devices(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.api("devices?limit=10000")["devices"]}

    def said_of(self, names: list[str]) -> list[str]:
        """Lines of the daemon's log about these devices."""
        return [
            line for line in self.daemon.output().splitlines() if any(f"={name} " in line for name in names)
        ]

    def alerts(self) -> list[dict[str, Any]]:
        return list(self.api("alerts")["alerts"])

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """What Prometheus says."""
        from urllib.parse import urlencode

        parameters = urlencode({"query": expression, "time": f"{time.time() if at is None else at:.3f}"})
        answer = get_json(f"http://127.0.0.1:{self.prometheus}/api/v1/query?{parameters}")
        assert answer["status"] == "success", answer
        return list(answer["data"]["result"])

    def polled(self) -> bool:
        """Was everything read that answers, but for the agent whose discovery takes minutes?"""
        wanted = {one["name"] for one in self.truth["devices"] if one["up"]} - self.slow - {HELD_BACK}
        devices = self.devices()
        return all(name in devices and devices[name]["status"] == "up" for name in wanted)

    # beginning

    def write_world(self) -> Path:
        """A folder for `netwatch simulate --district`."""
        folder = self.folder / "district"
        shutil.copytree(SHIPPED, folder)
        file = folder / "district.yaml"
        document = yaml.safe_load(file.read_text())
        for condition in document["conditions"]:
            condition.update(CHANGES.get(condition["name"], {}))
        file.write_text(yaml.safe_dump(document, sort_keys=False))
        return folder

    def write_settings(self) -> None:
        """Changes the configuration that the simulator wrote: short times, and channels to real receivers."""
        document = yaml.safe_load(self.settings.read_text())
        document["web"] = {"listen": f"127.0.0.1:{self.web}"}
        # On a busy machine an agent may miss a few polls in a row: it is to be tried again within seconds.
        document["polling"] = {"interval": f"{INTERVAL}s", "backoff_max": f"{3 * INTERVAL}s"}
        document["alerts"] = {
            "rules": ["rules/*.yaml"],
            "evaluation_interval": "2s",
            "group_wait": "1s",
            "alertmanager": [
                {"name": "am", "urls": [f"http://127.0.0.1:{self.alertmanager}"], "resend": "5s"}
            ],
            "mqtt": [{"name": "broker", "host": "127.0.0.1", "port": self.mqtt, "topic": "maple"}],
        }
        self.settings.write_text(yaml.safe_dump(document))
        rules = self.settings.parent / "rules"
        rules.mkdir()
        for file in (config_dir() / "rules").glob("*.yaml"):
            # The shipped rules, but nobody has minutes here.
            (rules / file.name).write_text(
                re.sub(r"(?m)^(\s+for:) \S+", rf"\1 {2 * INTERVAL}s", file.read_text())
            )
        entries = yaml.safe_load(self.inventory.read_text())
        (self.held_back,) = [one for one in entries["devices"] if one["name"] == HELD_BACK]
        entries["devices"].remove(self.held_back)
        for entry in entries["devices"]:
            if entry["name"] in self.slow:  # seconds are no interval for it
                entry["interval"] = "60s"
        self.inventory.write_text(yaml.safe_dump(entries, sort_keys=False))

    def add_to_inventory(self, entry: dict[str, Any]) -> None:
        extra = self.inventory.with_name("more.yaml")
        extra.write_text(yaml.safe_dump({"devices": [entry]}, sort_keys=False))

    def restart(self, number: signal.Signals) -> None:
        """Ends the daemon by a signal and starts it again on the same files."""
        self.daemon.signal(number)
        self.daemon.wait()
        eventually("its workers are gone", lambda: not self.daemon.children(), 30)
        self.daemon.start()
        eventually("it is there again", self.polled)

    # what stands beside it

    def beside(self) -> Iterator[Program]:
        yield Program(self._prometheus_command(), self.folder / "prometheus.txt")
        (self.folder / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        yield Program(
            [
                "prometheus-alertmanager",
                f"--config.file={self.folder}/am.yml",
                f"--storage.path={self.folder}/am",
                f"--web.listen-address=127.0.0.1:{self.alertmanager}",
                "--cluster.listen-address=",
            ],
            self.folder / "alertmanager.txt",
        )
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.mqtt} 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n"
        )
        yield Program(["mosquitto", "-c", f"{self.folder}/mosquitto.conf"], self.folder / "mosquitto.txt")

    def _prometheus_command(self) -> list[str]:
        sd = {"url": self.url("/api/sd"), "refresh_interval": "2s"}
        config = {
            "global": {"scrape_interval": f"{INTERVAL}s", "scrape_timeout": f"{INTERVAL}s"},
            "scrape_configs": [
                {
                    "job_name": "netwatch",
                    "http_sd_configs": [sd],
                    "metric_relabel_configs": [{"regex": "shard", "action": "labeldrop"}],
                }
            ],
        }
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        return [
            "prometheus",
            f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={self.folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{self.prometheus}",
            "--log.level=warn",
        ]


@contextmanager
def living(folder: Path) -> Iterator[District]:
    """Everything runs, is ready and was scraped."""
    district = District(folder)
    command = netwatch(
        "simulate", "--scale", "40", "--port", "0", "--echo-port", "0", "--phase", "tuesday 10:30"
    )
    command += ["--district", str(district.write_world()), "--write-config", str(folder / "config")]
    with ExitStack() as stack:
        simulator = stack.enter_context(
            running([*command, "--truth", str(district.truth_file)], folder / "simulator.txt")
        )
        simulator.until("Ctrl-C ends it.")
        district.write_settings()
        for program in (*district.beside(), district.daemon):
            stack.callback(program.stop)
            program.start()
        eventually("all but the slow one were polled", district.polled)
        eventually("Prometheus scraped it", lambda: bool(district.query("netwatch_device_up")))
        district.polled_at = time.time()
        yield district
