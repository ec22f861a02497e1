"""What netwatch costs on the machine that it runs on."""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from netwatch.app.demo import Demo
from netwatch.app.loading import load_configuration
from netwatch.app.pipeline import Minute, Pipeline
from netwatch.discovery import Discovery, discover
from netwatch.model import Reachability, ReachabilityMethod, SystemClock, Target, load_catalogue
from netwatch.native import load as load_native
from netwatch.store import Store
from netwatch.wire import NetworkSnmpWire

__all__ = ["measure_machine"]

DISCOVERY_SECONDS = 30.0
"""What is not discovered by then (the simulated agent that is slow and loses requests) is left out."""
HALF_A_CORE = 0.5
MINUTE = 60.0


async def measure_machine(scale: int, passes: int) -> Sequence[str]:
    """Lines for a person. Raises NetwatchError where the simulated district can't start."""
    with tempfile.TemporaryDirectory() as name, Demo(Path(name) / "district", scale=scale) as demo:
        settings = await asyncio.to_thread(demo.start)
        with Store(Path(name) / "netwatch.db") as store:
            return await _measure(settings, store, Path(name) / "history", passes)


async def _measure(settings: Path, store: Store, folder: Path, passes: int) -> Sequence[str]:
    clock, catalogue = SystemClock(), load_catalogue()
    began = time.process_time()
    configuration = load_configuration(settings, os.environ, catalogue)
    loading = time.process_time() - began
    native = load_native(os.environ)
    wire = NetworkSnmpWire(clock=clock, kernel=native)
    spent = 0.0

    async def ask(target: Target) -> Discovery:
        return await discover(target, snmp=wire, profiles=configuration.profiles, clock=clock)

    silent = Reachability(ReachabilityMethod.NONE)
    devices = {
        name: replace(entry, target=replace(entry.target, interval=86_400.0, reachability=silent))
        for name, entry in configuration.inventory.devices.items()
        if entry.target is not None and entry.target.snmp is not None
    }
    pipeline = Pipeline(
        inventory=replace(configuration.inventory, devices=devices),
        snmp=wire,
        discover=ask,
        rules=configuration.rules,
        catalogue=catalogue,
        clock=clock,
        store=store,
        folder=folder,
        native=native,
    )
    polling = asyncio.create_task(pipeline.poller.run())
    try:
        began = time.process_time()
        await _discovered(pipeline)
        discovering = time.process_time() - began
        minutes: list[Minute] = []
        for number in range(passes + 2):
            if number == 2:
                spent = time.process_time() - sum(map(_cost, minutes))
                minutes.clear()
            await pipeline.one_pass()
            minutes.append(pipeline.minute())
        spent = time.process_time() - spent - sum(map(_cost, minutes))
    finally:
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await wire.close()
        pipeline.close()
    count = len(pipeline.targets)
    return _report(count, spent / passes, minutes[-1], loading, discovering)


async def _discovered(pipeline: Pipeline) -> None:
    """Until every device has a plan; those that take too long are polled no more."""
    pipeline.poller.update(pipeline.targets)
    until = time.monotonic() + DISCOVERY_SECONDS
    while len(pipeline.poller.plans()) < len(pipeline.targets) and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    known = pipeline.poller.plans()
    pipeline.targets = [target for target in pipeline.targets if target.device in known]
    pipeline.poller.update(pipeline.targets)


def _cost(minute: Minute) -> float:
    return minute.snapshot + minute.rules + minute.history + minute.exposition


def _report(devices: int, polling: float, minute: Minute, loading: float, discovering: float) -> list[str]:
    whole = polling + _cost(minute)
    per_sample = 1e6 / max(1, minute.samples)
    compiled = "yes" if load_native(os.environ) is not None else "no: pure Python, several times slower"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = (
        ("compiled part", compiled),
        ("devices", f"{devices}"),
        ("samples", f"{minute.samples}, {minute.samples / max(1, devices):.0f} a device"),
        ("configuration and profiles", f"{loading:.2f} CPU-s"),
        ("discovery", f"{discovering / max(1, devices) * 1000:.0f} CPU-ms a device"),
        ("poll to series", f"{polling / max(1, devices) * 1e3:.2f} CPU-ms a device"),
        ("snapshot", f"{minute.snapshot * per_sample:.2f} CPU-s per million samples"),
        ("rules", f"{minute.rules * per_sample:.2f} CPU-s per million samples"),
        ("history", f"{minute.history * per_sample:.2f} CPU-s per million samples"),
        ("exposition", f"{minute.exposition * per_sample:.2f} CPU-s per million samples"),
        ("memory", f"{memory:.0f} MB at most"),
    )
    head = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [head, *(f"  {name:<28}{text}" for name, text in rows)]
    bearable = HALF_A_CORE * MINUTE / (whole / max(1, devices))
    lines.append(f"Half a core bears about {_rounded(bearable)} devices like these, polled every minute.")
    return lines


def _rounded(number: float) -> str:
    """Two digits: the rest would be a promise."""
    return f"{int(float(f'{number:.2g}')):,}"
