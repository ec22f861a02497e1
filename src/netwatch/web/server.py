"""Serves the application on its addresses, as safely as the address demands."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from netwatch.errors import ConfigError, Problem
from netwatch.web.application import AUTHENTICATOR
from netwatch.web.auth import Auth

__all__ = ["WebServer"]

_SHUTDOWN_SECONDS = 2.0


class WebServer:
    """One application on one or more (host, port)."""

    def __init__(self, app: web.Application, listen: Sequence[tuple[str, int]], auth: Auth) -> None:
        """Raises ConfigError if `auth` is too weak for an address."""
        for host, _ in listen:
            auth.check_listen(host)
        self._app = app
        self._listen = tuple(listen)
        self._context = None if auth.tls is None else auth.tls.context()
        self._auth = auth
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listens when it returns. Raises ConfigError if an address can't be had."""
        runner = web.AppRunner(
            self._app, access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        self._runner = runner
        for host, port in self._listen:
            try:
                await web.TCPSite(runner, host, port, ssl_context=self._context).start()
            except OSError as error:
                await self.close()
                reason = error.strerror or str(error)
                hint = "another program may have the port: choose another or stop it"
                raise ConfigError(
                    [Problem("", "web.listen", f"can't listen on {host}:{port}: {reason}", hint)]
                ) from None

    async def close(self) -> None:
        """Stops listening and ends open requests within two seconds."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it listens, with the real ports."""
        scheme = "http" if self._context is None else "https"
        addresses = [] if self._runner is None else self._runner.addresses
        return tuple(f"{scheme}://{_bracketed(str(host))}:{port}/" for host, port, *_ in addresses)

    def update(self, auth: Auth) -> None:
        """Takes over a new web file: users and roles at once, certificates for new connections.

        Raises ConfigError, changing nothing, if it is too weak for the addresses, its files can't be used, or
        it would turn TLS on or off, which needs a restart.
        """
        for host, _ in self._listen:
            auth.check_listen(host)
        if (auth.tls is None) != (self._context is None):
            problem = Problem(
                "", "tls_server_config", "TLS is turned on or off by a restart, not by a reload"
            )
            raise ConfigError([problem])
        if auth.tls is not None and self._context is not None:
            auth.tls.context()  # the new files must be good before the running context takes them
            self._context.load_cert_chain(auth.tls.cert_file, auth.tls.key_file)
        self._auth = auth
        self._app[AUTHENTICATOR].update(auth)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
