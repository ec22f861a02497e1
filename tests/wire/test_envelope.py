"""The quick way of SNMPv3: both twins write and read the same, and the general way agrees."""

from __future__ import annotations

import ctypes.util
from dataclasses import dataclass
from functools import cache

import pytest
from flight_deck import twins
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.model import Secret, UsmAuth, UsmPrivacy
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.pdu import Pdu, PduType, VarBind, encode_pdu
from netwatch.wire.snmp.usm import UsmKeys, UsmUser
from netwatch.wire.snmp.v3 import EngineClock, decode_v3, encode_v3, open_scoped_pdu, scoped_pdu

TWINS = twins()
ENGINE, CONTEXT, USER = b"\x80\0\x1f\x88\x01\x7f\x01\x02\x03", b"vlan-7", b"monitor"
SALT = 2**64 - 2
OIDS = [f"1.3.6.1.2.1.2.2.1.10.{row}" for row in range(1, 6)]
HEAD = b"\x02\x01\x00\x02\x01\x00"
TAIL = HEAD + ber.tlv(ber.SEQUENCE, ber.tlv(ber.SEQUENCE, ber.tlv(ber.OID, b"\x2b\x06") + b"\x05\x00"))
STRONG = (UsmPrivacy.AES128, UsmPrivacy.AES192, UsmPrivacy.AES256)

identifiers = st.integers(0x800000, 2**31 - 1)
clocks = st.integers(0, 2**31 - 1)


@dataclass
class Deck:
    """One user's keys, and an envelope of each twin."""

    keys: UsmKeys
    envelopes: dict[str, object]


@cache
def deck(auth: UsmAuth, privacy: UsmPrivacy) -> Deck:
    user = UsmUser("monitor", auth, Secret("a pass phrase"), privacy, Secret("another phrase"))
    keys = user.keys(ENGINE)
    signed = keys.hash_name, keys.auth_key, keys.digest_octets
    envelopes = {
        name: kernel.Envelope(*signed, keys.privacy_key, ENGINE, CONTEXT, USER, SALT)
        for name, kernel in TWINS.items()
    }
    return Deck(keys, envelopes)


decks = st.builds(deck, st.sampled_from(UsmAuth), st.sampled_from(STRONG))


def response(keys: UsmKeys, identifier: int, *, clock: EngineClock, salt: int = 5, **pdu: int) -> bytes:
    told = [VarBind(oid, None) for oid in OIDS]
    values = [ber.encode_integer(number, ber.COUNTER32) for number in range(len(OIDS))]
    body = encode_pdu(Pdu(PduType.RESPONSE, identifier, pdu.get("status", 0), 0, told), values)
    return encode_v3(identifier, clock, USER, keys, scoped_pdu(ENGINE, CONTEXT, body), salt=salt, flags=0)


@settings(deadline=None)
@given(decks, identifiers, st.binary(max_size=3000), clocks, clocks, st.integers(0, 2**64 - 1))
def test_both_twins_write_what_the_general_way_reads(deck, identifier, varbinds, boots, time, salt):
    tail = HEAD + ber.tlv(ber.SEQUENCE, varbinds)
    written = {one.get(identifier, tail, boots, time, salt) for one in deck.envelopes.values()}
    (message,) = written
    taken = decode_v3(message)
    assert (taken.id, taken.flags, taken.engine, taken.user) == (
        identifier, 7, EngineClock(ENGINE, boots, time), USER,
    )  # fmt: skip
    assert message == encode_v3(
        identifier,
        taken.engine,
        USER,
        deck.keys,
        scoped_pdu(ENGINE, CONTEXT, ber.tlv(0xA0, b"\x02\x04" + identifier.to_bytes(4, "big") + tail)),
        salt=salt,
        flags=4,
    )


@settings(deadline=None)
@given(decks, identifiers, clocks, clocks, st.integers(0, 2**64 - 1))
def test_an_answer_is_read_where_its_varbinds_lie(deck, identifier, boots, time, salt):
    message = response(deck.keys, identifier, clock=EngineClock(ENGINE, boots, time), salt=salt)
    for one in deck.envelopes.values():
        told, seconds, plain, start, stop = one.answer(message, identifier)
        assert (told, seconds) == (boots, time)
        varbinds = [ber.tlv(ber.OID, ber.encode_oid(oid)) for oid in OIDS]
        assert plain[start:stop] == b"".join(
            ber.tlv(ber.SEQUENCE, name + ber.encode_integer(number, ber.COUNTER32))
            for number, name in enumerate(varbinds)
        )


@settings(deadline=None, max_examples=300)
@given(decks, st.data())
def test_what_was_changed_on_the_way_is_read_by_no_twin(deck, data):
    identifier = data.draw(identifiers)
    message = response(deck.keys, identifier, clock=EngineClock(ENGINE, 3, 77))
    at = data.draw(st.integers(0, len(message) - 1))
    spoilt = data.draw(
        st.one_of(
            st.integers(1, 255).map(
                lambda bits: message[:at] + bytes((message[at] ^ bits,)) + message[at + 1 :]
            ),
            st.just(message[:at]),
            st.binary(max_size=200),
            st.binary(min_size=1, max_size=9).map(lambda more: message[:at] + more + message[at:]),
        )
    )
    for one in deck.envelopes.values():
        assert one.answer(spoilt, identifier) is None


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize(
    "spoil",
    ["another id", "an error", "another engine", "another user", "a report", "signed only", "another key"],
)
def test_what_is_not_the_plain_answer_is_left_to_the_general_way(twin, spoil):
    one, clock = deck(UsmAuth.SHA, UsmPrivacy.AES128), EngineClock(ENGINE, 3, 77)
    envelope, asked = one.envelopes[twin], 0x1234567
    message = response(one.keys, asked, clock=clock)
    assert envelope.answer(message, asked) is not None
    keys, user = one.keys, USER
    if spoil == "another id":
        message = response(keys, asked + 1, clock=clock)
    elif spoil == "an error":
        message = response(keys, asked, clock=clock, status=5)
    elif spoil == "another engine":
        message = response(keys, asked, clock=EngineClock(ENGINE[:-1], 3, 77))
    elif spoil == "another key":
        message = response(deck(UsmAuth.SHA256, UsmPrivacy.AES128).keys, asked, clock=clock)
    else:
        kind = PduType.REPORT if spoil == "a report" else PduType.RESPONSE
        scoped = scoped_pdu(ENGINE, CONTEXT, encode_pdu(Pdu(kind, asked)))
        if spoil == "signed only":
            keys = UsmKeys(keys.auth, keys.auth_key, None, b"")
        user = b"somebody" if spoil == "another user" else USER
        message = encode_v3(asked, clock, user, keys, scoped, salt=1, flags=0)
    assert envelope.answer(message, asked) is None


@pytest.mark.parametrize("twin", TWINS)
def test_bounds(twin):
    one = deck(UsmAuth.SHA, UsmPrivacy.AES128).envelopes[twin]
    for arguments in ((2**31, TAIL, 1, 1, 1), (2**30, bytes(9000), 1, 1, 1), (2**30, TAIL, 2**31, 1, 1)):
        with pytest.raises(ValueError, match="too large"):
            one.get(*arguments)
    with pytest.raises(ValueError, match="algorithm"):
        TWINS[twin].Envelope("sha1", bytes(20), 12, bytes(8), ENGINE, b"", USER, SALT)
    with pytest.raises(ValueError, match="algorithm"):
        TWINS[twin].Envelope("sha1", bytes(20), 12, bytes(16), bytes(65), b"", USER, SALT)


def test_a_message_of_an_envelope_is_opened_by_the_agents_side():
    one = deck(UsmAuth.SHA512, UsmPrivacy.AES192)
    for envelope in one.envelopes.values():
        message = envelope.get(0x1234567, TAIL, 3, 77, 9)
        engine, context, pdu = open_scoped_pdu(decode_v3(message), message, one.keys)
        assert (engine, context, pdu.type, pdu.request_id) == (ENGINE, CONTEXT, PduType.GET, 0x1234567)


@pytest.mark.skipif("compiled" not in TWINS, reason="MISSING: a C compiler")
@pytest.mark.skipif(ctypes.util.find_library("crypto") is None, reason="MISSING: libcrypto")
def test_the_compiled_twin_finds_openssl():
    assert (
        type(deck(UsmAuth.SHA, UsmPrivacy.AES128).envelopes["compiled"]).__module__
        == "netwatch.native._speed"
    )
