"""The synthetic table `device`: is it up, and what do the probes say."""

from __future__ import annotations

from collections.abc import Mapping

from netwatch.model import ROOT, EntityId, Evidence, Instant, Observation, Reading
from netwatch.wire import ProbeResult

__all__ = ["DEVICE_TABLE", "device_observation"]

DEVICE_TABLE = "device"


def device_observation(
    device: EntityId,
    at: Instant,
    interval: float,
    probes: Mapping[str, ProbeResult],
    evidence: Evidence,
    problems: tuple[str, ...],
) -> Observation:
    """Up if anything answered; no reading at all where nothing was asked."""
    readings: list[Reading] = []
    if probes:
        up = any(result.success for result in probes.values())
        readings.append(Reading(ROOT, "netwatch_device_up", float(up), origin=", ".join(sorted(probes))))
    for protocol, result in sorted(probes.items()):
        labels = (protocol,)
        readings.append(
            Reading(ROOT, "netwatch_probe_success", float(result.success), labels, origin=result.detail)
        )
        if result.success and result.seconds is not None:
            readings.append(Reading(ROOT, "netwatch_probe_duration_seconds", result.seconds, labels))
    return Observation(
        source=device,
        table=DEVICE_TABLE,
        at=at,
        readings=tuple(readings),
        interval=interval,
        evidence=evidence,
        problems=problems,
    )
