"""Replacement priority: criteria that a committee votes on, a score whose points have evidence."""

from netwatch.planning.replacement.hints import Hints
from netwatch.planning.replacement.overrides import NO_OVERRIDES, Override, Overrides, load_overrides
from netwatch.planning.replacement.policy import ReplacementPolicy, load_policy
from netwatch.planning.replacement.ranking import rank

__all__ = [
    "NO_OVERRIDES",
    "Hints",
    "Override",
    "Overrides",
    "ReplacementPolicy",
    "load_overrides",
    "load_policy",
    "rank",
]
