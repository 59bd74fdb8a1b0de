"""How one logs in at a service, as data, and the calls that follow from it. What they answer: `grants`."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from integrations.answers import Answer, read_json
from integrations.crypto import Secret
from integrations.errors import ProviderError
from integrations.grants import (
    AppRejected,
    CodeRejected,
    Grant,
    PasswordRejected,
    is_token,
    judge_revocation,
    judge_token_answer,
    read_expiry_of_token,
    read_grant,
)
from integrations.limits import Budget
from integrations.line import Line, Request

__all__ = [
    "App",
    "AppRejected",
    "CodeRejected",
    "Grant",
    "OAuthSpec",
    "PasswordRejected",
    "authorize_url",
    "exchange_code",
    "is_token",
    "new_verifier",
    "password_grant",
    "read_expiry_of_token",
    "refresh",
    "revoke",
]

TOKEN_SECONDS = 10.0
"""For one token call. A refresh holds a row lock meanwhile."""
LOGINS = Budget("address", requests=14, seconds=60.0, burst=2)
"""Kitsu takes 15 password logins a minute from one address, whoever they are for (kitsu.md 4)."""


@dataclass(frozen=True, slots=True)
class OAuthSpec:
    """authorize_url, token_url, device_url, device_token_url, revoke_url: absolute, "" = there is none.
    grants: the ways to link an account, some of "code", "password" and "device". pkce: "", "plain" or "S256".
    client_auth: "body" or "basic". body: how the token request is sent, "form" or "json".
    refreshes: False where the service has no refresh grant (AniList).
    refresh_redirects: True where a refresh has to name a redirect address too (Trakt).
    refresh_when_left, refresh_share_left: renewed when less than this, or this share of the life, is left: for tokens
    that other apps share (Kitsu) or that are better left alone. None = at half the life, as `lifetimes` says.
    dead_statuses: with these and any JSON object, a refresh token is dead. expires_from_creation: `expires_in` counts
    from `created_at` (Trakt), not from now (Kitsu, whose reused tokens tell what is left).
    public_app: may be used by everybody where no other app is set up; its tokens are other programs' too (Kitsu).
    secret_optional: True where public clients without a secret exist (MyAnimeList).
    login_budget: of password grants alone, all people together.
    username_label, password_note: words for the form of the password grant.
    """

    authorize_url: str
    token_url: str
    grants: frozenset[str] = frozenset({"code"})
    device_url: str = ""
    device_token_url: str = ""
    revoke_url: str = ""
    pkce: str = ""
    body: str = "form"
    client_auth: str = "body"
    refreshes: bool = True
    refresh_redirects: bool = False
    refresh_when_left: timedelta | None = None
    refresh_share_left: float = 0.0
    dead_statuses: frozenset[int] = frozenset()
    expires_from_creation: bool = False
    public_app: App | None = None
    login_budget: Budget = LOGINS
    secret_optional: bool = False
    authorize_params: Mapping[str, str] = field(default_factory=dict)
    username_label: str = "User name"
    password_note: str = ""


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


def refresh(spec: OAuthSpec, line: Line, *, app: App, refresh_token: Secret, redirect_uri: str = "") -> Grant:
    """A refresh token for a new pair. The old one may be dead from then on: store the new pair before its use.

    redirect_uri: one that the app is registered with, for services that ask for it (`refresh_redirects`).
    Raises AuthRevoked when the refresh token is dead, AppRejected, Malformed, Transient and its kin.
    """
    fields: dict[str, str | Secret] = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    if spec.refresh_redirects:
        fields["redirect_uri"] = redirect_uri
    return _call(spec, line, app=app, fields=fields)


def password_grant(spec: OAuthSpec, line: Line, *, app: App, username: Secret, password: Secret) -> Grant:
    """A name and a password for tokens. The name may be an address, so it is as private as the password.

    line: one that spends `login_budget`. Raises PasswordRejected, AppRejected, Malformed, Transient and its kin.
    """
    return _call(spec, line, app=app, fields={"grant_type": "password", "username": username, "password": password})


def revoke(spec: OAuthSpec, line: Line, *, app: App, token: Secret, seconds: float = TOKEN_SECONDS) -> None:
    """Ends a grant: its access and its refresh token. One that is dead already, or unknown, is no error (RFC 7009).

    Raises AppRejected, Transient and its kin, Malformed for any other refusal.
    """
    fields = {"token": token, **app_fields(app)}
    form, body = (fields, None) if spec.body == "form" else (None, fields)
    request = Request("POST", spec.revoke_url, json=body, form=form)

    def judge(answer: Answer) -> ProviderError | None:
        return judge_revocation(answer, name=line.service.name, now=line.clock())

    line.exchange(request, judge=judge, seconds=min(seconds, TOKEN_SECONDS))


def _call(spec: OAuthSpec, line: Line, *, app: App, fields: dict[str, str | Secret]) -> Grant:
    grant_type = str(fields["grant_type"])
    basic = None
    if spec.client_auth == "basic" and app.client_secret is not None:
        basic = (app.client_id, app.client_secret)
    else:
        fields = {**fields, **app_fields(app)}
    request = Request(
        "POST",
        spec.token_url,
        json=fields if spec.body == "json" else None,
        form=fields if spec.body == "form" else None,
        basic=basic,
    )

    def judge(answer: Answer) -> ProviderError | None:
        name, now = line.service.name, line.clock()
        return judge_token_answer(answer, name=name, grant_type=grant_type, now=now, dead=spec.dead_statuses)

    answer = line.exchange(request, judge=judge, seconds=TOKEN_SECONDS)
    return read_grant(read_json(answer), line, from_creation=spec.expires_from_creation)


def app_fields(app: App) -> dict[str, str | Secret]:
    """The app as fields of a request's body."""
    secret = {} if app.client_secret is None else {"client_secret": app.client_secret}
    return {"client_id": app.client_id, **secret}
