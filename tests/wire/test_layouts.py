"""An answer that looks like the last one is read as it would be without a memory."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.wire import Template
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.block import OCTETS, columns_of
from netwatch.wire.snmp.exact import Questions, decode_varbinds
from netwatch.wire.snmp.layouts import Known, Layouts

OIDS = [f"1.3.6.1.2.1.2.2.1.10.{row}" for row in (1, 2, 300)]
QUESTIONS = Questions(Template(OIDS).varbinds, (1, 2))
NAMES = [ber.tlv(ber.OID, ber.encode_oid(oid)) for oid in OIDS]

tags = st.sampled_from((0x02, 0x41, 0x42, 0x43, 0x46, 0x47, 0x04, 0x06, 0x40, 0x44, 0x05, 0x80, 0x81, 0x03))
contents = st.one_of(
    st.binary(max_size=10),
    st.integers(0, 2**64 - 1).map(lambda number: ber.encode_integer(number)[2:]),
    st.integers(-(2**33), 2**33).map(lambda number: ber.encode_integer(number)[2:]),
    st.just(bytes(130)),
)
values = st.builds(ber.tlv, tags, contents)


def fresh(count: int = 3) -> bytearray:
    block = bytearray(OCTETS * count)
    columns_of(block, count)[2][:] = np.nan
    return block


def varbinds(first: int, told: list[bytes]) -> bytes:
    pairs = zip(NAMES[first:], told, strict=False)
    return b"".join(ber.tlv(ber.SEQUENCE, name + value) for name, value in pairs)


def outcome(found: bool, block, octets, coded) -> tuple[object, ...]:
    return found, bytes(block), octets, coded


@settings(deadline=None, max_examples=500)
@given(st.lists(st.tuples(values, values, st.integers(0, 3), st.binary(min_size=1, max_size=1)), max_size=8))
def test_with_and_without_memory(answers):
    """Runs of answers of one look, with octets changed anywhere between them."""
    layouts = Layouts()
    known = Known(layouts)
    for one, other, alike, octet in answers:
        for turn in range(alike + 1):
            data = bytearray(varbinds(1, [one, other]))
            if turn:
                data[(turn * 7 + octet[0]) % len(data)] ^= octet[0] >> turn
            mine, plain = (fresh(), {}, []), (fresh(), {}, [])
            got = layouts.read(known, QUESTIONS, 1, bytes(data), mine[0], 5.0 + turn, mine[1], mine[2])
            told = decode_varbinds(
                QUESTIONS, 1, bytes(data), 0, len(data), plain[0], 5.0 + turn, plain[1], plain[2]
            )
            assert outcome(got, *mine) == outcome(told, *plain)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20), st.sampled_from((0x41, 0x46, 0x02)))
def test_a_counter_that_grows(numbers, tag):
    layouts = Layouts()
    known = Known(layouts)
    for number in sorted(numbers):
        told = number if tag == 0x46 else number >> 33
        data, block = varbinds(0, [ber.encode_integer(told, tag)]), fresh()
        assert layouts.read(known, QUESTIONS, 0, data, block, 1.0, {}, [])
        assert int(columns_of(block, 3)[0][0]) == told


def test_room_is_bounded_and_given_back():
    layouts = Layouts(room=1)
    one, two = Known(layouts), Known(layouts)
    data, block = varbinds(0, [ber.encode_integer(7, 0x41)]), fresh()
    for known in (one, two, one):
        assert layouts.read(known, QUESTIONS, 0, data, block, 1.0, {}, [])
    assert (len(one), len(two), layouts.left) == (1, 0, 0)
    del one, known
    assert layouts.left == 1
    assert layouts.read(two, QUESTIONS, 0, data, block, 1.0, {}, [])
    assert len(two) == 1
    negative = varbinds(0, [ber.encode_integer(-7)])
    assert layouts.read(two, QUESTIONS, 0, negative, block, 1.0, {}, [])
    assert (len(two), layouts.left) == (0, 1)


def test_questions_that_are_asked_no_more_make_room():
    layouts = Layouts()
    known, data = Known(layouts), varbinds(0, [ber.encode_integer(7, 0x41)])
    for _ in range(300):
        questions = Questions(Template(OIDS[:1]).varbinds, (1,))
        assert layouts.read(known, questions, 0, data, fresh(1), 1.0, {}, [])
    assert 0 < len(known) <= 128
