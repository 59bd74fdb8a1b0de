"""A fake TMDB: the calls that turn ids into ids and show season tables. providers/id-mapping.md 2, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from integrations.sandbox.answers import json_answer
from integrations.sandbox.base import Exchange
from integrations.sandbox.screen import Show
from integrations.sandbox.throttle import Burst
from integrations.translators.tmdb.fake_control import ControlledTmdb
from integrations.translators.tmdb.fake_json import (
    TmdbError,
    episode_json,
    error_answer,
    external_ids,
    movie_json,
    season_json,
    tv_json,
)

HOST = "api.themoviedb.org"
ROUTES = Map(
    [
        Rule("/3/find/<external_id>", endpoint="find", methods=["GET"]),
        Rule("/3/tv/<int:id>", endpoint="tv", methods=["GET"]),
        Rule("/3/tv/<int:id>/season/<int:season>", endpoint="season", methods=["GET"]),
        Rule("/3/tv/<int:id>/external_ids", endpoint="external_ids", methods=["GET"]),
        Rule("/3/tv/<int:id>/episode_groups", endpoint="episode_groups", methods=["GET"]),
        Rule("/3/movie/<int:id>", endpoint="movie", methods=["GET"]),
        Rule("/3/movie/<int:id>/external_ids", endpoint="movie_external_ids", methods=["GET"]),
    ],
    strict_slashes=False,
)
SOURCES = {"imdb_id": "imdb", "tvdb_id": "tvdb", "wikidata_id": "wikidata"}
RESULTS = ("movie_results", "person_results", "tv_results", "tv_episode_results", "tv_season_results")
MOST_APPENDED = 20


class TmdbFake(ControlledTmdb):
    hosts = (HOST,)
    defaults: ClassVar[Mapping[str, Any]] = {"rate": 40, "unknown_id_code": "34"}
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"unknown_id_code": ("34", "6")}

    def settings_changed(self) -> None:
        self._bursts: dict[str, Burst] = {}

    def describe(self, exchange: Exchange) -> None:
        exchange.metered = True
        exchange.endpoint = exchange.request.method
        try:
            rule, _ = ROUTES.bind(HOST).match(exchange.path, method=exchange.request.method, return_rule=True)
        except HTTPException:
            return
        path = rule.rule.removeprefix("/3").replace("<int:id>", "{id}").replace("<int:season>", "{n}")
        exchange.endpoint += " " + path.replace("<external_id>", "{id}")

    def answer(self, exchange: Exchange) -> Response:
        try:
            self._admit(exchange)
            endpoint, values = ROUTES.bind(HOST).match(exchange.path, method=exchange.request.method)
            return json_answer(self._find_answer(exchange, endpoint, values))
        except TmdbError as error:
            return error_answer(error.code)
        except HTTPException:
            return error_answer(34)

    def _admit(self, exchange: Exchange) -> None:
        burst = self._bursts.setdefault(exchange.address, Burst(self.settings["rate"]))
        if not burst.allows(self.clock.now()):
            raise TmdbError(25)
        scheme, _, token = exchange.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if all(app.secret != token.strip() for app in self.grants.apps.values()):
                raise TmdbError(3)
        elif exchange.request.args.get("api_key", "") not in self.grants.apps:
            raise TmdbError(7)

    def _find_answer(self, exchange: Exchange, endpoint: str, values: Mapping[str, Any]) -> dict[str, Any]:
        if endpoint == "find":
            return self._find_external(exchange, values["external_id"])
        one = self.screen.find("movie" if endpoint.startswith("movie") else "show", "tmdb", values["id"])
        if one is None:
            raise TmdbError(int(self.settings["unknown_id_code"]))
        if endpoint == "season":
            if values["season"] not in one.seasons:
                raise TmdbError(34)
            return season_json(one.seasons[values["season"]])
        if endpoint.endswith("external_ids"):
            return external_ids(one)
        if endpoint == "episode_groups":
            return {"results": [], "id": one.tmdb}
        shown = tv_json(one) if isinstance(one, Show) else movie_json(one)
        return {**shown, **self._append(exchange, one)}

    def _append(self, exchange: Exchange, one: Any) -> dict[str, Any]:
        """append_to_response=season/1,external_ids: each under its own name; what is not there is left out."""
        names = [name for name in exchange.request.args.get("append_to_response", "").split(",") if name]
        if len(names) > MOST_APPENDED:
            raise TmdbError(27)
        found: dict[str, Any] = {}
        for name in names:
            word, _, number = name.partition("/")
            if word == "season" and isinstance(one, Show) and number.isdecimal() and int(number) in one.seasons:
                found[name] = season_json(one.seasons[int(number)])
            elif name == "external_ids":
                found[name] = {key: value for key, value in external_ids(one).items() if key != "id"}
        return found

    def _find_external(self, exchange: Exchange, external_id: str) -> dict[str, Any]:
        """Films have no tvdb id; no work here has a Wikidata id."""
        name = SOURCES.get(exchange.request.args.get("external_source", ""))
        if name is None:
            raise TmdbError(5)
        value: int | str = int(external_id) if name == "tvdb" and external_id.isdecimal() else external_id
        found: dict[str, Any] = {kind: [] for kind in RESULTS}
        for kind, shown in (("movie", movie_json), ("show", tv_json)):
            one = self.screen.find(kind, name, value)
            if one is not None:
                media_type = "movie" if kind == "movie" else "tv"
                found[f"{media_type}_results"].append({**shown(one), "media_type": media_type})
        episode = self.screen.find("episode", name, value)
        if episode is not None:
            row = {**episode_json(episode), "show_id": episode.show.tmdb, "media_type": "tv_episode"}
            found["tv_episode_results"].append(row)
        return found

    def too_many(self, retry_after: float, *, headers: bool) -> Response:
        return error_answer(25, headers={"Retry-After": str(max(1, round(retry_after)))} if headers else None)

    def server_error(self, status: int) -> Response:
        return error_answer(11, status=status)


FAKE = TmdbFake
