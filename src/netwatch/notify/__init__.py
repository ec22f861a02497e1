"""From alerts to people and other programs: a durable outbox, and one module per kind of receiver."""

from netwatch.notify.alertmanager import AlertmanagerChannel
from netwatch.notify.channel import BaseChannel, Channel, Refused, alert_document
from netwatch.notify.chat import AppriseChannel
from netwatch.notify.dispatcher import ChannelStatus, Dispatcher, Manners
from netwatch.notify.heartbeat import Heartbeat, HeartbeatStatus
from netwatch.notify.keeping import UNWRITTEN, Keeper
from netwatch.notify.mail import EmailChannel
from netwatch.notify.mqtt import MqttChannel
from netwatch.notify.notices import SELF, Notices, own_alert
from netwatch.notify.pathtest import FAILED, Outcome, PathTest
from netwatch.notify.second import SecondPath, internet_at_fault
from netwatch.notify.settings import (
    AlertmanagerSettings,
    AppriseSettings,
    ChannelSettings,
    EmailSettings,
    MqttSettings,
    SmsSettings,
    WebhookSettings,
    taken_from,
)
from netwatch.notify.sms import SmsChannel
from netwatch.notify.steady import Outbox, SteadyOutbox
from netwatch.notify.webhook import WebhookChannel, signature

__all__ = [
    "FAILED",
    "SELF",
    "UNWRITTEN",
    "AlertmanagerChannel",
    "AlertmanagerSettings",
    "AppriseChannel",
    "AppriseSettings",
    "BaseChannel",
    "Channel",
    "ChannelSettings",
    "ChannelStatus",
    "Dispatcher",
    "EmailChannel",
    "EmailSettings",
    "Heartbeat",
    "HeartbeatStatus",
    "Keeper",
    "Manners",
    "MqttChannel",
    "MqttSettings",
    "Notices",
    "Outbox",
    "Outcome",
    "PathTest",
    "Refused",
    "SecondPath",
    "SmsChannel",
    "SmsSettings",
    "SteadyOutbox",
    "WebhookChannel",
    "WebhookSettings",
    "alert_document",
    "internet_at_fault",
    "own_alert",
    "signature",
    "taken_from",
]
