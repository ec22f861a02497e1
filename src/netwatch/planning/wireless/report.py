"""The wireless plan as a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netwatch.model import (
    FEW,
    UNDER_FEW,
    Cell,
    EvidenceItem,
    PlaceId,
    Places,
    Report,
    ReportColumn,
    ReportRow,
    Sheet,
    Show,
)
from netwatch.planning.basis import Basis
from netwatch.planning.wireless.results import (
    JudgedArea,
    JudgedPoint,
    JudgedRadio,
    SwitchNeed,
    Verdict,
    WirelessPlan,
)

__all__ = ["report"]

_NOTES = (
    "Measured airtime decides, not how many clients an access point has.",
    "Gaps in coverage can't be measured by access points: whom they don't hear is in no reading. Rooms where "
    "people complain and nothing is full here need a survey on foot.",
    f"Clients are counted, never identified; fewer than {FEW} are told as '{UNDER_FEW}'.",
)
_AREAS = (
    ReportColumn("rank", "Rank", Show.COUNT, "What is to be bought first, the worst first.", public=True),
    ReportColumn("area", "Where", help="School, and wing or floor.", public=True),
    ReportColumn(
        "verdict", "Verdict", help="add, replace, re-channel, survey needed, configure, leave.", public=True
    ),
    ReportColumn("school", "School", public=True),
    ReportColumn("access_points", "Access points", Show.COUNT, public=True),
    ReportColumn(
        "estimate_low", "To buy, at least", Show.COUNT, "Access points, replaced ones included.", public=True
    ),
    ReportColumn(
        "estimate_high",
        "To buy, at most",
        Show.COUNT,
        "After years of growth, nothing gained by new gear.",
        metric="netwatch_plan_wireless_access_points",
        public=True,
    ),
    ReportColumn(
        "airtime",
        "Airtime",
        Show.RATIO,
        "95th percentile over class hours, of the fullest radio.",
        public=True,
    ),
    ReportColumn(
        "over",
        "Class hours full",
        Show.RATIO,
        "Share of class hours over the bound, of that radio.",
        public=True,
    ),
    ReportColumn(
        "others", "Others' airtime", Show.RATIO, "Share of the busy airtime that others sent.", public=True
    ),
    ReportColumn(
        "clients",
        "Clients per access point",
        Show.COUNT,
        "95th percentile over class hours, mean.",
        public=True,
    ),
    ReportColumn("growth", "Growth of airtime", Show.RATIO, "Per year.", public=True),
    ReportColumn("clients_growth", "Growth of clients", Show.RATIO, "Per year.", public=True),
    ReportColumn("students", "Students per access point", Show.NUMBER, "Of the school.", public=True),
    ReportColumn("rooms", "Rooms", help="Served by access points that are full."),
    ReportColumn("needs", "Needs"),
    ReportColumn("reasons", "Reasons"),
    ReportColumn("unknown", "Unknown", public=True),
)
_ROOMS = (
    ReportColumn("school", "School"),
    ReportColumn("area", "Wing or floor"),
    ReportColumn("room", "Room"),
    ReportColumn("verdict", "Verdict"),
    ReportColumn("access_points", "Access points", help="That serve it."),
    ReportColumn("airtime", "Airtime", Show.RATIO, "95th percentile over class hours, of the fullest radio."),
    ReportColumn("clients", "Clients", Show.COUNT, "95th percentile over class hours, of what serves it."),
)
_RADIOS = (
    ReportColumn("school", "School"),
    ReportColumn("area", "Wing or floor"),
    ReportColumn("access_point", "Access point"),
    ReportColumn("band", "Band"),
    ReportColumn("channel", "Channel", Show.COUNT),
    ReportColumn("sharing", "Own on the channel", Show.COUNT, "Other own access points of the wing on it."),
    ReportColumn("verdict", "Verdict", help="Of the radio by itself."),
    ReportColumn("airtime", "Airtime", Show.RATIO, "95th percentile over class hours."),
    ReportColumn("over", "Class hours full", Show.RATIO, "Share of class hours over the bound."),
    ReportColumn("own", "Own airtime", Show.RATIO, "Mean of the busier half of the class hours."),
    ReportColumn("others", "Others' airtime", Show.RATIO, "The same, of others on the channel."),
    ReportColumn("clients", "Clients", Show.COUNT, "95th percentile over class hours."),
    ReportColumn("retries", "Retries", Show.RATIO, "Mean share of frames sent again."),
    ReportColumn("noise", "Noise floor, dBm", Show.NUMBER, "Mean."),
    ReportColumn("lost", "Lost", Show.RATIO, "Share of the time in which the access point was not reached."),
    ReportColumn("hours", "Class hours measured", Show.COUNT),
)
_NEEDS = (
    ReportColumn("school", "School"),
    ReportColumn("closet", "Closet"),
    ReportColumn("switch", "Switch"),
    ReportColumn("areas", "For"),
    ReportColumn("drops_low", "Cable drops, at least", Show.COUNT),
    ReportColumn("drops_high", "Cable drops, at most", Show.COUNT),
    ReportColumn("replaced", "Replaced", Show.COUNT, "On cables that are there."),
    ReportColumn("watts", "PoE wanted", Show.WATTS, "For the high end, beyond what is drawn today."),
    ReportColumn("watts_left", "PoE left", Show.WATTS, "Budget less what is drawn."),
    ReportColumn("poe_enough", "PoE enough", Show.YES),
    ReportColumn("ports_free", "Ports free", Show.COUNT, "Down now."),
    ReportColumn(
        "port_speed", "Port speed", Show.BYTES_PER_SECOND, "Of the slowest port of these access points."
    ),
    ReportColumn("uplink", "Uplink", Show.RATIO, "95th percentile over class hours."),
    ReportColumn("uplink_speed", "Uplink speed", Show.BYTES_PER_SECOND),
    ReportColumn("ups_load", "UPS load", Show.RATIO),
    ReportColumn("ups_runtime", "UPS runtime", Show.SECONDS),
    ReportColumn("short_of", "Not enough"),
    ReportColumn("unknown", "Unknown"),
)


def report(plan: WirelessPlan, basis: Basis) -> Report:
    """Sheets `areas`, `rooms`, `radios` and `needs`."""
    places = basis.snapshot.inventory.places
    students = _students(plan, places)
    needs = _needs_by_area(plan.needs)
    sheets = (
        Sheet(
            "areas",
            "Where wireless has to grow",
            _AREAS,
            tuple(_area(one, places, students, needs.get(one.area.key, ())) for one in plan.areas),
        ),
        Sheet("rooms", "Rooms and what serves them", _ROOMS, tuple(_rooms(plan, places))),
        Sheet("radios", "The readings behind", _RADIOS, tuple(_radios(plan))),
        Sheet(
            "needs",
            "What it needs of switches and closets",
            _NEEDS,
            tuple(_need(one, plan) for one in plan.needs),
        ),
    )
    return Report(
        "wireless", "Wireless expansion", plan.at, sheets, plan.policy, simulated=plan.simulated, notes=_NOTES
    )


def counted(clients: float | None) -> int | str | None:
    """Clients as they may be told."""
    if clients is None:
        return None
    return UNDER_FEW if clients < FEW else round(clients)


def _area(
    one: JudgedArea, places: Places, students: Mapping[str, float], needs: tuple[SwitchNeed, ...]
) -> ReportRow:
    estimate = one.estimate
    site = "" if one.area.site is None else str(one.area.site)
    cells: dict[str, Cell] = {
        "rank": one.rank,
        "school": one.area.school or None,
        "area": _where(one) or None,
        "verdict": one.verdict.value,
        "access_points": len(one.points),
        "estimate_low": None if estimate is None else estimate.low,
        "estimate_high": None if estimate is None else estimate.high,
        "airtime": one.airtime,
        "over": one.over,
        "others": one.others,
        "clients": counted(one.clients),
        "growth": None if one.growth is None else one.growth[1],
        "clients_growth": one.clients_growth,
        "students": students.get(site),
        "rooms": _room_names(one.points, places),
        "needs": _needs_text(one, needs),
        "reasons": "; ".join(item.text for item in one.evidence[:_REASONS]),
        "unknown": "; ".join(one.missing),
    }
    if one.verdict in (Verdict.LEAVE, Verdict.RECHANNEL, Verdict.CONFIGURE):
        cells |= {"estimate_low": 0, "estimate_high": 0}
    evidence: dict[str, tuple[EvidenceItem, ...]] = {"verdict": one.evidence}
    if estimate is not None:
        evidence |= {"estimate_low": estimate.evidence, "estimate_high": estimate.evidence}
    told = tuple(item for need in needs for item in need.evidence)
    if told:
        evidence["needs"] = told
    return _row(one.area.key or "unknown", _AREAS, cells, evidence, one.missing)


_REASONS = 6


def _where(one: JudgedArea) -> str:
    """School and wing; the school once where no wing is known."""
    return ", ".join(dict.fromkeys(name for name in (one.area.school, one.area.name) if name))


def _rooms(plan: WirelessPlan, places: Places) -> Iterable[ReportRow]:
    serving: dict[PlaceId, list[tuple[JudgedArea, JudgedPoint]]] = {}
    for area in plan.areas:
        for point in area.points:
            for room in point.point.rooms:
                serving.setdefault(room, []).append((area, point))
    order = list(Verdict)
    rows = []
    for room, found in serving.items():
        points = [point for _, point in found]
        verdict = min((point.verdict for point in points), key=order.index)
        airtimes = [_airtime(one.decisive) for one in points]
        known = [one for one in airtimes if one is not None]
        clients = [one.clients for one in points if one.clients is not None]
        site = places.site_of(room)
        cells: dict[str, Cell] = {
            "school": "" if site is None else site.name,
            "area": found[0][0].area.name or None,
            "room": places.by_id[room].name,
            "verdict": verdict.value,
            "access_points": ", ".join(point.point.name for point in points),
            "airtime": max(known, default=None),
            "clients": counted(sum(clients)) if clients else None,
        }
        evidence = {"verdict": tuple(item for point in points for item in point.evidence)}
        missing = tuple(dict.fromkeys(text for point in points for text in point.missing))
        worst = -max(known, default=-1.0)
        rows.append(
            ((order.index(verdict), worst, str(room)), _row(str(room), _ROOMS, cells, evidence, missing))
        )
    return (row for _, row in sorted(rows, key=lambda one: one[0]))


def _radios(plan: WirelessPlan) -> Iterable[ReportRow]:
    for area in plan.areas:
        for point in area.points:
            for one in point.radios:
                yield _radio(area, point, one)


def _radio(area: JudgedArea, point: JudgedPoint, one: JudgedRadio) -> ReportRow:
    found = one.measure
    cells: dict[str, Cell] = {
        "school": area.area.school,
        "area": area.area.name or None,
        "access_point": point.point.name,
        "band": one.radio.band or None,
        "channel": one.radio.channel,
        "sharing": one.sharing,
        "verdict": one.verdict.value,
        "airtime": None if found.airtime is None else found.airtime.p95,
        "over": None if found.airtime is None else one.over,
        "own": None if found.split is None else found.split.own,
        "others": None if found.split is None else found.split.others,
        "clients": None if found.clients is None else counted(found.clients.p95),
        "retries": found.retries,
        "noise": found.noise,
        "lost": point.lost,
        "hours": 0 if found.airtime is None else found.airtime.hours,
    }
    return _row(str(one.radio.id), _RADIOS, cells, {"verdict": one.evidence}, one.missing)


def _need(one: SwitchNeed, plan: WirelessPlan) -> ReportRow:
    names = {area.area.key: area.area.name or "place unknown" for area in plan.areas}
    cells: dict[str, Cell] = {
        "school": one.school,
        "closet": one.closet,
        "switch": one.name,
        "areas": ", ".join(names[key] for key in one.areas),
        "drops_low": one.drops_low,
        "drops_high": one.drops_high,
        "replaced": one.replaced,
        "watts": one.watts_high,
        "watts_left": one.watts_left,
        "poe_enough": one.poe_enough,
        "ports_free": one.ports_free,
        "port_speed": one.port_speed,
        "uplink": one.uplink,
        "uplink_speed": one.uplink_speed,
        "ups_load": one.ups_load,
        "ups_runtime": one.ups_runtime,
        "short_of": "; ".join(one.short_of),
        "unknown": "; ".join(one.missing),
    }
    key = str(one.switch) if one.switch is not None else f"unknown/{one.school}"
    return _row(key, _NEEDS, cells, {"short_of": one.evidence} if one.evidence else {}, one.missing)


def _row(
    key: str,
    columns: tuple[ReportColumn, ...],
    cells: Mapping[str, Cell],
    evidence: Mapping[str, tuple[EvidenceItem, ...]],
    missing: tuple[str, ...],
) -> ReportRow:
    kept = {name: items for name, items in evidence.items() if items}
    return ReportRow(key, tuple(cells[column.key] for column in columns), kept, missing)


def _students(plan: WirelessPlan, places: Places) -> dict[str, float]:
    """Students per access point by school, where enrolment is known."""
    counts: dict[str, int] = {}
    for area in plan.areas:
        if area.area.site is not None:
            counts[str(area.area.site)] = counts.get(str(area.area.site), 0) + len(area.points)
    out = {}
    for key, count in counts.items():
        school = places.by_id[PlaceId(key)].school
        if school is not None and school.enrolment is not None:
            out[key] = school.enrolment / count
    return out


def _room_names(points: Iterable[JudgedPoint], places: Places) -> str:
    rooms = {room for one in points if one.verdict is not Verdict.LEAVE for room in one.point.rooms}
    return ", ".join(sorted(places.by_id[room].name for room in rooms))


def _needs_by_area(needs: Iterable[SwitchNeed]) -> dict[str, tuple[SwitchNeed, ...]]:
    out: dict[str, tuple[SwitchNeed, ...]] = {}
    for one in needs:
        for key in one.areas:
            out[key] = (*out.get(key, ()), one)
    return out


def _needs_text(area: JudgedArea, needs: tuple[SwitchNeed, ...]) -> str:
    if area.estimate is None:
        return ""
    low, high = (number - area.estimate.replaced for number in (area.estimate.low, area.estimate.high))
    drops = f"{low} to {high}" if low != high else f"{low}"
    parts = [f"{drops} cable drops"]
    alike: dict[str, list[str]] = {}
    for one in needs:
        lacks = "; ".join(one.short_of) or "nothing known to be short"
        unknown = f" (unknown: {', '.join(one.missing)})" if one.missing else ""
        alike.setdefault(lacks + unknown, []).append(one.name)
    parts += [f"{', '.join(names)}: {text}" for text, names in alike.items()]
    return ". ".join(parts)


def _airtime(radio: JudgedRadio | None) -> float | None:
    return None if radio is None or radio.measure.airtime is None else radio.measure.airtime.p95
