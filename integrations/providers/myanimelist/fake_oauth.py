"""MAL's OAuth in the fake: PKCE plain, rotating refresh tokens. providers/myanimelist.md 1, read 2026-11-21."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from integrations.sandbox.answers import html_answer, json_answer
from integrations.sandbox.consent import read_decision, send_back, show_page
from integrations.sandbox.grants import App, Token

if TYPE_CHECKING:
    from integrations.providers.myanimelist.fake_control import ControlledMyAnimeList
    from integrations.sandbox.base import Exchange

CHALLENGE = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
CODE_SECONDS = 600
MISSING = "The request is missing a required parameter, includes an invalid parameter value, or is otherwise malformed."
BAD_GRANT = "The provided authorization grant or refresh token is invalid, expired or revoked."
BAD_REFRESH = "The refresh token is invalid."


def refuse(error: str, message: str, *, status: int, hint: str = "") -> Response:
    body = {"error": error, "message": message}
    return json_answer({**body, "hint": hint} if hint else body, status)


def authorize(fake: ControlledMyAnimeList, exchange: Exchange) -> Response:
    query = exchange.request.args
    app = fake.grants.apps.get(query.get("client_id", ""))
    if app is None:
        return refuse("invalid_client", "Client authentication failed", status=401)
    uri = query.get("redirect_uri", app.redirect_uris[0] if len(app.redirect_uris) == 1 else "")
    if uri not in app.redirect_uris:
        return refuse("invalid_client", "Client authentication failed", status=401)
    if query.get("response_type") != "code":
        return refuse("unsupported_grant_type", "The authorization grant type is not supported.", status=400)
    if not CHALLENGE.fullmatch(query.get("code_challenge", "")):
        return refuse("invalid_request", MISSING, status=400, hint="Check the `code_challenge` parameter")
    # Any method is taken here and treated as plain; S256 fails when the code is exchanged (arctic#225).
    if exchange.request.method == "GET":
        return show_page("MyAnimeList", app.name, accounts=fake.account_names())
    return _decide(fake, exchange, app=app, uri=uri)


def _decide(fake: ControlledMyAnimeList, exchange: Exchange, *, app: App, uri: str) -> Response:
    query = exchange.request.args
    state = {"state": query["state"]} if "state" in query else {}
    name = read_decision(exchange.request)
    if name is None:
        refusal = {
            "error": "access_denied",
            "message": "The resource owner or authorization server denied the request.",
        }
        return send_back(uri, {**refusal, "hint": "The user denied the request", **state})
    account = fake.store.by_name(name)
    if account is None:
        return html_answer("MyAnimeList (sandbox)", f"<p>There is no account {escape(name)}.</p>", 404)
    code = fake.grants.add_code(
        app,
        account.id,
        redirect_uri=query.get("redirect_uri", ""),
        challenge=query["code_challenge"],
        expires_at=fake.clock.now() + CODE_SECONDS,
    )
    return send_back(uri, {"code": code.code, **state})


def exchange_token(fake: ControlledMyAnimeList, exchange: Exchange) -> Response:
    """The token endpoint: form only. A JSON body is read as an empty form."""
    form = exchange.request.form
    client_id, secret = _read_client(exchange)
    app = fake.grants.apps.get(client_id)
    if form.get("grant_type") not in ("authorization_code", "refresh_token"):
        message = "The authorization grant type is not supported by the authorization server."
        return refuse(
            "unsupported_grant_type", message, status=400, hint="Check that all required parameters are there"
        )
    if app is None or (app.secret and secret != app.secret):
        return refuse("invalid_client", "Client authentication failed", status=401)
    if form["grant_type"] == "refresh_token":
        return _refresh(fake, exchange, app=app)
    return _redeem(fake, form, app=app)


def _read_client(exchange: Exchange) -> tuple[str, str]:
    """(client id, secret) from HTTP Basic, else from the body."""
    scheme, _, encoded = exchange.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return client_id, secret
    return exchange.request.form.get("client_id", ""), exchange.request.form.get("client_secret", "")


def _redeem(fake: ControlledMyAnimeList, form: Mapping[str, str], *, app: App) -> Response:
    verifier = form.get("code_verifier", "")
    if not CHALLENGE.fullmatch(verifier):
        return refuse("invalid_request", MISSING, status=400, hint="Check the `code_verifier` parameter")
    code = fake.grants.codes.get(form.get("code", ""))
    if code is None or code.client_id != app.client_id:
        return refuse("invalid_request", MISSING, status=400, hint="Cannot decrypt the authorization code")
    if code.redirect_uri != form.get("redirect_uri", ""):
        return refuse("invalid_client", "Client authentication failed", status=401)
    if code.used or fake.clock.now() >= code.expires_at:
        hint = "Authorization code has been revoked" if code.used else "Authorization code has expired"
        return refuse("invalid_grant", BAD_GRANT, status=400, hint=hint)
    if code.challenge != verifier:
        return refuse("invalid_grant", BAD_GRANT, status=400, hint="Failed to verify `code_verifier`.")
    code.used = True
    return json_answer(issue_token(fake, code.account_id, app.client_id))


def _refresh(fake: ControlledMyAnimeList, exchange: Exchange, *, app: App) -> Response:
    token = fake.grants.by_refresh.get(exchange.request.form.get("refresh_token", ""))
    if token is None:
        return refuse("invalid_request", BAD_REFRESH, status=401, hint="Cannot decrypt the refresh token")
    if token.client_id and token.client_id != app.client_id:
        return refuse("invalid_request", BAD_REFRESH, status=401, hint="Token is not linked to client")
    if fake.twist(exchange, "refuse_refresh"):
        token.refresh_revoked = True
    if token.refresh_revoked:
        return refuse("invalid_request", BAD_REFRESH, status=401, hint="Token has been revoked")
    if fake.clock.now() >= token.refresh_expires_at:
        return refuse("invalid_request", BAD_REFRESH, status=401, hint="Token has expired")
    token.refresh_revoked = True
    if fake.settings["refresh_ends_access"]:
        token.revoked = True
    account = fake.store.accounts.get(token.account_id)
    exchange.account = account.name if account else ""
    return json_answer(issue_token(fake, token.account_id, app.client_id))


def issue_token(fake: ControlledMyAnimeList, account_id: int, client_id: str) -> dict[str, Any]:
    now = fake.clock.now()
    lifetime = fake.settings["expires_in"]
    token = Token(
        fake.grants.mint(client_id, account_id, issued_at=now, lifetime=lifetime),
        fake.grants.blob(888),
        client_id=client_id,
        account_id=account_id,
        expires_at=now + lifetime,
        refresh_expires_at=now + fake.settings["refresh_expires_in"],
    )
    fake.grants.add_token(token)
    return {
        "token_type": "Bearer",
        "expires_in": lifetime,
        "access_token": token.access,
        "refresh_token": token.refresh,
    }
