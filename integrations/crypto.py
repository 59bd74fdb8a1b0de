"""Sealing secrets: one envelope, one ring of keys, no fallback. No Django.

Envelope: version (1 byte) | key id (4) | nonce (12) | ciphertext and tag (plaintext + 16).

Every row has its own AES-256 key, derived from the ring's key and the row's UUID, so random nonces stay safe however
many rows there are. The row, the field and the key id are authenticated: a copied envelope does not open elsewhere.
Why, and what else was weighed: docs/decisions/0003-token-encryption.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = 1
KEY_BYTES = 32
KEY_ID_BYTES = 4
NONCE_BYTES = 12
TAG_BYTES = 16
HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES
MASK = "Secret(****)"
HOW_TO = "make one with: python -m integrations.crypto"

_INFO = b"enishi/secret/v1"
_KEY_ID = re.compile(r"[A-Za-z0-9]{1,4}")


class CryptoError(Exception):
    """Base of all errors here. No message ever holds a key or a plaintext."""


class KeyringError(CryptoError, ValueError):
    """TOKEN_KEYS cannot be used. The message names the cure."""


class EmptyKeyring(KeyringError):
    pass


class MalformedKey(KeyringError):
    """Not `id:base64`, or not 32 bytes."""


class DuplicateKey(KeyringError):
    """Two entries share an id or the key itself."""


class ReusedSecretKey(KeyringError):
    """A key is Django's SECRET_KEY, which more people and programs get to see."""


class SampleKey(KeyringError):
    """A key that was published or typed instead of drawn at random."""


class DecryptionError(CryptoError):
    """An envelope does not open here. Nothing is returned instead; the person has to link again."""


class UnknownKey(DecryptionError):
    """`key_id`: the id in the envelope, which the ring does not hold."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"sealed with key {key_id!r}, which is not in TOKEN_KEYS; put that key back into the ring")
        self.key_id = key_id


class Tampered(DecryptionError):
    """Altered, cut short, or moved from another row or field."""


class UnsupportedVersion(DecryptionError):
    """Written by a newer release, or not an envelope at all."""


class Secret:
    """Text that shows a mask wherever it is printed. Only `reveal()` gives it; call that where it is sent."""

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"a Secret holds text, not {type(text).__name__}")
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        return self._text

    def fingerprint(self) -> str:
        """Last 4 hex digits of the SHA-256: enough to tell two tokens apart, useless to guess one."""
        return hashlib.sha256(self._text.encode("utf-8", "surrogatepass")).hexdigest()[-4:]

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        """In constant time. A plain `str` is never equal: comparing with one is a bug in the caller."""
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (text.encode("utf-8", "surrogatepass") for text in (self._text, other._text))
        return hmac.compare_digest(mine, theirs)

    __hash__ = None  # type: ignore[assignment]  # a hash would be a fast comparison

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Secret does not change")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not pickled: pass the row's id and read it there")


@dataclass(frozen=True, slots=True)
class Context:
    """Where a secret lives: model label ("integrations.connection"), primary key, field name."""

    model: str
    row: UUID
    field: str

    def bind(self, key_id: bytes) -> bytes:
        """The associated data. Each part is preceded by its length, so that no two contexts read the same."""
        parts = (bytes([VERSION]), self.model.encode(), self.row.bytes, self.field.encode(), key_id)
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """Keys by their padded 4-byte id, in order: the first writes, all read."""

    keys: Mapping[bytes, bytes]

    @classmethod
    def parse(cls, text: str, *, secret_key: str = "", allow_samples: bool = False) -> Keyring:
        """From "id:base64,id2:base64", newlines allowed: id 1–4 letters or digits, key 32 bytes. Raises KeyringError.

        secret_key: Django's, which must not be used here as well.
        """
        entries = [entry for entry in re.split(r"[,\s]+", text) if entry]
        if not entries:
            raise EmptyKeyring(f"TOKEN_KEYS is empty; write id:base64 of 32 random bytes; {HOW_TO}")
        keys: dict[bytes, bytes] = {}
        for number, entry in enumerate(entries, start=1):
            key_id, key = _parse_entry(entry, number)
            if _is_secret_key(entry.partition(":")[2], key, secret_key):
                raise ReusedSecretKey(f"key {key_id} of TOKEN_KEYS is the SECRET_KEY; {HOW_TO}")
            if not allow_samples and _looks_typed(key):
                raise SampleKey(f"key {key_id} of TOKEN_KEYS is a sample or was not drawn at random; {HOW_TO}")
            if pad_key_id(key_id) in keys or key in keys.values():
                raise DuplicateKey(f"key {key_id} stands twice in TOKEN_KEYS, by its id or by its bytes; {HOW_TO}")
            keys[pad_key_id(key_id)] = key
        return cls(keys)

    @property
    def first(self) -> bytes:
        """Padded id of the key that writes."""
        return next(iter(self.keys))

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(show_key_id(key_id) for key_id in self.keys)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self.ids)})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Keyring is not pickled: read it from the settings")


def seal(plaintext: str | Secret, context: Context, keyring: Keyring) -> bytes:
    """The envelope, under the ring's first key; never the same bytes twice. Raises ValueError for lone surrogates."""
    text = plaintext.reveal() if isinstance(plaintext, Secret) else plaintext
    # Checked instead of caught: a UnicodeEncodeError would carry the text.
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("the secret holds a lone surrogate and cannot be stored")
    key_id, nonce = keyring.first, os.urandom(NONCE_BYTES)
    sealed = _cipher(keyring.keys[key_id], context).encrypt(nonce, text.encode(), context.bind(key_id))
    return bytes([VERSION]) + key_id + nonce + sealed


def open_(envelope: bytes, context: Context, keyring: Keyring) -> Secret:
    """Raises UnsupportedVersion, UnknownKey or Tampered. Only the key named in the envelope is tried."""
    key_id = key_id_of(envelope)
    key = keyring.keys.get(key_id)
    if key is None:
        raise UnknownKey(show_key_id(key_id))
    nonce = envelope[1 + KEY_ID_BYTES : HEADER_BYTES]
    try:
        plain = _cipher(key, context).decrypt(nonce, envelope[HEADER_BYTES:], context.bind(key_id))
    except InvalidTag as error:
        raise Tampered("was altered, cut short, or belongs to another row or field") from error
    return Secret(plain.decode())


def key_id_of(envelope: bytes) -> bytes:
    """The padded key id in the header. Raises UnsupportedVersion or Tampered (too short)."""
    if not envelope:
        raise Tampered("is empty")
    if envelope[0] != VERSION:
        raise UnsupportedVersion(f"has format version {envelope[0]}; this release reads version {VERSION}")
    if len(envelope) < HEADER_BYTES + TAG_BYTES:
        raise Tampered("is cut short")
    return bytes(envelope[1 : 1 + KEY_ID_BYTES])


def new_key(key_id: str = "k1") -> str:
    """A random entry for TOKEN_KEYS: "id:base64". Raises MalformedKey."""
    if not _KEY_ID.fullmatch(key_id):
        raise MalformedKey("a key id has 1 to 4 letters or digits")
    return f"{key_id}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"


def sample_key() -> str:
    """An entry that everybody can know: for tests. `Keyring.parse` refuses it unless told otherwise."""
    return f"test:{base64.b64encode(_SAMPLE).decode()}"


def pad_key_id(key_id: str) -> bytes:
    return key_id.encode("ascii").ljust(KEY_ID_BYTES, b"\0")


def show_key_id(key_id: bytes) -> str:
    """For people: the text where it is one of ours, else hex."""
    text = key_id.rstrip(b"\0").decode("ascii", "replace")
    return text if _KEY_ID.fullmatch(text) else f"0x{key_id.hex()}"


_SAMPLE = hashlib.sha256(b"enishi: a key that everybody can read").digest()


def _cipher(key: bytes, context: Context) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=context.row.bytes, info=_INFO).derive(key))


def _parse_entry(entry: str, number: int) -> tuple[str, bytes]:
    """Messages name the entry by its position: what stands before a missing colon may be the key itself."""
    key_id, colon, encoded = entry.partition(":")
    if not colon or not _KEY_ID.fullmatch(key_id):
        raise MalformedKey(f"entry {number} of TOKEN_KEYS is not id:base64 (id: 1 to 4 letters or digits); {HOW_TO}")
    key = _decode(encoded)
    if key is None:
        raise MalformedKey(f"key {key_id} of TOKEN_KEYS is not base64; {HOW_TO}")
    if len(key) != KEY_BYTES:
        raise MalformedKey(f"key {key_id} of TOKEN_KEYS has {len(key)} bytes instead of {KEY_BYTES}; {HOW_TO}")
    return key_id, key


def _decode(text: str) -> bytes | None:
    """Base64 in either alphabet, padded or not; None if it is not."""
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _is_secret_key(encoded: str, key: bytes, secret_key: str) -> bool:
    if not secret_key:
        return False
    return encoded == secret_key or key in (secret_key.encode(), _decode(secret_key))


def _looks_typed(key: bytes) -> bool:
    """Published, a pattern, or text: no random draw of 32 bytes looks so (odds below 1 in 10^13)."""
    steps = {(byte - key[at]) % 256 for at, byte in enumerate(key[1:])}
    return key == _SAMPLE or len(set(key)) < 16 or len(steps) == 1 or all(32 <= byte < 127 for byte in key)


if __name__ == "__main__":
    # Without Django: settings do not load before there is a key.
    print(new_key(*sys.argv[1:2]))  # noqa: T201
