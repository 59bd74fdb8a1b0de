"""What a person has at the Trakt fake, as it is read. providers/trakt.md 4 and 6, read 2026-11-25."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from werkzeug.wrappers import Response

from integrations.providers.trakt.fake_json import (
    Refused,
    extended,
    movie_json,
    paged_answer,
    show_json,
    target_json,
)
from integrations.providers.trakt.fake_marks import watchlist_cap
from integrations.providers.trakt.fake_store import SECTIONS, Account, Key, Play, State
from integrations.sandbox.answers import json_answer
from integrations.sandbox.screen import Episode, Show, iso

if TYPE_CHECKING:
    from integrations.providers.trakt.fake_control import ControlledTrakt
    from integrations.sandbox.base import Exchange

NAMESPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
PLAYS_OF_SHOW = dict[Show, dict[Episode, list[Play]]]
LISTS = {"free": (5, 250), "vip": (100, 5_000)}
"""How many lists an account may have, and how many items a list."""
WATCHLIST_SORTS: Mapping[str, Callable[[Any], Any]] = {
    "rank": lambda row: row[0],
    "added": lambda row: row[2].at,
    "title": lambda row: getattr(row[1], "title", row[1].show.title if hasattr(row[1], "show") else "").lower(),
}


def last_activities(activities: Mapping[str, Mapping[str, float]]) -> Response:
    latest = max(at for group in activities.values() for at in group.values())
    groups = {name: {key: iso(at) for key, at in group.items()} for name, group in activities.items()}
    return json_answer({"all": iso(latest), **groups})


def plays_by_show(fake: ControlledTrakt, state: State) -> PLAYS_OF_SHOW:
    found: PLAYS_OF_SHOW = defaultdict(lambda: defaultdict(list))
    for play in state.plays.values():
        if play.key[0] == "episode":
            episode = fake.store.screen.episodes[play.key[1]]
            found[episode.show][episode].append(play)
    return found


def watched_shows(fake: ControlledTrakt, exchange: Exchange, state: State) -> Response:
    """`seasons` only with extended=progress, since 2026-07-01."""
    wanted = extended(exchange)
    watched = plays_by_show(fake, state)

    def make(show: Show) -> dict[str, Any]:
        plays = [play for some in watched[show].values() for play in some]
        reset = state.resets.get(show.trakt)
        row = {
            **_totals(plays, updated_at=state.updated.get(("show", show.trakt), 0.0)),
            "reset_at": iso(reset) if reset is not None else None,
            "show": show_json(show, full="full" in wanted, counted=True),
        }
        return {**row, "seasons": _season_rows(watched[show])} if "progress" in wanted else row

    return paged_answer(fake, exchange, _newest_first(watched), make=make)


def _newest_first(watched: PLAYS_OF_SHOW) -> list[Show]:
    last = {show: max(play.watched_at for some in by.values() for play in some) for show, by in watched.items()}
    return sorted(watched, key=lambda show: (-last[show], show.trakt))


def _totals(plays: list[Play], *, updated_at: float) -> dict[str, Any]:
    """last_updated_at does not move on a removal (trakt-api#472)."""
    last = max(play.watched_at for play in plays)
    return {"plays": len(plays), "last_watched_at": iso(last), "last_updated_at": iso(updated_at)}


def _season_rows(by_episode: Mapping[Episode, list[Play]]) -> list[dict[str, Any]]:
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for episode in sorted(by_episode, key=lambda one: (one.season, one.number)):
        plays = by_episode[episode]
        last = iso(max(play.watched_at for play in plays))
        rows[episode.season].append({"number": episode.number, "plays": len(plays), "last_watched_at": last})
    return [{"number": number, "episodes": episodes} for number, episodes in rows.items()]


def watched_movies(fake: ControlledTrakt, exchange: Exchange, state: State) -> Response:
    watched: dict[int, list[Play]] = defaultdict(list)
    for play in state.plays.values():
        if play.key[0] == "movie":
            watched[play.key[1]].append(play)
    full = "full" in extended(exchange)

    def make(trakt_id: int) -> dict[str, Any]:
        movie = movie_json(fake.store.screen.movies[trakt_id], full=full)
        return {**_totals(watched[trakt_id], updated_at=state.updated.get(("movie", trakt_id), 0.0)), "movie": movie}

    order = sorted(watched, key=lambda one: (-max(play.watched_at for play in watched[one]), one))
    return paged_answer(fake, exchange, order, make=make)


def watched_map(fake: ControlledTrakt, state: State) -> Response:
    """extended=min: show id → season → episode → when it was played; one answer without pages."""
    shown: dict[str, Any] = {}
    for show, by_episode in plays_by_show(fake, state).items():
        seasons: dict[str, dict[str, list[str]]] = defaultdict(dict)
        for episode in sorted(by_episode, key=lambda one: (one.season, one.number)):
            times = [iso(play.watched_at) for play in by_episode[episode]]
            seasons[str(episode.season)][str(episode.number)] = times
        shown[str(show.trakt)] = seasons
    return json_answer(shown)


def read_ratings(fake: ControlledTrakt, exchange: Exchange, state: State, *, values: Mapping[str, Any]) -> Response:
    kind, only = values.get("type", "all"), values.get("rating")
    keys = [key for key in _of_kind(state.ratings, kind) if only in (None, state.ratings[key].value)]
    keys.sort(key=lambda key: (-state.ratings[key].at, key))
    full = "full" in extended(exchange)

    def make(key: Key) -> dict[str, Any]:
        rating = state.ratings[key]
        return {"rated_at": iso(rating.at), "rating": rating.value, "type": key[0], **_target(fake, key, full=full)}

    return paged_answer(fake, exchange, keys, make=make)


def read_watchlist(fake: ControlledTrakt, exchange: Exchange, state: State, *, values: Mapping[str, Any]) -> Response:
    """An unknown sort is read as rank, in which things were listed."""
    keys = _of_kind(state.watchlist, values.get("type", "all"))
    screen = fake.store.screen
    ranks = {key: place for place, key in enumerate(state.watchlist, start=1)}
    rows = [(ranks[key], screen.find(key[0], "trakt", key[1]), state.watchlist[key], key) for key in keys]
    rows.sort(key=lambda row: row[0])
    rows.sort(
        key=WATCHLIST_SORTS.get(values.get("sort_by", ""), WATCHLIST_SORTS["rank"]),
        reverse=values.get("sort_how") == "desc",
    )
    full = "full" in extended(exchange)

    def make(row: Any) -> dict[str, Any]:
        rank, _, listed, key = row
        known = {"rank": rank, "id": listed.id, "listed_at": iso(listed.at), "notes": listed.notes, "type": key[0]}
        return {**known, **_target(fake, key, full=full)}

    return paged_answer(fake, exchange, rows, make=make)


def read_hidden(fake: ControlledTrakt, exchange: Exchange, state: State, *, section: str) -> Response:
    if section not in SECTIONS:
        raise Refused(404)
    hidden = state.hidden[section]
    kind = exchange.request.args.get("type", "")
    keys = [key for key in hidden if kind in ("", key[0])]
    keys.sort(key=lambda key: (-hidden[key], key))
    full = "full" in extended(exchange)

    def make(key: Key) -> dict[str, Any]:
        return {"hidden_at": iso(hidden[key]), "type": key[0], **_target(fake, key, full=full)}

    return paged_answer(fake, exchange, keys, make=make)


def _of_kind(items: Mapping[Key, Any], plural: str) -> list[Key]:
    return [key for key in items if plural in ("all", f"{key[0]}s")]


def _target(fake: ControlledTrakt, key: Key, *, full: bool) -> dict[str, Any]:
    return target_json(fake.store.screen.find(key[0], "trakt", key[1]), full=full)


def read_settings(fake: ControlledTrakt, exchange: Exchange, account: Account) -> Response:
    lists, items = LISTS["vip" if account.vip else "free"]
    cap = watchlist_cap(fake, account)
    shown: dict[str, Any] = {
        "user": {
            "username": account.name,
            "private": account.private,
            "name": account.name,
            "vip": account.vip,
            "vip_ep": False,
            "ids": {"slug": account.slug, "uuid": uuid5(NAMESPACE, account.slug).hex, "trakt": account.id},
            "joined_at": iso(account.joined_at),
        },
        "account": {"timezone": account.timezone, "date_format": "ymd", "time_24hr": True},
        "limits": {
            "list": {"count": lists, "item_count": items},
            "watchlist": {"item_count": cap},
            "favorites": {"item_count": cap},
        },
        "permissions": {"commenting": True, "liking": True, "following": True},
    }
    if "browsing" in extended(exchange):
        shown["browsing"] = {"watch_only_once": account.watch_only_once}
    return json_answer(shown)
