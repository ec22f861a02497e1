"""GETs and their answers in SNMPv3 messages, signed and encrypted: the twin of native/envelope.c.

See netwatch.native.flights for what it does.
"""

from __future__ import annotations

import hmac
from time import monotonic

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from netwatch.errors import WireDecodeError
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.exact import after_identifier, encode_get
from netwatch.wire.snmp.usm import decrypt_cfb, initial_vector
from netwatch.wire.snmp.v3 import AUTH, MAX_MESSAGE, PRIVACY

__all__ = ["Envelope"]

_KEYS = (16, 24, 32)
_MAX_NAME = 64
_MAX_TAIL = 7168
_LAST = (1 << 31) - 1
"""Of a clock."""
_SECURE = AUTH | PRIVACY
_VERSION = b"\x02\x01\x03"
_SIZE = ber.encode_integer(MAX_MESSAGE)
_FLAGS_AND_MODEL = b"\x04\x01\x07\x02\x01\x03"
"""Reportable, encrypted, signed; USM."""


class Envelope:
    """What one user says to one engine."""

    __slots__ = (
        "_auth_key",
        "_block",
        "_boots",
        "_digest",
        "_engine",
        "_hash",
        "_moment",
        "_privacy",
        "_salt",
        "_scope",
        "_time",
        "_user",
        "_zeros",
    )

    def __init__(
        self,
        hash_name: str,
        auth_key: bytes,
        digest: int,
        privacy_key: bytes,
        engine_id: bytes,
        context: bytes,
        user: bytes,
        salt: int,
        /,
    ) -> None:
        if len(privacy_key) not in _KEYS or max(map(len, (engine_id, context, user))) > _MAX_NAME:
            raise ValueError("not with this algorithm")
        self._hash, self._auth_key, self._digest = hash_name, auth_key, digest
        self._zeros = bytes(digest)
        self._privacy = AES(privacy_key)
        self._block = Cipher(self._privacy, ECB()).encryptor()  # noqa: S305 - for CFB, see decrypt_cfb
        self._engine = ber.tlv(ber.OCTET_STRING, engine_id)
        self._scope = self._engine + ber.tlv(ber.OCTET_STRING, context)
        self._user = ber.tlv(ber.OCTET_STRING, user)
        self._salt = salt
        self._boots, self._time, self._moment = 0, 0, 0.0

    def tune(self, boots: int, time: int, /) -> None:
        if not max(boots, time) <= _LAST:
            raise ValueError("too large a number")
        self._boots, self._time, self._moment = boots, time, monotonic()

    def clock(self) -> tuple[int, int]:
        return self._boots, self._time_at(monotonic())

    def _time_at(self, now: float) -> int:
        return min(_LAST, int(self._time + max(0.0, now - self._moment)))

    def ask(self, identifier: int, tail: bytes, now: float) -> bytes:
        """For the engine: a GET as of now."""
        self._salt = (self._salt + 1) & 0xFFFFFFFFFFFFFFFF
        return self.get(identifier, tail, self._boots, self._time_at(now), self._salt)

    def hear(self, datagram: bytes, identifier: int, now: float) -> tuple[bytes, int, int] | None:
        """For the engine: where the varbinds of an answer lie; the clock is learnt from it."""
        found = self.answer(datagram, identifier)
        if found is None:
            return None
        boots, time, plain, start, stop = found
        if (boots, time) > (self._boots, self._time_at(now)):
            self._boots, self._time, self._moment = boots, time, now
        return plain, start, stop

    def get(self, identifier: int, tail: bytes, boots: int, time: int, salt: int, /) -> bytes:
        if len(tail) > _MAX_TAIL or not max(identifier, boots, time) < 1 << 31:
            raise ValueError("too large a question or number")
        told = salt.to_bytes(8, "big")
        scoped = ber.tlv(ber.SEQUENCE, self._scope + encode_get(identifier, tail))
        stream = Cipher(self._privacy, CFB(initial_vector(boots, time, told))).encryptor()
        secret = b"\x04\x08" + told, ber.tlv(ber.OCTET_STRING, stream.update(scoped))
        head = ber.encode_integer(identifier) + _SIZE + _FLAGS_AND_MODEL
        engine = self._engine + ber.encode_integer(boots) + ber.encode_integer(time) + self._user
        signature = ber.tlv(ber.OCTET_STRING, self._zeros)
        security = ber.tlv(ber.OCTET_STRING, ber.tlv(ber.SEQUENCE, engine + signature + secret[0]))
        body = _VERSION + ber.tlv(ber.SEQUENCE, head) + security + secret[1]
        message = ber.tlv(ber.SEQUENCE, body)
        at = len(message) - len(secret[0]) - len(secret[1]) - self._digest
        mac = hmac.digest(self._auth_key, message, self._hash)[: self._digest]
        return message[:at] + mac + message[at + self._digest :]

    def answer(self, datagram: bytes, identifier: int, /) -> tuple[int, int, bytes, int, int] | None:
        try:
            return self._answer(datagram, identifier)
        except WireDecodeError:
            return None

    def _answer(self, data: bytes, identifier: int) -> tuple[int, int, bytes, int, int] | None:
        start, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
        version, pos = ber.integer(data, start, end)
        start, pos = ber.expect(data, pos, end, ber.SEQUENCE)
        message_id, start = ber.integer(data, start, pos)
        size, start = ber.integer(data, start, pos)
        first, start = ber.expect(data, start, pos, ber.OCTET_STRING)
        model, _ = ber.integer(data, start, pos)
        flagged = start - first == 1 and data[first] & _SECURE == _SECURE
        if version != 3 or model != 3 or not flagged or min(message_id, size) < 0:
            return None
        if max(message_id, size) >= 1 << 32:
            return None
        first, pos = ber.expect(data, pos, end, ber.OCTET_STRING)
        start, stop = ber.expect(data, first, pos, ber.SEQUENCE)
        after = start + len(self._engine)
        if data[start:after] != self._engine or after > stop:
            return None
        boots, start = ber.integer(data, after, stop)
        time, start = ber.integer(data, start, stop)
        after = start + len(self._user)
        if data[start:after] != self._user or after > stop or min(boots, time) < 0 or max(boots, time) >> 31:
            return None
        sign, start = ber.expect(data, after, stop, ber.OCTET_STRING)
        salt, last = ber.expect(data, start, stop, ber.OCTET_STRING)
        first, after = ber.expect(data, pos, end, ber.OCTET_STRING)
        if start - sign != self._digest or last - salt != 8 or not self._verified(data, sign, end):
            return None
        plain = decrypt_cfb(self._block, initial_vector(boots, time, data[salt:last]), data[first:after])
        found = _varbinds(plain, identifier)
        return None if found is None else (boots, time, plain, *found)

    def _verified(self, data: bytes, sign: int, end: int) -> bool:
        after = sign + self._digest
        unsigned = data[:sign] + self._zeros + data[after:end]
        mac = hmac.digest(self._auth_key, unsigned, self._hash)[: self._digest]
        return hmac.compare_digest(mac, data[sign:after])


def _varbinds(plain: bytes, identifier: int) -> tuple[int, int] | None:
    """Where in a scoped PDU the varbinds of the Response with this id lie."""
    start, end = ber.expect(plain, 0, len(plain), ber.SEQUENCE)
    _, pos = ber.expect(plain, start, end, ber.OCTET_STRING)
    _, pos = ber.expect(plain, pos, end, ber.OCTET_STRING)
    pos, end = ber.expect(plain, pos, end, 0xA2)
    request, pos = ber.integer(plain, pos, end)
    return after_identifier(plain, pos, end) if request == identifier else None
