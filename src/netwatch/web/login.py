"""Password checks that neither stall the loop, nor tell which users exist, nor let anybody guess for long."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

import bcrypt

from netwatch.model import Clock
from netwatch.web.auth import Auth, Role, User

__all__ = ["Authenticator", "LoginResult", "Outcome", "parse_basic"]

_CACHE_SECONDS = 300.0
_CACHE_ENTRIES = 256
_FAILURES = 10
"""Wrong passwords that one address may send in a row ..."""
_REFILL_SECONDS = 6.0
"""... and the time after which it may send one more."""
_TRACKED_ADDRESSES = 4096
_WAITING = 16
"""Checks that may wait for a thread; beyond, a request is told to come again."""
_MAX_PASSWORD = 72
"""bcrypt reads no more bytes than that."""
_NOBODY = User("", "$2b$10$" + "." * 53)
"""Checked in place of a user who does not exist, so that the answer takes as long."""


class Outcome(StrEnum):
    OK = "ok"
    MISSING = "missing"
    """No credentials were sent."""
    WRONG = "wrong"
    LIMITED = "limited"
    """Too many wrong ones from that address."""
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class LoginResult:
    outcome: Outcome
    user: str = ""
    """As sent: an unknown name is kept for the audit log."""
    role: Role | None = None
    retry_after: float = 0.0
    """Seconds."""


@dataclass(slots=True)
class _Budget:
    spent: float
    at: float


class Authenticator:
    """Checks HTTP Basic credentials (RFC 7617) against the users of a web file."""

    def __init__(
        self, auth: Auth, clock: Clock, check: Callable[[bytes, bytes], bool] = bcrypt.checkpw
    ) -> None:
        self._clock = clock
        self._check = check
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, float] = OrderedDict()
        self._budgets: OrderedDict[str, _Budget] = OrderedDict()
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="netwatch-login")
        self._waiting = 0
        self._running: dict[bytes, asyncio.Future[bool]] = {}
        self._auth = auth
        self._nobody = _NOBODY
        self.update(auth)

    @property
    def auth(self) -> Auth:
        return self._auth

    def update(self, auth: Auth) -> None:
        """Takes over a new web file. What was proven under a changed hash counts no more."""
        self._auth = auth
        costs = sorted(user.password_hash[4:6] for user in auth.users.values())
        if costs:
            self._nobody = User("", f"$2b${costs[len(costs) // 2]}$" + "." * 53)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def login(self, header: str | None, address: str) -> LoginResult:
        """Judges the `Authorization` header of a request from `address`."""
        if self._auth.is_open:
            return LoginResult(Outcome.OK, "", Role.ADMIN)
        if header is None:
            return LoginResult(Outcome.MISSING)
        sent = parse_basic(header)
        if sent is None:
            return LoginResult(Outcome.WRONG)
        name, password = sent
        user = self._auth.users.get(name)
        proof = self._proof(user, password)
        now = self._clock.now().mono
        if user is not None and self._known.get(proof, 0.0) > now:
            return LoginResult(Outcome.OK, name, user.role)
        if user is not None and (running := self._running.get(proof)) is not None:
            return self._verdict(await asyncio.shield(running), user, name)
        wait = self._limited(address, now)
        if wait > 0:
            return LoginResult(Outcome.LIMITED, name, retry_after=wait)
        if self._waiting >= _WAITING:
            return LoginResult(Outcome.BUSY, name, retry_after=1.0)
        self._spend(address, now)
        check = asyncio.ensure_future(self._matches(user or self._nobody, password))
        if user is not None:
            self._running[proof] = check
            check.add_done_callback(lambda _: self._running.pop(proof, None))
        # A client that goes away must not cancel the check that others of its kind wait for.
        matches = await asyncio.shield(check)
        if matches and user is not None:
            self._give_back(address)
            self._remember(proof)
        return self._verdict(matches, user, name)

    @staticmethod
    def _verdict(matches: bool, user: User | None, name: str) -> LoginResult:
        if not matches or user is None:
            return LoginResult(Outcome.WRONG, name)
        return LoginResult(Outcome.OK, name, user.role)

    def _proof(self, user: User | None, password: bytes) -> bytes:
        """A keyed hash stands for a proven password: the key dies with the process."""
        who = b"" if user is None else f"{user.name}\0{user.password_hash}\0".encode()
        return hmac.digest(self._key, who + password, hashlib.sha256)

    async def _matches(self, user: User, password: bytes) -> bool:
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._pool, self._checked, password, user.password_hash.encode()
            )
        finally:
            self._waiting -= 1

    def _checked(self, password: bytes, digest: bytes) -> bool:
        try:
            matches = self._check(password[:_MAX_PASSWORD], digest)
        except ValueError:
            return False
        return matches and len(password) <= _MAX_PASSWORD

    def _remember(self, proof: bytes) -> None:
        self._known[proof] = self._clock.now().mono + _CACHE_SECONDS
        self._known.move_to_end(proof)
        while len(self._known) > _CACHE_ENTRIES:
            self._known.popitem(last=False)

    def _limited(self, address: str, now: float) -> float:
        """Seconds until this address may try again; 0 if it may now."""
        budget = self._budgets.get(_network(address))
        if budget is None:
            return 0.0
        spent = max(0.0, budget.spent - (now - budget.at) / _REFILL_SECONDS)
        return max(0.0, (spent - (_FAILURES - 1)) * _REFILL_SECONDS)

    def _spend(self, address: str, now: float) -> None:
        """Every check costs until it succeeds, so that many at once count as many."""
        network = _network(address)
        budget = self._budgets.pop(network, None) or _Budget(0.0, now)
        budget.spent = max(0.0, budget.spent - (now - budget.at) / _REFILL_SECONDS) + 1.0
        budget.at = now
        self._budgets[network] = budget
        while len(self._budgets) > _TRACKED_ADDRESSES:
            self._budgets.popitem(last=False)

    def _give_back(self, address: str) -> None:
        budget = self._budgets.get(_network(address))
        if budget is not None:
            budget.spent = max(0.0, budget.spent - 1.0)


def parse_basic(header: str) -> tuple[str, bytes] | None:
    """User and password of a Basic header; None if it is none. Both in UTF-8 (RFC 7617)."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(rest.strip(), validate=True).partition(b":")
        return (name.decode(), password) if colon else None
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def _network(address: str) -> str:
    """One customer of an IPv6 provider has a whole /64."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
