"""The end of a pass: what it means for the next one, and what people are told."""

from __future__ import annotations

import structlog

from netwatch.polling.backoff import pause
from netwatch.polling.device import Device
from netwatch.polling.progress import Progress

__all__ = ["conclude"]

WEIGHT = 0.1
"""Of the last pass in the usual duration of a device's passes."""

_log = structlog.get_logger("netwatch.polling")


def conclude(progress: Progress) -> None:
    """Back-off, status and health of the device."""
    device, now = progress.device, progress.around.clock.now()
    if progress.answered or any(result.success for result in progress.probes.values()):
        device.last_contact = now.wall
    if progress.polled:
        _back_off(progress)
        device.problem = progress.problems[0] if progress.problems else ""
        _log_silence(device, answered=progress.answered)
        if not progress.problems:
            device.last_success = now.wall
    elif not device.pollable:
        device.problem = "" if device.reachable is not False else "no probe was answered"
    device.last_duration = seconds = now.mono - progress.began.mono
    if progress.polled and not progress.discovering:
        usual = device.usual_duration
        device.usual_duration = seconds if not usual else usual + (seconds - usual) * WEIGHT
    progress.tell_health(now)


def _back_off(progress: Progress) -> None:
    device, around = progress.device, progress.around
    if progress.answered:
        device.failures, device.rest_until = 0, 0.0
        return
    device.failures += 1
    wait = pause(device.failures, progress.target.interval, around.settings.backoff_max)
    # Devices that died together need not be tried together.
    device.rest_until = progress.began.mono + wait * around.rng.uniform(0.9, 1.0)


def _log_silence(device: Device, *, answered: bool) -> None:
    """Logs once that a device fell silent and why, and once that it is back: a lost packet is no news."""
    if answered and device.told_silent:
        device.told_silent = False
        _log.info("device answers again", device=device.target.name)
    elif device.failures == (1 if device.last_contact is None else 2) and not device.told_silent:
        device.told_silent = True
        _log.warning("device does not answer", device=device.target.name, reason=device.problem)
