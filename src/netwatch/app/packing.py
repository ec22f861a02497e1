"""Plain data packed into a file, piece by piece: of a large district it would else stand in memory twice."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from operator import attrgetter
from typing import IO, Any

from netwatch.errors import StoreError

__all__ = ["pack_into", "unpack_from"]

_AT_ONCE = 1 << 18
_PACKAGES = frozenset(
    {"netwatch", "numpy", "datetime", "zoneinfo", "collections", "copyreg", "pathlib", "pydantic", "enum"}
)
"""Whose classes are plain data."""
_BUILTINS = frozenset(
    {
        "bytearray",
        "complex",
        "dict",
        "frozenset",
        "getattr",
        "list",
        "object",
        "range",
        "set",
        "slice",
        "tuple",
    }
)
_UNREADABLE = (
    *(pickle.UnpicklingError, zlib.error, AttributeError, EOFError, ImportError, IndexError, KeyError),
    *(TypeError, ValueError),
)

Getter = Callable[[Any], tuple[Any, ...]]


def pack_into(file: IO[bytes], value: object) -> tuple[int, int]:
    """Writes the value at the file's position. Returns how many octets that were, and their CRC-32."""
    # Level 1: a third of the size for a fraction of what pickling takes.
    out = _Packing(file)
    _Pickler(out).dump(value)
    return out.finished()


def unpack_from(file: IO[bytes], length: int) -> Any:
    """What the next `length` octets hold. Raises StoreError for what is damaged or of another netwatch."""
    try:
        return _Unpickler(_Unpacking(file, length)).load()
    except _UNREADABLE as error:
        raise StoreError(f"it can't be read: {type(error).__name__}: {error}") from None


class _Packing:
    """A file to write to that packs."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._packer = zlib.compressobj(1)
        self._length = self._checksum = 0

    def write(self, data: bytes | memoryview | pickle.PickleBuffer) -> int:
        view = memoryview(data)
        self._put(self._packer.compress(view))
        return view.nbytes

    def finished(self) -> tuple[int, int]:
        self._put(self._packer.flush())
        return self._length, self._checksum

    def _put(self, packed: bytes) -> None:
        self._file.write(packed)
        self._length += len(packed)
        self._checksum = zlib.crc32(packed, self._checksum)


class _Unpacking:
    """A file to read from that unpacks."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file, self._left = file, length
        self._packer = zlib.decompressobj()
        self._ready = b""
        self._at = 0

    def read(self, count: int) -> bytes:
        while len(self._ready) - self._at < count and self._more():
            pass
        found = self._ready[self._at : self._at + count]
        self._at += len(found)
        return found

    def readinto(self, into: Any) -> int:
        found = self.read(len(into))
        into[: len(found)] = found
        return len(found)

    def readline(self) -> bytes:
        while (end := self._ready.find(b"\n", self._at)) < 0 and self._more():
            pass
        return self.read((end + 1 or len(self._ready)) - self._at)

    def _more(self) -> bool:
        packed = self._file.read(min(_AT_ONCE, self._left))
        self._left -= len(packed)
        unpacked = self._packer.decompress(packed)
        self._ready = self._ready[self._at :] + unpacked
        self._at = 0
        return bool(packed)


class _Pickler(pickle.Pickler):
    """Frozen classes of plain fields as calls of themselves: `dataclasses` would look their fields up anew
    for every object."""

    def __init__(self, out: _Packing) -> None:
        super().__init__(out, protocol=pickle.HIGHEST_PROTOCOL)
        self._getters: dict[type, Getter | None] = {}

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if kind not in self._getters:
            self._getters[kind] = _getter(kind)
        getter = self._getters[kind]
        return NotImplemented if getter is None else (kind, getter(value))


def _getter(kind: type) -> Getter | None:
    """Of classes that their fields alone make again."""
    parameters = getattr(kind, "__dataclass_params__", None)
    if parameters is None or not is_dataclass(kind) or not parameters.frozen or not parameters.init:
        return None
    known = fields(kind)
    if hasattr(kind, "__post_init__") or not all(one.init and not one.kw_only for one in known):
        return None
    own = ("__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__", "__new__")
    if any(getattr(kind, name, MISSING) is not getattr(object, name, MISSING) for name in own):
        return None
    names = [one.name for one in known]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


class _Unpickler(pickle.Unpickler):
    """Makes plain data and nothing else, whatever somebody wrote into the file."""

    def find_class(self, module: str, name: str) -> Any:
        package = module.partition(".")[0]
        if not (name in _BUILTINS if module == "builtins" else package in _PACKAGES):
            raise pickle.UnpicklingError(f"{module}.{name} is no plain data")
        return super().find_class(module, name)
