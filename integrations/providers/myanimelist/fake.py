"""A fake MyAnimeList: API v2 and its OAuth pages, strict as the service. providers/myanimelist.md, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from integrations.providers.myanimelist import fake_oauth, fake_reads
from integrations.providers.myanimelist.fake_control import ControlledMyAnimeList
from integrations.providers.myanimelist.fake_fields import status_json
from integrations.providers.myanimelist.fake_forms import BadForm, read_form
from integrations.providers.myanimelist.fake_reads import Refused
from integrations.providers.myanimelist.fake_store import Account, Entry, Store, Title
from integrations.sandbox.answers import block_page, json_answer
from integrations.sandbox.base import Exchange
from integrations.sandbox.throttle import Shield

API_HOST = "api.myanimelist.net"
SITE_HOST = "myanimelist.net"
FORM = "application/x-www-form-urlencoded"
KIND = "<any(anime, manga):kind>"
ROUTES = Map(
    [
        Rule("/v2/users/<name>/animelist", endpoint="animelist", methods=["GET"]),
        Rule("/v2/users/<name>/mangalist", endpoint="mangalist", methods=["GET"]),
        Rule("/v2/users/<name>", endpoint="user", methods=["GET"]),
        Rule(f"/v2/{KIND}", endpoint="search", methods=["GET"]),
        Rule(f"/v2/{KIND}/ranking", endpoint="ranking", methods=["GET"]),
        Rule("/v2/anime/season/<int:year>/<season>", endpoint="season", methods=["GET"]),
        Rule(f"/v2/{KIND}/<int:title_id>", endpoint="details", methods=["GET"]),
        Rule(f"/v2/{KIND}/<int:title_id>/my_list_status", endpoint="update", methods=["PATCH", "PUT"]),
        Rule(f"/v2/{KIND}/<int:title_id>/my_list_status", endpoint="delete", methods=["DELETE"]),
    ],
    strict_slashes=False,
)
EXPIRED = 'Bearer error="invalid_token",error_description="The access token expired"'
INVALID = 'Bearer error="invalid_token",error_description="The access token is invalid"'


class MyAnimeListFake(ControlledMyAnimeList):
    """Where the page leaves a question open, a setting or the stricter answer: `docs/sandbox.md` lists them."""

    hosts = (API_HOST, SITE_HOST)
    defaults: ClassVar[Mapping[str, Any]] = {
        "shield_rate": 3.0,
        "shield_room": 10,
        "shield_block": 60.0,
        "expires_in": 2_415_600,
        "refresh_expires_in": 2_678_400,
        "refresh_ends_access": True,
        "json_writes": "ignored",
    }

    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"json_writes": ("ignored", "error")}

    def reset_store(self) -> None:
        self.store = Store(self.world.works, self.clock)

    def settings_changed(self) -> None:
        self._shields: dict[str, Shield] = {}

    def describe(self, exchange: Exchange) -> None:
        if exchange.host == SITE_HOST:
            exchange.endpoint = exchange.path.removeprefix("/v1/").strip("/")
            if exchange.endpoint == "oauth2/token":
                exchange.endpoint += f":{exchange.request.form.get('grant_type', '')}"
            return
        exchange.metered = True
        exchange.endpoint = exchange.request.method
        try:
            rule, values = self._match(exchange)
        except HTTPException:
            return
        kind = values.get("kind", "anime")
        name = "@me" if values.get("name") == "@me" else "{name}"
        path = (
            rule.rule.removeprefix("/v2").replace(KIND, kind).replace("<name>", name).replace("<int:title_id>", "{id}")
        )
        exchange.endpoint += " " + path.replace("<int:year>/<season>", "{year}/{season}")

    def _match(self, exchange: Exchange) -> tuple[Rule, Mapping[str, Any]]:
        adapter = ROUTES.bind(API_HOST)
        return adapter.match(exchange.path, method=exchange.request.method, return_rule=True)

    def answer(self, exchange: Exchange) -> Response:
        if exchange.host == API_HOST:
            return self._answer_api(exchange)
        if exchange.path == "/v1/oauth2/authorize":
            return fake_oauth.authorize(self, exchange)
        if exchange.path == "/v1/oauth2/token" and exchange.request.method == "POST":
            return fake_oauth.exchange_token(self, exchange)
        return json_answer({"error": "not_found", "message": ""}, 404)

    def _answer_api(self, exchange: Exchange) -> Response:
        settings = self.settings
        shield = self._shields.setdefault(
            exchange.address, Shield(settings["shield_rate"], settings["shield_room"], settings["shield_block"])
        )
        if not shield.allows(self.clock.now()):
            return block_page(403, "DoS detected")
        try:
            rule, values = self._match(exchange)
            viewer = self._sign_in(exchange)
            return self._dispatch(exchange, str(rule.endpoint), viewer=viewer, values=values)
        except Refused as error:
            return json_answer({"error": error.error, "message": error.message}, error.status, headers=error.headers)
        except HTTPException as error:
            status = 405 if isinstance(error, MethodNotAllowed) else 404
            return json_answer({"error": "not_found" if status == 404 else "method_not_allowed", "message": ""}, status)

    def _sign_in(self, exchange: Exchange) -> Account | None:
        """The account of the token; None for a good client id alone. Raises Refused."""
        scheme, _, text = exchange.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            client_id = exchange.request.headers.get("X-MAL-CLIENT-ID")
            if client_id is None:
                raise Refused(403, "forbidden")
            if client_id not in self.grants.apps:
                raise fake_reads.bad_request("Invalid client id")
            return None
        token = self.grants.by_access.get(text.strip())
        if token is not None and self.twist(exchange, "expired_token"):
            token.expires_at = self.clock.now()
        if token is not None and self.twist(exchange, "revoked_token"):
            token.revoked = token.refresh_revoked = True
        account = self.store.accounts.get(token.account_id) if token else None
        if token is None or account is None or not account.name or not token.is_live(self.clock.now()):
            expired = token is not None and not token.revoked
            raise Refused(401, "invalid_token", headers={"WWW-Authenticate": EXPIRED if expired else INVALID})
        exchange.account = account.name
        return account

    def _dispatch(
        self, exchange: Exchange, endpoint: str, *, viewer: Account | None, values: Mapping[str, Any]
    ) -> Response:
        if endpoint in ("animelist", "mangalist"):
            kind = endpoint.removesuffix("list")
            owner = self._owner(values["name"], viewer)
            return fake_reads.read_list(exchange, owner, kind=kind, keep=lambda rows: self._shorten(exchange, rows))
        if endpoint == "user":
            # Only @me is served: Mal4J FAQ.
            if values["name"] != "@me":
                raise Refused(404, "not_found")
            return fake_reads.me(exchange, _need(viewer))
        kind = values.get("kind", "anime")
        titles = [title for title in self.store.titles.values() if title.kind == kind]
        if endpoint == "search":
            return fake_reads.search(exchange, titles, viewer)
        if endpoint == "ranking":
            return fake_reads.ranking(exchange, titles, viewer)
        if endpoint == "season":
            year, season = values["year"], values["season"]
            return fake_reads.seasonal(exchange, titles, viewer, year=year, season=season)
        title = self.store.titles.get((kind, values["title_id"]))
        if title is None:
            raise Refused(404, "not_found")
        if endpoint == "details":
            return json_answer(fake_reads.make_node(title, fake_reads.read_fields(exchange), viewer))
        change = self._update if endpoint == "update" else self._delete
        return change(exchange, title, _need(viewer))

    def _owner(self, name: str, viewer: Account | None) -> Account:
        if name == "@me":
            return _need(viewer)
        owner = self.store.by_name(name)
        if owner is None:
            raise Refused(404, "not_found")
        if owner.private_list and owner is not viewer:
            raise Refused(403, "forbidden")
        return owner

    def _shorten(self, exchange: Exchange, rows: list[Entry]) -> list[Entry]:
        """A list that comes back empty or cut, though nobody touched it."""
        if self.twist(exchange, "empty_list"):
            return []
        short = self.twist(exchange, "short_list")
        return rows[: int(short.options["keep"])] if short else rows

    def _update(self, exchange: Exchange, title: Title, viewer: Account) -> Response:
        form: Mapping[str, str] = exchange.request.form
        if exchange.request.mimetype != FORM:
            # JSON is not read: ci7lus/imau#1, #2.
            if self.settings["json_writes"] == "error":
                return self.server_error(500)
            form = {}
        if not title.approved:
            raise Refused(400, "invalid_content", "Invalid content")
        try:
            changes = read_form(form, title)
        except BadForm as error:
            raise fake_reads.bad_request(str(error)) from error
        entry = self.store.put(viewer, title)
        for change in changes:
            change(entry)
        entry.updated_at = self.clock.seconds()
        exchange.writes.append(f"{title.kind}:{title.id}")
        return json_answer(status_json(entry))

    def _delete(self, exchange: Exchange, title: Title, viewer: Account) -> Response:
        if viewer.entries.pop((title.kind, title.id), None) is None:
            raise Refused(404, "not_found")
        exchange.writes.append(f"{title.kind}:{title.id}")
        return json_answer([])

    def too_many(self, retry_after: float, *, headers: bool) -> Response:
        """Retry-After is rarely there: only with `headers`."""
        shown = {"Retry-After": str(max(1, round(retry_after)))} if headers else None
        return json_answer({"error": "too_many_requests", "message": ""}, 429, headers=shown)

    def server_error(self, status: int) -> Response:
        return json_answer({"error": "internal_server_error", "message": ""}, status)


def _need(viewer: Account | None) -> Account:
    if viewer is None:
        raise Refused(403, "forbidden")
    return viewer


FAKE = MyAnimeListFake
