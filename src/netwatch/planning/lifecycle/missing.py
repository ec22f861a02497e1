"""Facts that nobody entered and no device told: what plans would be surer with."""

from __future__ import annotations

from netwatch.planning.basis import Subject
from netwatch.planning.lifecycle.facts import Lifecycle

__all__ = ["missing_facts"]


def missing_facts(subject: Subject, lifecycle: Lifecycle) -> tuple[str, ...]:
    """Names of missing facts, in the order in which they are worth entering: `model`, `installed`,
    `useful life`, `support dates`, `exploited flaws`, `place`, `serial`, `cost`, `fund`, `warranty`,
    `support contract`. A spare needs no place and no contract."""
    asset = subject.asset
    in_use = not subject.spare
    known = {
        "model": bool(subject.models),
        "installed": asset is not None and asset.installed is not None,
        "useful life": lifecycle.useful_life(subject.kind, subject.role) is not None,
        "support dates": bool(lifecycle.milestones_of(subject.vendor, subject.models, subject.version)),
        "exploited flaws": lifecycle.knows_flaws_of(subject.vendor),
        "place": subject.place is not None or not in_use,
        "serial": bool(subject.serial),
        "cost": asset is not None and asset.cost is not None,
        "fund": asset is not None and bool(asset.fund),
        "warranty": asset is not None and asset.warranty_until is not None,
        "support contract": not in_use
        or (asset is not None and (asset.support_until is not None or bool(asset.contract))),
    }
    return tuple(name for name, there in known.items() if not there)
