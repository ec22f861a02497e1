"""Facts of lifecycles: useful lives and announced ends, each with its source."""

from netwatch.planning.lifecycle.facts import (
    Lifecycle,
    Milestone,
    MilestoneKind,
    UsefulLife,
    load_lifecycle,
)

__all__ = ["Lifecycle", "Milestone", "MilestoneKind", "UsefulLife", "load_lifecycle"]
