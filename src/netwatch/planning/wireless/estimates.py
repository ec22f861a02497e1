"""How many access points an area needs, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from netwatch.model import FEW, EvidenceItem
from netwatch.planning.wireless.access_points import Area
from netwatch.planning.wireless.measures import AIRTIME
from netwatch.planning.wireless.policy import WirelessPolicy
from netwatch.planning.wireless.results import Estimate, JudgedPoint, JudgedRadio, Verdict

__all__ = ["estimate", "growth_of"]


_HELPED = 2
"""Full neighbours that one new access point helps, at most."""
_PERCENTS = range(5, 96, 5)
"""Percentiles at which airtime is compared with clients."""


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
    area: Area,
    points: Sequence[JudgedPoint],
    growth: tuple[float, float, float] | None,
    policy: WirelessPolicy,
) -> Estimate:
    """Low: today's need in a light week, a new one helps its neighbours too. High: in a heavy week, after the
    growth of the policy's years, nothing gained by new gear, each room for itself, more if channels run out.
    What clients of saturated radios would take is told by what each takes while there is air. Pure."""
    upper = _growth(growth, policy)
    factor = (1 + upper) ** policy.growth.years.value
    buying = [one for one in points if one.verdict.buys]
    replaced = [one for one in buying if one.verdict is Verdict.REPLACE]
    gain = policy.replace.gain.value
    usual = _usual_airtime(points, policy)
    low = math.fsum(
        max(0.0, _demand_low(one, usual, policy) / (gain if one in replaced else 1.0) - 1) for one in buying
    )
    high = sum(
        max(0, math.ceil(_demand_high(one, usual, policy) * factor - 1 - 1e-9))
        for one in points
        if _own_fills(one, policy)
    )
    # One new access point can't take enough off more than two full neighbours.
    more_low = max(math.floor(low + 0.5), math.ceil((len(buying) - len(replaced)) / _HELPED))
    more_high = max(more_low, high)
    room = _channels_left(area, points, policy)
    crowded = room is not None and more_high > room
    if room is not None and crowded:
        more_high += (more_high - room + 1) // 2  # who shares a channel carries less
    evidence = list(_told(low, high, upper, growth is not None, buying, policy))
    if crowded:
        text = (
            f"channels of their own are left for {room} more; the high end has one more for every two that "
            "have to share one: survey first"
        )
        evidence.append(EvidenceItem(text, "netwatch_radio_channel", float(room or 0)))
    if replaced:
        text = f"{len(replaced)} full ones are replaced; new ones carry 1 to {gain:g} times as much"
        evidence.append(EvidenceItem(text, policy.replace.gain.origin, float(len(replaced))))
    return Estimate(len(replaced) + more_low, len(replaced) + more_high, len(replaced), tuple(evidence))


def _growth(growth: tuple[float, float, float] | None, policy: WirelessPolicy) -> float:
    """The upper end, per year, within what the policy plans with."""
    upper = policy.growth.unknown_high.value if growth is None else growth[2]
    return max(0.0, min(policy.growth.most.value, upper))


def _told(
    low: float,
    high: float,
    upper: float,
    measured: bool,
    buying: Sequence[JudgedPoint],
    policy: WirelessPolicy,
) -> Iterator[EvidenceItem]:
    years, hidden = policy.growth.years, policy.airtime.hidden
    text = f"today, in a light week, {low:.1f} more at {policy.airtime.target.value:.0%} airtime each"
    yield EvidenceItem(text, AIRTIME, low)
    how = "measured" if measured else "not measured, from the policy"
    text = f"in a heavy week after {years.value:g} years of {upper:.0%} growth ({how}): {high}"
    yield EvidenceItem(text, years.origin, float(high))
    clipped = sum(1 for one in buying if one.decisive is not None and _saturated(one.decisive, policy))
    if clipped:
        text = (
            f"{clipped} of them have no airtime left: what clients would take is told by their number and "
            f"what each takes while there is air; the high end at least {hidden.value:g} times what was seen"
        )
        yield EvidenceItem(text, hidden.origin, hidden.value)


def _channels_left(area: Area, points: Sequence[JudgedPoint], policy: WirelessPolicy) -> int | None:
    """How many access points still find a channel of their own, if all of the wing hear each other."""
    decisive = [one.decisive.radio.band for one in points if one.decisive is not None and one.verdict.buys]
    if not area.heard or not decisive:
        return None
    band = max(sorted(set(decisive)), key=decisive.count)
    if band == "2.4ghz":
        band = "5ghz"  # what is bought has it
    used = sum(1 for point in points for radio in point.radios if radio.radio.band == band)
    return max(0, policy.channels_of(band) - used)


def _own_fills(point: JudgedPoint, policy: WirelessPolicy) -> bool:
    """Whether more access points would take load off it."""
    if point.verdict.buys:
        return True
    split = None if point.decisive is None else point.decisive.measure.split
    share = None if split is None else split.others_share
    # Where nobody tells who used it, at worst all of it is its own.
    return point.verdict is Verdict.LEAVE and (share is None or share <= policy.airtime.others.value)


def _demand_low(point: JudgedPoint, usual: float | None, policy: WirelessPolicy) -> float:
    """Own airtime in a light week, as a multiple of what a radio should carry: its radios share clients."""
    demands = [_demand(one, policy, high=False, usual=usual) for one in _counted(point)]
    return math.fsum(demands) / max(1, len(demands))


def _demand_high(point: JudgedPoint, usual: float | None, policy: WirelessPolicy) -> float:
    """The same in a heavy week, of the fullest radio: clients stay where they are."""
    return max((_demand(one, policy, high=True, usual=usual) for one in _counted(point)), default=0.0)


def _usual_airtime(points: Sequence[JudgedPoint], policy: WirelessPolicy) -> float | None:
    """Own airtime per client, the upper quartile of the radios of an area; None: nowhere known."""
    found = (_airtime_per_client(radio, policy) for point in points for radio in _counted(point))
    told = sorted(one for one in found if one is not None)
    return told[-1 - (len(told) - 1) // 4] if told else None


def _airtime_per_client(radio: JudgedRadio, policy: WirelessPolicy) -> float | None:
    """Own airtime that one client takes while there is air left; None where there never is, or where few
    clients or none are told. Hours with many clients are taken to be those with much airtime."""
    airtime, clients, split = radio.measure.airtime, radio.measure.clients, radio.measure.split
    if airtime is None or clients is None:
        return None
    others = 0.0 if split is None else split.others_share or 0.0
    found = sorted(
        airtime.quantiles[percent] * (1 - others) / clients.quantiles[percent]
        for percent in _PERCENTS
        if clients.quantiles[percent] >= FEW and airtime.quantiles[percent] <= policy.airtime.full.value
    )
    return found[len(found) // 2] if found else None


def _unseen(radio: JudgedRadio, usual: float | None, policy: WirelessPolicy) -> float | None:
    """Own airtime that the clients of a saturated radio would take if there was air; None: nobody knows."""
    each, clients = _airtime_per_client(radio, policy), radio.measure.clients
    each = usual if each is None else each
    return None if each is None or clients is None else each * clients.p95


def _counted(point: JudgedPoint) -> list[JudgedRadio]:
    if point.decisive is None:
        return []
    bands = (point.decisive.radio.band, "6ghz")
    return [one for one in point.radios if one.radio.band in bands and one.measure.airtime is not None]


def _saturated(radio: JudgedRadio, policy: WirelessPolicy) -> bool:
    return radio.measure.airtime is not None and radio.measure.airtime.p95 > policy.airtime.saturated.value


def _demand(radio: JudgedRadio, policy: WirelessPolicy, *, high: bool, usual: float | None = None) -> float:
    found, target, split = radio.measure, policy.airtime.target.value, radio.measure.split
    assert found.airtime is not None
    beyond = 1.0
    if _saturated(radio, policy):
        seen = found.airtime.p95 if split is None else split.own_p95
        unseen = _unseen(radio, usual, policy)
        least = policy.airtime.hidden.value if high else 1.0
        beyond = max(least, 0.0 if unseen is None or not seen else unseen / seen)
    if split is None:
        # Nobody tells who used it: at worst all of it is its own.
        own = found.airtime.p95 if high else found.airtime.p95 * (1 - policy.airtime.others.value)
        return own * (beyond if high else 1.0) / target
    own = (split.own_high if high else split.own_low) * beyond
    if not high and found.retries is not None and found.retries > policy.radios.retries.value:
        own *= (1 - found.retries) / (1 - policy.radios.retries.value)
    others = split.others * (1 - (radio.explained or 0.0) * radio.movable)
    # Others' airtime leaves less room; but no estimate doubles because of what only a survey can find.
    return own / max(target - others, target / 2)
