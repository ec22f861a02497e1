"""Rows of JSON documents: nested lists, values of what lies around a row, joins; and how an API is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netwatch.model import HttpRequest, Paging, PagingMode, load_catalogue
from netwatch.profiles import ProfileSet, load_profiles, rows_of_document
from netwatch.profiles.rows.json_rows import place_in_document

PROFILE = """
profile: api
include: []
match: [{http_json: /info}, {http_host: '^api\\.example\\.org$'}]
http:
  base: /api/v2
  headers: {X-Key: "{token}"}
  pages: {by: offset, parameter: start, limit: count, size: 50, total: /total}
  rate: 4
tables:
  aps:
    source: http-json
    mode: churning
    path: /s/{/self#/sites/*/id}/aps
    rows: /data
    columns: {name: /name}
  radios:
    source: http-json
    mode: churning
    path: /s/{/self#/sites/*/id}/aps
    rows: /data/*/radios
    pages: false
    documents: 9
    columns: {ap: 2/name, count: 4/total, channel: /channel}
    let: {known_ap: "find(aps.name, name, ap)"}
    entity:
      kind: radio
      key: "{ap}/{index}"
      values: {netwatch_radio_channel: {value: channel, when: known(known_ap)}}
  stats:
    source: http-json
    mode: churning
    path: /query
    body: {fields: [name], limit: 3}
    rows: /*/radio_stat/*
    columns: {mac: 2/mac, channel: /channel}
"""


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> ProfileSet:
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "api.yaml").write_text(PROFILE)
    (folder / "child.yaml").write_text("profile: child\ninclude: [api]\nhttp: {base: /other}\n")
    found = load_profiles([folder], load_catalogue())
    assert not found.problems
    return found


def request(profiles: ProfileSet, profile: str, table: str) -> HttpRequest:
    found = profiles.profiles[profile]
    return found.request(found.tables[table])


def test_a_request_by_the_manners_of_its_profile(profiles: ProfileSet) -> None:
    paging = Paging(PagingMode.OFFSET, parameter="start", limit="count", size=50, total="/total")
    assert request(profiles, "api", "aps") == HttpRequest(
        "/api/v2/s/{/api/v2/self#/sites/*/id}/aps", (("X-Key", "{token}"),), "", paging, "/data", 4.0
    )
    whole = request(profiles, "api", "radios")
    assert (whole.paging, whole.items, whole.most) == (None, "/data", 9)
    assert request(profiles, "api", "stats").body == '{"fields": ["name"], "limit": 3}'


def test_who_includes_a_profile_may_ask_elsewhere(profiles: ProfileSet) -> None:
    assert request(profiles, "child", "aps").path == "/other/s/{/other/self#/sites/*/id}/aps"
    assert request(profiles, "child", "aps").headers == (("X-Key", "{token}"),)


def test_rows_of_nested_lists(profiles: ProfileSet) -> None:
    tables = profiles.profiles["api"].tables
    one: Any = {
        "total": 2,
        "data": [
            {"name": "a", "radios": [{"channel": 1}, {"channel": 36}]},
            {"name": "b"},
            {"name": "c", "radios": [{"channel": 11}]},
        ],
    }
    assert rows_of_document(tables["radios"], {"s1": one}) == {
        "s1/0/0": {"ap": "a", "count": 2, "channel": 1},
        "s1/0/1": {"ap": "a", "count": 2, "channel": 36},
        "s1/2/0": {"ap": "c", "count": 2, "channel": 11},
    }
    stats = [{"mac": "m", "radio_stat": {"band_5": {"channel": 36}, "band_6": {}}}, {"mac": "n"}]
    assert rows_of_document(tables["stats"], stats) == {
        "0/band_5": {"mac": "m", "channel": 36},
        "0/band_6": {"mac": "m"},
    }


def test_where_a_nested_value_stands(profiles: ProfileSet) -> None:
    table = profiles.profiles["api"].tables["radios"]
    assert place_in_document(table, "s1/2/0", "/channel", "/b") == "/b/s/s1/aps#/data/2/radios/0/channel"
    assert place_in_document(table, "s1/2/0", "2/name") == "/s/s1/aps#/data/2/name"


@pytest.mark.parametrize(
    ("http", "message"),
    [
        ("{pages: {by: offset}}", "pages by offset need `parameter`"),
        ("{pages: {by: token, parameter: t}}", "pages by token need `pointer`"),
        ("{base: api}", "base"),
        ("{rate: 0}", "rate"),
    ],
)
def test_manners_that_can_not_be(tmp_path: Path, http: str, message: str) -> None:
    (tmp_path / "bad.yaml").write_text(f"profile: bad\ninclude: []\nhttp: {http}\n")
    found = load_profiles([tmp_path], load_catalogue())
    assert message in "\n".join(map(str, found.problems))
