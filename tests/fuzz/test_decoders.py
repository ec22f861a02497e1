"""Whatever arrives, a decoder gives an answer or a WireError: no crash, no hang, no unbounded memory."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from .mutation import Campaign, read_corpus
from .targets import seeds, targets

CORPUS = Path(__file__).with_name("corpus.txt")
IN_CI, LONG = 10_000, 2_500_000
"""Inputs per target; five targets make more than ten million."""


def campaign(name: str, seed: int) -> Campaign:
    pool = seeds() + read_corpus(CORPUS.read_text().splitlines())
    return Campaign(targets()[name], pool, random.Random(seed))


@pytest.mark.parametrize("name", targets())
def test_a_share_of_inputs(name: str) -> None:
    one = campaign(name, 1)
    one.run(IN_CI)
    assert len(one.outcomes) > 10, "the inputs do not get past the first check"


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", targets())
def test_millions_of_inputs(name: str) -> None:
    """FUZZ_SEED chooses others; FUZZ_KEEP=1 adds what brought a new outcome to the corpus."""
    one = campaign(name, int(os.environ.get("FUZZ_SEED", "2")))
    one.run(LONG)
    if os.environ.get("FUZZ_KEEP"):
        with CORPUS.open("a") as file:
            file.writelines(f"{data.hex()}\n" for data in one.found)
