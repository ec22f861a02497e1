"""How much people were told, and what of it led to nothing."""

from __future__ import annotations

from desk_lab import Lab

from netwatch.incidents import Policy, Told, noise
from netwatch.model import Notice, Severity

WEEK = 7 * 86400.0


def told(incident: str, who: str = "ana", rule: str = "Full", at: float = 100.0, **more) -> Told:
    return Told(at, who, incident, rule, more.get("ended"), more.get("acknowledged"))


def test_people_and_rules_the_noisiest_first() -> None:
    found = noise(
        [
            told("1", ended=200.0),
            told("1", "ben", at=150.0, ended=200.0),
            told("2", ended=90_000.0),
            told("3", ended=200.0, acknowledged=120.0),
            told("4"),
            told("5", rule="Down", acknowledged=130.0),
            told("6", at=-1.0),
            told("7", at=2 * WEEK),
        ],
        0.0,
        2 * WEEK,
    )
    assert found.people == (("ana", 5, 2.5), ("ben", 1, 0.5))
    full, down = found.rules
    assert (full.rule, full.messages, full.incidents, full.idle, full.short) == ("Full", 5, 4, 2 / 3, 1 / 3)
    assert (down.rule, down.messages, down.idle, down.short) == ("Down", 1, None, None)


def test_recipients_are_people_else_channels_and_none_that_would_not_take_it() -> None:
    policy = Policy(
        channels_at_least={"mail": Severity.INFO, "phone": Severity.CRITICAL, "chat": Severity.WARNING},
        people={"ana": frozenset({"phone", "mail"}), "ben": frozenset({"phone"})},
    )
    lab = Lab(policy)
    lab.fire("a", severity=Severity.WARNING)
    lab.fire("b")
    (_, mild), (_, severe) = lab.told
    assert policy.recipients(mild) == ["ana", "chat"]
    assert policy.recipients(severe) == ["ana", "ben", "chat"]
    assert policy.recipients(Notice(mild.alert, frozenset({"phone"}))) == []
    assert policy.recipients(Notice(mild.alert, frozenset({"phone"}), always=True)) == ["ana", "ben"]
