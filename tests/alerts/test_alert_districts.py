"""One fault, one page, on random districts: faults, poll skew, loss, links that nobody tells of."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from districts import CARRIER, NETWATCH, District, Fault, Truth, draw
from watching import Watch, Watched, windows

from netwatch.alerts import Rule, load_rules
from netwatch.documents import read_yaml
from netwatch.model import Alert, load_catalogue

RULE_FILES = Path(__file__).parents[2] / "config" / "rules"
WANTED = {"DeviceUnreachable", "AccessPointDown", "InterfaceDown", "UpsOnBattery", "UpsBatteryLow"}
FIRST, TAIL, POWER_TAIL = 180.0, 480.0, 1080.0
"""Seconds before the first fault may come, and after the last one has ended; the same after a power cut."""
LONG, HIDDEN_BY_POWER = 480.0, 1080.0
"""A fault that can be seen for that long has to be told: hold, poll skew, and an earlier cause."""


def shipped() -> tuple[Rule, ...]:
    files = [read_yaml(RULE_FILES / name) for name in ("uptime.yaml", "interface.yaml", "environment.yaml")]
    return tuple(rule for rule in load_rules(files, load_catalogue()) if rule.name in WANTED)


def draw_fault(d: District, rng: random.Random, begin: float, dark_at: dict[str, float]) -> Fault:
    end = begin + rng.uniform(700, 1500)
    attached = frozenset(d.of_role("core", "firewall"))
    cores = d.of_role("core")
    kind = rng.choice(("device", "device", "device", "link", "link", "mains", "carrier", "uplink"))
    if kind == "carrier" and any(CARRIER in link for link in d.links):
        edges = frozenset(d.of_role("edge"))
        return Fault("carrier", CARRIER, begin, end, edges)
    if kind == "uplink":
        return Fault("uplink", NETWATCH, begin, end, attached)
    if kind == "mains":
        building = rng.choice(sorted({d.building(ups) for ups in d.of_role("ups")}))
        upses = [ups for ups in d.of_role("ups") if d.building(ups) == building]
        dark_at.update({ups: begin + rng.uniform(200, 900) for ups in upses})
        fed = {name for name, node in d.nodes.items() if set(node.fed_by) & set(upses)}
        return Fault("mains", building, begin, end, frozenset(upses) | fed)
    if kind == "link":
        cables = sorted(pair for pair in d.links - d.unknown if not {NETWATCH, CARRIER} & set(pair))
        one, other = rng.choice(cables)
        return Fault("link", f"{one}|{other}", begin, end, frozenset((one, other)))
    what = rng.choice(sorted(set(d.nodes) - set(d.of_role("vm"))))
    accept = {what}
    if d.nodes[what].role == "ups":  # it does not say why it is silent: what it feeds may be told instead
        accept |= {name for name, node in d.nodes.items() if what in node.fed_by}
    # Where nobody tells of a cable, what hangs on it may be taken for the fault: one page it is nevertheless.
    accept |= {other for pair in d.unknown if what in pair for other in pair}
    if what in cores and len(cores) == 1:
        accept |= attached
    return Fault("device", what, begin, end, frozenset(accept))


def scenario(d: District, rng: random.Random, *, double: bool) -> Truth:
    """One or two faults; netwatch's own uplink fails alone."""
    dark_at: dict[str, float] = {}
    faults = [draw_fault(d, rng, FIRST + rng.uniform(0, 60), dark_at)]
    if double:
        second = draw_fault(d, rng, faults[0].begin + rng.uniform(0, 600), dark_at)
        if second.kind != "uplink" and faults[0].kind != "uplink" and not second.accept & faults[0].accept:
            faults.append(second)
    return Truth(d, faults, dark_at)


def run(seed: int, rules: tuple[Rule, ...], *, bridged: bool = False) -> list[str]:
    """What is wrong with the pages of one district; empty: each fault had one."""
    rng = random.Random(seed)
    d = draw(rng, bridged=bridged)
    truth = scenario(d, rng, double=bool(seed % 2))
    faults = truth.faults
    tail = POWER_TAIL if any(fault.kind == "mains" for fault in faults) else TAIL
    until = max(fault.end for fault in faults) + tail
    watched = Watch(d, truth, rules, rng).run(until)
    return judge(truth, faults, watched, until)


def _tells_of(page: Alert, fault: Fault) -> bool:
    """A port whose cable ends at a dead device tells of it as well, where nobody can ask the device."""
    return page.device in fault.accept or page.entity.endswith(f"/to-{fault.what}")


def judge(truth: Truth, faults: list[Fault], watched: Watched, until: float) -> list[str]:
    wrong = []
    pages = list(watched.pages.values())
    for fault in faults:
        mine = [page for page in pages if _tells_of(page, fault)]
        longest, total = windows(truth, fault, until)
        wait = HIDDEN_BY_POWER if any(other.kind == "mains" for other in faults) and len(faults) > 1 else LONG
        unheard = fault.kind == "mains" and truth.hides_the_mains(fault)
        # With another fault a cut link takes a switch down, and alone the port: one page after the other.
        in_turn = fault.kind == "link" and len(faults) > 1 and len({page.rule for page in mine}) == len(mine)
        if len(mine) > 1 and not unheard and not in_turn:
            wrong.append(f"{fault.kind} {fault.what}: {[(p.rule, p.device, p.fired) for p in mine]}")
        if not mine and longest >= wait:
            wrong.append(f"{fault.kind} {fault.what} from {fault.begin:.0f} to {fault.end:.0f}: no page")
        if mine and not total:
            wrong.append(f"{fault.kind} {fault.what}: hidden, and told: {[(p.rule, p.device) for p in mine]}")
    others = [
        page
        for page in pages
        if page.device not in watched.unlucky and not any(_tells_of(page, fault) for fault in faults)
    ]
    false = [(page.rule, page.device, page.fired) for page in others]
    if false:
        causes = [(fault.kind, fault.what, round(fault.begin), round(fault.end)) for fault in faults]
        wrong.append(f"false: {false}, faults: {causes}")
    if lasting := [page.summary for page in pages if page.id not in watched.ended]:
        wrong.append(f"not ended: {lasting}")
    if watched.left:
        wrong.append(f"left: {[(alert.rule, alert.device) for alert in watched.left]}")
    return wrong


@pytest.mark.parametrize("block", range(4))
def test_each_fault_of_a_district_is_told_once(block: int) -> None:
    rules = shipped()
    wrong = {seed: found for seed in range(block * 10, block * 10 + 10) if (found := run(seed, rules))}
    assert not wrong


@pytest.mark.parametrize("block", range(2))
def test_each_fault_is_told_once_where_forwarding_tables_tell_who_hangs_where(block: int) -> None:
    rules = shipped()
    seeds = range(block * 10, block * 10 + 10)
    wrong = {seed: found for seed in seeds if (found := run(seed, rules, bridged=True))}
    assert not wrong


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", range(10))
def test_the_faults_of_a_thousand_bridged_districts_are_told_once(block: int) -> None:
    rules = shipped()
    seeds = range(block * 100, block * 100 + 100)
    wrong = {seed: found for seed in seeds if (found := run(seed, rules, bridged=True))}
    assert not wrong


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", range(10))
def test_each_fault_of_a_thousand_districts_is_told_once(block: int) -> None:
    rules = shipped()
    wrong = {seed: found for seed in range(block * 100, block * 100 + 100) if (found := run(seed, rules))}
    assert not wrong
