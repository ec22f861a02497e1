"""Lets the tests of this folder import what they share."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in (
    Path(__file__).parent,
    Path(__file__).parents[1] / "wire",
    Path(__file__).parents[1] / "deploy",
):
    sys.path.insert(0, str(folder))
