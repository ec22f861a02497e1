"""Coverage tells a vendor's own tables from what standard MIBs give, and gaps from both."""

from __future__ import annotations

from pathlib import Path

import pytest

from netwatch.model import load_catalogue
from netwatch.profiles import Coverage, coverage, coverage_tables, load_profiles
from netwatch.resources import collectors_dir

OWN = """
profile: acme
include: [standard]
kind: power
vendor: Acme
match: [{sys_object_id: 1.3.6.1.4.1.64999}]
identity: {model: "'X1'"}
scalars: {reading: {oid: 1.3.6.1.4.1.64999.1.0}}
tables:
  power:
    rows: scalars
    sensors:
      - {class: power, value: reading, name: Power}
"""


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Coverage:
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "acme.yaml").write_text(OWN)
    catalogue = load_catalogue()
    loaded = load_profiles([collectors_dir(), Path(folder)], catalogue)
    assert not loaded.problems, loaded.problems
    return next(one for one in coverage(loaded.profiles) if one.vendor == "Acme")


def test_levels(acme: Coverage) -> None:
    assert (acme.kind, acme.profiles) == ("power", ("acme",))
    assert acme.areas["sensors"] == "done"
    assert acme.areas["processors"] == "thin"
    assert acme.areas["radios"] == "none"


def test_page_leaves_out_what_nobody_of_the_kind_has(acme: Coverage) -> None:
    lines = list(coverage_tables([acme]))
    assert lines[2].startswith("| vendor | profiles | identity | sensors |")
    assert lines[4].startswith("| Acme | 1 |")
