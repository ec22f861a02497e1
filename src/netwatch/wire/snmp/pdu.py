"""PDUs of SNMPv1 (RFC 1157) and SNMPv2 (RFC 3416), and the community messages around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache
from typing import NamedTuple

from netwatch.errors import WireDecodeError
from netwatch.model import SnmpValue
from netwatch.wire.opaque import opaque
from netwatch.wire.snmp import ber

__all__ = [
    "ErrorStatus",
    "Message",
    "Missing",
    "Pdu",
    "PduType",
    "VarBind",
    "decode_community_message",
    "decode_pdu",
    "decode_value",
    "encode_community_message",
    "encode_pdu",
    "message_id",
    "message_version",
    "response_to",
]

V1, V2C, V3 = 0, 1, 3
"""The version number in a message."""


class PduType(IntEnum):
    GET = 0xA0
    GET_NEXT = 0xA1
    RESPONSE = 0xA2
    SET = 0xA3
    TRAP_V1 = 0xA4
    GET_BULK = 0xA5
    INFORM = 0xA6
    TRAP = 0xA7
    REPORT = 0xA8


class ErrorStatus(IntEnum):
    """Those that change what is asked next; RFC 3416, 3."""

    NO_ERROR = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2
    GEN_ERR = 5
    NO_ACCESS = 6
    RESOURCE_UNAVAILABLE = 13
    AUTHORIZATION_ERROR = 16


class Missing(Enum):
    """Why a varbind holds no value. Never leaves this package: such an OID is absent from a result."""

    NO_SUCH_OBJECT = ber.NO_SUCH_OBJECT
    NO_SUCH_INSTANCE = ber.NO_SUCH_INSTANCE
    END_OF_MIB_VIEW = ber.END_OF_MIB_VIEW


class VarBind(NamedTuple):
    oid: str
    value: SnmpValue | Missing


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU. `error_status` and `error_index` are non-repeaters and max-repetitions in a GetBulk."""

    type: int
    request_id: int
    error_status: int = 0
    error_index: int = 0
    varbinds: Sequence[VarBind] = ()
    trap: TrapV1 | None = None
    """Only for TRAP_V1."""


class TrapV1(NamedTuple):
    """What the v1 Trap-PDU holds in place of ids and errors (RFC 1157, 4.1.6)."""

    enterprise: str
    agent_address: str
    generic: int
    specific: int
    timestamp: int


class Message(NamedTuple):
    """A community message, v1 or v2c."""

    version: int
    community: bytes
    pdu: Pdu


_NULL = ber.tlv(ber.NULL, b"")


def encode_pdu(pdu: Pdu, raw: Sequence[bytes] | None = None) -> bytes:
    """The PDU; values are NULL (requests), or the encoded elements in `raw`, one per varbind."""
    if raw is None:
        pairs = [_null_varbind(varbind[0]) for varbind in pdu.varbinds]
    else:
        pairs = [
            ber.tlv(ber.SEQUENCE, ber.tlv(ber.OID, ber.encode_oid(varbind.oid)) + value)
            for varbind, value in zip(pdu.varbinds, raw, strict=True)
        ]
    return ber.tlv(
        pdu.type,
        ber.encode_integer(pdu.request_id)
        + ber.encode_integer(pdu.error_status)
        + ber.encode_integer(pdu.error_index)
        + ber.tlv(ber.SEQUENCE, b"".join(pairs)),
    )


@lru_cache(maxsize=32768)
def _null_varbind(oid: str) -> bytes:
    """What a request holds for an OID: the same OIDs are asked at each poll."""
    return ber.tlv(ber.SEQUENCE, ber.tlv(ber.OID, ber.encode_oid(oid)) + _NULL)


def encode_community_message(version: int, community: bytes, pdu: bytes) -> bytes:
    """A v1 or v2c message around an encoded PDU."""
    return ber.tlv(ber.SEQUENCE, ber.encode_integer(version) + ber.tlv(ber.OCTET_STRING, community) + pdu)


def message_version(data: bytes) -> tuple[int, int, int]:
    """Version of any SNMP message, and where the rest of it begins and ends. Raises WireDecodeError.

    What follows the message in its datagram is ignored: some agents pad.
    """
    start, stop = ber.expect(data, 0, len(data), ber.SEQUENCE)
    first, after = ber.expect(data, start, stop, ber.INTEGER)
    return ber.decode_integer(data[first:after]), after, stop


def message_id(data: bytes) -> int:
    """The request-id (v1, v2c) or msgID (v3) by which a reply finds its question. Raises WireDecodeError."""
    version, pos, end = message_version(data)
    if version == V3:
        pos, end = ber.expect(data, pos, end, ber.SEQUENCE)
    elif version in (V1, V2C):
        _, pos = ber.expect(data, pos, end, ber.OCTET_STRING)
        tag, pos, end = ber.header(data, pos, end)
        if tag != PduType.RESPONSE:
            raise WireDecodeError(f"PDU {tag:#04x} is no response")
    else:
        raise WireDecodeError(f"unknown SNMP version {version}")
    start, stop = ber.expect(data, pos, end, ber.INTEGER)
    return ber.decode_integer(data[start:stop])


def decode_community_message(data: bytes) -> Message:
    """A v1 or v2c message. Raises WireDecodeError."""
    version, pos, end = message_version(data)
    if version not in (V1, V2C):
        raise WireDecodeError(f"SNMP version {version} where 0 or 1 belongs")
    start, stop = ber.expect(data, pos, end, ber.OCTET_STRING)
    return Message(version, data[start:stop], decode_pdu(data, stop, end))


def response_to(inform: bytes) -> bytes:
    """The Response to a v2c inform that could be decoded: the same message with another tag."""
    _, pos, end = message_version(inform)
    _, at = ber.expect(inform, pos, end, ber.OCTET_STRING)
    return inform[:at] + bytes((PduType.RESPONSE,)) + inform[at + 1 : end]


def decode_pdu(data: bytes, pos: int, end: int) -> Pdu:
    """The PDU at `pos`. Raises WireDecodeError."""
    kind, pos, end = ber.header(data, pos, end)
    if kind == PduType.TRAP_V1:
        return _decode_trap_v1(data, pos, end)
    if not PduType.GET <= kind <= PduType.REPORT:
        raise WireDecodeError(f"unknown PDU {kind:#04x}")
    numbers = []
    for _ in range(3):
        start, pos = ber.expect(data, pos, end, ber.INTEGER)
        numbers.append(ber.decode_integer(data[start:pos]))
    start, stop = ber.expect(data, pos, end, ber.SEQUENCE)
    return Pdu(kind, numbers[0], numbers[1], numbers[2], _decode_varbinds(data, start, stop))


def _decode_trap_v1(data: bytes, pos: int, end: int) -> Pdu:
    start, pos = ber.expect(data, pos, end, ber.OID)
    enterprise = ber.decode_oid(data[start:pos])
    start, pos = ber.expect(data, pos, end, ber.IP_ADDRESS)
    agent = ".".join(map(str, data[start:pos]))
    numbers = []
    for tag in (ber.INTEGER, ber.INTEGER, ber.TIME_TICKS):
        start, pos = ber.expect(data, pos, end, tag)
        numbers.append(ber.decode_unsigned(data[start:pos], 32))
    start, stop = ber.expect(data, pos, end, ber.SEQUENCE)
    head = TrapV1(enterprise, agent, numbers[0], numbers[1], numbers[2])
    return Pdu(PduType.TRAP_V1, 0, varbinds=_decode_varbinds(data, start, stop), trap=head)


def _decode_varbinds(data: bytes, pos: int, end: int) -> list[VarBind]:
    """The hot loop: a varbind of short lengths is read in place, any other by `_decode_varbind`."""
    out: list[VarBind] = []
    append, decode_oid, masks, new = out.append, ber.decode_oid, _UNSIGNED, tuple.__new__
    try:
        while pos < end:
            stop, first = pos + 2 + data[pos + 1], pos + 4
            after = first + data[pos + 3]
            start = after + 2
            if (
                data[pos] != ber.SEQUENCE
                or data[pos + 2] != ber.OID
                or data[pos + 1] | data[pos + 3] | data[after + 1] > 0x7F
                or stop > end
                or start + data[after + 1] != stop
            ):
                varbind, pos = _decode_varbind(data, pos, end)
                append(varbind)
                continue
            tag, value = data[after], data[start:stop]
            mask = masks.get(tag)
            decoded = (
                decode_value(tag, value)
                if mask is None or stop - start > ber.MAX_INTEGER_OCTETS
                else int.from_bytes(value, "big") & mask
            )
            append(new(VarBind, (decode_oid(data[first:after]), decoded)))
            pos = stop
    except IndexError:
        raise WireDecodeError("cut off in a varbind") from None
    return out


def _decode_varbind(data: bytes, pos: int, end: int) -> tuple[VarBind, int]:
    """One varbind of any form, and where the next begins."""
    start, stop = ber.expect(data, pos, end, ber.SEQUENCE)
    first, after = ber.expect(data, start, stop, ber.OID)
    oid = ber.decode_oid(data[first:after])
    tag, first, after = ber.header(data, after, stop)
    if after != stop:
        raise WireDecodeError("varbind holds more than one value")
    return VarBind(oid, decode_value(tag, data[first:after])), stop


_32, _64 = (1 << 32) - 1, (1 << 64) - 1
_UNSIGNED = {ber.COUNTER32: _32, ber.GAUGE32: _32, ber.TIME_TICKS: _32, ber.COUNTER64: _64, 0x47: _32}
"""0x47 is UInteger32 of RFC 1442: dropped from SNMP, alive in old agents."""
_MISSING = {missing.value: missing for missing in Missing}


def decode_value(tag: int, content: bytes) -> SnmpValue | Missing:
    """A varbind's value. Raises WireDecodeError."""
    mask = _UNSIGNED.get(tag)
    if mask is not None:
        return ber.decode_unsigned(content, mask.bit_length())
    if tag == ber.INTEGER:
        return ber.decode_integer(content)
    if tag in (ber.OCTET_STRING, 0x03):  # BITS are OCTET STRINGs; some agents say BIT STRING
        return content
    if tag == ber.OID:
        return ber.decode_oid(content)
    if tag == ber.NULL:
        return None
    if tag == ber.IP_ADDRESS:
        return ".".join(map(str, content)) if len(content) == 4 else content
    if tag == ber.OPAQUE:
        return opaque(content)
    missing = _MISSING.get(tag)
    if missing is not None:
        return missing
    if tag in (0x45, 0x78, 0x79):  # NsapAddress; a float that forgot its Opaque wrapper
        return content
    raise WireDecodeError(f"unknown value type {tag:#04x}")
