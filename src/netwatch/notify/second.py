"""The second path: what the first way can't deliver goes out by another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog

from netwatch.errors import StoreError
from netwatch.model import Alert, AlertState, Clock
from netwatch.notify.channel import Channel
from netwatch.notify.steady import SteadyOutbox
from netwatch.store import OutboxEntry, decode_alert

__all__ = ["SecondPath", "internet_at_fault"]

_MOST = 1000
"""Waiting messages that are looked at in one go, of each channel."""

Message = tuple[str, str, str]


def internet_at_fault(alerts: Iterable[Alert], roles: Iterable[str]) -> bool:
    """Whether an alert fires about a device of such a kind or role."""
    wanted = frozenset(roles)
    return any(
        alert.state is AlertState.FIRING
        and (alert.labels.get("kind") in wanted or alert.labels.get("role") in wanted)
        for alert in alerts
    )


class SecondPath:
    """Puts messages of channels into the outboxes of those that take over.

    A message goes there once: if its channel refused it, if it waited for `after` seconds, or if an attempt
    failed while the Internet is known to be at fault. An end goes to whom the beginning went.
    """

    def __init__(
        self,
        ways: Mapping[str, Sequence[Channel]],
        outbox: SteadyOutbox,
        clock: Clock,
        *,
        after: float = 300.0,
        urgent: Callable[[], bool] = lambda: False,
    ) -> None:
        """`ways`: by channel, those that take over from it. `urgent`: the Internet is at fault."""
        self._ways = {name: tuple(channels) for name, channels in ways.items() if channels}
        self._outbox = outbox
        self._clock = clock
        self._after = after
        self._urgent = urgent
        self.handed_over: dict[str, int] = dict.fromkeys(self._ways, 0)
        """Messages since the start, by the channel that did not deliver them."""
        self.last_handed_over: dict[str, float] = {}
        """Wall seconds of the last of them."""
        self._log = structlog.get_logger("netwatch.notify")

    def takes_over(self, name: str) -> tuple[str, ...]:
        """Names of the channels that take over from it."""
        return tuple(backup.name for backup in self._ways.get(name, ()))

    def look(self) -> frozenset[str]:
        """Hands over what is due. Returns the channels that have something new."""
        now, urgent = self._clock.now().wall, self._urgent()
        woken: set[str] = set()
        for name in self._ways:
            waiting = self._outbox.waiting(name, _MOST)
            late = [one for one in waiting if now - one.created >= self._after or (urgent and one.attempts)]
            numbers = {one.number for one in late}
            woken |= self._hand_over(name, late, undelivered=True)
            woken |= self._hand_over(name, [one for one in waiting if one.number not in numbers])
        return frozenset(woken)

    def refused(self, name: str, entries: Sequence[OutboxEntry]) -> frozenset[str]:
        """These will never be delivered by that channel."""
        return self._hand_over(name, entries, undelivered=True)

    def delivered(self, name: str, entries: Sequence[OutboxEntry]) -> frozenset[str]:
        """These are. Ends among them are owed to whom the beginning was told by the second path."""
        return self._hand_over(name, entries)

    def _hand_over(
        self, name: str, entries: Sequence[OutboxEntry], *, undelivered: bool = False
    ) -> frozenset[str]:
        messages: list[Message] = [
            (backup.name, entry.key, entry.body)
            for entry in entries
            for backup in self._ways.get(name, ())
            if self._is_for(backup, entry, undelivered=undelivered)
        ]
        if not messages:
            return frozenset()
        now = self._clock.now().wall
        try:
            new = self._outbox.put(messages, now)
        except StoreError as error:
            self._outbox.problem = str(error)
            with self._outbox.in_memory():
                new = self._outbox.put(messages, now)
        if new:
            self.handed_over[name] += new
            self.last_handed_over[name] = now
            self._log.warning("alerts go out by the second path", channel=name, count=new)
        return frozenset(backup for backup, _, _ in messages)

    def _is_for(self, backup: Channel, entry: OutboxEntry, *, undelivered: bool) -> bool:
        if self._outbox.has(backup.name, entry.key):
            return False
        alert = decode_alert(entry.body)
        if alert.state is AlertState.RESOLVED:
            return self._outbox.has(backup.name, f"{alert.id}:{AlertState.FIRING.value}")
        return undelivered and alert.severity.reaches(backup.at_least)
