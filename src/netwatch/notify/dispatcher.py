"""From transitions to receivers, through the outbox: accepted means committed, and then it will arrive."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import structlog

from netwatch.errors import DeliveryError, StoreError
from netwatch.model import Alert, AlertState, Clock, Notice, Transition, set_within
from netwatch.notify.channel import Channel, Refused
from netwatch.notify.second import SecondPath
from netwatch.notify.steady import Outbox, SteadyOutbox
from netwatch.store import OutboxEntry, decode_alert, encode_alert

__all__ = ["ChannelStatus", "Dispatcher", "Manners"]

_BATCH = 50
"""Messages in one delivery."""
_LOOK = 5.0
"""Seconds between two looks for messages that are late."""
_LATELY = 3600.0
"""Seconds for which ends are told again after a restart."""
_IDLE = 60.0
"""Seconds after which the outbox is looked at even if nothing woke the channel."""


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """How a channel is doing since the start of the process."""

    delivered: int = 0
    failures: int = 0
    refused: int = 0
    """Given up: refused for good, or too old."""
    failures_in_a_row: int = 0
    last_success: float | None = None
    """Wall seconds."""
    last_error: str = ""
    failing_since: float | None = None
    """Wall seconds of the first of the failures in a row; None while there are none."""


@dataclass(frozen=True, slots=True)
class Manners:
    """Seconds."""

    group_wait: float = 0.0
    """A first message waits this long for others, on channels that gather."""
    first_retry: float = 5.0
    longest_retry: float = 300.0
    give_up_after: float = 86400.0
    """A message that nobody took for that long is dropped, so that it does not hold up the others."""
    shutdown: float = 3.0
    """What is being delivered gets this long to end."""
    keep: float = 7 * 86400.0
    """Keys of ended alerts are remembered this long."""


class Dispatcher:
    """Writes what is to be told into the outbox and delivers it: in order per channel, channels apart."""

    def __init__(
        self,
        channels: Sequence[Channel],
        outbox: Outbox,
        clock: Clock,
        *,
        manners: Manners = Manners(),
        backups: Sequence[Channel] = (),
        second: SecondPath | None = None,
    ) -> None:
        """`backups` get only what `second` hands over to them."""
        self._served = (*channels, *backups)
        names = [channel.name for channel in self._served]
        if len(set(names)) < len(names):
            raise ValueError("two channels have the same name")
        self._channels = tuple(channels)
        self._outbox = outbox if isinstance(outbox, SteadyOutbox) else SteadyOutbox(outbox)
        self._second = second or SecondPath({}, self._outbox, clock)
        self._clock = clock
        self._manners = manners
        self._wake = {name: asyncio.Event() for name in names}
        self._status = {name: ChannelStatus() for name in names}
        self._forget_at = dict.fromkeys(names, 0.0)
        self._stopping = False
        self._turns = dict.fromkeys(names, clock.now().mono)
        """When each channel's task was seen at work, monotonic seconds."""
        self._log = structlog.get_logger("netwatch.notify")

    def notify(self, told: Sequence[Transition | Notice]) -> int:
        """Accepts what somebody should be told of: committed on return. Returns the number of new messages.

        A transition is for every channel; what is explained by another alert is not told. An end is told to
        whom the beginning was. Raises StoreError.
        """
        messages: list[tuple[str, str, str]] = []
        for one in told:
            notice = one if isinstance(one, Notice) else Notice(one.alert)
            body = ""
            for channel in self._channels:
                if self._is_for(channel, notice):
                    body = body or encode_alert(notice.alert)
                    messages.append((channel.name, self._key_for(channel, notice), body))
        new = self._outbox.put(messages, self._clock.now().wall) if messages else 0
        for name, _, _ in messages:
            self._wake[name].set()
        return new

    def announce(self, names: Iterable[str], key: str, alert: Alert) -> None:
        """Accepts something that is said once and has no end: committed on return. Raises StoreError."""
        wanted = frozenset(names)
        body = encode_alert(alert)
        messages = [(one.name, key, body) for one in self._channels if one.name in wanted]
        if messages:
            self._outbox.put(messages, self._clock.now().wall)
        self.wake(name for name, _, _ in messages)

    def hold(self, told: Sequence[Transition | Notice], problem: str) -> None:
        """As `notify` where the store can't be written: what is to be told waits in memory and goes out from
        there. Once `notify` has accepted the same transitions, nothing is told twice."""
        self._outbox.problem = problem
        with self._outbox.in_memory():
            self.notify(told)

    def kept(self) -> None:
        """The store took everything."""
        self._outbox.recovered()

    @property
    def problem(self) -> str:
        """Why messages are in memory instead of the store; empty if none of that."""
        return self._outbox.problem

    def last_turn(self) -> float:
        """Monotonic second since which no channel's task has been silent; they turn once a minute."""
        return min(self._turns.values(), default=self._clock.now().mono)

    @property
    def outbox(self) -> SteadyOutbox:
        return self._outbox

    def resume(self, open_alerts: Sequence[Alert]) -> None:
        """After a restart: what channels were told of goes on, or is closed if it is open no more."""
        alive = {alert.id for alert in open_alerts}
        now = self._clock.now().wall
        for channel in self._served:
            told = {entry.key: entry for entry in self._outbox.finished(channel.name) if not entry.error}
            active, ended = [], []
            for key, entry in told.items():
                alert_id, _, state = key.partition(":")
                if state == AlertState.RESOLVED.value and now - entry.created < _LATELY:
                    ended.append(decode_alert(entry.body))
                ended_key = f"{alert_id}:{AlertState.RESOLVED.value}"
                if state != AlertState.FIRING.value or self._outbox.has(channel.name, ended_key):
                    continue
                alert = decode_alert(entry.body)
                if alert_id in alive:
                    active.append(alert)
                else:
                    over = replace(alert, state=AlertState.RESOLVED, resolved=now)
                    self._outbox.put([(channel.name, _key(over), encode_alert(over))], now)
            channel.resume(active, ended)

    def status(self) -> dict[str, ChannelStatus]:
        """By channel."""
        return dict(self._status)

    async def run(self) -> None:
        """Delivers until cancelled; then ends within `manners.shutdown` seconds and closes the channels."""
        self._stopping = False
        tasks = [asyncio.create_task(self._serve(channel)) for channel in self._served]
        tasks.append(asyncio.create_task(self._watch()))
        try:
            # Unlike gather, wait does not cancel them: what is being delivered may end in peace.
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            self._stopping = True
            for event in self._wake.values():
                event.set()
            tasks[-1].cancel()
            await asyncio.wait(tasks, timeout=self._manners.shutdown)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(channel.close() for channel in self._served), return_exceptions=True)

    def _is_for(self, channel: Channel, notice: Notice) -> bool:
        alert = notice.alert
        if alert.state is AlertState.RESOLVED:
            return self._outbox.has(channel.name, f"{alert.id}:{AlertState.FIRING.value}")
        if alert.state is not AlertState.FIRING or alert.suppressed_by:
            return False
        if notice.channels is not None and channel.name not in notice.channels:
            return False
        return notice.always or alert.severity.reaches(channel.at_least)

    def _key_for(self, channel: Channel, notice: Notice) -> str:
        """What was told before is told again only under a key of its own."""
        key = _key(notice.alert)
        return f"{key}:{notice.again}" if notice.again and self._outbox.has(channel.name, key) else key

    def wake(self, names: Iterable[str]) -> None:
        """These channels have something new."""
        for name in names:
            if name in self._wake:
                self._wake[name].set()

    async def _watch(self) -> None:
        """Looks for messages that are late."""
        while True:
            await self._clock.sleep(_LOOK)
            self._hand_over(self._second.look)

    def _hand_over(self, find: Callable[[], Iterable[str]]) -> None:
        try:
            self.wake(find())
        except StoreError as error:
            self._log.error("outbox is not usable", error=str(error))

    async def _serve(self, channel: Channel) -> None:
        """The life of one channel."""
        refresh_at = self._clock.now().mono
        while not self._stopping:
            self._wake[channel.name].clear()
            self._turns[channel.name] = self._clock.now().mono
            try:
                delay = await self._deliver_ready(channel)
            except StoreError as error:
                self._log.error("outbox is not usable", channel=channel.name, error=str(error))
                delay = self._manners.first_retry
            if channel.refresh_every is not None:
                now = self._clock.now().mono
                if now >= refresh_at:
                    await self._refresh(channel)
                    refresh_at = now + channel.refresh_every
                delay = min(delay, refresh_at - now)
            if delay > 0 and not self._stopping:
                await set_within(self._wake[channel.name], delay, self._clock)

    async def _deliver_ready(self, channel: Channel) -> float:
        """Delivers what is due. Returns seconds until there is something to do again, 0 for at once."""
        entries = self._outbox.waiting(channel.name, _BATCH)
        if not entries:
            self._forget(channel.name)
            return _IDLE
        head, now = entries[0], self._clock.now().wall
        due = head.next_attempt
        if channel.gathers and head.attempts == 0:
            due = max(due, head.created + self._manners.group_wait)
        wait = due - now
        if 0 < wait <= self._manners.longest_retry:  # more than that: the clock was set back
            return wait
        await self._attempt(channel, entries)
        return 0.0

    async def _attempt(self, channel: Channel, entries: Sequence[OutboxEntry]) -> None:
        try:
            await channel.deliver([decode_alert(entry.body) for entry in entries])
        except Refused as error:
            if len(entries) > 1:  # one of them spoils it: find out which
                for entry in entries:
                    if self._stopping:
                        return
                    await self._attempt(channel, [entry])
                return
            self._give_up(channel, entries, str(error))
        except DeliveryError as error:
            self._postpone(channel, entries, str(error))
        except Exception as error:  # a mistake in one channel must not silence the others
            # Neither text nor locals of the error: they might hold the URL or a password.
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{where.filename}:{where.lineno}"
            self._log.error("channel failed", channel=channel.name, error=type(error).__name__, place=place)
            self._postpone(channel, entries, f"unexpected {type(error).__name__}")
        else:
            self._hand_over(lambda: self._second.delivered(channel.name, entries))
            self._settle(entries)
            status = self._status[channel.name]
            self._status[channel.name] = replace(
                status,
                delivered=status.delivered + len(entries),
                failures_in_a_row=0,
                failing_since=None,
                last_success=self._clock.now().wall,
            )

    def _settle(self, entries: Sequence[OutboxEntry], error: str = "") -> None:
        numbers = [entry.number for entry in entries]
        self._outbox.done(numbers, self._clock.now().wall, error)

    def _postpone(self, channel: Channel, entries: Sequence[OutboxEntry], error: str) -> None:
        now = self._clock.now().wall
        late = [entry for entry in entries if now - entry.created >= self._manners.give_up_after]
        if late:
            self._give_up(channel, late, f"given up: {error}")
        rest = entries[len(late) :]
        if rest:
            pause = min(
                self._manners.longest_retry, self._manners.first_retry * 2.0 ** min(rest[0].attempts, 20)
            )
            self._outbox.failed([entry.number for entry in rest], now + pause, error)
        status = self._status[channel.name]
        self._status[channel.name] = replace(
            status,
            failures=status.failures + 1,
            failures_in_a_row=status.failures_in_a_row + 1,
            last_error=error,
            failing_since=now if status.failing_since is None else status.failing_since,
        )
        self._log.warning("alerts not delivered", channel=channel.name, waiting=len(entries), error=error)
        self._hand_over(self._second.look)

    def _give_up(self, channel: Channel, entries: Sequence[OutboxEntry], error: str) -> None:
        self._hand_over(lambda: self._second.refused(channel.name, entries))
        self._settle(entries, error)
        status = self._status[channel.name]
        self._status[channel.name] = replace(status, refused=status.refused + len(entries), last_error=error)
        keys = [entry.key for entry in entries]
        self._log.error("alerts given up", channel=channel.name, keys=keys, error=error)

    async def _refresh(self, channel: Channel) -> None:
        try:
            await channel.refresh()
        except DeliveryError as error:
            reason = str(error)
        except Exception as error:  # a mistake in one channel must not silence the others
            reason = f"unexpected {type(error).__name__}"
        else:
            return
        status = self._status[channel.name]
        self._status[channel.name] = replace(status, failures=status.failures + 1, last_error=reason)
        self._log.warning("alerts not repeated", channel=channel.name, error=reason)

    def _forget(self, name: str) -> None:
        """Drops the keys of alerts that ended long ago; looks once an hour."""
        now = self._clock.now().mono
        if now < self._forget_at[name]:
            return
        self._forget_at[name] = now + 3600.0
        before = self._clock.now().wall - self._manners.keep
        finished = self._outbox.finished(name)
        end = f":{AlertState.RESOLVED.value}"
        old = {
            entry.key.removesuffix(end)
            for entry in finished
            if entry.key.endswith(end) and entry.created < before
        }
        self._outbox.delete([entry.number for entry in finished if entry.key.partition(":")[0] in old])


def _key(alert: Alert) -> str:
    """What a receiver is told at most once."""
    return f"{alert.id}:{alert.state.value}"
