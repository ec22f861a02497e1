"""A chain of GETs over SNMPv3 in the general way: the engine carries the datagrams, security is on top.

For agents of which nothing is known yet, and for what no envelope writes.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from netwatch.errors import WireAuthError, WireDecodeError
from netwatch.native.flights import ODD, RAW, Event
from netwatch.wire.snmp.channel import UsmChannel
from netwatch.wire.snmp.cut import Cut
from netwatch.wire.snmp.exact import encode_get, exact_varbinds
from netwatch.wire.snmp.flights import Flights
from netwatch.wire.snmp.pdu import Pdu, PduType, decode_pdu

__all__ = ["MAX_REPORTS", "UNSETTLED", "SecureChain"]

MAX_REPORTS = 3
"""A report about engine id, one about time, and one more for an agent that restarts; then an answer."""
UNSETTLED = "the agent's SNMPv3 engine id or clock does not settle"


class SecureChain:
    """Stands where a Future does that waits for an event: it takes each answer at once and asks the next
    question in the same turn of the loop, so that one Future serves the whole chain."""

    def __init__(self, flights: Flights, channel: UsmChannel, cut: Cut, block: Any) -> None:
        """`block`: the memory of the fetch, blank."""
        self._flights = flights
        self._channel = channel
        self._cut = cut
        self._block = block
        self._handle = self._identifier = self._reports = 0
        self._outcome: asyncio.Future[Event | None]
        self.pdu = 0
        """The GET that is asked next."""
        self.target = 0
        """Number of the address that answered."""
        self.octets: dict[int, bytes] = {}
        self.coded: list[tuple[int, int, bytes]] = []
        self.slowest = -1.0
        """Seconds that an answer took at most; negative if that is not known."""

    def begin(self, handle: int) -> asyncio.Future[Event | None]:
        """Asks from GET number `pdu` on. None at the end; else the event that interrupts the chain.

        In an ODD event the Pdu (None if it can't be read) takes the place of the datagram, and the moment of
        the answer that of its sending. Raises WireError.
        """
        self._handle = handle
        self._outcome = asyncio.get_running_loop().create_future()
        self._ask()
        return self._outcome

    def done(self) -> bool:
        return self._outcome.done()

    def set_result(self, event: Event) -> None:
        """The engine has heard something."""
        try:
            if event[0] == RAW:
                self._take(event)
            else:
                self._outcome.set_result((*event[:2], self.pdu, *event[3:]))
        except Exception as error:  # whoever waits has to hear of it, whatever it is
            self._outcome.set_exception(error)

    def set_exception(self, error: BaseException) -> None:
        self._outcome.set_exception(error)

    def _ask(self) -> None:
        if self.pdu == self._cut.pdus:
            self._outcome.set_result(None)
            return
        identifier = self._identifier = self._flights.engine.identifier()
        question = encode_get(identifier, self._cut.questions.tail(self.pdu))
        message = self._channel.wrap(question, identifier)
        self._flights.ask(self._handle, self, message, identifier)

    def _take(self, event: Event) -> None:
        _, _, self.target, datagram, sent, trip = event
        moment = (sent + monotonic()) / 2
        answer: Pdu | None = None
        try:
            plain, pos, end = self._channel.unwrap(datagram)
            if plain[pos] == PduType.REPORT:
                self._judge(decode_pdu(plain, pos, end))
                return
            if self._read(plain, pos, end, moment):
                self._go_on(trip)
                return
            self.slowest = max(self.slowest, trip)
            answer = decode_pdu(plain, pos, end)
            if answer.request_id != self._identifier:
                answer = None
        except WireDecodeError:
            pass
        self._outcome.set_result((ODD, self, self.pdu, answer, moment))

    def _go_on(self, trip: float) -> None:
        self.slowest = max(self.slowest, trip)
        self.pdu += 1
        self._reports = 0
        self._ask()

    def _judge(self, report: Pdu) -> None:
        self._reports += 1
        if self._reports > MAX_REPORTS:
            raise WireAuthError(UNSETTLED)
        self._channel.judge(report)
        self._ask()

    def _read(self, plain: bytes, pos: int, end: int, moment: float) -> bool:
        """Whether the Response answers the GET exactly; then its values are taken."""
        where = exact_varbinds(plain, pos, end, self._identifier)
        return where is not None and self._flights.kernel.decode_varbinds(
            self._cut.questions, self.pdu, plain, *where, self._block, moment, self.octets, self.coded
        )
