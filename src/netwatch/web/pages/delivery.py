"""How alerts reach people: one line per channel."""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.web.html import Child, Html, tag
from netwatch.web.pages.layout import moment, section, status_badge, table
from netwatch.web.providers import ChannelState
from netwatch.web.views import Status

__all__ = ["delivery_section"]


def delivery_section(channels: Sequence[ChannelState], now: float) -> Html:
    """Whether they deliver, what waits, since when one fails, and which other one stands in."""
    rows: list[list[Child]] = [
        [
            one.name,
            _state(one),
            moment(one.last_success, now) if one.last_success is not None else "not lately",
            one.waiting,
            moment(one.oldest, now) if one.oldest is not None else "–",
            [moment(one.failing_since, now), f": {one.error}"] if one.failing_since is not None else "–",
            _second(one, now),
        ]
        for one in channels
    ]
    failing = sum(one.failing_since is not None for one in channels)
    columns = ["Channel", "State", "Last delivered", "Waiting", "Oldest", "Failing since", "Second path"]
    return section(
        f"Delivery of alerts ({failing} of {len(channels)} failing)" if failing else "Delivery of alerts",
        table("Delivery of alerts", columns, rows, numeric=(3,)),
    )


def _state(one: ChannelState) -> Html:
    if one.failing_since is not None:
        return status_badge(Status.DOWN, "failing")
    if one.last_success is None:
        return status_badge(Status.UNKNOWN, "not used yet")
    return status_badge(Status.UP, "delivers")


def _second(one: ChannelState, now: float) -> Child:
    """Who takes over, and whether it does; of a channel that only takes over, its last test."""
    if one.is_backup:
        if one.test_passed is None:
            return "is one; not tested yet"
        return "is one; test passed" if one.test_passed else tag("strong", "is one; test FAILED")
    if not one.backups:
        return "none"
    names = ", ".join(one.backups)
    if one.backup_since is not None:
        return [tag("strong", f"{names} in use"), ", last ", moment(one.backup_since, now)]
    return f"{names}, not in use"
