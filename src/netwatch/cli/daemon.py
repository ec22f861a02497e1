"""Talking to a netwatch that runs: where it answers, who asks."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netwatch.errors import NetwatchError

__all__ = ["DEFAULT_URL", "base_url", "headers", "reload"]

DEFAULT_URL = "http://127.0.0.1:8600"
_TIMEOUT = 60.0


def base_url(config: Path | None, env: Mapping[str, str]) -> str:
    """Where the daemon of these settings listens; an address that means "everywhere" is asked on loopback."""
    if config is None:
        return DEFAULT_URL
    from netwatch.config import load_settings
    from netwatch.web import load_web_file

    web = load_settings(config, env).web
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(web.listen.host, web.listen.host)  # noqa: S104
    tls = web.web_config_file is not None and load_web_file(web.web_config_file).tls is not None
    literal = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{literal}:{web.listen.port}"


def headers(env: Mapping[str, str]) -> dict[str, str]:
    """With the user of NETWATCH_USER and NETWATCH_PASSWORD, if there is one."""
    out = {"Accept": "application/json"}
    if user := env.get("NETWATCH_USER", ""):
        pair = f"{user}:{env.get('NETWATCH_PASSWORD', '')}".encode()
        out["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return out


async def reload(base: str, env: Mapping[str, str]) -> bool:
    """Has the daemon read its configuration again. False if none answers there. Raises NetwatchError if it
    does and refuses."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(base.rstrip("/") + "/-/reload", headers=headers(env)) as answer,
        ):
            if answer.status == 200:
                return True
            if answer.status in (401, 403):
                raise NetwatchError(
                    f"{base} wants a user who may reload: set NETWATCH_USER and NETWATCH_PASSWORD, "
                    "or send the daemon a SIGHUP"
                )
            raise NetwatchError(f"{base} refused to reload ({answer.status}): {_told(await answer.text())}")
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def _told(text: str) -> str:
    import json

    try:
        body: Any = json.loads(text)
    except ValueError:
        return "see its log"
    problems = body.get("problems") if isinstance(body, dict) else None
    if not problems:
        return str(body.get("title", "see its log")) if isinstance(body, dict) else "see its log"
    first = problems[0]
    return f"{first.get('file')}:{first.get('line')}: {first.get('message')}"
