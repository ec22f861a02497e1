"""What commands share that ask a running netwatch: options, the question, and who asks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from netwatch.cli.daemon import headers

__all__ = ["CaFile", "Url", "User", "ask", "me"]

Url = Annotated[
    str, typer.Option("--url", metavar="URL", envvar="NETWATCH_URL", help="Where netwatch answers.")
]
User = Annotated[
    str,
    typer.Option(
        "--user", metavar="NAME", envvar="NETWATCH_USER", help="User; the password is in NETWATCH_PASSWORD."
    ),
]
CaFile = Annotated[
    Path | None, typer.Option("--ca-file", metavar="FILE", help="Certificates to trust, in PEM.")
]


def me() -> str:
    """Who asks, where netwatch has no users: the account of this machine."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def ask(
    url: str, user: str, ca_file: Path | None, path: str, sent: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The JSON answer to a GET, or to a POST of `sent`. Raises NetwatchError in words for a person."""
    import asyncio

    return asyncio.run(_exchange(url.rstrip("/") + path, user, ca_file, sent))


async def _exchange(
    address: str, user: str, ca_file: Path | None, sent: Mapping[str, Any] | None
) -> dict[str, Any]:
    import ssl

    import aiohttp

    from netwatch.errors import NetwatchError

    tls = ssl.create_default_context(cafile=ca_file) if address.startswith("https:") else True
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(
        headers=headers({**os.environ, "NETWATCH_USER": user}), timeout=timeout
    ) as session:
        method = "GET" if sent is None else "POST"
        try:
            async with session.request(method, address, json=sent, ssl=tls, allow_redirects=False) as answer:
                found: dict[str, Any] = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NetwatchError(
                f"{address}: no answer ({type(error).__name__}): does netwatch run there? See --url"
            ) from None
        if answer.status >= 400:
            detail = found.get("detail", "") if isinstance(found, dict) else ""
            hint = ": use --user, and NETWATCH_PASSWORD for the password" if answer.status == 401 else ""
            raise NetwatchError(f"refused ({answer.status}): {detail}{hint}")
        return found
