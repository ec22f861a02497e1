"""Problems of several files are told together."""

from __future__ import annotations

import pytest

from netwatch.errors import ConfigError, Problem, Problems, StoreError


def fail(error: Exception) -> None:
    raise error


def test_what_is_good_is_returned_and_what_is_wrong_joins_the_others() -> None:
    first, second = Problem("a.yaml", "x", "is no number"), Problem("b.yaml", "y", "is no date")
    problems = Problems([first])
    assert problems.try_to(lambda: 7) == 7
    problems.try_to(lambda: fail(ConfigError([second])))
    assert problems == [first, second]


def test_other_errors_are_no_problems_of_a_file() -> None:
    problems = Problems()
    with pytest.raises(StoreError):
        problems.try_to(lambda: fail(StoreError("the disk is full")))
    assert problems == []
