"""Cost of keeping it: power, support contract, hours of incidents."""

from __future__ import annotations

from collections import Counter

from netwatch.model import DAY, DAYS_PER_YEAR
from netwatch.planning.basis import Subject, hours_of
from netwatch.planning.replacement.criteria.knowledge import Knowledge
from netwatch.planning.replacement.verdict import Judged, count, item

__all__ = ["cost"]

_YEAR = DAYS_PER_YEAR * DAY
_SHOWN = 3


def cost(subject: Subject, known: Knowledge) -> list[Judged]:
    """Its parts in the order of the policy. A spare draws nothing and troubles nobody."""
    policy = known.policy.criteria.cost.parts
    power, incidents = Judged("power", policy.power.points), Judged("incidents", policy.incidents.points)
    return [
        power if subject.spare else _power(subject, known, power),
        _support_contract(subject, known),
        incidents if subject.spare else _incidents(subject, known, incidents),
    ]


def _power(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    found = known.measured.wear.power.get(subject.id) if subject.id is not None else None
    if found is None:
        return out.lacks("power drawn")
    share = known.policy.criteria.cost.parts.power.curve.share(found.watts)
    return out.add(share, item(found.text, found.source, found.watts, "watts", found.at))


def _support_contract(subject: Subject, known: Knowledge) -> Judged:
    policy = known.policy.criteria.cost.parts.support_contract
    out = Judged("support_contract", policy.points)
    asset = subject.asset
    if asset is None or asset.support_cost is None:
        return out.lacks("price of support")
    if not asset.cost:
        return out.lacks("purchase price")
    share = asset.support_cost / asset.cost
    text = (
        f"support costs {asset.support_cost:,.2f} {asset.currency} a year, {share:.0%} of the "
        f"{asset.cost:,.2f} {asset.currency} paid for it"
    )
    return out.add(policy.curve.share(share), item(text, "inventory", share, "ratio"))


def _incidents(subject: Subject, known: Knowledge, out: Judged) -> Judged:
    policy = known.policy.criteria.cost.parts.incidents
    if known.basis.incidents is None or subject.id is None:
        return out.lacks("incident history")
    start, end = known.basis.start, known.basis.at
    found = known.basis.incidents.get(subject.id, ())
    hours = hours_of(found, start, end, policy.longest_hours)
    per_year = hours * _YEAR / max(end - start, 1.0)
    rules = Counter(one.rule for one in found).most_common(_SHOWN)
    text = f"{count(len(found), 'incident')} in {(end - start) / DAY:.0f} days, open for {hours:.1f} hours"
    if found:
        text += f" with at most {policy.longest_hours:g} of each"
    if rules:
        text += f": {', '.join(f'{rule} ({number})' for rule, number in rules)}"
    return out.add(policy.curve.share(per_year), item(text, "incidents", per_year, "hours per year", end))
