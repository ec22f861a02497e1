"""Makers' lists and catalogues become facts as they are, or not at all."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from netwatch.cli import build
from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError
from netwatch.planning import MilestoneKind, load_lifecycle
from netwatch.planning.lifecycle import VendorList, import_kev, import_milestones
from netwatch.planning.lifecycle.importing import write_facts

DAY = date(2026, 11, 28)


def refused(call) -> list[str]:
    with pytest.raises(ConfigError) as error:
        call()
    return [str(one).replace(f"{Path(one.file).parent}/", "") for one in error.value.problems]


def milestones(tmp_path: Path, text: str, **given):
    (tmp_path / "list.csv").write_text(text)
    return import_milestones(
        tmp_path / "list.csv", VendorList(**{"vendor": "Acme", "checked_on": DAY} | given)
    )


EXPORTS = [
    # As an API of end-of-life records writes it.
    "EOLProductID,ProductBulletinNumber,LinkToProductBulletinURL,EOXExternalAnnouncementDate,EndOfSaleDate,"
    "EndOfSWMaintenanceReleases,EndOfSecurityVulSupportDate,EndOfServiceContractRenewal,LastDateOfSupport\n"
    "AC-48,EOL1,https://example.com/1,2021-10-31,2022-10-31,2023-10-31,2025-10-30,2027-01-28,2027-10-31\n",
    # As bulletins print it.
    "Product Part Number;Bulletin;URL;End-of-Life Announcement Date;End-of-Sale Date;"
    "End of SW Maintenance Releases Date;End of Vulnerability/Security Support;"
    "End of Service Contract Renewal Date;Last Date of Support\r\n"
    "AC-48;EOL1;https://example.com/1;October 31, 2021;October 31, 2022;October 31, 2023;October 30, 2025;"
    "January 28, 2027;October 31, 2027\r\n",
    # As netwatch calls it.
    "model,bulletin,source,announced,end_of_sale,end_of_software_maintenance,end_of_security_fixes,"
    "last_contract_renewal,last_day_of_support\n"
    "AC-48,EOL1,https://example.com/1,2021-10-31,2022-10-31,2023-10-31,2025-10-30,2027-01-28,2027-10-31\n",
]


@pytest.mark.parametrize("text", EXPORTS)
def test_milestones_stay_apart_with_bulletin_day_and_confidence(tmp_path: Path, text: str) -> None:
    found = milestones(tmp_path, text, confidence="medium")
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts/acme.yaml").write_text(found.text)
    rows = load_lifecycle(tmp_path / "facts").milestones_of("Acme Inc.", ["AC-48"])
    assert {one.milestone: str(one.on) for one in rows} == {
        MilestoneKind.ANNOUNCED: "2021-10-31",
        MilestoneKind.END_OF_SALE: "2022-10-31",
        MilestoneKind.END_OF_SOFTWARE_MAINTENANCE: "2023-10-31",
        MilestoneKind.END_OF_SECURITY_FIXES: "2025-10-30",
        MilestoneKind.LAST_CONTRACT_RENEWAL: "2027-01-28",
        MilestoneKind.LAST_DAY_OF_SUPPORT: "2027-10-31",
    }
    facts = {(one.bulletin, one.source, one.checked_on, one.confidence) for one in rows}
    assert facts == {("EOL1", "https://example.com/1", DAY, "medium")}
    assert found.count == 6
    assert found.ignored == ()


def test_what_is_not_announced_is_no_date(tmp_path: Path) -> None:
    found = milestones(tmp_path, "Product,End of Sale,LDOS,Colour\nAP-5,2024-01-31,TBD,red\nAP-6,,,\n")
    assert (found.count, found.ignored) == (1, ("Colour",))


def test_models_of_one_announcement_stand_in_one_row_and_brackets_are_meant(tmp_path: Path) -> None:
    found = milestones(tmp_path, "SKU,End of Sale\nA[1],2024-01-31\nA-2,2024-01-31\nA-2,2024-01-31\n")
    (row,) = parse_yaml(found.text).data["milestones"]
    assert row["models"] == ["A[[]1]", "A-2"]
    (tmp_path / "x.yaml").write_text(found.text)
    lifecycle = load_lifecycle(tmp_path)
    assert lifecycle.milestones_of("acme", ["a[1]"])
    assert not lifecycle.milestones_of("acme", ["A1"])


def test_every_mistake_of_a_list(tmp_path: Path) -> None:
    text = (
        "Product,Maker,End of Sale,Last Date of Support\n"
        "AP-5,Acme,3/4/2017,2019-13-01\n"
        "AP-6,Acme,2017-04-30,2016-04-30\n"
        ",Acme,2017-04-30,\n"
        "AP-7,,2017-04-30,\n"
        "AP-8,Acme,1899-04-30,\n"
        "AP-9,Acme,2017-04-30,\n"
        "AP-9,Acme,2018-04-30,\n"
    )
    assert refused(lambda: milestones(tmp_path, text, vendor="")) == [
        "list.csv:2: End of Sale: expected a date, found '3/4/2017' (write it as YYYY-MM-DD, or say with "
        "--dates whether the month (mdy) or the day (dmy) stands first)",
        "list.csv:2: Last Date of Support: expected a date, found '2019-13-01' (write it as YYYY-MM-DD)",
        "list.csv:3: Last Date of Support: 2016-04-30 lies before the end of sale, 2017-04-30 "
        "(are the columns mixed up?)",
        "list.csv:4: Product: no model and no order number (enter one of them, or delete the row)",
        "list.csv:5: Maker: no maker (enter it, or say --vendor NAME)",
        "list.csv:6: End of Sale: 1899-04-30 can't be (is the year right?)",
        "list.csv:8: End of Sale: AP-9: 2018-04-30, but 2017-04-30 was given before "
        "(see line 7: keep the one with the better source)",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "list.csv: has no header (the first line names the columns)"),
        ("Product,Colour\nA,b\n", "list.csv:1: has no column of a milestone (announced, end_of_sale,"),
        (
            "End of Sale\n2020-01-01\n",
            "list.csv:1: has no column of models or order numbers (say which it is",
        ),
        ("Product,End of Life\nA,2020-01-01\n", "list.csv:1: has no column of a milestone"),
        ("Product,End of Sale\nA,\n", "list.csv:1: holds no date"),
    ],
)
def test_lists_that_are_none(tmp_path: Path, text: str, words: str) -> None:
    assert refused(lambda: milestones(tmp_path, text))[0].startswith(words)


def test_end_of_life_is_what_a_person_says(tmp_path: Path) -> None:
    text = "Product,End of Life\nA,1/2/2020\n"
    found = milestones(tmp_path, text, columns={"End of Life": "last_day_of_support"}, dates="dmy")
    (row,) = parse_yaml(found.text).data["milestones"]
    assert (row["milestone"], row["date"]) == ("last_day_of_support", date(2020, 2, 1))


def run(*arguments: object):
    return CliRunner().invoke(build(), ["lifecycle", *map(str, arguments)], catch_exceptions=True)


def test_a_list_must_not_contradict_other_files_and_replaces_itself(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("Product,End of Sale\nAP-5,2024-01-31\n")
    folder = tmp_path / "facts"
    arguments = ("import", tmp_path / "list.csv", "--vendor", "Acme", "--out", folder / "acme.yaml")
    result = run(*arguments)
    assert result.output == f"{folder}/acme.yaml: 1 milestone\n"
    before = (folder / "acme.yaml").read_text()
    (tmp_path / "list.csv").write_text("Product,End of Sale\nAP-5,2025-01-31\n")
    assert run(*arguments).exit_code == 0
    (folder / "own.yaml").write_text(before)
    result = run(*arguments)
    assert "AP-5: 2025-01-31, but 2024-01-31 was given before" in str(result.exception)
    assert "2025-01-31" in (folder / "acme.yaml").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["acme.yaml", "own.yaml"]


TEXT = st.text(max_size=20)


@given(
    st.lists(
        st.fixed_dictionaries({"vendor": TEXT, "models": st.lists(TEXT), "date": st.dates()}), min_size=1
    )
)
def test_written_facts_are_read_alike(rows: list[dict]) -> None:
    text = write_facts("rows", rows)
    assert parse_yaml(text).data == {"rows": [{k: v for k, v in row.items() if v} for row in rows]}


# exploited flaws

CATALOGUE = {
    "title": "CISA Catalog of Known Exploited Vulnerabilities",
    "catalogVersion": "2025.02.25",
    "dateReleased": "2025-02-25T20:33:53.3676Z",
    "count": 3,
    "vulnerabilities": [
        {
            "cveID": "CVE-2025-0108",
            "vendorProject": "Palo Alto Networks",
            "product": "PAN-OS",
            "vulnerabilityName": "Palo Alto Networks PAN-OS Authentication Bypass Vulnerability",
            "dateAdded": "2025-02-18",
            "shortDescription": "...",
            "requiredAction": "...",
            "dueDate": "2025-03-11",
            "knownRansomwareCampaignUse": "Unknown",
        },
        {
            "cveID": "CVE-2024-41710",
            "vendorProject": "Mitel",
            "product": "SIP Phones",
            "vulnerabilityName": "Mitel SIP Phones Argument Injection Vulnerability",
            "dateAdded": "2025-02-12",
            "shortDescription": "...",
            "requiredAction": "...",
            "dueDate": "2025-03-05",
            "knownRansomwareCampaignUse": "Known",
        },
        {
            "cveID": "CVE-2020-0001",
            "vendorProject": "Acme",
            "product": "Multiple Products",
            "vulnerabilityName": "x",
            "dateAdded": "2021-11-03",
            "shortDescription": "...",
            "requiredAction": "...",
            "dueDate": "2021-11-17",
        },
    ],
}
"""The first two are rows of the catalogue of 2025-02-25; the third is made up."""


def catalogue(tmp_path: Path, change=lambda data: None) -> Path:
    data = json.loads(json.dumps(CATALOGUE))
    change(data)
    path = tmp_path / "kev.json"
    path.write_text(json.dumps(data))
    return path


def facts(tmp_path: Path, extra: str = ""):
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts/flaws.yaml").write_text(import_kev(catalogue(tmp_path)).text)
    if extra:
        (tmp_path / "facts/own.yaml").write_text(extra)
    return load_lifecycle(tmp_path / "facts")


def test_a_catalogue_becomes_dated_facts(tmp_path: Path) -> None:
    lifecycle = facts(tmp_path)
    (flaw,) = lifecycle.flaws_of("Palo Alto Networks", ["PA-220"], "PAN-OS 10.1.3")
    assert (flaw.cve, flaw.added, flaw.ransomware) == ("CVE-2025-0108", date(2025, 2, 18), False)
    assert (flaw.source, flaw.checked_on) == ("KEV catalogue of CISA, version 2025.02.25", date(2025, 2, 25))
    assert flaw.affects("PAN-OS 10.1.3") is None, "the catalogue names no versions"
    assert lifecycle.flaws_of("Mitel Networks", ["6900 SIP Phones"])[0].ransomware
    assert lifecycle.flaws_of("Palo Alto Networks", ["PA-220"]) == ()
    assert lifecycle.flaws_of("", ["PAN-OS"]) == ()
    assert lifecycle.flaws_of("Palo Alto Networks", ["PAN-OSX"]) == ()
    assert lifecycle.knows_flaws_of("Mitel")
    assert not lifecycle.knows_flaws_of("Other")
    assert import_kev(catalogue(tmp_path)).ignored == ("1 flaws that name no product",)


def test_a_person_says_which_models_run_a_product_and_which_versions_have_a_flaw(tmp_path: Path) -> None:
    lifecycle = facts(
        tmp_path,
        """
products:
  - {vendor: "palo alto*", product: PAN-OS, models: ["PA-*"], source: common, checked_on: 2026-11-28}
flaws:
  - {cve: CVE-2025-0108, vendor: "palo alto networks*", products: [PAN-OS], versions: ["10.1.*", "10.2.*"],
     added: 2025-02-18, source: bulletin of the maker, checked_on: 2026-11-28}
""",
    )
    (flaw,) = lifecycle.flaws_of("Palo Alto Networks", ["PA-220"], "10.1.3")
    assert flaw.affects("10.1.3") is True
    assert lifecycle.flaws_of("Palo Alto Networks", ["PA-220"], "11.2.0") == ()
    (unknown,) = lifecycle.flaws_of("Palo Alto Networks", ["PA-220"])
    assert unknown.affects("") is None


def test_makers_that_were_chosen(tmp_path: Path) -> None:
    assert import_kev(catalogue(tmp_path), ["mitel"]).count == 1
    assert import_kev(catalogue(tmp_path), ["nobody"]).text.endswith("flaws: []\n")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda data: data["vulnerabilities"].pop(), "kev.json: count: 3, but there are 2 (fetch it again: "),
        (
            lambda data: data.pop("vulnerabilities"),
            "kev.json: vulnerabilities: is no list of flaws (expected ",
        ),
        (
            lambda data: data.update(dateReleased="soon"),
            "kev.json: dateReleased: expected a date, found 'soon'",
        ),
        (
            lambda data: data["vulnerabilities"][1].update(cveID="CVE-1"),
            "kev.json: vulnerabilities[1].cve: String should match pattern",
        ),
        (
            lambda data: data["vulnerabilities"][1].pop("product"),
            "kev.json: vulnerabilities[1].product: is missing (fetch the catalogue again)",
        ),
        (
            lambda data: data["vulnerabilities"][0].update(dateAdded="2025-02-30"),
            "kev.json: vulnerabilities[0].dateAdded: expected a date, found '2025-02-30'",
        ),
    ],
)
def test_a_catalogue_that_is_damaged_is_refused(tmp_path: Path, change, expected: str) -> None:
    (found, *others) = refused(lambda: import_kev(catalogue(tmp_path, change)))
    assert found.startswith(expected)
    assert others == []


def test_a_catalogue_by_command_is_written_whole_or_not(tmp_path: Path) -> None:
    out = tmp_path / "facts/flaws.yaml"
    result = run("import-flaws", catalogue(tmp_path), "--out", out, "--vendor", "mitel*", "--vendor", "palo*")
    assert result.output == f"{out}: 2 flaws\n"
    before = out.read_text()
    (tmp_path / "kev.json").write_text('{"vulnerabilities": [')
    assert isinstance(run("import-flaws", tmp_path / "kev.json", "--out", out).exception, ConfigError)
    assert out.read_text() == before
    assert len(load_lifecycle(out.parent).flaws) == 2
