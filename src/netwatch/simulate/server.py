"""The whole district behind one SNMP socket and one echo socket."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from netwatch.model import Clock, Secret, SystemClock
from netwatch.simulate.agent import Agent
from netwatch.simulate.district import District, SimDevice
from netwatch.simulate.rows import before_start, engine_boots, engine_id, uptime
from netwatch.simulate.udp import LoopbackSocket
from netwatch.simulate.usm import User
from netwatch.simulate.view import MibView
from netwatch.simulate.world import World

__all__ = ["DEFAULT_ECHO_PORT", "DEFAULT_PORT", "Simulator"]

DEFAULT_PORT = 1161
DEFAULT_ECHO_PORT = 10007
"""Above 1023, so that no privilege is needed; the protocol's own number is 7."""
_WARMED = 500
"""So many devices are built ahead; more are built when they are asked for."""


@dataclass
class _Served:
    device: SimDevice
    agent: Agent


class Simulator:
    """Serves a district on 127/8: SNMP on one port, the echo protocol (RFC 862) on another.

    What a device shows is built at the first request or before. Times are real; `phase` moves the schedule.
    """

    def __init__(
        self,
        district: District,
        *,
        port: int = DEFAULT_PORT,
        echo_port: int = DEFAULT_ECHO_PORT,
        clock: Clock | None = None,
        phase: float | None = None,
    ) -> None:
        """`phase`: seconds since Monday 00:00 school time at which the schedule starts; None: as it is.

        A port of 0 takes a free one, which `port` and `echo_port` tell after `start()`.
        """
        self.district = district
        self._clock = clock or SystemClock()
        self._rng = random.Random(district.seed)  # noqa: S311 - which requests a bad agent drops
        self._started = self._clock.now()
        self.world = World(district, self._started.wall, phase)
        users = {
            user.name.encode(): User(
                user.name, user.auth, Secret(user.auth_password), user.privacy, Secret(user.privacy_password)
            )
            for user in district.library.district.users
        }
        self._served = {
            device.address: _Served(device, self._agent(device, users)) for device in district.devices
        }
        addresses = tuple(self._served)
        self._warming: asyncio.Task[None] | None = None
        self._snmp = LoopbackSocket(self._answer, port, addresses)
        self._echo = LoopbackSocket(self._reflect, echo_port, addresses)

    @property
    def port(self) -> int:
        return self._snmp.port

    @property
    def echo_port(self) -> int:
        return self._echo.port

    async def start(self) -> None:
        """Raises OSError where a port is taken."""
        await self._snmp.start()
        try:
            await self._echo.start()
        except OSError:
            self._snmp.close()
            raise
        self._warming = asyncio.create_task(self._warm())

    async def _warm(self) -> None:
        """Builds what will be asked for, a device at a time between the requests."""
        for device in self.district.devices[:_WARMED]:
            if not device.down:
                self.world.model(device.name)
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        if self._warming is not None:
            self._warming.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._warming
        self._snmp.close()
        self._echo.close()

    def seconds(self) -> float:
        """Since the simulation started."""
        return self._clock.now().mono - self._started.mono

    def _view(self, name: str) -> MibView:
        return self.world.model(name).view

    def _agent(self, device: SimDevice, users: dict[bytes, User]) -> Agent:
        spec = self.district.library.district
        own = {device.user.encode(): users[device.user.encode()]} if device.user else {}
        view: Callable[[], MibView] = partial(self._view, device.name)
        return Agent(
            view=view,
            communities={} if device.user else {spec.community.encode(): None},
            users=own,
            engine_id=engine_id(device),
            engine=partial(_engine, device, before_start(self.district.seed, device)),
        )

    def _answer(self, data: bytes, asked: str) -> tuple[bytes, float] | None:
        served = self._served.get(asked)
        if served is None or served.device.down:
            return None
        device = served.device
        if device.loss and self._rng.random() < device.loss:
            return None
        reply = served.agent.respond(data, self.seconds())
        return None if reply is None else (reply, device.delay)

    def _reflect(self, data: bytes, asked: str) -> tuple[bytes, float] | None:
        served = self._served.get(asked)
        if served is None or served.device.down:
            return None
        return data, served.device.delay


def _engine(device: SimDevice, before: float, seconds: float) -> tuple[int, int]:
    """snmpEngineBoots and snmpEngineTime."""
    return engine_boots(device, seconds), int(uptime(device, before, seconds))
