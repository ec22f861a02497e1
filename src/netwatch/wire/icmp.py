"""ICMP echo by gufo-ping: one raw or ping socket per address family for all devices."""

from __future__ import annotations

import asyncio

from gufo.ping.socket import IPv4, IPv6, PingSocket, SelectionPolicy

from netwatch.errors import WireError
from netwatch.model import ReachabilityMethod, Target
from netwatch.wire.protocols import ProbeResult

__all__ = ["IcmpProber"]

RECEIVE_BUFFER = 8 * 1024 * 1024
"""With the default one, replies beyond some 250 at once are lost."""


class IcmpProber:
    """Pings targets whose reachability method is icmp; twice before it says no."""

    protocol = "icmp"

    def __init__(self) -> None:
        # gufo-ping fixes the timeout for each socket.
        self._sockets: dict[tuple[int, float], PingSocket] = {}
        self._running: set[asyncio.Task[float | None]] = set()

    def applies(self, target: Target) -> bool:
        return target.reachability.method is ReachabilityMethod.ICMP

    async def start(self) -> None:
        """Raises WireError where this process may not ping."""
        self._socket("127.0.0.1", 1.0)

    async def probe(self, target: Target) -> ProbeResult:
        """Raises WireError where this process may not ping."""
        for address in (target.addresses[0], *target.addresses):
            seconds = await self._once(address, target.reachability.timeout)
            if seconds is not None:
                return ProbeResult(True, seconds, address)
        return ProbeResult(False, None, f"no ICMP echo reply within {target.reachability.timeout:g} s")

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        loop = asyncio.get_running_loop()
        for sock in self._sockets.values():
            # gufo-ping 0.7 never takes its reader out of the loop: a later socket would inherit the number.
            loop.remove_reader(getattr(sock, "_PingSocket__sock_fd", -1))
            if sock._timeout_handler is not None:
                sock._timeout_handler.cancel()
        self._sockets.clear()

    async def _once(self, address: str, timeout: float) -> float | None:  # noqa: ASYNC109 - the socket's own
        sock = self._socket(address, timeout)
        # A cancelled ping would break gufo-ping's reader for all the others: let it run into its timeout.
        task = asyncio.ensure_future(sock.ping(address))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    def _socket(self, address: str, timeout: float) -> PingSocket:
        family = IPv6 if ":" in address else IPv4
        sock = self._sockets.get((family, timeout))
        if sock is None:
            try:
                sock = PingSocket(
                    afi=family,
                    policy=SelectionPolicy.RAW_DGRAM,
                    timeout=timeout,
                    recv_buffer_size=RECEIVE_BUFFER,
                )
            except OSError as error:
                raise WireError(
                    f"this process may not ping ({error}): give it CAP_NET_RAW, put its group into"
                    " net.ipv4.ping_group_range, or set reachability to none"
                ) from None
            self._sockets[family, timeout] = sock
        return sock
