"""From settings to the policy of the desk, and links into messages."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from netwatch.calendars import Window
from netwatch.config import Settings
from netwatch.errors import StoreError
from netwatch.incidents import (
    Audience,
    Damping,
    Escalation,
    Link,
    Policy,
    QuietHours,
    Rota,
    Swap,
    Urgency,
    make_token,
)
from netwatch.model import REPETITION, AlertState, Notice, Reason

__all__ = ["Links", "link_key", "policy_of", "with_reason"]

KEY_FILE = "acknowledge.key"


def policy_of(settings: Settings) -> Policy:
    """Settings that were checked, as the desk wants them."""
    alerts, timezone = settings.alerts, settings.district.timezone
    zone = ZoneInfo(timezone)
    people = {name: frozenset(person.channels) for name, person in alerts.people.items()}
    audiences = {
        name: Audience(
            name,
            frozenset(one.channels).union(*(people[person] for person in one.people)),
            one.on_call,
            one.at_least,
            Urgency(one.urgency),
            one.quiet_hours,
        )
        for name, one in alerts.audiences.items()
    }
    rotas = {
        name: Rota(
            one.people,
            one.begins,
            timezone,
            round(one.turn / 86400.0),
            one.handover,
            tuple(Swap(_wall(swap.starts, zone), _wall(swap.ends, zone), swap.person) for swap in one.swaps),
        )
        for name, one in alerts.on_call.items()
    }
    quiet, damping = alerts.quiet_hours, alerts.damping
    return Policy(
        timezone=timezone,
        audiences=audiences,
        tell=alerts.tell,
        life_safety=alerts.life_safety.audiences,
        life_safety_rules=frozenset(alerts.life_safety.rules),
        escalation=tuple(Escalation(step.after, step.audience) for step in alerts.escalation),
        channels_at_least={channel.name: channel.at_least for channel in alerts.channels()},
        people=people,
        rotas=rotas,
        quiet=None
        if quiet is None
        else QuietHours(
            quiet.hours,
            quiet.at_least,
            tuple(
                window
                for window in (Window(during=quiet.during), Window(outside=quiet.outside))
                if not window.is_always
            ),
        ),
        urgency={rule: Urgency(name) for rule, name in alerts.urgency.items()},
        morning=alerts.morning,
        digest=alerts.digest,
        damping=None
        if damping is None
        else Damping(damping.half_life, damping.penalty, damping.suppress, damping.reuse, damping.longest),
    )


def _wall(moment: datetime, zone: ZoneInfo) -> float:
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).timestamp()


def with_reason(notice: Notice) -> Notice:
    """The alert says why it is told, where that is not plain."""
    if notice.reason in (Reason.NEW, Reason.ENDED):
        return notice
    annotations = {**notice.alert.annotations, "told_because": notice.reason.value}
    if notice.again:
        annotations[REPETITION] = notice.again
    return replace(notice, alert=replace(notice.alert, annotations=annotations))


@dataclass(frozen=True, slots=True)
class Links:
    """Puts links that acknowledge into messages."""

    key: bytes
    address: str
    """Of netwatch's own pages, as people reach it."""
    valid_for: float
    """Seconds."""
    channels: frozenset[str]
    """Names of the channels whose messages carry a link."""

    @classmethod
    def of(cls, settings: Settings) -> Links | None:
        """None where messages carry no links. Raises StoreError if a key can be neither read nor made."""
        links, address = settings.alerts.links, settings.web.external_url
        if not links.channels or not address:
            return None
        key = links.key.reveal().encode() if links.key else link_key(Path(settings.state_dir))
        return cls(key, address.rstrip("/"), links.valid_for, frozenset(links.channels))

    def into(self, notices: Iterable[Notice], now: float) -> Iterator[Notice]:
        """The same notices, those for channels with links apart, each with a link of its own."""
        for notice in notices:
            if notice.alert.state is not AlertState.FIRING:
                yield notice
                continue
            to = self.channels if notice.channels is None else notice.channels
            for name in sorted(to & self.channels):
                yield replace(
                    notice,
                    channels=frozenset({name}),
                    alert=replace(
                        notice.alert,
                        annotations={
                            **notice.alert.annotations,
                            "acknowledge": self._address(notice.alert.id, name, now),
                        },
                    ),
                )
            if notice.channels is None:
                yield notice  # what a channel was given with a link it is not given again
            elif rest := to - self.channels:
                yield replace(notice, channels=rest)

    def _address(self, alert: str, channel: str, now: float) -> str:
        link = Link(alert, channel, int(now + self.valid_for), secrets.token_urlsafe(9))
        return f"{self.address}/acknowledge?token={quote(make_token(self.key, link), safe='')}"


def link_key(folder: Path) -> bytes:
    """The key that is kept in the state folder, made if there is none; only its owner may read it.

    Raises StoreError.
    """
    path = folder / KEY_FILE
    try:
        with suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
        path.chmod(0o600)
        key = path.read_bytes().strip()
    except OSError as error:
        raise StoreError(f"{path}: the key of links can't be kept: {error.strerror}") from None
    if len(key) < 16:
        raise StoreError(f"{path}: is no key: delete it, and another one is made")
    return key
