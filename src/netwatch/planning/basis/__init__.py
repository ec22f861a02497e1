"""What all plans stand on: gathered once from snapshot, inventory and history, judged many times."""

from netwatch.planning.basis.basis import Basis, day_of, gather, prepare_basis
from netwatch.planning.basis.incidents import Incident, hours_of, incidents_of
from netwatch.planning.basis.measures import (
    Fullness,
    Measurements,
    PartState,
    SaturationMeasure,
    fills,
    name_of,
)
from netwatch.planning.basis.present import without_access, without_counters
from netwatch.planning.basis.reading import Reading, Take
from netwatch.planning.basis.subjects import SPARE, Subject, match_devices, subjects
from netwatch.planning.basis.topology import Topology

__all__ = [
    "SPARE",
    "Basis",
    "Fullness",
    "Incident",
    "Measurements",
    "PartState",
    "Reading",
    "SaturationMeasure",
    "Subject",
    "Take",
    "Topology",
    "day_of",
    "fills",
    "gather",
    "hours_of",
    "incidents_of",
    "match_devices",
    "name_of",
    "prepare_basis",
    "subjects",
    "without_access",
    "without_counters",
]
