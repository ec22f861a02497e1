"""Bytes per port and seconds of the directory with its identities.

    python tests/bench/directory_memory.py [--devices 10000] [--ports 52]

Builds switches with ports through `Directory.sight`, with the facts of `collectors/standard/if.yaml`, freezes
them as a snapshot does, sights all of them again, and then a controller with 2,000 access points of which 5 %
change per pass.
"""

from __future__ import annotations

import argparse
import gc
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence

from netwatch.model import (
    ROOT,
    EntityId,
    EntityKey,
    EntityKind,
    Fact,
    IdentityRecord,
    Instant,
    Inventory,
    InventoryDevice,
    Observation,
    Seen,
    Target,
    Witness,
    WitnessKind,
)
from netwatch.state.directory import Directory
from netwatch.state.identity import IdentityMap

FLUSH_EVERY = 500
"""Devices. The daemon writes changed identities every few seconds."""

ACCESS_POINTS = 2000
CHANGING = 0.05


class Journal:
    """Counts what would go to the disk."""

    def __init__(self) -> None:
        self.saved = 0

    def load(self) -> Iterable[IdentityRecord]:
        return ()

    def save(self, records: Sequence[IdentityRecord]) -> None:
        self.saved += len(records)


def copy(text: str) -> str:
    """An object of its own, as the decoder makes one per row."""
    return text.encode().decode()


def ports(device: int, count: int) -> Iterator[Seen]:
    for port in range(1, count + 1):
        name = f"Gi{1 + port // 49}/0/{port}"
        mac = f"00:1a:{device >> 8:02x}:{device & 255:02x}:{port >> 8:02x}:{port & 255:02x}"
        facts: dict[str, Fact] = {
            "name": name,
            "descr": f"GigabitEthernet{1 + port // 49}/0/{port}",
            "alias": f"room {device % 397}-{port:02d} jack {(device * 31 + port) % 997}",
            "type": copy("ethernetCsmacd"),
            "mac": mac,
            "admin": copy("up"),
            "oper": copy("down" if port % 3 else "up"),
        }
        witnesses = (
            Witness(WitnessKind.MAC, copy(mac)),
            Witness(WitnessKind.NAME, copy(name)),
            Witness(WitnessKind.INDEX, str(10100 + port)),
        )
        yield Seen(
            EntityKey(EntityKind.INTERFACE, copy(name)), ROOT, str(10100 + port), copy(name), facts, witnesses
        )


def access_points(changed: int) -> Iterator[Seen]:
    for number in range(ACCESS_POINTS):
        mac = f"00:2b:00:00:{number >> 8:02x}:{number & 255:02x}"
        moved = number < changed
        facts: dict[str, Fact] = {
            "kind": "wireless", "role": "ap", "model": "AP-515", "serial": f"CNX{number:07d}", "mac": mac,
            "address": f"10.{number >> 8}.{number & 255}.{2 if moved else 1}", "location": f"room {number}",
        }  # fmt: skip
        witnesses = (Witness(WitnessKind.SERIAL, f"CNX{number:07d}"), Witness(WitnessKind.MAC, mac))
        key = EntityKey(EntityKind.DEVICE, mac)
        yield Seen(key, ROOT, str(number), f"ap-{number}", facts, witnesses)
        for radio in (0, 1):
            facts = {"band": "5" if radio else "2.4", "channel": 36 if moved else 1}
            yield Seen(EntityKey(EntityKind.RADIO, f"{mac}/{radio}"), key, f"{number}.{radio}", "", facts)


def resident() -> int:
    """Bytes of memory that the process holds now: VmRSS of /proc/self/status."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def churn(directory: Directory, source: EntityId) -> None:
    some = int(CHANGING * ACCESS_POINTS)
    passes = (("first", 0), ("again", 0), ("unchanged", 0), ("unchanged", 0), ("5 % changed", some))
    for number, (what, changed) in enumerate(passes):
        pass_ = tuple(access_points(changed))
        at = Instant(2e9 + 60 * number, 1e6 + 60 * number)
        begun = time.process_time()
        directory.sight(Observation(source, "aps", at, (), pass_, True))
        print(f"2,000 APs with 4,000 radios, {what}: {1000 * (time.process_time() - begun):.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--ports", type=int, default=52)
    options = parser.parse_args()
    journal = Journal()
    identity = IdentityMap(journal, lambda: EntityId(secrets.token_hex(10)))
    directory = Directory(identity)
    sources = [identity.inventory_device(f"sw-{n}", ()) for n in range(options.devices)]
    targets = {f"sw-{n}": Target(source, f"sw-{n}", ("192.0.2.1",)) for n, source in enumerate(sources)}
    inventory = Inventory(devices={name: InventoryDevice(name, target) for name, target in targets.items()})
    by_name = dict(zip(targets, sources, strict=True))
    directory.set_inventory(inventory, lambda device: by_name[device.name])
    gc.collect()
    before = resident()
    total = options.devices * options.ports
    for day, what in enumerate(("first", "second")):
        spent = 0.0
        for number, source in enumerate(sources):
            seen = tuple(ports(number, options.ports))
            observation = Observation(
                source, "interfaces", Instant(1.8e9 + 90000 * day, 90000 * day), (), seen, True
            )
            begun = time.process_time()
            directory.sight(observation)
            spent += time.process_time() - begun
            if number % FLUSH_EVERY == 0:
                identity.flush()
        print(f"{what} sight of {total:,} ports: {spent:.2f} s, {1e6 * spent / total:.2f} us per port")
        begun = time.process_time()
        directory.freeze()
        print(f"freeze: {time.process_time() - begun:.2f} s")
        begun = time.process_time()
        identity.flush()
        print(f"flush: {time.process_time() - begun:.2f} s, {journal.saved:,} records")
        del seen, observation
        gc.collect()
        grown = resident() - before
        print(f"memory: {grown / 2**20:.0f} MiB, {grown / total:.0f} bytes per port")
    churn(directory, sources[0])


if __name__ == "__main__":
    main()
