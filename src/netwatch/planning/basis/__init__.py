"""What all plans stand on: gathered once from snapshot, inventory and history, judged many times."""

from netwatch.planning.basis.basis import Basis, day_of, gather
from netwatch.planning.basis.incidents import Incident, hours_of, incidents_of
from netwatch.planning.basis.measures import (
    Fullness,
    Measurements,
    PartState,
    SaturationMeasure,
    fills,
    measure,
    name_of,
)
from netwatch.planning.basis.subjects import SPARE, Subject, match_devices, subjects
from netwatch.planning.basis.topology import Topology

__all__ = [
    "SPARE",
    "Basis",
    "Fullness",
    "Incident",
    "Measurements",
    "PartState",
    "SaturationMeasure",
    "Subject",
    "Topology",
    "day_of",
    "fills",
    "gather",
    "hours_of",
    "incidents_of",
    "match_devices",
    "measure",
    "name_of",
    "subjects",
]
