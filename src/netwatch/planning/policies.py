"""The files that say how plans are made: one folder, one file per plan, each with a shipped version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from netwatch.documents import did_you_mean
from netwatch.errors import ConfigError, Problem, Problems
from netwatch.planning.capacity import CapacityPolicy, load_capacity_policy
from netwatch.planning.costs import CostsPolicy, load_costs_policy
from netwatch.planning.equity import EquityPolicy, load_equity_policy
from netwatch.planning.leadership import LeadershipPolicy, load_leadership_policy
from netwatch.planning.replacement import (
    NO_OVERRIDES,
    Overrides,
    ReplacementPolicy,
    load_overrides,
    load_policy,
)
from netwatch.planning.wireless.policy import WirelessPolicy, load_wireless_policy

__all__ = ["POLICY_FILES", "Policies", "load_policies"]

T = TypeVar("T")

POLICY_FILES = (
    "replacement.yaml",
    "wireless.yaml",
    "equity.yaml",
    "costs.yaml",
    "capacity.yaml",
    "leadership.yaml",
    "overrides.yaml",
)
"""All that a folder of policies may hold."""


@dataclass(frozen=True, slots=True)
class Policies:
    """One per plan."""

    replacement: ReplacementPolicy
    wireless: WirelessPolicy
    equity: EquityPolicy
    costs: CostsPolicy
    capacity: CapacityPolicy
    leadership: LeadershipPolicy
    overrides: Overrides = NO_OVERRIDES
    """Of the replacement list; nothing is shipped."""


def load_policies(folder: Path | None, shipped: Path) -> Policies:
    """Reads the policies of a folder; a file that is missing there is taken from `shipped`.

    Raises ConfigError with the Problems of all files, and for a file that no plan reads.
    """
    problems = Problems()
    has_overrides = folder is not None and (folder / "overrides.yaml").is_file()
    if folder is not None:
        problems += _strangers(folder)

    def read(load: Callable[[Path], T], name: str) -> T:
        """The own file, else the shipped one."""
        own = None if folder is None else folder / name
        return problems.try_to(lambda: load(own if own is not None and own.is_file() else shipped / name))

    policies = Policies(
        replacement=read(load_policy, "replacement.yaml"),
        wireless=read(load_wireless_policy, "wireless.yaml"),
        equity=read(load_equity_policy, "equity.yaml"),
        costs=read(load_costs_policy, "costs.yaml"),
        capacity=read(load_capacity_policy, "capacity.yaml"),
        leadership=read(load_leadership_policy, "leadership.yaml"),
        overrides=read(load_overrides, "overrides.yaml") if has_overrides else NO_OVERRIDES,
    )
    if problems:
        raise ConfigError(problems)
    return policies


def _strangers(folder: Path) -> list[Problem]:
    if not folder.is_dir():
        return [Problem(str(folder), "", "is no folder", f"expected policies such as {POLICY_FILES[0]}")]
    return [
        Problem(str(path), "", "no plan reads this file", did_you_mean(path.name, POLICY_FILES))
        for path in sorted(folder.glob("*.y*ml"))
        if path.name not in POLICY_FILES
    ]
