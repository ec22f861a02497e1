"""The replacement list: every asset with its score, ranked.

    rank(basis, lifecycle, policy) -> ReplacementPlan
    rank(basis, lifecycle, policy, overrides=..., hints=...) -> ReplacementPlan

Pure over plain data and quick (1,000 assets in about a second), so that a what-if can call it again with
a changed basis, other facts or another policy. `overrides` (default: none) are decisions of people, `hints`
(default: none) what other plans know: capacity dates and channels. Nothing is read, no clock asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from netwatch.model import Alternative, CriterionVoted, RankedAsset, ReplacementPlan
from netwatch.planning.basis import Basis, Subject, subjects
from netwatch.planning.lifecycle import Lifecycle
from netwatch.planning.replacement.alternatives import alternatives
from netwatch.planning.replacement.criteria import Knowledge, judge
from netwatch.planning.replacement.hints import Hints
from netwatch.planning.replacement.intervals import rank_intervals
from netwatch.planning.replacement.missing import Prices, missing_facts
from netwatch.planning.replacement.overrides import NO_OVERRIDES, Override, Overrides
from netwatch.planning.replacement.policy import ReplacementPolicy
from netwatch.planning.replacement.reliability import reliability
from netwatch.planning.replacement.verdict import Verdict

__all__ = ["rank"]

_NO_HINTS = Hints()


@dataclass(frozen=True, slots=True)
class _Line:
    """One asset on its way into the list."""

    subject: Subject
    verdict: Verdict
    override: Override | None

    @property
    def key(self) -> tuple[float, str, str, str]:
        """Highest score first, then by name and serial."""
        return -self.verdict.score, self.subject.name, self.subject.serial, self.subject.id or ""


def rank(
    basis: Basis,
    lifecycle: Lifecycle,
    policy: ReplacementPolicy,
    *,
    overrides: Overrides = NO_OVERRIDES,
    hints: Hints = _NO_HINTS,
) -> ReplacementPlan:
    """Ranks everything that can be replaced. Pure: the same arguments give the same plan.

    Ages and milestones are counted to the UTC day of the basis.
    """
    everything = subjects(basis.snapshot, policy.not_ranked)
    failures = policy.criteria.likelihood.parts.model_failures
    models = reliability(everything, basis.measured, failures, policy.enough_hours * 3600)
    known = Knowledge(basis, lifecycle, policy, hints, models)
    lines = sorted((_line(one, known, overrides) for one in everything), key=lambda line: line.key)
    listed = [line for line in lines if line.override is None or not line.override.exclude]
    # Only what is listed can take a place; what is excluded is told its rank as if it alone were back.
    prices = Prices([(line.subject, line.verdict) for line in listed])
    found = alternatives([(line.subject, line.verdict) for line in listed], known)
    made = [_asset(line, prices, found.get(at, ())) for at, line in enumerate(listed)]
    placed = _placed(made, listed, policy.weights_vary_percent)
    excluded = tuple(
        replace(_asset(line, prices, ()), rank=prices.rank(line.verdict.score, line.verdict.score))
        for line in lines
        if line.override is not None and line.override.exclude
    )
    return ReplacementPlan(
        basis.at,
        policy.name,
        tuple(asset for _, asset in sorted(placed, key=lambda one: one[0])),
        basis.measured.simulated,
        excluded=excluded,
        missing=missing_facts([(one.rank, one.prices) for _, one in placed], policy.shortlist),
        shortlist=policy.shortlist,
        criteria=_voted(policy),
        voted_on=policy.voted_on,
        voted_by=policy.voted_by,
        models=tuple(models.values()),
        warnings=_warnings(overrides, everything),
    )


def _line(subject: Subject, known: Knowledge, overrides: Overrides) -> _Line:
    return _Line(subject, judge(subject, known), overrides.of(subject))


def _asset(line: _Line, prices: Prices, instead: Sequence[Alternative]) -> RankedAsset:
    subject, verdict = line.subject, line.verdict
    at_most, priced = prices.of(subject, verdict)
    return RankedAsset(
        rank=0,
        device=subject.id,
        name=subject.name,
        kind=subject.kind,
        vendor=subject.vendor,
        model=subject.model,
        serial=subject.serial,
        place=subject.place,
        school=subject.school,
        score=verdict.score,
        contributions=verdict.contributions,
        unknown=verdict.unknown,
        score_at_most=at_most,
        prices=priced,
        alternatives=tuple(instead),
        override="" if line.override is None else line.override.told,
    )


def _placed(
    assets: Sequence[RankedAsset], lines: Sequence[_Line], percent: int
) -> list[tuple[int, RankedAsset]]:
    """Each asset with its place in the list (from 0) and its ranks, in the order of `assets`. Pinned ones
    take their places, the others what is left; equal scores next to each other share a rank."""
    pinned = _slots(lines)
    taken = set(pinned.values())
    free = [slot for slot in range(len(assets)) if slot not in taken]
    others = [at for at in range(len(assets)) if at not in pinned]
    spans = rank_intervals([[one.points for one in assets[at].contributions] for at in others], percent)
    done: dict[int, tuple[int, RankedAsset]] = {}
    for at, slot in pinned.items():
        done[at] = slot, replace(assets[at], rank=slot + 1, rank_low=slot + 1, rank_high=slot + 1)
    before = -2, 0, -1.0  # place, rank and score of the last one
    for at, slot, (low, high) in zip(others, free, spans, strict=True):
        one = assets[at]
        same = before[0] == slot - 1 and before[2] == one.score
        number = before[1] if same else slot + 1
        low, high = min(number, free[low - 1] + 1), max(number, free[high - 1] + 1)
        done[at] = slot, replace(one, rank=number, rank_low=low, rank_high=high)
        before = slot, number, one.score
    return [done[at] for at in range(len(assets))]


def _slots(lines: Sequence[_Line]) -> dict[int, int]:
    """The places (from 0) that pins take: first `top` by score, then ranks; one that is taken gives the
    next."""
    pins = [(at, line.override.pin) for at, line in enumerate(lines) if line.override is not None]
    taken: set[int] = set()
    out: dict[int, int] = {}
    wanted = [(0, at) for at, pin in pins if pin == "top"]
    wanted += sorted((pin - 1, at) for at, pin in pins if isinstance(pin, int))
    for slot, at in wanted:
        slot = min(slot, len(lines) - 1)
        while slot in taken:
            slot = (slot + 1) % len(lines)
        taken.add(slot)
        out[at] = slot
    return out


def _voted(policy: ReplacementPolicy) -> tuple[CriterionVoted, ...]:
    out: list[CriterionVoted] = []
    for name, group in policy.criteria.groups():
        out.append(CriterionVoted(name, "", group.sentence, group.points))
        out += [CriterionVoted(name, part, voted.sentence, voted.points) for part, voted in group.voted()]
    return tuple(out)


def _warnings(overrides: Overrides, everything: Sequence[Subject]) -> tuple[str, ...]:
    """Overrides that no asset fits: told, since somebody believes that they hold."""
    return tuple(
        f"no asset is {one.about}: it was to be {one.told}"
        for one in overrides.entries
        if not any(one.fits(subject) for subject in everything)
    )
