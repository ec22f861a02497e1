"""The User-based Security Model as pure functions over bytes.

RFC 3414 (MD5, SHA, DES), RFC 3826 (AES-128), RFC 7860 (SHA-2), and AES-192/256 with the key extension of
draft-blumenthal-aes-usm-04, which net-snmp and most vendors use.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

from netwatch.errors import WireAuthError
from netwatch.model import Secret, UsmAuth, UsmPrivacy

__all__ = [
    "UsmKeys",
    "UsmUser",
    "decrypt_cfb",
    "digest",
    "initial_vector",
    "localise",
    "password_to_key",
]

_HASH = {
    UsmAuth.MD5: ("md5", 12),
    UsmAuth.SHA: ("sha1", 12),
    UsmAuth.SHA224: ("sha224", 16),
    UsmAuth.SHA256: ("sha256", 24),
    UsmAuth.SHA384: ("sha384", 32),
    UsmAuth.SHA512: ("sha512", 48),
}
"""Hash, and octets of its HMAC that go into a message."""

_KEY_OCTETS = {UsmPrivacy.DES: 16, UsmPrivacy.AES128: 16, UsmPrivacy.AES192: 24, UsmPrivacy.AES256: 32}

MIN_PASSWORD = 8
"""RFC 3414, 11.2: shorter passwords are refused by agents too."""

_NONE = Secret("")


@dataclass(frozen=True, slots=True)
class UsmUser:
    """Who asks. Keys follow from it and an engine id."""

    name: str
    auth: UsmAuth | None = None
    auth_password: Secret = _NONE
    privacy: UsmPrivacy | None = None
    privacy_password: Secret = _NONE

    def __post_init__(self) -> None:
        if self.privacy is not None and self.auth is None:
            raise WireAuthError("SNMPv3 privacy needs authentication (RFC 3414, 1.4.3)")
        for algorithm, password in ((self.auth, self.auth_password), (self.privacy, self.privacy_password)):
            if algorithm is not None and len(password.reveal()) < MIN_PASSWORD:
                raise WireAuthError(f"SNMPv3 {algorithm} password of {self.name!r} has under 8 characters")

    def keys(self, engine_id: bytes) -> UsmKeys:
        """Localised keys for one engine. The first call for a password takes milliseconds."""
        if self.auth is None:
            return UsmKeys(None, b"", None, b"")
        auth_key = localise(self.auth, password_to_key(self.auth, self.auth_password), engine_id)
        if self.privacy is None:
            return UsmKeys(self.auth, auth_key, None, b"")
        key = localise(self.auth, password_to_key(self.auth, self.privacy_password), engine_id)
        return UsmKeys(self.auth, auth_key, self.privacy, _extend(self.auth, self.privacy, key))


@dataclass(frozen=True, slots=True, repr=False)
class UsmKeys:
    """Localised keys: what a message is signed and encrypted with. Never shown."""

    auth: UsmAuth | None
    auth_key: bytes
    privacy: UsmPrivacy | None
    privacy_key: bytes
    _blocks: list[CipherContext] = field(default_factory=list, init=False, compare=False)
    """The bare block cipher of AES, once it was needed."""

    def __repr__(self) -> str:
        return f"UsmKeys({self.auth}, {self.privacy})"

    @property
    def digest_octets(self) -> int:
        return 0 if self.auth is None else _HASH[self.auth][1]

    @property
    def hash_name(self) -> str:
        """As hashlib calls it."""
        assert self.auth is not None
        return _HASH[self.auth][0]

    def sign(self, message: bytes) -> bytes:
        """msgAuthenticationParameters for a message in which they are zeros."""
        assert self.auth is not None
        return digest(self.auth, self.auth_key, message)

    def encrypt(self, scoped_pdu: bytes, boots: int, time: int, salt: int) -> tuple[bytes, bytes]:
        """Ciphertext and msgPrivacyParameters. `salt`: 64 bits that never repeat under one key."""
        if self.privacy is UsmPrivacy.DES:
            parameters = (boots & 0xFFFFFFFF).to_bytes(4, "big") + (salt & 0xFFFFFFFF).to_bytes(4, "big")
            padded = scoped_pdu + b"\0" * (-len(scoped_pdu) % 8)
        else:
            parameters, padded = salt.to_bytes(8, "big"), scoped_pdu
        context = self._cipher(boots, time, parameters).encryptor()
        return context.update(padded) + context.finalize(), parameters

    def decrypt(self, data: bytes, boots: int, time: int, parameters: bytes) -> bytes:
        """The scoped PDU, perhaps padded. Raises WireAuthError where the form is wrong."""
        if len(parameters) != 8 or (self.privacy is UsmPrivacy.DES and len(data) % 8):
            raise WireAuthError("encrypted SNMPv3 reply has a wrong form")
        if self.privacy is not UsmPrivacy.DES:
            return self._decrypt_aes(data, boots, time, parameters)
        context = self._cipher(boots, time, parameters).decryptor()
        return context.update(data) + context.finalize()

    def _decrypt_aes(self, data: bytes, boots: int, time: int, parameters: bytes) -> bytes:
        """One context serves all messages; making one for each costs three times as much as decrypting."""
        if not self._blocks:
            self._blocks.append(Cipher(AES(self.privacy_key), ECB()).encryptor())  # noqa: S305 - as said above
        return decrypt_cfb(self._blocks[0], initial_vector(boots, time, parameters), data)

    def _cipher(self, boots: int, time: int, parameters: bytes) -> Cipher[CBC] | Cipher[CFB]:
        if self.privacy is UsmPrivacy.DES:
            key, pre_iv = self.privacy_key[:8], self.privacy_key[8:16]
            iv = bytes(a ^ b for a, b in zip(pre_iv, parameters, strict=True))
            return Cipher(TripleDES(key * 3), CBC(iv))  # three equal keys are DES
        return Cipher(AES(self.privacy_key), CFB(initial_vector(boots, time, parameters)))


def decrypt_cfb(block: CipherContext, vector: bytes, data: bytes) -> bytes:
    """CFB128 from the bare cipher: each block of key stream is that of the ciphertext before it."""
    stream = np.frombuffer(block.update(vector + data[: len(data) // 16 * 16]), np.uint8, len(data))
    return (np.frombuffer(data, np.uint8) ^ stream).tobytes()


def initial_vector(boots: int, time: int, salt: bytes) -> bytes:
    """RFC 3826, 3.1.2.1."""
    return (boots & 0xFFFFFFFF).to_bytes(4, "big") + (time & 0xFFFFFFFF).to_bytes(4, "big") + salt


def digest(auth: UsmAuth, key: bytes, message: bytes) -> bytes:
    """The truncated HMAC of RFC 3414, 6.3 and RFC 7860, 4.2."""
    name, octets = _HASH[auth]
    return hmac.digest(key, message, name)[:octets]


@lru_cache(maxsize=1024)
def password_to_key(auth: UsmAuth, password: Secret) -> bytes:
    """RFC 3414, A.2: the hash of the password repeated to a megabyte."""
    text = password.reveal().encode()
    if not text:
        raise WireAuthError("SNMPv3 password is empty")
    repeated = (text * (1048576 // len(text) + 1))[:1048576]
    return hashlib.new(_HASH[auth][0], repeated).digest()


def localise(auth: UsmAuth, key: bytes, engine_id: bytes) -> bytes:
    """RFC 3414, 2.6: a key that is good for one engine only."""
    return hashlib.new(_HASH[auth][0], key + engine_id + key).digest()


def _extend(auth: UsmAuth, privacy: UsmPrivacy, key: bytes) -> bytes:
    """draft-blumenthal-aes-usm-04, 3.1.2.1: hashes of the key so far are appended until it is long enough."""
    octets = _KEY_OCTETS[privacy]
    while len(key) < octets:
        key += hashlib.new(_HASH[auth][0], key).digest()
    return key[:octets]
