"""Files that people write, read strictly.

A YAML file goes through a pydantic model (`extra="forbid"`); what is wrong comes back as `Problem`s that name
file, line, dotted path, what was expected and, for an unknown key or name, what was probably meant.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from netwatch.errors import ConfigError, Problem

__all__ = [
    "Document",
    "Strict",
    "did_you_mean",
    "fault",
    "parse_yaml",
    "read_documents",
    "read_yaml",
    "validate",
]

T = TypeVar("T", bound=BaseModel)

MAX_BYTES = 16 * 1024 * 1024
"""A larger file is refused: nobody writes one by hand."""


class Strict(BaseModel):
    """Base of every model of a file: an unknown key is a mistake, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file with enough kept of it to tell the line of any value."""

    file: str
    data: Any
    text: str
    _nodes: list[yaml.Node | None] = field(default_factory=list, repr=False, compare=False)
    """Parsed once, when the first line is asked for."""

    def line_of(self, path: Sequence[str | int]) -> int | None:
        """Line (from 1) of the value at `path`, or of its nearest parent; None for an empty document."""
        if not self._nodes:
            self._nodes.append(yaml.compose(self.text, Loader=yaml.CSafeLoader))
        node = self._nodes[0]
        line = None if node is None else node.start_mark.line + 1
        for step in path:
            found = _descend(node, step)
            if found is None:
                break
            line, node = found
        return line

    def problem(self, path: Sequence[str | int], message: str, hint: str = "") -> Problem:
        return Problem(self.file, dotted(path), message, hint, self.line_of(path))


class _StrictLoader(yaml.CSafeLoader):
    """A SafeLoader that refuses a key written twice: YAML would silently keep the last one."""


def _mapping_without_duplicates(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, list | dict | set):
            raise yaml.MarkedYAMLError(problem="a key has to be text", problem_mark=key_node.start_mark)
        if isinstance(key, str | int | float | bool) and key in seen:
            problem = f"key {key!r} is written twice"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
        if isinstance(key, str | int | float | bool):
            seen.add(key)
    loader.flatten_mapping(node)
    return dict(loader.construct_pairs(node, deep=True))


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _mapping_without_duplicates)


def read_yaml(path: Path | str) -> Document:
    """Reads one YAML file. Raises ConfigError if it is missing, unreadable, too large or no YAML."""
    return parse_yaml(_text_of(path), str(path))


def _text_of(path: Path | str) -> str:
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(
                [Problem(str(path), "", f"larger than {MAX_BYTES >> 20} MiB", "split the file")]
            )
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"can't be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(path), "", f"is not UTF-8 (byte {error.start})")]) from None


def read_documents(path: Path | str) -> list[Document]:
    """Reads a YAML file that may hold several documents, each after a line `---`. Raises as `read_yaml`."""
    text = _text_of(path)
    documents, line = [], 0
    for piece in re.split(r"^---[ \t]*$", text, flags=re.MULTILINE):
        # Line breaks in front keep the lines' numbers.
        if re.sub(r"(?m)^\s*(#.*)?$", "", piece) or text == piece:
            documents.append(parse_yaml("\n" * line + piece, str(path)))
        line += piece.count("\n")
    return documents


def parse_yaml(text: str, file: str = "") -> Document:
    """Parses YAML text. Raises ConfigError with the line of the mistake."""
    try:
        data = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - it is a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = None if mark is None else mark.line + 1
        raise ConfigError([Problem(file, "", f"is not valid YAML: {_reason(error)}", line=line)]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: such as the date 2026-09-31
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError([Problem(file, "", f"is not valid YAML: {reason}")]) from None
    return Document(file, data, text)


def _reason(error: yaml.MarkedYAMLError) -> str:
    """What is wrong, without the name of an alias or tag: it may be a password that begins with * or !."""
    text = error.problem or ""
    return re.sub(r"(undefined alias|for the tag) .*", r"\1", text, flags=re.DOTALL)


def validate(model: type[T], document: Document, *, context: Any = None) -> T:
    """The document as a `model`. Raises ConfigError with one Problem per mistake."""
    data = {} if document.data is None else document.data
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        problems = [_problem(model, document, detail) for detail in error.errors()]
    # Raised outside: pydantic's error holds what was found, and must not hang on as __context__.
    raise ConfigError(sorted(problems, key=lambda problem: problem.line or 0))


def fault(message: str, hint: str = "") -> PydanticCustomError:
    """What a validator of a Strict model raises: `validate` makes a Problem of it."""
    return PydanticCustomError("netwatch", "{message}", {"message": message, "hint": hint})


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for an unknown word: the nearest known one, else the whole (short) list, else nothing."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(known)}" if 0 < len(known) <= 12 else ""


def dotted(path: Sequence[str | int]) -> str:
    """`["devices", 3, "snmp"]` as `devices[3].snmp`."""
    out = ""
    for step in path:
        if isinstance(step, int):
            out += f"[{step}]"
        else:
            out += f".{step}" if out else step
    return out


_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "an integer",
    "int_parsing": "an integer",
    "int_type": "an integer",
    "list_type": "a list",
    "model_type": "a mapping",
    "string_type": "text",
    "tuple_type": "a list",
}
"""pydantic's types of errors in plain words."""


def _problem(model: type[BaseModel], document: Document, detail: Mapping[str, Any]) -> Problem:
    """One pydantic error in the words of a person. A value is shown only where it is no secret."""
    path = [step for step in detail["loc"] if not _is_union_tag(step)]
    kind, message, hint = detail["type"], detail["msg"], str(detail.get("ctx", {}).get("hint", ""))
    if kind == "extra_forbidden":
        message = f"unknown key {path[-1]!r}"
        hint = did_you_mean(str(path[-1]), _keys_at(model, path[:-1]))
    elif kind == "missing":
        message = f"{path[-1]!r} is required"
        path = path[:-1]
    elif kind in ("enum", "literal_error"):
        expected = detail["ctx"]["expected"]
        message = f"expected {expected}"
        if isinstance(detail["input"], str):
            message += f", found {detail['input']!r}"
    elif kind in _EXPECTED:
        message = f"expected {_EXPECTED[kind]}, found {_kind_of(detail['input'])}"
        if kind == "string_type" and isinstance(detail["input"], bool | int | float | date):
            hint = "put it in quotes"
    else:
        message = message.removeprefix("Value error, ").removeprefix("Input should be ")
        if message != detail["msg"] and detail["msg"].startswith("Input"):
            message = f"expected {message}, found {_kind_of(detail['input'])}"
    return document.problem(path, message, hint)


def _kind_of(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, date):
        return "a date"
    return {str: "text", list: "a list", dict: "a mapping", type(None): "nothing"}.get(
        type(value), "something else"
    )


def _is_union_tag(step: str | int) -> bool:
    """pydantic puts the name of a union's member into `loc`; the user never wrote it."""
    return isinstance(step, str) and (step.startswith("function-") or "[" in step)


def _keys_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Keys that a mapping at `path` may hold, found by walking the model's annotations."""
    annotation: Any = model
    for step in path:
        annotation = _inside(annotation, step)
    found = annotation if _is_model(annotation) else next(_members(annotation), None)
    return [] if found is None else [info.alias or name for name, info in found.model_fields.items()]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _inside(annotation: Any, step: str | int) -> Any:
    """Annotation of what stands at `step` inside a value of `annotation`; None if nothing is known of it."""
    if _is_model(annotation):
        info = annotation.model_fields.get(step)
        return None if info is None else info.annotation
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return arguments[1]
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return arguments[0]
    inner = (_inside(argument, step) for argument in arguments)  # a union, or Annotated
    return next((found for found in inner if found is not None), None)


def _members(annotation: Any) -> Iterator[Any]:
    """Models in a union or in Annotated."""
    for argument in get_args(annotation):
        if _is_model(argument):
            yield argument
        else:
            yield from _members(argument)


def _descend(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        value = node.value[step]
        return value.start_mark.line + 1, value
    return None
