"""The register against the network: entered and not there, there and not entered, moved, exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from netwatch.model import DAY, Asset, AssetState, EntityId, EvidenceItem, PlaceId
from netwatch.planning.basis import Basis, Subject, day_of, subjects
from netwatch.planning.lifecycle.facts import Lifecycle
from netwatch.planning.lifecycle.findings import (
    Finding,
    FindingKind,
    Reconciliation,
    RegisterLine,
    tenure_evidence,
)
from netwatch.planning.lifecycle.missing import missing_facts
from netwatch.planning.lifecycle.moves import Moves
from netwatch.planning.lifecycle.sightings import Sightings, serial_key

__all__ = ["AWAY_DAYS", "INVENTORY_YEARS", "reconcile"]

AWAY_DAYS = 30
"""What was not seen for so long counts as not seen."""
INVENTORY_YEARS = 2
"""A physical inventory is due at least so often for what federal awards paid: 2 CFR 200.313(d)(2)."""


_ORDER = {kind: number for number, kind in enumerate(FindingKind)}


def reconcile(basis: Basis, lifecycle: Lifecycle, *, away_days: float = AWAY_DAYS) -> Reconciliation:
    """Compares what people entered with what is told. Pure: the same basis gives the same result."""
    return _Comparison(basis, lifecycle, away_days).result()


@dataclass(frozen=True, slots=True)
class _Seen:
    at: float | None
    by_serial: bool


class _Comparison:
    def __init__(self, basis: Basis, lifecycle: Lifecycle, away_days: float) -> None:
        self._basis = basis
        self._lifecycle = lifecycle
        self._since = basis.at - away_days * DAY
        self._sightings = Sightings.of(basis)
        self._moves = Moves(basis)
        self._days = self._sightings.days(basis.at)
        self._subjects = subjects(basis.snapshot)
        self._registered = {
            serial_key(one.serial): one for one in basis.snapshot.inventory.assets if one.serial
        }
        self._members: dict[str, int] = {}
        """Assets in use by device of the inventory."""
        for asset in basis.snapshot.inventory.assets:
            if asset.device:
                self._members[asset.device] = self._members.get(asset.device, 0) + 1
        self._successors: set[str] = set()
        """Serial numbers that are told of as what took another one's place."""
        self._findings: list[Finding] = []
        self._swaps = {
            id(one.asset): found for one in self._subjects if (found := self._swap(one)) is not None
        }

    def result(self) -> Reconciliation:
        lines = [self._line(one, one.asset) for one in self._subjects if one.asset is not None]
        lines += [
            self._line(_disposed(self._basis, asset), asset)
            for asset in self._basis.snapshot.inventory.assets
            if asset.status is AssetState.DISPOSED
        ]
        for subject in self._subjects:
            if subject.asset is None and subject.entity is not None:
                self._unregistered(subject, subject.entity.id)
        self._members_of_stacks()
        self._findings += self._duplicates()
        order = sorted(self._findings, key=lambda one: (_ORDER[one.kind], one.name, one.serial, one.detail))
        lines.sort(key=lambda one: (one.subject.name, one.asset.serial, one.asset.asset_tag))
        return Reconciliation(self._basis.at, tuple(order), tuple(lines), self._sightings)

    # -- what is in the register

    def _line(self, subject: Subject, asset: Asset) -> RegisterLine:
        seen = self._seen(subject, asset)
        found = [*self._judge(subject, asset, seen)]
        self._findings += found
        verified = max(
            (day for day in (asset.verified, None if seen.at is None else day_of(seen.at)) if day),
            default=asset.installed,
        )
        disposed = asset.status is AssetState.DISPOSED
        return RegisterLine(
            subject=subject,
            asset=asset,
            first_seen=self._sightings.first(asset.serial) if asset.serial else None,
            last_seen=seen.at,
            by_serial=seen.by_serial,
            due=None if disposed or verified is None else _years_after(verified, INVENTORY_YEARS),
            findings=tuple(dict.fromkeys(one.kind for one in found)),
            missing=() if disposed else missing_facts(subject, self._lifecycle),
        )

    def _seen(self, subject: Subject, asset: Asset) -> _Seen:
        at = self._sightings.last(asset.serial) if asset.serial else None
        if at is not None or subject.entity is None or self._members.get(asset.device) != 1:
            return _Seen(at, at is not None)
        itself = self._sightings.itself(subject.entity.id)
        if itself is not None and asset.serial:
            return _Seen(None, False)  # it says that it is another thing
        return _Seen(self._sightings.seen_at.get(subject.entity.id), False)

    def _judge(self, subject: Subject, asset: Asset, seen: _Seen) -> Iterator[Finding]:
        now = self._sightings.now(asset.serial) if asset.serial else None
        recent = now if now is not None and now.last_seen >= self._since else None
        entity = None if subject.entity is None else subject.entity.id
        if asset.status is AssetState.DISPOSED or (not asset.device and asset.status is AssetState.SPARE):
            if recent is not None and serial_key(asset.serial) not in self._successors:
                yield self._in_use(subject, asset, recent.device, recent.first_seen)
            return
        if recent is not None and entity is not None and recent.device != entity and asset.device:
            yield self._elsewhere(subject, asset, recent.device, recent.first_seen)
            return
        if id(asset) in self._swaps:
            yield self._swaps[id(asset)]
        elif (seen.at is None or seen.at < self._since) and recent is None:
            yield self._not_seen(subject, asset, seen)
        if entity is not None:
            yield from self._misplaced(subject, asset, entity)

    def _swap(self, subject: Subject) -> Finding | None:
        """Another serial number where the register says that this one is."""
        asset, device = subject.asset, subject.id
        if asset is None or device is None or not asset.device or not asset.serial:
            return None
        now = self._sightings.now(asset.serial)
        if now is not None and now.last_seen >= self._since:
            return None
        after = self._sightings.successor(asset.serial, device)
        if after is None and self._members.get(asset.device) == 1 and not self._sightings.first(asset.serial):
            itself = self._sightings.itself(device)
            after = itself if itself is not None and itself.asset_key != serial_key(asset.serial) else None
        if after is None:
            return None
        self._successors.add(after.asset_key)
        other = self._registered.get(after.asset_key)
        where = f" in {after.position}" if after.position else ""
        origin = f", {other.status} by the register" if other is not None else ", not in the register"
        return self._finding(
            FindingKind.SWAPPED,
            subject,
            asset.serial,
            f"register: {asset.serial}; seen{where}: {after.asset_key}{origin}",
            f"enter {after.asset_key} for {asset.device}, and what became of {asset.serial}",
            after.first_seen,
            device=device,
        )

    def _elsewhere(self, subject: Subject, asset: Asset, device: EntityId, since: float) -> Finding:
        name = self._basis.label(device)
        place = self._basis.places.get(device)
        return self._finding(
            FindingKind.MOVED,
            subject,
            asset.serial,
            f"register: {asset.device}; seen: {name}",
            f"enter {name} as its device",
            since,
            seen_place=place,
            device=device,
        )

    def _in_use(self, subject: Subject, asset: Asset, device: EntityId, since: float) -> Finding:
        disposed = asset.status is AssetState.DISPOSED
        when = f" on {asset.disposed}" if asset.disposed else ""
        told = f"disposed of{when}" if disposed else "a spare"
        name = self._basis.label(device)
        return self._finding(
            FindingKind.NOT_DISPOSED if disposed else FindingKind.NOT_A_SPARE,
            subject,
            asset.serial,
            f"register: {told}; seen: {name}",
            f"enter {name} as its device",
            since,
            seen_place=self._basis.places.get(device),
            device=device,
        )

    def _not_seen(self, subject: Subject, asset: Asset, seen: _Seen) -> Finding:
        polled = subject.device is not None and subject.device.target is not None
        if seen.at is not None:
            detail = f"last seen on {day_of(seen.at)}"
        else:
            detail = "never seen"
            if self._days is not None:
                detail += f" in the {self._days} days of the ledger"
            if not polled and subject.entity is None:
                detail += "; nothing asks it, and no controller tells of it"
        if asset.verified is not None:
            detail += f"; a person saw it on {asset.verified}"
        remedy = "look for it; enter where it is, or that it was disposed of"
        return self._finding(FindingKind.NOT_SEEN, subject, asset.serial, detail, remedy, seen.at)

    def _misplaced(self, subject: Subject, asset: Asset, device: EntityId) -> Iterator[Finding]:
        entered = None if subject.device is None else subject.device.place
        told = None if entered is None else self._moves.misplaced(device, entered)
        if told is not None and self._sightings.seen_at.get(device, 0.0) >= self._since:
            yield self._finding(
                FindingKind.MOVED,
                subject,
                asset.serial,
                f"register: {entered}; {told.text}",
                "enter where it is, or correct what it says of itself",
                None,
                seen_place=told.place,
                device=device,
                evidence=told.evidence,
            )

    # -- what is not in the register

    def _unregistered(self, subject: Subject, device: EntityId) -> None:
        at = self._sightings.seen_at.get(device)
        itself = self._sightings.itself(device)
        serial = subject.serial if itself is None else itself.asset_key
        if at is None or at < self._since or serial_key(serial) in self._registered:
            return
        first = min((one.first_seen for one in self._sightings.of_device.get(device, ())), default=None)
        listed = "polled, but without any fact of purchase" if subject.device is not None else "not entered"
        what = " ".join(filter(None, (subject.vendor, subject.model))) or "of unknown model"
        self._findings.append(
            self._finding(
                FindingKind.UNREGISTERED,
                subject,
                serial,
                f"{what}; {listed}",
                "enter it with serial number, date and cost",
                first,
                seen_place=subject.place,
                device=device,
            )
        )

    def _members_of_stacks(self) -> None:
        """Members that nobody entered, of devices that are entered."""
        first = {
            one.entity.id: one for one in self._subjects if one.entity is not None and one.asset is not None
        }
        for device, members in self._sightings.chassis.items():
            subject = first.get(device)
            if subject is None:
                continue
            for one in members:
                serial = serial_key(str(one.facts["serial"]))
                if serial not in self._registered and serial not in self._successors:
                    self._findings.append(
                        self._finding(
                            FindingKind.UNREGISTERED,
                            subject,
                            serial,
                            f"{one.name} of {subject.name}, {one.facts.get('model') or 'of unknown model'}",
                            f"enter it under assets, with device {subject.name}",
                            self._sightings.first(serial),
                            seen_place=subject.place,
                            device=device,
                        )
                    )

    def _duplicates(self) -> Iterator[Finding]:
        remedy = "correct the register"
        tags: dict[str, list[Asset]] = {}
        for asset in self._basis.snapshot.inventory.assets:
            if asset.asset_tag:
                tags.setdefault(asset.asset_tag.casefold(), []).append(asset)
        for _, assets in sorted(tags.items()):
            if len(assets) > 1:
                serials = ", ".join(sorted(one.serial or one.device or "?" for one in assets))
                tag = assets[0].asset_tag
                yield Finding(FindingKind.DUPLICATE, tag, "", f"asset tag {tag} stands for {serials}", remedy)
        for first, second, witness in self._basis.snapshot.conflicts:
            names = sorted((self._basis.label(first), self._basis.label(second)))
            detail = f"{names[0]} and {names[1]} show the same {witness.kind} {witness.value}"
            yield Finding(
                FindingKind.DUPLICATE, names[0], "", detail, "take one of them out of the inventory"
            )
        for serial in sorted(self._sightings.of_serial):
            there = [one for one in self._sightings.everywhere(serial) if one.last_seen >= self._since]
            if len(there) > 1:
                names = sorted(self._basis.label(one.device) for one in there)
                detail = f"serial number {serial} is told by {', '.join(names)}"
                hint = "a careless maker, or parts that were moved: compare the labels"
                yield Finding(FindingKind.DUPLICATE, names[0], serial, detail, hint)

    def _finding(
        self,
        kind: FindingKind,
        subject: Subject,
        serial: str,
        detail: str,
        remedy: str,
        since: float | None,
        *,
        seen_place: PlaceId | None = None,
        device: EntityId | None = None,
        evidence: tuple[EvidenceItem, ...] = (),
    ) -> Finding:
        entered = subject.place if subject.asset is not None else None
        if subject.device is not None:
            entered = subject.device.place
        return Finding(
            kind=kind,
            name=subject.name,
            serial=serial,
            detail=detail,
            remedy=remedy,
            since=since,
            school=subject.school,
            register_place=entered,
            seen_place=seen_place,
            device=device,
            evidence=evidence or self._ledger(serial),
        )

    def _ledger(self, serial: str) -> tuple[EvidenceItem, ...]:
        return tenure_evidence(self._basis, self._sightings, serial)


def _disposed(basis: Basis, asset: Asset) -> Subject:
    name = asset.asset_tag or f"{asset.vendor} {asset.model} {asset.serial}".strip()
    site = basis.snapshot.inventory.places.site_of(asset.place)
    return Subject(name, None, None, asset, asset.place, "" if site is None else site.name)


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # February 29
        return day.replace(year=day.year + years, day=28)
