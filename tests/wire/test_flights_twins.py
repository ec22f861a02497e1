"""The two twins of the flight engine give the same verdict on any datagram, and the right one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flight_deck import ADDRESS, FIRST_ID, PORT, Deck, block, comparable, twins
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.errors import WireDecodeError
from netwatch.native import load
from netwatch.native.flights import DONE, ODD
from netwatch.wire import Template, ValueKind
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.block import OCTETS
from netwatch.wire.snmp.pdu import Missing, decode_community_message

TWINS = twins()
OIDS = [
    "1.3.6.1.2.1.1.3.0",
    "1.3.6.1.2.1.2.2.1.10.7",
    "1.3.6.1.4.1.99999.1.2.3.4.5.200000",
    "1.3.6.1.2.1.1.5.0",
]
LONG = "1.3.6.1.4.1." + ".".join(["4294967295"] * 26)
"""Its varbind needs long lengths."""
NUMBERS = (0x02, 0x41, 0x42, 0x43, 0x46, 0x47)
TAGS = (*NUMBERS, 0x03, 0x04, 0x05, 0x06, 0x40, 0x44, 0x45, 0x78, 0x79, 0x80, 0x81, 0x82, 0x00, 0x48, 0xFF)
COMMUNITIES = (b"", b"\xa2\x1c\x02\x04\1\2\3\4", b"x" * 127, b"x" * 200)
"""One looks like the PDU that is to follow."""
needs_both = pytest.mark.skipif(len(TWINS) < 2, reason="the compiled twin is not built here")


def lengthened(tag: int, content: bytes, octets: int) -> bytes:
    """An element whose length takes so many octets behind its first, which BER allows; 0 for the shortest."""
    if len(content) >= 1 << 8 * octets:
        return ber.tlv(tag, content)
    return bytes((tag, 0x80 | octets)) + len(content).to_bytes(octets, "big") + content


def response(
    varbinds: list[tuple[str, bytes]],
    identifier: int = FIRST_ID,
    status: int = 0,
    version: int = 1,
    extra: int = 0,
    community: bytes = b"public",
) -> bytes:
    """`extra`: 1 to 4 for lengths of that many octets."""
    pairs = b"".join(
        lengthened(0x30, ber.tlv(ber.OID, ber.encode_oid(oid)) + value, extra) for oid, value in varbinds
    )
    numbers = b"".join(map(ber.encode_integer, (identifier, status, 0)))
    pdu = lengthened(0xA2, numbers + lengthened(0x30, pairs, extra), extra)
    head = ber.encode_integer(version) + ber.tlv(ber.OCTET_STRING, community)
    return lengthened(0x30, head + pdu, extra)


contents = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [b"", b"\x80", b"\xff" * 4, b"\xff" * 8, b"\0" + b"\xff" * 8, b"\x7f" * 16, b"\1" * 17, b"x" * 200]
    ),
    st.integers(0, 2**64 - 1).map(lambda value: value.to_bytes(value.bit_length() // 8 + 1, "big")),
)
likely = st.tuples(st.sampled_from(NUMBERS), contents)
values = st.one_of(likely, likely, st.tuples(st.sampled_from(TAGS), contents))
encoded = st.builds(
    lambda pair, octets: lengthened(*pair, octets), values, st.sampled_from((0, 0, 0, 0, 1, 3, 4))
)


@st.composite
def datagrams(draw: st.DrawFn) -> tuple[list[str], bytes]:
    """OIDs asked, and what may come back: right, or spoilt in one place or two."""
    asked = draw(st.lists(st.sampled_from([*OIDS, LONG]), min_size=1, max_size=6))
    told = [(oid, draw(encoded)) for oid in asked]
    how = draw(st.integers(0, 9))
    if how == 0:
        told = draw(st.permutations(told))
    elif how == 1:
        told = told[: draw(st.integers(0, len(told)))]
    elif how == 2:
        told.append((draw(st.sampled_from(OIDS)), draw(encoded)))
    data = bytearray(
        response(
            told,
            FIRST_ID + (how == 3),
            draw(st.sampled_from((0, 0, 0, 0, 1, 5))),
            draw(st.sampled_from((1, 1, 1, 0, 3))),
            draw(st.sampled_from((0, 0, 0, 1, 4))),
            draw(st.sampled_from((b"public", b"public", b"public", *COMMUNITIES))),
        )
    )
    if how in (4, 5):
        for _ in range(draw(st.integers(1, 3))):
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    elif how == 6:
        del data[draw(st.integers(0, len(data))) :]
    elif how == 7:
        data += draw(st.binary(max_size=9))
    elif how == 8:
        at = draw(st.integers(0, len(data)))
        data[at:at] = draw(st.binary(min_size=1, max_size=4))
    return asked, bytes(data)


def reference(asked: list[str], data: bytes) -> list[tuple[int, int]]:
    """Value and kind of each varbind, by the tolerant decoder; others by their kind alone."""
    out = []
    for oid, value in decode_community_message(data).pdu.varbinds:
        assert oid == asked[len(out)]
        if value is None or isinstance(value, Missing):
            out.append((0, int(ValueKind.ABSENT)))
        elif isinstance(value, int) and -(1 << 63) <= value < 1 << 64:
            out.append((value & (1 << 64) - 1, int(ValueKind.UNSIGNED)))
        else:
            out.append((0, int(ValueKind.OTHER)))
    assert len(out) == len(asked)
    return out


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("community", COMMUNITIES)
@pytest.mark.parametrize("size", [1, 30, 60])
def test_what_community_an_answer_tells_is_of_no_importance(twin: str, community: bytes, size: int) -> None:
    asked = [f"1.3.6.1.2.1.2.2.1.10.{number}" for number in range(size)]
    deck = Deck(TWINS[twin], Template(asked), (size,))
    data = response([(oid, ber.encode_integer(7)) for oid in asked], community=community)
    assert [event[0] for event in deck.feed(data)] == [DONE]
    assert deck.state()[:2] == ([7] * size, [int(ValueKind.SIGNED)] * size)


@settings(max_examples=400, deadline=None)
@given(datagrams(), st.booleans())
def test_one_datagram_one_verdict(case: tuple[list[str], bytes], split: bool) -> None:
    asked, data = case
    counts = (len(asked) - 1, 1) if split and len(asked) > 1 else (len(asked),)
    outcomes = []
    for kernel in TWINS.values():
        deck = Deck(kernel, Template(asked), counts)
        events = deck.feed(data)
        outcomes.append((comparable(events), deck.state()))
        if events and events[0][0] == DONE:
            check_done(asked, data, deck, events[0])
    assert outcomes[0] == outcomes[-1]


def check_done(asked: list[str], data: bytes, deck: Deck, event: tuple[Any, ...]) -> None:
    """What the engine took is what the tolerant decoder reads, of the values that are plain numbers."""
    _, _, octets, coded, slowest, target = event
    assert slowest >= 0
    assert target == 0
    handed = dict.fromkeys(octets or {}, (0x04, b"")) | {
        position: (tag, content) for position, tag, content in coded or ()
    }
    try:
        expected = reference(asked, data)
    except WireDecodeError:
        # Only a value that is decoded later can be wrong in itself.
        assert any(tag in (0x06, 0x44, 0x40) for _, tag, _ in coded or ())
        return
    found_values, kinds, times = deck.columns
    for position, (value, kind) in enumerate(expected):
        found = int(kinds[position])
        if position in handed:
            assert found == ValueKind.OTHER
            assert found_values[position] == 0
            if kind != ValueKind.OTHER:  # an INTEGER of 9 to 16 octets that fits after all
                tag, encoded_value = handed[position]
                assert tag == 0x02
                assert int.from_bytes(encoded_value, "big", signed=True) & (1 << 64) - 1 == value
            continue
        assert int(found_values[position]) == value
        assert (found == 0) == (kind == 0) == bool(np.isnan(times[position]))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(OIDS), encoded), min_size=1, max_size=5), st.data())
def test_varbinds_are_decoded_alike(told: list[tuple[str, bytes]], data: st.DataObject) -> None:
    content = b"".join(ber.tlv(0x30, ber.tlv(ber.OID, ber.encode_oid(oid)) + value) for oid, value in told)
    noise = data.draw(st.binary(max_size=3))
    stop = len(noise) + len(content) - data.draw(st.sampled_from((0, 0, 0, 1, 2)))
    outcomes = []
    for kernel in TWINS.values():
        template = Template([oid for oid, _ in told])
        questions = kernel.Questions(template.varbinds, (len(told),))
        (memory, arrays), octets, coded = block(len(told)), {}, []
        verdict = kernel.decode_varbinds(
            questions, 0, noise + content + noise, len(noise), stop, memory, 7.0, octets, coded
        )
        outcomes.append((verdict, [str(one.tolist()) for one in arrays], octets, coded))
    assert outcomes[0] == outcomes[-1]


@pytest.mark.parametrize("twin", TWINS)
def test_plain_numbers_by_type(twin: str) -> None:
    """Signs, masks and padding as pdu.decode_value has them."""
    cases = {
        b"\x02\x01\xff": (2**64 - 1, ValueKind.SIGNED),
        b"\x02\x00": (0, ValueKind.SIGNED),
        b"\x02\x08\x80" + b"\0" * 7: (1 << 63, ValueKind.SIGNED),
        b"\x41\x04\xff\xff\xff\xff": (2**32 - 1, ValueKind.UNSIGNED),
        b"\x42\x08" + b"\xff" * 8: (2**32 - 1, ValueKind.UNSIGNED),
        b"\x43\x05\0\xff\xff\xff\xff": (2**32 - 1, ValueKind.UNSIGNED),
        b"\x46\x08" + b"\xff" * 8: (2**64 - 1, ValueKind.UNSIGNED),
        b"\x46\x10" + b"\1" * 16: (0x0101010101010101, ValueKind.UNSIGNED),
        b"\x47\x01\x05": (5, ValueKind.UNSIGNED),
        b"\x05\x00": (0, ValueKind.ABSENT),
        b"\x81\x00": (0, ValueKind.ABSENT),
    }
    oids = [f"1.3.6.1.9.{number}" for number in range(len(cases))]
    deck = Deck(TWINS[twin], Template(oids), (len(oids),))
    events = deck.feed(response(list(zip(oids, cases, strict=True))))
    assert [event[0] for event in events] == [DONE]
    assert list(zip(deck.columns[0].tolist(), deck.columns[1].tolist(), strict=True)) == list(cases.values())


@pytest.mark.parametrize("twin", TWINS)
def test_a_flight_goes_on_by_itself_and_ends(twin: str) -> None:
    """Each GET has an id of its own; an answer to one that is over is late."""
    deck = Deck(TWINS[twin], Template(OIDS), (2, 2))
    first = response([(oid, b"\x41\x01\x07") for oid in OIDS[:2]])
    assert deck.feed(first) == []
    assert deck.feed(first) == []
    second = response([(OIDS[2], b"\x04\x02hi"), (OIDS[3], b"\x06\x02\x2b\x06")], FIRST_ID + 1)
    ((kind, token, octets, coded, slowest, target),) = deck.feed(second)
    assert (kind, token, octets, coded, target) == (DONE, "token", {2: b"hi"}, [(3, 0x06, b"\x2b\x06")], 0)
    assert slowest >= 0
    assert deck.columns[0].tolist() == [7, 7, 0, 0]
    assert deck.engine.stats() == (0, 3, 1, 0, 0, 0, 0)


@pytest.mark.parametrize("twin", TWINS)
def test_who_may_answer(twin: str) -> None:
    deck = Deck(TWINS[twin], Template(OIDS[:1]), (1,))
    answer = response([(OIDS[0], b"\x43\x01\x07")])
    assert deck.feed(answer, bytes((127, 0, 0, 8))) == []
    assert deck.feed(answer, ADDRESS, PORT + 1) == []
    assert deck.feed(b"\x30\x03\x02\x01\x01") == []
    assert deck.feed(answer.replace(b"\xa2", b"\xa0", 1)) == []
    assert deck.engine.stats() == (0, 4, 0, 2, 2, 0, 0)
    assert [event[0] for event in deck.feed(answer)] == [DONE]
    assert deck.feed(answer) == []


@pytest.mark.parametrize("twin", TWINS)
def test_a_paused_flight_answers_to_nobody_until_it_is_resumed(twin: str) -> None:
    deck = Deck(TWINS[twin], Template(OIDS), (2, 2))
    odd = response([(oid, b"\x41\x01\x07") for oid in reversed(OIDS[:2])])
    ((kind, _, pdu, datagram, sent, trip),) = deck.feed(odd)
    assert (kind, pdu, datagram) == (ODD, 0, odd)
    assert sent > 0
    assert trip >= 0
    assert deck.feed(odd) == []
    assert not deck.columns[1].any()
    deck.engine.resume(deck.handle, "again", 2)
    ((kind, token, *_),) = deck.engine.feed(b"", 2, ADDRESS, PORT)
    assert (kind, token) == (DONE, "again")
    with pytest.raises(ValueError, match="not paused"):
        deck.engine.resume(deck.handle, "again", 0)


@pytest.mark.parametrize("twin", TWINS)
def test_what_can_not_be_is_refused(twin: str) -> None:
    kernel = TWINS[twin]
    template = Template(OIDS)
    for counts in ((3,), (5,), (2, 1), (10**12,)):
        with pytest.raises(ValueError):
            kernel.Questions(template.varbinds, counts)
    with pytest.raises(ValueError):
        kernel.Questions(b"\x30\x04\x02\x02\x01\x01", (1,))
    with pytest.raises(ValueError):
        kernel.Peer(1, b"x" * 1001, 161, ((2, ADDRESS, 0),), ())
    with pytest.raises(ValueError):
        kernel.Peer(1, b"x", 161, (), ())
    deck = Deck(kernel, template, (4,))
    memory = bytearray(4 * OCTETS)
    for wrong, waits in ((bytearray(3 * OCTETS), (1.0,)), (memory, ()), (memory, (1.0,) * 17)):
        with pytest.raises(ValueError):
            deck.engine.launch("other", deck.peer, deck.questions, wrong, waits)
    deck.engine.cancel(10**6)
    deck.engine.cancel(deck.handle)
    deck.engine.cancel(deck.handle)
    assert list(deck.engine.close()) == []


@pytest.mark.parametrize("twin", TWINS)
def test_ids_can_not_be_foreseen_and_take_four_octets(twin: str) -> None:
    """31 random bits; those that would be shorter in DER are drawn anew."""
    draws = iter([b"\0\1\2\3" + b"\xff" * 1020, b"\x12" * 1024])
    engine = TWINS[twin].Engine(lambda size: next(draws)[:size])
    assert engine.identifier() == 0x7FFFFFFF
    for _ in range(254):
        engine.identifier()
    assert engine.identifier() == 0x12121212


@needs_both
def test_gets_are_encoded_alike() -> None:
    template = Template([*OIDS, LONG])
    tails = [
        [kernel.Questions(template.varbinds, (4, 1)).tail(pdu) for pdu in (0, 1)] for kernel in TWINS.values()
    ]
    assert tails[0] == tails[1]


def test_the_compiled_twin_can_be_kept_out() -> None:
    assert load({"NETWATCH_PURE": "1"}) is None
