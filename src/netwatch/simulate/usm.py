"""The agent's side of the User-based Security Model: RFC 3414, RFC 3826 and RFC 7860.

AES-192 and AES-256 extend short keys as net-snmp does (draft-blumenthal-aes-usm).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from netwatch.model import Secret, UsmAuth, UsmPrivacy

__all__ = ["LocalKeys", "User", "localize", "password_key"]

_DIGESTS: dict[UsmAuth, tuple[str, int]] = {
    UsmAuth.MD5: ("md5", 12),
    UsmAuth.SHA: ("sha1", 12),
    UsmAuth.SHA224: ("sha224", 16),
    UsmAuth.SHA256: ("sha256", 24),
    UsmAuth.SHA384: ("sha384", 32),
    UsmAuth.SHA512: ("sha512", 48),
}
"""hashlib's name and how many bytes of the digest are sent."""
_KEY_BYTES = {UsmPrivacy.DES: 16, UsmPrivacy.AES128: 16, UsmPrivacy.AES192: 24, UsmPrivacy.AES256: 32}
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class User:
    """One USM user with the levels that it may use: no lower one is accepted."""

    name: str
    auth: UsmAuth | None = None
    auth_password: Secret = field(default_factory=lambda: Secret(""))
    privacy: UsmPrivacy | None = None
    privacy_password: Secret = field(default_factory=lambda: Secret(""))
    _keys: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """Keys before localisation: the slow part, computed once for all agents."""

    def keys_for(self, engine_id: bytes) -> LocalKeys:
        if self.auth is None:
            return LocalKeys(None, b"", None, b"")
        digest = _DIGESTS[self.auth][0]
        auth = localize(self._master("auth", self.auth_password, digest), engine_id, digest)
        if self.privacy is None:
            return LocalKeys(self.auth, auth, None, b"")
        key = localize(self._master("privacy", self.privacy_password, digest), engine_id, digest)
        wanted = _KEY_BYTES[self.privacy]
        while len(key) < wanted:
            key += hashlib.new(digest, key).digest()
        return LocalKeys(self.auth, auth, self.privacy, key[:wanted])

    def _master(self, use: str, password: Secret, digest: str) -> bytes:
        if use not in self._keys:
            self._keys[use] = password_key(password.reveal(), digest)
        return self._keys[use]


def password_key(password: str, digest: str) -> bytes:
    """Password to key, RFC 3414 section A.2: a digest over one megabyte of the repeated password."""
    text = password.encode()
    if not text:
        raise ValueError("an empty password")
    repeated = (text * (_MEGABYTE // len(text) + 1))[:_MEGABYTE]
    return hashlib.new(digest, repeated).digest()


def localize(key: bytes, engine_id: bytes, digest: str) -> bytes:
    """RFC 3414 section 2.6."""
    return hashlib.new(digest, key + engine_id + key).digest()


@dataclass(frozen=True, slots=True)
class LocalKeys:
    """One user's keys at one engine."""

    auth: UsmAuth | None
    auth_key: bytes = field(repr=False)
    privacy: UsmPrivacy | None
    privacy_key: bytes = field(repr=False)

    @property
    def digest_bytes(self) -> int:
        return 0 if self.auth is None else _DIGESTS[self.auth][1]

    def sign(self, message: bytes) -> bytes:
        """The authentication parameters of a message in which they are zero."""
        if self.auth is None:
            return b""
        name, length = _DIGESTS[self.auth]
        return hmac.new(self.auth_key, message, name).digest()[:length]

    def encrypt(self, data: bytes, boots: int, time: int, salt: bytes) -> bytes:
        """`salt`: eight bytes that are never used twice, sent as privacy parameters."""
        if self.privacy is UsmPrivacy.DES:
            data += b"\0" * (-len(data) % 8)
        encryptor = self._cipher(boots, time, salt).encryptor()
        return encryptor.update(data) + encryptor.finalize()

    def decrypt(self, data: bytes, boots: int, time: int, salt: bytes) -> bytes:
        """Raises ValueError where the length can't be right."""
        if len(salt) != 8 or (self.privacy is UsmPrivacy.DES and len(data) % 8):
            raise ValueError("bad privacy parameters")
        decryptor = self._cipher(boots, time, salt).decryptor()
        return decryptor.update(data) + decryptor.finalize()

    def _cipher(self, boots: int, time: int, salt: bytes) -> Cipher[CBC] | Cipher[CFB]:
        if self.privacy is UsmPrivacy.DES:
            vector = bytes(a ^ b for a, b in zip(self.privacy_key[8:16], salt, strict=True))
            return Cipher(TripleDES(self.privacy_key[:8] * 3), CBC(vector))
        vector = boots.to_bytes(4, "big") + time.to_bytes(4, "big") + salt
        return Cipher(AES(self.privacy_key), CFB(vector))
