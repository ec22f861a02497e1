"""Raw values to clean ones: what agents, parsers and APIs send, in the form that the rest works with.

Everything here is total: a value that makes no sense gives None (unknown), never an exception and never 0.
"""

from __future__ import annotations

import ipaddress
import math
import re
import struct
from datetime import UTC, datetime, timedelta, timezone

__all__ = [
    "Value",
    "as_fact",
    "bit",
    "date_and_time",
    "hexadecimal",
    "ip_address",
    "key_of",
    "mac_address",
    "number",
    "octets",
    "opaque_float",
    "serial",
    "text",
    "truth",
    "unsigned",
]

Value = int | float | bytes | str | bool | tuple[object, ...] | None
"""What an expression works with. None is unknown."""

MAX_TEXT = 4096
"""Characters: longer text is cut."""

_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)")
_OPAQUE_FLOAT = b"\x9f\x78\x04"
_OPAQUE_DOUBLE = b"\x9f\x79\x08"
_HEX_MAC = re.compile(r"[0-9A-Fa-f]{12}")
_PLACEHOLDERS = frozenset(
    {"0", "00000000", "0000000000", "123456789", "1234567890", "na", "n/a", "n.a.", "none", "null", "unknown"}
    | {"unspecified", "empty", "default", "nosuchinstance", "invalid", "-1", "-", "--", "?", "unavailable"}
)
_PLACEHOLDER_TEXT = re.compile(
    r"(?i)to be filled|default string|not (specified|available|applicable|set|present)"
    r"|system serial|no serial"
)


def text(value: object) -> str | None:
    """Printable text: UTF-8, else Latin-1; NULs and outer blanks dropped. Nothing left is unknown."""
    if isinstance(value, bytes):
        try:
            out = value.decode("utf-8")
        except UnicodeDecodeError:
            out = value.decode("latin-1")
        out = out.replace("\0", "")
    elif isinstance(value, str):
        out = value
    elif isinstance(value, bool):
        return "true" if value else "false"
    elif isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    elif isinstance(value, int):
        return str(value) if abs(value) < 1 << 256 else None
    else:
        return None
    return out.strip()[:MAX_TEXT] or None


def number(value: object) -> int | float | None:
    """A number, also one in text (`36.5`, `12.42 V`: the leading number counts) or Opaque float."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        if value[:3] in (_OPAQUE_FLOAT, _OPAQUE_DOUBLE):
            return opaque_float(value)
        value = value[:64].decode("latin-1").replace("\0", "")
    if not isinstance(value, str):
        return None
    found = _NUMBER.match(value[:64])
    if found is None:
        return None
    digits = found.group(1)
    try:
        return int(digits)
    except ValueError:
        result = float(digits)
        return result if math.isfinite(result) else None


def opaque_float(value: object) -> float | None:
    """IEEE 754 in an Opaque (wrapped in 9f 78 04 or 9f 79 08) or bare in four or eight octets."""
    if not isinstance(value, bytes):
        return float(found) if (found := number(value)) is not None else None
    body = value[3:] if value[:3] in (_OPAQUE_FLOAT, _OPAQUE_DOUBLE) else value
    if len(body) not in (4, 8):
        return None
    result: float = struct.unpack(">f" if len(body) == 4 else ">d", body)[0]
    return result if math.isfinite(result) else None


def octets(value: object) -> bytes | None:
    """Octets: as they are, or from dotted decimals as an index has them (`0.27.33.1.2.3`)."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str) and value:
        try:
            return bytes(int(arc) for arc in value.split("."))
        except ValueError:
            return None
    return None


def unsigned(value: object) -> int | None:
    """Octets as one big-endian integer; a negative Integer32 as the Unsigned32 that it was meant to be."""
    if isinstance(value, bytes):
        return int.from_bytes(value[:32], "big") if value else None
    found = number(value)
    if found is None:
        return None
    return int(found) % (1 << 32) if found < 0 else int(found)


def mac_address(value: object) -> str | None:
    """`aa:bb:cc:dd:ee:ff` from octets, dotted decimals or any usual spelling. All zero: unknown."""
    if isinstance(value, bytes) and len(value) == 6:
        raw = value
    else:
        found = _mac_from_text(text(value) or "")
        if found is None:
            return None
        raw = found
    return raw.hex(":") if any(raw) else None


def _mac_from_text(written: str) -> bytes | None:
    parts = re.split(r"[:\-. ]", written)
    if len(parts) == 6:
        dotted = written.count(".") == 5
        try:
            return bytes(int(part, 10 if dotted else 16) for part in parts)
        except ValueError:
            return None
    squeezed = re.sub(r"[:\-. ]", "", written.removeprefix("0x"))
    return bytes.fromhex(squeezed) if _HEX_MAC.fullmatch(squeezed) else None


def ip_address(value: object) -> str | None:
    """IPv4 or IPv6 from 4 or 16 octets, an index's dotted decimals, or text. A zone is dropped."""
    if isinstance(value, bytes) and len(value) in (4, 8, 16, 20):
        raw = value[:4] if len(value) in (4, 8) else value[:16]
        if not (len(value) > 6 and value.isascii() and b"." in value):
            return str(ipaddress.ip_address(raw))
    written = text(value)
    if written is None:
        return None
    if written.count(".") == 15:
        raw = octets(written) or b""
        return str(ipaddress.ip_address(raw)) if len(raw) == 16 else None
    try:
        return str(ipaddress.ip_address(written.partition("%")[0]))
    except ValueError:
        return None


def hexadecimal(value: object, separator: str = "") -> str | None:
    """Lower-case hex digits of octets or of a non-negative integer."""
    if isinstance(value, bytes):
        out = value[: MAX_TEXT // 4].hex()
        return separator.join(out[at : at + 2] for at in range(0, len(out), 2)) or None
    found = number(value)
    return format(found, "x") if isinstance(found, int) and found >= 0 else None


def bit(value: object, position: object) -> bool | None:
    """One bit. Of BITS (RFC 2578, 7.1.4) bit 0 is the first octet's top; of an integer the lowest."""
    at = number(position)
    if not isinstance(at, int) or not 0 <= at < 8 * 1024:
        return None
    if isinstance(value, bytes):
        return at < 8 * len(value) and bool(value[at // 8] >> (7 - at % 8) & 1)
    found = number(value)
    return None if not isinstance(found, int) else bool(found >> at & 1)


def date_and_time(value: object) -> float | None:
    """Seconds since 1970 of a DateAndTime (RFC 2579); without a zone it is taken as UTC."""
    if not isinstance(value, bytes) or len(value) not in (8, 11):
        return None
    year, month, day, hour, minute, second, deci = struct.unpack(">HBBBBBB", value[:8])
    zone: timezone = UTC
    try:
        if len(value) == 11:
            offset = timedelta(hours=value[9], minutes=value[10])
            zone = timezone(-offset if value[8:9] == b"-" else offset)
        moment = datetime(year, month, day, hour, minute, min(second, 59), deci * 100_000, zone)
    except ValueError:
        return None
    return moment.timestamp()


def serial(value: object) -> str | None:
    """A serial number, unless it is a placeholder: `N/A`, `0`, `To be filled by O.E.M.`"""
    out = text(value)
    if out is None or not out.isprintable():
        return None
    folded = out.lower()
    if folded in _PLACEHOLDERS or _PLACEHOLDER_TEXT.search(out) or len(set(folded) - set(" .-:_")) < 2:
        return None
    return out


def truth(value: object) -> bool | None:
    """Is it so? Unknown stays unknown; text is true if there is any."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    return bool(value)


def key_of(value: object) -> str | None:
    """A form in which spellings meet: 12, `12` and the octets of `12` are one; binary octets stay exact."""
    if isinstance(value, bytes):
        try:
            out = value.decode("utf-8").strip("\0 ")
        except UnicodeDecodeError:
            return value.decode("latin-1")
        return out if out.isprintable() else value.decode("latin-1")
    return text(value)


def as_fact(value: object) -> str | int | float | bool | None:
    """A value as an entity's fact: octets become text; what can't be one is unknown."""
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return text(value)
