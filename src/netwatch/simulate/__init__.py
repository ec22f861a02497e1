"""A school district that answers over real SNMP on loopback, with planted faults and their ground truth."""

from netwatch.simulate.district import District
from netwatch.simulate.history import SeedBlock, Subject, seed_history
from netwatch.simulate.loading import load_district
from netwatch.simulate.phase import parse_phase
from netwatch.simulate.recordings import RecordingServer
from netwatch.simulate.server import DEFAULT_ECHO_PORT, DEFAULT_PORT, Simulator
from netwatch.simulate.world import World, ground_truth
from netwatch.simulate.writer import write_config

__all__ = [
    "DEFAULT_ECHO_PORT",
    "DEFAULT_PORT",
    "District",
    "RecordingServer",
    "SeedBlock",
    "Simulator",
    "Subject",
    "World",
    "ground_truth",
    "load_district",
    "parse_phase",
    "seed_history",
    "write_config",
]
