"""What policies that people vote on have in common: sentences that say why, and how sure a fact is."""

from __future__ import annotations

from typing import Literal

from pydantic import AfterValidator

__all__ = ["Confidence", "sentence_about"]

Confidence = Literal["high", "medium", "low", "common"]
"""`common`: known in the trade, not looked up."""


def sentence_about(what: str) -> AfterValidator:
    """Of a text: that it is a sentence, for people who decide about `what`."""

    def check(text: str) -> str:
        if len(text.split()) < 3:
            raise ValueError(f"expected a sentence that tells a committee what {what} is for")
        return text

    return AfterValidator(check)
