"""Thousands of devices from one process: the agent of peers/agent.c, compiled at first use."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

__all__ = ["agent", "cpu_of", "free_port", "program"]

HERE = Path(__file__).parent / "peers"


@lru_cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="netwatch-bench-"))


@lru_cache
def program(name: str, *options: str) -> Path:
    """peers/NAME.c, compiled."""
    out = _folder() / "".join([name, *options])
    command = ["gcc", "-O2", "-w", "-o", str(out), str(HERE / f"{name}.c"), *options]
    subprocess.run(command, check=True)
    return out


@contextlib.contextmanager
def agent(port: int, *options: str, usm: bool = False) -> Iterator[int]:
    """Serves every 127.x.y.z on that UDP port, SNMPv2c, community public. Options: see agent.c. `usm`: SNMPv3
    too, as usm.h says; needs OpenSSL's headers."""
    more = ("-DWITH_USM", "-lcrypto") if usm else ()
    command = [str(program("agent", *more)), "-p", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await_socket(port)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _await_socket(port: int) -> None:
    """Until nobody refuses datagrams any more."""
    for _ in range(1000):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", port))
            sock.settimeout(0.01)
            sock.send(b"?")
            try:
                sock.recv(1)
            except TimeoutError:
                return
            except ConnectionRefusedError:
                time.sleep(0.01)
    raise RuntimeError("the agent does not open its socket")


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and its threads so far (user and system)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
