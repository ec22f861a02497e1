"""The parser is made once: that takes a second."""

from __future__ import annotations

import pytest

from netwatch.drafting.mib_clauses import ClauseParser
from netwatch.model import load_catalogue
from netwatch.profiles import ProfileSet, load_profiles
from netwatch.resources import collectors_dir


@pytest.fixture(scope="session")
def parser() -> ClauseParser:
    return ClauseParser()


@pytest.fixture(scope="session")
def standard() -> ProfileSet:
    """The standard profiles, without those of makers."""
    return load_profiles([collectors_dir() / "standard"], load_catalogue())
