"""Which pieces of evidence prove who a thing is, and which only look as if they did."""

from __future__ import annotations

import re
from collections.abc import Iterable

from netwatch.model import Witness, WitnessKind

__all__ = ["STRONG", "inventory_witnesses", "normalise", "strong"]

STRONG = (WitnessKind.UUID, WitnessKind.SERIAL, WitnessKind.WWN, WitnessKind.MAC)
"""Kinds that outlive a rename and a move, the most trusted first. Engine ids are weak (cloned configurations
share them), and so are names, addresses and row numbers."""

_PLAIN_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
_NO_DIGIT = re.compile(r"[^0-9a-fA-F]")

_VIRTUAL = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:", "00:00:0c:9f:f")
"""MAC addresses of whoever is master now: VRRP (RFC 9568) for IPv4 and IPv6, HSRP (RFC 2281) and its
second version."""

_PLACEHOLDERS = frozenset(
    {
        "012345678",
        "0123456789",
        "0123456789abcdef",
        "03000200-0400-0500-0006-000700080009",
        "1234567",
        "12345678",
        "123456789",
        "1234567890",
        "chassisserialnumber",
        "default",
        "defaultstring",
        "empty",
        "n/a",
        "na",
        "none",
        "notapplicable",
        "notavailable",
        "notset",
        "notspecified",
        "null",
        "oem",
        "oemserial",
        "sample",
        "serialnumber",
        "systemserialnumber",
        "test",
        "tobefilledbyo.e.m.",
        "tobefilledbyoem",
        "unknown",
        "unspecified",
    }
)
"""What makers leave in the field of a serial number (or UUID) that they never filled."""


def normalise(witness: Witness) -> Witness:
    """One spelling per value: MAC addresses and WWNs as lower-case hex with colons, UUIDs in lower case,
    serial numbers in upper case without outer blanks."""
    kind, value = witness.kind, witness.value.strip()
    if kind in (WitnessKind.MAC, WitnessKind.WWN):
        if _PLAIN_MAC.fullmatch(value) is None:
            digits = _NO_DIGIT.sub("", value).lower()
            value = ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))
    elif kind is WitnessKind.UUID:
        value = value.lower().strip("{}")
    elif kind is WitnessKind.SERIAL:
        value = value.upper()
    return witness if value == witness.value else Witness(kind, value)


def strong(witnesses: Iterable[Witness]) -> tuple[Witness, ...]:
    """The normalised witnesses that prove an identity, the most trusted first; placeholders are left out."""
    told = dict.fromkeys(normalise(witness) for witness in witnesses if witness.kind in STRONG)
    found = [witness for witness in told if not _placeholder(witness)]
    if len(found) > 1:
        found.sort(key=lambda w: (STRONG.index(w.kind), w.value))
    return tuple(found)


def inventory_witnesses(serial: str, mac: str) -> tuple[Witness, ...]:
    """What a person entered as evidence."""
    declared = [Witness(WitnessKind.SERIAL, serial), Witness(WitnessKind.MAC, mac)]
    return strong(witness for witness in declared if witness.value)


def _placeholder(witness: Witness) -> bool:
    if witness.kind is WitnessKind.MAC:
        # Six octets that differ, and no group address (IEEE 802): a group is nobody's identity.
        value = witness.value
        if len(value) != 17 or len(set(value)) == 2 or int(value[:2], 16) & 1:
            return True
        return value.startswith(_VIRTUAL)
    bare = re.sub(r"[\s_]", "", witness.value.lower())
    plain = re.sub(r"[^0-9a-z]", "", bare)
    if not plain or len(set(plain)) == 1 or bare in _PLACEHOLDERS or plain in _PLACEHOLDERS:
        return True
    return witness.kind is WitnessKind.SERIAL and len(plain) < 4
