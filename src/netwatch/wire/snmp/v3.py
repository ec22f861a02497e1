"""SNMPv3 messages (RFC 3412) with USM security parameters (RFC 3414, 2.4) around a scoped PDU."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from netwatch.errors import WireAuthError, WireDecodeError
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.pdu import V3, Pdu, decode_pdu, message_version
from netwatch.wire.snmp.usm import UsmKeys

__all__ = [
    "MAX_MESSAGE",
    "EngineClock",
    "V3Message",
    "decode_v3",
    "encode_v3",
    "open_payload",
    "open_scoped_pdu",
    "pdu_at",
    "scoped_pdu",
]

MAX_MESSAGE = 65507
"""msgMaxSize that we announce: what fits a UDP datagram."""

AUTH, PRIVACY, REPORTABLE = 1, 2, 4
"""msgFlags."""

_USM = 3
"""msgSecurityModel."""


@dataclass(frozen=True, slots=True)
class EngineClock:
    """An authoritative engine as a message names it."""

    engine_id: bytes
    boots: int
    time: int


@dataclass(frozen=True, slots=True, repr=False)
class V3Message:
    """A message taken apart, not yet verified."""

    id: int
    flags: int
    engine: EngineClock
    user: bytes
    signature: bytes
    signature_at: int
    """Offset of the signature in the datagram."""
    salt: bytes
    payload: bytes
    """Ciphertext if PRIVACY is set in `flags`, else the scoped PDU element."""
    stop: int
    """Offset behind the message."""


def scoped_pdu(engine_id: bytes, context: bytes, pdu: bytes) -> bytes:
    """The scopedPDU element around an encoded PDU."""
    content = ber.tlv(ber.OCTET_STRING, engine_id) + ber.tlv(ber.OCTET_STRING, context) + pdu
    return ber.tlv(ber.SEQUENCE, content)


def encode_v3(
    identifier: int, engine: EngineClock, user: bytes, keys: UsmKeys, scoped: bytes, *, salt: int, flags: int
) -> bytes:
    """A whole message: encrypted and signed as far as there are keys. `flags`: REPORTABLE or 0."""
    parameters = b""
    if keys.privacy is not None:
        ciphertext, parameters = keys.encrypt(scoped, engine.boots, engine.time, salt)
        scoped = ber.tlv(ber.OCTET_STRING, ciphertext)
        flags |= PRIVACY
    if keys.auth is not None:
        flags |= AUTH
    octets = keys.digest_octets
    before = (
        ber.tlv(ber.OCTET_STRING, engine.engine_id)
        + ber.encode_integer(engine.boots)
        + ber.encode_integer(engine.time)
        + ber.tlv(ber.OCTET_STRING, user)
    )
    security = ber.tlv(
        ber.SEQUENCE,
        before + ber.tlv(ber.OCTET_STRING, bytes(octets)) + ber.tlv(ber.OCTET_STRING, parameters),
    )
    head = ber.tlv(
        ber.SEQUENCE,
        ber.encode_integer(identifier)
        + ber.encode_integer(MAX_MESSAGE)
        + ber.tlv(ber.OCTET_STRING, bytes((flags,)))
        + ber.encode_integer(_USM),
    )
    message = ber.tlv(
        ber.SEQUENCE, ber.encode_integer(V3) + head + ber.tlv(ber.OCTET_STRING, security) + scoped
    )
    if keys.auth is None:
        return message
    # The signature stands before the privacy parameters and the payload, whose sizes are known.
    at = len(message) - len(scoped) - len(ber.tlv(ber.OCTET_STRING, parameters)) - octets
    return message[:at] + keys.sign(message) + message[at + octets :]


def decode_v3(data: bytes) -> V3Message:
    """Takes a message apart. Raises WireDecodeError."""
    version, pos, end = message_version(data)
    if version != V3:
        raise WireDecodeError(f"SNMP version {version} where 3 belongs")
    start, pos = ber.expect(data, pos, end, ber.SEQUENCE)
    numbers: list[int] = []
    for tag in (ber.INTEGER, ber.INTEGER, ber.OCTET_STRING, ber.INTEGER):
        first, start = ber.expect(data, start, pos, tag)
        numbers.append(ber.decode_unsigned(data[first:start], 32))
    if numbers[3] != _USM:
        raise WireDecodeError(f"security model {numbers[3]} where 3 (USM) belongs")
    first, pos = ber.expect(data, pos, end, ber.OCTET_STRING)
    start, stop = ber.expect(data, first, pos, ber.SEQUENCE)
    fields: list[tuple[int, int]] = []
    for tag in (ber.OCTET_STRING, ber.INTEGER, ber.INTEGER, *[ber.OCTET_STRING] * 3):
        first, start = ber.expect(data, start, stop, tag)
        fields.append((first, start))
    engine_id, boots, time, user, signature, salt = (data[a:b] for a, b in fields)
    flags = numbers[2] & 255
    if flags & PRIVACY:
        first, after = ber.expect(data, pos, end, ber.OCTET_STRING)
        payload = data[first:after]
    else:
        payload = data[pos:end]
    engine = EngineClock(engine_id, ber.decode_unsigned(boots, 31), ber.decode_unsigned(time, 31))
    return V3Message(numbers[0], flags, engine, user, signature, fields[4][0], salt, payload, end)


def open_scoped_pdu(message: V3Message, data: bytes, keys: UsmKeys) -> tuple[bytes, bytes, Pdu]:
    """Context engine id, context name and PDU, verified and decrypted as far as `flags` says.

    Raises WireAuthError where the signature is wrong, WireDecodeError where the plain text is no scoped PDU
    (as after decryption with a wrong key).
    """
    plain, stop = open_payload(message, data, keys)
    start, _ = ber.expect(plain, 0, stop, ber.SEQUENCE)
    first, after = ber.expect(plain, start, stop, ber.OCTET_STRING)
    name, rest = ber.expect(plain, after, stop, ber.OCTET_STRING)
    return plain[first:after], plain[name:rest], decode_pdu(plain, rest, stop)


def pdu_at(plain: bytes, stop: int) -> int:
    """Where in a scoped PDU that ends at `stop` its PDU begins. Raises WireDecodeError."""
    start, _ = ber.expect(plain, 0, stop, ber.SEQUENCE)
    _, after = ber.expect(plain, start, stop, ber.OCTET_STRING)
    _, rest = ber.expect(plain, after, stop, ber.OCTET_STRING)
    return rest


def open_payload(message: V3Message, data: bytes, keys: UsmKeys) -> tuple[bytes, int]:
    """The scoped PDU, verified and decrypted as far as `flags` says, and where it ends.

    Raises WireAuthError, WireDecodeError.
    """
    if message.flags & AUTH:
        if keys.auth is None:
            raise WireAuthError("signed SNMPv3 message for a user without authentication")
        at, octets = message.signature_at, keys.digest_octets
        unsigned = data[:at] + bytes(octets) + data[at + octets : message.stop]
        if not hmac.compare_digest(message.signature, keys.sign(unsigned)):
            raise WireAuthError("signature of the SNMPv3 message is wrong: another password or protocol")
    plain = message.payload
    if message.flags & PRIVACY:
        if keys.privacy is None or not message.flags & AUTH:
            raise WireAuthError("encrypted SNMPv3 message for a user without privacy")
        plain = keys.decrypt(plain, message.engine.boots, message.engine.time, message.salt)
    _, stop = ber.expect(plain, 0, len(plain), ber.SEQUENCE)
    return plain, stop
