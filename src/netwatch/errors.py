"""Every error that netwatch raises on purpose.

    NetwatchError
    ├── ConfigError          a file of the user's is wrong; carries one Problem per place
    │   ├── InventoryError   ... the inventory
    │   └── ProfileError     ... a device profile
    ├── WireError            a device did not give a usable answer
    │   ├── WireTimeout      nothing came back in time
    │   ├── WireRefused      the host said no (ICMP unreachable, connection refused)
    │   ├── WireAuthError    credentials were refused (USM report, SSH, HTTP 401)
    │   └── WireDecodeError  bytes came back that are no answer
    │       └── WireNotFound ... or the answer that there is no such thing (HTTP 404)
    ├── StoreError           the database or a history segment can't be read or written
    ├── DeliveryError        a notification was not accepted by its receiver
    ├── PlanningError        a plan can't be made from what is there
    └── MissingExtra         an optional library is not installed; says which extra brings it

A message names the place and the remedy and never holds a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


class NetwatchError(Exception):
    """Root of all errors that netwatch raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in one place of a file that a person wrote."""

    file: str
    """Path as the user named it; empty where the text did not come from a file."""
    path: str
    """Dotted path to the value, e.g. `devices[3].snmp.version`."""
    message: str
    """What was expected and what was found."""
    hint: str = ""
    """What to do about it, e.g. `did you mean "community"?`."""
    line: int | None = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        head = ": ".join(part for part in (where, self.path, self.message) if part)
        return f"{head} ({self.hint})" if self.hint else head


class ConfigError(NetwatchError):
    """Something that a person wrote is wrong. All the problems found are in `problems`."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = (Problem("", "", problems),)
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Problems(list[Problem]):
    """Those of several files: a person is told of all of them at once."""

    def try_to(self, read: Callable[[], T]) -> T:
        """What `read` gives. If it raises ConfigError, its problems join the others, and the result must not
        be looked at: whoever reads several files raises the problems of all before that."""
        try:
            return read()
        except ConfigError as error:
            self.extend(error.problems)
            return None  # type: ignore[return-value]


class InventoryError(ConfigError):
    """The inventory is wrong: a dangling reference, a duplicate, a bad address."""


class ProfileError(ConfigError):
    """A device profile is wrong. That profile is refused, the others go on."""


class WireError(NetwatchError):
    """A device gave no usable answer."""

    partial: object = None
    """What came before it stopped answering, where the wire knows it: a netwatch.wire.Fetched."""


class WireTimeout(WireError):  # noqa: N818 - reads as what happened, like TimeoutError's cousins in the stdlib
    """Nothing came back in time."""


class WireRefused(WireError):  # noqa: N818
    """The host or the network said no."""


class WireAuthError(WireError):
    """The credentials were refused."""


class WireLimited(WireError):  # noqa: N818
    """It answered that it was asked too often. That it is alive is known from that."""


class WireDecodeError(WireError):
    """Bytes came back that are not an answer to what was asked."""


class WireNotFound(WireDecodeError):  # noqa: N818
    """The device answered, and has no such thing (HTTP 404)."""


class StoreError(NetwatchError):
    """What is on disk can't be read or written."""


class DeliveryError(NetwatchError):
    """A receiver did not accept a notification."""


class PlanningError(NetwatchError):
    """A plan can't be made from what is there."""


class MissingExtra(NetwatchError):  # noqa: N818
    """An optional library is missing."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"{library} is not installed: pip install 'netwatch[{extra}]'")
        self._made_of = library, extra

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        """A worker process may raise it."""
        return type(self), self._made_of
