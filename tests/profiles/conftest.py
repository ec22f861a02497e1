"""Short ways to load profiles in tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netwatch.model import load_catalogue
from netwatch.profiles import ProfileSet, load_profiles

sys.path.insert(0, str(Path(__file__).parent))

SYSTEM = """
profile: standard
include: []
scalars:
  sys_descr: {oid: 1.3.6.1.2.1.1.1.0, static: true}
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., ProfileSet]:
    """Profiles given as name=text, beside a small `standard`."""

    def loaded(**files: str) -> ProfileSet:
        for name, text in {"standard": SYSTEM, **files}.items():
            (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        return load_profiles([tmp_path], load_catalogue())

    return loaded
