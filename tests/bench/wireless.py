"""How well the wireless plan finds wings that truly need access points, against ranking by clients per AP.

    python -m tests.bench.wireless [SEEDS]      quality
    python -m tests.bench.wireless --scale      seconds, for a district of some 6,000 access points

Schools and truth are made by tests/planning/wireless_schools.py. Figures are in docs/planning-wireless.md.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "planning"))

from wireless_schools import DAYS, Schools, make_schools

from netwatch.planning import load_wireless_policy
from netwatch.planning.wireless import WirelessPlan, judge, measure_wireless, report
from netwatch.resources import config_dir

POLICY = load_wireless_policy(config_dir() / "planning" / "wireless.yaml")


@dataclass
class Score:
    """Of one seed: of the plan, of ranking by clients per access point, of ranking by airtime alone."""

    ndcg: tuple[float, ...]
    """Normalised discounted cumulative gain; the gain of a wing: how many clients more APs relieve there."""
    precision: tuple[float, ...]
    """Of the first N wings, those that truly need access points; N is how many do."""
    correlation: tuple[float, ...]
    """Spearman's, of rank and of how many access points it truly takes."""
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By (true, said)."""
    covered: tuple[int, int, int] = (0, 0, 0)
    """Of wings that truly need access points: estimates that hold the true number, all, those below it."""
    width: float = 0.0
    """Mean of high less low, of those."""


def judged(schools: Schools) -> WirelessPlan:
    measured = measure_wireless(schools.basis, schools.history, POLICY.recent_days)
    return judge(schools.basis, measured, POLICY)


def score(schools: Schools) -> Score:
    plan, wings = judged(schools), schools.wings
    ours = [one.area.key for one in plan.areas]
    naive = sorted(wings, key=lambda key: (-wings[key].clients.mean(), key))
    airtime = [
        one.area.key for one in sorted(plan.areas, key=lambda one: (-(one.airtime or 0), one.area.key))
    ]
    orders = (ours, naive, airtime)
    relief = {key: wing.relief for key, wing in wings.items()}
    counts = {key: wing.count for key, wing in wings.items()}
    wanting = {key for key, wing in wings.items() if wing.need == "add"}
    estimates = [one for one in plan.areas if one.estimate is not None and one.area.key in wanting]
    held = [one for one in estimates if one.estimate.low <= counts[one.area.key] <= one.estimate.high]
    below = sum(1 for one in estimates if one.estimate.high < counts[one.area.key])
    return Score(
        ndcg=tuple(ndcg(order, relief) for order in orders),
        precision=tuple(precision(order, wanting) for order in orders),
        correlation=tuple(spearman(order, counts) for order in orders),
        verdicts=Counter((wings[one.area.key].need, one.verdict.value) for one in plan.areas),
        covered=(len(held), len(estimates), below),
        width=float(np.mean([one.estimate.high - one.estimate.low for one in estimates]))
        if estimates
        else 0.0,
    )


def ndcg(order: Sequence[str], gain: dict[str, float]) -> float:
    discounts = 1 / np.log2(np.arange(2, len(order) + 2))
    found = np.array([gain[key] for key in order])
    ideal = float((np.sort(found)[::-1] * discounts).sum())
    return float((found * discounts).sum()) / ideal if ideal else 1.0


def precision(order: Sequence[str], wanted: set[str]) -> float:
    return len(wanted.intersection(order[: len(wanted)])) / len(wanted) if wanted else 1.0


def spearman(order: Sequence[str], truth: dict[str, int]) -> float:
    """Rank correlation with ties at their mean rank."""
    values = np.array([truth[key] for key in order], dtype=float)
    ranks = np.array([(values < one).sum() + ((values == one).sum() - 1) / 2 for one in values])
    return float(np.corrcoef(-np.arange(len(order)), ranks)[0, 1])


def scale() -> None:
    """Prints processor seconds: other processes on the machine don't count."""
    schools = make_schools(1, schools=250)
    started = time.process_time()
    measured = measure_wireless(schools.basis, schools.history, POLICY.recent_days)
    between = time.process_time()
    plan = judge(schools.basis, measured, POLICY)
    points = sum(len(one.points) for one in plan.areas)
    print(
        f"{points} access points, {len(measured.radios)} radios, {DAYS} days: "
        f"measured in {between - started:.1f} s"
    )
    print(f"judged in {time.process_time() - between:.2f} s")
    started = time.process_time()
    report(plan, schools.basis)
    print(f"told in {time.process_time() - started:.2f} s (processor time)")


def main() -> None:
    if "--scale" in sys.argv:
        scale()
        return
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    started = time.perf_counter()
    found = [score(make_schools(seed)) for seed in range(seeds)]
    print(f"{seeds} districts of 12 schools, {time.perf_counter() - started:.1f} s")
    for name in ("ndcg", "precision", "correlation"):
        pairs = np.array([getattr(one, name) for one in found])
        margins = pairs[:, 0] - pairs[:, 1]
        wins = int((margins > 0).sum())
        print(
            f"{name:12} plan {pairs[:, 0].mean():.3f} (worst {pairs[:, 0].min():.3f})  clients per AP "
            f"{pairs[:, 1].mean():.3f}  better in {wins} of {seeds}, least margin {margins.min():+.3f}  "
            f"airtime alone {pairs[:, 2].mean():.3f}"
        )
    total: Counter[tuple[str, str]] = Counter()
    for one in found:
        total += one.verdicts
    right = sum(count for (true, said), count in total.items() if true == said)
    print(f"verdicts     {right / sum(total.values()):.3f} of {sum(total.values())} right")
    for true in sorted({key[0] for key in total}):
        print(
            f"  truly {true:14}", {said: count for (one, said), count in sorted(total.items()) if one == true}
        )
    held, all_of, below = (sum(one.covered[part] for one in found) for part in range(3))
    width = np.mean([one.width for one in found])
    print(
        f"estimates    {held} of {all_of} hold the true number, {below} are below it, mean width {width:.1f}"
    )


if __name__ == "__main__":
    main()
