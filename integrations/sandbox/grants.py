"""Apps, codes and tokens of one fake. What a grant means, and how a refusal reads, is the fake's own business."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from integrations.sandbox.luck import seeded

WORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HEX = "0123456789abcdef"
BLOB_START = "def50200"
CODE_LENGTH = 704
SIGNATURE_BYTES = 512
"""Of an RSA-4096 signature; makes a token about 1 KB long, as the real ones are."""


@dataclass(frozen=True)
class App:
    """A registered client. secret: "" for a public one. redirect_uris: the first is the default."""

    client_id: str
    secret: str
    redirect_uris: tuple[str, ...]
    name: str = ""


@dataclass
class Code:
    """redirect_uri: as sent to the authorize page, "" when it was not. challenge: PKCE's, "" without."""

    code: str
    client_id: str
    account_id: int
    redirect_uri: str
    challenge: str
    expires_at: float
    used: bool = False


@dataclass
class Token:
    """One grant. refresh: "" where the service has none. Times in sandbox seconds."""

    access: str
    refresh: str
    client_id: str
    account_id: int
    expires_at: float
    refresh_expires_at: float = 0.0
    revoked: bool = False
    refresh_revoked: bool = False

    def is_live(self, now: float) -> bool:
        return not self.revoked and now < self.expires_at


class Grants:
    def __init__(self, purpose: str) -> None:
        self._random = seeded(purpose)
        self.apps: dict[str, App] = {}
        self.codes: dict[str, Code] = {}
        self.by_access: dict[str, Token] = {}
        self.by_refresh: dict[str, Token] = {}

    def word(self, length: int, letters: str = WORD) -> str:
        return "".join(self._random.choices(letters, k=length))

    def mint(self, client_id: str, account_id: int, *, issued_at: float, lifetime: int) -> str:
        """An access token with the shape of an RS256 JWT. Its claims can be read; its signature is noise."""
        claims = {
            "aud": client_id,
            "jti": self.word(128, HEX),
            "iat": int(issued_at),
            "nbf": int(issued_at),
            "exp": int(issued_at) + lifetime,
            "sub": str(account_id),
            "scopes": [],
        }
        parts = [json.dumps(part, separators=(",", ":")).encode() for part in ({"typ": "JWT", "alg": "RS256"}, claims)]
        return ".".join(_base64url(part) for part in (*parts, self._random.randbytes(SIGNATURE_BYTES)))

    def blob(self, length: int) -> str:
        """What the services' codes and refresh tokens look like: an encrypted payload in hex."""
        return BLOB_START + self.word(length - len(BLOB_START), HEX)

    def add_code(self, app: App, account_id: int, *, redirect_uri: str, challenge: str, expires_at: float) -> Code:
        code = Code(self.blob(CODE_LENGTH), app.client_id, account_id, redirect_uri, challenge, expires_at)
        self.codes[code.code] = code
        return code

    def add_token(self, token: Token) -> Token:
        self.by_access[token.access] = token
        if token.refresh:
            self.by_refresh[token.refresh] = token
        return token

    def tokens_of(self, account_id: int) -> list[Token]:
        return [token for token in self.by_access.values() if token.account_id == account_id]


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
