"""One UDP socket that is every address of 127/8: answers come from the address that was asked."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterable

__all__ = ["Handler", "LoopbackSocket"]

Handler = Callable[[bytes, str], "tuple[bytes, float] | None"]
"""Datagram and address that was asked; the answer and after how many seconds it leaves, None for silence."""

_IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)
"""Linux's number; the socket module has it from Python 3.12 on."""
_SO_RCVBUFFORCE = 33
"""Linux's number; the socket module does not have it."""
_PKTINFO = struct.Struct("=I4s4s")
_BATCH = 64
"""Datagrams per turn of the loop, so that nothing else starves."""
_BUFFER = 4 << 20


class LoopbackSocket:
    """A wildcard socket that hears only the loopback interface.

    Where IP_PKTINFO is not to be had, one socket per address does the same.
    """

    def __init__(self, handler: Handler, port: int, addresses: Iterable[str] = ()) -> None:
        """`addresses`: only for systems without IP_PKTINFO. `port` 0 takes a free one."""
        self._handler = handler
        self._wanted = port
        self._addresses = tuple(addresses)
        self._sockets: list[socket.socket] = []
        self.port = port

    async def start(self) -> None:
        """Raises OSError where the port is taken."""
        try:
            self._sockets = [self._wildcard()]
        except PermissionError:
            raise
        except OSError as error:
            if error.errno in (98, 48):  # EADDRINUSE of Linux and BSD
                raise
            self._sockets = self._one_each()
        loop = asyncio.get_running_loop()
        for one in self._sockets:
            loop.add_reader(one.fileno(), self._read, one)

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for one in self._sockets:
            loop.remove_reader(one.fileno())
            one.close()
        self._sockets = []

    def _wildcard(self) -> socket.socket:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            one.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            with contextlib.suppress(OSError):  # allowed without privileges from Linux 5.7 on
                one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            with contextlib.suppress(OSError):  # beyond the system's limit, where privileges allow
                one.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
            one.bind(("0.0.0.0", self._wanted))  # noqa: S104 - what does not come for 127/8 is dropped
        except OSError:
            one.close()
            raise
        self.port = one.getsockname()[1]
        return one

    def _one_each(self) -> list[socket.socket]:
        out: list[socket.socket] = []
        for address in self._addresses or ("127.0.0.1",):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            one.bind((address, self.port))
            self.port = one.getsockname()[1]
            out.append(one)
        return out

    def _read(self, one: socket.socket) -> None:
        for _ in range(_BATCH):
            try:
                data, control, _, source = one.recvmsg(65535, socket.CMSG_SPACE(_PKTINFO.size))
            except (BlockingIOError, ConnectionRefusedError):
                return
            asked = _destination(control) or one.getsockname()[0]
            if not asked.startswith("127."):
                continue
            reply = self._handler(data, asked)
            if reply is None:
                continue
            answer, delay = reply
            if delay:
                asyncio.get_running_loop().call_later(delay, self._send, one, answer, asked, source)
            else:
                self._send(one, answer, asked, source)

    def _send(self, one: socket.socket, data: bytes, asked: str, source: tuple[str, int]) -> None:
        if one.fileno() < 0:
            return
        info = _PKTINFO.pack(0, socket.inet_aton(asked), b"\0" * 4)
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            one.sendmsg([data], [(socket.IPPROTO_IP, _IP_PKTINFO, info)], 0, source)


def _destination(control: list[tuple[int, int, bytes]]) -> str | None:
    for level, kind, content in control:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO and len(content) >= _PKTINFO.size:
            return socket.inet_ntoa(_PKTINFO.unpack_from(content)[2])
    return None
