"""`make bench`: netwatch beside its peers and its own bounds, as tables for docs/performance.md.

Each section runs in processes of its own. Machines are noisy: compare the lines of one run with each other,
not runs of different days. ONLY=pollers,traps chooses sections; RECORDINGS=DIR adds the reading of real
recordings (snmprec files, kept outside this repository).
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys

from netwatch.native import load

SECTIONS = {
    "loading": ("tests.bench.loading", "Device profiles: loading, matching, compiling a plan"),
    "pollers": ("tests.bench.pollers", "One poll: CPU seconds of the poller alone"),
    "secure": ("tests.bench.secure", "SNMPv3 beside SNMPv2c"),
    "whole": ("tests.bench.whole", "The whole way of a reading, 1000 W1 switches"),
    "exposition": ("tests.bench.exposition", "Exposition and remote write"),
    "state": ("tests.bench.state_blocks", "The series table"),
    "churn": (
        "tests.bench.churn",
        "W3: a controller of 2,000 access points, 5 % of the rows change per poll",
    ),
    "traps": ("tests.bench.storm", "A trap storm"),
    "isolation": ("tests.bench.isolation", "One bad device beside others"),
    "lateness": ("tests.bench.lateness", "How late the event loop is"),
    "endurance": ("tests.bench.endurance", "The daemon over 10,000 W1 switches, every 60 s"),
    "history": ("tests.bench.history", "History: bytes on disk, percentiles over the school hours of a year"),
    "forecasts": ("tests.bench.forecasts", "Capacity: how often the 80 % intervals cover what came later"),
    "planning": ("tests.bench.planning", "Planning: all plans of a night, 10,000 switches"),
    "whatif": ("tests.bench.whatif", "Planning: a what-if over 1,000 assets, from kept bytes to JSON"),
    "recordings": ("tests.bench.recordings", "Recordings of real devices"),
}


def main() -> None:
    wanted = os.environ.get("ONLY", "").split(",") if os.environ.get("ONLY") else list(SECTIONS)
    if unknown := set(wanted) - set(SECTIONS):
        sys.exit(f"ONLY: no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    compiled = "with" if load(os.environ) is not None else "without"
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},", end=" ")
    print(f"{compiled} compiled part")
    failed = []
    for name in wanted:
        module, title = SECTIONS[name]
        if name == "recordings" and not os.environ.get("RECORDINGS"):
            continue
        print(f"\n## {title}\n", flush=True)
        if subprocess.run([sys.executable, "-m", module]).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
