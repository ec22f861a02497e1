"""The last step between what is kept and the parts that made it. `Daemon` calls `connect` once its parts are
there, `restore` of what it returns before polling begins, and `save_now` when it stops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from netwatch.app.memory import CounterKeeper, Learner, Memory, PlanHolder, PlanText
from netwatch.store import Store

__all__ = ["COUNTERS_FILE", "connect"]

COUNTERS_FILE = "counters.last"
"""In the state_dir."""


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
