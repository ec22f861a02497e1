"""SNMPv3 notifications (RFC 3413, 3.4): a trap's authoritative engine is the sender, an inform's are we."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence

from netwatch.errors import WireAuthError, WireDecodeError
from netwatch.model import Clock
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.pdu import Pdu, PduType, VarBind, encode_pdu
from netwatch.wire.snmp.usm import UsmKeys, UsmUser
from netwatch.wire.snmp.v3 import (
    AUTH,
    PRIVACY,
    REPORTABLE,
    EngineClock,
    V3Message,
    decode_v3,
    encode_v3,
    open_scoped_pdu,
    scoped_pdu,
)

__all__ = ["Notifications"]

MAX_ENGINES = 4096
WINDOW = 150
"""Seconds by which a message may be late (RFC 3414, 2.2.3)."""
UNKNOWN_ENGINE_IDS = "1.3.6.1.6.3.15.1.1.4.0"  # usmStatsUnknownEngineIDs
NOT_IN_TIME_WINDOWS = "1.3.6.1.6.3.15.1.1.2.0"  # usmStatsNotInTimeWindows

_NO_KEYS = UsmKeys(None, b"", None, b"")


class Notifications:
    """Receives for a set of users. The engine id is new at each start, so boots is always 1."""

    def __init__(self, users: Sequence[UsmUser], clock: Clock) -> None:
        self._users = {user.name.encode(): user for user in users}
        self._clock = clock
        # RFC 3411, SnmpEngineID: no enterprise of our own (0), format 5, octets as we like.
        self._engine_id = b"\x80\x00\x00\x00\x05" + os.urandom(12)
        self._started = clock.now().mono
        self._salt = int.from_bytes(os.urandom(8), "big")
        self._reports = 0
        self._keys: OrderedDict[tuple[bytes, bytes], UsmKeys] = OrderedDict()
        self._latest: OrderedDict[bytes, tuple[int, int]] = OrderedDict()

    def receive(self, data: bytes) -> tuple[Pdu | None, bytes]:
        """The notification if it is one, and the datagram to answer with (or nothing).

        Raises WireAuthError, WireDecodeError.
        """
        message = decode_v3(data)
        if not message.engine.engine_id:
            return None, self._report(message, UNKNOWN_ENGINE_IDS, _NO_KEYS)
        user = self._users.get(message.user)
        if user is None:
            raise WireAuthError("unknown SNMPv3 user")
        keys = self._keys_of(user, message.engine.engine_id)
        needed = (AUTH if keys.auth else 0) | (PRIVACY if keys.privacy else 0)
        if message.flags & needed != needed:
            raise WireAuthError("notification is less secure than its user demands")
        engine, context, pdu = open_scoped_pdu(message, data, keys)
        if message.engine.engine_id == self._engine_id:
            return self._inform(message, keys, engine, context, pdu)
        if pdu.type != PduType.TRAP:
            raise WireDecodeError(f"PDU {pdu.type:#04x} is no trap")
        self._check_order(message)
        return pdu, b""

    def _inform(
        self, message: V3Message, keys: UsmKeys, engine: bytes, context: bytes, pdu: Pdu
    ) -> tuple[Pdu | None, bytes]:
        if pdu.type != PduType.INFORM:
            raise WireDecodeError(f"PDU {pdu.type:#04x} is no inform")
        now = self._now()
        if keys.auth and (message.engine.boots != now.boots or abs(message.engine.time - now.time) > WINDOW):
            return None, self._report(message, NOT_IN_TIME_WINDOWS, keys)
        # RFC 3416, 4.2.7: the answer repeats the inform's varbinds; a manager needs only the ids.
        answer = encode_pdu(Pdu(PduType.RESPONSE, pdu.request_id))
        return pdu, self._seal(message, keys, scoped_pdu(engine, context, answer))

    def _report(self, message: V3Message, oid: str, keys: UsmKeys) -> bytes:
        """Tells our engine id, or our time: signed where the asker has to trust it."""
        if not message.flags & REPORTABLE:
            return b""
        self._reports = (self._reports + 1) & 0xFFFFFFFF
        counter = ber.encode_integer(self._reports, ber.COUNTER32)
        report = encode_pdu(Pdu(PduType.REPORT, 0, varbinds=[VarBind(oid, None)]), [counter])
        signed = UsmKeys(keys.auth, keys.auth_key, None, b"")
        return self._seal(message, signed, scoped_pdu(self._engine_id, b"", report))

    def _seal(self, message: V3Message, keys: UsmKeys, scoped: bytes) -> bytes:
        self._salt = (self._salt + 1) & 0xFFFFFFFFFFFFFFFF
        return encode_v3(message.id, self._now(), message.user, keys, scoped, salt=self._salt, flags=0)

    def _now(self) -> EngineClock:
        return EngineClock(self._engine_id, 1, int(self._clock.now().mono - self._started))

    def _keys_of(self, user: UsmUser, engine_id: bytes) -> UsmKeys:
        name = (user.name.encode(), engine_id)
        keys = self._keys.pop(name, None) or user.keys(engine_id)
        self._keys[name] = keys
        if len(self._keys) > MAX_ENGINES:
            self._keys.popitem(last=False)
        return keys

    def _check_order(self, message: V3Message) -> None:
        """A signed trap that is older than what its engine sent before is a replay (RFC 3414, 3.2, 7b)."""
        if not message.flags & AUTH:
            return
        told = message.engine
        boots, time = self._latest.pop(told.engine_id, (0, 0))
        self._latest[told.engine_id] = max((boots, time), (told.boots, told.time))
        if len(self._latest) > MAX_ENGINES:
            self._latest.popitem(last=False)
        if (told.boots, told.time + WINDOW) < (boots, time):
            raise WireAuthError("SNMPv3 trap is older than the last one of its engine: a replay")
