"""What reads datagrams from the network, each as a function from octets to a short outcome."""

from __future__ import annotations

import os
from collections.abc import Mapping

from netwatch.model import Instant, Secret, UsmAuth, UsmPrivacy
from netwatch.native import load
from netwatch.wire.snmp.flights import pure
from netwatch.wire.snmp.notification import Notifications
from netwatch.wire.snmp.pdu import (
    Missing,
    Pdu,
    PduType,
    VarBind,
    decode_community_message,
    encode_community_message,
    encode_pdu,
    message_id,
)
from netwatch.wire.snmp.usm import UsmKeys, UsmUser
from netwatch.wire.snmp.v3 import EngineClock, decode_v3, encode_v3, open_scoped_pdu, scoped_pdu

from .mutation import Target

__all__ = ["seeds", "targets"]

ENGINE = EngineClock(b"\x80\x00\x1f\x88\x80abcdefgh", 3, 12345)
SIGNED = UsmUser("signed", UsmAuth.SHA, Secret("authpass-1"))
SEALED = UsmUser("sealed", UsmAuth.SHA256, Secret("authpass-2"), UsmPrivacy.AES128, Secret("privpass-2"))
NO_KEYS = UsmKeys(None, b"", None, b"")


class StillClock:
    def now(self) -> Instant:
        return Instant(1_800_000_000.0, 1000.0)

    async def sleep(self, seconds: float) -> None: ...


def community(data: bytes) -> str:
    message_id(data)
    message = decode_community_message(data)
    assert len(message.pdu.varbinds) <= len(data)
    kinds = sorted({type(value).__name__ for _, value in message.pdu.varbinds})
    return f"{message.version} {message.pdu.type} {min(len(message.pdu.varbinds), 4)} {kinds}"


def plain_v3(data: bytes) -> str:
    """A reply to a user without security: nothing but the form protects the reader."""
    message = decode_v3(data)
    engine, context, pdu = open_scoped_pdu(message, data, NO_KEYS)
    return f"{message.flags} {bool(engine)} {bool(context)} {pdu.type} {min(len(pdu.varbinds), 4)}"


def secured_v3(data: bytes) -> str:
    message = decode_v3(data)
    user = SEALED if message.user == b"sealed" else SIGNED
    _, _, pdu = open_scoped_pdu(message, data, user.keys(ENGINE.engine_id))
    return f"{pdu.type} {message.flags}"


def envelopes() -> Target:
    """The quick way of SNMPv3: what comes as it is, and signed and encrypted so that the inner form is looked
    at too. All twins say the same."""
    keys = SEALED.keys(ENGINE.engine_id)
    signed = keys.hash_name, keys.auth_key, keys.digest_octets
    names = ENGINE.engine_id, b"", b"sealed"
    compiled = load(os.environ)
    kernels = [pure()] if compiled is None else [pure(), compiled]
    twins = [kernel.Envelope(*signed, keys.privacy_key, *names, 1) for kernel in kernels]

    def envelope(data: bytes) -> str:
        scoped = scoped_pdu(ENGINE.engine_id, b"", data[max(data.find(b"\xa2"), 0) :])
        sealed = encode_v3(6, ENGINE, b"sealed", keys, scoped, salt=9, flags=0)
        for message in (data, sealed):
            found = [twin.answer(message, 77) for twin in twins]
            told = {one and (*one[:2], one[2][one[3] : one[4]]) for one in found}
            assert len(told) == 1
        return f"{found[0] and found[0][4] - found[0][3]}"

    return envelope


def targets() -> Mapping[str, Target]:
    """By name."""
    notifications = Notifications((UsmUser("plain"), SIGNED, SEALED), StillClock())

    def notification(data: bytes) -> str:
        pdu, reply = notifications.receive(data)
        assert len(reply) <= len(data) + 200, "an answer far larger than its question serves attackers"
        return f"{None if pdu is None else pdu.type} {bool(reply)}"

    return {
        "community": community,
        "plain v3": plain_v3,
        "secured v3": secured_v3,
        "notification": notification,
        "envelope": envelopes(),
    }


def seeds() -> list[bytes]:
    """Valid messages of every kind."""
    values = [
        b"\x02\x01\x05", b"\x02\x04\xff\xff\xff\x00", b"\x04\x03abc", b"\x05\x00", b"\x06\x03\x2b\x06\x01",
        b"\x40\x04\x7f\x00\x00\x01", b"\x41\x05\x00\xff\xff\xff\xff", b"\x42\x01\x07", b"\x43\x02\x01\x00",
        b"\x44\x07\x9f\x78\x04\x42\xf6\x00\x00", b"\x46\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\x00", b"\x81\x00", b"\x82\x00", b"\x47\x01\x01", b"\x03\x02\x00\x80",
    ]  # fmt: skip
    names = [VarBind(f"1.3.6.1.2.1.2.2.1.{n}.{n * 1000}", None) for n in range(1, len(values) + 1)]
    response = encode_pdu(Pdu(PduType.RESPONSE, 77, varbinds=names), values)
    trap = encode_pdu(Pdu(PduType.TRAP, 78, varbinds=names[:4]), values[:4])
    inform = encode_pdu(Pdu(PduType.INFORM, 79, varbinds=names[:2]), values[:2])
    trap_v1 = bytes.fromhex(
        "a41f06082b06010401bf0803400 47f0000010201060201014302 0100300 0".replace(" ", "")
    )
    out = [encode_community_message(version, b"public", response) for version in (0, 1)]
    out += [encode_community_message(1, b"public", one) for one in (trap, inform)]
    out.append(encode_community_message(0, b"public", trap_v1))
    empty = encode_pdu(Pdu(PduType.GET, 1))
    out.append(
        encode_v3(5, EngineClock(b"", 0, 0), b"", NO_KEYS, scoped_pdu(b"", b"", empty), salt=0, flags=4)
    )
    for user in (UsmUser("plain"), SIGNED, SEALED):
        keys = user.keys(ENGINE.engine_id)
        for body in (response, trap):
            scoped = scoped_pdu(ENGINE.engine_id, b"", body)
            out.append(encode_v3(6, ENGINE, user.name.encode(), keys, scoped, salt=9, flags=0))
    assert not any(isinstance(value, Missing) for value in values)
    return out
