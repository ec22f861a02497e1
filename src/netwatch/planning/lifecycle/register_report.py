"""The register and what does not agree with it, as a report."""

from __future__ import annotations

from datetime import date

from netwatch.model import AssetTenure, EvidenceItem, PlaceId, Report, ReportColumn, ReportRow, Sheet, Show
from netwatch.planning.basis import Basis, day_of
from netwatch.planning.lifecycle.findings import Finding, Reconciliation, RegisterLine, tenure_evidence
from netwatch.planning.lifecycle.reconcile import AWAY_DAYS
from netwatch.planning.lifecycle.sightings import serial_key

__all__ = ["register_report"]

_FINDINGS = (
    ReportColumn("finding", "Finding", public=True),
    ReportColumn("name", "Asset"),
    ReportColumn("school", "School", public=True),
    ReportColumn("serial", "Serial number"),
    ReportColumn("register_place", "Place in the register"),
    ReportColumn("seen_place", "Place where seen"),
    ReportColumn(
        "since", "Since", Show.DATE, "First day of what is found, or last day on which it was seen."
    ),
    ReportColumn("detail", "What was found"),
    ReportColumn("remedy", "What to do"),
)
_NOTES = (
    f"A thing counts as not seen after {AWAY_DAYS} days; over the summer much gear is switched off.",
    "Seen means that the device tells its serial number, or, where it tells none, that it answers.",
)
_INVENTORY_NOTES = (
    "The next physical inventory is due two years after the last day on which a person or netwatch saw the "
    "thing (2 CFR 200.313(d)(2), for what federal awards paid). netwatch sees that a thing is connected, not "
    "what condition it is in: ask your auditor whether that is enough; the days are in columns of their own.",
    "E-rate wants records that prove where equipment is for ten years (47 CFR 54.516).",
)


def register_report(found: Reconciliation, basis: Basis) -> Report:
    """Sheets: what does not agree, each asset, where each serial number was."""
    currencies = sorted({one.asset.currency for one in found.lines if one.asset.cost is not None})
    single = len(currencies) == 1
    return Report(
        "register",
        "Register of assets",
        found.at,
        (
            Sheet(
                "findings",
                "What does not agree with the register",
                _FINDINGS,
                _unique(tuple(_finding(one) for one in found.findings)),
                _NOTES,
            ),
            Sheet(
                "assets",
                "Every asset of the register",
                _columns(single=single),
                _unique(tuple(_line(one, found, basis) for one in found.lines)),
                _INVENTORY_NOTES,
            ),
            _history(found, basis),
        ),
        currency=currencies[0] if single else "",
    )


def _finding(one: Finding) -> ReportRow:
    cells = (
        str(one.kind),
        one.name,
        one.school or None,
        one.serial or None,
        one.register_place,
        one.seen_place,
        _day(one.since),
        one.detail,
        one.remedy,
    )
    evidence = {"detail": one.evidence} if one.evidence else {}
    return ReportRow(f"{one.kind.name.lower()}/{one.serial or one.name}", cells, evidence)


def _columns(*, single: bool) -> tuple[ReportColumn, ...]:
    return (
        ReportColumn("name", "Asset"),
        ReportColumn("state", "State", help="in use, spare, cascaded or disposed.", public=True),
        ReportColumn("school", "School", public=True),
        ReportColumn("place", "Place"),
        ReportColumn("kind", "Kind", public=True),
        ReportColumn("vendor", "Vendor", public=True),
        ReportColumn("model", "Model", public=True),
        ReportColumn("sku", "Order number", public=True),
        ReportColumn("serial", "Serial number"),
        ReportColumn("asset_tag", "Asset tag"),
        ReportColumn("installed", "Installed", Show.DATE, public=True),
        ReportColumn("cost", "Cost", Show.MONEY if single else Show.NUMBER, public=True),
        ReportColumn("currency", "Currency", public=True),
        ReportColumn("fund", "Fund", public=True),
        ReportColumn("award", "Award", help="E-rate funding request or federal award.", public=True),
        ReportColumn("warranty_until", "Warranty until", Show.DATE),
        ReportColumn("contract", "Contract"),
        ReportColumn("support_until", "Contract until", Show.DATE),
        ReportColumn("disposed", "Disposed", Show.DATE, public=True),
        ReportColumn("first_seen", "First seen", Show.DATE, "By its serial number."),
        ReportColumn("last_seen", "Last seen", Show.DATE, "By netwatch."),
        ReportColumn("verified", "Verified", Show.DATE, "By a person."),
        ReportColumn("inventory_due", "Physical inventory due", Show.DATE),
        ReportColumn("findings", "Findings", public=True),
        ReportColumn("missing", "Missing", help="Facts that nobody entered and no device told.", public=True),
    )


def _line(one: RegisterLine, found: Reconciliation, basis: Basis) -> ReportRow:
    subject, asset = one.subject, one.asset
    cells = (
        subject.name,
        str(asset.status),
        subject.school or None,
        subject.place,
        subject.kind or None,
        subject.vendor or None,
        subject.model or None,
        asset.sku or None,
        asset.serial or None,
        asset.asset_tag or None,
        asset.installed,
        asset.cost,
        None if asset.cost is None else asset.currency,
        asset.fund or None,
        asset.award or None,
        asset.warranty_until,
        asset.contract or None,
        asset.support_until,
        asset.disposed,
        _day(one.first_seen),
        _day(one.last_seen),
        asset.verified,
        one.due,
        "; ".join(one.findings) or None,
        "; ".join(one.missing) or None,
    )
    ledger = tenure_evidence(basis, found.sightings, asset.serial)
    entered = tuple(
        EvidenceItem(f"at {move.place} from {move.since}", "inventory") for move in reversed(asset.locations)
    )
    evidence = {"place": (*ledger, *entered)} if ledger or entered else {}
    if one.last_seen is not None:
        how = (
            "it tells its serial number" if one.by_serial else "its device answers; no serial number is told"
        )
        evidence["last_seen"] = (EvidenceItem(how, "ledger of assets", at=one.last_seen),)
    return ReportRow(asset.serial or asset.asset_tag or subject.name, cells, evidence, one.missing)


def _history(found: Reconciliation, basis: Basis) -> Sheet:
    columns = (
        ReportColumn("serial", "Serial number"),
        ReportColumn("model", "Model", public=True),
        ReportColumn("device", "Device"),
        ReportColumn("position", "Position", help="Slot, bay or stack member; empty: the device as a whole."),
        ReportColumn(
            "place", "Place", help="As of today, where the ledger tells; as entered, where people did."
        ),
        ReportColumn("from", "From", Show.DATE),
        ReportColumn("until", "Until", Show.DATE, "Empty while it is there."),
        ReportColumn("last_seen", "Last seen", Show.DATE),
        ReportColumn("told_by", "Told by", public=True),
    )
    rows = [_tenure(one, basis) for tenures in found.sightings.of_serial.values() for one in tenures]
    for line in found.lines:
        moves = line.asset.locations
        ends = [*(move.since for move in moves), None][1:]
        for move, until in zip(moves, ends, strict=True):
            serial = serial_key(line.asset.serial) or line.subject.name
            cells = (
                serial,
                line.subject.model or None,
                None,
                None,
                move.place,
                move.since,
                until,
                None,
                "inventory",
            )
            rows.append(ReportRow(f"{serial}/{move.since}/{move.place}", cells))
    rows.sort(key=lambda row: row.key)
    return Sheet("locations", "Where each serial number was", columns, _unique(tuple(rows)))


def _tenure(one: AssetTenure, basis: Basis) -> ReportRow:
    place: PlaceId | None = basis.places.get(one.device)
    cells = (
        one.asset_key,
        one.model or None,
        basis.label(one.device),
        one.position or None,
        place,
        day_of(one.first_seen),
        _day(one.ended),
        day_of(one.last_seen),
        "ledger",
    )
    return ReportRow(f"{one.asset_key}/{day_of(one.first_seen)}/{one.device}/{one.position}", cells)


def _unique(rows: tuple[ReportRow, ...]) -> tuple[ReportRow, ...]:
    """Rows with keys of their own: things without a serial number share the name of their device."""
    seen: dict[str, int] = {}
    out = []
    for row in rows:
        seen[row.key] = number = seen.get(row.key, 0) + 1
        key = row.key if number == 1 else f"{row.key} #{number}"
        out.append(ReportRow(key, row.cells, row.evidence, row.unknown))
    return tuple(out)


def _day(at: float | None) -> date | None:
    return None if at is None else day_of(at)
