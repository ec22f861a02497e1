"""Rotas, damping, links and silences, each for itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError
from netwatch.incidents import (
    Damping,
    Flaps,
    Link,
    LinkError,
    Matcher,
    Rota,
    Silence,
    Subject,
    Swap,
    decode_silence,
    encode_silence,
    load_silences,
    make_token,
    read_token,
)

CHICAGO = ZoneInfo("America/Chicago")
KEY = b"0123456789abcdef"


def wall(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO).timestamp()


ROTA = Rota(("ana", "ben", "cy"), date(2026, 8, 31), "America/Chicago", handover=7 * 3600 + 1800)


@pytest.mark.parametrize(
    ("at", "who"),
    [
        ("2026-08-31 07:29", "cy"),  # before the first turn it goes round backwards
        ("2026-08-31 07:30", "ana"),
        ("2026-09-07 07:29", "ana"),
        ("2026-09-07 07:30", "ben"),
        ("2026-11-02 07:30", "ana"),  # over the end of daylight saving time, by the wall clock
        ("2026-11-02 07:29", "cy"),
    ],
)
def test_turns_are_handed_over_by_the_wall_clock(at: str, who: str) -> None:
    assert ROTA.on_call(wall(at)) == who


def test_a_swap_holds_for_its_time_and_the_later_one_wins() -> None:
    swaps = (
        Swap(wall("2026-09-01 08:00"), wall("2026-09-03 08:00"), "ben"),
        Swap(wall("2026-09-02 08:00"), wall("2026-09-02 20:00"), "cy"),
    )
    rota = replace(ROTA, swaps=swaps)
    found = [rota.on_call(wall(f"2026-09-0{day} 12:00")) for day in (1, 2, 3)]
    assert found == ["ben", "cy", "ana"]
    assert rota.on_call(wall("2026-09-03 08:00")) == "ana"


@settings(deadline=None)
@given(st.floats(1.78e9, 1.85e9))
def test_the_end_of_a_turn_is_when_the_next_one_begins(at: float) -> None:
    end = ROTA.turn_ends(at)
    assert at < end <= at + 7 * 86400 + 3600
    assert ROTA.on_call(end - 1) == ROTA.on_call(at) != ROTA.on_call(end)


DAMPING = Damping(900.0)


def test_a_penalty_halves_in_its_half_life() -> None:
    once = DAMPING.flapped(None, 0.0)
    assert (once.penalty, once.damped) == (1000.0, False)
    assert DAMPING.now(once, 900.0).penalty == pytest.approx(500.0)
    assert DAMPING.now(once, -900.0).penalty == 1000.0  # a clock that was set back


@settings(deadline=None)
@given(st.lists(st.floats(0.0, 5000.0), min_size=1, max_size=60))
def test_what_flaps_no_more_is_free_within_the_longest_time(pauses: list[float]) -> None:
    at, flaps = 0.0, Flaps(0.0, 0.0)
    for pause in pauses:
        at += pause
        before = DAMPING.now(flaps, at)
        flaps = DAMPING.flapped(flaps, at)
        assert flaps.damped == (before.damped or flaps.penalty > DAMPING.suppress)
    free = DAMPING.free_at(flaps)
    assert free <= at + DAMPING.longest + 2
    assert not DAMPING.now(flaps, free).damped
    if flaps.damped and free > at + 5:
        assert DAMPING.now(flaps, free - 5).damped


texts = st.text(max_size=20)


@settings(deadline=None)
@given(texts, texts, st.integers(1, 2**40), texts)
def test_a_token_is_read_back_until_it_expires(alert: str, to: str, expires: int, nonce: str) -> None:
    link = Link(alert, to, expires, nonce)
    token = make_token(KEY, link)
    assert read_token(KEY, token, expires - 1.0) == link
    with pytest.raises(LinkError, match="expired"):
        read_token(KEY, token, float(expires))
    with pytest.raises(LinkError, match="not one of this"):
        read_token(KEY + b"x", token, 0.0)


@settings(deadline=None)
@given(st.data())
def test_a_token_that_was_changed_is_worth_nothing(data) -> None:
    token = make_token(KEY, Link("a1", "phone", 10, "n"))
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("AZaz09-_.ä\n"))
    changed = token[:place] + letter + token[place + 1 :]
    if changed == token:
        return
    try:
        link = read_token(KEY, changed, 0.0)
    except LinkError:
        return
    # base64 has spare bits in its last letter: the same bytes, so the same link.
    assert link == read_token(KEY, token, 0.0)


SUBJECT = Subject("core-1", frozenset({"maple", "maple/lincoln", "lincoln"}), frozenset({"mdf"}))


@pytest.mark.parametrize(
    ("matcher", "matches"),
    [
        (Matcher(devices=("core-*",)), True),
        (Matcher(devices=("edge-*", "core-?")), True),
        (Matcher(devices=("edge-*",)), False),
        (Matcher(sites=frozenset({"maple"})), True),
        (Matcher(sites=frozenset({"oak"})), False),
        (Matcher(tags=frozenset({"mdf", "other"})), True),
        (Matcher(tags=frozenset({"other"})), False),
        (Matcher(rules=frozenset({"R"}), devices=("core-*",)), True),
        (Matcher(rules=frozenset({"S"}), devices=("core-*",)), False),
    ],
)
def test_everything_that_is_given_must_match(matcher: Matcher, matches: bool) -> None:
    assert matcher.matches("R", SUBJECT) is matches


FILE = """
silences:
  - silence: works
    comment: New fibre
    by: Ana
    sites: maple/lincoln
    rules: [R]
    starts: 2026-12-05 22:00
    ends: 2026-12-06 04:00
  - silence: backups
    devices: [nas-*]
    weekly: {hours: "22:00-04:00", days: [tuesday, thursday]}
"""


def test_silences_are_read_from_files_and_survive_json() -> None:
    works, backups = load_silences(
        [parse_yaml(FILE)], "America/Chicago", rules=["R"], sites=["maple/lincoln"]
    )
    assert (works.starts, works.ends) == (wall("2026-12-05 22:00"), wall("2026-12-06 04:00"))
    assert works.active_until(works.starts) == works.ends
    assert works.active_until(works.ends) is None
    assert works.over(works.ends)
    assert works.next_start(0.0) == works.starts
    tuesday = wall("2026-12-08 22:00")
    assert backups.active_until(tuesday) == tuesday + 6 * 3600
    assert backups.active_until(tuesday + 86400) is None
    assert backups.next_start(tuesday) == tuesday + 2 * 86400
    for one in (works, backups):
        assert decode_silence(encode_silence(one)) == replace(one, planned=False)


@settings(deadline=None)
@given(st.floats(1.79e9, 1.80e9), st.booleans())
def test_what_begins_next_is_on_then_and_not_before(at: float, recurs: bool) -> None:
    hours = ((3600, 7200), (80000, 4000)) if recurs else ()
    silence = Silence("s", Matcher(), 1.793e9, 1.797e9, hours=hours, weekdays=frozenset({0, 4}))
    start = silence.next_start(at)
    if start is not None:
        assert start > at
        assert silence.active_until(start) is not None
    elif silence.active_until(at) is None:
        assert at >= 1.797e9 - 7 * 86400 if recurs else at >= 1.797e9
    until = silence.active_until(at)
    if until is not None:
        assert at < until <= 1.797e9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("silences: [{silence: x, ends: 2027-01-01}]", "would silence everything"),
        ("silences: [{silence: x, devices: a}]", "has no end"),
        (
            "silences: [{silence: x, devices: a, starts: 2027-01-02, ends: 2027-01-01}]",
            "ends before it begins",
        ),
        ("silences: [{silence: x, devices: a, starts: 2026-01-02, ends: 2062-01-01}]", "is the year right"),
        (
            "silences: [{silence: x, rules: Rr, ends: 2027-01-01}]",
            r"rules\[0\]: unknown name 'Rr' \(did you mean 'R'",
        ),
        ("silences: [{silence: x, sites: oak, ends: 2027-01-01}]", r"sites\[0\]: unknown name 'oak'"),
        ("silences: [{silence: x, device: a, ends: 2027-01-01}]", "did you mean 'devices'"),
        ("silences: [{silence: x, devices: a, weekly: {hours: 22}}]", "expected hours"),
        (
            "silences: [{silence: x, devices: a, weekly: {hours: '1:00-2:00', days: mon}}]",
            "unknown weekday 'mon'",
        ),
        (FILE + FILE.replace("silences:", "").lstrip("\n"), "defined twice"),
    ],
)
def test_bad_silences_are_told_with_place_and_remedy(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_silences([parse_yaml(text, "s.yaml")], rules=["R"], sites=["maple/lincoln"])
