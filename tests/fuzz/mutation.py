"""Seeded mutation of datagrams, guided by what came of them: an input with a new outcome joins the pool."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from netwatch.errors import WireError

__all__ = ["Campaign", "Target", "mutate"]

Target = Callable[[bytes], object]
"""Decodes one datagram; raises WireError for what is none, and nothing else whatever it is given."""

MAX_SIZE = 3000
MAX_POOL = 4000
_INTERESTING = (
    0x00,
    0x01,
    0x02,
    0x04,
    0x05,
    0x06,
    0x30,
    0x44,
    0x46,
    0x7F,
    0x80,
    0x81,
    0x82,
    0x84,
    0xA2,
    0xFF,
)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]+|'[^']*'")


def mutate(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """One to four small changes, of the kinds that break readers of lengths."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        size, kind = len(out), rng.randrange(8)
        at = rng.randrange(size) if size else 0
        if kind == 0 and size:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and size:
            out[at] = rng.choice(_INTERESTING)
        elif kind == 2:
            del out[at:]
        elif kind == 3:
            del out[at : at + rng.randint(1, 8)]
        elif kind == 4:
            out[at:at] = bytes(rng.choice(_INTERESTING) for _ in range(rng.randint(1, 6)))
        elif kind == 5 and other:
            start = rng.randrange(len(other))
            out[at:at] = other[start : start + rng.randint(1, 60)]
        elif kind == 6 and size:
            out[at] = (out[at] + rng.choice((-2, -1, 1, 2))) & 255
        elif size:
            span = out[at : at + rng.randint(1, 40)]
            out[at:at] = span * rng.randint(1, 4)
    return bytes(out[:MAX_SIZE])


@dataclass
class Campaign:
    """Inputs against one target."""

    target: Target
    pool: list[bytes]
    rng: random.Random
    outcomes: set[str] = field(default_factory=set)
    found: list[bytes] = field(default_factory=list)
    """Inputs that brought a new outcome."""

    def run(self, inputs: int) -> None:
        """Whatever but a WireError the target raises goes on to the caller, with the input in its notes."""
        for seed in list(self.pool):
            self.outcomes.add(self._outcome(seed))
        rng, pool = self.rng, self.pool
        for _ in range(inputs):
            data = mutate(rng.choice(pool), rng.choice(pool), rng)
            outcome = self._outcome(data)
            if outcome not in self.outcomes:
                self.outcomes.add(outcome)
                self.found.append(data)
                if len(pool) < MAX_POOL:
                    pool.append(data)

    def _outcome(self, data: bytes) -> str:
        try:
            result = self.target(data)
        except WireError as error:
            return _NUMBER.sub("N", str(error))
        except BaseException as error:
            error.add_note(f"input: {data.hex()}")
            raise
        return str(result)


def read_corpus(lines: Sequence[str]) -> list[bytes]:
    """Hex, one input a line; `#` begins a comment."""
    return [bytes.fromhex(line) for line in lines if line.strip() and not line.startswith("#")]
