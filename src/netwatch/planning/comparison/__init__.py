"""Two reports of one plan side by side: what moved, and why, in words that a board reads."""

from netwatch.planning.comparison.differ import CellChange, Move, PartChange, SheetDifference, differences
from netwatch.planning.comparison.policies import PolicyChange, changes_between, leaves_of
from netwatch.planning.comparison.report import compare

__all__ = [
    "CellChange",
    "Move",
    "PartChange",
    "PolicyChange",
    "SheetDifference",
    "changes_between",
    "compare",
    "differences",
    "leaves_of",
]
