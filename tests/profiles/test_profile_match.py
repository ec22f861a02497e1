"""More specific wins, and every match says why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netwatch.profiles import Fingerprint, ProfileSet, candidates, choose, needed_oids

VENDOR = "profile: vendor\nmatch: [{sys_object_id: 1.3.6.1.4.1.99999}]\n"
FAMILY = "profile: family\nmatch: [{sys_object_id: [1.3.6.1.4.1.99999.1, 1.3.6.1.4.1.99999.2]}]\n"
MODEL = "profile: model\nmatch: [{sys_object_id_exact: 1.3.6.1.4.1.99999.1.7}]\n"
WORDS = "profile: words\nmatch: [{sys_object_id: 1.3.6.1.4.1.99999.1, sys_descr: '(?i)wireless'}]\n"
PROBE = """
profile: probe
match:
  - sys_object_id: 1.3.6.1.4.1.99999
    present: 1.3.6.1.4.1.99999.50
    values: {1.3.6.1.4.1.99999.51.0: '^X'}
"""
EXTRA = "profile: extra\nattach: true\nmatch: [{present: 1.3.6.1.4.1.2021.4}]\n"
FIRST = "profile: first\npriority: 10\nmatch: [{sys_descr: special}]\n"


@pytest.fixture
def known(load: Callable[..., ProfileSet]) -> ProfileSet:
    found = load(
        vendor=VENDOR,
        family=FAMILY,
        model=MODEL,
        words=WORDS,
        probe=PROBE,
        extra=EXTRA,
        first=FIRST,
    )
    assert not found.problems
    return found


def device(oid: str, descr: str = "", has: tuple[str, ...] = (), **values: bytes) -> Fingerprint:
    answers = {"1.3.6.1.4.1.99999.51.0": values.get("value")}
    return Fingerprint(oid, descr, "", lambda root: root in has, answers.get)


def names(found: ProfileSet, one: Fingerprint) -> list[str]:
    return [candidate.profile.name for candidate in candidates(found.profiles.values(), one)]


def test_deeper_prefix_wins(known: ProfileSet) -> None:
    assert names(known, device("1.3.6.1.4.1.99999.1.3")) == ["family", "vendor"]
    assert names(known, device("1.3.6.1.4.1.99999.1.7")) == ["model", "family", "vendor"]
    assert names(known, device("1.3.6.1.4.1.999991.1")) == []


def test_further_conditions_win(known: ProfileSet) -> None:
    assert names(known, device("1.3.6.1.4.1.99999.1.3", "A Wireless thing"))[0] == "words"
    both = device("1.3.6.1.4.1.99999", "", ("1.3.6.1.4.1.99999.50",), value=b"X1")
    assert names(known, both)[0] == "probe"
    other = device("1.3.6.1.4.1.99999", "", ("1.3.6.1.4.1.99999.50",), value=b"Y1")
    assert names(known, other) == ["vendor"]


def test_priority_comes_first(known: ProfileSet) -> None:
    assert names(known, device("1.3.6.1.4.1.99999.1.7", "special"))[0] == "first"


def test_reasons_in_words(known: ProfileSet) -> None:
    found = candidates(known.profiles.values(), device("1.3.6.1.4.1.99999.1.3", "A Wireless thing"))
    assert found[0].reasons == (
        "sysObjectID 1.3.6.1.4.1.99999.1.3 is below 1.3.6.1.4.1.99999.1",
        "sysDescr matches /(?i)wireless/",
    )


def test_attached_does_not_compete(known: ProfileSet) -> None:
    found = candidates(known.profiles.values(), device("1.3.6.1.4.1.99999.1.3", "", ("1.3.6.1.4.1.2021.4",)))
    main, attached = choose(found)
    assert main is not None
    assert main.profile.name == "family"
    assert [one.profile.name for one in attached] == ["extra"]


def test_asks_only_what_is_still_in_the_race(known: ProfileSet) -> None:
    found = known.profiles.values()
    present, values = needed_oids(found, device("1.3.6.1.4.1.5"))
    assert present == {"1.3.6.1.4.1.2021.4"}
    assert not values
    present, values = needed_oids(found, device("1.3.6.1.4.1.99999"))
    assert "1.3.6.1.4.1.99999.50" in present
    assert values == {"1.3.6.1.4.1.99999.51.0"}
