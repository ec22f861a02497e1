"""One simulated SNMP agent: messages in, messages out (RFC 1157, RFC 1901, RFC 3412, RFC 3414)."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from netwatch.simulate import ber
from netwatch.simulate.pdu import REPORT, answer, parse_pdu, pdu
from netwatch.simulate.usm import LocalKeys, User
from netwatch.simulate.view import MibView

__all__ = ["Agent", "engine_id_of"]

_V1, _V2C, _V3 = 0, 1, 3
_AUTH, _PRIVACY, _REPORTABLE = 1, 2, 4
_WINDOW = 150
"""Seconds that a peer's idea of the engine's time may be off, RFC 3414 section 2.2.3."""
_USM_STATS = (1, 3, 6, 1, 6, 3, 15, 1, 1)
_UNSUPPORTED_LEVEL, _NOT_IN_WINDOW, _UNKNOWN_USER, _UNKNOWN_ENGINE, _WRONG_DIGEST, _DECRYPTION = range(1, 7)


def engine_id_of(enterprise: int, mac: bytes) -> bytes:
    """snmpEngineID with an enterprise number and a MAC address, RFC 3411 section 5."""
    return (enterprise | 0x80000000).to_bytes(4, "big") + b"\x03" + mac


@dataclass(frozen=True, slots=True)
class _Security:
    """What the USM header of a request said."""

    engine_id: bytes
    boots: int
    time: int
    user: bytes
    digest: bytes
    digest_at: int
    salt: bytes


@dataclass
class Agent:
    """Answers for one device. `view` is called at each request, so that building it can be put off."""

    view: Callable[[], MibView]
    communities: Mapping[bytes, Callable[[], MibView] | None] = field(default_factory=dict)
    """None: the default view; a community of a bridge context has a view of its own."""
    users: Mapping[bytes, User] = field(default_factory=dict)
    engine_id: bytes = b""
    engine: Callable[[float], tuple[int, int]] = lambda seconds: (1, int(seconds))
    """snmpEngineBoots and snmpEngineTime at a time of the simulation."""
    max_size: int = 1400
    """Bytes of the largest response."""
    _keys: dict[bytes, LocalKeys] = field(default_factory=dict, repr=False)
    _reports: dict[int, int] = field(default_factory=dict, repr=False)
    _salt: int = 0

    def respond(self, data: bytes, seconds: float) -> bytes | None:
        """The response to one message; None where an agent stays silent. Never raises."""
        try:
            outer = ber.read(data, 0, len(data), ber.SEQUENCE)
            version = ber.read(data, outer.start, outer.end, ber.INTEGER)
            number = ber.decode_integer(data[version.start : version.end])
            if number == _V3:
                return self._respond_v3(data, version.end, outer.end, seconds)
            if number not in (_V1, _V2C):
                return None
            community = ber.read(data, version.end, outer.end, ber.OCTET_STRING)
            name = data[community.start : community.end]
            if name not in self.communities:
                return None
            view = (self.communities[name] or self.view)()
            request = parse_pdu(data, community.end, outer.end)
            reply = answer(view, request, number, seconds, self.max_size)
            return ber.tlv(ber.SEQUENCE, data[outer.start : community.end] + reply)
        except ValueError:
            return None

    def _respond_v3(self, data: bytes, at: int, limit: int, seconds: float) -> bytes | None:
        header = ber.read(data, at, limit, ber.SEQUENCE)
        message_id = ber.read(data, header.start, header.end, ber.INTEGER)
        peer_size = ber.read(data, message_id.end, header.end, ber.INTEGER)
        flags = ber.read(data, peer_size.end, header.end, ber.OCTET_STRING)
        model = ber.read(data, flags.end, header.end, ber.INTEGER)
        if data[model.start : model.end] != b"\x03" or flags.end - flags.start != 1:
            return None
        level = data[flags.start]
        message = data[message_id.start : message_id.end]
        parameters = ber.read(data, header.end, limit, ber.OCTET_STRING)
        security = _security(data, parameters)
        size = min(self.max_size, max(484, ber.decode_integer(data[peer_size.start : peer_size.end])))
        fault, keys = self._check(data, security, level, seconds)
        if fault:
            if not level & _REPORTABLE:
                return None
            # Only a time outside the window is told authenticated: the peer then takes over our time.
            signed = keys if fault == _NOT_IN_WINDOW else None
            return self._report(fault, message, data, parameters.end, limit, seconds, signed, security.user)
        body, start, end = data, parameters.end, limit
        if level & _PRIVACY:
            assert keys is not None
            secret = ber.read(data, start, end, ber.OCTET_STRING)
            try:
                body = keys.decrypt(
                    data[secret.start : secret.end], security.boots, security.time, security.salt
                )
                start, end = 0, len(body)
                scoped = ber.read(body, start, end, ber.SEQUENCE)
            except ValueError:
                return self._report(_DECRYPTION, message, b"", 0, 0, seconds, keys, security.user)
        else:
            scoped = ber.read(body, start, end, ber.SEQUENCE)
        engine = ber.read(body, scoped.start, scoped.end, ber.OCTET_STRING)
        context = ber.read(body, engine.end, scoped.end, ber.OCTET_STRING)
        request = parse_pdu(body, context.end, scoped.end)
        view = self._context_view(body[context.start : context.end])
        if view is None:
            return None
        overhead = 140
        reply = answer(view, request, _V3, seconds, size - overhead)
        scope = ber.tlv(ber.SEQUENCE, body[scoped.start : context.end] + reply)
        return self._message(message, scope, level & (_AUTH | _PRIVACY), keys, security.user, seconds)

    def _context_view(self, context: bytes) -> MibView | None:
        return self.view() if not context else None

    def _check(
        self, data: bytes, security: _Security, level: int, seconds: float
    ) -> tuple[int, LocalKeys | None]:
        """Section 3.2 of RFC 3414: which usmStats counter the request raises, 0 for none."""
        if security.engine_id != self.engine_id:
            return _UNKNOWN_ENGINE, None
        user = self.users.get(security.user)
        if user is None:
            return _UNKNOWN_USER, None
        wanted = (_AUTH if user.auth else 0) | (_PRIVACY if user.privacy else 0)
        if level & (_AUTH | _PRIVACY) != wanted:
            return _UNSUPPORTED_LEVEL, None
        keys = self._keys.get(security.user)
        if keys is None:
            keys = self._keys[security.user] = user.keys_for(self.engine_id)
        if level & _AUTH:
            length = len(security.digest)
            blank = data[: security.digest_at] + b"\0" * length + data[security.digest_at + length :]
            if length != keys.digest_bytes or not hmac.compare_digest(keys.sign(blank), security.digest):
                return _WRONG_DIGEST, None
            boots, time = self.engine(seconds)
            if security.boots != boots or abs(security.time - time) > _WINDOW:
                return _NOT_IN_WINDOW, keys
        return 0, keys

    def _report(
        self,
        fault: int,
        message: bytes,
        data: bytes,
        at: int,
        limit: int,
        seconds: float,
        keys: LocalKeys | None,
        user: bytes,
    ) -> bytes:
        count = self._reports[fault] = self._reports.get(fault, 0) + 1
        name = ber.encode_oid((*_USM_STATS, fault, 0))
        varbind = ber.tlv(ber.SEQUENCE, name + ber.encode_value(ber.COUNTER32, count))
        report = pdu(REPORT, _request_id(data, at, limit), 0, 0, varbind)
        scope = ber.tlv(
            ber.SEQUENCE,
            ber.tlv(ber.OCTET_STRING, self.engine_id) + ber.tlv(ber.OCTET_STRING, b"") + report,
        )
        return self._message(message, scope, _AUTH if keys else 0, keys, user, seconds)

    def _message(
        self, message: bytes, scope: bytes, level: int, keys: LocalKeys | None, user: bytes, seconds: float
    ) -> bytes:
        boots, time = self.engine(seconds)
        salt = b""
        if level & _PRIVACY and keys is not None:
            self._salt += 1
            salt = boots.to_bytes(4, "big")[-4:] + (self._salt & 0xFFFFFFFF).to_bytes(4, "big")
            scope = ber.tlv(ber.OCTET_STRING, keys.encrypt(scope, boots, time, salt))
        header = ber.tlv(
            ber.SEQUENCE,
            ber.tlv(ber.INTEGER, message)
            + ber.encode_integer(65507)
            + ber.tlv(ber.OCTET_STRING, bytes((level,)))
            + ber.encode_integer(3),
        )
        blank = b"\0" * (keys.digest_bytes if keys and level & _AUTH else 0)

        def assemble(digest: bytes) -> bytes:
            parameters = ber.tlv(
                ber.SEQUENCE,
                ber.tlv(ber.OCTET_STRING, self.engine_id)
                + ber.encode_integer(boots)
                + ber.encode_integer(time)
                + ber.tlv(ber.OCTET_STRING, user)
                + ber.tlv(ber.OCTET_STRING, digest)
                + ber.tlv(ber.OCTET_STRING, salt),
            )
            return ber.tlv(
                ber.SEQUENCE,
                ber.encode_integer(_V3) + header + ber.tlv(ber.OCTET_STRING, parameters) + scope,
            )

        whole = assemble(blank)
        return assemble(keys.sign(whole)) if keys and blank else whole


def _security(data: bytes, parameters: ber.Element) -> _Security:
    body = ber.read(data, parameters.start, parameters.end, ber.SEQUENCE)
    engine = ber.read(data, body.start, body.end, ber.OCTET_STRING)
    boots = ber.read(data, engine.end, body.end, ber.INTEGER)
    time = ber.read(data, boots.end, body.end, ber.INTEGER)
    user = ber.read(data, time.end, body.end, ber.OCTET_STRING)
    digest = ber.read(data, user.end, body.end, ber.OCTET_STRING)
    salt = ber.read(data, digest.end, body.end, ber.OCTET_STRING)
    return _Security(
        data[engine.start : engine.end],
        ber.decode_integer(data[boots.start : boots.end]),
        ber.decode_integer(data[time.start : time.end]),
        data[user.start : user.end],
        data[digest.start : digest.end],
        digest.start,
        data[salt.start : salt.end],
    )


def _request_id(data: bytes, at: int, limit: int) -> bytes:
    """The request-id of a plain scoped PDU, 0 where it is encrypted or unreadable."""
    try:
        scoped = ber.read(data, at, limit, ber.SEQUENCE)
        engine = ber.read(data, scoped.start, scoped.end, ber.OCTET_STRING)
        context = ber.read(data, engine.end, scoped.end, ber.OCTET_STRING)
        body = ber.read(data, context.end, scoped.end)
        number = ber.read(data, body.start, body.end, ber.INTEGER)
        return data[number.start : number.end]
    except ber.BerError:
        return b"\0"
