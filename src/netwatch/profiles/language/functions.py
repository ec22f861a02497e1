"""The functions that expressions may call. docs/profiles.md lists them; a test compares the two."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from netwatch.profiles.language import values as v
from netwatch.profiles.language.patterns import compile_regex
from netwatch.profiles.language.values import MAX_TEXT, Value

__all__ = ["FUNCTIONS", "REGEX_ARGUMENT", "SEARCHED", "Function"]

SEARCHED = 2000
"""Characters of a value that a regular expression sees: bounds what a bad pattern can cost."""


@dataclass(frozen=True, slots=True)
class Function:
    """One callable of the language."""

    call: Callable[..., Any]
    least: int
    most: int
    help: str
    strict: bool = True
    """Unknown if any argument is unknown."""


def _match(value: Value, pattern: str, group: Value = None) -> str | None:
    searched = v.text(value)
    if searched is None:
        return None
    compiled = compile_regex(pattern)
    found = compiled.search(searched[:SEARCHED])
    if found is None:
        return None
    if group is None:
        group = 1 if compiled.groups else 0
    result: str | None = found.group(group if isinstance(group, str) else int(v.number(group) or 0))
    return (result or "").strip() or None


def _matches(value: Value, pattern: str) -> bool:
    return compile_regex(pattern).search((v.text(value) or "")[:SEARCHED]) is not None


def _replace(value: Value, pattern: str, replacement: str) -> str | None:
    searched = v.text(value)
    if searched is None:
        return None
    return v.text(compile_regex(pattern).sub(str(replacement), searched[:SEARCHED]))


def _split(value: Value, separator: str, position: Value) -> str | None:
    written, at = v.text(value), v.number(position)
    if written is None or not separator:
        return None
    return written.split(str(separator))[int(at or 0)].strip() or None


def _arcs(value: Value) -> list[str]:
    written = value if isinstance(value, str) else v.text(value)
    return (written or "").strip(".").split(".")


def _part(value: Value, position: Value) -> int:
    return int(_arcs(value)[int(v.number(position) or 0)])


def _parts(value: Value, start: Value, stop: Value = None) -> str | None:
    end = None if stop is None else int(v.number(stop) or 0)
    return ".".join(_arcs(value)[int(v.number(start) or 0) : end]) or None


def _index_text(value: Value, start: Value) -> str | None:
    """Text with its length before it, as an index has a string of variable length."""
    arcs, at = _arcs(value), int(v.number(start) or 0)
    length = int(arcs[at])
    return v.text(bytes(int(arc) for arc in arcs[at + 1 : at + 1 + length]))


def _index_rest(value: Value, start: Value) -> str | None:
    """What follows the string of variable length at `start`."""
    arcs, at = _arcs(value), int(v.number(start) or 0)
    return ".".join(arcs[at + 1 + int(arcs[at]) :]) or None


def _log10(value: Value) -> float | None:
    found = v.number(value)
    return None if found is None or found <= 0 else math.log10(found)


def _mw_to_dbm(value: Value) -> float | None:
    found = v.number(value)
    return None if found is None or found <= 0 else 10 * math.log10(found)


def _channel_hertz(channel: Value, band: Value = None) -> float | None:
    """Centre frequency of a primary 20 MHz Wi-Fi channel (IEEE 802.11, annex E)."""
    number, where = v.number(channel), v.text(band) or ""
    if number is None or not 1 <= number <= 233:
        return None
    if where.startswith("6"):
        return (5935 if number == 2 else 5950 + 5 * number) * 1e6
    if where.startswith("2") or (not where and number <= 14):
        return (2484 if number == 14 else 2407 + 5 * number) * 1e6 if number <= 14 else None
    return (5000 + 5 * number) * 1e6 if number < 183 else (4000 + 5 * number) * 1e6


def _fahrenheit(value: Value) -> float | None:
    found = v.number(value)
    return None if found is None else (found - 32) / 1.8


def _ticks(value: Value) -> float | None:
    found = v.number(value)
    return None if found is None else found / 100


def _signed(value: Value, width: Value = 32) -> int | None:
    found, bits = v.unsigned(value), int(v.number(width) or 32)
    if found is None or not 1 <= bits <= 64:
        return None
    found %= 1 << bits
    return found - (1 << bits) if found >> (bits - 1) else found


def _int(value: Value, base: Value = None) -> int | None:
    if base is None:
        found = v.number(value)
        return None if found is None else int(found)
    written = v.text(value)
    return None if written is None else int(written, int(v.number(base) or 10))


def _bits(value: Value, low: Value, high: Value) -> int | None:
    whole, first, last = v.unsigned(value), int(v.number(low) or 0), int(v.number(high) or 0)
    if whole is None or not 0 <= first <= last < 512:
        return None
    return whole >> first & ((1 << last - first + 1) - 1)


def _byte(value: Value, position: Value) -> int | None:
    return value[int(v.number(position) or 0)] if isinstance(value, bytes) else None


def _slice(value: Value, start: Value, stop: Value = None) -> bytes | str | None:
    first, last = int(v.number(start) or 0), None if stop is None else int(v.number(stop) or 0)
    if isinstance(value, bytes):
        return value[first:last] or None
    return (v.text(value) or "")[first:last].strip() or None


def _prefix_length(value: Value) -> int | None:
    """Bits of a netmask; also the last arc of an IP-MIB prefix pointer."""
    written = v.ip_address(value)
    if written is None:
        return None
    bits = int(ipaddress.ip_address(written))
    width = 32 if "." in written else 128
    length = bits.bit_count()
    return length if bits == ((1 << length) - 1) << (width - length) else None


def _numbers(arguments: tuple[Value, ...]) -> list[int | float]:
    return [found for argument in arguments if (found := v.number(argument)) is not None]


def _total(*arguments: Value) -> int | float | None:
    known = _numbers(arguments)
    return sum(known) if known else None


def _first(*arguments: Value) -> Value:
    for argument in arguments:
        if argument is not None and argument != b"" and argument != "":
            return argument
    return None


def _round(value: Value, digits: Value = 0) -> float | int | None:
    found, places = v.number(value), int(v.number(digits) or 0)
    if found is None or abs(places) > 12:
        return None
    return round(found, places) if places else round(found)


def _number_of(call: Callable[[int | float], Any]) -> Callable[[Value], Any]:
    def wrapped(value: Value) -> Any:
        found = v.number(value)
        return None if found is None else call(found)

    return wrapped


def _text_of(call: Callable[[str], Any]) -> Callable[..., Any]:
    def wrapped(value: Value, *rest: str) -> Any:
        written = v.text(value)
        return None if written is None else call(written, *rest)

    return wrapped


def _join(separator: str, *arguments: Value) -> str | None:
    known = [written for argument in arguments if (written := v.text(argument)) is not None]
    return str(separator).join(known)[:MAX_TEXT] or None


def _ratio(part: Value, whole: Value) -> float | None:
    over, under = v.number(part), v.number(whole)
    return None if over is None or not under or under < 0 else over / under


FUNCTIONS: dict[str, Function] = {
    # unknown values
    "first": Function(_first, 1, 16, "the first known argument that is not empty", strict=False),
    "known": Function(lambda value: value is not None, 1, 1, "true if the value was read", strict=False),
    "total": Function(_total, 1, 32, "sum of the known arguments, unknown if none is", strict=False),
    "join": Function(_join, 2, 16, "join(separator, a, b, ...): the known ones as one text", strict=False),
    # numbers
    "num": Function(v.number, 1, 1, "a number; of text the leading one, `12.4 V` is 12.4"),
    "int": Function(_int, 1, 2, "an integer, cut towards zero; int(text, 16) reads another base"),
    "signed": Function(_signed, 1, 2, "two's complement of so many bits (32)"),
    "unsigned": Function(v.unsigned, 1, 1, "a negative 32-bit integer, or octets, as a non-negative one"),
    "abs": Function(_number_of(abs), 1, 1, "absolute value"),
    "round": Function(_round, 1, 2, "round(x, digits)"),
    "floor": Function(_number_of(math.floor), 1, 1, "next integer below"),
    "ceil": Function(_number_of(math.ceil), 1, 1, "next integer above"),
    "min": Function(lambda *a: min(_numbers(a)), 2, 16, "the least"),
    "max": Function(lambda *a: max(_numbers(a)), 2, 16, "the greatest"),
    "ratio": Function(_ratio, 2, 2, "part / whole, unknown where the whole is 0"),
    "log10": Function(_log10, 1, 1, "decimal logarithm, unknown up to 0"),
    "mw_to_dbm": Function(_mw_to_dbm, 1, 1, "milliwatts as dBm; 0 mW is unknown"),
    "channel_hertz": Function(
        _channel_hertz,
        1,
        2,
        "centre frequency of a Wi-Fi channel; band 2.4ghz, 5ghz or 6ghz, else up to 14 is 2.4ghz",
    ),
    "fahrenheit": Function(_fahrenheit, 1, 1, "degrees Fahrenheit as Celsius"),
    "ticks": Function(_ticks, 1, 1, "TimeTicks (hundredths) as seconds"),
    "opaque_float": Function(v.opaque_float, 1, 1, "IEEE 754 octets, wrapped in an Opaque or bare"),
    "datetime": Function(v.date_and_time, 1, 1, "DateAndTime as seconds since 1970"),
    # bits and octets
    "bit": Function(
        v.bit, 2, 2, "bit(x, n): of BITS counted from the top of the first octet, of an integer from below"
    ),
    "bits": Function(_bits, 3, 3, "bits(x, low, high): part of an integer (or of octets as one)"),
    "byte": Function(_byte, 2, 2, "byte(octets, n): one octet as a number"),
    "slice": Function(_slice, 2, 3, "slice(x, start, stop) of octets or text"),
    "octets": Function(v.octets, 1, 1, "octets from dotted decimals"),
    "hex": Function(v.hexadecimal, 1, 2, "hex digits; hex(x, ':') with a separator"),
    # text
    "text": Function(v.text, 1, 1, "text; NULs and outer blanks dropped, empty is unknown"),
    "lower": Function(_text_of(str.lower), 1, 1, "lower case"),
    "upper": Function(_text_of(str.upper), 1, 1, "upper case"),
    "title": Function(_text_of(str.title), 1, 1, "Title Case"),
    "trim": Function(_text_of(str.strip), 1, 2, "trim(text, characters)"),
    "len": Function(lambda x: len(x) if isinstance(x, bytes) else len(v.text(x) or ""), 1, 1, "length"),
    "contains": Function(lambda x, part: str(part) in (v.text(x) or ""), 2, 2, "contains(text, part)"),
    "startswith": Function(
        lambda x, part: (v.text(x) or "").startswith(str(part)), 2, 2, "startswith(text, part)"
    ),
    "endswith": Function(lambda x, part: (v.text(x) or "").endswith(str(part)), 2, 2, "endswith(text, part)"),
    "match": Function(
        _match, 2, 3, "match(text, regex, group): the group found (1 if there is one, else all)"
    ),
    "matches": Function(_matches, 2, 2, "true if the regex is found in the text"),
    "replace": Function(_replace, 3, 3, "replace(text, regex, replacement)"),
    "split": Function(_split, 3, 3, "split(text, separator, n): the n-th piece from 0, -1 is the last"),
    "serial": Function(v.serial, 1, 1, "a serial number, unless it is a placeholder such as N/A"),
    # indexes and addresses
    "part": Function(_part, 2, 2, "part(index, n): the n-th number of an index or OID, -1 is the last"),
    "parts": Function(_parts, 2, 3, "parts(index, start, stop): that piece of an index or OID"),
    "index_text": Function(
        _index_text, 2, 2, "index_text(index, n): the string that starts with its length at n"
    ),
    "index_rest": Function(_index_rest, 2, 2, "index_rest(index, n): what follows that string"),
    "mac": Function(v.mac_address, 1, 1, "MAC address, from octets, index or text; all zero is unknown"),
    "ip": Function(v.ip_address, 1, 1, "IP address, from octets, index or text"),
    "prefix_length": Function(_prefix_length, 1, 1, "bits of a netmask"),
}
"""By name. Those that see other tables (`lookup`, `sum`, ...) are in netwatch.profiles.language.lookups."""

REGEX_ARGUMENT = {"match": 1, "matches": 1, "replace": 1}
"""Which argument of a function is a pattern: written out, so that it can be checked at loading."""
