"""What is the same each time that one template is fetched from one agent."""

from __future__ import annotations

from dataclasses import dataclass

from netwatch.native.flights import Peer, Questions
from netwatch.wire.snmp.cut import Cut
from netwatch.wire.snmp.template import Template

__all__ = ["Errand"]


@dataclass(slots=True, eq=False)
class Errand:
    """Made at the first fetch; the agent drops it when something of it changes."""

    template: Template
    cut: Cut
    peer: Peer
    questions: Questions
    octets: int
    """Of the block."""
    count: int
    """OIDs."""
    waits: tuple[float, ...]
    addresses: tuple[str, ...]
    """As the peer has them."""
