"""Replacement priority: criteria that a committee votes on, a score whose points have evidence."""

from netwatch.planning.replacement.policy import ReplacementPolicy, load_policy
from netwatch.planning.replacement.ranking import rank

__all__ = ["ReplacementPolicy", "load_policy", "rank"]
