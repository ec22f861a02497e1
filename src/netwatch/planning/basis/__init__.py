"""What all plans stand on: gathered once from snapshot, inventory and history, judged many times."""

from netwatch.planning.basis.basis import Basis, day_of, gather
from netwatch.planning.basis.measures import Measurements, SaturationMeasure, fills, measure, name_of
from netwatch.planning.basis.subjects import SPARE, Subject, match_devices, subjects
from netwatch.planning.basis.topology import Topology

__all__ = [
    "SPARE",
    "Basis",
    "Measurements",
    "SaturationMeasure",
    "Subject",
    "Topology",
    "day_of",
    "fills",
    "gather",
    "match_devices",
    "measure",
    "name_of",
    "subjects",
]
