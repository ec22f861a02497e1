"""What the tests of this folder share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from alerting_house import House

from netwatch.config import Settings
from netwatch.notify import BaseChannel


@pytest.fixture
def idle_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    """What matters waits in the outbox; real channels take long to make."""

    def made(configured: Settings, _: Any) -> list[BaseChannel]:
        return [BaseChannel(one.name, one.at_least) for one in configured.alerts.webhook]

    monkeypatch.setattr("netwatch.app.alerting._channels", made)


@pytest.fixture
def house(tmp_path: Path, idle_channels: None) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.store.close()
