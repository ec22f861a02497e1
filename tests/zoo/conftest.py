"""The modules beside these tests, for imports by name; and one lab for each test."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from zoo_lab import Lab

from netwatch.model import load_catalogue
from netwatch.profiles import ProfileSet, load_profiles
from netwatch.resources import collectors_dir


@pytest.fixture(scope="session")
def standard_profiles() -> ProfileSet:
    """The standard MIBs alone: what any agent is asked."""
    return load_profiles([collectors_dir() / "standard"], load_catalogue())


@pytest.fixture
async def lab(standard_profiles: ProfileSet) -> AsyncIterator[Lab]:
    lab = Lab(standard_profiles)
    async with lab:
        yield lab
