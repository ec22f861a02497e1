"""A value that never shows itself."""

from __future__ import annotations

__all__ = ["Secret"]


class Secret:
    """A password, community or key. Prints, formats and pickles to a repr as `<secret>`.

    `reveal()` is the one way to the text; call it where the bytes go onto the wire and nowhere else.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("<secret>", spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __bool__(self) -> bool:
        return bool(self._text)
