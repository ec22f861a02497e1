"""gufo-snmp on a workload, in a process of its own: prints CPU seconds per 1000 polls."""

from __future__ import annotations

import asyncio
import sys
import time

from gufo.snmp.aio import SnmpSession
from tests.bench.workloads import W1, W2, address, chunks


async def main(name: str, port: int, devices: int, polls: int) -> None:
    parts = chunks({"w1": W1, "w2": W2}[name])
    sessions = [
        SnmpSession(addr=address(n), port=port, community="public", timeout=3) for n in range(devices)
    ]
    todo = iter(range(polls))

    async def worker() -> None:
        for number in todo:
            session = sessions[number % devices]
            for part in parts:
                await session.get_many(list(part))

    began = time.process_time()
    await asyncio.gather(*(worker() for _ in range(50)))
    print((time.process_time() - began) / polls * 1000)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:5])))
