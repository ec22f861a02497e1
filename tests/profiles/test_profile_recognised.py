"""Devices that are told by little: sysObjectID, sysDescr, and which enterprises' objects the agent has."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from netwatch.discovery import Discovery, discover, inspect_document
from netwatch.errors import WireTimeout
from netwatch.model import Catalogue, EntityId, SnmpAccess, SnmpValue, SystemClock, Target, load_catalogue
from netwatch.profiles import ProfileSet, load_profiles
from netwatch.resources import collectors_dir
from netwatch.wire import RecordedSession, RecordedSnmpWire, Recording

E = "1.3.6.1.4.1."
LINUX = E + "8072.3.2.10"
UNAME = "Linux host-1 5.4.0-1 #1 SMP Mon Jan 1 10:00:00 UTC 2024 x86_64"

CASES: list[tuple[str, str, dict[str, SnmpValue], dict[str, str | None]]] = [
    # by enterprise number and arcs
    (E + "16177.1.1", "", {}, {"vendor": "Westermo", "kind": "switch"}),
    (E + "9.1.390", "", {}, {"vendor": "Cisco", "kind": "firewall"}),
    (E + "19046.1.7.99", "Lenovo RackSwitch", {}, {"vendor": "Lenovo", "kind": "switch"}),
    ("." + E + "14817.7", "", {}, {"vendor": "4RF", "kind": "wireless"}),
    # whose objects a net-snmp agent has
    (LINUX, UNAME, {}, {"vendor": "Linux", "kind": "server"}),
    (LINUX, UNAME, {E + "2021.4.5.0": 1, E + "32015.1.1.0": 1}, {"vendor": "ExtraHop", "kind": "server"}),
    (LINUX, UNAME, {E + "6050.1.1.0": 1}, {"vendor": "Gamatronic", "kind": "power"}),
    (LINUX, UNAME, {E + "232.1.1.0": 1}, {"vendor": "Linux", "kind": "server"}),
    (LINUX, UNAME.replace("host-1", "cisco"), {}, {"vendor": "Linux", "kind": "server"}),
    (LINUX, "Gigamon HC2", {}, {"vendor": "Gigamon", "kind": "switch"}),
    ("", "Linux box-7", {E + "27993.1.0": 1}, {"vendor": "Vigintos", "kind": "radio"}),
    # by what sysDescr says
    ("", "AlterPath ACS", {}, {"vendor": "Avocent", "kind": "other"}),
    ("", "m0n0wall FreeBSD", {}, {"vendor": "m0n0wall", "kind": "firewall"}),
    (LINUX, "Barracuda Email Security Gateway", {}, {"vendor": "Barracuda", "kind": "firewall"}),
    (LINUX, UNAME.replace("5.4.0-1", "5.4.0-2.mlos3.x86_64"), {}, {"kind": "firewall"}),
    (LINUX, UNAME.replace("5.4.0-1", "3.12.1-0.12.gabcdef1-smp64"), {}, {"vendor": "Sophos UTM"}),
    (LINUX, "USG FLEX 50H", {}, {"vendor": "Zyxel", "kind": "firewall", "model": "USG FLEX 50H"}),
    ("", "Cisco Intrusion Prevention System, Version 7.0(1)E1 Platform: IPS-1", {}, {"model": "IPS-1"}),
    ("", "Meraki MS120", {}, {"kind": "switch", "model": "MS120"}),
    ("", "Meraki MX64", {}, {"kind": "firewall", "model": "MX64"}),
    ("", "Linksys SRW9 - 9 Port Switch - 1.0.0.1", {}, {"model": "SRW9"}),
    (LINUX, "Alta S8 2.1a", {}, {"vendor": "Alta Labs", "model": "S8", "version": "2.1a"}),
    (LINUX, "Alta AP6 2.1a", {}, {"kind": "wireless"}),
    (LINUX, UNAME.replace("5.4.0-1", "2.6.36.4brcmarm"), {}, {"kind": "switch"}),
    (LINUX, UNAME, {E + "2238.240.1.1.0": 1}, {"vendor": "BISON", "kind": "switch"}),
    (
        LINUX,
        "SONiC Software Version: SONiC.1 - HwSku: DellEMC-S1 - Distribution: Debian 11",
        {},
        {"vendor": "Dell", "model": "DellEMC-S1", "version": "1"},
    ),
    (E + "41112.1.5", "EdgeOS v2.0.9.1", {}, {"kind": "switch", "version": "2.0.9"}),
    (E + "17713.24", "Cambium Networks cnMatrix EX1 Switch HW:01 SW:4.1-r1", {}, {"version": "4.1-r1"}),
    ("", "Netopia R9100 v4.6.2", {}, {"kind": "switch", "model": "R9100", "version": "4.6.2"}),
    (E + "3709.1.2.9", "DM1 4GT (DmOS version 1.2.0)", {}, {"model": "DM1", "version": "1.2.0"}),
    (LINUX, "DrayTek Corporation, Router Model: Vigor1, Version: 1.4/1.4", {}, {"model": "Vigor1"}),
    (
        LINUX,
        UNAME,
        {E + "48690.1.1.0": b"123456", E + "48690.1.2.0": b"RUT1", E + "48690.1.6.0": b"RUT1_R_1"},
        {"vendor": "Teltonika", "model": "RUT1", "serial": "123456", "version": "RUT1_R_1"},
    ),
    (LINUX, UNAME, {E + "2011.6.164.1.1.0": 1}, {"vendor": "Huawei", "kind": "power"}),
    (LINUX, UNAME, {E + "53973.1.1.1.1.1.2.0": b"Model"}, {"vendor": "ABB"}),
    (E + "21111.1", "", {}, {"vendor": "PowerWalker", "kind": "power"}),
    ("1.3.9999.32", "ESPHome version 1.2.3 compiled, Board b1", {}, {"version": "1.2.3"}),
    (E + "2.6.223", "IBM DPI V01.02.0003", {}, {"kind": "power", "version": "V01.02.0003"}),
    ("", "SNMP TME", {}, {"vendor": "Papouch", "kind": "power"}),
    (E + "935", "LogWeb", {}, {"vendor": "LogMaster"}),
    (LINUX, "USP-PDU 6.1", {}, {"kind": "power", "model": "USP-PDU"}),
    (E + "17095.2", "TH-1B", {}, {"vendor": "ControlBox", "kind": "power"}),
    (LINUX, 'BUFFALO "TeraStation" "TS1R Ver.1.00"', {}, {"model": "TS1R", "version": "1.00"}),
    (LINUX, UNAME.replace("5.4.0-1", "4.15.0-1-rubrik1-generic"), {}, {"vendor": "Rubrik"}),
    (LINUX, UNAME, {E + "6894.1.0": 1}, {"vendor": "DDN DataDirect Networks", "kind": "storage"}),
    ("", "EMC SOHO-NAS Storage.", {}, {"vendor": "LenovoEMC Iomega", "kind": "storage"}),
    (E + "674.10893.2.31", "DELL     MD1     0001", {}, {"kind": "storage", "model": "MD1"}),
    (E + "11.10.2.1.3.20", "HP MSL Series", {}, {"kind": "storage", "model": "MSL Series"}),
    (E + "641.2.1", "TOSHIBA e-STUDIO1 version N1", {}, {"vendor": "Toshiba", "model": "e-STUDIO1"}),
    (E + "367.1.1", "LANIER MP C1 1.01 / LANIER Network Printer", {}, {"vendor": "Lanier", "model": "MP C1"}),
    ("", "LambdaDriver", {}, {"vendor": "MRV"}),
    ("", "TG1v7", {}, {"kind": "other"}),
    (LINUX, UNAME.replace("5.4.0-1", "3.1.0-FNGi-ModularOS-2.0.0"), {}, {"vendor": "First Network Group"}),
    ("", "Novell NetWare 5.70", {}, {"kind": "server", "version": "5.70"}),
    (LINUX, "VeloCloud EDGE1", {}, {"vendor": "VMware VeloCloud", "model": "EDGE1"}),
    # model, version and serial number as most write them
    (
        E + "16177.1.1",
        "Westermo Lynx-100, software version 4.1.0-2, S/N: AB123456",
        {},
        {"model": "Lynx-100", "version": "4.1.0-2", "serial": "AB123456"},
    ),
    (E + "16177.1.1", "Model: RFI-211 v2.10.1", {}, {"model": "RFI-211", "version": "2.10.1"}),
    (E + "16177.1.1", "Industrial switch, hardware version 2.0, version 3.1", {}, {"version": "3.1"}),
    (E + "16177.1.1", "Industrial L3 switch, 802.3af", {}, {"model": None, "version": None}),
    (E + "16177.1.1", UNAME, {}, {"model": None, "version": None}),
]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def profiles(catalogue: Catalogue) -> ProfileSet:
    return load_profiles([collectors_dir()], catalogue)


def read(values: dict[str, SnmpValue], profiles: ProfileSet) -> Discovery:
    wire = RecordedSnmpWire({"x": Recording("x", values)})
    target = Target(EntityId("x"), "x", (), snmp=SnmpAccess())
    return asyncio.run(discover(target, snmp=wire, profiles=profiles, clock=SystemClock()))


@pytest.mark.parametrize(("object_id", "descr", "objects", "wanted"), CASES)
def test_recognised(
    object_id: str,
    descr: str,
    objects: dict[str, SnmpValue],
    wanted: dict[str, str | None],
    profiles: ProfileSet,
    catalogue: Catalogue,
) -> None:
    values: dict[str, SnmpValue] = {"1.3.6.1.2.1.1.1.0": descr.encode(), **objects}
    if object_id:
        values["1.3.6.1.2.1.1.2.0"] = object_id
    ordered = dict(sorted(values.items(), key=lambda one: tuple(map(int, one[0].split(".")))))
    found: dict[str, Any] = inspect_document("x", read(ordered, profiles), catalogue)["identity"]
    assert {key: found.get(key) for key in wanted} == wanted


@pytest.mark.parametrize("answer", [E + "6050.1.0", "1.3.6.1.6.1.0", None, WireTimeout("silent")])
def test_an_agent_that_leads_in_circles(
    answer: str | WireTimeout | None, profiles: ProfileSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def following(session: RecordedSession, oid: str) -> str | None:
        asked.append(oid)
        if isinstance(answer, WireTimeout):
            raise answer
        return answer

    monkeypatch.setattr(RecordedSession, "following", following)
    values: dict[str, SnmpValue] = {"1.3.6.1.2.1.1.1.0": UNAME.encode(), "1.3.6.1.2.1.1.2.0": LINUX}
    found = read(values, profiles)
    facts = found.observations[0].seen[0].facts
    circle = answer == E + "6050.1.0"
    assert facts["vendor"] == ("Gamatronic" if circle else "Linux")
    assert len(asked) == (2 if circle else 1)
    assert found.problems == (("silent",) if isinstance(answer, WireTimeout) else ())
