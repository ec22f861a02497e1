"""Where secrets come from: the environment, files, systemd credentials. Never from the settings."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from netwatch.documents import did_you_mean
from netwatch.errors import ConfigError, Problem
from netwatch.model import Secret

__all__ = ["REMEDY", "WELL_KNOWN", "SecretError", "resolve_secret"]

WELL_KNOWN = "public"
"""The one secret that may be written down, because everybody knows it."""

REMEDY = "write {env: NAME}, {file: PATH} or {credential: NAME} in its place"

_SOURCES = ("env", "file", "credential")
_MAX_BYTES = 64 * 1024


class SecretError(ValueError):
    """A secret that can't be had. Neither text nor hint holds any of it."""

    def __init__(self, message: str, hint: str = REMEDY) -> None:
        super().__init__(message)
        self.hint = hint


def resolve_secret(
    spec: object, env: Mapping[str, str], base: Path | None = None, warnings: list[Problem] | None = None
) -> Secret:
    """The secret that `{env: NAME}`, `{file: PATH}` or `{credential: NAME}` points to.

    `base` is the folder that relative paths start from. Where NAME is not in the environment, NAME_FILE may
    name a file. A credential is a file in `$CREDENTIALS_DIRECTORY` (systemd.exec(5), LoadCredential=).
    What is unwise but works is added to `warnings`. Raises ConfigError without any content of the secret.
    """
    try:
        return lookup(spec, env, base or Path(), warnings if warnings is not None else [])
    except SecretError as error:
        raise ConfigError([Problem("", "", str(error), error.hint)]) from None


def lookup(spec: object, env: Mapping[str, str], base: Path, warnings: list[Problem]) -> Secret:
    """As `resolve_secret`, but raises SecretError."""
    if isinstance(spec, Secret):
        return spec
    if isinstance(spec, str) and spec == WELL_KNOWN:
        return Secret(spec)
    if not isinstance(spec, Mapping):
        raise SecretError("a secret in plain text is refused")
    if len(spec) != 1:
        raise SecretError("expected one of env, file, credential")
    (source, name), *_ = spec.items()
    if source not in _SOURCES:
        # The key is a word of the format; did_you_mean never shows it.
        raise SecretError("expected one of env, file, credential", did_you_mean(str(source), _SOURCES))
    if not isinstance(name, str) or not name:
        raise SecretError(f"{source} wants a name", REMEDY)
    if source == "env":
        return _from_environment(name, env, base, warnings)
    if source == "credential":
        return _from_systemd(name, env, warnings)
    return _from_file(base / Path(name).expanduser(), f"secret file {name}", warnings)


def _from_environment(name: str, env: Mapping[str, str], base: Path, warnings: list[Problem]) -> Secret:
    pointer = env.get(f"{name}_FILE")
    if name in env and pointer is not None:
        raise SecretError(f"both {name} and {name}_FILE are set", "unset one of them")
    if pointer is not None:
        return _from_file(base / pointer, f"secret file of {name}_FILE", warnings)
    if name not in env:
        raise SecretError(f"environment variable {name} is not set", f"set {name}, or {name}_FILE to a file")
    if not env[name]:
        raise SecretError(f"environment variable {name} is empty", f"set {name}, or {name}_FILE to a file")
    return Secret(env[name])


def _from_systemd(name: str, env: Mapping[str, str], warnings: list[Problem]) -> Secret:
    folder = env.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise SecretError(
            f"credential {name}: CREDENTIALS_DIRECTORY is not set",
            f"run under systemd with LoadCredential={name}:PATH",
        )
    if "/" in name or name in (".", ".."):
        raise SecretError("a credential's name holds no path", "write the name that LoadCredential= gives it")
    path = Path(folder) / name
    if not path.is_file():
        raise SecretError(f"credential {name} is not there", f"add LoadCredential={name}:PATH to the unit")
    return _from_file(path, f"credential {name}", warnings)


def _from_file(path: Path, what: str, warnings: list[Problem]) -> Secret:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SecretError(
                f"{what} is not a regular file", "name a file that holds nothing but the secret"
            )
        if status.st_size > _MAX_BYTES:
            raise SecretError(
                f"{what} is larger than 64 KiB", "name a file that holds nothing but the secret"
            )
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SecretError(f"{what} can't be read: {error.strerror}", "check its path and owner") from None
    except UnicodeDecodeError:
        raise SecretError(f"{what} is not UTF-8", "write the secret as text") from None
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise SecretError(f"{what} is empty", "write the secret into it")
    if status.st_mode & stat.S_IROTH:
        warnings.append(Problem(str(path), "", "everybody on this machine can read this secret", "chmod o-r"))
    return Secret(secret)
