"""From files to Settings, with everything that is wrong in them."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from netwatch.config.credentials import CredentialFile, CredentialSet
from netwatch.config.fields import LoadContext
from netwatch.config.settings import Settings
from netwatch.config.telling import contradictions
from netwatch.documents import Document, did_you_mean, read_yaml, validate
from netwatch.errors import ConfigError, Problem

__all__ = ["expand", "load_settings"]


def load_settings(path: Path, env: Mapping[str, str]) -> Settings:
    """Reads a settings file and the credential files that it names.

    `env` is where `{env: NAME}` and systemd's CREDENTIALS_DIRECTORY are looked up. What is unwise but works
    is in `.warnings` of the result. Raises ConfigError with one Problem per mistake.
    """
    document = read_yaml(path)
    if not isinstance(document.data, dict):
        raise ConfigError([document.problem((), "expected a mapping of settings", "see `netwatch init`")])
    context = LoadContext(path.absolute().parent, env)
    settings = validate(Settings, document, context=context)
    problems: list[Problem] = []
    credentials = dict(settings.credentials)
    problems.extend(_add_credential_files(credentials, settings, document, env, context.warnings))
    settings = settings.model_copy(update={"credentials": credentials})
    problems.extend(_contradictions(settings, document))
    problems.extend(_exposure(settings, document))
    if problems:
        raise ConfigError(problems)
    settings._warnings = tuple(context.warnings)
    return settings


def expand(patterns: Iterable[str]) -> tuple[Path, ...]:
    """The files that paths and shell patterns name, each once: those of a pattern by name.

    A path without wildcards is kept even where no such file is, so that its reader can complain.
    """
    out: dict[Path, None] = {}
    for pattern in patterns:
        found = [pattern]
        if glob.has_magic(pattern):
            found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - patterns are absolute
        out.update((Path(name), None) for name in found)
    return tuple(out)


def _add_credential_files(
    credentials: dict[str, CredentialSet],
    settings: Settings,
    document: Document,
    env: Mapping[str, str],
    warnings: list[Problem],
) -> Iterator[Problem]:
    origin = dict.fromkeys(credentials, document.file)
    for path in expand(settings.credential_files):
        try:
            file = read_yaml(path)
            context = LoadContext(path.absolute().parent, env, warnings)
            sets = validate(CredentialFile, file, context=context).credentials
        except ConfigError as error:
            yield from error.problems
            continue
        for name, value in sets.items():
            if name in credentials:
                message = f"credentials {name!r} are defined twice"
                yield file.problem(("credentials", name), message, f"first in {origin[name]}")
            credentials[name] = value
            origin[name] = file.file


def _contradictions(settings: Settings, document: Document) -> Iterator[Problem]:
    polling = settings.polling
    if "deadline" in polling.model_fields_set and polling.deadline > polling.interval:
        yield document.problem(
            ("polling", "deadline"),
            "is longer than polling.interval",
            "a poll ends before the next one begins",
        )
    for index, name in enumerate(settings.defaults.credentials):
        if name not in settings.credentials:
            path: tuple[str | int, ...] = ("defaults", "credentials", index)
            hint = did_you_mean(name, settings.credentials)
            yield document.problem(path, f"unknown credentials {name!r}", hint)
    receivers: dict[str, str] = {}
    for row, receiver in enumerate(settings.remote_write):
        if receiver.name in receivers:
            message = f"receiver {receiver.name!r} is defined twice"
            hint = f"first at {receivers[receiver.name]}"
            yield document.problem(("remote_write", row, "name"), message, hint)
        receivers.setdefault(receiver.name, f"remote_write[{row}]")
    seen: dict[str, str] = {}
    alerts = settings.alerts
    for section in ("alertmanager", "webhook", "email", "mqtt", "apprise", "sms"):
        for row, channel in enumerate(getattr(alerts, section)):
            place = f"alerts.{section}[{row}]"
            if channel.name in seen:
                path = ("alerts", section, row, "name")
                message = f"channel {channel.name!r} is defined twice"
                yield document.problem(path, message, f"first at {seen[channel.name]}")
            seen.setdefault(channel.name, place)
    yield from contradictions(alerts, seen, document)


def _exposure(settings: Settings, document: Document) -> Iterator[Problem]:
    """Beyond loopback the page wants TLS and users: a reader of it learns where every device is."""
    web = settings.web
    if web.web_config_file is None:
        if not web.listen.loopback:
            yield document.problem(
                ("web", "listen"),
                f"{web.listen} is open to the network without TLS and users",
                "set web.web_config_file, or listen on 127.0.0.1",
            )
        return
    try:
        file = read_yaml(web.web_config_file)
    except ConfigError as error:
        yield from error.problems
        return
    data = file.data if isinstance(file.data, dict) else {}
    if web.listen.loopback:
        return
    tls = data.get("tls_server_config")
    if not isinstance(tls, dict) or not tls.get("cert_file") or not tls.get("key_file"):
        yield file.problem(
            ("tls_server_config",),
            f"{web.listen} is open to the network without TLS",
            "set tls_server_config.cert_file and key_file, or listen on 127.0.0.1",
        )
    if not data.get("basic_auth_users"):
        yield file.problem(
            ("basic_auth_users",),
            f"{web.listen} is open to the network without users",
            "add basic_auth_users, or listen on 127.0.0.1",
        )
