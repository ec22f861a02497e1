"""Text with expressions in braces: `Fan {index}`, `{name}`. Doubled braces stand for themselves."""

from __future__ import annotations

from typing import Any

from netwatch.profiles.language.expression import Expression, ExpressionError, Scope
from netwatch.profiles.language.values import text

__all__ = ["Template"]


class Template:
    """A compiled template. Unknown if any of its expressions is."""

    __slots__ = ("parts", "source")

    def __init__(self, source: str) -> None:
        """Raises ExpressionError."""
        self.source = source
        self.parts = tuple(_parse(source))

    def __call__(self, scope: Scope) -> str | None:
        out = []
        for part in self.parts:
            found = part if isinstance(part, str) else text(part(scope))
            if found is None:
                return None
            out.append(found)
        return "".join(out)[:512].strip() or None

    @classmethod
    def known(cls, source: str, parts: tuple[str | Expression, ...]) -> Template:
        """One that was parsed before."""
        made = cls.__new__(cls)
        made.source, made.parts = source, parts
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Template.known, (self.source, self.parts)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        return tuple(part for part in self.parts if isinstance(part, Expression))


def _parse(source: str) -> list[str | Expression]:
    parts: list[str | Expression] = []
    literal, at = "", 0
    while at < len(source):
        char = source[at]
        if char in "{}" and source[at : at + 2] == char * 2:
            literal, at = literal + char, at + 2
        elif char == "{":
            end = source.find("}", at)
            if end < 0:
                raise ExpressionError("a brace is not closed", "write {{ for a brace that is meant")
            if literal:
                parts.append(literal)
            parts.append(Expression(source[at + 1 : end]))
            literal, at = "", end + 1
        elif char == "}":
            raise ExpressionError("a brace is not opened", "write }} for a brace that is meant")
        else:
            literal, at = literal + char, at + 1
    return [*parts, literal] if literal else parts
