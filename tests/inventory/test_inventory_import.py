"""Registers of assets from elsewhere: all of a file, or nothing and a line per mistake."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from netwatch.cli import build
from netwatch.config import load_settings
from netwatch.errors import ConfigError, InventoryError
from netwatch.inventory import KnownModels, import_assets, read_inventory
from netwatch.inventory.columns import SPELLINGS
from netwatch.model import AssetState, EntityId
from netwatch.tables import DateOrder, map_columns, parse_day, read_table

SETTINGS = """
district: {slug: maple, name: Maple Valley}
state_dir: var
inventory: ["inventory/*.yaml", "inventory/*.csv"]
"""
INVENTORY = """
places:
  - id: lincoln-es
    kind: school
    name: Lincoln Elementary
    places:
      - {id: "201", kind: room, name: Room 201}
      - {id: mdf, kind: closet, name: MDF}
  - {id: store, kind: building, name: Store}
devices:
  - {name: sw-1, place: lincoln-es/mdf, serial: FDO1, model: S-48, installed: 2019-07-15}
  - {name: sw-2, place: lincoln-es/mdf}
"""
KNOWN = KnownModels(lambda vendor, names: "S-24" in names, ("S-48P", "AP-5"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "netwatch.yaml").write_text(SETTINGS)
    (tmp_path / "inventory/all.yaml").write_text(INVENTORY)
    return tmp_path


def take(folder: Path, text: str, **options):
    (folder / "office.csv").write_bytes(text.encode())
    settings = load_settings(folder / "netwatch.yaml", {})
    out = folder / "inventory/assets-office.csv"
    return import_assets(folder / "office.csv", settings, KNOWN, out=out, **options)


def refused(folder: Path, text: str, **options) -> list[str]:
    with pytest.raises(InventoryError) as error:
        take(folder, text, **options)
    return [str(one).replace(f"{folder}/", "") for one in error.value.problems]


def assets(folder: Path, text: str, **options):
    """What the inventory holds once the file is written."""
    (folder / "inventory/assets-office.csv").write_text(take(folder, text, **options).text())
    settings = load_settings(folder / "netwatch.yaml", {})
    found = read_inventory(settings, {}, lambda device: EntityId(device.name)).inventory.assets
    return {one.serial: one for one in found}


def test_names_of_columns_devices_and_places_as_people_write_them(folder: Path) -> None:
    found = assets(
        folder,
        "\ufeffSerial Number;HOSTNAME;Manufacturer;Model #;Asset Tag;In-Service Date;Purchase Price;"
        "Location;FRN;Status\r\n"
        "FDO2;SW-2;Acme;S-48;MV-2;2020-01-31;$1,234.50;;1999012345;Active\r\n"
        "FDO3;;Acme;S-24;MV-3;Mar 1, 2021;80;Lincoln Elementary / Room 201;n/a;in stock\r\n",
        columns={"Model #": "model"},
    )
    assert (found["FDO2"].device, found["FDO2"].cost, found["FDO2"].award) == ("sw-2", 1234.5, "1999012345")
    assert (found["FDO2"].installed, found["FDO2"].status) == (date(2020, 1, 31), AssetState.IN_USE)
    assert (found["FDO3"].place, found["FDO3"].status) == ("maple/lincoln-es/201", AssetState.SPARE)
    assert (found["FDO3"].installed, found["FDO3"].award) == (date(2021, 3, 1), "")


def test_the_office_completes_what_the_network_people_entered(folder: Path) -> None:
    found = assets(folder, "serial,cost,installed,fund\nfdo1,7800,2019-07-15,Bond\n")
    (asset,) = found.values()
    assert (asset.serial, asset.device, asset.model, asset.cost) == ("FDO1", "sw-1", "S-48", 7800.0)
    assert (asset.installed, asset.fund) == (date(2019, 7, 15), "Bond")


def test_a_file_with_every_kind_of_mistake(folder: Path) -> None:
    assert refused(
        folder,
        "Serial,Device,Model,Install Date,Cost,Currency,Location,Status,Colour\n"
        "A1,sw-2,S-48,7/15/2019,12 dollars,US$,Linkoln,burnt,red\n"
        "a1,sw-3,S-48,2019-02-30,1,USX,,,\n"
        "FDO1,sw-1,S-48,2020-01-01,,,,,\n"
        ",,S-48,,,,,,\n"
        "1.2E+11,,,,,,,,\n",
    ) == [
        "office.csv:2: Install Date: expected a date, found '7/15/2019' (write it as YYYY-MM-DD, or say with "
        "--dates whether the month (mdy) or the day (dmy) stands first)",
        "office.csv:2: Cost: expected an amount such as 1234.50, found '12 dollars' (a number, "
        "or $ and a number)",
        "office.csv:2: Status: unknown state 'burnt' (one of in use, spare, cascaded, disposed)",
        "office.csv:2: Currency: expected a currency of ISO 4217, found 'US$' (such as USD)",
        "office.csv:2: Location: unknown place 'Linkoln' (known: lincoln-es, lincoln-es/201, lincoln-es/mdf, "
        "maple, store)",
        "office.csv:3: Install Date: expected a date, found '2019-02-30' (write it as YYYY-MM-DD)",
        "office.csv:3: Currency: expected a currency of ISO 4217, found 'USX' (did you mean 'UZS'?)",
        "office.csv:3: Device: unknown device 'sw-3' (did you mean 'sw-2'?)",
        "office.csv:3: Serial: serial 'a1' is there twice (first at office.csv:2)",
        "office.csv:4: Install Date: 2020-01-01, but device 'sw-1' says 2019-07-15 (see "
        "inventory/all.yaml:11: keep one of them)",
        "office.csv:5: Serial: has neither serial number nor tag (enter one of them)",
        "office.csv:6: Serial: '1.2E+11' is what a spreadsheet made of a long number "
        "(format the column as text)",
    ]


def test_unknown_models_are_warned_of_or_refused(folder: Path) -> None:
    text = "serial,model\nA1,S-48\nA2,S-24\nA3,s-48p\nA4,AP-6\nA5,Frobnicator 3000\n"
    found = take(folder, text)
    assert [str(one).replace(f"{folder}/", "") for one in found.warnings] == [
        "office.csv:5: model: unknown model 'AP-6' (did you mean 'AP-5'?)",
        "office.csv:6: model: unknown model 'Frobnicator 3000' (no device, no lifecycle and no maker's list "
        "knows it: is it spelt as on the label?)",
    ]
    assert len(refused(folder, text, strict=True)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "office.csv: has no header (the first line names the columns)"),
        ("serial\n", "office.csv:1: holds no rows"),
        ("colour\nred\n", "office.csv:1: has no column of serial numbers or tags (say which it is: --column"),
        ('serial\n"A\n', "office.csv:2: is not valid CSV: unexpected end of data"),
        ("serial\nA,B\n", "office.csv:2: has 2 cells, the header 1 (quote cells that hold the separator)"),
    ],
)
def test_files_that_are_no_register(folder: Path, text: str, message: str) -> None:
    assert refused(folder, text)[0].startswith(message)


def test_what_is_no_text_is_told(folder: Path) -> None:
    (folder / "office.csv").write_bytes(b"serial\n\xff\n")
    with pytest.raises(ConfigError, match=r"office\.csv:2: is not UTF-8"):
        read_table(folder / "office.csv", [])


def run(folder: Path, *arguments: str):
    return CliRunner().invoke(
        build(), ["inventory", *arguments, "--config", str(folder / "netwatch.yaml")], catch_exceptions=True
    )


def test_nothing_is_written_unless_all_is_right(folder: Path) -> None:
    (folder / "office.csv").write_text("serial,cost\nA1,12\nA2,much\n")
    out = folder / "inventory/assets-office.csv"
    out.write_text("serial\nOLD\n")
    result = run(folder, "import", str(folder / "office.csv"))
    assert isinstance(result.exception, ConfigError)
    assert out.read_text() == "serial\nOLD\n"
    (folder / "office.csv").write_text("serial,cost,colour\nA1,12,red\n")
    assert run(folder, "import", str(folder / "office.csv"), "--dry-run").output.startswith(
        "not taken over: colour\n1"
    )
    assert out.read_text() == "serial\nOLD\n"
    result = run(folder, "import", str(folder / "office.csv"))
    assert result.exit_code == 0, result.output
    assert "not taken over: colour\n" in result.output
    assert f"{out}: 1 asset\n" in result.output
    assert out.read_text() == "serial,cost\nA1,12\n"
    assert sorted(path.name for path in out.parent.iterdir()) == ["all.yaml", "assets-office.csv"]
    again = run(folder, "import", str(folder / "office.csv"))
    assert again.exit_code == 0, "it replaces itself"


def test_columns_that_a_person_names(folder: Path) -> None:
    (folder / "office.csv").write_text("Number,Bought\nA1,7/8/2020\n")
    result = run(
        folder, "import", str(folder / "office.csv"), "--dates", "mdy",
        "--column", "Number=serial", "--column", "Bought=installed",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert (folder / "inventory/assets-office.csv").read_text() == "serial,installed\nA1,2020-07-08\n"
    for column, words in (
        ("Bought", "HEADER=KEY"),
        ("Boght=installed", "'Bought'"),
        ("Bought=instaled", "'installed'"),
    ):
        result = run(folder, "import", str(folder / "office.csv"), "--column", column)
        assert words in str(result.exception)


def test_every_spelling_means_one_key(tmp_path: Path) -> None:
    meant: dict[str, set[str]] = {}
    for key, names in SPELLINGS.items():
        for name in (key, *names):
            meant.setdefault("".join(filter(str.isalnum, name)), set()).add(key)
    assert [name for name, keys in meant.items() if len(keys) > 1] == []
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerow([names[0] for names in SPELLINGS.values() if names])
    found, ignored = map_columns(read_table(tmp_path / "a.csv", []), SPELLINGS, {}, [])
    assert not ignored
    assert list(found) == [key for key, names in SPELLINGS.items() if names]


@given(st.dates(date(1970, 1, 1), date(2100, 12, 31)))
def test_dates_in_every_order_are_the_same_day(day: date) -> None:
    assert parse_day(day.isoformat(), DateOrder.ISO) == day
    assert parse_day(f"{day.isoformat()}T00:00:00Z", DateOrder.MDY) == day
    assert parse_day(f"{day.month}/{day.day}/{day.year}", DateOrder.MDY) == day
    assert parse_day(f"{day.day:02}.{day.month:02}.{day.year}", DateOrder.DMY) == day
    assert parse_day(f"{day:%d-%b-%Y}", DateOrder.ISO) == day
    assert parse_day(f"{day:%B} {day.day}, {day.year}", DateOrder.ISO) == day
    with pytest.raises(ValueError):
        parse_day(f"{day.month}/{day.day}/{day.year}", DateOrder.ISO)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)


@given(st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=6))
def test_any_table_is_taken_or_refused(rows: list[list[str]]) -> None:
    """No crash, whatever a spreadsheet writes; and what is taken is read again alike."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "inventory").mkdir()
        (folder / "netwatch.yaml").write_text(SETTINGS)
        (folder / "inventory/all.yaml").write_text(INVENTORY)
        with (folder / "office.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["serial", "device", "cost", "place"], *rows])
        settings = load_settings(folder / "netwatch.yaml", {})
        try:
            found = import_assets(folder / "office.csv", settings, KNOWN)
        except ConfigError:
            return
        (folder / "inventory/assets-x.csv").write_text(found.text(), encoding="utf-8")
        loaded = read_inventory(settings, {}, lambda device: EntityId(device.name)).inventory.assets
        assert len(found.rows) <= len(loaded)
