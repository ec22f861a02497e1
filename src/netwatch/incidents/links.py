"""Signed links that acknowledge one alert, once, without a login."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

__all__ = ["Link", "LinkError", "make_token", "read_token"]

_VERSION = 1


class LinkError(Exception):
    """A link that is good for nothing. The text is for the person who followed it."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for."""

    alert: str
    """Id of the one alert that it acknowledges."""
    to: str
    """Name of the channel that it was sent to: who acknowledges, as far as anybody knows."""
    expires: int
    """Wall seconds."""
    nonce: str
    """Tells this link from any other, so that it is used once."""


def make_token(key: bytes, link: Link) -> str:
    """Text for a URL: the link and its HMAC-SHA256 (RFC 2104), both in base64url."""
    body = json.dumps(
        [_VERSION, link.alert, link.to, link.expires, link.nonce], separators=(",", ":")
    ).encode()
    return f"{_encode(body)}.{_encode(_mac(key, body))}"


def read_token(key: bytes, token: str, now: float) -> Link:
    """Raises LinkError unless the token was made with this key and has not expired at wall second `now`."""
    head, _, tail = token.partition(".")
    try:
        body, mac = _decode(head), _decode(tail)
    except (ValueError, binascii.Error):
        raise LinkError("This link is damaged: copy it as a whole, or use the page of alerts.") from None
    # The signature first: nothing is made of what somebody else wrote.
    if not hmac.compare_digest(mac, _mac(key, body)):
        raise LinkError("This link is not one of this netwatch, or its key was changed meanwhile.")
    version, alert, to, expires, nonce = json.loads(body)
    if version != _VERSION:
        raise LinkError("This link was made by another version of netwatch.")
    if now >= expires:
        raise LinkError("This link has expired: use the page of alerts.")
    return Link(alert, to, expires, nonce)


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, b"netwatch acknowledge\0" + body, hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    data = text.encode("ascii")
    return base64.b64decode(data + b"=" * (-len(data) % 4), altchars=b"-_", validate=True)
