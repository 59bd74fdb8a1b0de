"""Trakt's OAuth in the fake: JSON bodies, single-use refresh tokens, revoke. providers/trakt.md 2, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import msgspec
from werkzeug.wrappers import Response

from integrations.sandbox.answers import JSON, html_answer, json_answer
from integrations.sandbox.consent import read_decision, send_back, show_page
from integrations.sandbox.grants import HEX, App, Token

if TYPE_CHECKING:
    from integrations.providers.trakt.fake_control import ControlledTrakt
    from integrations.sandbox.base import Exchange

CODE_SECONDS = 600
FOR_EVER = float("inf")
BAD_GRANT = (
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the "
    "authorization request, or was issued to another client."
)
BAD_CLIENT = "Client authentication failed due to unknown client, no client authentication included, or wrong secret."
BAD_REQUEST = "The request is missing a required parameter, includes an unsupported value, or is otherwise malformed."
BAD_TYPE = "The authorization grant type is not supported by the authorization server."


def refuse(fake: ControlledTrakt, error: str, description: str) -> Response:
    """400; servers before 2026 said 401 with WWW-Authenticate (trakt-api#48)."""
    status = fake.settings["token_error_status"]
    shown = {"WWW-Authenticate": f'Bearer realm="Doorkeeper", error="{error}"'} if status == 401 else None
    return json_answer({"error": error, "error_description": description}, status, headers=shown)


def read_body(exchange: Exchange) -> Mapping[str, str]:
    """The JSON body's texts; a form or anything else is read as empty."""
    if exchange.request.mimetype != JSON:
        return {}
    try:
        data = msgspec.json.decode(exchange.request.get_data())
    except msgspec.DecodeError:
        return {}
    return {name: value for name, value in data.items() if isinstance(value, str)} if isinstance(data, dict) else {}


def authorize(fake: ControlledTrakt, exchange: Exchange) -> Response:
    """The page that asks the person. `signup` and `prompt` are taken and change nothing."""
    query = exchange.request.args
    app = fake.grants.apps.get(query.get("client_id", ""))
    if app is None:
        return refuse(fake, "invalid_client", BAD_CLIENT)
    if query.get("redirect_uri", "") not in app.redirect_uris or query.get("response_type") != "code":
        return refuse(fake, "invalid_request", BAD_REQUEST)
    if exchange.request.method == "GET":
        return show_page("Trakt", app.name, accounts=fake.account_names())
    uri = query["redirect_uri"]
    state = {"state": query["state"]} if "state" in query else {}
    name = read_decision(exchange.request)
    if name is None:
        refusal = "The resource owner or authorization server denied the request."
        return send_back(uri, {"error": "access_denied", "error_description": refusal, **state})
    account = fake.store.by_name(name)
    if account is None:
        return html_answer("Trakt (sandbox)", f"<p>There is no account {escape(name)}.</p>", 404)
    expires_at = fake.clock.now() + CODE_SECONDS
    code = fake.grants.add_code(app, account.id, redirect_uri=uri, challenge="", expires_at=expires_at)
    return send_back(uri, {"code": code.code, **state})


def exchange_token(fake: ControlledTrakt, exchange: Exchange) -> Response:
    data = read_body(exchange)
    kind = data.get("grant_type", "")
    if kind not in ("authorization_code", "refresh_token"):
        known = ("unsupported_grant_type", BAD_TYPE) if kind else ("invalid_request", BAD_REQUEST)
        return refuse(fake, *known)
    app = find_app(fake, data)
    if app is None:
        return refuse(fake, "invalid_client", BAD_CLIENT)
    if "redirect_uri" not in data or ("code" if kind == "authorization_code" else kind) not in data:
        return refuse(fake, "invalid_request", BAD_REQUEST)
    take = _redeem if kind == "authorization_code" else _refresh
    return take(fake, exchange, app=app, data=data)


def find_app(fake: ControlledTrakt, data: Mapping[str, str]) -> App | None:
    """None for an unknown client and for a wrong secret."""
    app = fake.grants.apps.get(data.get("client_id", ""))
    return app if app is not None and data.get("client_secret") == app.secret else None


def _redeem(fake: ControlledTrakt, exchange: Exchange, *, app: App, data: Mapping[str, str]) -> Response:
    code = fake.grants.codes.get(data["code"])
    if code is None or code.client_id != app.client_id or code.redirect_uri != data["redirect_uri"]:
        return refuse(fake, "invalid_grant", BAD_GRANT)
    if code.used or fake.clock.now() >= code.expires_at:
        return refuse(fake, "invalid_grant", BAD_GRANT)
    code.used = True
    return json_answer(issue_token(fake, code.account_id, app.client_id))


def _refresh(fake: ControlledTrakt, exchange: Exchange, *, app: App, data: Mapping[str, str]) -> Response:
    token = fake.grants.by_refresh.get(data["refresh_token"])
    if token is None or (token.client_id and token.client_id != app.client_id):
        return refuse(fake, "invalid_grant", BAD_GRANT)
    if data["redirect_uri"] not in app.redirect_uris:
        return refuse(fake, "invalid_grant", BAD_GRANT)
    if fake.twist(exchange, "refuse_refresh"):
        token.refresh_revoked = True
    if token.refresh_revoked or fake.clock.now() >= token.refresh_expires_at:
        if fake.settings["reuse_ends_session"] and token.refresh in fake.renewed:
            end_session(fake, token)
        return refuse(fake, "invalid_grant", BAD_GRANT)
    token.refresh_revoked = True
    if fake.settings["refresh_ends_access"]:
        token.revoked = True
    account = fake.store.accounts.get(token.account_id)
    exchange.account = account.name if account else ""
    answer = issue_token(fake, token.account_id, app.client_id)
    fake.renewed[token.refresh] = answer["refresh_token"]
    return json_answer(answer)


def end_session(fake: ControlledTrakt, token: Token | None) -> None:
    """This token and all that were got with it, one after another."""
    while token is not None:
        token.revoked = token.refresh_revoked = True
        token = fake.grants.by_refresh.get(fake.renewed.get(token.refresh, ""))


def revoke(fake: ControlledTrakt, exchange: Exchange) -> Response:
    """200 with an empty body, also for a token that nobody knows."""
    data = read_body(exchange)
    app = find_app(fake, data)
    if app is None:
        return refuse(fake, "invalid_client", BAD_CLIENT)
    text = data.get("token", "")
    token = fake.grants.by_access.get(text) or fake.grants.by_refresh.get(text)
    if token is not None and token.client_id in ("", app.client_id):
        end_session(fake, token)
    return Response("", 200, content_type=JSON)


def issue_token(fake: ControlledTrakt, account_id: int, client_id: str) -> dict[str, Any]:
    now, lifetime, renewable = fake.clock.now(), fake.settings["expires_in"], fake.settings["refresh_expires_in"]
    token = Token(
        fake.grants.word(64, HEX),
        fake.grants.word(64, HEX),
        client_id=client_id,
        account_id=account_id,
        expires_at=now + lifetime,
        refresh_expires_at=now + renewable if renewable else FOR_EVER,
    )
    fake.grants.add_token(token)
    return {
        "access_token": token.access,
        "token_type": "bearer",
        "expires_in": lifetime,
        "refresh_token": token.refresh,
        "scope": "public",
        "created_at": int(now),
    }
