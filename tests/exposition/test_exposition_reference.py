"""docs/metrics.md is current."""

from __future__ import annotations

from pathlib import Path

import pytest

from netwatch.exposition import SelfMetrics
from netwatch.exposition.__main__ import main
from netwatch.exposition.reference import insert, reference
from netwatch.model import load_catalogue

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_reference_is_what_the_catalogue_says():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert insert(text, reference(load_catalogue())) == text, (
        "docs/metrics.md is stale: python -m netwatch.exposition docs/metrics.md"
    )


def test_every_family_is_there_with_unit_and_meaning():
    text = reference(load_catalogue())
    for family in load_catalogue().values():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{family.name}` |"))
        assert f"| {family.type.value} | {family.unit} |" in row
        assert family.help in row
    for own in SelfMetrics().families():
        assert f"| `{own.name}` | {own.type} |" in text


def test_one_command_renews_it(tmp_path):
    stale = tmp_path / "metrics.md"
    stale.write_text(insert(DOCUMENT.read_text(encoding="utf-8"), "| old |"), encoding="utf-8")
    main(stale)
    assert stale.read_text(encoding="utf-8") == DOCUMENT.read_text(encoding="utf-8")


def test_a_document_without_marks_is_refused():
    with pytest.raises(ValueError, match="lacks the marks"):
        insert("# nothing", "text")
