"""The gate in front of every handler: host, origin, login, role, body size, headers and audit."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from netwatch.web.audit import AuditEvent, AuditSink
from netwatch.web.auth import Role, is_loopback
from netwatch.web.login import Authenticator, Outcome
from netwatch.web.problem import HttpProblem

__all__ = ["CSRF_FIELD", "CSRF_HEADER", "IDENTITY", "MAX_BODY", "Gate", "Identity"]

MAX_BODY = 64 * 1024
"""Bytes. Nothing that a person or program sends here is larger."""
CSRF_HEADER = "X-Netwatch-Request"
CSRF_FIELD = "token"
_SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_BROWSER_MARKS = ("Sec-Fetch-Site", "Sec-Fetch-Mode", hdrs.ORIGIN, hdrs.REFERER, hdrs.COOKIE)

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Server": "netwatch",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sent a request, once the gate let it through."""

    user: str
    """Empty where no users are configured."""
    role: Role
    token: str
    """What a form of this user carries in its `token` field."""


IDENTITY: web.RequestKey[Identity] = web.RequestKey("netwatch.identity", Identity)


class Gate:
    """Lets a request through to its handler, or ends it with a problem and an audit line."""

    def __init__(
        self,
        authenticator: Authenticator,
        roles: Mapping[Callable[..., object], Role | None],
        audit: AuditSink,
        allowed_hosts: Collection[str] = (),
    ) -> None:
        """`roles` maps handlers to the role they need, None for the public; the default is `view`."""
        self._authenticator = authenticator
        self._roles = roles
        self._audit = audit
        self._hosts = frozenset(host.lower() for host in allowed_hosts)
        self._key = secrets.token_bytes(32)

    async def prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """Signal `on_response_prepare`: headers for every response, streamed ones included."""
        del request
        for name, value in {**_HEADERS, **self._authenticator.auth.headers}.items():
            response.headers[name] = value
        if hdrs.CACHE_CONTROL not in response.headers:
            response.headers[hdrs.CACHE_CONTROL] = "no-store"

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        who = ""
        try:
            self._check_host(request)
            self._check_size(request)
            self._check_certificate(request)
            needed = self._roles.get(request.match_info.handler, Role.VIEW)
            if needed is not None:
                identity = await self._login(request)
                who = identity.user
                if not identity.role.may(needed):
                    detail = f"this needs the role {needed}; {who} has {identity.role}"
                    raise HttpProblem(
                        HTTPStatus.FORBIDDEN, detail, refused=f"role {identity.role} is too low"
                    )
                request[IDENTITY] = identity
                if request.method not in _SAFE:
                    await self._check_cross_site(request, identity)
            response = await handler(request)
        except HttpProblem as problem:
            if problem.refused or request.method not in _SAFE:
                self._write(request, who or _named(problem), problem.status, problem.refused or "failed")
            raise
        except web.HTTPException as error:
            if request.method not in _SAFE:
                self._write(request, who, error.status, "failed")
            raise
        except Exception:
            if request.method not in _SAFE:
                self._write(request, who, HTTPStatus.INTERNAL_SERVER_ERROR, "failed")
            raise
        if request.method not in _SAFE:
            self._write(request, who, response.status, "done" if response.status < 400 else "failed")
        return response

    def _check_host(self, request: web.Request) -> None:
        """Against DNS rebinding: a page from elsewhere can't make its own name pass for this machine's."""
        if not self._hosts and not self._authenticator.auth.is_open:
            return  # a foreign page has no credentials for its own name
        try:
            host = (urlsplit(f"//{request.headers.get(hdrs.HOST, '')}").hostname or "").lower()
        except ValueError:
            host = ""
        if not (is_loopback(host) or host in self._hosts):
            raise HttpProblem(
                HTTPStatus.MISDIRECTED_REQUEST,
                "this server does not answer to that host name: use localhost, or see web.external_url",
                refused="unknown host name",
            )

    @staticmethod
    def _check_size(request: web.Request) -> None:
        if (request.content_length or 0) > MAX_BODY:
            raise HttpProblem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"a body may hold at most {MAX_BODY} bytes",
                headers={hdrs.CONNECTION: "close"},
                refused="body too large",
            )

    def _check_certificate(self, request: web.Request) -> None:
        tls = self._authenticator.auth.tls
        if tls is None or not tls.client_sans:
            return
        certificate = request.get_extra_info("peercert") or {}
        names = {value for _, value in certificate.get("subjectAltName", ())}
        if names.isdisjoint(tls.client_sans):
            raise HttpProblem(
                HTTPStatus.FORBIDDEN,
                "the client certificate is not one of those allowed",
                refused="certificate",
            )

    async def _login(self, request: web.Request) -> Identity:
        result = await self._authenticator.login(
            request.headers.get(hdrs.AUTHORIZATION), request.remote or "unknown"
        )
        if result.outcome is Outcome.OK and result.role is not None:
            return Identity(result.user, result.role, self._token(result.user))
        if result.outcome in (Outcome.LIMITED, Outcome.BUSY):
            raise _Refusal(
                HTTPStatus.TOO_MANY_REQUESTS
                if result.outcome is Outcome.LIMITED
                else HTTPStatus.SERVICE_UNAVAILABLE,
                "too many login attempts: wait a little",
                {hdrs.RETRY_AFTER: str(max(1, round(result.retry_after)))},
                "too many login attempts",
                result.user,
            )
        missing = result.outcome is Outcome.MISSING
        raise _Refusal(
            HTTPStatus.UNAUTHORIZED,
            "a user name and password are needed" if missing else "wrong user name or password",
            {hdrs.WWW_AUTHENTICATE: 'Basic realm="netwatch", charset="UTF-8"'},
            "no credentials" if missing else "wrong credentials",
            result.user,
        )

    async def _check_cross_site(self, request: web.Request, identity: Identity) -> None:
        """A browser adds credentials wherever a request comes from; a program has none of its marks."""
        if not any(mark in request.headers for mark in _BROWSER_MARKS):
            return
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        origin = request.headers.get(hdrs.ORIGIN)
        own = request.headers.get(hdrs.HOST, "").lower()
        # Only host and port are compared: behind a proxy that ends TLS the scheme differs.
        if site not in ("same-origin", "none") or (origin is not None and _netloc(origin) != own):
            raise HttpProblem(
                HTTPStatus.FORBIDDEN,
                "requests from another site change nothing here",
                refused="cross-site request",
            )
        if CSRF_HEADER in request.headers:
            return
        sent = (await request.post()).get(CSRF_FIELD)
        if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), identity.token.encode()):
            raise HttpProblem(
                HTTPStatus.FORBIDDEN,
                f"send the header {CSRF_HEADER}: 1, or load the page again and use its form",
                refused="no proof of the same origin",
            )

    def _token(self, user: str) -> str:
        return hmac.new(self._key, user.encode(), hashlib.sha256).hexdigest()

    def _write(self, request: web.Request, who: str, status: int, result: str) -> None:
        self._audit(
            AuditEvent(who, request.remote or "unknown", request.method, request.path, int(status), result)
        )


class _Refusal(HttpProblem):
    """A login that failed, with the name that was sent."""

    def __init__(
        self, status: HTTPStatus, detail: str, headers: Mapping[str, str], refused: str, user: str
    ) -> None:
        super().__init__(status, detail, headers=headers, refused=refused)
        self.user = user


def _named(problem: HttpProblem) -> str:
    return problem.user if isinstance(problem, _Refusal) else ""


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
