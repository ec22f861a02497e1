"""Puts a user into a web file without touching what a person wrote around it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import bcrypt
import yaml

from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError, Problem
from netwatch.model import Secret
from netwatch.web.auth import Role, parse_web_document

__all__ = ["add_user", "hash_password", "with_user"]

_COST = 12
_MIN_LENGTH, _MAX_BYTES = 8, 72

_START = """\
# Users of netwatch's page and API, in the format of the Prometheus exporter-toolkit (docs/web.md).
# Everywhere but on loopback netwatch also wants certificates:
# tls_server_config:
#   cert_file: server.crt
#   key_file: server.key
"""


def hash_password(password: Secret) -> str:
    """A bcrypt hash. Raises ConfigError for a password that is too short, or longer than bcrypt reads."""
    text = password.reveal()
    if len(text) < _MIN_LENGTH:
        raise ConfigError(f"a password needs at least {_MIN_LENGTH} characters")
    if len(text.encode()) > _MAX_BYTES:
        raise ConfigError(f"bcrypt reads at most {_MAX_BYTES} bytes of a password: choose a shorter one")
    return bcrypt.hashpw(text.encode(), bcrypt.gensalt(_COST)).decode()


def add_user(path: Path, name: str, digest: str, role: Role) -> bool:
    """Adds or replaces a user in the web file, which is made if it is missing. True if the user was there.

    The file is checked before it is replaced in one step; only its owner may read a new one.
    Raises ConfigError.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else _START
        known = set(parse_web_document(parse_yaml(text, str(path)), path.parent, look_for_files=False).users)
        text = with_user(text, name, digest, role, str(path))
        parse_web_document(parse_yaml(text, str(path)), path.parent, look_for_files=False)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).chmod(mode)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"can't be written: {error.strerror}")]) from None
    return name in known


def with_user(text: str, name: str, digest: str, role: Role, file: str = "") -> str:
    """The text of a web file with that user in it; comments and order stay."""
    text = _with_entry(text, "basic_auth_users", name, digest, file)
    return _with_entry(text, "roles", name, role.value, file)


def _with_entry(text: str, section: str, key: str, value: str, file: str) -> str:
    lines = text.splitlines()
    entry = f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(value)}"
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    found = None
    if isinstance(root, yaml.MappingNode):
        found = next((pair for pair in root.value if pair[0].value == section), None)
    if found is None:
        return "\n".join([*lines, f"{section}:", f"  {entry}", ""])
    head, mapping = found
    line = head.start_mark.line
    if not isinstance(mapping, yaml.MappingNode) or (mapping.flow_style and not mapping.value):
        lines[line : mapping.end_mark.line + 1] = [f"{section}:", f"  {entry}"]
    elif mapping.flow_style:
        raise ConfigError(
            [Problem(file, section, "is written in braces: write one user per line", line=line + 1)]
        )
    else:
        old = next((pair for pair in mapping.value if pair[0].value == key), None)
        indent = " " * mapping.value[0][0].start_mark.column
        if old is not None:
            lines[old[0].start_mark.line : _last_line(old[1]) + 1] = [f"{indent}{entry}"]
        else:
            lines.insert(_last_line(mapping.value[-1][1]) + 1, f"{indent}{entry}")
    return "\n".join([*lines, ""])


def _last_line(node: yaml.Node) -> int:
    """A plain scalar ends on its own line, a block scalar at the begin of the line after it."""
    end = node.end_mark
    return int(end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line)
