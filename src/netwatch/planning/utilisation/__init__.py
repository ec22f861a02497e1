"""How much of what there is was used, by place and sort of thing, over any window."""

from netwatch.planning.utilisation.frame import (
    FRAME_FILE,
    Frame,
    Group,
    frame_from_json,
    frame_of,
    frame_to_json,
)
from netwatch.planning.utilisation.measure import Level, measure_utilisation
from netwatch.planning.utilisation.report import utilisation_report

__all__ = [
    "FRAME_FILE",
    "Frame",
    "Group",
    "Level",
    "frame_from_json",
    "frame_of",
    "frame_to_json",
    "measure_utilisation",
    "utilisation_report",
]
