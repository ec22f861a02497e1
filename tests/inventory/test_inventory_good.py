"""Inventories that are right, and what comes of them."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.config import load_settings
from netwatch.errors import InventoryError
from netwatch.inventory import DeviceEntry, load_inventory, read_inventory, weak_serial
from netwatch.inventory.sources import Raw, read_source
from netwatch.model import (
    Asset,
    Circuit,
    DeviceKind,
    EntityId,
    PlaceKind,
    Reachability,
    ReachabilityMethod,
    SchoolFacts,
    SnmpVersion,
)

SETTINGS = """
district: {slug: maple, name: Maple Valley}
state_dir: var
inventory: ["*.inv.yaml", "*.csv"]
credentials:
  v2: {snmp: {community: {env: COMMUNITY}}}
  lincoln: {snmp: {version: 1, community: public, port: 1161, timeout: 9s}}
  ssh: {ssh: {user: netwatch, password: {env: COMMUNITY}}}
  api: {http: {token: {env: COMMUNITY}}}
  sip: {sip: {transport: tcp}}
defaults: {credentials: v2, tags: all, reachability: {timeout: 2s}}
polling: {interval: 2m, timeout: 4s, retries: 1}
reachability: {method: udp-echo, port: 1007}
"""
ENV = {"COMMUNITY": "planted-secret"}


def read(tmp_path: Path, **files: str):
    (tmp_path / "netwatch.yaml").write_text(SETTINGS)
    for name, text in files.items():
        stem, _, kind = name.rpartition("_")
        target = tmp_path / (f"{stem}.csv" if kind == "csv" else f"{stem}.inv.yaml")
        target.write_bytes(text.encode())
    settings = load_settings(tmp_path / "netwatch.yaml", ENV)
    return read_inventory(settings, ENV, lambda device: EntityId(f"id-of-{device.name}"))


PLACES = """
places:
  - id: lincoln-es
    kind: school
    name: Lincoln
    level: elementary
    enrolment: 412
    instructional: true
    defaults: {credentials: lincoln, tags: [school], interval: 30s}
    places:
      - id: main
        kind: building
        defaults: {reachability: {method: none}}
        places:
          - {id: "201", kind: room}
  - {id: idf, kind: closet, parent: maple/lincoln-es/main, name: IDF 2A}
"""


def test_the_tree(tmp_path):
    places = read(tmp_path, places_yaml=PLACES).inventory.places
    assert list(places.by_id) == [
        "maple",
        "maple/lincoln-es",
        "maple/lincoln-es/main",
        "maple/lincoln-es/main/201",
        "maple/lincoln-es/main/idf",
    ]
    idf = places.by_id["maple/lincoln-es/main/idf"]
    assert (idf.kind, idf.name) == (PlaceKind.CLOSET, "IDF 2A")
    assert [place.name for place in places.path(idf.id)] == ["Maple Valley", "Lincoln", "main", "IDF 2A"]
    school = places.school_of(idf.id)
    assert school.school == SchoolFacts(level="elementary", enrolment=412)


def test_a_place_in_one_file_hangs_below_a_place_in_a_later_one(tmp_path):
    inventory = read(
        tmp_path,
        a_yaml="places: [{id: x, kind: room, parent: b/main}]",
        b_yaml="places: [{id: b, kind: school, places: [{id: main, kind: building}]}]",
    ).inventory
    assert "maple/b/main/x" in inventory.places.by_id


def test_the_more_specific_speaks_last(tmp_path):
    inventory = read(
        tmp_path,
        places_yaml=PLACES,
        devices_yaml="""
defaults: {kind: switch, tags: file, interval: 5m, reachability: {port: 9}}
devices:
  - {name: far, addresses: 192.0.2.1}
  - {name: near, addresses: ["2001:DB8::1", 192.0.2.2], reply_from: 192.0.2.3, place: lincoln-es/main/idf}
  - {name: own, addresses: 192.0.2.4, place: lincoln-es/main, interval: 10s, credentials: [v2, ssh, api, sip],
     kind: server, tags: [own], port: 161, reachability: {method: icmp}, serves: lincoln-es/main/201,
     limits: {fdb: 0}, interface_speeds: {wan: 50M}, profile: generic, life_safety: yes}
  - {name: behind, kind: wireless, role: ap, place: lincoln-es/main/201}
""",
    ).inventory
    far, near, own, behind = inventory.devices.values()
    assert far.target.device == "id-of-far"
    assert far.target.snmp.community.reveal() == "planted-secret"
    assert (far.kind, far.tags, far.target.interval) == (DeviceKind.SWITCH, ("all", "file"), 300.0)
    assert far.target.reachability == Reachability(ReachabilityMethod.UDP_ECHO, 9, 2.0)
    assert (far.target.snmp.timeout, far.target.snmp.retries, far.target.deadline) == (4.0, 1, 30.0)

    assert near.place == "maple/lincoln-es/main/idf"
    assert near.target.addresses == ("2001:db8::1", "192.0.2.2")
    assert near.target.reply_from == ("192.0.2.3",)
    assert (near.target.snmp.version, near.target.snmp.port, near.target.snmp.timeout) == (
        SnmpVersion.V1,
        1161,
        9.0,
    )
    assert (near.tags, near.target.interval) == (("all", "file", "school"), 30.0)
    assert near.target.reachability == Reachability(ReachabilityMethod.NONE, 9, 2.0)

    assert (own.kind, own.target.interval, own.target.deadline) == (DeviceKind.SERVER, 10.0, 10.0)
    assert (own.target.snmp.port, own.target.ssh.user, own.target.sip.transport) == (161, "netwatch", "tcp")
    assert own.target.http.base_url == "https://192.0.2.4"
    assert own.target.reachability.method is ReachabilityMethod.ICMP
    assert own.serves == ("maple/lincoln-es/main/201",)
    assert own.target.limits == {"fdb": 0}
    assert own.interface_speeds == {"wan": 5e7}
    assert own.target.profile == "generic"
    assert own.life_safety

    assert behind.target is None
    assert (behind.kind, behind.role) == (DeviceKind.WIRELESS, "ap")
    assert "planted-secret" not in repr(inventory)


def test_an_ipv6_address_goes_into_a_url_in_brackets(tmp_path):
    text = 'devices: [{name: a, addresses: "2001:db8::1", credentials: api}]'
    assert read(tmp_path, a_yaml=text).inventory.devices["a"].target.http.base_url == "https://[2001:db8::1]"


def test_a_device_with_addresses_and_no_credentials_is_warned_of(tmp_path):
    loaded = read(tmp_path, a_yaml="devices:\n  - {name: a, addresses: 192.0.2.1, credentials: []}\n")
    assert loaded.inventory.devices["a"].target.snmp is None
    assert [str(warning).removeprefix(f"{tmp_path}/") for warning in loaded.warnings] == [
        "a.inv.yaml:2: devices[0]: device 'a' has no credentials (it is only checked for reachability)"
    ]


def test_assets_of_devices_members_and_spares(tmp_path):
    inventory = read(
        tmp_path,
        a_yaml="""
defaults: {fund: E-rate, currency: CAD}
devices:
  - {name: stack, serial: S1, installed: 2019-07-15, cost: 0, model: X}
  - {name: nothing-known}
  - {name: only-cost, cost: "12.50"}
assets:
  - {serial: S2, device: stack}
  - {serial: S3, warranty_until: 2027-06-30, fund: Bond 2019}
""",
    ).inventory
    assert inventory.assets == (
        Asset("S1", "stack", model="X", installed=date(2019, 7, 15), cost=0.0, currency="CAD", fund="E-rate"),
        Asset("", "only-cost", cost=12.5, currency="CAD", fund="E-rate"),
        Asset("S2", "stack", currency="CAD", fund="E-rate"),
        Asset("S3", warranty_until=date(2027, 6, 30), fund="Bond 2019"),
    )


def test_circuits_of_carriers(tmp_path):
    inventory = read(
        tmp_path,
        a_yaml="devices: [{name: fw}]\n"
        "circuits: [{id: C-1, device: fw, rate: 10G, phone: '+1 800 555 0100'}]\n",
        circuits_csv="id,device,interface,monthly_cost,currency\nC-2,fw,ge-0/0/1,1250,CAD\n",
    ).inventory
    assert inventory.circuits == (
        Circuit("C-1", "fw", rate=1e10, phone="+1 800 555 0100"),
        Circuit("C-2", "fw", "ge-0/0/1", monthly_cost=1250.0, currency="CAD"),
    )


@pytest.mark.parametrize(
    "serial",
    [
        "0",
        "0000000",
        "None",
        "N/A",
        "n.a.",
        "To be filled by O.E.M.",
        "To Be Filled By O.E.M",
        "Default string",
        "-",
        "XXXXXXXX",
        "123456789",
        "Not Specified",
        "System Serial Number",
    ],
)
def test_placeholder_serials_are_weak(serial):
    assert weak_serial(serial)


@pytest.mark.parametrize("serial", ["", "FOC1234X0AB", "0A1", "S1", "100200300", "NA12345"])
def test_real_serials_are_not(serial):
    assert not weak_serial(serial)


def test_placeholder_serials_are_dropped_with_a_warning_and_may_repeat(tmp_path):
    loaded = read(
        tmp_path,
        a_yaml="devices:\n  - {name: a, serial: N/A}\n  - {name: b, serial: N/A, cost: 1}\n",
        assets_csv="serial,cost\n0,5\n",
    )
    assert [device.serial for device in loaded.inventory.devices.values()] == ["", ""]
    assert [asset.serial for asset in loaded.inventory.assets] == ["", ""]
    assert [str(warning).removeprefix(f"{tmp_path}/") for warning in loaded.warnings] == [
        "a.inv.yaml:2: devices[0].serial: serial 'N/A' is a placeholder and is dropped "
        "(leave it out, or write the one on the label)",
        "a.inv.yaml:3: devices[1].serial: serial 'N/A' is a placeholder and is dropped "
        "(leave it out, or write the one on the label)",
        "assets.csv:2: serial: serial '0' is a placeholder and is dropped "
        "(leave it out, or write the one on the label)",
    ]


def test_a_mac_address_of_two_devices_is_evidence_for_neither(tmp_path):
    loaded = read(
        tmp_path,
        a_yaml="devices:\n  - {name: a, mac: 001b.210a.0b0c}\n  - {name: b, mac: '00:1B:21:0A:0B:0C'}\n"
        "  - {name: c, mac: 00-1b-21-0a-0b-0d}\n  - {name: d}\n  - {name: e}\n",
    )
    macs = [device.mac for device in loaded.inventory.devices.values()]
    assert macs == ["", "", "00:1b:21:0a:0b:0d", "", ""]
    assert [str(warning).replace(f"{tmp_path}/", "") for warning in loaded.warnings] == [
        "a.inv.yaml:3: devices[1].mac: 00:1b:21:0a:0b:0c is also that of device 'a' and is dropped from both "
        "(see a.inv.yaml:2)"
    ]


COMMA = """name,addresses,kind,tags,installed,place
"a, b",192.0.2.1 2001:db8::1,switch,x|y,2019-07-15,

,,,,,
c,,,,,
"""
SEMICOLON = """Name; Addresses ;kind;tags;installed;place
"a, b";192.0.2.1|2001:db8::1;switch;x y;2019-07-15;
c
"""


@pytest.mark.parametrize(
    "text",
    [
        COMMA,
        "\ufeff" + COMMA,
        COMMA.replace("\n", "\r\n"),
        "\ufeff" + SEMICOLON.replace("\n", "\r\n"),
        SEMICOLON.replace(";", "\t"),
    ],
)
def test_csv_as_spreadsheets_write_it(tmp_path, text):
    inventory = read(tmp_path, devices_csv=text).inventory
    assert list(inventory.devices) == ["a, b", "c"]
    device = inventory.devices["a, b"]
    assert device.target.addresses == ("192.0.2.1", "2001:db8::1")
    assert (device.kind, device.tags) == (DeviceKind.SWITCH, ("all", "x", "y"))
    assert inventory.devices["c"].target is None
    assert inventory.assets[0].installed == date(2019, 7, 15)


def test_places_and_reachability_from_csv(tmp_path):
    files = {
        "places-north_csv": "id,kind,parent,level,enrolment,instructional\n201,room,north/main,,,\n"
        "main,building,north,,,\nnorth,school,,high,900,no\n",
        "devices_csv": "name,addresses,place,reachability,life_safety\na,192.0.2.1,north/main/201,icmp,yes\n",
    }
    inventory = read(tmp_path, **files).inventory
    assert inventory.devices["a"].place == "maple/north/main/201"
    assert inventory.devices["a"].life_safety
    assert inventory.devices["a"].target.reachability.method is ReachabilityMethod.ICMP
    assert inventory.places.school_of("maple/north/main").school.instructional is False


def test_a_file_in_another_encoding_is_told_with_its_line(tmp_path):
    (tmp_path / "devices.csv").write_bytes(b"name\r\nok\r\nM\xfcller\r\n")
    with pytest.raises(InventoryError, match=r"devices\.csv:3: is not UTF-8 \(save it as CSV UTF-8\)$"):
        read(tmp_path)


def test_nothing_is_taken_from_a_table_with_one_wrong_row_and_no_id_is_asked_for(tmp_path):
    (tmp_path / "netwatch.yaml").write_text(SETTINGS)
    (tmp_path / "devices.csv").write_text("name,addresses\na,192.0.2.1\nb,x\n")
    asked = []
    with pytest.raises(InventoryError) as error:
        load_inventory(
            load_settings(tmp_path / "netwatch.yaml", ENV), ENV, lambda device: asked.append(device) or ""
        )
    assert len(error.value.problems) == 1
    assert asked == []


def test_devices_without_a_place_are_placed_by_their_sys_location(tmp_path):
    inventory = read(
        tmp_path,
        places_yaml=PLACES
        + r"""
sys_location:
  - {pattern: '^lincoln.*room (?P<room>\d+)', place: 'lincoln-es/main/{room}'}
  - {pattern: '^(?P<school>[\w -]+), (?P<closet>IDF)', place: 'maple/{school}/main/{closet}'}
  - {pattern: '^bus', place: maple}
""",
    ).inventory
    assert inventory.place_by_location("LINCOLN es, Room 201, rack 3") == "maple/lincoln-es/main/201"
    assert inventory.place_by_location("Lincoln, room 999") == "maple/lincoln-es/main"
    assert inventory.place_by_location("Lincoln ES, IDF") == "maple/lincoln-es/main/idf"
    assert inventory.place_by_location("Oak, IDF") is None
    assert inventory.place_by_location("Unknown") is None


def test_an_empty_inventory_holds_the_district(tmp_path):
    inventory = read(tmp_path).inventory
    assert inventory.district == "maple"
    assert [place.name for place in inventory.places.by_id.values()] == ["Maple Valley"]


@given(
    st.lists(
        st.builds(
            DeviceEntry,
            name=st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)
            .map(str.strip)
            .filter(bool),
            addresses=st.lists(st.ip_addresses().map(str), max_size=3).map(tuple),
            role=st.sampled_from(["core", "access"]),
            tags=st.lists(st.from_regex(r"[a-z]{1,5}", fullmatch=True), max_size=3).map(tuple),
            installed=st.none() | st.dates(),
            cost=st.none() | st.integers(0, 10**6).map(lambda cents: cents / 100),
            interval=st.none() | st.integers(1, 10**5).map(float),
            serial=st.from_regex(r"[A-Z]{3}[0-9]{4}", fullmatch=True),
        ),
        max_size=5,
    ),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
)
@settings(max_examples=60, deadline=None)
def test_what_a_table_says_is_what_was_written_into_it(entries, separator, newline, mark):
    columns = ("name", "addresses", "role", "tags", "installed", "cost", "interval", "serial")
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=newline)
    writer.writerow(columns)
    for entry in entries:
        values = [getattr(entry, column) for column in columns]
        writer.writerow([" ".join(value) if isinstance(value, tuple) else value for value in values])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "devices.csv"
        path.write_bytes((mark + text.getvalue()).encode())
        raw = Raw()
        read_source(path, raw)
    assert raw.problems == []
    assert [item.entry for item in raw.devices] == entries


CLOUD = """
credentials:
  v2: {snmp: {community: {env: COMMUNITY}}}
  cloud: {http: {base_url: "https://api.example.org", token: {env: COMMUNITY}}}
  api: {http: {token: {env: COMMUNITY}}}
"""


def test_a_cloud_account_has_no_address(tmp_path: Path) -> None:
    (tmp_path / "netwatch.yaml").write_text(
        'district: {slug: maple, name: Maple}\nstate_dir: var\ninventory: ["*.inv.yaml"]\n'
        f"defaults: {{credentials: [v2, cloud]}}\n{CLOUD}"
    )
    (tmp_path / "all.inv.yaml").write_text(
        "devices:\n"
        "  - {name: account, credentials: cloud, profile: some-cloud}\n"
        "  - {name: ap-12}\n"  # inherits the credentials, and is no account
        "  - {name: no-base, credentials: api}\n"
        "  - {name: console, addresses: 192.0.2.1, credentials: api}\n"
    )
    settings = load_settings(tmp_path / "netwatch.yaml", ENV)
    found = read_inventory(settings, ENV, lambda device: EntityId(device.name)).inventory.devices
    account = found["account"].target
    assert account is not None
    assert account.http is not None
    assert (account.addresses, account.snmp) == ((), None)
    assert (account.http.base_url, account.http.credential) == ("https://api.example.org", "cloud")
    assert account.http.verify
    assert account.reachability.method is ReachabilityMethod.NONE
    assert found["ap-12"].target is None
    assert found["no-base"].target is None
    console = found["console"].target
    assert console is not None
    assert console.http is not None
    assert (console.http.base_url, console.http.credential) == ("https://192.0.2.1", "api")
