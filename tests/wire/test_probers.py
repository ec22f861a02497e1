"""ICMP, UDP echo and SIP OPTIONS: against the kernel, an echo service and a real kamailio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from wire_servers import free_port

from netwatch.errors import WireDecodeError, WireError
from netwatch.model import EntityId, Reachability, ReachabilityMethod, SipAccess, Target
from netwatch.wire import IcmpProber, SipOptionsProber, UdpEchoProber
from netwatch.wire.sip import encode_options, parse_status

ECHO = ReachabilityMethod.UDP_ECHO


def target(address: str = "127.0.0.1", **more: Any) -> Target:
    return Target(EntityId("d"), "d", (address,), **more)


@asynccontextmanager
async def udp_service(respond: Callable[[bytes], list[bytes]]) -> AsyncIterator[int]:
    class Service(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            for answer in respond(data):
                self.transport.sendto(answer, addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Service, local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
        await asyncio.sleep(0)


@pytest.fixture
async def icmp() -> AsyncIterator[IcmpProber]:
    prober = IcmpProber()
    try:
        await prober.start()
    except WireError as error:
        pytest.skip(f"MISSING PRIVILEGE: {error}")
    yield prober
    await prober.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.8.7", "::1"])
async def test_icmp_measures_the_round_trip(icmp: IcmpProber, address: str) -> None:
    result = await icmp.probe(target(address))
    assert result.success
    assert result.seconds is not None
    assert 0 < result.seconds < 1


async def test_many_pings_at_once_are_all_heard(icmp: IcmpProber) -> None:
    results = await asyncio.gather(
        *(icmp.probe(target(f"127.1.{n // 250}.{n % 250 + 1}")) for n in range(500))
    )
    assert all(result.success for result in results)


async def test_a_cancelled_ping_leaves_the_others_alone(icmp: IcmpProber) -> None:
    tasks = [asyncio.create_task(icmp.probe(target())) for _ in range(20)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert all(getattr(result, "success", False) for result in results[1:])


async def test_icmp_without_the_right_to_ping_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("netwatch.wire.icmp.PingSocket", refuse)
    prober = IcmpProber()
    with pytest.raises(WireError, match=r"CAP_NET_RAW.*ping_group_range"):
        await prober.probe(target())
    await prober.close()


async def test_each_prober_asks_whom_it_is_meant_for() -> None:
    plain = target()
    echo = target(reachability=Reachability(ECHO))
    silent = target(reachability=Reachability(ReachabilityMethod.NONE), sip=SipAccess())
    probers = (IcmpProber(), UdpEchoProber(), SipOptionsProber())
    applies = [[prober.applies(one) for prober in probers] for one in (plain, echo, silent)]
    assert applies == [[True, False, False], [False, True, False], [False, False, True]]
    assert [prober.protocol for prober in probers] == ["icmp", "udp_echo", "sip"]


async def test_udp_echo() -> None:
    prober = UdpEchoProber()
    await prober.start()
    async with udp_service(lambda data: [b"unasked", data, data]) as port:
        results = await asyncio.gather(
            *(prober.probe(target(reachability=Reachability(ECHO, port))) for _ in range(50))
        )
    assert all(result.success and result.seconds is not None for result in results)
    await prober.close()


@pytest.mark.parametrize(("answer", "reason"), [([], "no answer within 0.05 s"), ([b"other"], "no answer")])
async def test_udp_echo_without_an_echo(answer: list[bytes], reason: str) -> None:
    prober = UdpEchoProber()
    async with udp_service(lambda _: answer) as port:
        result = await prober.probe(target(reachability=Reachability(ECHO, port, timeout=0.05)))
    assert not result.success
    assert result.seconds is None
    assert reason in result.detail
    await prober.close()


@pytest.mark.server("kamailio")
async def test_sip_options_against_kamailio(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "kamailio.cfg").write_text(
        f"""
debug=0
log_stderror=yes
fork=no
children=1
disable_tcp=yes
listen=udp:127.0.0.1:{port}
loadmodule "sl.so"
request_route {{
    if (method == "OPTIONS") {{ sl_send_reply("200", "Alive"); }}
}}
"""
    )
    process = await asyncio.create_subprocess_exec(
        *(
            "kamailio",
            "-DD",
            "-E",
            "-f",
            str(tmp_path / "kamailio.cfg"),
            "-Y",
            str(tmp_path),
            "-m",
            "16",
            "-M",
            "4",
        ),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    prober = SipOptionsProber()
    try:
        async with asyncio.timeout(20):
            while True:
                result = await prober.probe(target(sip=SipAccess(port, timeout=0.5)))
                if result.success:
                    break
                assert process.returncode is None, "kamailio did not start"
                await asyncio.sleep(0.05)
        assert result.detail == "200 Alive"
        assert result.seconds is not None
    finally:
        await prober.close()
        process.terminate()
        await process.wait()


def sip_answer(request: bytes, *statuses: str) -> list[bytes]:
    via = next(line for line in request.split(b"\r\n") if line.startswith(b"Via:"))
    return [f"SIP/2.0 {status}\r\n".encode() + via + b";received=127.0.0.1\r\n\r\n" for status in statuses]


@pytest.mark.parametrize(
    ("statuses", "alive", "detail"),
    [
        (("100 Trying", "200 OK"), True, "200 OK"),
        (("404 Not Found",), True, "404 Not Found"),
        (("501 Not Implemented",), True, "501 Not Implemented"),
        (("503 Service Unavailable",), False, "503 Service Unavailable"),
    ],
)
async def test_what_a_sip_status_means(statuses: tuple[str, ...], alive: bool, detail: str) -> None:
    prober = SipOptionsProber()
    async with udp_service(lambda data: sip_answer(data, *statuses)) as port:
        result = await prober.probe(target(sip=SipAccess(port)))
    assert (result.success, result.detail) == (alive, detail)
    await prober.close()


async def test_a_sip_answer_to_another_request_is_none() -> None:
    prober = SipOptionsProber()
    async with udp_service(
        lambda _: [b"SIP/2.0 200 OK\r\nVia: x;branch=z9hG4bKother\r\n\r\n", b"junk"]
    ) as port:
        result = await prober.probe(target(sip=SipAccess(port, timeout=0.05)))
    assert not result.success
    await prober.close()


def test_an_options_request_has_what_rfc_3261_demands() -> None:
    request = encode_options("2001:db8::1", SipAccess(5070), "2001:db8::2", 4000, 77).decode()
    head, *lines = request.split("\r\n")
    assert head == "OPTIONS sip:[2001:db8::1]:5070 SIP/2.0"
    names = {line.partition(":")[0] for line in lines if line}
    assert names >= {"Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "Contact", "Content-Length"}
    assert request.endswith("\r\n\r\n")
    domain = encode_options("192.0.2.1", SipAccess(domain="pbx.example.org"), "192.0.2.2", 4000, 77).decode()
    assert domain.startswith("OPTIONS sip:pbx.example.org SIP/2.0\r\n")


@pytest.mark.parametrize(
    "junk", [b"", b"SIP/2.0 99 No\r\n", b"SIP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\n", b"SIP/2.0 200"]
)
def test_what_is_no_status_line_is_refused(junk: bytes) -> None:
    with pytest.raises(WireDecodeError):
        parse_status(junk)
