"""A rule that can match nothing of this district is refused, with file, line and remedy."""

from __future__ import annotations

from datetime import date

import pytest
from alert_snapshots import CATALOGUE, rules

from netwatch.alerts import load_rules, misfits
from netwatch.app.loading import profile_roles
from netwatch.calendars import Calendar, Calendars
from netwatch.documents import read_documents, read_yaml
from netwatch.errors import ConfigError
from netwatch.model import (
    DeviceKind,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    SchoolFacts,
)
from netwatch.resources import collectors_dir, config_dir

SCHOOL = Calendar(
    "high",
    "America/Chicago",
    {"regular": ((8 * 3600, 15 * 3600),), "test": ((9 * 3600, 12 * 3600),)},
    ("regular",) * 5 + ("", ""),
    ((date(2026, 8, 17), date(2026, 12, 18)),),
)
PLACES = Places(
    {
        PlaceId("maple"): Place(PlaceId("maple"), PlaceKind.DISTRICT, "Maple", None),
        PlaceId("maple/lhs"): Place(
            PlaceId("maple/lhs"),
            PlaceKind.SCHOOL,
            "Lincoln",
            PlaceId("maple"),
            SchoolFacts(calendar="high"),
        ),
    }
)
INVENTORY = Inventory(
    "maple",
    PLACES,
    {
        "core": InventoryDevice(
            "core", None, DeviceKind.SWITCH, "core", PlaceId("maple/lhs"), ("mdf", "server-room")
        ),
        "ups-1": InventoryDevice("ups-1", None, DeviceKind.POWER, "ups", PlaceId("maple/lhs"), ("mdf",)),
    },
)
CALENDARS = Calendars({"high": SCHOOL}, default=SCHOOL)
RULE = """
rules:
  - rule: Down
    value: netwatch_device_up
    equals: 0
    severity: warning
    {changes}
    message: x
"""


def told(changes: str, inventory: Inventory = INVENTORY) -> tuple[list[str], list[str]]:
    problems, warnings = misfits(rules(RULE.format(changes=changes)), inventory, CALENDARS)
    return list(map(str, problems)), list(map(str, warnings))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ("scope: {roles: coer}", "scope.roles: unknown role 'coer' (did you mean 'core'?)"),
        ("scope: {not_roles: acess}", "scope.not_roles: unknown role 'acess' (did you mean 'access'?)"),
        ("scope: {sites: lhs}", "scope.sites: unknown place 'lhs' (write 'maple/lhs')"),
        ("scope: {sites: maple/lhx}", "scope.sites: unknown place 'maple/lhx' (did you mean 'maple/lhs'?)"),
        ("scope: {tags: mdff}", "scope.tags: no device has the tag 'mdff' (did you mean 'mdf'?)"),
        (
            "scope: {devices: cor}",
            "scope.devices: no device of the inventory is called 'cor' (did you mean 'core'?)",
        ),
        ("scope: {devices: 'sw-*'}", "scope.devices: no device of the inventory is called 'sw-*'"),
        (
            "scope: {devices: core, kinds: power}",
            "scope: no device of the inventory matches all of the scope",
        ),
        ("scope: {tags: server-room, roles: ups}", "scope: no device of the inventory matches all"),
        ("during: day_type tset", "during: unknown day type 'tset' (did you mean 'test'?)"),
    ],
)
def test_what_can_never_match_is_refused(changes, expected) -> None:
    (problem,), warnings = told(changes)
    assert problem.startswith(f"rules.yaml:7: rules[0].{expected}")
    assert not warnings


def test_a_window_that_no_school_ever_opens_is_refused() -> None:
    text = "during: lessons\n    outside: mon-fri 07:00-16:00"
    (problem,), _ = told(text)
    assert problem == (
        "rules.yaml:7: rules[0].during: the window never opens: during lessons, outside mon-fri 07:00-16:00 "
        "(no school's calendar has a moment like that)"
    )
    assert told("during: lessons\n    outside: mon-fri 07:00-14:00") == ([], [])


@pytest.mark.parametrize(
    "changes",
    [
        "scope: {roles: [ap, core], sites: maple/lhs, tags: mdf, devices: 'co*', kinds: switch}",
        "scope: {roles: vm}",
        "scope: {sites: maple, not_kinds: server}",
        "scope: {kinds: storage}",  # none is there yet: the shipped rules are for every kind
        "during: day_type test",
    ],
)
def test_what_can_match_is_taken(changes) -> None:
    assert told(changes) == ([], [])


def test_names_that_only_a_controller_knows_are_warned_of() -> None:
    controller = InventoryDevice("wlc", None, DeviceKind.WIRELESS, "controller")
    inventory = Inventory("maple", PLACES, {**INVENTORY.devices, "wlc": controller})
    problems, (warning,) = told("scope: {devices: 'ap-*'}", inventory)
    assert not problems
    assert "only devices that a controller or host tells of can match" in warning


def test_the_shipped_rules_fit_any_district() -> None:
    shipped = load_rules(
        [read_yaml(path) for path in sorted((config_dir() / "rules").glob("*.yaml"))], CATALOGUE
    )
    for inventory in (INVENTORY, Inventory()):
        assert misfits(shipped, inventory, Calendars()) == ([], [])


def test_roles_that_profiles_tell_are_known() -> None:
    told_by_profiles = profile_roles([collectors_dir()])
    assert {"ups", "printer", "hypervisor", "gateway"} <= told_by_profiles
    text = RULE.format(changes="scope: {roles: printer}")
    assert misfits(rules(text), INVENTORY, CALENDARS, told_by_profiles) == ([], [])
    assert misfits(rules(text), INVENTORY, CALENDARS)[0]


def test_label_values_of_shipped_profiles_are_those_of_the_catalogue() -> None:
    """Else a rule about one of them would be refused."""
    seen = 0
    for path in collectors_dir().rglob("*.yaml"):
        documents = [one.data for one in read_documents(path)]
        for family, label, value in _label_values(documents):
            known = dict(CATALOGUE[family].values).get(label)
            if known is not None and "{" not in value:
                seen += 1
                assert value in known, f"{path}: {family}: {label}={value}"
    assert seen > 30


def _label_values(data):
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(key, str) and key.startswith("netwatch_"):
                for entry in value if isinstance(value, list) else [value]:
                    for label, text in (entry.get("labels", {}) if isinstance(entry, dict) else {}).items():
                        yield key, label, str(text)
            else:
                yield from _label_values(value)
    elif isinstance(data, list):
        for value in data:
            yield from _label_values(value)


def test_states_of_the_catalogue_have_a_largest_value() -> None:
    for family in CATALOGUE.values():
        if family.help.startswith(("1 if", "1 while", "0 ok", "0 on")) or family.name.endswith("_level"):
            assert family.largest in (1, 2), family.name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("equals: 2", "equals: the value is one of 0, 1: never equals 2"),
        ("above: 1", "above: the value is one of 0, 1: never above 1"),
        ("below: 1.5", "below: the value is one of 0, 1: always below 1.5"),
        (
            "equals: 0\n    scope: {device_is: {netwatch_device_on_battery: 2}}",
            "netwatch_device_on_battery is never 2",
        ),
    ],
)
def test_a_state_above_its_largest_value_is_refused(changes, message) -> None:
    with pytest.raises(ConfigError) as error:
        rules(
            RULE.replace("equals: 0", changes).format(changes="")
            if "{device_is" not in changes
            else RULE.replace("equals: 0\n", changes.replace("{", "{{").replace("}", "}}") + "\n").format(
                changes=""
            )
        )
    assert message in str(error.value.problems[0])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "{of: netwatch_device_phones, where: {state: unregisterd}}",
            "value.where.state: the row label state of netwatch_device_phones is never 'unregisterd' "
            "(did you mean 'unregistered'?)",
        ),
        (
            "{of: netwatch_device_phones, where: {stat: total}}",
            "unknown row label 'stat' (did you mean 'state'?)",
        ),
        ("{of: netwatch_device_up, where: {state: total}}", "netwatch_device_up has no row labels"),
        ("{of: netwatch_device_phones, per: netwatch_device_gateways}", ""),
        (
            "{of: netwatch_device_phones, where: {state: total}, per: netwatch_device_phones}",
            "choose one value of each by `per_where`",
        ),
        ("{of: netwatch_device_phones, where: [total]}", "expected one value per row label"),
    ],
)
def test_labels_that_a_family_never_has_are_refused(value, message) -> None:
    text = (
        RULE.format(changes="")
        .replace("value: netwatch_device_up", f"value: {value}")
        .replace("equals: 0", "above: 0.5")
    )
    if not message:
        rules(text)
        return
    with pytest.raises(ConfigError) as error:
        rules(text)
    assert message in str(error.value.problems[0])
    assert error.value.problems[0].line == 4


@pytest.mark.parametrize(
    ("value", "threshold", "message"),
    [
        ("netwatch_volume_used_ratio", "above: 0.9\n    clear_below: 0", "the alert would never end"),
        ("netwatch_sensor_charge_ratio", "below: 0.5\n    clear_above: 1", "the alert would never end"),
        ("netwatch_volume_used_ratio", "above: 0.9\n    limit: netwatch_volume_size_bytes", "not of the"),
        ("netwatch_volume_used_ratio", "above: 0.9\n    limit: netwatch_volume_sizes", "unknown family"),
        ("netwatch_disk_state_level", "equals: 2\n    limit: netwatch_disk_state_level", "beside `equals`"),
        ("netwatch_radio_airtime_ratio", "above: 0.9\n    scope: {labels: {use: al}}", "use is never 'al'"),
    ],
)  # fmt: skip
def test_levels_and_limits_that_make_no_sense_are_refused(value, threshold, message) -> None:
    text = RULE.format(changes="").replace("netwatch_device_up", value).replace("equals: 0", threshold)
    with pytest.raises(ConfigError) as error:
        rules(text)
    assert message in str(error.value.problems[0])
