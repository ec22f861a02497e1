"""The way of a page from rules to a receiver, as real processes that are killed again and again.

    killed.py FOLDER KILLS SEED

FOLDER holds `netwatch.yaml` with a webhook. A process evaluates rules over devices that come and go, keeps
what came of it and delivers; it is ended by SIGKILL at a random moment and another one takes over, KILLS
times. The last one ends when all is delivered. What each knew to be accepted stands in FOLDER/accepted.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "alerts"))

from alert_snapshots import device, rules, snapshot

from netwatch.app import alerting as alerting_module
from netwatch.app.alerting import Alerting
from netwatch.config import Settings, load_settings
from netwatch.model import AlertState, SystemClock
from netwatch.notify import Manners
from netwatch.store import Store

RULES = rules("""
rules:
  - {rule: Down, value: netwatch_device_up, equals: 0, severity: critical, message: "{device} is gone"}
""")
DEVICES = [f"sw-{number}" for number in range(8)]
STEP = 0.004
# Nobody has minutes here.
alerting_module.Manners = partial(Manners, first_retry=0.05, longest_retry=0.2)


async def page(folder: Path, settings: Settings, rng: random.Random, *, last: bool) -> None:
    with Store(folder / "netwatch.db") as store:
        alerting = Alerting(RULES, store, settings, SystemClock())
        delivering = asyncio.create_task(alerting.run())
        log = os.open(folder / "accepted", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        down: set[str] = set()
        entities = [device(name) for name in DEVICES]
        while not last:
            down ^= set(rng.sample(DEVICES, rng.randint(0, 3)))
            values = {name: float(name not in down) for name in DEVICES}
            alerting.judge(snapshot(time.time(), entities, {"netwatch_device_up": values}))
            keys = [
                f"{alert.id}:{alert.state.value}\n"
                for alert in alerting.alerts()
                if alert.state is not AlertState.PENDING
            ]
            os.write(log, "".join(keys).encode())  # accepted: a page that is lost from here on is a mistake
            await asyncio.sleep(STEP)
        while store.outbox.depths():  # noqa: ASYNC110 - the table has no event
            await asyncio.sleep(0.02)
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)


def one_life(folder: Path, settings: Settings, seed: int, *, last: bool = False) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        asyncio.run(page(folder, settings, random.Random(seed), last=last))
        code = 0
    finally:
        os._exit(code)


def size_of(folder: Path) -> int:
    file = folder / "accepted"
    return file.stat().st_size if file.exists() else 0


def main(folder: Path, kills: int, seed: int) -> int:
    settings = load_settings(folder / "netwatch.yaml", {})
    rng = random.Random(seed)
    for number in range(kills):
        child = one_life(folder, settings, seed + number)
        if number % 3:
            had = size_of(folder)
            while size_of(folder) == had:
                time.sleep(0.002)
        time.sleep(rng.uniform(0.005, 0.15))  # every third one mostly dies while it is starting
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return 1  # it ended by itself: a mistake
    _, status = os.waitpid(one_life(folder, settings, 0, last=True), 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
