"""Parts of the exposition that one scrape can bear: by site, and large sites split by device."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from netwatch.model import EntityId, Snapshot

__all__ = ["ALL", "LIMIT", "Shard", "parse_shard", "sd_targets", "shards", "split"]

LIMIT = 100_000
"""Samples in one scrape: a Prometheus takes 0.3 CPU seconds for so many, and 4.5 for a million."""

_MOST_PARTS = 1024

_HEADROOM = 0.5
"""Share of the limit that a part may have at most when it is made. Parts come in powers of two, so that
growth moves few devices."""


class Shard(NamedTuple):
    """Devices that are scraped together: those of one site, of them the part `part` of `parts` by hash."""

    site: str | None = None
    """Place id of a school; empty for devices that stand at none; None for all sites."""
    part: int = 0
    parts: int = 1

    def __str__(self) -> str:
        text = "all" if self.site is None else f"site:{self.site}"
        return text if self.parts == 1 else f"{text}:{self.part}/{self.parts}"

    def holds(self, device: EntityId, site: str) -> bool:
        if self.site is not None and site != self.site:
            return False
        return self.parts == 1 or crc32(device.encode()) % self.parts == self.part


ALL = Shard()

_FORM = re.compile(r"(?:all|site:(?P<site>[^:]*))(?::(?P<part>\d{1,4})/(?P<parts>\d{1,4}))?")


def parse_shard(text: str) -> Shard:
    """`all`, `site:maple/lincoln-es`, `site:maple/lincoln-es:1/4`. Raises ValueError for anything else."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("a shard is written all, site:PLACE or site:PLACE:PART/PARTS, see /api/sd")
    part, parts = int(match["part"] or 0), int(match["parts"] or 1)
    if part >= parts:
        raise ValueError(f"there is no part {part} of {parts}: parts are numbered from 0")
    return Shard(match["site"], part, parts)


def shards(snapshot: Snapshot, limit: int = LIMIT) -> list[Shard]:
    """Shards that together hold every device once, none of them above `limit` samples as long as no single
    device is. One shard if all fits; else one per site, and several for a large site. A device moves to
    another shard only if its site outgrows its parts. Whoever asks often asks a `Renderer`, which keeps them.
    """
    counts = _samples(snapshot)
    return split(counts, {device: _site(snapshot, device) for device in counts}, limit)


def split(samples: Mapping[EntityId, int], places: Mapping[EntityId, str], limit: int) -> list[Shard]:
    """Shards from the samples and the site of each device."""
    if sum(samples.values()) <= limit:
        return [ALL]
    sites: dict[str, list[tuple[EntityId, int]]] = {}
    for device, count in samples.items():
        sites.setdefault(places[device], []).append((device, count))
    out: list[Shard] = []
    for site in sorted(sites):
        out += _split(site, sites[site], limit)
    return out


def sd_targets(found: Iterable[Shard], address: str = "localhost:8600") -> list[dict[str, Any]]:
    """Shards in the form of Prometheus' http_sd_config: `address` is where netwatch serves /metrics."""
    return [
        {
            "targets": [address],
            "labels": {
                "__metrics_path__": "/metrics",
                "__param_shard": str(shard),
                "shard": str(shard),
            },
        }
        for shard in found
    ]


def _split(site: str, devices: list[tuple[EntityId, int]], limit: int) -> list[Shard]:
    """The shards of one site that hold anything."""
    counts = np.array([count for _, count in devices], dtype=np.int64)
    hashes = np.array([crc32(device.encode()) for device, _ in devices], dtype=np.int64)
    parts, sizes = 1, np.array([counts.sum()])
    while sizes.max() > (limit if parts == 1 or parts > 4 * len(devices) else limit * _HEADROOM):
        if parts >= _MOST_PARTS:
            break
        parts *= 2
        sizes = np.bincount(hashes % parts, weights=counts, minlength=parts)
    return [Shard(site, part, parts) for part, size in enumerate(sizes.tolist()) if size]


def _samples(snapshot: Snapshot) -> dict[EntityId, int]:
    """Samples per device, info samples included. Stale series count too: an outage moves no device."""
    owner = {entity.id: entity.device for entity in snapshot.entities.values()}
    counts = dict.fromkeys((device.id for device in snapshot.devices()), 0)
    series: Counter[EntityId] = Counter()
    for column in snapshot.columns.values():
        series.update(column.entities)
    for entity, count in series.items():
        if (device := owner.get(entity)) is not None:
            counts[device] += count
    for device in owner.values():
        counts[device] += 1
    return counts


def _site(snapshot: Snapshot, device: EntityId) -> str:
    return str(snapshot.entities[device].facts.get("site", "")).replace(":", "_")
