"""Text messages through the spool folder of an SMS server with a modem of its own.

The format is that of smstools 3: a header of `Name: value` lines, an empty line, the text. The modem needs no
Internet: a second path.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from netwatch.errors import DeliveryError
from netwatch.model import Alert, Clock
from netwatch.notify.channel import BaseChannel, message_key, short_text
from netwatch.notify.settings import SmsSettings

__all__ = ["SmsChannel", "spool_file"]

LONGEST = 300
"""Characters: two parts of a message in any script, mostly."""
_LOOK_SECONDS = 0.5


class SmsChannel(BaseChannel):
    """One file per alert and number. Its name holds the alert's key: what is repeated overwrites itself."""

    gathers = False

    def __init__(self, settings: SmsSettings, clock: Clock) -> None:
        super().__init__(settings.name, settings.at_least)
        self._settings = settings
        self._clock = clock

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        """Raises DeliveryError if the spool can't be written or, with `sent`, if the modem sent nothing."""
        settings = self._settings
        names = []
        for alert in alerts:
            for number in settings.to:
                name = f"netwatch-{self.name}-{message_key(alert).replace(':', '-')}-{number.lstrip('+')}"
                names.append(name)
                if settings.sent is None or not (settings.sent / name).exists():
                    await asyncio.to_thread(self._put, name, spool_file(number, short_text(alert, LONGEST)))
        if settings.sent is not None:
            await self._until_sent(names)

    def _put(self, name: str, content: bytes) -> None:
        target = self._settings.spool / name
        # Hidden, then renamed: the server never sees half a file.
        partial = target.with_name(f".{name}.partial")
        try:
            with partial.open("wb") as file:
                os.fchmod(file.fileno(), 0o640)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        except OSError as error:
            raise DeliveryError(f"the spool can't be written: {error.strerror}") from None

    async def _until_sent(self, names: Sequence[str]) -> None:
        assert self._settings.sent is not None
        until = self._clock.now().mono + self._settings.timeout
        waiting = set(names)
        while True:
            waiting = {name for name in waiting if not (self._settings.sent / name).exists()}
            if not waiting:
                return
            if self._settings.failed is not None:
                failed = [name for name in waiting if (self._settings.failed / name).exists()]
                if failed:
                    self._clear(self._settings.failed, failed)
                    raise DeliveryError(f"the modem failed to send {len(failed)} of {len(names)} messages")
            if self._clock.now().mono >= until:
                raise DeliveryError(f"not sent by the modem within {self._settings.timeout:g} s")
            await self._clock.sleep(_LOOK_SECONDS)

    def _clear(self, folder: Path, names: Sequence[str]) -> None:
        """So that the next attempt is judged by itself."""
        for name in names:
            try:
                (folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise DeliveryError(
                    f"a failed message can't be removed from the spool: {error.strerror}"
                ) from None


def spool_file(number: str, text: str) -> bytes:
    """As smstools 3 reads it: UTF-8 is converted to GSM or UCS-2 by the server."""
    return f"To: {number.lstrip('+')}\nAlphabet: UTF-8\n\n{text}\n".encode()
