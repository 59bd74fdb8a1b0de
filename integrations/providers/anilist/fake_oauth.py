"""AniList's OAuth as the fake plays it: code and implicit grant, PIN page, no refresh.

providers/anilist.md 1, read 2026-11-21. PKCE parameters are taken and ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import msgspec
from werkzeug.wrappers import Response

from integrations.sandbox.answers import html_answer, json_answer
from integrations.sandbox.consent import read_decision, send_back, show_page
from integrations.sandbox.grants import App, Code, Token

if TYPE_CHECKING:
    from integrations.providers.anilist.fake_control import ControlledAniList
    from integrations.sandbox.base import Exchange

PIN_URL = "https://anilist.co/api/v2/oauth/pin"
CODE_SECONDS = 600
INVALID_CLIENT = {"error": "invalid_client", "message": "Client authentication failed"}


def authorize(fake: ControlledAniList, exchange: Exchange) -> Response:
    query = exchange.request.args
    app = fake.grants.apps.get(query.get("client_id", ""))
    # A wrong redirect reads like a wrong client: AniList/docs#143.
    if app is None or query.get("redirect_uri", app.redirect_uris[0]) not in app.redirect_uris:
        return json_answer(INVALID_CLIENT, 401)
    if query.get("response_type") not in ("code", "token"):
        body = {"error": "unsupported_grant_type", "message": "The authorization grant type is not supported."}
        return json_answer(body, 400)
    if exchange.request.method == "GET":
        return show_page("AniList", app.name, accounts=fake.account_names())
    return _decide(fake, exchange, app)


def _decide(fake: ControlledAniList, exchange: Exchange, app: App) -> Response:
    query = exchange.request.args
    uri = query.get("redirect_uri", app.redirect_uris[0])
    if uri == PIN_URL:
        uri = f"{exchange.root}/anilist.co/api/v2/oauth/pin"
    state = {"state": query["state"]} if "state" in query else {}
    name = read_decision(exchange.request)
    implicit = query.get("response_type") == "token"
    if name is None:
        return send_back(uri, {"error": "access_denied", **state}, fragment=implicit)
    account = fake.store.by_name(name)
    if account is None:
        return html_answer("AniList (sandbox)", f"<p>There is no account {escape(name)}.</p>", 404)
    if implicit:
        answer = fake.issue_token(account.id, app.client_id)
        shown = {name: str(answer[name]) for name in ("access_token", "token_type", "expires_in")}
        return send_back(uri, {**shown, **state}, fragment=True)
    code = fake.grants.add_code(
        app,
        account.id,
        redirect_uri=query.get("redirect_uri", ""),
        challenge="",
        expires_at=fake.clock.now() + CODE_SECONDS,
    )
    return send_back(uri, {"code": code.code, **state})


def show_pin(exchange: Exchange) -> Response:
    """The code from the query, or the token from the fragment, for copying by hand."""
    code = exchange.request.args.get("code", "")
    script = (
        "<script>var t=new URLSearchParams(location.hash.slice(1)).get('access_token');"
        "if(t)document.querySelector('textarea').value=t</script>"
    )
    body = f"<p>Copy this into your program:</p><textarea rows=12 readonly>{escape(code)}</textarea>{script}"
    return html_answer("AniList (sandbox)", body)


def exchange_code(fake: ControlledAniList, exchange: Exchange) -> Response:
    """The token endpoint. JSON or form; the client authenticates in the body."""
    if exchange.request.method != "POST":
        return json_answer({"message": "Method Not Allowed"}, 405)
    data = _read_body(exchange)
    app = fake.grants.apps.get(data.get("client_id", ""))
    if data.get("grant_type") != "authorization_code":
        # There is no refresh grant; the library behind AniList says so like this.
        message = "The authorization grant type is not supported by the authorization server."
        return json_answer({"error": "unsupported_grant_type", "message": message}, 400)
    wrong = app is None or data.get("client_secret") != app.secret or data.get("redirect_uri") not in app.redirect_uris
    if app is None or wrong:
        return json_answer(INVALID_CLIENT, 401)
    code = fake.grants.codes.get(data.get("code", ""))
    hint = _refuse_code(code, app, fake.clock.now())
    if code is None or hint:
        body = {"error": "invalid_request", "message": "The request is missing a required parameter.", "hint": hint}
        return json_answer(body, 400)
    code.used = True
    return json_answer(fake.issue_token(code.account_id, app.client_id))


def _read_body(exchange: Exchange) -> Mapping[str, str]:
    if "json" not in exchange.request.headers.get("Content-Type", ""):
        return exchange.request.form
    try:
        data = msgspec.json.decode(exchange.request.get_data())
    except msgspec.DecodeError:
        return {}
    return {str(name): str(value) for name, value in data.items()} if isinstance(data, dict) else {}


def _refuse_code(code: Code | None, app: App, now: float) -> str:
    """Why the code is not good; "" when it is."""
    if code is None or code.client_id != app.client_id:
        return "Cannot decrypt the authorization code"
    if code.used:
        return "Authorization code has been revoked"
    return "Authorization code has expired" if now >= code.expires_at else ""


def issue_token(fake: ControlledAniList, account_id: int, client_id: str) -> dict[str, Any]:
    now = fake.clock.now()
    lifetime = fake.settings["expires_in"]
    access = fake.grants.mint(client_id, account_id, issued_at=now, lifetime=lifetime)
    fake.grants.add_token(Token(access, "", client_id, account_id, now + lifetime))
    # Several clients saw a refresh_token; nothing takes it: providers/anilist.md 1.2.
    useless = fake.grants.blob(640)
    return {"token_type": "Bearer", "expires_in": lifetime, "access_token": access, "refresh_token": useless}
