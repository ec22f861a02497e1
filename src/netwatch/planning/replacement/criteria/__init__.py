"""The criteria: each turns what is known of a subject into points, with the evidence that they stand on."""

from __future__ import annotations

from netwatch.planning.basis import Subject
from netwatch.planning.replacement.criteria.consequence import consequence
from netwatch.planning.replacement.criteria.cost import cost
from netwatch.planning.replacement.criteria.fitness import fitness
from netwatch.planning.replacement.criteria.knowledge import Knowledge
from netwatch.planning.replacement.criteria.likelihood import likelihood
from netwatch.planning.replacement.criteria.security import security
from netwatch.planning.replacement.verdict import Verdict

__all__ = ["Knowledge", "judge"]

_CRITERIA = {
    "likelihood": likelihood,
    "consequence": consequence,
    "fitness": fitness,
    "security": security,
    "cost": cost,
}


def judge(subject: Subject, known: Knowledge) -> Verdict:
    """All the criteria in the order of the policy. Each part says what it lacks."""
    criteria = known.policy.criteria
    out = Verdict(criteria.consequence.need, 100 - criteria.consequence.points)
    for name, criterion in _CRITERIA.items():
        out.criteria[name] = criterion(subject, known)
    out.close()
    return out
