"""Alerts, channels that record, and free ports."""

from __future__ import annotations

import dataclasses
import shutil
import socket
import sys
from pathlib import Path

import pytest

from netwatch.model import Alert, AlertState, EntityId, Severity, Transition

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def make_alert():
    def make(number: str = "a1", *, state: str = "firing", **changes) -> Alert:
        alert = Alert(
            id=number,
            rule="DeviceUnreachable",
            entity=EntityId("e1"),
            device=EntityId("e1"),
            state=AlertState(state),
            severity=Severity.CRITICAL,
            since=1_700_000_000.0,
            fired=1_700_000_120.0,
            resolved=1_700_000_600.0 if state == "resolved" else None,
            value=0.0,
            summary=f"core-{number} at Lincoln ES does not answer",
            labels={"alertname": "DeviceUnreachable", "severity": "critical", "device": f"core-{number}"},
            annotations={"description": "Check its power.", "evidence": "netwatch_device_up = 0"},
        )
        return dataclasses.replace(alert, **changes)

    return make


@pytest.fixture
def transition():
    def make(alert: Alert, previous: str | None = "pending", at: float = 1_700_000_120.0) -> Transition:
        return Transition(alert, None if previous is None else AlertState(previous), at)

    return make


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def program():
    """The path of a server: an ordinary user's PATH often lacks /usr/sbin."""

    def find(name: str) -> str:
        found = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin")
        assert found is not None, f"{name} is not installed"
        return found

    return find
