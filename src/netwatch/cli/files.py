"""Files that commands write: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from netwatch.errors import ConfigError, Problem

__all__ = ["write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Replaces a file by a text. Whoever reads it meanwhile finds the old one. Raises ConfigError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        partial = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            partial.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"can't be written: {error.strerror}")]) from None
