"""Answers that come late, twice, damaged, from elsewhere or not at all."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import pytest
from zoo_agents import (
    GEN_ERR,
    PORT,
    Device,
    asks_below,
    comes_from,
    delayed,
    duplicate,
    error,
    lossy,
    mangled,
    silent,
    when,
    wrong_request_id,
)
from zoo_lab import IF, OPER_UP, RX, SYS, TIMEOUT, UP, Lab, switch

from netwatch.simulate import ber

KEEP = [b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80\x00\x00"]
"""Nothing, a tag, a length beyond the datagram, an indefinite length (forbidden by RFC 3417, 8)."""


async def healthy(lab: Lab, device: Device, **access: object) -> str:
    """Watches a device, polls it twice, and finds it and each of its ports well."""
    sw = await lab.watch(**access)
    await lab.poll(sw, times=2)
    assert lab.value(sw, UP) == 1
    assert lab.ports(sw) == ["p1", "p2", "p3", "p4"]
    for number in (1, 2, 3, 4):
        assert lab.rate(lab.port(sw, f"p{number}")) == pytest.approx(1000 * number, rel=0.01)
    assert lab.freshness(sw).failures == 0
    return sw


async def test_a_reply_with_another_request_id_is_not_taken(lab: Lab) -> None:
    """alouca/gosnmp#39, alouca/gosnmp#47; RFC 3416, 4.1: the request-id matches answers to questions."""
    device = Device(switch(), [wrong_request_id])
    await lab.agent(device)
    await healthy(lab, device)
    assert lab.wire.stats.unasked >= len(device.asked)


async def test_duplicate_replies_are_not_taken_for_the_next_answer(lab: Lab) -> None:
    """gosnmp/gosnmp#68: duplicates put the conversation out of step until a restart."""
    device = Device(switch(), [duplicate])
    await lab.agent(device)
    await healthy(lab, device)
    assert lab.wire.stats.timeouts == 0


async def test_replies_later_than_the_first_try_still_count(lab: Lab) -> None:
    """calmh/node-snmp-native#54: answers to an earlier try of the same question were thrown away."""
    device = Device(switch(), [delayed(0.3)])
    await lab.agent(device)
    await healthy(lab, device, timeout=0.2)
    assert lab.wire.stats.timeouts > 0


async def test_a_reply_that_is_too_late_is_not_the_next_poll_s(lab: Lab) -> None:
    """The last poll's answer arrives in this one's time: its values are old."""
    device = Device(switch())
    await lab.agent(device)
    sw = await lab.watch()
    device.quirks = [delayed(TIMEOUT * 4)]
    await lab.poll(sw)
    assert lab.freshness(sw).failures == 1
    device.quirks = []
    await lab.poll(sw, times=2)
    assert lab.rate(lab.port(sw, "p3")) == pytest.approx(3000, rel=0.01)


async def test_an_agent_as_slow_as_the_timeout_is_polled_whole(lab: Lab) -> None:
    """TG#3823, SE#1240: 3 s per reply, with a timeout of 3 s. Retries must not pile up on it either."""
    device = Device(switch(), [delayed(0.2)])
    await lab.agent(device)
    sw = await healthy(lab, device, timeout=0.2)
    device.asked.clear()
    await lab.poll(sw)
    assert len(device.asked) <= 2 * len({ask.oids for ask in device.asked})
    assert lab.status(sw) == ""


async def test_twenty_percent_loss_costs_no_reading(lab: Lab) -> None:
    """Of questions, and of answers: one exchange in three fails. Five tries are enough for all of them."""
    device = Device(switch(), [lossy(0.2, seed=20)])
    await lab.agent(device)
    await healthy(lab, device, retries=5)
    assert lab.wire.stats.timeouts > 0
    assert lab.wire.learnt(), "the round trip is known"


async def test_an_answer_from_another_address_names_it(lab: Lab) -> None:
    """TG#11278, net-snmp/net-snmp#630, hh-h/aiosnmp#27; RFC 1157, 4.1 asks for the same address."""
    device = Device(switch(), [comes_from("127.20.0.9")])
    (await lab.agent(device)).open("127.20.0.9")
    sw = await lab.watch(retries=0)
    assert lab.value(sw, UP) == 0
    assert f"127.20.0.9 port {PORT}" in lab.freshness(sw, "discovery").reason
    assert "reply_from" in lab.freshness(sw, "discovery").reason


async def test_an_answer_from_a_known_other_address_is_taken(lab: Lab) -> None:
    device = Device(switch(), [comes_from("127.20.0.9")])
    (await lab.agent(device)).open("127.20.0.9")
    sw = await lab.watch(reply_from=["127.20.0.9"])
    await lab.poll(sw)
    assert lab.ports(sw) == ["p1", "p2", "p3", "p4"]


@pytest.mark.parametrize("keep", [*KEEP, "half", "all but a byte"])
async def test_truncated_replies_fail_the_poll_and_nothing_else(lab: Lab, keep: bytes | str) -> None:
    """X.690; what is cut off gives no value, and the port keeps what was known."""
    device = Device(switch())
    await lab.agent(device)
    sw = await lab.watch(timeout=0.1, retries=0)
    before = await lab.poll(sw)
    known = before.value(lab.port(sw, "p1"), RX)
    cut = {"half": lambda data: data[: len(data) // 2], "all but a byte": lambda data: data[:-1]}
    device.quirks = [mangled(cut[keep] if isinstance(keep, str) else lambda _: keep)]
    after = await lab.poll(sw)
    assert after.value(lab.port(sw, "p1"), RX) == known
    assert lab.value(sw, UP) == 0
    assert lab.freshness(sw).failures == 1
    device.quirks = []
    await lab.poll(sw, times=2)
    assert (lab.value(sw, UP), lab.freshness(sw).failures) == (1, 0)


async def test_garbage_beside_the_answers_does_no_harm(lab: Lab) -> None:
    """Bytes of any kind, the same at each run, to the port that questions leave from."""
    rng = random.Random(99)

    def noise(data: bytes) -> bytes:
        spoilt = bytearray(data)
        for _ in range(rng.randrange(1, 6)):
            spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        return bytes(spoilt[2:]) + rng.randbytes(rng.randrange(40))

    device = Device(switch(), [lambda ask, answer: (*[replace(answer, mangle=noise)] * 5, answer)])
    await lab.agent(device)
    await healthy(lab, device)
    assert lab.wire.stats.garbage > 0


async def test_an_oversized_reply_is_read_whole(lab: Lab) -> None:
    """RFC 3417, 3.2: agents may send up to the datagram's limit. A value of 20 kB is no reason to give up."""
    device = Device(switch())
    await lab.agent(device)
    device.show(device.objects | {f"{SYS}.1.0": (ber.OCTET_STRING, b"x" * 20_000)})
    await healthy(lab, device)


async def test_padding_behind_the_message_is_ignored(lab: Lab) -> None:
    device = Device(switch(), [mangled(lambda data: data + bytes(30))])
    await lab.agent(device)
    await healthy(lab, device)


async def test_icmp_unreachable_ends_the_question_at_once(lab: Lab) -> None:
    """Nobody waits three times 3 s for a port that is shut; when it opens, the next poll is whole."""
    device = Device(switch())
    agent = await lab.agent(device)
    sw = await lab.watch(timeout=30.0)
    await lab.put_away(agent)
    began = time.monotonic()
    await lab.poll(sw)
    assert time.monotonic() - began < 20, "not the timeout"
    assert lab.value(sw, UP) == 0
    assert "unreachable" in lab.freshness(sw).reason
    await lab.agent(device)
    await lab.poll(sw, times=2)
    assert (lab.value(sw, UP), lab.freshness(sw).failures) == (1, 0)


async def test_an_agent_that_falls_silent_in_mid_poll_spoils_one_poll(lab: Lab) -> None:
    """SE#1651: a poll is not all or nothing. What was not read says so, and grows old."""
    device = Device(switch())
    await lab.agent(device)
    sw = await lab.watch(timeout=0.1, retries=0)
    await lab.poll(sw)
    device.quirks = [when(asks_below(IF), silent)]
    await lab.poll(sw)
    assert lab.value(sw, UP) == 1, "it answered something"
    assert lab.freshness(sw, "system").failures == 0
    assert lab.freshness(sw).failures == 1
    assert lab.freshness(sw).reason.startswith("no answer within")
    device.quirks = []
    await lab.poll(sw)
    assert lab.freshness(sw).failures == 0


async def test_an_agent_that_fails_every_question_is_up_and_says_so(lab: Lab) -> None:
    device = Device(switch())
    await lab.agent(device)
    sw = await lab.watch()
    device.quirks = [when(asks_below(IF), error(GEN_ERR))]
    snapshot = await lab.poll(sw)
    assert snapshot.value(sw, UP) == 1
    assert "GEN_ERR" in lab.problems(sw)
    assert len(snapshot.columns[OPER_UP].entities) == 4, "nothing is taken for gone"
