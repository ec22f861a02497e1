"""SIP OPTIONS over UDP (RFC 3261, 11): is a PBX, gateway or trunk alive?"""

from __future__ import annotations

import random
import re
import socket
import time
from typing import NamedTuple

from netwatch.errors import WireDecodeError, WireError
from netwatch.model import SipAccess, Target
from netwatch.wire.protocols import ProbeResult
from netwatch.wire.udp import Question, UdpTransport, canonical

__all__ = ["SipOptionsProber", "SipStatus", "encode_options", "parse_status"]

_TRIES = 3
_STATUS = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2}) ?([^\r\n]*)\r\n")
_BRANCH = re.compile(
    rb"^(?:via|v)[ \t]*:[^\r\n]*;[ \t]*branch[ \t]*=[ \t]*z9hG4bKnw(\d{1,10})\b", re.IGNORECASE | re.MULTILINE
)


class SipStatus(NamedTuple):
    """The first line of a response (RFC 3261, 7.2)."""

    code: int
    reason: str

    @property
    def alive(self) -> bool:
        """Any final answer shows a working SIP stack, but for a server failure (5xx, save 501)."""
        return not 500 <= self.code < 600 or self.code == 501


class SipOptionsProber:
    """Asks targets that have SIP access over UDP."""

    protocol = "sip"

    def __init__(self, *, rng: random.Random | None = None) -> None:
        self._transport = UdpTransport(_identify, rng=rng)

    def applies(self, target: Target) -> bool:
        return target.sip is not None and target.sip.transport == "udp"

    async def start(self) -> None:
        return None

    async def probe(self, target: Target) -> ProbeResult:
        access = target.sip
        if access is None:
            return ProbeResult(False, None, "no SIP access")
        addresses = tuple(map(canonical, target.addresses))
        began = time.perf_counter()
        try:
            local, port = _local_address(addresses[0]), self._transport.local_port(addresses[0])
            question = Question(
                addresses,
                frozenset(addresses) | frozenset(map(canonical, target.reply_from)),
                access.port,
                lambda identifier: encode_options(addresses[0], access, local, port, identifier),
                _final,
                access.timeout,
                _TRIES,
            )
            status = await self._transport.ask(question)
        except WireError as error:
            return ProbeResult(False, None, str(error))
        except OSError as error:
            return ProbeResult(False, None, f"{addresses[0]}: {error.strerror}")
        return ProbeResult(
            status.alive, time.perf_counter() - began, f"{status.code} {status.reason}".strip()
        )

    async def close(self) -> None:
        await self._transport.close()


def encode_options(address: str, access: SipAccess, local: str, port: int, identifier: int) -> bytes:
    """An OPTIONS request. The transaction is known again by the number in the Via branch."""
    host = access.domain or _host(address)
    uri = f"sip:{host}:{access.port}" if not access.domain else f"sip:{host}"
    here = f"{_host(local)}:{port}"
    lines = (
        f"OPTIONS {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {here};branch=z9hG4bKnw{identifier};rport",
        "Max-Forwards: 70",
        f"From: <sip:netwatch@{_host(local)}>;tag=nw{identifier:x}",
        f"To: <{uri}>",
        f"Call-ID: nw{identifier:x}@{_host(local)}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:netwatch@{here}>",
        "Accept: application/sdp",
        "User-Agent: netwatch",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


def parse_status(data: bytes) -> SipStatus:
    """The status line of a response. Raises WireDecodeError."""
    found = _STATUS.match(data)
    if found is None:
        raise WireDecodeError("no SIP response")
    return SipStatus(int(found.group(1)), found.group(2).decode("utf-8", "replace").strip()[:80])


def _final(data: bytes, identifier: int) -> SipStatus:  # noqa: ARG001 - found by its branch already
    status = parse_status(data)
    if status.code < 200:
        raise WireDecodeError(f"only {status.code} so far")
    return status


def _identify(data: bytes) -> int:
    found = _BRANCH.search(data)
    if found is None:
        raise WireDecodeError("no Via branch of ours")
    return int(found.group(1))


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _local_address(address: str) -> str:
    """Our address on the way to that one; connecting a UDP socket sends nothing. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((address, 9))
        return str(sock.getsockname()[0])
