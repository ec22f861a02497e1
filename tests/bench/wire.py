"""What asking costs: the flight engine in both twins beside a C client that does the least there is to do.

    python tests/bench/wire.py [--seconds 4] [--devices 1000] [--window 128] [--only W1|W2|V3]

V3 is W1 over SNMPv3 (SHA, AES-128) beside W1 over v2c, both from one simulated agent in Python.

CPU seconds (user and system, of the poller's process alone) per 1000 polls. A thousand simulated agents on
127.x.y.z answer from one process (peers/agent.c). Compare the lines of one run: machines are noisy.

W1, an access switch: 52 interfaces x 11 columns and sysUpTime, 573 varbinds. W2, a small device: 10 scalars.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import re
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from netwatch.model import EntityId, Secret, SnmpAccess, SnmpVersion, Target, UsmAuth, UsmPrivacy
from netwatch.native import load
from netwatch.simulate.agent import Agent
from netwatch.simulate.ber import COUNTER32, COUNTER64
from netwatch.simulate.udp import LoopbackSocket
from netwatch.simulate.usm import User
from netwatch.simulate.view import MibView
from netwatch.wire import NetworkSnmpWire, Template
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.cut import pack
from netwatch.wire.snmp.flights import pure

PEERS = Path(__file__).parent / "peers"
PASSWORD = "no-secret-at-all"
VARBINDS = 60
"""In one GET at most."""
IFX, IFT = "1.3.6.1.2.1.31.1.1.1", "1.3.6.1.2.1.2.2.1"
COLUMNS = [f"{IFX}.6", f"{IFX}.10", f"{IFT}.14", f"{IFT}.20", f"{IFT}.13", f"{IFT}.19"]
COLUMNS += [f"{IFT}.8", f"{IFT}.7", f"{IFX}.15", f"{IFX}.7", f"{IFX}.11"]
SYSTEM = "1.3.6.1.2.1.1"
WORKLOADS = {
    "W1": [f"{SYSTEM}.3.0", *(f"{column}.{port}" for port in range(1, 53) for column in COLUMNS)],
    "W2": [
        *(f"{SYSTEM}.{scalar}.0" for scalar in range(1, 8)),
        *("1.3.6.1.2.1.2.1.0", "1.3.6.1.4.1.2021.4.5.0", "1.3.6.1.4.1.2021.4.6.0"),
    ],
}
LIMITS = {("W1", "compiled"): 0.12, ("W1", "pure"): 0.8, ("W2", "compiled"): 0.02, ("W2", "pure"): 0.04}


def address(device: int) -> str:
    """As limit.c numbers them."""
    return f"127.{10 + device // 62500}.{device // 250 % 250}.{1 + device % 250}"


def target(device: int, port: int, workload: str) -> Target:
    access = SnmpAccess(community=Secret("public"), port=port, max_varbinds=VARBINDS)
    if workload == "V3":
        access = replace(
            access, version=SnmpVersion.V3, user="u", auth=UsmAuth.SHA, privacy=UsmPrivacy.AES128
        )
        access = replace(access, auth_password=Secret(PASSWORD), privacy_password=Secret(PASSWORD))
    return Target(EntityId(f"device-{device}"), f"device-{device}", (address(device),), snmp=access)


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def poll(workload: str, twin: str, port: int, devices: int, window: int, seconds: float) -> str:
    """Runs in a process of its own; the first poll of each device is not counted."""
    compiled = load({})
    if twin == "compiled" and compiled is None:
        return "not built"
    wire = NetworkSnmpWire(kernel=compiled if twin == "compiled" else pure())
    template = Template(WORKLOADS.get(workload, WORKLOADS["W1"]))
    targets = [target(device, port, workload) for device in range(devices)]
    polls = wrong = 0
    until = float("inf")
    turn = iter(targets)

    async def work() -> None:
        nonlocal polls, wrong, turn
        while time.monotonic() < until:
            device = next(turn, None)
            if device is None:
                if until == float("inf"):
                    return
                turn = iter(targets)
                continue
            fetched = await wire.fetch(device, template)
            polls += 1
            if until == float("inf"):  # looking at the answers is no part of what is measured
                wrong += not fetched.kinds.all()

    await asyncio.gather(*(work() for _ in range(window)))
    gc.collect()
    gc.freeze()  # what is imported and known by now stays: looking at it again and again is no work of a poll
    polls, until, began, cpu = 0, time.monotonic() + seconds, time.monotonic(), cpu_seconds()
    turn = iter(targets)
    await asyncio.gather(*(work() for _ in range(window)))
    cpu, took = cpu_seconds() - cpu, time.monotonic() - began
    stats = wire.stats
    await wire.close()
    lost = stats.timeouts + stats.unasked + stats.garbage + stats.wrong_source + stats.refused
    return f"{cpu / polls * 1000:.4f} {polls / took:.0f} {wrong} {lost}"


@contextmanager
def agents(folder: Path) -> Iterator[int]:
    """Compiles and runs the agents; their port."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise SystemExit("no C compiler: neither the agents nor the limit can be built")
    for name in ("agent", "limit"):
        build = [compiler, "-O2", "-w", "-o", str(folder / name), str(PEERS / f"{name}.c")]
        subprocess.run(build, check=True)
    port = 21161
    process = subprocess.Popen([folder / "agent", "-p", str(port)], stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.3)
        yield port
    finally:
        process.terminate()
        process.wait()


async def answer_v3(port: int) -> None:
    """A thousand agents of one engine id, in Python: what they cost is not measured."""
    entries = [
        (tuple(map(int, oid.split("."))), COUNTER64 if f"{IFX}." in oid else COUNTER32, 10**9 + 7 * number)
        for number, oid in enumerate(WORKLOADS["W1"])
    ]
    view = MibView(entries)
    user = User("u", UsmAuth.SHA, Secret(PASSWORD), UsmPrivacy.AES128, Secret(PASSWORD))
    engine = b"\x80\0\x1f\x88\x03\x02\0\0\0\0\x01"
    agent = Agent(lambda: view, {b"public": None}, {b"u": user}, engine, max_size=1472)

    def respond(data: bytes, asked: str) -> tuple[bytes, float] | None:
        reply = agent.respond(data, 77.0)
        return (reply, 0.0) if reply else None

    await LoopbackSocket(respond, port).start()
    await asyncio.Event().wait()


def compare_v3(args: argparse.Namespace) -> None:
    print("CPU s per 1000 W1 polls       v2c          v3   ratio   bound")
    port = 21162
    with subprocess.Popen([sys.executable, __file__, "--agent", str(port)]) as agents_v3:
        try:
            time.sleep(2)
            for twin in ("pure", "compiled"):
                v2c, v3 = (poller(workload, twin, port, args) for workload in ("W1", "V3"))
                if v2c is None or v3 is None:
                    print(f"V3 {twin}: not built")
                    continue
                bound = "    1.30" if twin == "pure" else ""
                line = f"V3 {twin:22}{v2c[0]:10.4f}{v3[0]:12.4f}{v3[0] / v2c[0]:8.2f}{bound}{v2c[2]}{v3[2]}"
                print(line, flush=True)
        finally:
            agents_v3.terminate()


def poller(workload: str, twin: str, port: int, args: argparse.Namespace) -> tuple[float, str, str] | None:
    """CPU seconds per 1000 polls, polls per second, and what went wrong."""
    options = [f"--{one}={getattr(args, one)}" for one in ("seconds", "devices", "window")]
    command = [sys.executable, __file__, *options, "--poller", workload, twin, str(port)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if len(said) != 4:
        return None
    cost, rate, wrong, lost = said
    return float(cost), rate, "" if (wrong, lost) == ("0", "0") else f"   wrong {wrong}, lost {lost}"


def write_requests(workload: str, path: Path) -> None:
    """The file that limit.c reads: per GET the datagram, where its request-id is, and the OIDs expected."""
    oids = WORKLOADS[workload]
    content = Template(oids).varbinds
    size = len(content) // len(oids)
    counts = pack([size] * len(oids), VARBINDS)
    out, start = struct.pack("<I", len(counts)), 0
    for count in counts:
        part = oids[start : start + count]
        start += count
        mark = b"\2\4\x40\0\0\0"
        tail = b"\2\1\0\2\1\0" + ber.tlv(ber.SEQUENCE, Template(part).varbinds)
        body = b"\2\1\1" + ber.tlv(ber.OCTET_STRING, b"public") + ber.tlv(0xA0, mark + tail)
        message = ber.tlv(ber.SEQUENCE, body)
        out += struct.pack("<III", len(message), message.index(mark) + 2, count) + message
        for oid in part:
            encoded = ber.encode_oid(oid)
            out += bytes((len(encoded),)) + encoded
    path.write_bytes(out)


def limit(folder: Path, workload: str, port: int, args: argparse.Namespace) -> float:
    requests = folder / f"{workload}.tpl"
    write_requests(workload, requests)
    words = [folder / "limit", requests, args.devices, args.seconds, args.window, 1, port]
    done = subprocess.run([*map(str, words)], check=True, capture_output=True, text=True)
    found = re.search(r"bad=(\d+) .*cpu_s/1000polls=([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    assert found[1] == "0", done.stdout
    return float(found[2])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--window", type=int, default=128)
    parser.add_argument("--only", choices=[*WORKLOADS, "V3"])
    parser.add_argument("--poller", nargs=3, metavar=("WORKLOAD", "TWIN", "PORT"), help=argparse.SUPPRESS)
    parser.add_argument("--agent", type=int, metavar="PORT", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.poller:
        workload, twin, port = args.poller
        print(asyncio.run(poll(workload, twin, int(port), args.devices, args.window, args.seconds)))
    elif args.agent:
        asyncio.run(answer_v3(args.agent))
    elif args.only == "V3":
        compare_v3(args)
    else:
        compare_limit(args)
        if not args.only:
            compare_v3(args)


def compare_limit(args: argparse.Namespace) -> None:
    print("CPU s per 1000 polls        limit.c    netwatch   ratio   bound   polls/s")
    with tempfile.TemporaryDirectory() as name, agents(Path(name)) as port:
        for workload in [args.only] if args.only else WORKLOADS:
            for twin in ("compiled", "pure"):
                least = limit(Path(name), workload, port, args)
                found = poller(workload, twin, port, args)
                if found is None:
                    print(f"{workload} {twin}: not built")
                    continue
                cost, rate, note = found
                bound = LIMITS[workload, twin]
                line = (
                    f"{workload} {twin:22}{least:10.4f}{cost:12.4f}{cost / least:8.2f}{bound:8.2f}{rate:>10}"
                )
                print(line + note, flush=True)


if __name__ == "__main__":
    main()
