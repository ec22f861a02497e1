"""When somebody else is on call, and what they are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from netwatch.incidents import Rota, Swap, handovers

DAY = 86400.0
START = 1_800_000_000.0  # 2027-01-15 08:00 UTC
ROTA = Rota(("ana", "ben", "cy"), date(2027, 1, 11), "America/Chicago", handover=7 * 3600 + 1800)

swaps = st.lists(
    st.builds(
        lambda start, length, person: Swap(START + start * 3600, START + (start + length) * 3600, person),
        st.integers(-200, 600),
        st.integers(1, 300),
        st.sampled_from(["ana", "ben", "cy", "dee"]),
    ),
    max_size=6,
)


@given(swaps, st.floats(0, 20 * DAY))
def test_nobody_else_is_on_call_before_the_handover_that_is_told(made: list[Swap], after: float) -> None:
    rota, at = replace(ROTA, swaps=tuple(made)), START + after
    change = rota.hands_over(at)
    assert change is not None
    when, then = change
    now = rota.on_call(at)
    assert when > at
    assert then == rota.on_call(when) != now
    hours = int((when - at) // 3600)
    assert all(rota.on_call(at + 3600 * n) == now for n in range(hours))
    assert rota.on_call(when - 1.0) == now


def test_one_person_alone_hands_over_to_nobody() -> None:
    assert replace(ROTA, people=("ana",)).hands_over(START) is None


@given(swaps, st.lists(st.floats(0, 3 * DAY), max_size=20))
def test_each_change_of_hands_is_one_handover_however_rarely_somebody_looks(
    made: list[Swap], pauses: list[float]
) -> None:
    rotas, before, at = {"network": replace(ROTA, swaps=tuple(made))}, dict[str, str](), START
    for pause in pauses:
        at += pause
        found = handovers(rotas, before, at)
        assert [(one.person, one.before) for one in found] == (
            [(rotas["network"].on_call(at), before.get("network", ""))]
            if rotas["network"].on_call(at) != before.get("network")
            else []
        )
        before = {"network": rotas["network"].on_call(at)}
        assert handovers(rotas, before, at) == []
