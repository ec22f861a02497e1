"""A district from its description: what is there, then what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from netwatch.simulate.conditions import plant
from netwatch.simulate.district import District, DistrictBuilder
from netwatch.simulate.schema import load_library

__all__ = ["DEFAULT_SCALE", "load_district"]

DEFAULT_SCALE = 150


def load_district(path: Path | None = None, scale: int = DEFAULT_SCALE, seed: int = 1) -> District:
    """A district of `scale` polled devices from the YAML in a folder, or from the shipped one.

    Raises ConfigError.
    """
    library = load_library(path)
    builder = DistrictBuilder(library, max(scale, 1), seed, "" if path is None else str(path))
    district = builder.build()
    plant(district)
    return district
