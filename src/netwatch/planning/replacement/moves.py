"""Units that are there already: spares in the register, and younger ones in use where need is low."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from netwatch.model import DAYS_PER_YEAR, Alternative, AlternativeKind, EntityKind, EvidenceItem
from netwatch.planning.basis import Subject
from netwatch.planning.replacement.criteria import Knowledge
from netwatch.planning.replacement.verdict import Verdict, item

__all__ = ["Moves"]

_TRIES = 200
"""Candidates that are looked at for one asset, those with the least need first."""
_Class = tuple[str, str]


class Moves:
    """Each unit is given away once."""

    def __init__(self, judged: Sequence[tuple[Subject, Verdict]], known: Knowledge) -> None:
        self._judged = judged
        self._known = known
        self._given: set[int] = set()
        self._base = [verdict.base for _, verdict in judged]
        self._need = [
            sum(part.raw for part in verdict.criteria.get("consequence", ())) for _, verdict in judged
        ]
        self._spares = [at for at, (subject, _) in enumerate(judged) if subject.spare]
        self._class_of_model = self._models()
        self._donors = self._by_class()

    def spare(self, at: int) -> Alternative | None:
        """A unit of the register that nobody uses, of the same model if there is one."""
        subject = self._judged[at][0]
        wanted = (subject.kind, subject.role)
        fitting = [
            spare
            for spare in self._spares
            if spare not in self._given
            and self._better(at, spare)
            and self._younger(at, spare) is not False
            and (self._same_model(at, spare) or self._class(spare) == wanted)
        ]
        if not fitting:
            return None
        best = min(fitting, key=lambda one: (not self._same_model(at, one), self._base[one], self._key(one)))
        self._given.add(best)
        unit = self._judged[best][0]
        age = _age_told(unit, self._known.day)
        model = "the same model" if self._same_model(at, best) else unit.model
        text = f"put in the spare {_named(unit)}, {model}"
        return Alternative(
            AlternativeKind.SPARE,
            text,
            (item(f"spare in the register, {age}", "inventory"), self._gain(at, best)),
        )

    def cascade(self, at: int) -> Alternative | None:
        """A younger unit of the same kind and role at another school, behind which there is less."""
        subject, share = self._judged[at][0], self._known.policy.alternatives.need_share
        for tried, donor in enumerate(self._donors.get((subject.kind, subject.role), ())):
            if tried >= _TRIES or self._need[donor] > self._need[at] * share:
                return None
            if donor not in self._given and self._fits(at, donor):
                self._given.add(donor)
                unit = self._judged[donor][0]
                text = f"swap with {_named(unit)} at {unit.school}, where less hangs on it"
                need = (
                    f"what hangs on it counts {self._need[donor]:.1f} points there, {self._need[at]:.1f} here"
                )
                return Alternative(
                    AlternativeKind.CASCADE,
                    text,
                    (
                        item(
                            f"{unit.model or 'of unknown model'}, {_age_told(unit, self._known.day)}",
                            "inventory",
                        ),
                        item(need, "consequence before need", self._need[donor], "points"),
                        self._gain(at, donor),
                    ),
                )
        return None

    def _fits(self, at: int, donor: int) -> bool:
        subject, unit = self._judged[at][0], self._judged[donor][0]
        if not self._younger(at, donor):
            return False
        if not subject.school or not unit.school or subject.school == unit.school:
            return False
        return self._better(at, donor) and self._ports(donor) >= self._ports(at)

    def _younger(self, at: int, other: int) -> bool | None:
        """None: nobody knows. A spare has no class and so no useful life: its age is compared here only."""
        years = _years_between(self._judged[at][0], self._judged[other][0])
        return None if years is None else years >= self._known.policy.alternatives.years_younger

    def _better(self, at: int, other: int) -> bool:
        return self._base[at] - self._base[other] >= self._known.policy.alternatives.points_better

    def _gain(self, at: int, other: int) -> EvidenceItem:
        text = f"{self._base[other]:.1f} points without consequence, against {self._base[at]:.1f}"
        return item(text, "ranking", self._base[at] - self._base[other], "points")

    def _ports(self, at: int) -> int:
        subject = self._judged[at][0]
        if subject.kind != "switch" or subject.id is None:
            return 0
        return len(self._known.basis.snapshot.of_device(subject.id, EntityKind.INTERFACE))

    def _same_model(self, at: int, other: int) -> bool:
        mine, theirs = self._judged[at][0].models, self._judged[other][0].models
        return not {name.casefold() for name in mine}.isdisjoint(name.casefold() for name in theirs)

    def _class(self, at: int) -> _Class | None:
        """Kind and role; those of a spare are what others of its model are used for."""
        subject = self._judged[at][0]
        if subject.kind:
            return subject.kind, subject.role
        found = (self._class_of_model.get(name.casefold()) for name in subject.models)
        return next((one for one in found if one is not None), None)

    def _models(self) -> dict[str, _Class]:
        out: dict[str, _Class] = {}
        for subject, _ in self._judged:
            if not subject.spare and subject.kind:
                for name in subject.models:
                    out.setdefault(name.casefold(), (subject.kind, subject.role))
        return out

    def _by_class(self) -> dict[_Class, list[int]]:
        """Units in use that need no replacement themselves, the least needed and youngest first."""
        out: dict[_Class, list[int]] = {}
        for at in self._candidates():
            subject = self._judged[at][0]
            out.setdefault((subject.kind, subject.role), []).append(at)
        for donors in out.values():
            donors.sort(key=lambda one: (self._need[one], self._base[one], self._key(one)))
        return out

    def _candidates(self) -> Iterator[int]:
        limit = self._known.policy.alternatives.from_points
        for at, (subject, verdict) in enumerate(self._judged):
            known = subject.asset is not None and subject.asset.installed is not None
            if known and subject.id is not None and subject.kind and verdict.score < limit:
                yield at

    def _key(self, at: int) -> tuple[str, str]:
        subject = self._judged[at][0]
        return subject.name, subject.serial


def _years_between(older: Subject, younger: Subject) -> float | None:
    """None where either date is unknown."""
    days = [
        one.asset.installed.toordinal()
        for one in (older, younger)
        if one.asset is not None and one.asset.installed is not None
    ]
    return (days[1] - days[0]) / DAYS_PER_YEAR if len(days) == 2 else None


def _named(unit: Subject) -> str:
    return unit.name if not unit.serial or unit.serial in unit.name else f"{unit.name} ({unit.serial})"


def _age_told(unit: Subject, day: date) -> str:
    installed = None if unit.asset is None else unit.asset.installed
    if installed is None:
        return "age unknown"
    return f"installed {installed}, {max(0.0, (day - installed).days / DAYS_PER_YEAR):.1f} years ago"
