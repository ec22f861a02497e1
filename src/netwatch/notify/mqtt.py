"""Alerts on an MQTT broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from types import ModuleType

from netwatch.errors import DeliveryError, MissingExtra
from netwatch.model import Alert, AlertState
from netwatch.notify.channel import BaseChannel, alert_document, tls_context
from netwatch.notify.settings import MqttSettings

__all__ = ["MqttChannel"]


class MqttChannel(BaseChannel):
    """State per alert and a stream of events.

    - `PREFIX/alerts/ID`: the alert while it is active, retained; emptied when it has ended
    - `PREFIX/events`: every message once, not retained

    Each delivery connects anew: alerts are rare, and a connection that was lost meanwhile needs no care.
    """

    gathers = False

    def __init__(self, settings: MqttSettings, *, external_url: str = "") -> None:
        super().__init__(settings.name, settings.at_least)
        self._settings = settings
        self._external_url = external_url
        self._mqtt = _library()
        self._tls = tls_context(settings.ca_file) if settings.tls else None

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        settings, mqtt = self._settings, self._mqtt
        try:
            async with (
                asyncio.timeout(settings.timeout * 3),
                mqtt.Client(
                    settings.host,
                    settings.port,
                    username=settings.user or None,
                    password=settings.password.reveal() or None,
                    identifier=settings.client_id or None,
                    timeout=settings.timeout,
                    tls_context=self._tls,
                ) as client,
            ):
                for alert in alerts:
                    document = json.dumps(alert_document(alert, self._external_url), ensure_ascii=False)
                    ended = alert.state is AlertState.RESOLVED
                    await client.publish(
                        f"{settings.topic}/alerts/{alert.id}",
                        payload=None if ended and settings.retain else document,
                        qos=settings.qos,
                        retain=settings.retain,
                    )
                    await client.publish(f"{settings.topic}/events", payload=document, qos=settings.qos)
        except TimeoutError:
            raise DeliveryError(f"no answer within {settings.timeout * 3:g} s") from None
        except mqtt.MqttError as error:
            raise DeliveryError(f"the broker did not take it: {error}") from None


def _library() -> ModuleType:
    try:
        import aiomqtt
    except ImportError:
        raise MissingExtra("aiomqtt", "mqtt") from None
    return aiomqtt
