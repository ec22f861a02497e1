"""Sheets beside the list of dates: circuits, call trunks, hosts, and the storage to buy."""

from __future__ import annotations

from datetime import UTC, datetime

from netwatch.model import Cell, EvidenceItem, ReportColumn, ReportRow, Sheet, Show
from netwatch.planning.capacity.erlang import blocking, lines_for, offered
from netwatch.planning.capacity.judge import NEED_YEARS
from netwatch.planning.capacity.policy import CapacityPolicy
from netwatch.planning.capacity.results import CapacityLine, CapacityResult
from netwatch.planning.capacity.things import CapacityKind, CircuitFacts, HostFacts, TrunkFacts
from netwatch.planning.capacity.wording import amount

__all__ = ["circuits", "full_columns", "hosts", "storage", "trunks"]

_EARLY = "One of ten is full earlier."
_LATE = "One of ten is full later."


def full_columns(prefix: str = "full", *, metric: str = "") -> tuple[ReportColumn, ...]:
    """Low, median and high of the date. `metric` is the family of the median."""
    blank = "no date"  # the verdict says why: not within the horizon, or not forecastable
    return (
        ReportColumn(f"{prefix}_early", "Full at the earliest", Show.DATE, _EARLY, public=True, blank=blank),
        ReportColumn(prefix, "Full", Show.DATE, "Median.", public=True, blank=blank, metric=metric),
        ReportColumn(f"{prefix}_late", "Full at the latest", Show.DATE, _LATE, public=True, blank=blank),
    )


_SPEED = Show.BYTES_PER_SECOND
_CIRCUITS = (
    ReportColumn("school", "School", public=True),
    ReportColumn("circuit", "Circuit"),
    ReportColumn("carrier", "Carrier", public=True),
    ReportColumn("rate", "Committed rate", _SPEED, public=True),
    ReportColumn("used", "In class time", _SPEED, "95th percentile of the busier direction.", public=True),
    ReportColumn("share", "Used of the rate", Show.RATIO, public=True),
    ReportColumn("users", "Students and staff", Show.COUNT, public=True),
    ReportColumn(
        "per_1000", "Rate per 1,000 users", _SPEED, "All circuits for the same users together.", public=True
    ),
    ReportColumn("norm", "Norm per 1,000 users", _SPEED, "From the policy.", public=True),
    ReportColumn("meets_norm", "Meets the norm", Show.YES, public=True),
    ReportColumn("contract_until", "Contract ends", Show.DATE, public=True),
    *full_columns(),
    ReportColumn("verdict", "Verdict", public=True),
)


def circuits(result: CapacityResult, policy: CapacityPolicy) -> Sheet:
    """What carriers provide, against use, norm and contract."""
    lines = result.of(CapacityKind.CIRCUIT)
    norm = policy.circuits.norm_mbit_per_1000_users * 1e6 / 8
    rates: dict[str, list[float | None]] = {}
    for line in lines:
        if isinstance(line.facts, CircuitFacts):
            rates.setdefault(line.facts.together, []).append(line.facts.rate)
    rows = tuple(
        _circuit(line, line.facts, rates[line.facts.together], norm)
        for line in lines
        if isinstance(line.facts, CircuitFacts)
    )
    notes = (
        policy.circuits.sentence,
        "Users are the students and staff of the school; of a circuit that ends in no school those of all "
        "schools: it is the district's way to the Internet.",
    )
    return Sheet("circuits", "Circuits of carriers", _CIRCUITS, rows, notes)


def _circuit(line: CapacityLine, facts: CircuitFacts, rates: list[float | None], norm: float) -> ReportRow:
    known = [rate for rate in rates if rate is not None]
    per_1000 = None
    if facts.users and len(known) == len(rates):
        per_1000 = sum(sorted(known)) / facts.users * 1000
    told = []
    if per_1000 is not None and per_1000 < norm:
        unit = "bytes per second"
        told.append(f"below the norm: {amount(per_1000, unit)} of {amount(norm, unit)} per 1,000 users")
    told.append(line.verdict)
    if line.median is not None and facts.contract_until is not None:
        when = "before" if line.median <= facts.contract_until else "after"
        told.append(f"{when} the contract ends")
    meets = None if per_1000 is None else per_1000 >= norm
    used = None if line.used is None or not facts.rate else line.used / facts.rate
    cells: tuple[Cell, ...] = (
        *(line.school, facts.id, facts.carrier, facts.rate, line.used, used, facts.users, per_1000, norm),
        *(meets, facts.contract_until, line.low, line.median, line.high, "; ".join(told)),
    )
    entered = EvidenceItem("inventory: circuits", "inventory", facts.rate, "bytes per second")
    users = EvidenceItem("enrolment and staff of the places", "inventory", facts.users, "users")
    found = {"rate": (entered,), "per_1000": (users,), "used": line.evidence, "full": line.evidence}
    return ReportRow(line.key, cells, {key: items for key, items in found.items() if items}, line.unknown)


_TRUNKS = (
    ReportColumn("name", "Trunks"),
    ReportColumn("school", "School", public=True),
    ReportColumn("life_safety", "Emergency calls", Show.YES, "As the inventory says.", public=True),
    ReportColumn("lines", "Lines", Show.COUNT, public=True),
    ReportColumn(
        "load", "Busiest hour", Show.NUMBER, "Calls in progress on average, in erlangs.", public=True
    ),
    ReportColumn("busiest", "Day of it", Show.DATE, "UTC.", public=True),
    ReportColumn("blocked", "Blocked then", Show.RATIO, "Share of calls, by Erlang B.", public=True),
    ReportColumn("lines_needed", "Lines needed", Show.COUNT, "For the blocking of the policy.", public=True),
    ReportColumn("lines_strict", "Lines, strict", Show.COUNT, "For the strict blocking.", public=True),
    ReportColumn("spare", "Lines to spare", Show.COUNT, "Negative: missing.", public=True),
    *full_columns(),
    ReportColumn("verdict", "Verdict", public=True),
)
_LOCKDOWN = (
    "Erlang B assumes that calls come at random and that blocked callers leave. In a lockdown neither is "
    "true: everybody calls at once, and dials again. Lines sized by it do not carry a lockdown: keep a path "
    "for calls to 911 that other calls can't take."
)


def trunks(result: CapacityResult, policy: CapacityPolicy) -> Sheet:
    """Lines against the busiest hour of the last year."""
    rows = tuple(
        _trunk(line, line.facts, policy)
        for line in result.of(CapacityKind.TRUNK)
        if isinstance(line.facts, TrunkFacts)
    )
    strict = policy.trunks.strict_blocking
    notes = (
        policy.trunks.sentence,
        f"Lines needed: at most {policy.trunks.blocking:.1%} of the calls of the busiest hour are blocked; "
        f"strict: {strict:.1%}.",
        _LOCKDOWN,
        "Calls of a PBX that tells no trunks include those within the house: an upper bound.",
    )
    return Sheet("trunks", "Call trunks", _TRUNKS, rows, notes)


def _trunk(line: CapacityLine, facts: TrunkFacts, policy: CapacityPolicy) -> ReportRow:
    load = facts.busiest
    if load is not None and facts.lines is not None:
        load = offered(min(load, facts.lines), facts.lines)
    needed = None if load is None else lines_for(load, policy.trunks.blocking)
    strict = None if load is None else lines_for(load, policy.trunks.strict_blocking)
    blocked = None if load is None or facts.lines is None else blocking(load, facts.lines)
    spare = None if needed is None or facts.lines is None else facts.lines - needed
    day = None if facts.busiest_at is None else datetime.fromtimestamp(facts.busiest_at, UTC).date()
    unknown = line.unknown
    if load is None and facts.busiest is not None:
        unknown = (*unknown, "how many more would have called: all lines were busy")
    cells: tuple[Cell, ...] = (
        *(line.name, line.school, facts.life_safety, facts.lines, load, day, blocked, needed, strict),
        *(spare, line.low, line.median, line.high, line.verdict),
    )
    found = {"load": line.evidence, "lines": line.size_evidence, "full": line.evidence}
    return ReportRow(line.key, cells, {key: items for key, items in found.items() if items}, unknown)


_HOSTS = (
    ReportColumn("group", "Hosts of", public=True),
    ReportColumn("cluster", "Cluster or site"),
    ReportColumn("count", "Hosts", Show.COUNT, public=True),
    ReportColumn("largest", "Largest host"),
    ReportColumn("memory_used", "Memory in use", Show.BYTES, public=True),
    ReportColumn("memory_left", "Memory without the largest", Show.BYTES, public=True),
    ReportColumn("memory_share", "Memory used of that", Show.RATIO, public=True),
    *full_columns("memory_full"),
    ReportColumn("processors_used", "Processors busy", Show.NUMBER, public=True),
    ReportColumn("processors_left", "Processors without the largest", Show.NUMBER, public=True),
    ReportColumn("processors_share", "Processors busy of that", Show.RATIO, public=True),
    *full_columns("processors_full"),
    ReportColumn("survives", "Survives a failure now", Show.YES, "The loss of the largest.", public=True),
    ReportColumn("verdict", "Verdict", public=True),
)


def hosts(result: CapacityResult) -> Sheet:
    """N+1: whether the hosts that are left carry everything when the largest one fails."""
    groups: dict[str, dict[CapacityKind, CapacityLine]] = {}
    for line in result.of(CapacityKind.MEMORY, CapacityKind.PROCESSOR):
        groups.setdefault(line.key.partition(":")[2], {})[line.kind] = line
    rows = tuple(_hosts(key, found) for key, found in groups.items())
    notes = (
        "N+1: memory and processors of the hosts without the largest one. All processors count alike, and "
        "all machines are taken to be able to run on all hosts of the site.",
    )
    return Sheet("hosts", "Hypervisors when one fails", _HOSTS, rows, notes)


def _hosts(key: str, found: dict[CapacityKind, CapacityLine]) -> ReportRow:
    memory, processors = found[CapacityKind.MEMORY], found[CapacityKind.PROCESSOR]
    facts = memory.facts if isinstance(memory.facts, HostFacts) else None
    cells: list[Cell] = [memory.school, key, None, None]
    if facts is not None:
        cells[2:] = [len(facts.hosts), facts.largest_host]
    evidence: dict[str, tuple[EvidenceItem, ...]] = {}
    for name, line in (("memory", memory), ("processors", processors)):
        share = line.used / line.size if line.used is not None and line.size else None
        cells += [line.used, line.size, share, line.low, line.median, line.high]
        evidence |= {f"{name}_used": line.evidence, f"{name}_left": line.size_evidence}
    fits = [
        None if line.used is None or line.size is None else line.used <= line.size for line in found.values()
    ]
    survives = False if False in fits else None if None in fits else True
    cells += [survives, f"memory {memory.verdict}; processors {processors.verdict}"]
    unknown = tuple(dict.fromkeys((*memory.unknown, *processors.unknown)))
    kept = {name: items for name, items in evidence.items() if items}
    return ReportRow(f"hosts:{key}", tuple(cells), kept, unknown)


def _need_columns() -> tuple[ReportColumn, ...]:
    out: list[ReportColumn] = []
    for year in NEED_YEARS:
        span = f"in {year} year" + ("s" if year > 1 else "")
        out += [
            ReportColumn(f"need_{year}y_low", f"Used {span}, at least", Show.BYTES, "One of ten needs less."),
            ReportColumn(f"need_{year}y", f"Used {span}", Show.BYTES, "Median.", public=True),
            ReportColumn(f"need_{year}y_high", f"Used {span}, at most", Show.BYTES, "One of ten needs more."),
            ReportColumn(
                f"add_{year}y",
                f"To add for {span[3:]}",
                Show.BYTES,
                "So that even the high end stays below what counts as full.",
                public=True,
            ),
        ]
    return tuple(out)


_STORAGE = (
    ReportColumn("name", "Pool or volume"),
    ReportColumn("school", "School", public=True),
    ReportColumn("kind", "Kind", public=True),
    ReportColumn("used", "Used", Show.BYTES, public=True),
    ReportColumn("size", "Size", Show.BYTES, public=True),
    ReportColumn("share", "Used of the size", Show.RATIO, public=True),
    ReportColumn("growth", "Growth a year", Show.BYTES, public=True),
    *_need_columns(),
    *full_columns(),
    ReportColumn("verdict", "Verdict", public=True),
)


def storage(result: CapacityResult, policy: CapacityPolicy) -> Sheet:
    """What pools and volumes will hold, and what to add: pools first, since they are what is bought."""
    lines = (*result.of(CapacityKind.POOL), *result.of(CapacityKind.VOLUME))
    rows = tuple(_stored(line, policy.full_at.of(line.kind)) for line in lines)
    notes = (
        "Volumes lie in pools, and several hosts may tell of one shared volume: don't add them up.",
        "High ends don't add up either: not everything grows as fast as it might at once.",
    )
    return Sheet("storage", "Storage to add", _STORAGE, rows, notes)


def _stored(line: CapacityLine, full_at: float) -> ReportRow:
    needs: list[Cell] = []
    by_year = {need.years: need for need in line.needs}
    for year in NEED_YEARS:
        need = by_year.get(year)
        if need is None:
            needs += [None] * 4
            continue
        add = None if line.size is None else max(0.0, need.high / full_at - line.size)
        needs += [need.low, need.median, need.high, add]
    share = line.used / line.size if line.used is not None and line.size else None
    cells: tuple[Cell, ...] = (
        *(line.name, line.school, line.kind.value, line.used, line.size, share, line.growth),
        *needs,
        *(line.low, line.median, line.high, line.verdict),
    )
    found = {"used": line.evidence, "size": line.size_evidence, "growth": line.evidence}
    found["full"] = line.evidence
    return ReportRow(line.key, cells, {key: items for key, items in found.items() if items}, line.unknown)
