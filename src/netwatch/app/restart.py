"""The last step between what is kept and the parts that made it.

`Daemon` calls `connect` once its parts are there, `restore` and `restore_plans` of what it returns before
polling begins, and `save_now` when it stops.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from netwatch.app.memory import CounterKeeper, Learner, Memory, PlanHolder, PlanText
from netwatch.profiles import Plan, ProfileSet, dump_plan, load_plan
from netwatch.store import Store

__all__ = ["COUNTERS_FILE", "PlanBytes", "connect"]

COUNTERS_FILE = "counters.last"
"""In the state_dir."""


class PlanBytes:
    """Plans of the profiles that are in use."""

    def __init__(self, profiles: ProfileSet) -> None:
        self._profiles = profiles
        self.digest = profiles.digest

    def dump(self, plan: Plan) -> bytes:
        return dump_plan(plan)

    def load(self, body: bytes) -> Plan | None:
        """None for one that other profiles made. Raises ProfileError for a damaged one."""
        return load_plan(body, self._profiles)


def connect(
    store: Store,
    state_dir: Path,
    *,
    text: Callable[[], PlanText],
    poller: PlanHolder,
    wire: Learner,
    state: CounterKeeper,
) -> Memory:
    """Any part that can do what the protocols of `memory` say."""
    return Memory(store.restart, state_dir / COUNTERS_FILE, text=text, poller=poller, wire=wire, state=state)
