"""Poller, state and alert engine without the rest of a daemon; pages come out as lines of JSON.

python watcher.py SETTINGS
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from itertools import count
from pathlib import Path

from netwatch.alerts import AlertEngine, load_rules
from netwatch.config import load_settings
from netwatch.documents import read_yaml
from netwatch.inventory import load_inventory
from netwatch.model import AlertState, EntityId, SystemClock, load_catalogue
from netwatch.polling import Poller, PollingSettings
from netwatch.state import State
from netwatch.store import Store
from netwatch.wire import IcmpProber


async def nothing_to_discover(target: object) -> None:
    raise NotImplementedError("these devices are probed alone")


async def watch(settings_file: Path) -> None:
    settings, catalogue, clock = load_settings(settings_file, {}), load_catalogue(), SystemClock()
    numbers, prober = count(), IcmpProber()
    await prober.start()
    with Store(settings_file.with_name("netwatch.db")) as store:
        state = State(catalogue, store.identity, lambda: EntityId(f"e{next(numbers)}"), clock)
        inventory = load_inventory(settings, {}, state.device_id)
        state.set_inventory(inventory)
        poller = Poller(
            snmp=None, ssh=None, http=None, probers=[prober], discover=nothing_to_discover, sink=state,
            clock=clock, rng=random.Random(1), settings=PollingSettings(recheck_gap=0.2),
        )  # fmt: skip
        poller.update([entry.target for entry in inventory.devices.values() if entry.target is not None])
        rules = load_rules([read_yaml(path) for path in settings.alerts.rules], catalogue)
        engine = AlertEngine(rules, attachment=settings.alerts.attached_to)
        polling = asyncio.create_task(poller.run())
        ready = False
        while not polling.done():
            await asyncio.sleep(settings.alerts.evaluation_interval)
            snapshot = state.snapshot()
            column = snapshot.columns.get("netwatch_device_up")
            if not ready and column is not None and column.values.sum() == len(inventory.devices):
                ready = True
                print(json.dumps({"state": "ready"}), flush=True)
            for transition in engine.evaluate(snapshot):
                alert = transition.alert
                if alert.state is AlertState.PENDING:
                    continue
                said = {"state": alert.state.value, "device": alert.labels["device"], "at": transition.at}
                said |= {"explained": bool(alert.suppressed_by), "text": alert.summary, "id": alert.id}
                print(json.dumps(said | dict(alert.annotations)), flush=True)
            for device in engine.to_ask():
                print(json.dumps({"state": "asked", "device": snapshot.entities[device].name}), flush=True)
                poller.recheck(device)
        polling.result()


if __name__ == "__main__":
    asyncio.run(watch(Path(sys.argv[1])))
