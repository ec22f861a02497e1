"""Real programs under test and beside it: started, asked over HTTP, ended without leaving anything behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 120.0
"""Seconds after which something has not come about. Generous: machines that test are busy."""


def netwatch(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("netwatch")), *arguments]


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(what: str, check: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """Asks until the answer is not None or False, and returns it."""
    end = time.monotonic() + seconds
    last: BaseException | None = None
    while time.monotonic() < end:
        try:
            found = check()
        except (OSError, AssertionError, LookupError, ValueError) as error:
            last, found = error, None
        if found is not None and found is not False:
            return found
        time.sleep(0.25)
    raise AssertionError(f"not within {seconds:g} s: {what}" + (f" ({last})" if last else ""))


class Program:
    """A process of its own group, whose output goes to a file."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self.arguments, self.log = list(arguments), log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
            self.process = subprocess.Popen(
                self.arguments,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"},
            )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def until(self, text: str, seconds: float = PATIENCE) -> str:
        """Waits until it has printed `text`; returns all that it printed."""

        def check() -> str | None:
            assert self.process is not None
            if self.process.poll() is not None and text not in self.output():
                raise RuntimeError(f"{self.arguments[:3]} ended: {self.output()[-2000:]}")
            return self.output() if text in self.output() else None

        return eventually(f"{text!r} of {self.arguments[:3]}", check, seconds)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, seconds: float = PATIENCE) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def children(self) -> list[int]:
        """Every process of its session but itself, by number."""
        return [pid for pid in _session(self.pid) if pid != self.pid]

    def stop(self) -> None:
        """Ends it, with everything it started."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in _session(self.process.pid):
            os.kill(pid, signal.SIGKILL)


def _session(number: int) -> list[int]:
    """Living processes of a session (proc(5))."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == number and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


@contextmanager
def running(arguments: Sequence[str], log: Path) -> Iterator[Program]:
    program = Program(arguments, log)
    program.start()
    try:
        yield program
    finally:
        program.stop()


def fetch(url: str, *, post: bool = False, accept: str = "*/*") -> tuple[int, bytes]:
    """(status, body); an error status is an answer too."""
    request = urllib.request.Request(url, method="POST" if post else "GET", headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def get_json(url: str) -> Any:
    status, body = fetch(url)
    assert status == 200, (url, status, body[:500])
    return json.loads(body)
