"""A fake Kitsu: OAuth by password, JSON:API and GraphQL, strict as the service. providers/kitsu.md, read 2026-11-21.

Everyone's password is "sandbox" until the setting `password` of the account says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from werkzeug.wrappers import Response

from integrations.providers.kitsu import fake_oauth
from integrations.providers.kitsu.fake_control import ControlledKitsu
from integrations.providers.kitsu.fake_documents import API_PATH
from integrations.providers.kitsu.fake_graphql import answer_graphql, name_operation
from integrations.providers.kitsu.fake_jsonapi import Refused, answer, refusal
from integrations.providers.kitsu.fake_reads import Call
from integrations.providers.kitsu.fake_rest import answer_rest, name_endpoint, refuse
from integrations.providers.kitsu.fake_store import Account, Entry, Store, View
from integrations.sandbox.base import Exchange
from integrations.sandbox.luck import seeded
from integrations.sandbox.throttle import Burst

HOST = "kitsu.app"
OAUTH_PATH = "/api/oauth"
GRAPHQL_PATH = "/api/graphql"


class KitsuFake(ControlledKitsu):
    """Where the page leaves a question open, a setting or the stricter answer: `docs/sandbox.md` lists them."""

    hosts = (HOST,)
    defaults: ClassVar[Mapping[str, Any]] = {
        "expires_in": 2_592_000,
        "login_limit": 15,
        "include_500_chance": 0.0,
        "slow_offset": 0,
        "slow_status": 503,
        "node_limit": 500_000,
    }

    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def reset_store(self) -> None:
        self.store = Store(self.world.works, self.clock)
        self.luck = seeded(f"{self.slug}:include")
        app = fake_oauth.public_app()
        self.grants.apps[app.client_id] = app

    def settings_changed(self) -> None:
        self.logins: dict[str, Burst] = {}

    def describe(self, exchange: Exchange) -> None:
        if exchange.path.startswith(f"{OAUTH_PATH}/"):
            exchange.endpoint = exchange.path.removeprefix("/api/").strip("/")
            if exchange.endpoint == "oauth/token":
                exchange.endpoint += f":{fake_oauth.read_body(exchange).get('grant_type', '')}"
            return
        exchange.metered = True
        exchange.endpoint = name_operation(exchange) if exchange.path == GRAPHQL_PATH else name_endpoint(exchange)

    def answer(self, exchange: Exchange) -> Response:
        pages = {
            ("POST", "/token"): fake_oauth.exchange_token,
            ("POST", "/revoke"): fake_oauth.revoke_token,
            ("GET", "/token/info"): fake_oauth.show_token,
        }
        page = pages.get((exchange.request.method, exchange.path.removeprefix(OAUTH_PATH)))
        if page is not None and exchange.path.startswith(OAUTH_PATH):
            return page(self, exchange)
        try:
            view = View(self.store, self._sign_in(exchange))
        except Refused as error:
            return refuse(error)
        if exchange.path == GRAPHQL_PATH and exchange.request.method == "POST":
            return answer_graphql(self, exchange, view)
        if exchange.path.startswith(f"{API_PATH}/"):
            return answer_rest(Call(self, exchange, view))
        return answer({"errors": refusal(404, "There is no such address.").errors}, 404)

    def _sign_in(self, exchange: Exchange) -> Account | None:
        """None without a token and for one that nobody ever issued: such a reader is a stranger, not an error.

        Raises Refused for a token that was good once.
        """
        token = self.grants.by_access.get(fake_oauth.bearer(exchange))
        if token is None:
            return None
        if self.twist(exchange, "expired_token"):
            token.expires_at = self.clock.now()
        if self.twist(exchange, "revoked_token"):
            token.revoked = token.refresh_revoked = True
        account = self.store.accounts.get(token.account_id)
        if account is None or not account.name or not token.is_live(self.clock.now()):
            header = {"WWW-Authenticate": 'Bearer realm="Kitsu", error="invalid_token"'}
            raise Refused(401, [{"title": "Invalid token", "status": "401"}], headers=header)
        exchange.account = account.name
        return account

    def shorten(self, exchange: Exchange, rows: list[Entry]) -> list[Entry]:
        """A list that comes back empty or cut, though nobody touched it."""
        if self.twist(exchange, "empty_list"):
            return []
        short = self.twist(exchange, "short_list")
        return rows[: int(short.options["keep"])] if short else rows

    def too_many(self, retry_after: float, *, headers: bool) -> Response:
        """Plain text. Kitsu's own throttle sends no Retry-After: only with `headers`."""
        shown = {"Retry-After": str(max(1, round(retry_after)))} if headers else None
        return Response("Retry later\n", 429, shown, content_type="text/plain")

    def server_error(self, status: int) -> Response:
        return answer({"errors": refusal(status, "Internal Server Error").errors}, status)


FAKE = KitsuFake
