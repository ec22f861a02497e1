"""Feeds spoilt datagrams to the flight engine; run by test_flights_fuzz in a process of its own.

    fuzz_flights.py EXTENSION ROUNDS SEED

EXTENSION: a build of netwatch.native._speed to use alone, in place of the installed one; "" for both twins,
whose verdicts are compared.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from flight_deck import FIRST_ID, Deck, comparable, twins

from netwatch.wire import Template
from netwatch.wire.snmp import ber

OIDS = [f"1.3.6.1.2.1.2.2.1.{column}.{row}" for row in (1, 300) for column in (2, 10, 14, 200)]
TEMPLATE = Template(OIDS)
COUNTS = (5, 3)
TAGS = (2, 2, 4, 5, 6, 0x40, 0x41, 0x42, 0x43, 0x44, 0x46, 0x47, 0x80, 0x81)


def whole(rng: random.Random, pdu: int, identifier: int) -> bytes:
    """A right answer to one of the two GETs."""
    start = sum(COUNTS[:pdu])
    pairs = b""
    for oid in OIDS[start : start + COUNTS[pdu]]:
        value = ber.tlv(rng.choice(TAGS), rng.randbytes(rng.choice((0, 1, 2, 4, 5, 8, 9, 16, 17, 130))))
        pairs += ber.tlv(0x30, ber.tlv(6, ber.encode_oid(oid)) + value)
    numbers = b"".join(map(ber.encode_integer, (identifier, 0, 0)))
    head = ber.encode_integer(1) + ber.tlv(4, b"public")
    return ber.tlv(0x30, head + ber.tlv(0xA2, numbers + ber.tlv(0x30, pairs)))


def spoil(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        how, at = rng.randrange(6), rng.randrange(len(out) + 1)
        if how == 0:
            del out[at:]
        elif how == 1:
            out[at:at] = rng.randbytes(rng.randrange(1, 5))
        elif how == 2 and at < len(out):
            out[at] = rng.choice((0, 1, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF))
        elif how == 3:
            del out[at : at + rng.randrange(1, 9)]
        elif how == 4:
            out[at:at] = out[rng.randrange(len(out) + 1) :][: rng.randrange(40)]
        elif at < len(out):
            out[at] ^= 1 << rng.randrange(8)
    return bytes(out)


def kernels(extension: str) -> list[Any]:
    if not extension:
        return list(twins().values())
    spec = importlib.util.spec_from_file_location("netwatch.native._speed", extension)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [module]


def main() -> None:
    extension, rounds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    decks = [Deck(kernel, TEMPLATE, COUNTS) for kernel in kernels(extension)]
    mark = FIRST_ID.to_bytes(4, "big")
    corpus = [[whole(rng, pdu, FIRST_ID) for _ in range(500)] for pdu in (0, 1)]
    answered, first = 0, FIRST_ID
    for turn in range(rounds):
        pdu = turn % 2
        data = rng.choice(corpus[pdu]).replace(mark, (first + pdu).to_bytes(4, "big"), 1)
        data = spoil(rng, data)
        outcomes = [(comparable(deck.feed(data)), deck.state()) for deck in decks]
        assert all(outcome == outcomes[0] for outcome in outcomes), data.hex()
        if outcomes[0][0] or turn % 8 == 7:
            answered += bool(outcomes[0][0])
            first = {deck.relaunch() for deck in decks}.pop()
    assert answered > rounds // 20, "hardly any came through: the corpus is too wild to test much"
    print(f"{rounds} datagrams, {answered} events")


if __name__ == "__main__":
    main()
