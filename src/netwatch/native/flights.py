"""What both twins of the flight engine look like: netwatch.native._speed and netwatch.wire.snmp.flights_pure.

A flight is one chain of GETs to one agent, with one request under way at a time. An answer is taken if it
comes from an address and port that may answer and its request-id is that of a try of the question that is
open. If it answers that question exactly (version, no error, the OIDs asked in their order, known types), its
values go into the memory of the caller and the next question leaves within the same call. Whatever else comes
as an answer is handed out and pauses the flight; what is no answer is counted and dropped.

No call waits. Events come in the order in which they happened.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable, Sequence
from enum import IntEnum
from typing import Any, Protocol

__all__ = [
    "DONE",
    "MAX_COMMUNITY",
    "MAX_TAIL",
    "MAX_TRIES",
    "ODD",
    "OVERDUE",
    "RAW",
    "REFUSED",
    "SILENT",
    "Engine",
    "Envelope",
    "Event",
    "Host",
    "Kernel",
    "Listener",
    "Peer",
    "Questions",
    "Waiter",
]

Event = tuple[Any, ...]
"""The first element is one of the five below, the second the token of the flight."""
DONE, ODD, SILENT, REFUSED, RAW = range(5)
"""
DONE, token, octets, coded, slowest, target: all was answered, the flight is over. `octets`: dict of the octet
    strings by position, or None. `coded`: list of (position, tag, content) of other values that are no plain
    numbers, or None. `slowest`: seconds from a question's answered try to its answer at most; negative if
    none was answered as asked. `target`: number of the address that answered last.
ODD, token, pdu, datagram, sent, trip: an answer to question number `pdu` that does not match exactly. `sent`:
    monotonic seconds at which the answered try left. The flight is paused.
SILENT, token, pdu, 0, address, port: no try of the question was answered in time. The flight is paused.
    `address`: who answered without being asked, or "".
REFUSED, token, pdu, errno, address, port: as SILENT, after an ICMP error or because it can't be sent.
RAW, token, target, datagram, sent, trip: an answer to `ask`. `trip` is negative after a repeat. Paused.
"""

MAX_TRIES = 16
OVERDUE = 1.0
"""Seconds after which a flight counts no more as in the air: agents that are slow or dead send no bursts, and
a hundred of them must not keep the others on the ground."""
MAX_COMMUNITY = 1000
"""Octets."""
MAX_TAIL = 4000
"""Octets of the varbinds of one GET."""

Host = tuple[int, bytes, int]
"""Address family (AF_INET, AF_INET6), address in network order, scope id."""


class Stat(IntEnum):
    """Places in `Engine.stats()`."""

    SENT = 0
    RECEIVED = 1
    UNASKED = 2
    WRONG_SOURCE = 3
    GARBAGE = 4
    TIMEOUTS = 5
    REFUSED = 6


class Questions(Protocol):
    """A template cut into GETs. Immutable."""

    def tail(self, pdu: int, /) -> bytes:
        """What follows the request-id in GET number `pdu`: error-status, error-index, varbinds."""
        ...


class Peer(Protocol):
    """An agent: what its messages begin with, where it is asked, from where it may answer. Opaque."""


class Engine(Protocol):
    """Many flights over one socket per address family. Its clock is CLOCK_MONOTONIC."""

    @property
    def aloft(self) -> int:
        """Flights whose answers may come at any time: begun less than OVERDUE ago, and neither over nor
        interrupted since."""
        ...

    @property
    def flying(self) -> int:
        """Flights that are not over."""
        ...

    def attach(self, family: int, sock: Any, /) -> None:
        """Uses this non-blocking socket; it stays the caller's, who keeps it open."""
        ...

    def launch(
        self,
        token: object,
        peer: Peer,
        questions: Questions | None,
        block: Any,
        waits: tuple[float, ...],
        envelope: Envelope | None = None,
        /,
    ) -> int:
        """Queues the first question; returns a handle.

        `block`: writable memory of 17 octets per OID, aligned to 8: Fetched.values, then times, then kinds.
        It is one piece because taking hold of it costs as much as a few varbinds; it starts as if nothing
        had come.
        `waits`: seconds to wait after each try, at most MAX_TRIES; tries rotate over the addresses.
        `envelope`: questions leave and answers are read as SNMPv3 messages; the peer's version is 3.
        Without questions (and block) the flight is paused, for `ask`.
        """
        ...

    def resume(self, handle: int, token: object, pdu: int, /) -> None:
        """A paused flight goes on with question number `pdu`; with that behind the last one it is DONE."""
        ...

    def ask(self, handle: int, token: object, datagram: bytes, identifier: int, /) -> None:
        """Sends a datagram of the caller's; `identifier` (request-id, msgID) tells its answer."""
        ...

    def identifier(self) -> int:
        """A fresh one that can't be guessed, for `ask`."""
        ...

    def cancel(self, handle: int, /) -> None:
        """Ends a flight without an event. Does nothing if it is over."""
        ...

    def rest(self, handle: int, /) -> None:
        """What this flight waits for is not on the way to these sockets: it counts no more as `aloft`."""
        ...

    def drain(self, family: int, /) -> Sequence[Event]:
        """Reads at most 64 datagrams, or the error queue if there are none."""
        ...

    def feed(self, data: bytes, family: int, address: bytes, port: int, /) -> Sequence[Event]:
        """One datagram as if it had come over the network."""
        ...

    def tick(self) -> Sequence[Event]:
        """Repeats or ends what waited long enough. Call it some 40 times a second."""
        ...

    def flush(self) -> Sequence[Event]:
        """Sends what is queued. Call it before waiting."""
        ...

    def close(self) -> Sequence[object]:
        """Ends all flights without events; their tokens."""
        ...

    def stats(self) -> tuple[int, ...]:
        """Counts since the start, see Stat."""
        ...


class Envelope(Protocol):
    """What one user says to one SNMPv3 engine, signed and encrypted, and the clock of that engine. It writes
    and reads what goes right. In a flight, the clock follows answers that are ahead of it (RFC 3414, 3.2)."""

    def tune(self, boots: int, time: int, /) -> None:
        """snmpEngineBoots and snmpEngineTime as they are now; 0 and 0 at first. Raises ValueError."""
        ...

    def clock(self) -> tuple[int, int]:
        """Both as they should be now."""
        ...

    def get(self, identifier: int, tail: bytes, boots: int, time: int, salt: int, /) -> bytes:
        """A message with a GetRequest; `tail` as of Questions. `identifier`: msgID and request-id, below
        2^31. `salt`: 64 bits that never repeat. Raises ValueError for what is too large."""
        ...

    def answer(self, datagram: bytes, identifier: int, /) -> tuple[int, int, bytes, int, int] | None:
        """Boots and time of the engine, the decrypted octets, where in them the varbinds lie: of an answer
        that verifies and is the Response to that GET without an error. None for all else, good or bad."""
        ...


class Listener(Protocol):
    """Who is told of a flight's next event."""

    def done(self) -> bool: ...

    def set_result(self, event: Event, /) -> None:
        """Perhaps wakes the task at once: not to be called from within a task."""
        ...

    def set_exception(self, error: BaseException, /) -> None: ...


class Waiter(Listener, Awaitable[Event], Protocol):
    """What one task awaits an event with: an asyncio.Future, or what a task takes for one."""


class Kernel(Protocol):
    """One of the twins."""

    @property
    def Waiter(self) -> Callable[[AbstractEventLoop], Waiter]: ...  # noqa: N802

    @property
    def Envelope(  # noqa: N802
        self,
    ) -> Callable[[str, bytes, int, bytes, bytes, bytes, bytes, int], Envelope]:
        """Of the name of the hash, authentication key, octets of a signature, AES key, engine id, context,
        user name and a random number of 64 bits that salts begin at. Raises ValueError where that is not to
        be had here."""
        ...

    @property
    def Questions(self) -> Callable[[bytes, tuple[int, ...]], Questions]:  # noqa: N802 - a class
        """Of the varbinds of GETs, one behind the other, and how many go into each GET. Raises ValueError."""
        ...

    @property
    def Peer(  # noqa: N802
        self,
    ) -> Callable[[int, bytes, int, tuple[Host, ...], tuple[Host, ...]], Peer]:
        """Of version, community, port, addresses to ask, others that may answer. Raises ValueError."""
        ...

    @property
    def Engine(self) -> Callable[[Callable[[int], bytes]], Engine]:  # noqa: N802
        """Of a source of that many random octets, from which request-ids are made."""
        ...

    def decode_varbinds(
        self,
        questions: Any,
        pdu: int,
        data: bytes,
        start: int,
        stop: int,
        block: Any,
        moment: float,
        octets: dict[int, bytes],
        coded: list[tuple[int, int, bytes]],
        /,
    ) -> bool:
        """Reads data[start:stop] if it is the varbinds that answer a GET exactly.

        `block`: as for Engine.launch; `moment` goes into its times. False if they do not match; then the
        block at this GET's positions is as if nothing had come.
        """
        ...
