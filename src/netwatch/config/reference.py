"""Every key of a model of a file, for the documentation and its test."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from netwatch.calendars import (
    ClockTime,
    ClockTimes,
    Day,
    HoursField,
    LocalTime,
    SpansField,
    Timezone,
    Weekdays,
    clock_text,
)
from netwatch.config import channels, fields
from netwatch.config.durations import format_duration
from netwatch.model import Secret

__all__ = ["KeyDoc", "reference", "render_reference"]

_NAMES: tuple[tuple[Any, str], ...] = (
    (fields.Duration, "duration"),
    (fields.PositiveDuration, "duration"),
    (fields.Size, "size"),
    (fields.BitRate, "bits per second"),
    (fields.Slug, "slug"),
    (fields.Names, "list of names"),
    (fields.ListenField, "HOST:PORT"),
    (fields.PathField, "path"),
    (fields.FileGlob, "path or pattern"),
    (fields.SecretField, "secret"),
    (fields.SecretUrl, "URL"),
    (channels.TemplateField, "text or secret"),
    (Timezone, "time zone"),
    (ClockTime, "time of day"),
    (ClockTimes, "list of times of day"),
    (HoursField, "list of hours"),
    (SpansField, "list of times"),
    (Weekdays, "list of weekdays"),
    (LocalTime, "date and time"),
    (Day, "date"),
)
_PLAIN = {bool: "true or false", int: "integer", float: "number", str: "text"}


@dataclass(frozen=True, slots=True)
class KeyDoc:
    """One key."""

    path: str
    """e.g. `credentials.NAME.snmp.user` or `alerts.email[].host`."""
    type: str
    default: str
    """As one would write it; `required` where there is none; empty for nothing."""
    meaning: str
    restart: bool
    """Whether a change needs a restart."""


def reference(
    model: type[BaseModel], prefix: str = "", known: Mapping[Any, str] | None = None
) -> list[KeyDoc]:
    """Keys of `model` in order, those of sections after the section.

    Of sections of the same form only the first is entered; the others refer to it.

    `known` names further annotations, for the models of other rooms.
    """
    names = [*_NAMES, *(known or {}).items()]
    return list(_keys(model, prefix, names, {}))


def render_reference(keys: list[KeyDoc]) -> str:
    """A Markdown table."""
    rows = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key in keys:
        meaning = key.meaning + (" A change needs a restart." if key.restart else "")
        default = key.default if key.default in ("", "required") else f"`{key.default}`"
        rows.append(f"| `{key.path}` | {key.type} | {default} | {meaning} |")
    return "\n".join(rows) + "\n"


def _keys(
    model: type[BaseModel], prefix: str, names: list[tuple[Any, str]], entered: dict[type[BaseModel], str]
) -> Iterator[KeyDoc]:
    hints = get_type_hints(model, include_extras=True)
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        extra = info.json_schema_extra
        restart = isinstance(extra, dict) and bool(extra.get("restart"))
        kind = _type_name(hints[name], names)
        nested, step = _nested(hints[name])
        meaning = info.description or ""
        if nested in entered:
            meaning += f" Keys as in `{entered[nested]}`."
        yield KeyDoc(path, kind, _default(info, kind), meaning, restart)
        if nested is not None and nested not in entered:
            entered[nested] = f"{path}{step}"
            yield from _keys(nested, f"{path}{step}.", names, entered)


def _nested(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The model below a key, and how its path goes on: `.NAME` for mappings, `[]` for lists."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    origin = get_origin(annotation)
    step = ".NAME" if origin is dict else "[]" if origin is tuple else ""
    for argument in get_args(annotation):
        found, more = _nested(argument)
        if found is not None:
            return found, step + more
    return None, ""


def _type_name(annotation: Any, names: list[tuple[Any, str]]) -> str:
    for alias, name in names:
        if annotation == alias:
            return name
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_name(arguments[0], names)
    if origin in (Union, types.UnionType):
        return _type_name(next(item for item in arguments if item is not type(None)), names)
    if origin is Literal:
        return "one of " + ", ".join(f"`{item}`" for item in arguments)
    if origin is tuple:
        return f"list of {_type_name(arguments[0], names)}"
    if origin is dict:
        return f"mapping of names to {_type_name(arguments[1], names)}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "one of " + ", ".join(f"`{item.value}`" for item in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return _PLAIN.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _default(info: FieldInfo, kind: str) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is None or isinstance(value, BaseModel | Secret | Path) or value in ("", (), {}):
        return ""
    if kind == "duration":
        return format_duration(value)
    if kind == "time of day":
        return clock_text(value)
    if kind == "list of times of day":
        return ", ".join(map(clock_text, value))
    if kind == "list of weekdays":
        return "every day" if len(value) == 7 else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value.value if isinstance(value, Enum) else value)
