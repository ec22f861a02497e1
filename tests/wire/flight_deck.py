"""What the tests of the flight engine share: the twins, ids that are known, and engines without sockets."""

from __future__ import annotations

import math
import socket
import struct
import weakref
from collections.abc import Callable
from itertools import count
from typing import Any

from netwatch.native import load
from netwatch.native.flights import Kernel
from netwatch.wire import Template
from netwatch.wire.snmp.block import OCTETS, columns_of
from netwatch.wire.snmp.flights import pure

FIRST_ID = 0x1234567
ADDRESS, PORT = bytes((127, 0, 0, 9)), 9
HOST = (int(socket.AF_INET), ADDRESS, 0)


def twins() -> dict[str, Kernel]:
    """The compiled twin is left out where it was not built; tests/native looks that it is."""
    compiled = load({})
    return {"pure": pure()} | ({} if compiled is None else {"compiled": compiled})


def known_ids() -> Callable[[int], bytes]:
    """In place of os.urandom: FIRST_ID and so on."""
    ids = count(FIRST_ID)
    return lambda size: b"".join(struct.pack(">I", next(ids)) for _ in range(size // 4))


def block(size: int) -> tuple[bytearray, tuple[Any, Any, Any]]:
    """Memory for a flight, and the columns in it."""
    memory = bytearray(b"\x01" * OCTETS * size)
    return memory, columns_of(memory, size)


class Deck:
    """One engine whose answers are fed by the test; what it sends goes to a port where nobody is."""

    def __init__(self, kernel: Kernel, template: Template, counts: tuple[int, ...], version: int = 1) -> None:
        self.engine = kernel.Engine(known_ids())
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        weakref.finalize(self, self.socket.close)
        self.engine.attach(socket.AF_INET, self.socket)
        self.questions = kernel.Questions(template.varbinds, counts)
        self.peer = kernel.Peer(version, b"public", PORT, (HOST,), ())
        self.block, self.columns = block(len(template))
        self.handle = self.engine.launch("token", self.peer, self.questions, self.block, (5.0, 5.0))

    def relaunch(self) -> int:
        """Another flight in place of this one; the id of its first question."""
        self.engine.cancel(self.handle)
        before = self.engine.identifier()
        self.handle = self.engine.launch("token", self.peer, self.questions, self.block, (5.0, 5.0))
        assert list(self.engine.flush()) == []
        return before + 1

    def feed(self, data: bytes, address: bytes = ADDRESS, port: int = PORT) -> list[tuple[Any, ...]]:
        return [tuple(event) for event in self.engine.feed(data, socket.AF_INET, address, port)]

    def state(self) -> tuple[Any, ...]:
        """All that can be compared between the twins; times only by whether there is one."""
        values, kinds, times = self.columns
        return values.tolist(), kinds.tolist(), [math.isnan(one) for one in times], self.engine.stats()


def comparable(events: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Without what depends on the clock."""
    return [
        tuple(
            None if isinstance(one, float) or (number == 4 and event[0] == 0) else one
            for number, one in enumerate(event)
        )
        for event in events
    ]
