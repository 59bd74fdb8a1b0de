"""A fake AniList: one GraphQL endpoint, strict as the service, and OAuth. providers/anilist.md, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any, ClassVar

import msgspec
from werkzeug.wrappers import Response

from integrations.providers.anilist import fake_oauth
from integrations.providers.anilist.fake_control import ControlledAniList
from integrations.providers.anilist.fake_execute import ApiError, Failure
from integrations.providers.anilist.fake_resolve import Context, build_runner
from integrations.providers.anilist.fake_schema import (
    Operation,
    RefusedDocument,
    introspect,
    read_operation,
    root_names,
)
from integrations.providers.anilist.fake_store import Account, Entry, Store
from integrations.sandbox.answers import JSON, json_answer
from integrations.sandbox.base import Exchange
from integrations.sandbox.throttle import Burst, Minute

API_HOST = "graphql.anilist.co"
SITE_HOST = "anilist.co"
DISABLED = "The AniList API has been temporarily disabled due to severe stability issues."
INTROSPECTION = {"__schema", "__type"}


class AniListFake(ControlledAniList):
    """Where the page leaves a question open, a setting or the stricter answer: `docs/sandbox.md` lists them."""

    slug = "anilist"
    hosts = (API_HOST, SITE_HOST)
    defaults: ClassVar[Mapping[str, Any]] = {
        "rate_limit": 30,
        "lockout_seconds": 60,
        "burst_limit": 5,
        "referer_gate": "tokenless",
        "expires_in": 31_536_000,
        "max_complexity": 500,
        "list_cap": 11_000,
        "failed_batch": "earlier",
        "point_10_rounds_half_up": True,
        "statistics_age": 300,
        "unstable_ties": True,
    }

    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "referer_gate": ("off", "tokenless", "all"),
        "failed_batch": ("earlier", "none", "others"),
    }

    def reset_store(self) -> None:
        self.store = Store(self.world.works, self.clock)
        self.runner = build_runner()
        self._minutes: dict[str, Minute] = {}
        self._bursts: dict[str, Burst] = {}

    def settings_changed(self) -> None:
        """A limit that changes holds at once, for the minute that runs: what was asked in it still counts."""
        for minute in self._minutes.values():
            minute.limit, minute.lockout = self.settings["rate_limit"], self.settings["lockout_seconds"]
        for burst in self._bursts.values():
            burst.limit, burst.lockout = self.settings["burst_limit"], self.settings["lockout_seconds"]

    def describe(self, exchange: Exchange) -> None:
        if exchange.host == SITE_HOST:
            exchange.endpoint = exchange.path.removeprefix("/api/v2/").strip("/")
            return
        exchange.metered = True
        payload = _decode(exchange)
        names = root_names(payload.get("query")) if isinstance(payload, dict) else []
        exchange.endpoint = f"graphql:{'+'.join(names)}" if names else "graphql"

    def answer(self, exchange: Exchange) -> Response:
        if exchange.host == API_HOST:
            return self._answer_graphql(exchange)
        pages = {
            "/api/v2/oauth/authorize": lambda: fake_oauth.authorize(self, exchange),
            "/api/v2/oauth/token": lambda: fake_oauth.exchange_code(self, exchange),
            "/api/v2/oauth/pin": lambda: fake_oauth.show_pin(exchange),
        }
        page = pages.get(exchange.path)
        return page() if page else json_answer({"message": "Not Found."}, 404)

    def _answer_graphql(self, exchange: Exchange) -> Response:
        now = self.clock.now()
        minute = self._minutes.setdefault(
            exchange.address, Minute(self.settings["rate_limit"], self.settings["lockout_seconds"])
        )
        burst = self._bursts.setdefault(
            exchange.address, Burst(self.settings["burst_limit"], lockout=self.settings["lockout_seconds"])
        )
        if not burst.allows(now):
            # An outer limiter, which sends no X-RateLimit headers: RickDB/PlexAniSync#186.
            return self.too_many(burst.locked_until - now, headers=False)
        wait = minute.wait(now)
        if wait:
            return self.too_many(wait, headers=True)
        response = self._answer_counted(exchange)
        if minute.limit:
            response.headers["X-RateLimit-Limit"] = str(minute.limit)
            response.headers["X-RateLimit-Remaining"] = str(minute.left)
        return response

    def _answer_counted(self, exchange: Exchange) -> Response:
        token = exchange.request.headers.get("Authorization", "").removeprefix("Bearer").strip()
        gate = self.settings["referer_gate"]
        if not exchange.request.headers.get("Referer") and (gate == "all" or (gate == "tokenless" and not token)):
            return _refuse(DISABLED, 403)
        if exchange.path != "/":
            return _refuse("Not Found.", 404)
        if exchange.request.method != "POST":
            return _refuse("Method Not Allowed", 405)
        payload = _decode(exchange)
        try:
            operation = read_operation(payload, max_complexity=self.settings["max_complexity"])
        except RefusedDocument as error:
            return json_answer({"data": None, "errors": error.errors}, 400)
        roots = self.runner.roots(operation)
        if any(field.name.value in INTROSPECTION for _, field in roots):
            return json_answer({"data": introspect(payload)})
        viewer = self._viewer(exchange, token)
        if token and viewer is None:
            return _failed([(ApiError("Invalid token", 400), roots[0][1])], keys=[key for key, _ in roots])
        if viewer is not None:
            exchange.account = viewer.name
        return self._run(exchange, operation, viewer)

    def _viewer(self, exchange: Exchange, token: str) -> Account | None:
        """None without a token, and for one that is unknown, expired or revoked."""
        found = self.grants.by_access.get(token)
        if found is None:
            return None
        if self.twist(exchange, "expired_token"):
            found.expires_at = self.clock.now()
        if self.twist(exchange, "revoked_token"):
            found.revoked = True
        account = self.store.accounts.get(found.account_id)
        return account if found.is_live(self.clock.now()) and account is not None and account.name else None

    def _run(self, exchange: Exchange, operation: Operation, viewer: Account | None) -> Response:
        context = Context(
            store=self.store,
            viewer=viewer,
            settings=self.settings,
            clock=self.clock,
            shorten=lambda entries: self._shorten(exchange, entries),
        )
        undo = operation.is_mutation and viewer is not None and self.settings["failed_batch"] == "none"
        before = self.store.copy_entries(viewer) if undo and viewer else {}
        data, failures = self._run_roots(operation, context)
        if failures and undo and viewer:
            self.store.restore_entries(viewer, before)
            context.writes.clear()
        exchange.writes.extend(context.writes)
        if failures:
            # One alias that fails takes the whole answer with it: AniList/docs#52, #84.
            keys = [key for key, _ in self.runner.roots(operation)]
            return _failed(failures, keys=keys)
        if operation.is_mutation and "studios" in exchange.request.get_data(as_text=True):
            # The write is done and the answer fails all the same: AniList/docs#45.
            return self.server_error(500)
        return json_answer({"data": data})

    def _run_roots(self, operation: Operation, context: Context) -> tuple[dict[str, Any], list[Failure]]:
        data: dict[str, Any] = {}
        failures: list[Failure] = []
        for key, field in self.runner.roots(operation):
            try:
                data[key] = self.runner.run_root(operation, field, context)
            except ApiError as error:
                failures.append((error, field))
                if operation.is_mutation and self.settings["failed_batch"] == "earlier":
                    break
        return data, failures

    def _shorten(self, exchange: Exchange, entries: list[Entry]) -> list[Entry]:
        """A list that comes back empty or cut, though nobody touched it."""
        if self.twist(exchange, "empty_list"):
            return []
        short = self.twist(exchange, "short_list")
        return entries[: int(short.options["keep"])] if short else entries

    def too_many(self, retry_after: float, *, headers: bool) -> Response:
        seconds = max(1, ceil(retry_after))
        body = b'{"data": null,"errors": [{"message": "Too Many Requests.","status": 429}]}'
        response = Response(body, 429, {"Retry-After": str(seconds)}, content_type=JSON)
        if headers:
            response.headers["X-RateLimit-Limit"] = str(self.settings["rate_limit"])
            response.headers["X-RateLimit-Remaining"] = "0"
            response.headers["X-RateLimit-Reset"] = str(self.clock.seconds() + seconds)
        return response

    def server_error(self, status: int) -> Response:
        return _refuse("Internal Server Error", status)


def _decode(exchange: Exchange) -> Any:
    """The JSON body, or None."""
    try:
        return msgspec.json.decode(exchange.request.get_data())
    except msgspec.DecodeError:
        return None


def _refuse(message: str, status: int) -> Response:
    return json_answer({"data": None, "errors": [{"message": message, "status": status}]}, status)


def _failed(failures: list[Failure], *, keys: list[str]) -> Response:
    errors = [error.as_json(field) for error, field in failures]
    return json_answer({"data": dict.fromkeys(keys), "errors": errors}, failures[0][0].status)


FAKE = AniListFake
