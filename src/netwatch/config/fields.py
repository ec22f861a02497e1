"""Kinds of values in files that people write: durations, sizes, addresses to listen on, paths, secrets.

Each validates itself inside a pydantic model. What depends on the surroundings (the environment, the folder
of the file) comes from the `LoadContext` that is handed in as validation context.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
)

from netwatch.config.durations import parse_bit_rate, parse_duration, parse_size
from netwatch.config.secrets import SecretError, lookup
from netwatch.documents import did_you_mean, fault
from netwatch.errors import Problem
from netwatch.model import Secret
from netwatch.model.currencies import CURRENCIES

__all__ = [
    "RESTART",
    "BitRate",
    "Currency",
    "Duration",
    "FileGlob",
    "ListenAddress",
    "ListenField",
    "LoadContext",
    "Names",
    "NonEmpty",
    "PathField",
    "PositiveDuration",
    "SecretField",
    "SecretUrl",
    "Size",
    "Slug",
    "secret_of",
    "shown",
]


RESTART: dict[str, JsonValue] = {"restart": True}
"""Marks what a running netwatch can't take over on reload."""


@dataclass(slots=True)
class LoadContext:
    """Surroundings of a file that is being loaded."""

    base: Path
    """Folder that relative paths start from."""
    env: Mapping[str, str] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)
    """Collects what is unwise but works."""


def _context(info: ValidationInfo) -> LoadContext:
    return info.context if isinstance(info.context, LoadContext) else LoadContext(Path())


def _parsing(parse: Callable[[object], Any]) -> BeforeValidator:
    def validator(value: Any) -> Any:
        try:
            return parse(value)
        except ValueError as error:
            raise fault(str(error)) from None

    return BeforeValidator(validator)


Duration = Annotated[float, _parsing(parse_duration)]
"""Seconds, zero allowed."""
PositiveDuration = Annotated[float, Field(gt=0), _parsing(parse_duration)]
"""Seconds, above zero."""
Size = Annotated[int, _parsing(parse_size)]
"""Bytes."""
BitRate = Annotated[float, _parsing(parse_bit_rate)]
"""Bits per second."""


def _currency(value: Any) -> Any:
    if not isinstance(value, str) or value not in CURRENCIES:
        found = f", found {value!r}" if isinstance(value, str) else ""
        word = value.strip().upper() if isinstance(value, str) else ""
        hint = did_you_mean(word, CURRENCIES) if word.isalpha() else ""
        raise fault(f"expected a currency of ISO 4217{found}", hint or "such as USD")
    return value


Currency = Annotated[str, BeforeValidator(_currency)]
"""Three capital letters."""

_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


def _slug(value: Any) -> Any:
    if isinstance(value, int):
        # YAML reads 010 as 8 and no as false: what was written can't be told any more.
        raise fault("expected a slug, found a number or truth value", "put it in quotes")
    if not isinstance(value, str) or not _SLUG.fullmatch(value):
        hint = ""
        if isinstance(value, str):
            near = re.sub(r"[^a-z0-9_]+", "-", value.lower()).strip("-_")
            hint = f"e.g. {near!r}" if _SLUG.fullmatch(near) else ""
        raise fault("expected a slug: small letters, digits and hyphens", hint)
    return value


Slug = Annotated[str, BeforeValidator(_slug)]
"""Small letters, digits, single hyphens or underscores inside: safe in labels, paths and topics."""


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
"""A list of names; a single one may stand alone."""


def _not_empty(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise fault("expected at least one")
    return value


NonEmpty = AfterValidator(_not_empty)
"""For a list that must hold something. (min_length would also complain where an item is wrong.)"""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Host and port to listen on."""

    host: str
    """An IPv4 or IPv6 literal without brackets, or `localhost`; empty: all addresses."""
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


_LISTEN = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[^:\[\]/\s]*)):(?P<port>\d{1,5})")


def _listen(value: Any) -> ListenAddress:
    if isinstance(value, ListenAddress):
        return value
    match = _LISTEN.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match["port"]) > 65535:
        raise fault("expected HOST:PORT", "e.g. 127.0.0.1:8600 or [::1]:8600")
    return ListenAddress(match["v6"] or match["host"] or "", int(match["port"]))


ListenField = Annotated[ListenAddress, PlainValidator(_listen), PlainSerializer(str, when_used="json")]


def _path(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str) and value:
        return _context(info).base / Path(value).expanduser()
    if isinstance(value, Path):
        return value
    raise fault("expected a path")


PathField = Annotated[Path, BeforeValidator(_path)]
"""A path; relative ones start at the folder of the file."""


def _glob(value: Any, info: ValidationInfo) -> Any:
    return str(_path(value, info))


FileGlob = Annotated[str, BeforeValidator(_glob)]
"""A path or a shell pattern; relative ones start at the folder of the file."""


def secret_of(value: Any, info: ValidationInfo) -> Secret:
    """What a reference names. Raises a fault."""
    context = _context(info)
    try:
        return lookup(value, context.env, context.base, context.warnings)
    except SecretError as error:
        raise fault(str(error), error.hint) from None


def _hidden(_: Secret) -> str:
    return "<secret>"


def shown(value: Secret | str) -> str:
    """Of a field that holds a text or a secret."""
    return value if isinstance(value, str) else _hidden(value)


SecretField = Annotated[Secret, PlainValidator(secret_of), PlainSerializer(_hidden, when_used="json")]
"""`{env: NAME}`, `{file: PATH}` or `{credential: NAME}`; of plain text only `public`."""


def _secret_url(value: Any, info: ValidationInfo) -> Secret:
    secret = Secret(value) if isinstance(value, str) else secret_of(value, info)
    try:
        parts = urlsplit(secret.reveal())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise fault("expected an http or https URL", "or {env: NAME}, {file: PATH}, {credential: NAME}")
    if isinstance(value, str) and parts.password:
        raise fault(
            "a password inside a URL is refused", "write the whole URL as {env: NAME} or {file: PATH}"
        )
    return secret


SecretUrl = Annotated[Secret, PlainValidator(_secret_url), PlainSerializer(_hidden, when_used="json")]
"""A URL in plain text, or a reference where the URL itself is the key, as with chat webhooks."""
