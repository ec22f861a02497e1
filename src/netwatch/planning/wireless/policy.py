"""The policy of wireless expansion: bounds that a committee can read, each with its source and confidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from netwatch.documents import Document, Strict, read_yaml, validate
from netwatch.planning.voted import Confidence, sentence_about

__all__ = ["BANDS", "Bound", "WirelessPolicy", "load_wireless_policy"]

BANDS = ("2.4ghz", "5ghz", "6ghz")


class Bound(Strict):
    """One number, and why it is what it is."""

    value: float
    sentence: Annotated[str, sentence_about("the number")]
    source: str = Field(min_length=1)
    confidence: Confidence

    @property
    def origin(self) -> str:
        """For evidence: where the number comes from."""
        return f"policy: {self.source} ({self.confidence})"


class _Share(Bound):
    value: float = Field(gt=0, le=1)


class _Amount(Bound):
    value: float = Field(gt=0)


class _Gain(Bound):
    value: float = Field(ge=1, le=10)


class _Growth(Bound):
    value: float = Field(ge=-0.5, le=2)


class _Channels(Bound):
    value: int = Field(ge=1, le=60)


class Airtime(Strict):
    """Shares of airtime."""

    watch: _Share
    full: _Share
    target: _Share
    others: _Share
    explained: _Share
    idle: _Share
    saturated: _Share
    hidden: _Gain

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.watch.value <= self.full.value:
            raise ValueError("'watch' is not above 'full'")
        if not self.target.value <= self.full.value:
            raise ValueError("'target' is what a radio is to come down to: not above 'full'")
        return self


class Radios(Strict):
    clients: _Amount
    retries: _Share
    noise_dbm: Bound
    lost: _Share


class Growth(Strict):
    """Ratios per year, and how many years."""

    years: _Amount
    unknown_low: _Growth
    unknown_high: _Growth
    most: _Growth

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.unknown_low.value > self.unknown_high.value:
            raise ValueError("'unknown_low' is not above 'unknown_high'")
        return self


class Replace(Strict):
    years: _Amount
    gain: _Gain


class Needs(Strict):
    poe_watts: _Amount
    present_watts: _Amount
    port_gigabits: _Amount
    uplink_share: _Share
    ups_load: _Share


class WirelessPolicy(Strict):
    """One policy file; config/planning/wireless.yaml explains every key."""

    name: str = Field(min_length=1)
    recent_days: int = Field(ge=7, le=364)
    enough_hours: float = Field(ge=1)
    airtime: Airtime
    radios: Radios
    channels: dict[Literal["2.4ghz", "5ghz", "6ghz"], _Channels]
    growth: Growth
    replace: Replace
    needs: Needs

    def channels_of(self, band: str) -> int:
        """How many channels the district may use; 0 for a band that nobody knows."""
        return next((found.value for name, found in self.channels.items() if name == band), 0)

    @model_validator(mode="after")
    def _bands(self) -> Self:
        missing = [band for band in BANDS if band not in self.channels]
        if missing:
            raise ValueError(f"'channels' lacks {', '.join(missing)}")
        return self


def load_wireless_policy(source: Path | str | Document) -> WirelessPolicy:
    """Reads a policy. Raises ConfigError with one Problem per mistake."""
    return validate(WirelessPolicy, source if isinstance(source, Document) else read_yaml(source))
