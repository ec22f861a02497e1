"""`netwatch init` and `netwatch check`, as a user runs them."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from netwatch.cli import check, init
from netwatch.config import Settings
from netwatch.errors import ConfigError, Problem
from netwatch.inventory import Finding, check_configuration


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    init.register(app)
    check.register(app)
    return app


def run(app: typer.Typer, *arguments: object):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_what_init_writes_check_accepts(app, tmp_path):
    first = run(app, "init", tmp_path / "new")
    assert first.exit_code == 0
    assert f"wrote {tmp_path}/new/netwatch.yaml" in first.output
    second = run(app, "check", "--config", tmp_path / "new/netwatch.yaml")
    assert second.exit_code == 0, second.output
    assert second.stderr == ""
    rows = dict(line.rsplit(maxsplit=1) for line in second.stdout.splitlines() if line[-1].isdigit())
    assert rows["schools"] == "2"
    assert rows["devices"] == "5"
    assert rows["devices: switch"] == "3"
    assert rows["calendars"] == "2"
    assert second.stdout.endswith("The configuration is good.\n")


def test_check_prints_one_line_per_problem_and_exits_with_1(app, tmp_path):
    run(app, "init", tmp_path)
    devices = tmp_path / "inventory/devices.csv"
    devices.write_text(devices.read_text().replace("roosevelt-hs/main/mdf", "roosevelt/mdf"))
    calendars = tmp_path / "calendars/school-year.yaml"
    calendars.write_text(calendars.read_text().replace("wednesday: early-release", "wednesday: early"))
    result = run(app, "check", "--config", tmp_path / "netwatch.yaml")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.replace(f"{tmp_path}/", "").splitlines() == [
        "inventory/devices.csv:2: place: unknown place 'roosevelt/mdf' "
        "(did you mean 'roosevelt-hs/main/mdf'?)",
        "inventory/devices.csv:3: place: unknown place 'roosevelt/mdf' "
        "(did you mean 'roosevelt-hs/main/mdf'?)",
        "calendars/school-year.yaml:13: calendars.elementary.week.wednesday: unknown day type 'early' "
        "(known: early-release, none, regular)",
        "3 problems in netwatch.yaml",
    ]


def test_check_prints_warnings_and_exits_with_0(app, tmp_path):
    run(app, "init", tmp_path)
    assets = tmp_path / "inventory/assets.csv"
    assets.write_text(assets.read_text().replace("EX-SPARE-0001", "N/A"))
    result = run(app, "check", "--config", tmp_path / "netwatch.yaml")
    assert result.exit_code == 0
    assert result.stderr.startswith(
        f"warning: {tmp_path}/inventory/assets.csv:2: serial: serial 'N/A' is a placeh"
    )


def test_init_refuses_to_overwrite(app, tmp_path):
    run(app, "init", tmp_path)
    with pytest.raises(ConfigError, match="is there already"):
        CliRunner().invoke(app, ["init", str(tmp_path)], catch_exceptions=False)


def test_further_checks_are_asked_and_their_findings_join(tmp_path, app):
    run(app, "init", tmp_path)

    def rules(settings: Settings) -> Finding:
        return Finding(warnings=(Problem("r", "", "old"),), counts={"rules": 3})

    def policy(settings: Settings) -> Finding:
        raise ConfigError([Problem("p", "", f"bad for {settings.district.slug}")])

    checked = check_configuration(tmp_path / "netwatch.yaml", {}, [rules, policy])
    assert list(map(str, checked.problems)) == ["p: bad for maple-valley"]
    assert list(map(str, checked.warnings)) == ["r: old"]
    assert checked.counts["rules"] == 3
    assert checked.inventory is not None


def test_settings_that_can_not_be_read_end_the_check(tmp_path):
    checked = check_configuration(tmp_path / "none.yaml", {})
    assert (checked.settings, checked.inventory) == (None, None)
    assert len(checked.problems) == 1
