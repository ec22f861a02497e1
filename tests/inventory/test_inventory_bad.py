"""One fixture per bad inventory. Its last lines, after `#! `, are the exact messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from netwatch.config import load_settings
from netwatch.errors import InventoryError
from netwatch.inventory import load_inventory

BAD = Path(__file__).parent / "bad"
SETTINGS = """
district: {slug: maple}
state_dir: var
inventory: [FILE]
calendars: [calendars.yml]
credentials:
  v2: {snmp: {community: public}}
  v2-too: {snmp: {community: public}}
"""
CALENDARS = """
calendars:
  elementary: {day_types: {}, week: {}, terms: [{first: 2026-08-17, last: 2026-12-18}]}
"""


def never(device):
    raise AssertionError("no id is asked for while anything is wrong")


@pytest.mark.parametrize(
    "path", [*sorted(BAD.glob("*.yaml")), *sorted(BAD.glob("*.csv"))], ids=lambda path: path.name
)
def test_messages_name_file_line_path_and_remedy(path, tmp_path):
    lines = path.read_text().splitlines(keepends=True)
    (tmp_path / path.name).write_text("".join(line for line in lines if not line.startswith("#! ")))
    (tmp_path / "calendars.yml").write_text(CALENDARS)
    (tmp_path / "settings.yml").write_text(SETTINGS.replace("FILE", path.name))
    with pytest.raises(InventoryError) as error:
        load_inventory(load_settings(tmp_path / "settings.yml", {}), {}, never)
    found = [str(problem).replace(f"{tmp_path}/", "") for problem in error.value.problems]
    assert found == [line[3:].rstrip("\n") for line in lines if line.startswith("#! ")]
