"""When a pass discovers its device anew, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace

import structlog

from netwatch.errors import NetwatchError
from netwatch.polling.backoff import pause
from netwatch.polling.progress import Progress
from netwatch.polling.settings import rediscovery_slot

__all__ = ["DISCOVERY_TABLE", "discovery_due", "rediscover"]

DISCOVERY_TABLE = "discovery"
"""Table name of the PollFailure of a discovery."""

_log = structlog.get_logger("netwatch.polling")


def discovery_due(progress: Progress, reason: str) -> bool:
    """`reason`: what the device says that calls for one; empty for none."""
    device, now = progress.device, progress.began.mono
    if device.plan is None or device.discovered is None:
        return now >= device.discover_at
    if reason:
        earliest = device.discovered.mono + progress.around.settings.rediscovery_gap
        if now < earliest:
            # Not now, but not forgotten either.
            device.discover_at = min(device.discover_at, earliest)
            return False
        return True
    return now >= device.discover_at


async def rediscover(progress: Progress, reason: str) -> bool:
    """Makes a new plan; True if that worked."""
    device, around, settings = progress.device, progress.around, progress.around.settings
    device.deadline = max(device.deadline, progress.began.mono + settings.discovery_deadline)
    progress.reading, progress.discovering = (DISCOVERY_TABLE,), True
    if device.plan is None and any(result.success for result in progress.probes.values()):
        progress.tell_health(around.clock.now())  # a first discovery may take minutes
    try:
        found = await around.discover(progress.target)
    except NetwatchError as error:
        _failed(progress, str(error))
        return False
    except Exception as error:
        _log.exception("discovery failed", device=progress.target.name)
        _failed(progress, f"internal error: {type(error).__name__}")
        return False
    progress.reading = ()
    progress.answered = True
    if progress.outdated:
        return True  # what was asked is no longer who is meant: the next pass asks the right one
    now = around.clock.now()
    device.adopt(found.plan, now.mono)
    device.stranger = ""
    device.discovered, device.discovery_failures = now, 0
    device.discover_at = rediscovery_slot(progress.target, settings, now.mono)
    device.sentinels.oids = ()
    for observation in found.observations:
        progress.accept(replace(observation, evidence=progress.evidence))
    tables = len(found.plan.tables)
    _log.debug("discovered", device=progress.target.name, reason=reason or "due", tables=tables)
    return True


def _failed(progress: Progress, reason: str) -> None:
    progress.reading = ()
    device = progress.device
    device.discovery_failures += 1
    longest = progress.around.settings.backoff_max
    wait = pause(device.discovery_failures, progress.target.interval, longest)
    device.discover_at = progress.began.mono + wait
    progress.fail(DISCOVERY_TABLE, reason)
