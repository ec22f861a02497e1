"""Polls that somebody asks for: gathered, at once where there is news, and bounded in a storm."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netwatch.polling.rechecks import Rechecks

GAP, NEWS_GAP, BURST = 5.0, 0.25, 3


def at(one: Rechecks, now: float) -> float:
    return one.at(now, GAP, NEWS_GAP, BURST)


def polls(asked: list[tuple[float, str | None]]) -> list[float]:
    """When polls begin, if each takes no time."""
    one, begun, left = Rechecks(), list[float](), sorted(asked, key=lambda item: item[0])
    now = 0.0
    while left or one.wanted:
        due = at(one, now) if one.wanted else float("inf")
        if left and left[0][0] <= due:
            now, news = left.pop(0)
            one.ask(news)
        else:
            now = due
            one.start(now, GAP)
            begun.append(now)
    return begun


def test_what_tells_nothing_new_waits_for_the_gap() -> None:
    assert polls([(0.0, "port 1"), (1.0, "port 1"), (2.0, None)]) == [0.0, 5.0]


def test_another_port_is_asked_about_at_once() -> None:
    assert polls([(0.0, "port 1"), (1.0, "port 2")]) == [0.0, 1.0]
    assert polls([(0.0, "port 1"), (0.1, "port 2"), (0.2, "port 3")]) == [0.0, 0.25]


def test_what_was_news_is_news_again_after_a_while() -> None:
    assert polls([(0.0, "port 1"), (6.0, "port 1"), (6.5, "port 2"), (12.0, "port 1")]) == [
        0.0,
        6.0,
        6.5,
        12.0,
    ]


def test_a_burst_that_is_spent_waits_and_comes_back() -> None:
    storm = [(float(second), f"port {second}") for second in range(60)]
    begun = polls(storm)
    assert begun[:4] == [0.0, 1.0, 2.0, 3.0]
    assert len([when for when in begun if 30 <= when < 60]) <= 13, "two per gap once the burst is spent"


@given(st.lists(st.tuples(st.floats(0, 100), st.none() | st.sampled_from("abcdefgh")), max_size=200))
def test_a_storm_is_bounded_and_nothing_waits_longer_than_the_gap(
    asked: list[tuple[float, str | None]],
) -> None:
    begun = polls(asked)
    for first in range(len(begun)):
        last = begun[first]
        within = [when for when in begun[first:] if when - last < 10 * GAP]
        assert len(within) <= 2 * 10 + BURST + 1
    for when, _ in asked:
        assert any(when <= poll <= when + GAP + 1e-6 for poll in begun)


def test_a_notification_tells_what_it_is_about() -> None:
    from netwatch.model import Instant
    from netwatch.wire import Trap

    def about(port: int, oid: str = "1.3.6.1.6.3.1.1.5.3", **more: object) -> tuple[str, ...]:
        values = {"1.3.6.1.2.1.1.3.0": port * 17, f"1.3.6.1.2.1.2.2.1.1.{port}": port, **more}
        return Trap("192.0.2.1", oid, values, Instant(0, 0)).subject  # type: ignore[arg-type]

    assert about(1) != about(2)
    assert about(1) != about(1, "1.3.6.1.6.3.1.1.5.4")
    assert about(1) == about(1, **{"1.3.6.1.6.3.18.1.3.0": "192.0.2.9"})
    assert about(1, **{"1.3.6.1.4.1.9.1.0": 5}) != about(1, **{"1.3.6.1.4.1.9.1.0": 6})
