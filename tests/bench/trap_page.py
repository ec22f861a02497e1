"""From a link-down trap to the page: 100 ports of a simulated district go down, a webhook hears of it.

    python -m tests.bench.trap_page [SCALE]

The daemon runs as shipped (polls every 60 s, evaluations every 15 s, all rules), but for InterfaceDown with
`for: 0s` on every port. Ports come and go by themselves; at each change a trap is sent from the address of
its switch.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from tests.bench.table import Row, show

from netwatch.resources import config_dir
from netwatch.wire.snmp.pdu import Pdu, PduType, VarBind, encode_community_message, encode_pdu

__all__ = ["trap_pages"]

SHIPPED = Path(__file__).parents[2] / "src" / "netwatch" / "simulate" / "data"
PAGES = 100
LOST_SECONDS = 30.0
LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_world(folder: Path) -> None:
    """Nothing is wrong but that a port of some access switches comes and goes, each in its own time."""
    shutil.copytree(SHIPPED, folder)
    document = yaml.safe_load((folder / "district.yaml").read_text())
    document["conditions"] = [
        {
            "name": f"flap-{school}-{nth}",
            "action": "flap",
            "school": school,
            "role": "access",
            "nth": nth,
            "row": 3,
            "see": ["a port that comes and goes"],
            "values": {"period": 13 + 0.37 * (2 * school + nth), "up": 6.5},
        }
        for school in range(12)
        for nth in range(2)
    ]
    (folder / "district.yaml").write_text(yaml.safe_dump(document, sort_keys=False))


def _write_settings(settings: Path, hook: str, traps: int) -> None:
    document = yaml.safe_load(settings.read_text())
    document["web"] = {"listen": f"127.0.0.1:{_free_port(socket.SOCK_STREAM)}"}
    document["traps"] = {"listen": f"127.0.0.1:{traps}"}
    document["alerts"] = {"rules": ["rules/*.yaml"], "webhook": [{"name": "hook", "url": hook}]}
    settings.write_text(yaml.safe_dump(document))
    (settings.parent / "rules").mkdir()
    for file in (config_dir() / "rules").glob("*.yaml"):
        text = re.sub(
            r"(- rule: InterfaceDown\n.*?\n    for:) \S+(.*?ports:) infrastructure",
            r"\1 0s\2 all",
            file.read_text(),
            flags=re.DOTALL,
        )
        (settings.parent / "rules" / file.name).write_text(text)


class _Port:
    """A port that comes and goes, and when its switch tells of it."""

    def __init__(self, planted: dict[str, Any], started: float, traps: int) -> None:
        self.device = str(planted["device"])
        self._started, self._target = started, ("127.0.0.1", traps)
        self._period, self._up = planted["period_seconds"], planted["up_seconds"]
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((planted["address"], 0))
        self.down_at: list[float] = []
        """Wall seconds of the traps that said so."""

    async def run(self) -> None:
        while True:
            within = (time.time() - self._started) % self._period
            goes_down = within < self._up
            await asyncio.sleep((self._up if goes_down else self._period) - within + 0.01)
            binds = [
                VarBind("1.3.6.1.2.1.1.3.0", None),
                VarBind(TRAP_OID, LINK_DOWN if goes_down else LINK_UP),
            ]
            pdu = encode_pdu(Pdu(PduType.TRAP, 1, varbinds=binds))
            if goes_down:
                self.down_at.append(time.time())
            self._socket.sendto(encode_community_message(1, b"public", pdu), self._target)


async def _measure(scale: int, folder: Path) -> list[float]:
    pages: dict[str, list[float]] = {}

    async def take(request: web.Request) -> web.Response:
        for one in (await request.json())["alerts"]:
            if one["rule"] == "InterfaceDown" and one["state"] == "firing":
                pages.setdefault(one["labels"]["device"], []).append(time.time())
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    traps = _free_port(socket.SOCK_DGRAM)
    _write_world(folder / "district")
    command = [sys.executable, "-m", "netwatch"]
    simulate = [*command, "simulate", "--scale", str(scale), "--port", "0", "--echo-port", "0"]
    simulate += ["--district", str(folder / "district"), "--write-config", str(folder / "config")]
    simulate += ["--truth", str(folder / "truth.json")]
    log = (folder / "log").open("wb")
    simulator = await asyncio.create_subprocess_exec(*simulate, stdout=log, stderr=log)
    daemon = None
    try:
        while not (folder / "truth.json").exists() or not (folder / "config/netwatch.yaml").exists():
            await asyncio.sleep(0.2)
        await asyncio.sleep(1.0)
        settings = folder / "config/netwatch.yaml"
        _write_settings(settings, f"http://127.0.0.1:{runner.addresses[0][1]}/", traps)
        daemon = await asyncio.create_subprocess_exec(
            *command, "run", "--config", str(settings), stdout=log, stderr=log
        )
        truth = json.loads((folder / "truth.json").read_text())
        ports = [_Port(one, truth["simulation"]["started"], traps) for one in truth["conditions"]]
        tasks = [asyncio.create_task(port.run()) for port in ports]
        while len(pages) < len(ports):  # every port was seen up, and paged for once
            await asyncio.sleep(0.5)
        began = time.time()
        while sum(at > began for port in ports for at in port.down_at) < PAGES + len(ports):
            await asyncio.sleep(0.5)
        await asyncio.sleep(3.0)
        for task in tasks:
            task.cancel()
        waits = []
        for port in ports:
            for at in port.down_at[:-1]:
                if at > began:
                    heard = min((one for one in pages[port.device] if one >= at), default=at + LOST_SECONDS)
                    waits.append(heard - at)
        return waits[:PAGES]
    finally:
        for process in (daemon, simulator):
            if process is not None and process.returncode is None:
                process.terminate()
                await process.wait()
        await runner.cleanup()
        log.close()


def trap_pages(scale: int = 150) -> list[float]:
    """Seconds from each trap to its page."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(scale, Path(folder)))


def rows(scale: int = 150) -> Iterator[Row]:
    waits = sorted(trap_pages(scale))
    yield "traps", len(waits), f"link-downs in a district of {scale} devices"
    yield "trap to page, p50", waits[len(waits) // 2], "s"
    yield "trap to page, p99", waits[min(len(waits) - 1, int(len(waits) * 0.99))], "s"
    yield "trap to page, worst", waits[-1], "s"


if __name__ == "__main__":
    show(rows(int(sys.argv[1]) if len(sys.argv) > 1 else 150))
