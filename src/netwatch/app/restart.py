"""The last step between what is kept and the parts that made it.

`Daemon` calls `connect` once its parts are there, `restore` and `restore_plans` of what it returns before
polling begins, and `save_now` when it stops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from netwatch.app.memory import Learner, Memory, PlanHolder, PlanText
from netwatch.profiles import Plan, ProfileSet, dump_plan, load_plan
from netwatch.state import State, decode_pages, encode_pages
from netwatch.store import Store

__all__ = ["COUNTERS_FILE", "CounterBytes", "PlanBytes", "connect"]

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


class CounterBytes:
    """The state's counters as the octets of a file."""

    def __init__(self, state: State) -> None:
        self._state = state

    def export_counters(self) -> Iterator[bytes]:
        return encode_pages(self._state.export_counters())

    def import_counters(self, data: bytes) -> int:
        """For how many devices there are some. Raises StoreError for what can't be read."""
        return self._state.import_counters(decode_pages(data))


def connect(
    store: Store,
    state_dir: Path,
    *,
    text: Callable[[], PlanText],
    poller: PlanHolder,
    wire: Learner,
    state: State,
) -> Memory:
    """One memory of what these parts know."""
    counters = CounterBytes(state)
    return Memory(
        store.restart, state_dir / COUNTERS_FILE, text=text, poller=poller, wire=wire, state=counters
    )
