"""What changed in the policies: told apart from what changed in the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from netwatch.planning.curve import Curve

__all__ = ["PolicyChange", "changes_between", "leaves_of"]

Leaves = Mapping[tuple[str, ...], str]
"""Path of each value that stands in a policy, and the value as text."""


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """One value of a policy that is another one now."""

    path: tuple[str, ...]
    """Keys from the top of the file down, e.g. ("criteria", "age", "points")."""
    before: str | None
    """As text; None: it was not there."""
    after: str | None

    @property
    def dotted(self) -> str:
        return ".".join(self.path)

    def concerns(self, part: str) -> bool:
        """Whether it stands below the criterion of that name."""
        return part in self.path[:-1]


def leaves_of(policy: Any) -> Leaves:
    """Every value of a policy, be it a checked model or what a YAML file says. A list is one value."""
    return dict(_leaves(policy, ()))


def changes_between(old: Leaves, new: Leaves) -> tuple[PolicyChange, ...]:
    """What differs, in order of path; nothing for the same policy."""
    return tuple(
        PolicyChange(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    )


def _leaves(value: Any, path: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], str]]:
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            yield from _leaves(getattr(value, name), (*path, info.alias or name))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _leaves(one, (*path, str(key)))
    else:
        yield path, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Curve):
        return _text(value.points)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:g}" if isinstance(value, int | float) else str(value)
