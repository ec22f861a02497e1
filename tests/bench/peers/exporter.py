"""prometheus-snmp-exporter on a workload: collects and renders, as a scrape makes it do."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import aiohttp
from tests.bench.fleet import cpu_of
from tests.bench.workloads import GAUGES, SYS_UP_TIME, W1_COLUMNS, W2, address

__all__ = ["exporter", "have_exporter"]

PROGRAM = "prometheus-snmp-exporter"
PORT = 19116


def have_exporter() -> bool:
    return shutil.which(PROGRAM) is not None


def exporter(name: str, folder: Path, port: int, devices: int, polls: int) -> float:
    """CPU seconds of the exporter per 1000 polls. Its 0.21 wants the port in the target."""
    config = folder / "snmp.yml"
    config.write_text("\n".join(_w1() + _w2()) + "\n")
    listen = f"--web.listen-address=127.0.0.1:{PORT}"
    process = subprocess.Popen(
        [PROGRAM, f"--config.file={config}", listen, "--log.level=error"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return asyncio.run(_scrape(name, process.pid, port, devices, polls))
    finally:
        process.kill()
        process.wait()


async def _scrape(name: str, pid: int, port: int, devices: int, polls: int) -> float:
    async with aiohttp.ClientSession() as session:

        async def one(number: int) -> int:
            target = f"{address(number % devices)}:{port}"
            url = f"http://127.0.0.1:{PORT}/snmp?module={name}&target={target}"
            async with session.get(url) as response:
                text = await response.read()
                assert response.status == 200, text[:200]
                return text.count(b"\n")

        for _ in range(100):
            try:
                await one(0)
                break
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
        began, todo = cpu_of(pid), iter(range(polls))

        async def worker() -> None:
            for number in todo:
                await one(number)

        await asyncio.gather(*(worker() for _ in range(50)))
        return (cpu_of(pid) - began) / polls * 1000


_AUTH = ["  version: 2", "  max_repetitions: 25", "  timeout: 5s", "  auth:", "    community: public"]


def _metric(name: str, oid: str, kind: str, *, indexed: bool) -> list[str]:
    lines = [f"  - name: {name}", f"    oid: {oid}", f"    type: {kind}", f"    help: {name}"]
    if indexed:
        lines += ["    indexes:", "    - labelname: ifIndex", "      type: gauge"]
    return lines


def _w1() -> list[str]:
    lines = ["w1:", "  walk:", *(f"  - {column}" for column in W1_COLUMNS), "  get:", f"  - {SYS_UP_TIME}"]
    lines += ["  metrics:", *_metric("sysUpTime", SYS_UP_TIME, "gauge", indexed=False)]
    for column, name in W1_COLUMNS.items():
        lines += _metric(name, column, "gauge" if name in GAUGES else "counter", indexed=True)
    return lines + _AUTH


def _w2() -> list[str]:
    lines = ["w2:", "  get:", *(f"  - {oid}" for oid in W2), "  metrics:"]
    for number, oid in enumerate(W2):
        kind = "DisplayString" if number in (0, 3, 4, 5) else "OctetString" if number == 1 else "gauge"
        lines += _metric(f"scalar{number}", oid, kind, indexed=False)
    return lines + _AUTH
