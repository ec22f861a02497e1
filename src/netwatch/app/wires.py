"""All the wires of one daemon, opened and closed together."""

from __future__ import annotations

import os
from collections.abc import Sequence

import structlog

from netwatch.errors import WireError
from netwatch.model import Clock
from netwatch.wire import (
    AiohttpJson,
    IcmpProber,
    NetmikoRunner,
    NetworkSnmpWire,
    Prober,
    SipOptionsProber,
    UdpEchoProber,
    snmp_kernel,
)

__all__ = ["Wires"]


class Wires:
    """SNMP, SSH, HTTP and the probers."""

    def __init__(self, clock: Clock, ssh_workers: int) -> None:
        self.snmp = NetworkSnmpWire(clock=clock, kernel=snmp_kernel(os.environ))
        self.ssh = NetmikoRunner(workers=ssh_workers)
        self.http = AiohttpJson()
        self._probers = (IcmpProber(), UdpEchoProber(), SipOptionsProber())
        self.probers: Sequence[Prober] = ()
        """Those that may work here."""

    async def start(self) -> None:
        """A prober that this process has no permission for is left out, with a warning that says so."""
        usable: list[Prober] = []
        for prober in self._probers:
            try:
                await prober.start()
            except WireError as error:
                structlog.get_logger("netwatch").warning(
                    "prober left out", protocol=prober.protocol, reason=str(error)
                )
            else:
                usable.append(prober)
        self.probers = tuple(usable)

    async def close(self) -> None:
        for prober in self._probers:
            await prober.close()
        await self.http.close()
        await self.ssh.close()
        await self.snmp.close()
