"""Settings of alerts: rules, who is told, by which channels."""

from __future__ import annotations

from pydantic import Field, model_validator

from netwatch.calendars import ClockTime, ClockTimes
from netwatch.config.channels import (
    AlertmanagerSettings,
    AppriseSettings,
    ChannelSettings,
    EmailSettings,
    HeartbeatSettings,
    MqttSettings,
    PathTestSettings,
    SmsSettings,
    WebhookSettings,
)
from netwatch.config.fields import Duration, FileGlob, Names, PositiveDuration
from netwatch.config.telling import (
    AudienceSettings,
    DampingSettings,
    EscalationSettings,
    LifeSafetySettings,
    LinkSettings,
    PersonSettings,
    QuietHoursSettings,
    RotaSettings,
    UrgencyName,
)
from netwatch.documents import Strict, did_you_mean, fault

__all__ = ["AlertSettings"]


class AlertSettings(Strict):
    """Which conditions are alerts, and who is told."""

    rules: tuple[FileGlob, ...] = Field(
        default=(), description="Files of rules; none: the rules that netwatch ships."
    )
    evaluation_interval: PositiveDuration = Field(
        default=15.0, description="Time between two evaluations of the rules."
    )
    attached_to: Names = Field(
        default=(),
        description="Devices that netwatch itself hangs on, for root causes; none: the core switches and "
        "firewalls outside the schools.",
    )
    bridge_tables: Duration = Field(
        default=1800.0,
        description="Time between two rounds in which switches are asked where they have learnt the "
        "addresses of devices that tell of no neighbours, for root causes; `0` for never.",
    )
    group_wait: Duration = Field(
        default=10.0, description="A first message waits this long for alerts of the same fault."
    )
    alertmanager: tuple[AlertmanagerSettings, ...] = Field(default=(), description="Alertmanagers (API v2).")
    webhook: tuple[WebhookSettings, ...] = Field(default=(), description="Webhooks that take JSON.")
    email: tuple[EmailSettings, ...] = Field(default=(), description="E-mail.")
    mqtt: tuple[MqttSettings, ...] = Field(default=(), description="MQTT brokers.")
    people: dict[str, PersonSettings] = Field(default_factory=dict, description="People by name.")
    audiences: dict[str, AudienceSettings] = Field(
        default_factory=dict, description="Named groups of channels and people."
    )
    tell: Names = Field(
        default=(), description="Audiences that are told first; none: every channel, by its `at_least`."
    )
    escalation: tuple[EscalationSettings, ...] = Field(
        default=(), description="Further audiences, as long as nobody acknowledges."
    )
    on_call: dict[str, RotaSettings] = Field(
        default_factory=dict, description="Rotas by name: people who are on call in turn."
    )
    quiet_hours: QuietHoursSettings | None = Field(
        default=None, description="Hours in which only severe alerts are told; without it there are none."
    )
    urgency: dict[str, UrgencyName] = Field(
        default_factory=dict,
        description="By rule: `now`, `digest` or `morning`, whatever the audience's urgency is.",
    )
    morning: ClockTime = Field(
        default=6 * 3600 + 1800, description="When that is told which could wait for the morning."
    )
    digest: ClockTimes = Field(default=(6 * 3600 + 1800,), description="Times of the digest.")
    damping: DampingSettings | None = Field(
        default=None, description="Flap damping; without it (`damping: {}` has the defaults) there is none."
    )
    life_safety: LifeSafetySettings = Field(
        default=LifeSafetySettings(), description="Alerts that nothing may hide."
    )
    silences: tuple[FileGlob, ...] = Field(
        default=(), description="Files of silences and maintenance windows."
    )
    links: LinkSettings = Field(
        default=LinkSettings(), description="Links in messages that acknowledge an alert."
    )
    apprise: tuple[AppriseSettings, ...] = Field(default=(), description="Chat and paging through Apprise.")
    sms: tuple[SmsSettings, ...] = Field(default=(), description="Text messages through a modem's spool.")
    backup: Names = Field(
        default=(),
        description="The second path: channels that get what others can't deliver, and nothing else.",
    )
    backup_after: PositiveDuration = Field(
        default=300.0,
        description="A message that is not delivered after this goes out by the second path as well.",
    )
    backup_test: PathTestSettings = Field(
        default=PathTestSettings(), description="The weekly test of the second path."
    )
    internet_roles: Names = Field(
        default=("firewall", "wan"),
        description="Kinds and roles of devices that the Internet hangs on: while one of them has an alert, "
        "what a channel can't deliver goes out by the second path at once.",
    )
    heartbeat: HeartbeatSettings | None = Field(
        default=None, description="Sign of life for a receiver outside."
    )

    def channels(self) -> tuple[ChannelSettings, ...]:
        """All of them."""
        return *self.alertmanager, *self.webhook, *self.email, *self.mqtt, *self.apprise, *self.sms

    def backups_of(self, channel: ChannelSettings) -> tuple[str, ...]:
        """Names of the channels that take over from it; none for those that are the second path."""
        return () if channel.name in self.second_path() else channel.backup or self.backup

    def second_path(self) -> frozenset[str]:
        """Names of the channels that only take over from others."""
        return frozenset((*self.backup, *(name for one in self.channels() for name in one.backup)))

    @model_validator(mode="after")
    def _backups_are_there(self) -> AlertSettings:
        names = [one.name for one in self.channels()]
        for name in sorted(self.second_path()):
            if name not in names:
                raise fault(f"backup: no channel {name!r}", did_you_mean(name, names))
            if any(one.name == name for one in self.alertmanager):
                raise fault(f"backup: {name!r} is an Alertmanager", "name a channel that reaches people")
        if names and self.second_path() >= set(names):
            raise fault("backup: every channel is the second path, none the first")
        return self
