"""How many access points an area needs, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netwatch.model import EvidenceItem
from netwatch.planning.wireless.measures import AIRTIME
from netwatch.planning.wireless.policy import WirelessPolicy
from netwatch.planning.wireless.results import Estimate, JudgedPoint, JudgedRadio, Verdict

__all__ = ["estimate", "growth_of"]


def growth_of(points: Sequence[JudgedPoint]) -> tuple[float, float, float] | None:
    """Growth of airtime per year: lower quartile of the radios, all together, upper quartile. None: unknown.

    Radios without the year before are left out, so new access points don't count as growth.
    """
    pairs = [
        one.measure.airtime_growth
        for point in points
        for one in point.radios
        if one.measure.airtime_growth is not None and one.measure.airtime_growth[0] > 0
    ]
    if not pairs:
        return None
    ratios = sorted(after / before - 1 for before, after in pairs)
    middle = math.fsum(one[1] for one in pairs) / math.fsum(one[0] for one in pairs) - 1
    quarter = (len(ratios) - 1) // 4
    return min(ratios[quarter], middle), middle, max(ratios[-1 - quarter], middle)


def estimate(
    points: Sequence[JudgedPoint],
    growth: tuple[float, float, float] | None,
    policy: WirelessPolicy,
) -> Estimate:
    """Low: today's need in a light week. High: in a heavy one, after some years of growth, and nothing gained
    by new gear. Pure."""
    years = policy.growth.years.value
    unknown = policy.growth.unknown_low.value, policy.growth.unknown_high.value
    upper = max(0.0, min(policy.growth.most.value, growth[2] if growth is not None else unknown[1]))
    buying = [one for one in points if one.verdict.buys]
    replaced = [one for one in buying if one.verdict is Verdict.REPLACE]
    gain = policy.replace.gain.value
    low = math.fsum(
        max(0.0, min(_demands(one, policy, high=False)) / (gain if one in replaced else 1.0) - 1)
        for one in buying
    )
    high = math.fsum(
        max(0.0, max(_demands(one, policy, high=True)) * (1 + upper) ** years - 1)
        for one in points
        if _own_fills(one, policy)
    )
    more_low = math.floor(low + 0.5)
    if not replaced:
        more_low = max(1, more_low)
    more_high = max(more_low, math.ceil(high - 1e-9))
    basis = "measured" if growth is not None else "not measured, from the policy"
    evidence = [
        EvidenceItem(
            f"today, in a light week, {low:.1f} more at {policy.airtime.target.value:.0%} airtime each",
            AIRTIME,
            low,
            "",
        ),
        EvidenceItem(
            f"in a heavy week after {years:g} years of {upper:.0%} growth ({basis}): {high:.1f}",
            policy.growth.years.origin,
            high,
            "",
        ),
    ]
    if replaced:
        text = f"{len(replaced)} full ones are replaced; new ones carry 1 to {gain:g} times as much"
        evidence.append(EvidenceItem(text, policy.replace.gain.origin, float(len(replaced)), ""))
    return Estimate(len(replaced) + more_low, len(replaced) + more_high, len(replaced), tuple(evidence))


def _own_fills(point: JudgedPoint, policy: WirelessPolicy) -> bool:
    """Whether more access points would take load off it."""
    if point.verdict.buys:
        return True
    split = None if point.decisive is None else point.decisive.measure.split
    share = None if split is None else split.others_share
    return point.verdict is Verdict.LEAVE and share is not None and share <= policy.airtime.others.value


def _demands(point: JudgedPoint, policy: WirelessPolicy, *, high: bool) -> list[float]:
    """Of each radio that counts: its own airtime, as a multiple of what one radio should carry."""
    decisive = point.decisive
    if decisive is None:
        return [0.0]
    same = [one for one in point.radios if one.radio.band == decisive.radio.band or one.radio.band == "6ghz"]
    counted = [_demand(one, policy, high=high) for one in same if one.measure.airtime is not None]
    # Low: clients spread over all radios alike; high: they stay where they are.
    return [max(counted, default=0.0)] if high else [math.fsum(counted) / max(1, len(counted))]


def _demand(radio: JudgedRadio, policy: WirelessPolicy, *, high: bool) -> float:
    found, target = radio.measure, policy.airtime.target.value
    assert found.airtime is not None
    split = found.split
    if split is None:
        # Nobody tells who used it: at worst all of it is its own.
        own = found.airtime.p95 if high else found.airtime.p95 * (1 - policy.airtime.others.value)
        return own / target
    own = split.own_high if high else split.own_low
    if not high and found.retries is not None and found.retries > policy.radios.retries.value:
        own *= (1 - found.retries) / (1 - policy.radios.retries.value)
    others = split.others * (1 - (radio.explained or 0.0) * radio.movable)
    # Others' airtime leaves less room; but no estimate doubles because of what only a survey can find.
    return own / max(target - others, target / 2)
