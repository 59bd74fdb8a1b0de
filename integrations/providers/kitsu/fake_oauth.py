"""Kitsu's OAuth in the fake: passwords and refresh tokens, no redirect. providers/kitsu.md 2 and 4, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING, Any

import msgspec
from werkzeug.wrappers import Response

from integrations.sandbox.answers import json_answer
from integrations.sandbox.grants import HEX, App, Token
from integrations.sandbox.throttle import Burst

if TYPE_CHECKING:
    from integrations.providers.kitsu.fake_control import ControlledKitsu
    from integrations.sandbox.base import Exchange

# The pair that Kitsu publishes for everyone: providers/kitsu.md 2.1.
PUBLIC_ID = "dd031b32d2f56c990b1425efe6c42ad847e7fe3ab46bf1299f05ecd856bdb7dd"
PUBLIC_SECRET = "54d7307928f63414defd96399fc31ba847961ceaecef3a5fd93144e960c0e151"  # noqa: S105 - it is public
GRANTS = ("password", "refresh_token", "assertion")
WINDOW = 60.0
TEXTS = {
    "invalid_grant": "The user name, password or refresh token is wrong, revoked or not of this client.",
    "invalid_client": "The client is unknown or its secret is wrong.",
    "invalid_request": "A required parameter is missing.",
    "invalid_scope": "The scope is unknown.",
    "unsupported_grant_type": "The grant type is not enabled.",
    "unauthorized_client": "The client may not revoke this token.",
    "invalid_token": "The access token is not valid.",
}


def refuse(error: str, status: int = 400) -> Response:
    return json_answer({"error": error, "error_description": TEXTS[error]}, status)


def read_body(exchange: Exchange) -> Mapping[str, str]:
    """JSON or form, by the content type."""
    if "json" not in exchange.request.headers.get("Content-Type", ""):
        return exchange.request.form
    try:
        data = msgspec.json.decode(exchange.request.get_data())
    except msgspec.DecodeError:
        return {}
    return {str(name): str(value) for name, value in data.items()} if isinstance(data, dict) else {}


def public_app() -> App:
    return App(PUBLIC_ID, PUBLIC_SECRET, (), "Kitsu's public client")


def exchange_token(fake: ControlledKitsu, exchange: Exchange) -> Response:
    form = read_body(exchange)
    grant = form.get("grant_type", "")
    if grant == "password" and not _admit(fake, exchange):
        return fake.too_many(WINDOW, headers=False)
    if not grant:
        return refuse("invalid_request")
    if grant not in GRANTS:
        return refuse("unsupported_grant_type")
    app = find_app(fake, form)
    if app is None and form.get("client_id"):
        return refuse("invalid_client", 401)
    if form.get("scope", "public") not in ("", "public"):
        return refuse("invalid_scope")
    client_id = app.client_id if app else ""
    if grant == "password":
        return _sign_in(fake, exchange, form, client_id=client_id)
    if grant == "refresh_token":
        return _refresh(fake, exchange, form, client_id=client_id)
    # Facebook's assertions: nobody here has one.
    return refuse("invalid_grant")


def _admit(fake: ControlledKitsu, exchange: Exchange) -> bool:
    """Counted by address, good passwords and bad ones alike."""
    window = fake.logins.setdefault(exchange.address, Burst(fake.settings["login_limit"], WINDOW))
    return window.allows(fake.clock.now())


def find_app(fake: ControlledKitsu, form: Mapping[str, str]) -> App | None:
    """The app whose pair was sent; None for no pair as well as for a wrong one."""
    app = fake.grants.apps.get(form.get("client_id", ""))
    return app if app is not None and form.get("client_secret", "") == app.secret else None


def _sign_in(fake: ControlledKitsu, exchange: Exchange, form: Mapping[str, str], *, client_id: str) -> Response:
    if not form.get("username") or not form.get("password"):
        return refuse("invalid_request")
    account = fake.store.by_login(form["username"])
    if account is None or form["password"] != account.password:
        return refuse("invalid_grant")
    exchange.account = account.name
    return json_answer(issue_token(fake, account.id, client_id))


def _refresh(fake: ControlledKitsu, exchange: Exchange, form: Mapping[str, str], *, client_id: str) -> Response:
    """Kills the old pair at once: there is no time of grace."""
    if not form.get("refresh_token"):
        return refuse("invalid_request")
    token = fake.grants.by_refresh.get(form["refresh_token"])
    if token is None or (token.client_id and token.client_id != client_id):
        return refuse("invalid_grant")
    if fake.twist(exchange, "refuse_refresh"):
        token.refresh_revoked = True
    account = fake.store.accounts.get(token.account_id)
    if token.refresh_revoked or account is None or not account.name:
        return refuse("invalid_grant")
    token.revoked = token.refresh_revoked = True
    exchange.account = account.name
    return json_answer(token_json(fake, _make_token(fake, token.account_id, token.client_id)))


def issue_token(fake: ControlledKitsu, account_id: int, client_id: str) -> dict[str, Any]:
    """The living token of this account and client, else a new one. client_id "": a token of no client."""
    now = fake.clock.now()
    living = [
        token for token in fake.grants.tokens_of(account_id) if token.client_id == client_id and token.is_live(now)
    ]
    return token_json(fake, living[-1] if living else _make_token(fake, account_id, client_id))


def _make_token(fake: ControlledKitsu, account_id: int, client_id: str) -> Token:
    expires_at = fake.clock.now() + fake.settings["expires_in"]
    token = Token(fake.grants.word(64, HEX), fake.grants.word(64, HEX), client_id, account_id, expires_at)
    fake.store.issued[token.access] = fake.clock.seconds()
    return fake.grants.add_token(token)


def token_json(fake: ControlledKitsu, token: Token) -> dict[str, Any]:
    return {
        "access_token": token.access,
        "token_type": "Bearer",
        "expires_in": ceil(token.expires_at - fake.clock.now()),
        "refresh_token": token.refresh,
        "scope": "public",
        "created_at": fake.store.issued[token.access],
    }


def revoke_token(fake: ControlledKitsu, exchange: Exchange) -> Response:
    """RFC 7009: an unknown token is fine too. Access and refresh token are one row and die together."""
    form = read_body(exchange)
    text = form.get("token", "")
    token = fake.grants.by_access.get(text) or fake.grants.by_refresh.get(text)
    if token is not None:
        app = find_app(fake, form)
        if token.client_id and (app is None or app.client_id != token.client_id):
            return refuse("unauthorized_client", 403)
        token.revoked = token.refresh_revoked = True
    return json_answer({})


def show_token(fake: ControlledKitsu, exchange: Exchange) -> Response:
    token = fake.grants.by_access.get(bearer(exchange))
    if token is None or not token.is_live(fake.clock.now()):
        return refuse("invalid_token", 401)
    shown = token_json(fake, token)
    return json_answer(
        {
            "resource_owner_id": token.account_id,
            "scope": ["public"],
            "expires_in": shown["expires_in"],
            "application": {"uid": token.client_id or None},
            "created_at": shown["created_at"],
        }
    )


def bearer(exchange: Exchange) -> str:
    """The bearer token of a request, "" without one."""
    scheme, _, text = exchange.request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""
