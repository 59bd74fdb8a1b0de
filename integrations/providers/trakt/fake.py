"""A fake Trakt: its API and its OAuth host, strict as the service. providers/trakt.md, read 2026-11-25."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from integrations.providers.trakt import fake_device, fake_oauth
from integrations.providers.trakt.fake_answers import Answering
from integrations.providers.trakt.fake_json import Refused
from integrations.providers.trakt.fake_limits import POST_BUCKET, Bucket, Gate
from integrations.providers.trakt.fake_routes import ROUTES, Endpoint
from integrations.providers.trakt.fake_store import Account
from integrations.sandbox.answers import JSON, block_page, json_answer
from integrations.sandbox.base import Exchange

API_HOST, AUTH_HOST, SITE_HOST = "api.trakt.tv", "auth.trakt.tv", "trakt.tv"
PERSONS_PAGES = ("/oauth/authorize", "/activate")


class TraktFake(Answering):
    """Where the page leaves a question open, a setting or the stricter answer: `docs/sandbox.md` lists them."""

    hosts = (API_HOST, AUTH_HOST, SITE_HOST)
    defaults: ClassVar[Mapping[str, Any]] = {
        "post_limit": 1,
        "post_period": 1.0,
        "get_limit": 500,
        "app_get_limit": 500,
        "get_period": 300.0,
        "ratelimit_header": True,
        "limit_body": "text",
        "edge_rate": 10.0,
        "edge_room": 100,
        "edge_block": 300.0,
        "edge_ban": False,
        "edge_body": "html",
        "ban_after_401s": 30,
        "api_host_oauth": True,
        "expires_in": 604_800,
        "refresh_expires_in": 0,
        "refresh_ends_access": True,
        "reuse_ends_session": True,
        "token_error_status": 400,
        "device_expires_in": 600,
        "device_interval": 5,
        "page_default": 100,
        "page_max": 250,
        "page_progress": 100,
        "pagination_headers": True,
        "write_status": 201,
        "history_cap": 100_000,
        "history_conflicts": "doubles",
        "missing_episodes": "uncounted",
        "watch_once_skips": True,
        "episode_ids": "contract",
        "ratings_cap_free": 10_000,
        "ratings_cap_vip": 20_000,
        "watchlist_cap_free": 250,
        "watchlist_cap_vip": 5_000,
        "reset_needs_vip": True,
        "stale_seconds": 0.0,
        "stale_activities": False,
        "lock_blocks": "all",
    }
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "limit_body": ("text", "json"),
        "edge_body": ("html", "text"),
        "token_error_status": (400, 401),
        "write_status": (200, 201),
        "history_conflicts": ("doubles", "refuse", "refuse_after", "existing"),
        "missing_episodes": ("uncounted", "not_found"),
        "episode_ids": ("contract", "older"),
        "lock_blocks": ("all", "writes"),
    }

    def reset_store(self) -> None:
        self._store = None
        self.devices = {}
        self.renewed = {}

    def settings_changed(self) -> None:
        self.gate = Gate(self.settings)

    def describe(self, exchange: Exchange) -> None:
        if exchange.host != API_HOST or exchange.path.startswith("/oauth/"):
            exchange.endpoint = exchange.path.strip("/")
            if exchange.endpoint == "oauth/token":
                exchange.endpoint += f":{fake_oauth.read_body(exchange).get('grant_type', '')}"
            return
        exchange.metered = True
        exchange.endpoint = exchange.request.method
        try:
            rule, values = self._match(exchange)
        except HTTPException:
            return
        hidden = ("id", "season", "rating", "value", "text")
        name = re.sub(
            r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>",
            lambda found: "{id}" if found[1] in hidden else _shown(found[1], str(values[found[1]])),
            rule.rule,
        )
        exchange.endpoint += f" {name}"

    def _match(self, exchange: Exchange) -> tuple[Rule, Mapping[str, Any]]:
        return ROUTES.bind(API_HOST).match(exchange.path, method=exchange.request.method, return_rule=True)

    def answer(self, exchange: Exchange) -> Response:
        oauth = exchange.path.startswith("/oauth/")
        person = exchange.host != API_HOST and exchange.path in PERSONS_PAGES
        refusal = self.gate.ask_edge(exchange, self.clock.now(), person=person)
        if refusal is not None:
            return refusal
        if exchange.host == AUTH_HOST or (exchange.host == API_HOST and oauth and self.settings["api_host_oauth"]):
            return self._answer_oauth(exchange)
        if exchange.host == API_HOST and not oauth:
            return self._answer_api(exchange)
        # https://trakt.tv/oauth/token is gone since January 2026 (trakt-api#676).
        return block_page(404, "Not Found")

    def _answer_oauth(self, exchange: Exchange) -> Response:
        if exchange.path == "/oauth/authorize":
            return fake_oauth.authorize(self, exchange)
        if exchange.path == "/activate" and exchange.host == AUTH_HOST:
            return fake_device.activate(self, exchange)
        calls = {
            "/oauth/token": fake_oauth.exchange_token,
            "/oauth/revoke": fake_oauth.revoke,
            "/oauth/device/code": fake_device.start,
            "/oauth/device/token": fake_device.poll,
        }
        call = calls.get(exchange.path)
        if call is None:
            return _empty(404)
        return call(self, exchange) if exchange.request.method == "POST" else _empty(405)

    def _answer_api(self, exchange: Exchange) -> Response:
        try:
            response = self._answer_or_refuse(exchange)
        except Refused as error:
            response = _empty(error.status) if error.data is None else json_answer(error.data, error.status)
            response.headers.extend(dict(error.headers or {}))
        except HTTPException as error:
            response = _empty(405 if isinstance(error, MethodNotAllowed) else 404)
        # What tells the API's answers from the edge's (trakt-api#939).
        response.headers["X-Runtime"] = "0.010000"
        return response

    def _answer_or_refuse(self, exchange: Exchange) -> Response:
        client_id = self._check_headers(exchange)
        rule, values = self._match(exchange)
        access, viewer = self._sign_in(exchange)
        refusal = self.gate.ask_bucket(exchange, self.clock.now(), access=access, client_id=client_id)
        if refusal is not None:
            return refusal
        endpoint: Endpoint = rule.endpoint
        if viewer is None and not endpoint.public:
            raise Refused(401)
        if viewer is not None:
            self._check_lock(exchange, viewer)
        return self.dispatch(exchange, endpoint, viewer=viewer, values=values)

    def _check_headers(self, exchange: Exchange) -> str:
        """The app's client id. Raises Refused."""
        headers = exchange.request.headers
        client_id = headers.get("trakt-api-key", "")
        if client_id not in self.grants.apps:
            raise Refused(403)
        if exchange.request.mimetype != JSON or headers.get("trakt-api-version") != "2":
            raise Refused(412)
        return client_id

    def _sign_in(self, exchange: Exchange) -> tuple[str, Account | None]:
        """The access token and its owner; ("", None) without one. Raises Refused for one that is dead."""
        scheme, _, text = exchange.request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return "", None
        token = self.grants.by_access.get(text.strip()) if scheme.lower() == "bearer" else None
        if token is not None and self.twist(exchange, "expired_token"):
            token.expires_at = self.clock.now()
        if token is not None and self.twist(exchange, "revoked_token"):
            token.revoked = token.refresh_revoked = True
        account = self.store.accounts.get(token.account_id) if token else None
        if token is None or account is None or not account.name or not token.is_live(self.clock.now()):
            self.gate.count_dead_token(exchange, self.clock.now())
            raise Refused(401, headers={"WWW-Authenticate": 'Bearer realm="Trakt", error="invalid_token"'})
        exchange.account = account.name
        return token.access, account

    def _check_lock(self, exchange: Exchange, viewer: Account) -> None:
        reads = exchange.request.method == "GET" and self.settings["lock_blocks"] == "writes"
        if reads or not (viewer.locked or viewer.deactivated):
            return
        name = "X-Account-Locked" if viewer.locked else "X-Account-Deactivated"
        raise Refused(423, headers={name: "true"})

    def too_many(self, retry_after: float, *, headers: bool) -> Response:
        """The API's; the edge's is the setting `edge_ban`."""
        bucket = Bucket(POST_BUCKET, self.settings["post_limit"], self.settings["post_period"])
        response = self.gate.bucket_page(bucket, retry_after, self.clock.now())
        if not headers:
            del response.headers["Retry-After"]
            response.headers.pop("X-Ratelimit", None)
        return response

    def server_error(self, status: int) -> Response:
        """500 is the API's own; 502 and above come from what stands before it."""
        if status >= 502:
            return block_page(status, "Bad gateway" if status == 502 else "Service overloaded")
        headers = {"X-Error-Message": "An unexpected error occurred.", "X-Runtime": "0.010000"}
        return json_answer({"error": "server_error"}, status, headers=headers)


def _shown(name: str, value: str) -> str:
    """Whose lists they are stays out of names, apart from one's own."""
    return value if name != "user" or value == "me" else "{user}"


def _empty(status: int) -> Response:
    return Response("", status, content_type=JSON)


FAKE = TraktFake
