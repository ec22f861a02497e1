"""Lets the tests of this folder import what they share."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from planning_demo import Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The shipped district with a year of history, on a Saturday in November."""
    at = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
    return Demo(tmp_path_factory.mktemp("demo"), at)
