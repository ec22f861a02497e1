"""The commented configuration that `netwatch init` writes: the shipped example files."""

from __future__ import annotations

from pathlib import Path

from netwatch.errors import ConfigError, Problem
from netwatch.resources import config_dir

__all__ = ["SETTINGS_FILE", "starter_config", "write_starter"]

SETTINGS_FILE = "netwatch.yaml"
_STARTER = (SETTINGS_FILE, "inventory/*.yaml", "inventory/*.csv", "calendars/*.yaml")
"""Rules, policy and lifecycle facts are left where they are shipped, so that upgrades bring new ones."""


def starter_config() -> dict[str, str]:
    """Texts of the starter configuration by file name, the settings first. `netwatch check` accepts them."""
    source = config_dir()
    paths = [path for pattern in _STARTER for path in sorted(source.glob(pattern))]
    return {path.relative_to(source).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def write_starter(directory: Path) -> list[Path]:
    """Writes the starter configuration, and nothing if any of its files is there already.

    Raises ConfigError in that case, and where a file can't be written.
    """
    texts = {directory / name: text for name, text in starter_config().items()}
    there = [path for path in texts if path.exists()]
    if there:
        hint = "name another folder, or move it away"
        raise ConfigError([Problem(str(path), "", "is there already", hint) for path in there])
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise ConfigError([Problem(str(path), "", f"can't be written: {error.strerror}")]) from None
    return list(texts)
