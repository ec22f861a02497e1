"""Where the files are that ship beside the code: profiles and example configuration.

An installed wheel holds them under `netwatch/data/`; a checkout has them at its top level.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["collectors_dir", "config_dir"]


def _shipped(name: str) -> Path:
    package = Path(__file__).parent
    for candidate in (package / "data" / name, package.parents[1] / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"{name}/ is missing from this installation: reinstall netwatch")


def collectors_dir() -> Path:
    """The folder of shipped device profiles."""
    return _shipped("collectors")


def config_dir() -> Path:
    """The folder of commented example configuration, shipped rules, policy and lifecycle facts."""
    return _shipped("config")
