"""A school district that answers over real SNMP on loopback, with planted faults and their ground truth."""

from netwatch.simulate.district import District, load_district
from netwatch.simulate.phase import parse_phase
from netwatch.simulate.server import DEFAULT_ECHO_PORT, DEFAULT_PORT, Simulator

__all__ = [
    "DEFAULT_ECHO_PORT",
    "DEFAULT_PORT",
    "District",
    "Simulator",
    "load_district",
    "parse_phase",
]
