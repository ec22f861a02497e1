"""Which pieces of evidence prove who a thing is, and which only look as if they did."""

from __future__ import annotations

import re
from collections.abc import Iterable

from netwatch.model import Witness, WitnessKind

__all__ = ["STRONG", "inventory_witnesses", "normalise", "strong"]

STRONG = (WitnessKind.UUID, WitnessKind.SERIAL, WitnessKind.WWN, WitnessKind.MAC)
"""Kinds that outlive a rename and a move, the most trusted first. Engine ids are weak (cloned configurations
share them), and so are names, addresses and row numbers."""

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
        digits = re.sub(r"[^0-9a-fA-F]", "", value).lower()
        value = ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))
    elif kind is WitnessKind.UUID:
        value = value.lower().strip("{}")
    elif kind is WitnessKind.SERIAL:
        value = value.upper()
    return Witness(kind, value)


def strong(witnesses: Iterable[Witness]) -> tuple[Witness, ...]:
    """The normalised witnesses that prove an identity, the most trusted first; placeholders are left out."""
    found = {normalise(witness) for witness in witnesses if witness.kind in STRONG}
    return tuple(
        sorted((w for w in found if not _placeholder(w)), key=lambda w: (STRONG.index(w.kind), w.value))
    )


def inventory_witnesses(serial: str, mac: str) -> tuple[Witness, ...]:
    """What a person entered as evidence."""
    declared = [Witness(WitnessKind.SERIAL, serial), Witness(WitnessKind.MAC, mac)]
    return strong(witness for witness in declared if witness.value)


def _placeholder(witness: Witness) -> bool:
    bare = re.sub(r"[\s_]", "", witness.value.lower())
    plain = re.sub(r"[^0-9a-z]", "", bare)
    if not plain or len(set(plain)) == 1 or bare in _PLACEHOLDERS or plain in _PLACEHOLDERS:
        return True
    if witness.kind is WitnessKind.MAC:
        # Six octets, and no group address (IEEE 802): a group is nobody's identity.
        return len(plain) != 12 or bool(int(plain[:2], 16) & 1)
    if witness.kind is WitnessKind.SERIAL:
        return len(plain) < 4
    return False
