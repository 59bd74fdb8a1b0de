"""Which part of the Trakt fake answers which call. providers/trakt.md 6, 7 and 9, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from werkzeug.wrappers import Response

from integrations.providers.trakt import fake_history, fake_scrobble, fake_shows, fake_sync
from integrations.providers.trakt.fake_control import ControlledTrakt
from integrations.providers.trakt.fake_json import Refused, extended, paged_answer
from integrations.providers.trakt.fake_routes import Endpoint
from integrations.providers.trakt.fake_store import SECTIONS, Account, State
from integrations.sandbox.answers import json_answer
from integrations.sandbox.base import Exchange

Values = Mapping[str, Any]


class Answering(ControlledTrakt):
    """Calls that came through the headers, the buckets and the sign-in."""

    def dispatch(self, exchange: Exchange, endpoint: Endpoint, *, viewer: Account | None, values: Values) -> Response:
        """viewer: None only where the endpoint is public. Raises Refused."""
        if endpoint.name == "user_watched":
            return self._user_watched(exchange, viewer, values)
        if endpoint.public:
            return self._look_up(exchange, endpoint.name, values)
        assert viewer is not None, endpoint
        if exchange.request.method == "GET":
            return self._read(exchange, endpoint.name, viewer=viewer, values=values)
        if endpoint.name == "write":
            return self._write_list(exchange, endpoint, viewer=viewer, values=values)
        if endpoint.name == "scrobble":
            return fake_scrobble.scrobble(self, exchange, viewer, verb=values["verb"], body=_read_body(exchange))
        return self._reset(viewer, endpoint.name, text=values["text"])

    def _look_up(self, exchange: Exchange, name: str, values: Values) -> Response:
        if name == "search_id":
            return fake_shows.search_id(self, exchange, name=values["name"], value=values["value"])
        if name == "search_text":
            return fake_shows.search_text(self, exchange, kinds=values["kinds"])
        if name == "movie":
            return fake_shows.read_movie(self, exchange, values["text"])
        show = fake_shows.find_show(self, values["text"])
        if name == "seasons":
            return fake_shows.read_seasons(exchange, show)
        if name in ("season", "season_info"):
            season = fake_shows.find_season(show, values["season"])
            return fake_shows.read_season(exchange, season, info=name == "season_info")
        if name == "show_ratings":
            return fake_shows.read_ratings(exchange, show)
        return fake_shows.read_show(exchange, show)

    def _read(self, exchange: Exchange, name: str, *, viewer: Account, values: Values) -> Response:
        state, activities = viewer.shown(self.clock.now())
        if name == "last_activities":
            moved = activities if self.settings["stale_activities"] else viewer.activities
            return fake_sync.last_activities(moved)
        if name == "watched":
            return self._watched(exchange, state, kind=values["type"])
        if name == "list_progress":
            return fake_shows.list_progress(self, exchange, state)
        if name == "progress":
            show = fake_shows.find_show(self, values["text"])
            return fake_shows.read_progress(self, exchange, state, show=show)
        if name == "history":
            return fake_history.read_history(self, exchange, state, values=values)
        if name == "ratings":
            return fake_sync.read_ratings(self, exchange, state, values=values)
        if name == "watchlist":
            return fake_sync.read_watchlist(self, exchange, state, values=values)
        if name == "hidden":
            return fake_sync.read_hidden(self, exchange, state, section=values["section"])
        if name == "settings":
            return fake_sync.read_settings(self, exchange, viewer)
        # Collection and playback: nobody here owns or pauses anything.
        return paged_answer(self, exchange, (), make=dict)

    def _watched(self, exchange: Exchange, state: State, *, kind: str) -> Response:
        read = fake_sync.watched_shows if kind == "shows" else fake_sync.watched_movies
        return read(self, exchange, state)

    def _user_watched(self, exchange: Exchange, viewer: Account | None, values: Values) -> Response:
        owner = viewer if values["user"] == "me" else self.store.by_name(values["user"])
        if owner is None:
            raise Refused(401 if values["user"] == "me" else 404)
        if owner.private and owner is not viewer:
            raise Refused(401)
        state, _ = owner.shown(self.clock.now())
        if values["type"] == "shows" and "min" in extended(exchange):
            return fake_sync.watched_map(self, state)
        return self._watched(exchange, state, kind=values["type"])

    def _write_list(self, exchange: Exchange, endpoint: Endpoint, *, viewer: Account, values: Values) -> Response:
        name = endpoint.list or values["section"]
        if not endpoint.list and name not in SECTIONS:
            raise Refused(404)
        written = self.writer(name, remove=endpoint.remove)(viewer, _read_body(exchange))
        exchange.writes += written.writes
        return json_answer(written.answer, 200 if endpoint.remove else self.settings["write_status"])

    def _reset(self, viewer: Account, name: str, *, text: str) -> Response:
        if self.settings["reset_needs_vip"] and not viewer.vip:
            raise Refused(426, headers={"X-Upgrade-URL": "https://trakt.tv/vip"})
        show = fake_shows.find_show(self, text)
        self.begin_write(viewer)
        return fake_shows.reset_progress(viewer.state, show, to=self.clock.now() if name == "reset" else None)


def _read_body(exchange: Exchange) -> Mapping[str, Any]:
    """Raises Refused (400) for what is no JSON object."""
    try:
        return msgspec.json.decode(exchange.request.get_data(), type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Refused(400) from error
