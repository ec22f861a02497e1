"""Scrapes every shard of a netwatch once a minute, as a Prometheus with http_sd does."""

from __future__ import annotations

import asyncio
import sys
import time

import aiohttp

PERIOD = 60.0


async def main(url: str) -> None:
    async with aiohttp.ClientSession(base_url=url, timeout=aiohttp.ClientTimeout(300)) as session:
        while True:
            began = time.monotonic()
            async with session.get("/api/sd") as response:
                targets = await response.json()
            for number, target in enumerate(targets):
                # Prometheus spreads its scrapes over the interval.
                await asyncio.sleep(max(0.0, began + PERIOD * number / len(targets) - time.monotonic()))
                shard = {"shard": target["labels"]["__param_shard"]}
                async with session.get("/metrics", params=shard) as response:
                    async for _ in response.content.iter_chunked(1 << 16):
                        pass
            await asyncio.sleep(max(0.0, began + PERIOD - time.monotonic()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
