"""How one logs in at a service, as data, and the calls that follow from it.

Only an answer in JSON with a known `error` and status 400 or 401 is a verdict on a code, a token or an app. Pages,
5xx and 403 are outages and shields: they never cost anybody their connection (myanimelist.md 1.5; read 2026-11-21).
"""

from __future__ import annotations

import base64
import hashlib
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from integrations.answers import Answer, judge_generally, read_json
from integrations.crypto import Secret
from integrations.errors import AuthRevoked, Malformed, ProviderError, Rejected, Transient
from integrations.line import Line, Request

TOKEN_SECONDS = 10.0
"""For one token call. A refresh holds a row lock meanwhile."""
LONGEST_LIFE = 10 * 365 * 86_400
LONGEST_TOKEN = 16_384
"""Characters. AniList's tokens and codes are about 1,000 (anilist.md 1.2)."""


@dataclass(frozen=True, slots=True)
class OAuthSpec:
    """authorize_url, token_url: absolute. pkce: "", "plain" or "S256".
    client_auth: "body" or "basic". body: how the token request is sent, "form" or "json".
    refreshes: False where the service has no refresh grant (AniList).
    secret_optional: True where public clients without a secret exist (MyAnimeList).
    """

    authorize_url: str
    token_url: str
    pkce: str = ""
    body: str = "form"
    client_auth: str = "body"
    refreshes: bool = True
    secret_optional: bool = False
    authorize_params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class App:
    """A client id and its secret (None for a public client), free of the white space that pasting adds.

    AniList calls a secret with a stray blank a wrong client (anilist.md 1.5).
    """

    client_id: str
    client_secret: Secret | None = None

    @classmethod
    def of(cls, client_id: str, client_secret: str | Secret | None) -> App:
        plain = client_secret.reveal() if isinstance(client_secret, Secret) else client_secret or ""
        return cls(client_id.strip(), Secret(plain.strip()) if plain.strip() else None)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token endpoint gave. refresh_token None: none came, an older one stays in force. expires_at: UTC."""

    access_token: Secret
    refresh_token: Secret | None
    expires_at: datetime | None


class AppRejected(ProviderError):
    """The app's id or secret is wrong. The trouble of whoever entered them, never of the person who links."""

    unsent = True


class CodeRejected(Rejected):
    """The code of this one link is used, expired or not ours: the person may start again."""


def new_verifier() -> str:
    """128 characters, the most that RFC 7636 allows; 768 bits."""
    return secrets.token_urlsafe(96)


def authorize_url(spec: OAuthSpec, *, client_id: str, redirect_uri: str, state: str, verifier: str = "") -> str:
    """Where the person's browser goes. With PKCE "plain" the challenge is the verifier itself."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        **spec.authorize_params,
    }
    if spec.pkce:
        query["code_challenge"] = _challenge(spec.pkce, verifier)
        query["code_challenge_method"] = spec.pkce
    return f"{spec.authorize_url}?{urlencode(query)}"


def _challenge(method: str, verifier: str) -> str:
    if method == "plain":
        return verifier
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def exchange_code(
    spec: OAuthSpec, line: Line, *, app: App, code: Secret, redirect_uri: str, verifier: Secret | None = None
) -> Grant:
    """A code for tokens. Called once: a code whose answer was lost is spent.

    Raises CodeRejected, AppRejected, Malformed, Transient and its kin.
    """
    fields: dict[str, str | Secret] = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if spec.pkce and verifier is not None:
        fields["code_verifier"] = verifier
    return _call(spec, line, app=app, fields=fields)


def refresh(spec: OAuthSpec, line: Line, *, app: App, refresh_token: Secret) -> Grant:
    """A refresh token for a new pair. The old one may be dead from then on: store the new pair before its use.

    Raises AuthRevoked when the refresh token is dead, AppRejected, Malformed, Transient and its kin.
    """
    return _call(spec, line, app=app, fields={"grant_type": "refresh_token", "refresh_token": refresh_token})


def _call(spec: OAuthSpec, line: Line, *, app: App, fields: dict[str, str | Secret]) -> Grant:
    is_refresh = fields["grant_type"] == "refresh_token"
    basic = None
    if spec.client_auth == "basic" and app.client_secret is not None:
        basic = (app.client_id, app.client_secret)
    else:
        fields = {**fields, "client_id": app.client_id}
        if app.client_secret is not None:
            fields["client_secret"] = app.client_secret
    request = Request(
        "POST",
        spec.token_url,
        json=fields if spec.body == "json" else None,
        form=fields if spec.body == "form" else None,
        basic=basic,
    )

    def judge(answer: Answer) -> ProviderError | None:
        return judge_token_answer(answer, name=line.service.name, is_refresh=is_refresh, now=line.clock())

    answer = line.exchange(request, judge=judge, seconds=TOKEN_SECONDS)
    return _read_grant(read_json(answer), line)


def judge_token_answer(answer: Answer, *, name: str, is_refresh: bool, now: float) -> ProviderError | None:
    """What a token endpoint's answer means; None = tokens should be in it."""
    data = read_json(answer)
    error = data.get("error") if isinstance(data, dict) else None
    if isinstance(error, str) and error and answer.status in (200, 400, 401):
        return _judge_error(error, data, name=name, is_refresh=is_refresh, status=answer.status)
    verdict = judge_generally(answer, name=name, now=now)
    if verdict is None or isinstance(verdict, Transient):
        return verdict
    if answer.status in (400, 401) and isinstance(data, dict):
        return Malformed(f"{name} refused the sign-in in a way that we do not understand.")
    return Transient(f"{name} does not hand out access at the moment.")


def _judge_error(error: str, data: dict[str, Any], *, name: str, is_refresh: bool, status: int) -> ProviderError:
    if error in ("invalid_client", "unauthorized_client"):
        return AppRejected(f"{name} does not accept the client id and secret of the app.")
    if error in ("server_error", "temporarily_unavailable"):
        return Transient(f"{name} has trouble at the moment.")
    if not is_refresh and error in ("invalid_grant", "invalid_request"):
        return CodeRejected(f"{name} did not accept this sign-in; it may have expired. Please start again.")
    # MyAnimeList calls a dead refresh token an invalid_request (myanimelist.md 1.5).
    told = f"{data.get('message', '')} {data.get('error_description', '')} {data.get('hint', '')}".lower()
    if error == "invalid_grant" or (error == "invalid_request" and (status == 401 or "refresh token" in told)):
        return AuthRevoked(f"{name} asks you to sign in again.")
    return Malformed(f"{name} refused the sign-in in a way that we do not understand.")


def _read_grant(data: Any, line: Line) -> Grant:
    token = data.get("access_token") if isinstance(data, dict) else None
    if not isinstance(token, str) or not is_token(token):
        raise Malformed(f"{line.service.name} sent no usable access token.", provider=line.service.slug)
    renewal = data.get("refresh_token")
    return Grant(
        access_token=Secret(token),
        refresh_token=Secret(renewal) if isinstance(renewal, str) and is_token(renewal) else None,
        expires_at=_read_expiry(data.get("expires_in"), token, now=line.clock()),
    )


def is_token(text: str) -> bool:
    """True for what can travel in a header: 1 to 16,384 printable ASCII characters without blanks."""
    return 0 < len(text) <= LONGEST_TOKEN and all("!" <= sign <= "~" for sign in text)


def _read_expiry(span: Any, token: str, *, now: float) -> datetime | None:
    """From `expires_in` (seconds, perhaps as text), else from the token itself; None = not told."""
    try:
        seconds = float(span)
    except (TypeError, ValueError):
        return read_expiry_of_token(token)
    if isinstance(span, bool) or not math.isfinite(seconds) or not 0 < seconds <= LONGEST_LIFE:
        return read_expiry_of_token(token)
    return datetime.fromtimestamp(now, UTC) + timedelta(seconds=seconds)


def read_expiry_of_token(token: str) -> datetime | None:
    """The `exp` claim of a JWT, unverified: good for a reminder, never for a decision on access (anilist.md 1.2)."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        value = read_json(Answer(200, {}, claims))
        return datetime.fromtimestamp(float(value["exp"]), UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return None
