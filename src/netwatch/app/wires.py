"""All the wires of one daemon, opened and closed together."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from netwatch.errors import WireError
from netwatch.model import Clock
from netwatch.native import Speed
from netwatch.wire import (
    AiohttpJson,
    IcmpProber,
    NetmikoRunner,
    NetworkSnmpWire,
    Prober,
    SipOptionsProber,
    UdpEchoProber,
)

__all__ = ["Wires"]


class Wires:
    """SNMP, SSH, HTTP and the probers."""

    def __init__(self, clock: Clock, ssh_workers: int, native: Speed | None = None) -> None:
        """`native`: the compiled twin of hot loops, where it is to be used."""
        self.snmp = NetworkSnmpWire(clock=clock, kernel=native)
        self.ssh = NetmikoRunner(workers=ssh_workers)
        self.http = AiohttpJson(clock=clock)
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
