"""Consequence: who and what is hurt when it fails. Counted in proportion to need, by the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.model import FEW, UNDER_FEW, EntityId, InventoryDevice, PlaceId
from netwatch.planning.basis import Subject
from netwatch.planning.replacement.criteria.knowledge import Knowledge
from netwatch.planning.replacement.verdict import Judged, count, item

__all__ = ["consequence"]


def consequence(subject: Subject, known: Knowledge) -> list[Judged]:
    """Its parts in the order of the policy. A spare hurts nobody."""
    policy = known.policy.criteria.consequence.parts
    parts = {
        name: Judged(name, getattr(policy, name).points)
        for name in ("devices_behind", "role", "life_safety", "classrooms", "people")
    }
    if subject.spare:
        return list(parts.values())
    behind = _behind(subject, known, parts["devices_behind"])
    _role(subject, known, parts["role"])
    served = [
        known.basis.inventory_of[one] for one in sorted(behind or ()) if one in known.basis.inventory_of
    ]
    if subject.device is not None:
        served.insert(0, subject.device)
    _life_safety(subject, served, parts["life_safety"])
    rooms = sorted({room for device in served for room in device.serves})
    _classrooms(known, rooms, parts["classrooms"])
    _people(subject, known, behind, rooms, parts["people"])
    return list(parts.values())


def _behind(subject: Subject, known: Knowledge, out: Judged) -> frozenset[EntityId] | None:
    if subject.id is None:
        out.lacks("topology")
        return None
    behind = known.behind(subject.id)
    if not known.topology.knows(subject.id):
        out.lacks("topology")
    if behind is not None:
        policy = known.policy.criteria.consequence.parts.devices_behind
        text = f"{count(len(behind), 'device')} cut off or stopped without it"
        out.add(policy.curve.share(len(behind)), item(text, "topology", len(behind), "devices"))
    return behind


def _role(subject: Subject, known: Knowledge, out: Judged) -> None:
    if not subject.role:
        out.lacks("role")
        return
    roles = known.policy.criteria.consequence.parts.role.roles
    share = roles.get(subject.role, roles["other"])
    out.add(share, item(f"its role is {subject.role}", "inventory", share, "ratio"))


def _life_safety(subject: Subject, served: Sequence[InventoryDevice], out: Judged) -> None:
    critical = [device.name for device in served if device.life_safety]
    if critical:
        text = f"life safety: {critical[0]}" + (f" and {len(critical) - 1} more" if critical[1:] else "")
        out.add(1.0, item(text, "inventory", len(critical), "devices"))
    elif subject.device is None:
        out.lacks("life safety")


def _classrooms(known: Knowledge, rooms: Sequence[PlaceId], out: Judged) -> None:
    if not rooms:
        out.lacks("rooms served")
        return
    policy = known.policy.criteria.consequence.parts.classrooms
    text = f"serves {count(len(rooms), 'room')}"
    out.add(policy.curve.share(len(rooms)), item(text, "inventory", len(rooms), "rooms"))


def _people(
    subject: Subject,
    known: Knowledge,
    behind: frozenset[EntityId] | None,
    rooms: Sequence[PlaceId],
    out: Judged,
) -> None:
    """Students and wireless clients are mostly the same people: the greater number counts."""
    policy = known.policy.criteria.consequence.parts.people
    students, clients = _students(known, rooms), _clients(subject, known, behind)
    if students is None and clients is None:
        out.lacks("people served")
        return
    people = max(students or 0.0, clients or 0.0)
    out.add(policy.curve.share(people))
    told = []
    if students is not None:
        text = f"about {_people_told(students)} students in the rooms that it serves"
        told.append((students, item(text, "inventory", _suppressed(students), "students")))
    if clients is not None:
        text = f"{_people_told(clients)} wireless clients in class time (p95)"
        told.append((clients, item(text, "netwatch_radio_clients", _suppressed(clients), "clients")))
    out.evidence += [one for _, one in sorted(told, key=lambda row: -row[0])]


def _students(known: Knowledge, rooms: Sequence[PlaceId]) -> float | None:
    """Enrolment by the share of classrooms served, over all schools; None where no school tells both."""
    places = known.basis.snapshot.inventory.places
    by_school: dict[PlaceId, int] = {}
    for room in rooms:
        school = known.school_of(room)
        if school is not None:
            by_school[school.id] = by_school.get(school.id, 0) + 1
    found: list[float] = []
    for school_id, number in sorted(by_school.items()):
        facts = places.by_id[school_id].school
        if facts is not None and facts.enrolment is not None and facts.classrooms:
            found.append(facts.enrolment * min(1.0, number / facts.classrooms))
    return sum(found) if found else None


def _clients(subject: Subject, known: Knowledge, behind: frozenset[EntityId] | None) -> float | None:
    clients = known.measured.wear.clients
    own = [] if subject.id is None else [subject.id]
    counts = [
        clients[one].count
        for one in sorted({*own, *(behind or ())})
        if one in clients and clients[one].measured >= known.enough
    ]
    return sum(counts) if counts else None


def _people_told(number: float) -> str:
    return f"{number:.0f}" if number >= FEW else UNDER_FEW


def _suppressed(number: float) -> float | None:
    return round(number) if number >= FEW else None
