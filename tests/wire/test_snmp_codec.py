"""BER, PDUs and messages: round trips, real agents' mistakes, garbage."""

from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.errors import WireDecodeError, WireError
from netwatch.model import Secret, UsmAuth, UsmPrivacy
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.pdu import (
    Missing,
    Pdu,
    PduType,
    VarBind,
    decode_community_message,
    encode_community_message,
    encode_pdu,
    message_id,
    response_to,
)
from netwatch.wire.snmp.usm import UsmKeys, UsmUser, localise, password_to_key
from netwatch.wire.snmp.v3 import EngineClock, decode_v3, encode_v3, open_scoped_pdu, scoped_pdu

oids = st.builds(
    lambda first, second, rest: ".".join(map(str, (first, second, *rest))),
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 2**32 - 1), max_size=40),
)


@given(oids)
def test_an_oid_survives(oid: str) -> None:
    assert ber.decode_oid(ber.encode_oid(oid)) == oid


@given(st.integers(-(2**64), 2**64))
def test_an_integer_survives_in_the_fewest_octets(value: int) -> None:
    encoded = ber.encode_integer(value)
    tag, start, stop = ber.header(encoded, 0, len(encoded))
    assert (tag, ber.decode_integer(encoded[start:stop])) == (ber.INTEGER, value)
    assert stop - start == 1 or encoded[start] not in (0, 255) or (encoded[start] ^ encoded[start + 1]) & 128


@given(st.binary(max_size=300), st.integers(0, 255))
def test_an_element_survives(content: bytes, tag: int) -> None:
    encoded = ber.tlv(tag, content)
    found, start, stop = ber.header(encoded, 0, len(encoded))
    assert (found, encoded[start:stop], stop) == (tag, content, len(encoded))


@pytest.mark.parametrize("size", [127, 128, 255, 256, 65535, 65536])
def test_lengths_of_every_form(size: int) -> None:
    encoded = ber.tlv(4, bytes(size))
    assert ber.header(encoded, 0, len(encoded))[2] == len(encoded)


@pytest.mark.parametrize(
    "bad", ["1", "", "3.1", "1.40", "1.3.-1", "a.b", "1.3." + "1." * 200 + "1", f"1.3.{1 << 40}"]
)
def test_what_is_no_oid_is_refused(bad: str) -> None:
    with pytest.raises(ValueError):
        ber.encode_oid(bad)


@pytest.mark.parametrize(
    "bad", [b"\x80", b"\x2b\x86", b"\x2b" + b"\xff" * 8 + b"\x01", b"\x2b" + b"\x01" * 200]
)
def test_a_broken_oid_is_refused(bad: bytes) -> None:
    with pytest.raises(WireDecodeError):
        ber.decode_oid(bad)


def response(value: bytes) -> bytes:
    body = encode_pdu(Pdu(PduType.RESPONSE, 7, varbinds=[VarBind("1.3.6.1", None)]), [value])
    return encode_community_message(1, b"public", body)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        (b"\x02\x01\xff", -1),
        (b"\x02\x00", 0),
        (b"\x41\x04\xff\xff\xff\xff", 4294967295),  # no sign octet
        (b"\x41\x05\x00\xff\xff\xff\xff", 4294967295),
        (b"\x42\x08\xff\xff\xff\xff\xff\xff\xff\xfe", 4294967294),  # sign-extended
        (b"\x42\x01\xff", 255),
        (b"\x46\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff", 2**64 - 1),
        (b"\x46\x08\xff\xff\xff\xff\xff\xff\xff\xff", 2**64 - 1),
        (b"\x43\x02\x01\x00", 256),
        (b"\x04\x03a\0b", b"a\0b"),
        (b"\x04\x82\x00\x01a", b"a"),  # length longer than needed
        (b"\x40\x04\x0a\x00\x00\x01", "10.0.0.1"),
        (b"\x40\x00", b""),
        (b"\x06\x03\x2b\x06\x01", "1.3.6.1"),
        (b"\x06\x00", "0.0"),
        (b"\x05\x00", None),
        (b"\x44\x07\x9f\x78\x04\x3f\x80\x00\x00", 1.0),
        (b"\x44\x02ab", b"ab"),
        (b"\x80\x00", Missing.NO_SUCH_OBJECT),
        (b"\x81\x00", Missing.NO_SUCH_INSTANCE),
        (b"\x82\x00", Missing.END_OF_MIB_VIEW),
    ],
)
def test_values_mean_what_agents_mean(value: bytes, meaning: object) -> None:
    (varbind,) = decode_community_message(response(value)).pdu.varbinds
    assert varbind == ("1.3.6.1", meaning)
    assert type(varbind.value) is type(meaning)


@pytest.mark.parametrize(
    "value", [b"\x04\x05ab", b"\x1f\x01a", b"\x02\x01\x01\x05\x00", b"\x04\x80", b"\x02\x11" + bytes(17)]
)
def test_values_that_can_not_be_trusted_are_refused(value: bytes) -> None:
    with pytest.raises(WireDecodeError):
        decode_community_message(response(value))


def test_padding_behind_the_message_is_ignored() -> None:
    message = decode_community_message(response(b"\x02\x01\x05") + b"\0\0\0")
    assert message.pdu.varbinds == [("1.3.6.1", 5)]


@given(
    st.integers(1, 2**31 - 1),
    st.integers(0, 18),
    st.integers(0, 50),
    st.lists(st.tuples(oids, st.integers(-(2**31), 2**31 - 1)), max_size=60),
    st.binary(max_size=40),
)
def test_a_message_survives(
    identifier: int, status: int, index: int, pairs: list[tuple[str, int]], community: bytes
) -> None:
    varbinds = [VarBind(oid, value) for oid, value in pairs]
    pdu = Pdu(PduType.RESPONSE, identifier, status, index, varbinds)
    data = encode_community_message(1, community, encode_pdu(pdu, [ber.encode_integer(v) for _, v in pairs]))
    assert message_id(data) == identifier
    assert decode_community_message(data) == (1, community, pdu)


def test_an_inform_is_answered_by_the_same_message() -> None:
    inform = encode_community_message(
        1, b"c", encode_pdu(Pdu(PduType.INFORM, 9, varbinds=[VarBind("1.3", None)]))
    )
    message = decode_community_message(response_to(inform + b"pad"))
    assert message.pdu == Pdu(PduType.RESPONSE, 9, varbinds=[VarBind("1.3", None)])


KEYS = UsmUser("u", UsmAuth.SHA, Secret("authpass-1"), UsmPrivacy.AES128, Secret("privpass-1")).keys(
    b"engine-id"
)


def v3_message() -> bytes:
    scoped = scoped_pdu(
        b"engine-id", b"", encode_pdu(Pdu(PduType.RESPONSE, 5, varbinds=[VarBind("1.3.6", None)]))
    )
    return encode_v3(5, EngineClock(b"engine-id", 3, 1000), b"u", KEYS, scoped, salt=1, flags=0)


def every_decoder(data: bytes) -> None:
    """Any outcome but a WireError or a result is a fault."""
    for decode in (message_id, decode_community_message, response_to):
        with contextlib.suppress(WireError):
            decode(data)
    with contextlib.suppress(WireError):
        open_scoped_pdu(decode_v3(data), data, KEYS)


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else(data: bytes) -> None:
    every_decoder(data)


def test_mutations_of_real_messages_are_refused_or_read() -> None:
    """Twenty thousand damaged messages, the same ones each time."""
    rng = random.Random(20)
    seeds = [
        response(b"\x41\x04\xff\xff\xff\xff"),
        response(b"\x44\x07\x9f\x78\x04\x3f\x80\x00\x00"),
        v3_message(),
    ]
    for _ in range(20_000):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randint(1, 4)):
            match rng.randrange(4):
                case 0:
                    data[rng.randrange(len(data))] = rng.randrange(256)
                case 1:
                    del data[rng.randrange(len(data)) :]
                case 2:
                    data.insert(rng.randrange(len(data) + 1), rng.randrange(256))
                case _:
                    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            if not data:
                break
        every_decoder(bytes(data))


@pytest.mark.long
@given(st.integers())
def test_many_more_mutations(seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(v3_message())
    for _ in range(500):
        data[rng.randrange(len(data))] = rng.randrange(256)
        every_decoder(bytes(data))


@pytest.mark.parametrize(
    ("auth", "key"),
    [
        (UsmAuth.MD5, "526f5eed9fcce26f8964c2930787d82b"),  # RFC 3414, A.3.1
        (UsmAuth.SHA, "6695febc9288e36282235fc7151f128497b38f3f"),  # RFC 3414, A.3.2
    ],
)
def test_keys_are_those_of_the_rfc(auth: UsmAuth, key: str) -> None:
    engine = bytes.fromhex("000000000000000000000002")
    assert localise(auth, password_to_key(auth, Secret("maplesyrup")), engine).hex() == key


@pytest.mark.parametrize("privacy", list(UsmPrivacy))
@pytest.mark.parametrize("auth", list(UsmAuth))
def test_a_v3_message_survives_and_a_changed_one_does_not(auth: UsmAuth, privacy: UsmPrivacy) -> None:
    keys = UsmUser("u", auth, Secret("authpass-1"), privacy, Secret("privpass-1")).keys(b"engine-id")
    pdu = Pdu(PduType.GET, 5, varbinds=[VarBind("1.3.6", None)])
    scoped = scoped_pdu(b"engine-id", b"vlan-20", encode_pdu(pdu))
    data = encode_v3(5, EngineClock(b"engine-id", 3, 1000), b"u", keys, scoped, salt=2**64 - 1, flags=4)
    message = decode_v3(data)
    assert message_id(data) == 5
    assert open_scoped_pdu(message, data, keys) == (b"engine-id", b"vlan-20", pdu)
    for at in range(20, len(data), 7):
        damaged = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
        with pytest.raises(WireError):
            open_scoped_pdu(decode_v3(damaged), damaged, keys)


@pytest.mark.parametrize("auth", list(UsmAuth))
def test_pysnmp_reads_what_we_encrypt(auth: UsmAuth) -> None:
    """A second opinion on keys: another implementation localises the same."""
    from pysnmp.proto.secmod.rfc3414 import localkey

    engine = b"\x80\x00\x1f\x88\x80engine"
    ours = password_to_key(auth, Secret("authpass-1"))
    hashers = {UsmAuth.MD5: localkey.hash_passphrase_md5, UsmAuth.SHA: localkey.hash_passphrase_sha}
    if auth in hashers:
        assert hashers[auth](b"authpass-1").asOctets() == ours
    else:
        from hashlib import new

        name = auth.value
        theirs = localkey.hash_passphrase(b"authpass-1", lambda *data: new(name, *data))
        assert theirs.asOctets() == ours
    assert len(localise(auth, ours, engine)) == len(ours)


def test_keys_and_users_do_not_show_themselves() -> None:
    user = UsmUser("u", UsmAuth.SHA, Secret("planted-auth"), UsmPrivacy.DES, Secret("planted-priv"))
    keys = user.keys(b"engine-id")
    for shown in (repr(user), str(user), repr(keys), str(keys), f"{keys}"):
        assert "planted" not in shown
        assert keys.auth_key.hex() not in shown
        assert repr(keys.auth_key) not in shown


@pytest.mark.parametrize(
    ("auth", "password", "privacy", "reason"),
    [(None, "", UsmPrivacy.DES, "needs authentication"), (UsmAuth.SHA, "short", None, "under 8 characters")],
)
def test_credentials_that_can_not_work_are_refused(
    auth: UsmAuth | None, password: str, privacy: UsmPrivacy | None, reason: str
) -> None:
    with pytest.raises(WireError, match=reason) as refused:
        UsmUser("u", auth, Secret(password), privacy, Secret("privpass-1"))
    assert not password or password not in str(refused.value)


def test_an_unsigned_message_needs_no_keys() -> None:
    nothing = UsmKeys(None, b"", None, b"")
    data = encode_v3(
        1,
        EngineClock(b"", 0, 0),
        b"",
        nothing,
        scoped_pdu(b"", b"", encode_pdu(Pdu(PduType.GET, 1))),
        salt=0,
        flags=4,
    )
    assert decode_v3(data).flags == 4
