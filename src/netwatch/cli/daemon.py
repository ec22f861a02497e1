"""Talking to a netwatch that runs: where it answers, who asks."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netwatch.errors import ConfigError, NetwatchError, PlanningError, Problem

__all__ = ["DEFAULT_URL", "ask", "base_url", "fetch", "headers", "reload"]

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


async def ask(
    base: str,
    path: str,
    env: Mapping[str, str],
    *,
    sent: Mapping[str, Any] | None = None,
    timeout: float = 30.0,  # noqa: ASYNC109 - how long the daemon may take, not this function
) -> Any:
    """The JSON answer to a GET of `path`, or to a POST of `sent`, within so many seconds.

    Raises PlanningError with what to do about it; ConfigError where the daemon tells of places in what was
    sent, with problems of which `file` is empty.
    """
    import json

    body = await fetch(base, path, env, sent=sent, timeout=timeout)
    try:
        return json.loads(body)
    except ValueError:
        raise PlanningError(f"{base}{path} did not answer with JSON: is that netwatch?") from None


async def fetch(
    base: str,
    path: str,
    env: Mapping[str, str],
    *,
    sent: Mapping[str, Any] | None = None,
    timeout: float = 30.0,  # noqa: ASYNC109 - how long the daemon may take, not this function
) -> bytes:
    """The same for an answer of any type."""
    import aiohttp

    if not base.startswith(("http://", "https://")):
        raise PlanningError(f"{base}: expected a URL such as {DEFAULT_URL}")
    limit = aiohttp.ClientTimeout(total=timeout)
    method = "GET" if sent is None else "POST"
    try:
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.request(method, base.rstrip("/") + path, json=sent, headers=headers(env)) as answer,
        ):
            if answer.status >= 300:
                raise _refusal(base, path, answer.status, await answer.text())
            return await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise PlanningError(
            f"no netwatch answers at {base} ({type(error).__name__}): start it with `netwatch run`, "
            "or tell where it is with --config or --url"
        ) from None


def _refusal(base: str, path: str, status: int, text: str) -> NetwatchError:
    """What a refusal means to whoever asked."""
    body = _problem(text)
    detail = str(body.get("detail", ""))
    if status in (401, 403):
        words = f"{base} wants a user: set NETWATCH_USER and NETWATCH_PASSWORD"
        return PlanningError(f"{words} ({detail})" if status == 403 and detail else words)
    if status == 503:
        return PlanningError(f"{base}: {detail or 'the first plans are not made yet'}, try again in a minute")
    problems = body.get("problems")
    if isinstance(problems, list) and problems and all(isinstance(one, dict) for one in problems):
        return ConfigError(
            [
                Problem(
                    str(one.get("file") or ""),
                    str(one.get("path") or ""),
                    str(one.get("message") or ""),
                    str(one.get("hint") or ""),
                    one["line"] if isinstance(one.get("line"), int) else None,
                )
                for one in problems
            ]
        )
    if detail:
        return PlanningError(detail)
    return PlanningError(f"{base}{path} answered {status}: is that netwatch?")


def _problem(text: str) -> Mapping[str, Any]:
    """The problem document (RFC 9457) of an answer; empty where it is none."""
    import json

    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


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
