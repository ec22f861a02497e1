"""What SNMPv3 costs: fetches with SHA and AES-128, beside the same over v2c in the same twin.

    python -m tests.bench.secure

As in pollers, of one run. Each of the thousand simulated devices is an SNMPv3 engine of its own: see
peers/usm.h.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from tests.bench.fleet import agent, free_port
from tests.bench.pollers import VERSIONS, WORKLOADS, netwatch
from tests.bench.table import Row, show

from netwatch.native import load

BOUND = 1.3
"""Of the cost of v2c."""


def rows() -> Iterator[Row]:
    unit = "CPU-s per 1000 polls"
    with agent(port := free_port(), usm=True):
        for workload in WORKLOADS:
            for twin in ("compiled", "pure"):
                if twin == "compiled" and load(os.environ) is None:
                    continue
                plain, secure = (netwatch(workload, twin, port, version)[0] for version in VERSIONS)
                yield f"{workload}: netwatch, {twin}, SNMPv2c", plain, unit
                told = f"{unit} ({secure / plain:.2f} of v2c, bound {BOUND})"
                yield f"{workload}: netwatch, {twin}, SNMPv3 SHA, AES-128", secure, told


if __name__ == "__main__":
    show(rows())
