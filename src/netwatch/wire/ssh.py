"""Commands over SSH, parsed into rows: netmiko and ntc-templates in worker processes."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netwatch.errors import (
    MissingExtra,
    WireAuthError,
    WireDecodeError,
    WireError,
    WireRefused,
    WireTimeout,
)
from netwatch.model import SshAccess, Target
from netwatch.wire.protocols import Row

__all__ = ["NetmikoRunner", "RecordedSshRunner"]

MAX_LINE = 64 * 1024 * 1024
"""Octets of one worker's answer."""
SLACK = 30.0
"""Seconds beyond the SSH timeouts after which a worker is taken for stuck. It imports netmiko first."""

_ERRORS: Mapping[str, type[WireError]] = {
    "auth": WireAuthError,
    "timeout": WireTimeout,
    "refused": WireRefused,
    "decode": WireDecodeError,
}


class NetmikoRunner:
    """SshRunner over the network. At most `workers` commands run at once; processes start when needed."""

    def __init__(self, *, workers: int = 2) -> None:
        self._free = asyncio.Semaphore(workers)
        self._idle: list[asyncio.subprocess.Process] = []
        self._busy: set[asyncio.subprocess.Process] = set()
        self._platforms: dict[str, str] = {}

    async def run(self, target: Target, command: str) -> list[Row]:
        """Raises WireError, MissingExtra."""
        access = target.ssh
        if access is None:
            raise WireError(f"{target.name}: no SSH access")
        if importlib.util.find_spec("netmiko") is None:
            raise MissingExtra("netmiko", "ssh")
        job = _job(target, access, command)
        if access.platform == "autodetect":
            job["platform"] = self._platforms.get(target.device, access.platform)
        async with self._free:
            answer = await self._ask(job, access.timeout)
        if "rows" in answer:
            self._platforms[target.device] = answer["platform"]
            rows: list[Row] = answer["rows"]
            return rows
        if answer["error"] == "extra":
            raise MissingExtra(answer["message"], "ssh")
        raise _ERRORS[answer["error"]](answer["message"])

    async def close(self) -> None:
        """Ends all workers, whatever they do."""
        for process in (*self._idle, *self._busy):
            if process.returncode is None:
                process.kill()
            await process.wait()
        self._idle.clear()

    async def _ask(self, job: Mapping[str, Any], timeout: float) -> dict[str, Any]:  # noqa: ASYNC109
        process = self._idle.pop() if self._idle else await _start()
        self._busy.add(process)
        healthy = False
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(job).encode() + b"\n")
            async with asyncio.timeout(timeout * 4 + SLACK):
                line = await process.stdout.readline()
            answer: dict[str, Any] = json.loads(line)
            healthy = True
            return answer
        except TimeoutError:
            raise WireTimeout(f"{job['host']}: the SSH worker did not finish in time") from None
        except ValueError:
            raise WireDecodeError(f"{job['host']}: the SSH worker ended without an answer") from None
        finally:
            self._busy.discard(process)
            if healthy:
                self._idle.append(process)
            else:
                # After a cancelled or failed job its pipe may hold half an answer.
                if process.returncode is None:
                    process.kill()
                await process.wait()


class RecordedSshRunner:
    """SshRunner that parses recorded output: DIRECTORY/NAME/COMMAND.txt, blanks in the command as `_`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def run(self, target: Target, command: str) -> list[Row]:
        """Raises WireDecodeError where nothing was recorded or no template fits, MissingExtra."""
        platform = target.ssh.platform if target.ssh is not None else ""
        file = self._directory / target.name / (command.replace(" ", "_").replace("/", "-") + ".txt")
        return await asyncio.to_thread(_parse_file, file, platform, command)


def _parse_file(file: Path, platform: str, command: str) -> list[Row]:
    try:
        from ntc_templates.parse import ParsingException, parse_output
    except ImportError:
        raise MissingExtra("ntc-templates", "ssh") from None
    try:
        rows: list[Row] = parse_output(platform=platform, command=command, data=file.read_text("utf-8"))
    except OSError as error:
        raise WireDecodeError(f"{file}: {error.strerror}") from None
    except ParsingException:
        raise WireDecodeError(f"no ntc-template parses {command!r} of {platform}") from None
    return rows


def _job(target: Target, access: SshAccess, command: str) -> dict[str, Any]:
    return {
        "host": target.addresses[0],
        "port": access.port,
        "user": access.user,
        "password": access.password.reveal(),
        "key_file": access.key_file,
        "platform": access.platform,
        "timeout": access.timeout,
        "known_hosts": access.known_hosts,
        "command": command,
    }


async def _start() -> asyncio.subprocess.Process:
    worker = Path(__file__).with_name("ssh_worker.py")
    # -P: the folder of the worker must not lend its modules' names to others.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        str(worker),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=MAX_LINE,
    )
