"""Who is told of what, and when."""

from __future__ import annotations

from dataclasses import replace

from desk_lab import ESCALATING, START, Lab, audience

from netwatch.incidents import (
    Damping,
    IncidentState,
    Policy,
    QuietHours,
    Urgency,
    standing_of,
)
from netwatch.model import Severity

HOUR, DAY = 3600.0, 86400.0


def standing(lab: Lab, number: str):
    return standing_of(lab.alerts[number], lab.state.cases.get(number))


def test_without_any_policy_every_channel_is_told_once_and_at_once() -> None:
    lab = Lab(Policy())
    lab.fire("a", severity=Severity.INFO)
    lab.pass_time(DAY)
    lab.restart()
    lab.resolve("a")
    assert [(at - START, n.channels, n.again, n.reason.value) for at, n in lab.told] == [
        (0, None, "", "new"),
        (DAY, None, "", "ended"),
    ]
    assert lab.state.cases == {}


def test_what_nobody_acknowledges_is_escalated() -> None:
    lab = Lab()
    lab.fire("a")
    lab.pass_time(599)
    assert lab.got("leads") == []
    lab.pass_time(1)
    assert lab.got("leads") == ["a escalated"]
    lab.pass_time(DAY)
    assert lab.got("on-call") == ["a new"]
    assert lab.got("leads") == ["a escalated"]


def test_what_somebody_acknowledges_is_not() -> None:
    lab = Lab()
    lab.fire("a")
    lab.pass_time(300)
    lab.acknowledge("a")
    lab.restart()
    lab.pass_time(DAY)
    assert lab.got("leads") == []
    found = standing(lab, "a")
    assert (found.state, found.acknowledged.by) == (IncidentState.ACKNOWLEDGED, "ana")
    assert "a: acknowledged by ana" not in lab.events  # the one who acknowledges writes it down


def test_who_was_told_of_a_fault_hears_when_it_is_much_greater_and_not_of_each_device() -> None:
    lab = Lab()
    lab.fire("a", annotations={"devices_behind": "3"})
    for devices in (4, 5, 6, 7, 3, 11):
        lab.pass_time(10)
        lab.grow("a", devices)
    lab.restart()
    assert lab.got("on-call") == ["a new", "a greater than told"]
    lab.grow("a", 12, "utility power of lincoln has failed")
    lab.grow("a", 13, "utility power of lincoln has failed")
    assert lab.got("on-call") == ["a new", "a greater than told", "a greater than told"]
    assert lab.got("leads") == []
    assert len({notice.again for _, notice in lab.told}) == 3


def test_a_fault_that_was_never_told_is_told_once_however_it_grew() -> None:
    lab = Lab()
    lab.silence("work", ("a",), START, START + HOUR)
    lab.fire("a")
    lab.grow("a", 8)
    lab.pass_time(HOUR)
    assert lab.got("on-call") == ["a still true after silence"]


def test_a_silence_hides_and_at_its_end_what_still_fires_is_told() -> None:
    lab = Lab()
    lab.silence("work", ("a", "b"), START, START + HOUR)
    lab.fire("a")
    lab.fire("b")
    assert standing(lab, "a").suppressed_by == "silence work"
    assert standing(lab, "a").until == START + HOUR
    lab.pass_time(HOUR - 1)
    lab.resolve("b")
    assert lab.got("on-call") == ["b ended"]  # to whom it was never told, the dispatcher tells no end
    lab.pass_time(1)
    assert lab.got("on-call") == ["b ended", "a still true after silence"]
    lab.pass_time(600)
    assert lab.got("leads") == ["b ended", "a escalated"]


def test_what_was_told_before_a_silence_is_told_again_after_it() -> None:
    lab = Lab()
    lab.fire("a")
    lab.silence("work", ("*",), lab.now + 60, lab.now + HOUR)
    lab.pass_time(DAY)
    assert lab.got("on-call") == ["a new", "a still true after silence"]
    assert [n.again for _, n in lab.told] == ["", "again-1", "escalated-1-1"]
    assert lab.events[:4] == [
        "a: told to on-call (new)",
        "a: silenced by work",
        "a: silence work is over",
        "a: told to on-call (still true after silence)",
    ]


def test_a_silence_that_came_and_went_while_netwatch_was_down_has_ended() -> None:
    lab = Lab()
    lab.fire("a")
    lab.acknowledge("a")
    lab.silence("work", ("*",), lab.now + 60, lab.now + HOUR)
    lab.now += DAY
    lab.restart()
    assert lab.got("on-call") == ["a new", "a still true after silence"]


def test_a_recurring_window_hides_each_time_and_tells_each_time() -> None:
    lab = Lab()
    lab.fire("a")
    lab.acknowledge("a")
    nightly = ((22 * 3600, 4 * 3600),)
    lab.silence("backup", ("a",), 0.0, None, hours=nightly, timezone="America/Chicago")
    lab.pass_time(3 * DAY)
    told = [(at - START) / HOUR for at, _ in lab.told]
    # 04:00 in Chicago is 10:00 UTC, two hours after the start.
    assert told == [0, 2, 26, 50]


def test_life_safety_is_told_at_once_whatever_hides_others() -> None:
    policy = replace(
        ESCALATING,
        quiet=QuietHours(((0, 24 * 3600),), Severity.CRITICAL),
        urgency={"DeviceUnreachable": Urgency.MORNING},
        damping=Damping(900.0, suppress=500.0),
    )
    lab = Lab(policy, safety=frozenset({"pbx"}))
    lab.silence("all", ("*",), START, START + DAY)
    lab.fire("a", "pbx", severity=Severity.WARNING, suppressed_by="root")
    assert [(n.channels, n.always, n.alert.suppressed_by) for _, n in lab.told] == [
        (frozenset({"on-call"}), False, ""),
        (frozenset({"safety"}), True, ""),
    ]
    lab.pass_time(600)
    assert lab.got("leads") == ["a escalated"]
    lab.fire("b", "other", severity=Severity.WARNING)
    assert len(lab.told) == 3


def test_a_rule_can_make_life_safety_too() -> None:
    lab = Lab(replace(ESCALATING, life_safety_rules=frozenset({"DeviceUnreachable"})))
    lab.silence("all", ("*",), START, START + DAY)
    lab.fire("a")
    assert lab.got("safety") == ["a new"]
    assert standing(lab, "a").life_safety


def test_quiet_hours_hold_back_what_is_not_severe_until_they_end() -> None:
    quiet = QuietHours(((21 * 3600, 6 * 3600 + 1800),), Severity.CRITICAL)
    lab = Lab(replace(ESCALATING, quiet=quiet, timezone="America/Chicago"), now=START + 20 * HOUR)
    lab.fire("minor", severity=Severity.WARNING)  # 22:00 in Chicago
    lab.fire("major")
    lab.fire("over", severity=Severity.WARNING)
    lab.acknowledge("major")
    lab.pass_time(HOUR)
    lab.resolve("over")
    lab.pass_time(DAY)
    told = [(at - START, n.alert.id, n.reason.value) for at, n in lab.told if n.reason.value != "ended"]
    assert told == [
        (20 * HOUR, "major", "new"),
        (28.5 * HOUR, "minor", "quiet hours over"),
        (28.5 * HOUR + 600, "minor", "escalated"),
    ]


def test_an_audience_may_be_told_in_quiet_hours_all_the_same() -> None:
    quiet = QuietHours(((0, 24 * 3600),), Severity.CRITICAL)
    people = {"on-call": audience("on-call"), "screen": audience("screen", quiet=False)}
    lab = Lab(Policy(audiences=people, tell=("on-call", "screen"), quiet=quiet))
    lab.fire("a", severity=Severity.WARNING)
    assert (lab.got("on-call"), lab.got("screen")) == ([], ["a new"])


def test_what_can_wait_is_told_the_next_morning_if_it_is_still_true() -> None:
    policy = replace(ESCALATING, timezone="America/Chicago", urgency={"DeviceUnreachable": Urgency.MORNING})
    lab = Lab(policy)
    lab.fire("a")  # Friday 02:00 in Chicago
    lab.fire("b")
    assert standing(lab, "a").held == "morning"
    assert standing(lab, "a").state is IncidentState.FIRING
    lab.pass_time(HOUR)
    lab.resolve("b")
    lab.restart()
    lab.pass_time(DAY)
    told = [((at - START) / HOUR, n.alert.id) for at, n in lab.told if n.reason.value == "morning"]
    assert told == [(4.5, "a")]


def test_a_digest_gathers_until_its_time() -> None:
    people = {"office": audience("office", urgency=Urgency.DIGEST)}
    lab = Lab(Policy(audiences=people, tell=("office",), digest=(9 * 3600, 15 * 3600)))
    lab.fire("a")
    lab.pass_time(1800)
    lab.fire("b")
    lab.pass_time(4 * HOUR)
    lab.fire("c")
    lab.pass_time(DAY)
    told = [((at - START) / HOUR, n.alert.id) for at, n in lab.told]
    assert told == [(1.0, "a"), (1.0, "b"), (7.0, "c")]


def test_a_severity_below_that_of_the_audience_is_not_for_it() -> None:
    people = {"on-call": audience("on-call", at_least=Severity.CRITICAL), "mail": audience("mail")}
    lab = Lab(Policy(audiences=people, tell=("on-call", "mail")))
    lab.fire("a", severity=Severity.WARNING)
    assert (lab.got("on-call"), lab.got("mail")) == ([], ["a new"])


def test_what_flaps_is_told_as_flapping_then_damped_then_told_once_it_lasts() -> None:
    lab = Lab(Policy(damping=Damping(900.0, longest=3600.0)))
    for number in range(6):
        lab.fire(f"a{number}", "core")
        lab.pass_time(60)
        if number < 5:
            lab.resolve(f"a{number}")
        lab.restart()
        lab.pass_time(60)
    reasons = [text for text in lab.got("page") if not text.endswith("ended")]
    assert reasons == ["a0 new", "a1 new", "a2 flapping"]
    assert standing(lab, "a5").suppressed_by == "damping"
    lab.fire("other", "edge")
    assert lab.got("page")[-1] == "other new"
    free = standing(lab, "a5").until
    assert 900 < free - lab.now < 3600
    lab.pass_time(3600)
    assert lab.got("page")[-1] == "a5 calm"
    lab.resolve("a5")
    lab.pass_time(2 * HOUR)
    assert lab.state.flaps == {}


def test_what_is_explained_is_not_told_until_nothing_explains_it() -> None:
    lab = Lab()
    lab.fire("a", suppressed_by="root")
    lab.pass_time(DAY)
    assert lab.told == []
    assert standing(lab, "a").suppressed_by == "alert root"
    lab.explain("a", "")
    assert lab.got("on-call") == ["a new"]
    lab.explain("a", "root")
    lab.explain("a", "")
    assert lab.got("on-call") == ["a new"]


def test_a_clock_that_is_set_back_postpones_but_loses_nothing() -> None:
    lab = Lab(replace(ESCALATING, urgency={"DeviceUnreachable": Urgency.MORNING}))
    lab.fire("a")
    lab.now -= 30 * DAY
    lab.look([])
    lab.pass_time(DAY)
    assert lab.got("on-call") == ["a morning"]
    lab = Lab()
    lab.fire("a")
    lab.now -= 30 * DAY
    lab.look([])
    lab.pass_time(599)
    assert lab.got("leads") == []
    lab.pass_time(1)
    assert lab.got("leads") == ["a escalated"]
