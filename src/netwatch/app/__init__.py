"""The place where parts become a program."""

from netwatch.app.asking import ask, walk
from netwatch.app.daemon import Daemon, Running
from netwatch.app.demo import Demo, give_past
from netwatch.app.loading import Configuration, checkers, load_configuration
from netwatch.app.logs import configure_logs
from netwatch.app.machine import measure_machine
from netwatch.app.pipeline import Minute, Pipeline

__all__ = [
    "Configuration",
    "Daemon",
    "Demo",
    "Minute",
    "Pipeline",
    "Running",
    "ask",
    "checkers",
    "configure_logs",
    "give_past",
    "load_configuration",
    "measure_machine",
    "walk",
]
