"""What a reload would change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from netwatch.config.settings import Settings

__all__ = ["SettingsDiff", "diff_settings"]


@dataclass(frozen=True, slots=True)
class SettingsDiff:
    """Dotted paths only: a value may be a secret."""

    changed: tuple[str, ...]
    """Everything that differs."""
    restart: tuple[str, ...]
    """The part of it that a running netwatch can't take over."""

    def __bool__(self) -> bool:
        return bool(self.changed)


def diff_settings(old: Settings, new: Settings) -> SettingsDiff:
    """Paths of the settings that differ, in the order of the model."""
    found = list(_differences(old, new, "", restart=False))
    return SettingsDiff(tuple(path for path, _ in found), tuple(path for path, restart in found if restart))


def _differences(old: Any, new: Any, path: str, *, restart: bool) -> Iterator[tuple[str, bool]]:
    if old == new:
        return
    dot = f"{path}." if path else ""
    if isinstance(old, BaseModel) and type(old) is type(new):
        for name, info in type(old).model_fields.items():
            extra = info.json_schema_extra
            heavy = restart or (isinstance(extra, dict) and bool(extra.get("restart")))
            yield from _differences(getattr(old, name), getattr(new, name), f"{dot}{name}", restart=heavy)
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(name), new.get(name), f"{dot}{name}", restart=restart)
    else:
        yield path, restart
