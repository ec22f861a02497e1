"""Channels as the settings want them: the first way, and the second path with its weekly test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from netwatch.config import Settings
from netwatch.model import Alert, Clock
from netwatch.notify import (
    AlertmanagerChannel,
    AppriseChannel,
    Channel,
    Dispatcher,
    EmailChannel,
    Manners,
    MqttChannel,
    PathTest,
    SecondPath,
    SmsChannel,
    SteadyOutbox,
    WebhookChannel,
    internet_at_fault,
    taken_from,
)
from netwatch.notify.settings import AlertmanagerSettings as Cluster
from netwatch.notify.settings import AppriseSettings as Chat
from netwatch.notify.settings import EmailSettings as Email
from netwatch.notify.settings import MqttSettings as Mqtt
from netwatch.notify.settings import SmsSettings as Sms
from netwatch.notify.settings import WebhookSettings as Webhook

__all__ = ["Delivery", "channel_settings", "channels", "deliver_by"]


class Delivery(NamedTuple):
    """What delivers, and what tests the second path."""

    dispatcher: Dispatcher
    second: SecondPath
    test: PathTest


def channel_settings(settings: Settings) -> tuple[object, ...]:
    """All that delivery is made of."""
    alerts = settings.alerts
    second = alerts.backup, alerts.backup_after, alerts.backup_test, alerts.internet_roles
    district = settings.district.timezone, settings.district.slug
    return alerts.channels(), *second, alerts.group_wait, settings.web.external_url, *district


def channels(settings: Settings, clock: Clock) -> list[Channel]:
    """Raises MissingExtra where a channel's library is not installed."""
    alerts, url, zone = settings.alerts, settings.web.external_url, settings.district.timezone
    return [
        *(AlertmanagerChannel(taken_from(Cluster, x), clock, external_url=url) for x in alerts.alertmanager),
        *(WebhookChannel(taken_from(Webhook, x), clock, external_url=url) for x in alerts.webhook),
        *(EmailChannel(taken_from(Email, x), clock, external_url=url, timezone=zone) for x in alerts.email),
        *(MqttChannel(taken_from(Mqtt, x), external_url=url) for x in alerts.mqtt),
        *(AppriseChannel(taken_from(Chat, x), external_url=url) for x in alerts.apprise),
        *(SmsChannel(taken_from(Sms, x), clock) for x in alerts.sms),
    ]


def deliver_by(
    settings: Settings,
    everything: Sequence[Channel],
    outbox: SteadyOutbox,
    clock: Clock,
    alerts: Callable[[], Sequence[Alert]],
) -> Delivery:
    """`everything`: what `channels` made. `alerts`: of the moment: is the Internet gone?"""
    wanted = settings.alerts
    by_name = {channel.name: channel for channel in everything}
    names = wanted.second_path()
    second = SecondPath(
        {one.name: [by_name[name] for name in wanted.backups_of(one)] for one in wanted.channels()},
        outbox,
        clock,
        after=wanted.backup_after,
        urgent=lambda: internet_at_fault(alerts(), wanted.internet_roles),
    )
    test = PathTest(
        sorted(names),
        outbox,
        clock,
        zone=ZoneInfo(settings.district.timezone),
        district=settings.district.slug,
        day=wanted.backup_test.day,
        at=wanted.backup_test.at,
        within=wanted.backup_test.within,
    )
    dispatcher = Dispatcher(
        [channel for channel in everything if channel.name not in names],
        outbox,
        clock,
        manners=Manners(group_wait=wanted.group_wait),
        backups=[channel for channel in everything if channel.name in names],
        second=second,
    )
    return Delivery(dispatcher, second, test)
