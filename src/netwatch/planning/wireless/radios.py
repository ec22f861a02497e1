"""The judgement of one radio: is it full, who fills it, and what helps."""

from __future__ import annotations

from dataclasses import dataclass

from netwatch.model import FEW, UNDER_FEW, EntityId, EvidenceItem
from netwatch.planning.wireless.access_points import Area, Radio
from netwatch.planning.wireless.measures import (
    AIRTIME,
    CLIENTS,
    NOISE,
    RETRIES,
    Distribution,
    RadioMeasure,
    Split,
    WirelessMeasured,
)
from netwatch.planning.wireless.policy import WirelessPolicy
from netwatch.planning.wireless.results import JudgedRadio, Verdict

__all__ = ["Neighbours", "judge_radio"]

_EXCESS = 0.1
"""Mean airtime by which the parts may exceed the whole before nobody believes them."""
_NOTHING = RadioMeasure()


@dataclass(frozen=True, slots=True)
class _Air:
    """What neighbours on the channel explain."""

    sharing: int | None
    explained: float | None
    movable: bool


class Neighbours:
    """The radios of one wing or floor by band and channel."""

    def __init__(self, area: Area, measured: WirelessMeasured, policy: WirelessPolicy) -> None:
        self._heard, self._measured, self._policy = area.heard, measured, policy
        self._users: dict[tuple[str, int], list[EntityId]] = {}
        for point in area.access_points:
            for radio in point.radios:
                if radio.band and radio.channel is not None:
                    self._users.setdefault((radio.band, radio.channel), []).append(radio.id)

    def around(self, radio: Radio, split: Split | None) -> _Air:
        """Who shares the channel, and how much of what others send that accounts for."""
        if not self._heard or not radio.band or radio.channel is None:
            return _Air(None, None, False)
        sharers = [one for one in self._users[radio.band, radio.channel] if one != radio.id]
        counts = [len(users) for (band, _), users in self._users.items() if band == radio.band]
        least = min(counts) if len(counts) >= self._policy.channels_of(radio.band) else 0
        explained = None
        if split is not None and split.others > 0:
            known = [self._measured.radios.get(one, _NOTHING).split for one in sorted(sharers)]
            told = [one.own for one in known if one is not None]
            if len(told) == len(known):
                explained = min(1.0, sum(told) / split.others)
        return _Air(len(sharers), explained, bool(sharers) and least < len(sharers))


def judge_radio(
    radio: Radio, neighbours: Neighbours, measured: WirelessMeasured, policy: WirelessPolicy
) -> JudgedRadio:
    """Pure. A radio of 2.4 GHz is judged by itself: what it means is decided at its access point."""
    found = measured.radios.get(radio.id, _NOTHING)
    air = neighbours.around(radio, found.split)
    airtime = found.airtime
    missing = _missing(radio, found, policy)
    full = airtime is not None and airtime.p95 > policy.airtime.full.value
    over = 0.0 if airtime is None else airtime.over(policy.airtime.full.value)
    verdict = Verdict.LEAVE
    contradiction = _contradiction(found, policy)
    evidence = list(_evidence(radio, found, air, policy))
    if airtime is None or airtime.hours < policy.enough_hours:
        verdict = Verdict.SURVEY
    elif contradiction:
        verdict = Verdict.SURVEY
        missing.append("readings that agree")
        evidence.insert(0, EvidenceItem(contradiction, AIRTIME, at=airtime.until))
    elif full:
        verdict = _who_fills_it(found, air, policy, missing)
    return JudgedRadio(
        radio,
        found,
        verdict,
        air.sharing,
        air.explained,
        air.movable,
        full,
        over,
        tuple(evidence),
        tuple(dict.fromkeys(missing)),
    )


def _who_fills_it(found: RadioMeasure, air: _Air, policy: WirelessPolicy, missing: list[str]) -> Verdict:
    """What helps a full radio: measured airtime by use decides."""
    split = found.split
    share = None if split is None else split.others_share
    if split is None or share is None or split.hours < policy.enough_hours:
        missing.append("airtime by use (own or others')")
        # Without it only one case is clear: many clients, and no own access point on the channel.
        busy = found.clients is not None and found.clients.p95 >= policy.radios.clients.value
        return Verdict.ADD if busy and air.sharing == 0 else Verdict.SURVEY
    if share <= policy.airtime.others.value:
        return Verdict.ADD
    if air.sharing is None:
        missing.append("own access points on the same channel")
        return Verdict.SURVEY
    explained = air.explained is not None and air.explained >= policy.airtime.explained.value
    if air.sharing and explained and air.movable:
        return Verdict.RECHANNEL
    missing.append("who else sends on the channel")
    return Verdict.SURVEY


def _missing(radio: Radio, found: RadioMeasure, policy: WirelessPolicy) -> list[str]:
    out = []
    if found.airtime is None:
        out.append("airtime")
    elif found.airtime.hours < policy.enough_hours:
        out.append(f"class hours: {found.airtime.hours} of {policy.enough_hours:g} measured")
    if found.clients is None:
        out.append("clients")
    if not radio.band:
        out.append("band")
    if radio.channel is None:
        out.append("channel")
    return out


def _contradiction(found: RadioMeasure, policy: WirelessPolicy) -> str:
    """Readings that can't all be true; empty if none."""
    airtime, split, clients = found.airtime, found.split, found.clients
    if split is not None and split.excess > _EXCESS:
        return f"rx and tx together are {split.excess:.0%} more than all airtime"
    if airtime is not None and airtime.quantiles[0] == airtime.quantiles[100] and airtime.hours > 1:
        always, used = airtime.quantiles[0], clients is not None and clients.p95 >= FEW
        if always >= policy.airtime.watch.value or (always == 0 and used):
            return f"airtime never changes: {always:.0%} in every class hour"
    return ""


def _evidence(radio: Radio, found: RadioMeasure, air: _Air, policy: WirelessPolicy) -> list[EvidenceItem]:
    out = []
    if found.airtime is not None:
        out += _airtime(found.airtime, policy)
    split, share = found.split, None if found.split is None else found.split.others_share
    if split is not None and share is not None:
        text = f"own traffic {split.own:.0%} of the time, others on the channel {split.others:.0%}"
        out.append(EvidenceItem(text, AIRTIME, share, "ratio", _until(found)))
    if air.sharing is not None:
        text = f"channel {radio.channel}, {_count(air.sharing, 'other own access point')} of the wing on it"
        if air.explained is not None and air.sharing:
            text += f", which account for {air.explained:.0%} of what others send"
        out.append(EvidenceItem(text, "netwatch_radio_channel", float(air.sharing), "", radio.at))
    if found.clients is not None:
        out.append(_clients(found.clients))
    if found.retries is not None:
        word = ", above" if found.retries > policy.radios.retries.value else ", below"
        text = f"{found.retries:.0%} of frames sent again{word} {policy.radios.retries.value:.0%}"
        out.append(EvidenceItem(text, RETRIES, found.retries, "ratio", _until(found)))
    if found.noise is not None:
        word = ", above" if found.noise > policy.radios.noise_dbm.value else ", below"
        text = f"noise floor {found.noise:.0f} dBm{word} {policy.radios.noise_dbm.value:g} dBm"
        out.append(EvidenceItem(text, NOISE, found.noise, "dbm", _until(found)))
    return out


def _airtime(found: Distribution, policy: WirelessPolicy) -> list[EvidenceItem]:
    full, watch = policy.airtime.full, policy.airtime.watch
    text = f"airtime {found.p95:.0%} (95th percentile of {found.hours} class hours)"
    over = found.over(full.value)
    return [
        EvidenceItem(text, AIRTIME, found.p95, "ratio", found.until),
        EvidenceItem(
            f"{over:.0%} of class hours over {full.value:.0%} busy, {found.over(watch.value):.0%} over "
            f"{watch.value:.0%}",
            full.origin,
            over,
            "ratio",
            found.until,
        ),
    ]


def _clients(found: Distribution) -> EvidenceItem:
    if found.p95 < FEW:
        return EvidenceItem(f"{UNDER_FEW} clients", CLIENTS, None, "", found.until)
    return EvidenceItem(
        f"{found.p95:.0f} clients (95th percentile of class hours)",
        CLIENTS,
        float(round(found.p95)),
        "",
        found.until,
    )


def _until(found: RadioMeasure) -> float | None:
    return None if found.airtime is None else found.airtime.until


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number or 'no'} {word}s"
