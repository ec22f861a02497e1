"""From an address to a plan: what a device is, what it has, and what to poll."""

from netwatch.discovery.contexts import in_contexts
from netwatch.discovery.discover import NO_ROWS, Discovery, discover
from netwatch.discovery.forwarding import Learnt, learnt_anywhere, learnt_ports_of
from netwatch.discovery.inspect import inspect_document
from netwatch.discovery.render import render_inspect
from netwatch.discovery.told import dump_told, load_told

__all__ = [
    "NO_ROWS",
    "Discovery",
    "Learnt",
    "discover",
    "dump_told",
    "in_contexts",
    "inspect_document",
    "learnt_anywhere",
    "learnt_ports_of",
    "load_told",
    "render_inspect",
]
