"""SNMP requests answered from a view: GET, GETNEXT and GETBULK of RFC 3416, and RFC 1157 for v1."""

from __future__ import annotations

from dataclasses import dataclass

from netwatch.simulate import ber
from netwatch.simulate.view import MibView

__all__ = ["GET", "GETBULK", "GETNEXT", "REPORT", "RESPONSE", "Request", "answer", "parse_pdu", "pdu"]

GET, GETNEXT, RESPONSE, GETBULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA5, 0xA8
_TOO_BIG, _NO_SUCH_NAME = 1, 2
_HEADROOM = 60
"""Bytes of a message around its varbinds: version, community, PDU header."""


@dataclass(frozen=True, slots=True)
class Request:
    kind: int
    request_id: bytes
    """Content of the INTEGER, sent back as it came."""
    first: int
    """GETBULK: non-repeaters; else error-status."""
    second: int
    """GETBULK: max-repetitions; else error-index."""
    names: tuple[bytes, ...]
    """Each name as it came, tag and length included."""
    keys: tuple[bytes, ...]
    """The same as sort keys."""


def parse_pdu(data: bytes, at: int, limit: int) -> Request:
    """Raises BerError."""
    body = ber.read(data, at, limit)
    if body.tag not in (GET, GETNEXT, GETBULK):
        raise ber.BerError("not a request that is served")
    number = ber.read(data, body.start, body.end, ber.INTEGER)
    first = ber.read(data, number.end, body.end, ber.INTEGER)
    second = ber.read(data, first.end, body.end, ber.INTEGER)
    varbinds = ber.read(data, second.end, body.end, ber.SEQUENCE)
    names: list[bytes] = []
    keys: list[bytes] = []
    at = varbinds.start
    while at < varbinds.end:
        varbind = ber.read(data, at, varbinds.end, ber.SEQUENCE)
        name = ber.read(data, varbind.start, varbind.end, ber.OID)
        names.append(data[varbind.start : name.end])
        keys.append(ber.oid_key(ber.decode_oid(data[name.start : name.end])))
        at = varbind.end
    return Request(
        body.tag,
        data[number.start : number.end],
        ber.decode_integer(data[first.start : first.end]),
        ber.decode_integer(data[second.start : second.end]),
        tuple(names),
        tuple(keys),
    )


def pdu(kind: int, request_id: bytes, status: int, index: int, varbinds: bytes) -> bytes:
    return ber.tlv(
        kind,
        ber.tlv(ber.INTEGER, request_id)
        + ber.encode_integer(status)
        + ber.encode_integer(index)
        + ber.tlv(ber.SEQUENCE, varbinds),
    )


def answer(view: MibView, request: Request, version: int, seconds: float, max_size: int) -> bytes:
    """The response PDU. `version`: 0 is v1, 1 is v2c, 3 is v3. `max_size`: of the message, bytes."""
    room = max_size - _HEADROOM
    if request.kind == GETBULK and version > 0:
        return pdu(RESPONSE, request.request_id, 0, 0, _bulk(view, request, seconds, room))
    out: list[bytes] = []
    for number, (name, key) in enumerate(zip(request.names, request.keys, strict=True), 1):
        position, exception = _locate(view, request.kind, key)
        if position is not None:
            out.append(view.varbind(position, seconds))
        elif version == 0:
            return pdu(RESPONSE, request.request_id, _NO_SUCH_NAME, number, _echo(request))
        else:
            out.append(_missing(name, exception))
    body = b"".join(out)
    if len(body) > room:
        return pdu(RESPONSE, request.request_id, _TOO_BIG, 0, _echo(request) if version == 0 else b"")
    return pdu(RESPONSE, request.request_id, 0, 0, body)


def _locate(view: MibView, kind: int, key: bytes) -> tuple[int | None, int]:
    """Where the answer for one name is; else None and the exception that says so."""
    if kind == GET:
        position = view.find(key)
        if position is not None:
            return position, 0
        # An object is there with other instances: the column, or the scalar without its .0, exists.
        known = view.has_below(key[:-4]) if len(key) > 4 else False
        return None, ber.NO_SUCH_INSTANCE if known else ber.NO_SUCH_OBJECT
    position = view.after(key)
    return (position, 0) if position < len(view) else (None, ber.END_OF_MIB_VIEW)


def _bulk(view: MibView, request: Request, seconds: float, room: int) -> bytes:
    """RFC 3416 section 4.2.3; as many whole varbinds as fit."""
    once = min(max(request.first, 0), len(request.names))
    out: list[bytes] = []
    for name, key in zip(request.names[:once], request.keys[:once], strict=True):
        position = view.after(key)
        found = position < len(view)
        out.append(view.varbind(position, seconds) if found else _missing(name, ber.END_OF_MIB_VIEW))
    size = sum(map(len, out))
    total = len(view)
    positions = [view.after(key) for key in request.keys[once:]]
    names = list(request.names[once:])
    for _ in range(max(request.second, 0) if names else 0):
        for column, position in enumerate(positions):
            if position < total:
                varbind = view.varbind(position, seconds)
                length = ber.read(varbind, 0, len(varbind))
                names[column] = varbind[length.start : ber.read(varbind, length.start, length.end).end]
                positions[column] = position + 1
            else:
                varbind = _missing(names[column], ber.END_OF_MIB_VIEW)
            size += len(varbind)
            if size > room and out:
                return b"".join(out)
            out.append(varbind)
        if min(positions) >= total:
            break
    return b"".join(out)


def _missing(name: bytes, exception: int) -> bytes:
    return ber.tlv(ber.SEQUENCE, name + bytes((exception, 0)))


def _echo(request: Request) -> bytes:
    return b"".join(ber.tlv(ber.SEQUENCE, name + b"\x05\x00") for name in request.names)
