"""Which turns of an event loop are long, and what ran in them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

__all__ = ["Turns", "watching"]

_SAMPLE = 0.002


@dataclass
class Turns:
    """CPU seconds of each turn that was longer than a millisecond, and where the long ones were."""

    long: float
    seconds: list[float] = field(default_factory=list)
    places: dict[str, list[float]] = field(default_factory=dict)
    collections: list[float] = field(default_factory=list)
    """Seconds of each garbage collection."""

    def show(self, most: int = 25) -> None:
        found = sorted(self.places.items(), key=lambda item: -max(item[1]))
        for place, seconds in found[:most]:
            print(f"  {max(seconds) * 1000:6.1f} ms at most, {len(seconds):3d} times: {place}")
        pauses = sorted(self.collections)[-3:]
        print(f"  garbage: {len(self.collections)}, longest {[round(p * 1000, 1) for p in pauses]} ms")


@contextlib.contextmanager
def watching(long: float = 0.010) -> Iterator[Turns]:
    """Every callback of every loop in this thread, as long as the block runs."""
    turns, samples = Turns(long), list[str]()
    main, stop = threading.get_ident(), threading.Event()
    run = asyncio.Handle._run

    def sample() -> None:
        while not stop.wait(_SAMPLE):
            frame = sys._current_frames().get(main)
            if frame is not None:
                samples.append(_place(frame))

    def timed(handle: asyncio.Handle) -> Any:
        samples.clear()
        began = time.thread_time()
        try:
            return run(handle)
        finally:
            spent = time.thread_time() - began
            if spent > 0.001:
                turns.seconds.append(spent)
            if spent > long:
                (place, _), *_ = Counter(samples).most_common(1) or [("?", 0)]
                turns.places.setdefault(place, []).append(spent)

    since = [0.0]

    def collecting(phase: str, _: object) -> None:
        if phase == "start":
            since[0] = time.perf_counter()
        else:
            turns.collections.append(time.perf_counter() - since[0])

    sampler = threading.Thread(target=sample, daemon=True)
    asyncio.Handle._run = timed  # type: ignore[method-assign]
    gc.callbacks.append(collecting)
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    sampler.start()
    try:
        yield turns
    finally:
        stop.set()
        sampler.join()
        sys.setswitchinterval(before)
        gc.callbacks.remove(collecting)
        asyncio.Handle._run = run  # type: ignore[method-assign]


def _place(frame: FrameType | None) -> str:
    """The innermost lines that are netwatch's."""
    out: list[str] = []
    while frame is not None and len(out) < 4:
        name = frame.f_code.co_filename
        if "netwatch" in name and "/bench/" not in name:
            file = name.rpartition("netwatch/")[2]
            out.append(f"{file}:{frame.f_lineno} {frame.f_code.co_name}")
        frame = frame.f_back
    return " < ".join(out) or "elsewhere"
