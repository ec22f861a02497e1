"""From an address to a plan: what a device is, what it has, and what to poll."""

from netwatch.discovery.discover import NO_ROWS, Discovery, discover
from netwatch.discovery.inspect import inspect_document
from netwatch.discovery.render import render_inspect

__all__ = ["NO_ROWS", "Discovery", "discover", "inspect_document", "render_inspect"]
