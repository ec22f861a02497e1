"""The other end of NetmikoRunner: a process that logs in, runs a command and parses what it printed.

Started as a file of its own, it imports nothing of netwatch. One JSON object per line: jobs come in on
standard input, answers go out on what was standard output. Secrets come by that pipe alone, never by
arguments or environment. It ends when its input does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

MAX_OUTPUT = 8 * 1024 * 1024
"""Characters that a command may print."""


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes our input
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


def answer(job: Mapping[str, Any]) -> dict[str, Any]:
    """{"rows", "platform"} or {"error": kind, "message"}; a message holds no text of device or library."""
    try:
        import netmiko
        import paramiko  # type: ignore[import-untyped,unused-ignore]
        from ntc_templates.parse import ParsingException, parse_output
    except ImportError as error:
        return _error("extra", error.name or "netmiko")
    where = f"{job['host']} port {job['port']}"
    try:
        platform, output = _collect(netmiko, job)
    except netmiko.NetmikoAuthenticationException:
        return _error("auth", f"{where}: SSH login refused")
    except (paramiko.BadHostKeyException, paramiko.SSHException, netmiko.NetmikoTimeoutException) as error:
        return _ssh_problem(where, error)
    except netmiko.NetmikoBaseException as error:
        return _error("decode", f"{where}: SSH dialogue failed ({type(error).__name__})")
    except ValueError:
        return _error("decode", f"{where}: {job['platform']!r} is no netmiko device_type")
    except OSError as error:
        return _error("refused", f"{where}: {error.strerror or type(error).__name__}")
    if len(output) > MAX_OUTPUT:
        return _error("decode", f"{where}: the command printed more than {MAX_OUTPUT} characters")
    try:
        rows = parse_output(platform=platform, command=job["command"], data=output)
    except ParsingException:
        return _error("decode", f"no ntc-template parses {job['command']!r} of {platform}")
    return {"rows": rows, "platform": platform}


def _collect(netmiko: Any, job: Mapping[str, Any]) -> tuple[str, str]:
    timeout = job["timeout"]
    options = {
        "host": job["host"],
        "port": job["port"],
        "username": job["user"],
        "password": job["password"],
        "use_keys": bool(job["key_file"]),
        "key_file": job["key_file"] or None,
        "allow_agent": False,
        # A host key is checked, never learnt: a monitor's password must not go to whoever answers.
        "ssh_strict": True,
        "system_host_keys": not job["known_hosts"],
        "alt_host_keys": bool(job["known_hosts"]),
        "alt_key_file": job["known_hosts"],
        "conn_timeout": timeout,
        "auth_timeout": timeout,
        "banner_timeout": timeout,
        "read_timeout_override": timeout,
    }
    platform = job["platform"]
    if platform == "autodetect":
        platform = netmiko.SSHDetect(device_type="autodetect", **options).autodetect()
        if platform is None:
            raise ValueError("not detected")
    with netmiko.ConnectHandler(device_type=platform, **options) as connection:
        return platform, connection.send_command(job["command"])


def _ssh_problem(where: str, error: Exception) -> dict[str, Any]:
    text = str(error).lower()
    if "known_hosts" in text or "host key" in text:
        remedy = "check it, then add it to known_hosts (ssh-keyscan)"
        return _error("auth", f"{where}: the host key is unknown or has changed: {remedy}")
    cause: BaseException | None = error
    while cause is not None:
        # paramiko's own for "no address took the connection"; a timeout is another class.
        if type(cause).__name__ in ("NoValidConnectionsError", "ConnectionRefusedError", "gaierror"):
            return _error("refused", f"{where}: connection refused")
        cause = cause.__cause__ or cause.__context__
    return _error("timeout", f"{where}: SSH gave no session in time ({type(error).__name__})")


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"error": kind, "message": message}


if __name__ == "__main__":
    main()
