"""UDP echo (RFC 862): reachability where ICMP says nothing, as on loopback."""

from __future__ import annotations

import random
import time

from netwatch.errors import WireDecodeError, WireError
from netwatch.model import ReachabilityMethod, Target
from netwatch.wire.protocols import ProbeResult
from netwatch.wire.udp import Question, UdpTransport, canonical

__all__ = ["UdpEchoProber"]

_MAGIC = b"netwatch echo "
_TRIES = 2


class UdpEchoProber:
    """Asks targets whose reachability method is udp-echo."""

    protocol = "udp_echo"

    def __init__(self, *, rng: random.Random | None = None) -> None:
        self._transport = UdpTransport(_identify, rng=rng)

    def applies(self, target: Target) -> bool:
        return target.reachability.method is ReachabilityMethod.UDP_ECHO

    async def start(self) -> None:
        return None

    async def probe(self, target: Target) -> ProbeResult:
        addresses = tuple(map(canonical, target.addresses))
        question = Question(
            addresses,
            frozenset(addresses) | frozenset(map(canonical, target.reply_from)),
            target.reachability.port,
            _encode,
            _decode,
            target.reachability.timeout,
            _TRIES,
        )
        began = time.perf_counter()
        try:
            await self._transport.ask(question)
        except WireError as error:
            return ProbeResult(False, None, str(error))
        return ProbeResult(True, time.perf_counter() - began, target.addresses[0])

    async def close(self) -> None:
        await self._transport.close()


def _encode(identifier: int) -> bytes:
    return _MAGIC + b"%d" % identifier


def _identify(data: bytes) -> int:
    number = data.removeprefix(_MAGIC)
    if len(number) > 10 or not number.isdigit():
        raise WireDecodeError("no echo of ours")
    return int(number)


def _decode(data: bytes, identifier: int) -> bool:  # noqa: ARG001 - to be found by its id is all
    return True
