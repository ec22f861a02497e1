"""The files that say how plans are made: one folder, one file per plan, each with a shipped version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netwatch.documents import did_you_mean
from netwatch.errors import ConfigError, Problem
from netwatch.planning.capacity import CapacityPolicy, load_capacity_policy
from netwatch.planning.replacement import ReplacementPolicy, load_policy
from netwatch.planning.wireless.policy import WirelessPolicy, load_wireless_policy

__all__ = ["POLICY_FILES", "Policies", "load_policies"]

POLICY_FILES = ("replacement.yaml", "wireless.yaml", "capacity.yaml")
"""All that a folder of policies may hold."""


@dataclass(frozen=True, slots=True)
class Policies:
    """One per plan."""

    replacement: ReplacementPolicy
    wireless: WirelessPolicy
    capacity: CapacityPolicy


def load_policies(folder: Path | None, shipped: Path) -> Policies:
    """Reads the policies of a folder; a file that is missing there is taken from `shipped`.

    Raises ConfigError with the Problems of all files, and for a file that no plan reads.
    """
    problems: list[Problem] = []
    if folder is not None:
        problems += _strangers(folder)

    def path(name: str) -> Path:
        own = None if folder is None else folder / name
        return own if own is not None and own.is_file() else shipped / name

    try:
        replacement = load_policy(path("replacement.yaml"))
    except ConfigError as error:
        problems += error.problems
    try:
        wireless = load_wireless_policy(path("wireless.yaml"))
    except ConfigError as error:
        problems += error.problems
    try:
        capacity = load_capacity_policy(path("capacity.yaml"))
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Policies(replacement, wireless, capacity)


def _strangers(folder: Path) -> list[Problem]:
    if not folder.is_dir():
        return [Problem(str(folder), "", "is no folder", f"expected policies such as {POLICY_FILES[0]}")]
    return [
        Problem(str(path), "", "no plan reads this file", did_you_mean(path.name, POLICY_FILES))
        for path in sorted(folder.glob("*.y*ml"))
        if path.name not in POLICY_FILES
    ]
