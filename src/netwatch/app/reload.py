"""What a reload changed, in one line."""

from __future__ import annotations

from netwatch.app.loading import Configuration
from netwatch.config import diff_settings

__all__ = ["summary_of_change"]


def summary_of_change(old: Configuration, new: Configuration) -> str:
    """For the log and for whoever asked, e.g. `152 devices, 2 added, 1 changed`."""
    before, after = old.inventory.devices, new.inventory.devices
    changed = sum(before[name] != after[name] for name in before.keys() & after.keys())
    parts = [f"{len(after)} devices"]
    for count, word in (
        (len(after.keys() - before.keys()), "added"),
        (len(before.keys() - after.keys()), "removed"),
        (changed, "changed"),
    ):
        if count:
            parts.append(f"{count} {word}")
    if old.profiles.digest != new.profiles.digest:
        parts.append("profiles changed: every device is discovered anew")
    if new.refused:
        parts.append(f"profile files refused: {len(new.profiles.refused)}")
    difference = diff_settings(old.settings, new.settings)
    if difference.restart:
        parts.append(f"needs a restart: {', '.join(difference.restart)}")
    return ", ".join(parts)
