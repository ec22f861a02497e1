"""The simulator's own BER, checked by itself and against pysnmp's pyasn1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import univ

from netwatch.simulate import ber
from netwatch.simulate.agent import Agent
from netwatch.simulate.view import MibView

oids = st.tuples(
    st.integers(0, 1),
    st.integers(0, 39),
    *[st.integers(0, 2**32 - 1)] * 3,
).flatmap(lambda head: st.lists(st.integers(0, 2**32 - 1), max_size=20).map(lambda tail: (*head, *tail)))


@given(oids)
def test_oid_round_trip(oid: tuple[int, ...]) -> None:
    encoded = ber.encode_oid(oid)
    element = ber.read(encoded, 0, len(encoded), ber.OID)
    assert ber.decode_oid(encoded[element.start : element.end]) == oid
    assert encoded == encoder.encode(univ.ObjectIdentifier(oid))


@given(st.lists(oids, max_size=20))
def test_keys_sort_as_the_tree(several: list[tuple[int, ...]]) -> None:
    assert sorted(several) == sorted(several, key=ber.oid_key)


@given(st.integers(-(2**31), 2**31 - 1))
def test_integer_is_what_others_write(value: int) -> None:
    encoded = ber.encode_value(ber.INTEGER, value)
    assert decoder.decode(encoded) == (univ.Integer(value), b"")
    element = ber.read(encoded, 0, len(encoded))
    assert ber.decode_integer(encoded[element.start : element.end]) == value


@given(st.integers(0, 2**70))
def test_counters_wrap_and_gauges_stop(value: int) -> None:
    def shown(tag: int) -> int:
        encoded = ber.encode_value(tag, value)
        element = ber.read(encoded, 0, len(encoded), tag)
        return ber.decode_integer(encoded[element.start : element.end])

    assert shown(ber.COUNTER32) == value % 2**32
    assert shown(ber.COUNTER64) == value % 2**64
    assert shown(ber.GAUGE32) == min(value, 2**32 - 1)


@given(st.binary(max_size=70_000))
def test_octets_of_any_length(content: bytes) -> None:
    encoded = ber.tlv(ber.OCTET_STRING, content)
    decoded, rest = decoder.decode(encoded)
    assert bytes(decoded) == content
    assert not rest


@given(st.binary(max_size=200))
def test_garbage_never_raises(datagram: bytes) -> None:
    view = MibView([((1, 3, 6, 1), ber.INTEGER, 1)])
    agent = Agent(view=lambda: view, communities={b"public": None}, engine_id=b"\x80\0\0\0\x03abcdef")
    assert agent.respond(datagram, 0.0) is None


@given(st.data())
def test_damaged_requests_never_raise(data: st.DataObject) -> None:
    request = bytearray.fromhex(
        "302902010104067075626c6963a01c020401020304020100020100300e300c06082b060102010105000500"
    )
    for _ in range(data.draw(st.integers(1, 4))):
        request[data.draw(st.integers(0, len(request) - 1))] = data.draw(st.integers(0, 255))
    view = MibView([((1, 3, 6, 1, 2, 1, 1, 5, 0), ber.OCTET_STRING, "x")])
    agent = Agent(view=lambda: view, communities={b"public": None}, engine_id=b"\x80\0\0\0\x03abcdef")
    agent.respond(bytes(request), 0.0)


@pytest.mark.parametrize("text", ["", "1.x.3", "1.-2", "1.4294967296"])
def test_no_object_identifier(text: str) -> None:
    with pytest.raises(ValueError):
        ber.parse_oid(text)
