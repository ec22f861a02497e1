"""The policy of the monthly page: from when on a link or a radio counts as full, and how much is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from netwatch.documents import Document, Strict, read_yaml, validate
from netwatch.planning.voted import Confidence, sentence_about

__all__ = ["LeadershipPolicy", "load_leadership_policy"]


class Bound(Strict):
    """A share from 0 to 1, with what it is for."""

    value: float = Field(gt=0, le=1)
    sentence: Annotated[str, sentence_about("the bound")]
    source: str
    confidence: Confidence


class FullAt(Strict):
    uplink: Bound
    """Of its speed, the fuller direction."""
    airtime: Bound


class LeadershipPolicy(Strict):
    """One policy file; config/planning/leadership.yaml explains every key."""

    name: str = Field(min_length=1)
    months: int = Field(ge=2, le=24)
    full_at: FullAt
    first: int = Field(ge=1, le=25)
    full_within_days: int = Field(ge=30, le=1830)


def load_leadership_policy(source: Path | str | Document) -> LeadershipPolicy:
    """Reads a policy. Raises ConfigError with one Problem per mistake."""
    return validate(LeadershipPolicy, source if isinstance(source, Document) else read_yaml(source))
