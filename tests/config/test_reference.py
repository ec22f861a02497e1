"""The documentation names every key, with its type, default and meaning."""

from __future__ import annotations

from pathlib import Path

import pytest

from netwatch.calendars import CalendarFile
from netwatch.calendars import load as calendars
from netwatch.config import Settings
from netwatch.config.reference import KeyDoc, reference, render_reference
from netwatch.inventory import InventoryFile, models

DOCS = Path(__file__).parents[2] / "docs"
KNOWN = {
    models.IpAddress: "address",
    models.Addresses: "list of addresses",
    models.Day: "date",
    models.Amount: "number",
    models.Code: "text",
    calendars.Day: "date",
    calendars.Periods: "list of periods",
}


@pytest.mark.parametrize(
    ("page", "model"),
    [("configuration.md", Settings), ("inventory.md", InventoryFile), ("inventory.md", CalendarFile)],
)
def test_the_table_of_keys_is_the_one_of_the_model(page, model):
    """If it is not: paste what `render_reference(reference(model))` gives."""
    assert render_reference(reference(model, known=KNOWN)) in (DOCS / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("model", [Settings, InventoryFile, CalendarFile])
def test_every_key_says_what_it_means(model):
    for key in reference(model):
        assert key.meaning.endswith("."), key.path


def test_paths_types_and_defaults():
    keys = {key.path: key for key in reference(Settings)}
    assert keys["web.listen"].restart
    assert not keys["polling.interval"].restart
    assert keys["polling.interval"] == KeyDoc(
        "polling.interval", "duration", "1m", "Time between two polls of a device.", False
    )
    assert keys["district.slug"].default == "required"
    assert keys["credentials.NAME.snmp.community"].type == "secret"
    assert keys["alerts.email[].to"].type == "list of text"
