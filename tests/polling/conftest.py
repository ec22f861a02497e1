"""Lets the tests of this folder import `polling_fakes`, and `wire_servers` of the wire's tests."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "wire")]
