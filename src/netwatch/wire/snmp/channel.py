"""How a PDU becomes a message and back: with a community, or with USM."""

from __future__ import annotations

import contextlib
import secrets
from typing import Protocol

from netwatch.errors import WireAuthError, WireDecodeError
from netwatch.model import Clock, Secret, UsmPrivacy
from netwatch.native.flights import Envelope, Kernel
from netwatch.wire.snmp.ber import header
from netwatch.wire.snmp.pdu import (
    Pdu,
    PduType,
    decode_community_message,
    decode_pdu,
    encode_community_message,
    encode_pdu,
)
from netwatch.wire.snmp.usm import UsmKeys, UsmUser
from netwatch.wire.snmp.v3 import (
    AUTH,
    PRIVACY,
    REPORTABLE,
    EngineClock,
    decode_v3,
    encode_v3,
    open_payload,
    pdu_at,
    scoped_pdu,
)

__all__ = ["Channel", "CommunityChannel", "UsmChannel"]


class Channel(Protocol):
    def encode(self, pdu: Pdu, identifier: int) -> bytes:
        """A message whose reply can be told by `identifier`."""
        ...

    def decode(self, data: bytes, identifier: int) -> Pdu:
        """A Response, or a Report that `judge` understands. Raises WireDecodeError, WireAuthError."""
        ...

    def judge(self, report: Pdu) -> None:
        """Returns if asking again can help after a Report; else raises WireAuthError."""
        ...


class CommunityChannel:
    """SNMPv1 and v2c."""

    def __init__(self, version: int, community: Secret, suffix: str = "") -> None:
        self._version = version
        self._community = community
        self._suffix = suffix

    @property
    def version(self) -> int:
        return self._version

    @property
    def community(self) -> bytes:
        return (self._community.reveal() + self._suffix).encode()

    def encode(self, pdu: Pdu, identifier: int) -> bytes:
        body = encode_pdu(Pdu(pdu.type, identifier, pdu.error_status, pdu.error_index, pdu.varbinds))
        return encode_community_message(self._version, self.community, body)

    def decode(self, data: bytes, identifier: int) -> Pdu:  # noqa: ARG002 - found by its request-id already
        message = decode_community_message(data)
        if message.pdu.type != PduType.RESPONSE:
            raise WireDecodeError(f"PDU {message.pdu.type:#04x} is no response")
        return message.pdu

    def judge(self, report: Pdu) -> None:  # noqa: ARG002
        raise WireDecodeError("an SNMPv3 report came back to a community message")


# usmStats of RFC 3414: what a Report says.
_STATS = "1.3.6.1.6.3.15.1.1"
_RETRY = {f"{_STATS}.2.0": "not in time window", f"{_STATS}.4.0": "unknown engine id"}
_REFUSED = {
    f"{_STATS}.1.0": "the agent refuses this SNMPv3 security level",
    f"{_STATS}.3.0": "the agent does not know this SNMPv3 user",
    f"{_STATS}.5.0": "the agent finds the SNMPv3 signature wrong: check auth protocol and password",
    f"{_STATS}.6.0": "the agent can't decrypt: check privacy protocol and password",
}


class UsmChannel:
    """SNMPv3. Knows the agent's engine once it has told of it, and learns anew when that changes."""

    def __init__(self, user: UsmUser, context: str, clock: Clock) -> None:
        self._user = user
        self._context = context.encode()
        self._clock = clock
        # A start that nobody can know keeps salts from repeating after a restart (RFC 3414, 8.1.1.1).
        self._salt = secrets.randbits(64)
        self._engine = EngineClock(b"", 0, 0)
        self._synced = 0.0
        self._keys: UsmKeys | None = None
        self._envelope: Envelope | None = None
        self._tried = False

    @property
    def engine(self) -> EngineClock:
        return self._engine

    def encode(self, pdu: Pdu, identifier: int) -> bytes:
        body = Pdu(pdu.type, identifier, pdu.error_status, pdu.error_index, pdu.varbinds)
        return self.wrap(encode_pdu(body), identifier)

    def envelope(self, kernel: Kernel) -> Envelope | None:
        """Writes and reads the messages of flights, once the agent has told its engine id: of what is signed
        and encrypted by AES. The rest is rare, and takes the general way."""
        if not self._tried and self._engine.engine_id:
            self._tried = True
            keys = self._keys = self._keys or self._user.keys(self._engine.engine_id)
            if keys.auth is not None and keys.privacy not in (None, UsmPrivacy.DES):
                self._open_envelope(kernel, keys)
        return self._envelope

    def _open_envelope(self, kernel: Kernel, keys: UsmKeys) -> None:
        signed = keys.hash_name, keys.auth_key, keys.digest_octets
        names = self._engine.engine_id, self._context, self._user.name.encode()
        with contextlib.suppress(ValueError):
            self._envelope = kernel.Envelope(*signed, keys.privacy_key, *names, secrets.randbits(64))
            self._envelope.tune(self._engine.boots, self._time())

    def _fresh_salt(self) -> int:
        self._salt = (self._salt + 1) & 0xFFFFFFFFFFFFFFFF
        return self._salt

    def _time(self) -> int:
        """snmpEngineTime as it should be now."""
        return self._engine.time + int(self._clock.now().mono - self._synced)

    def wrap(self, pdu: bytes, identifier: int) -> bytes:
        """A message around an encoded PDU; or one that makes the agent tell its engine id, if that is new."""
        if not self._engine.engine_id:
            # RFC 3414, 4: an empty question without security makes the agent tell its engine id.
            empty = scoped_pdu(b"", b"", encode_pdu(Pdu(PduType.GET, identifier)))
            keys = UsmKeys(None, b"", None, b"")
            return encode_v3(identifier, self._engine, b"", keys, empty, salt=0, flags=REPORTABLE)
        if self._keys is None:
            self._keys = self._user.keys(self._engine.engine_id)
        if self._envelope is not None:  # flights have heard more of the engine's clock
            self._learn(EngineClock(self._engine.engine_id, *self._envelope.clock()), replace=False)
        engine = EngineClock(self._engine.engine_id, self._engine.boots, self._time())
        scoped = scoped_pdu(engine.engine_id, self._context, pdu)
        name = self._user.name.encode()
        return encode_v3(
            identifier, engine, name, self._keys, scoped, salt=self._fresh_salt(), flags=REPORTABLE
        )

    def decode(self, data: bytes, identifier: int) -> Pdu:
        plain, pos, stop = self.unwrap(data)
        pdu = decode_pdu(plain, pos, stop)
        if pdu.type == PduType.RESPONSE and pdu.request_id != identifier:
            raise WireDecodeError("the SNMPv3 reply is no answer to this request")
        return pdu

    def unwrap(self, data: bytes) -> tuple[bytes, int, int]:
        """A reply's scoped PDU, and where in it the Response or Report lies: verified, and learnt from.

        Raises WireDecodeError, WireAuthError.
        """
        message = decode_v3(data)
        known = message.engine.engine_id == self._engine.engine_id
        if known and self._keys is not None:
            keys = self._keys
        else:
            keys = self._user.keys(message.engine.engine_id) if message.flags & AUTH else _NO_KEYS
        plain, stop = open_payload(message, data, keys)
        pos = pdu_at(plain, stop)
        kind, _, end = header(plain, pos, stop)
        if kind == PduType.REPORT:
            self._learn(message.engine, replace=True)
            return plain, pos, end
        if kind != PduType.RESPONSE:
            raise WireDecodeError("the SNMPv3 reply is no answer to this request")
        needed = (AUTH if keys.auth else 0) | (PRIVACY if keys.privacy else 0)
        if not known or message.flags & needed != needed:
            raise WireDecodeError("the SNMPv3 reply is less secure than the question")
        self._learn(message.engine, replace=False)
        return plain, pos, end

    def judge(self, report: Pdu) -> None:
        oids = {varbind.oid for varbind in report.varbinds}
        for oid, meaning in _REFUSED.items():
            if oid in oids:
                raise WireAuthError(meaning)
        if not oids & _RETRY.keys():
            raise WireAuthError("the agent sent an SNMPv3 report that says nothing known")

    def _learn(self, told: EngineClock, *, replace: bool) -> None:
        """Takes over the engine's clock; from a Response only if it is ahead (RFC 3414, 3.2, 7b)."""
        now = self._clock.now().mono
        if told.engine_id != self._engine.engine_id:
            self._keys, self._envelope, self._tried = None, None, False
        here = (self._engine.boots, self._engine.time + now - self._synced)
        if replace or (told.boots, float(told.time)) > here:
            self._engine, self._synced = told, now
            if self._envelope is not None:
                self._envelope.tune(told.boots, told.time)


_NO_KEYS = UsmKeys(None, b"", None, b"")
