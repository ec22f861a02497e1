"""SNMPv3 flights of the engine itself: both twins give the same verdict on any datagram, the right one."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from flight_deck import FIRST_ID, HOST, PORT, Deck, comparable, twins
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.model import Secret, UsmAuth, UsmPrivacy
from netwatch.native.flights import DONE, ODD, Stat
from netwatch.wire import Template, ValueKind
from netwatch.wire.snmp.pdu import V3, Pdu, PduType, VarBind, encode_pdu
from netwatch.wire.snmp.usm import UsmKeys, UsmUser
from netwatch.wire.snmp.v3 import EngineClock, decode_v3, encode_v3, open_scoped_pdu, scoped_pdu

TWINS = twins()
ENGINE, USER = b"\x80\0\x1f\x88\x01\x7f\x01\x02\x03", b"monitor"
OIDS = ["1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.2.2.1.10.7"]
VALUES = [b"\x43\x01\x07", b"\x04\x02hi", b"\x41\x02\x01\x00"]
FIRST, SECOND = slice(0, 2), slice(2, 3)
"""The two GETs."""


@cache
def keys() -> UsmKeys:
    secret = Secret("a pass phrase"), UsmPrivacy.AES128, Secret("another phrase")
    return UsmUser(USER.decode(), UsmAuth.SHA, *secret).keys(ENGINE)


class SecureDeck(Deck):
    """A flight of two GETs. Its engine said last: boots 3, time 77."""

    def __init__(self, kernel: Any) -> None:
        super().__init__(kernel, Template(OIDS), (2, 1), V3)
        self.engine.cancel(self.handle)
        signed = keys().hash_name, keys().auth_key, keys().digest_octets
        self.envelope = kernel.Envelope(*signed, keys().privacy_key, ENGINE, b"", USER, 5)
        self.envelope.tune(3, 77)
        self.peer = kernel.Peer(V3, b"", PORT, (HOST,), ())
        self.handle = self.engine.launch(
            "token", self.peer, self.questions, self.block, (5.0, 5.0), self.envelope
        )


FIRST_ASKED = FIRST_ID + 1
"""Deck's own flight had the id before."""


def response(
    part: slice, identifier: int, clock: tuple[int, int] = (3, 77), *, status: int = 0, request: int = 0
) -> bytes:
    told = [VarBind(oid, None) for oid in OIDS[part]]
    body = encode_pdu(Pdu(PduType.RESPONSE, request or identifier, status, 0, told), VALUES[part])
    scoped = scoped_pdu(ENGINE, b"", body)
    return encode_v3(identifier, EngineClock(ENGINE, *clock), USER, keys(), scoped, salt=9, flags=0)


@pytest.mark.parametrize("twin", TWINS)
def test_a_chain_needs_nobody_between_its_questions(twin: str) -> None:
    deck = SecureDeck(TWINS[twin])
    assert deck.feed(response(FIRST, FIRST_ASKED)) == []
    ((kind, token, octets, coded, slowest, target),) = deck.feed(response(SECOND, FIRST_ASKED + 1))
    assert (kind, token, octets, coded, target) == (DONE, "token", {1: b"hi"}, None, 0)
    assert slowest >= 0
    assert deck.columns[0].tolist() == [7, 0, 256]
    assert deck.columns[1].tolist() == [ValueKind.UNSIGNED, ValueKind.OTHER, ValueKind.UNSIGNED]


@pytest.mark.parametrize("twin", TWINS)
def test_what_leaves_is_a_get_that_the_agent_can_open(twin: str) -> None:
    """Each try is a message of its own, with another salt."""
    deck = SecureDeck(TWINS[twin])
    deck.socket.bind(("127.0.0.1", 0))
    here = deck.socket.getsockname()
    peer = TWINS[twin].Peer(V3, b"", here[1], ((HOST[0], b"\x7f\0\0\1", 0),), ())
    deck.engine.cancel(deck.handle)
    handle = deck.engine.launch("t", peer, deck.questions, deck.block, (0.0, 5.0), deck.envelope)
    deck.engine.flush()
    while not deck.engine.stats()[Stat.TIMEOUTS]:
        deck.engine.tick()
    deck.engine.cancel(handle)
    salts = set()
    for asked in (FIRST_ASKED + 1, FIRST_ASKED + 2):
        data = deck.socket.recv(9000)
        message = decode_v3(data)
        salts.add(message.salt)
        assert (message.id, message.flags, message.user) == (asked, 7, USER)
        assert (message.engine.engine_id, message.engine.boots) == (ENGINE, 3)
        assert 77 <= message.engine.time < 137
        _, _, pdu = open_scoped_pdu(message, data, keys())
        assert (pdu.type, pdu.request_id) == (PduType.GET, asked)
        assert [one.oid for one in pdu.varbinds] == OIDS[FIRST]
    assert len(salts) == 2


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize(
    ("told", "known"),
    [((3, 500), (3, 500)), ((4, 1), (4, 1)), ((3, 20), (3, 77)), ((2, 900), (3, 77))],
    ids=["ahead", "restarted", "behind", "before a restart"],
)
def test_the_clock_follows_what_is_ahead_of_it(
    twin: str, told: tuple[int, int], known: tuple[int, int]
) -> None:
    """RFC 3414, 3.2, 7b."""
    deck = SecureDeck(TWINS[twin])
    assert deck.feed(response(FIRST, FIRST_ASKED, told)) == []
    boots, time = deck.envelope.clock()
    assert boots == known[0]
    assert known[1] <= time < known[1] + 60


@pytest.mark.parametrize("twin", TWINS)
def test_a_clock_ends_at_its_last_second(twin: str) -> None:
    envelope = SecureDeck(TWINS[twin]).envelope
    envelope.tune(2**31 - 1, 2**31 - 1)
    assert envelope.clock() == (2**31 - 1, 2**31 - 1)
    with pytest.raises(ValueError, match="too large"):
        envelope.tune(1, 2**31)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize(
    "answer",
    [
        response(SECOND, FIRST_ASKED),
        response(FIRST, FIRST_ASKED, status=5),
        response(FIRST, FIRST_ASKED, request=FIRST_ASKED + 7),
        response(FIRST, FIRST_ASKED)[:-1] + b"\0",
    ],
    ids=["other OIDs", "an error", "another request", "spoilt"],
)
def test_whatever_else_comes_pauses_the_flight(twin: str, answer: bytes) -> None:
    deck = SecureDeck(TWINS[twin])
    ((kind, token, pdu, datagram, *_),) = deck.feed(answer)
    assert (kind, token, pdu, datagram) == (ODD, "token", 0, answer)
    assert not deck.columns[1].any()
    deck.engine.resume(deck.handle, "again", 0)
    assert deck.feed(response(FIRST, FIRST_ASKED + 1)) == []
    ((kind, token, *_),) = deck.feed(response(SECOND, FIRST_ASKED + 2))
    assert (kind, token) == (DONE, "again")


@pytest.mark.parametrize("twin", TWINS)
def test_an_envelope_is_for_questions(twin: str) -> None:
    deck = SecureDeck(TWINS[twin])
    with pytest.raises(TypeError):
        deck.engine.launch("token", deck.peer, None, None, (1.0,), deck.envelope)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_one_datagram_one_verdict(data: st.DataObject) -> None:
    message = response(FIRST, FIRST_ASKED, (3, data.draw(st.sampled_from((77, 500)))))
    at = data.draw(st.integers(0, len(message) - 1))
    more = data.draw(st.binary(max_size=4))
    spoilt = data.draw(
        st.sampled_from((message, message[:at], message[:at] + more + message[at + len(more) :]))
    )
    outcomes = []
    for kernel in TWINS.values():
        deck = SecureDeck(kernel)
        outcomes.append((comparable(deck.feed(spoilt)), deck.state(), deck.envelope.clock()[1] // 100))
    assert outcomes[0] == outcomes[-1]
