"""Look-ups at the Trakt fake: search, shows, films, season tables, progress. providers/trakt.md 6.2, 7.7 and 9."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from integrations.providers.trakt.fake_json import (
    Refused,
    episode_json,
    extended,
    invalid,
    movie_json,
    paged_answer,
    season_json,
    show_json,
    target_json,
)
from integrations.providers.trakt.fake_store import State
from integrations.providers.trakt.fake_sync import plays_by_show
from integrations.sandbox.answers import json_answer
from integrations.sandbox.screen import Episode, Movie, Season, Show, iso

if TYPE_CHECKING:
    from integrations.providers.trakt.fake_control import ControlledTrakt
    from integrations.sandbox.base import Exchange

SEARCHABLE = ("movie", "show", "episode")
IDS_OF = {"movie": ("trakt", "imdb", "tmdb"), "show": ("trakt", "imdb", "tmdb", "tvdb"), "episode": ("trakt", "tvdb")}
ID_SCORE = 1000


def search_id(fake: ControlledTrakt, exchange: Exchange, *, name: str, value: str) -> Response:
    """[] where nothing has the id. Without `type` all that bear the number, a film beside a show."""
    kinds = exchange.request.args.get("type", ",".join(SEARCHABLE)).split(",")
    wanted: int | str = int(value) if name != "imdb" and value.isdecimal() else value
    found = []
    for kind in SEARCHABLE:
        target = fake.store.screen.find(kind, name, wanted) if kind in kinds and name in IDS_OF[kind] else None
        if target is not None:
            found.append({"type": kind, "score": ID_SCORE, **target_json(target, full="full" in extended(exchange))})
    return json_answer(found)


def search_text(fake: ControlledTrakt, exchange: Exchange, *, kinds: str) -> Response:
    """By words of the title; years: "2013" or "2010-2015"."""
    query = exchange.request.args.get("query", "").strip().lower()
    if not query:
        raise invalid("query is missing")
    first, last = _years(exchange.request.args.get("years", ""))
    works: list[Show | Movie] = []
    if "show" in kinds.split(","):
        works += fake.store.screen.shows.values()
    if "movie" in kinds.split(","):
        works += fake.store.screen.movies.values()
    scored = [(_score(work.title.lower(), query), work) for work in works if first <= work.year <= last]
    rows = sorted([pair for pair in scored if pair[0] > 0], key=lambda pair: (-pair[0], pair[1].trakt))
    full = "full" in extended(exchange)

    def make(row: tuple[float, Show | Movie]) -> dict[str, Any]:
        return {"type": type(row[1]).__name__.lower(), "score": row[0], **target_json(row[1], full=full)}

    return paged_answer(fake, exchange, rows, make=make)


def _years(text: str) -> tuple[int, int]:
    parts = [part for part in text.split("-") if part]
    if not all(part.isdecimal() for part in parts) or len(parts) > 2:
        raise invalid("years must be a year or a range")
    return (int(parts[0]), int(parts[-1])) if parts else (0, 9999)


def _score(title: str, query: str) -> float:
    """0 = no match; the whole title, its beginning, a part, the share of common words."""
    if title == query:
        return 1000.0
    shared = len(set(title.split()) & set(query.split())) / len(set(query.split()))
    part = 800.0 if title.startswith(query) else 500.0 if query in title else 0.0
    return max(part, 100 * shared if shared > 0.5 else 0.0)


def find_show(fake: ControlledTrakt, text: str) -> Show:
    show = fake.store.screen.named("show", text)
    if not isinstance(show, Show):
        raise Refused(404)
    return show


def read_show(exchange: Exchange, show: Show) -> Response:
    return json_answer(show_json(show, full="full" in extended(exchange)))


def read_movie(fake: ControlledTrakt, exchange: Exchange, text: str) -> Response:
    movie = fake.store.screen.named("movie", text)
    if movie is None:
        raise Refused(404)
    return json_answer(movie_json(movie, full="full" in extended(exchange)))


def read_seasons(exchange: Exchange, show: Show) -> Response:
    """The whole table with extended=episodes or full,episodes, specials as season 0."""
    wanted = extended(exchange)
    rows = [
        season_json(season, full="full" in wanted, episodes="episodes" in wanted)
        for _, season in sorted(show.seasons.items())
    ]
    return json_answer(rows)


def find_season(show: Show, number: int) -> Season:
    if number not in show.seasons:
        raise Refused(404)
    return show.seasons[number]


def read_season(exchange: Exchange, season: Season, *, info: bool = False) -> Response:
    full = "full" in extended(exchange)
    if info:
        return json_answer(season_json(season, full=full))
    return json_answer([episode_json(episode, full=full) for episode in season.episodes])


def read_ratings(exchange: Exchange, show: Show) -> Response:
    """With extended=all a link to MyAnimeList, one a show."""
    shown: dict[str, Any] = {"rating": 0.0, "votes": 0, "distribution": {str(mark): 0 for mark in range(1, 11)}}
    if "all" in extended(exchange) and show.mal:
        shown["mal"] = {"rating": None, "votes": None, "link": f"https://myanimelist.net/anime/{show.mal}"}
    return json_answer(shown)


def read_progress(fake: ControlledTrakt, exchange: Exchange, state: State, *, show: Show) -> Response:
    """specials: season 0 is shown; count_specials: it is counted too."""
    args = exchange.request.args
    return json_answer(
        progress_json(
            fake,
            state,
            show,
            specials=args.get("specials") == "true",
            count_specials=args.get("specials") == "true" and args.get("count_specials", "true") == "true",
        )
    )


def progress_json(
    fake: ControlledTrakt, state: State, show: Show, *, specials: bool, count_specials: bool
) -> dict[str, Any]:
    plays = plays_by_show(fake, state).get(show, {})
    last = {episode: max(play.watched_at for play in some) for episode, some in plays.items()}
    rows = [_season_progress(season, last) for number, season in sorted(show.seasons.items()) if number or specials]
    counted = [row for row in rows if row["number"] or count_specials]
    reset = state.resets.get(show.trakt)
    aired = [one for one in show.regular() if one.aired_at is not None]
    # Trakt goes on behind the furthest episode that was watched.
    reached = max((at for at, one in enumerate(aired) if one in last), default=-1)
    following = aired[reached + 1] if reached + 1 < len(aired) else None
    latest = max(last, key=lambda one: (last[one], one.season, one.number), default=None)
    return {
        "aired": sum(row["aired"] for row in counted),
        "completed": sum(row["completed"] for row in counted),
        "last_watched_at": iso(max(last.values())) if last else None,
        "reset_at": iso(reset) if reset is not None else None,
        "seasons": rows,
        "next_episode": episode_json(following) if following else None,
        "last_episode": episode_json(latest) if latest else None,
    }


def _season_progress(season: Season, last: Mapping[Episode, float]) -> dict[str, Any]:
    aired = [episode for episode in season.episodes if episode.aired_at is not None or episode in last]
    episodes = [
        {
            "number": episode.number,
            "completed": episode in last,
            "last_watched_at": iso(last[episode]) if episode in last else None,
        }
        for episode in aired
    ]
    completed = sum(episode in last for episode in aired)
    return {"number": season.number, "aired": len(aired), "completed": completed, "episodes": episodes}


def list_progress(fake: ControlledTrakt, exchange: Exchange, state: State) -> Response:
    """GET /sync/progress/watched: a paged list of shows with their progress."""
    args = exchange.request.args
    rows = []
    for show in sorted(plays_by_show(fake, state), key=lambda one: one.trakt):
        progress = progress_json(fake, state, show, specials=False, count_specials=False)
        done = progress["completed"] >= progress["aired"]
        hidden = args.get("hide_completed" if done else "hide_not_completed") == "true"
        again = args.get("only_rewatching") != "true" or progress["reset_at"] is not None
        if not hidden and again:
            rows.append({"show": show_json(show), "progress": progress})
    return paged_answer(fake, exchange, rows, make=lambda row: row)


def reset_progress(state: State, show: Show, *, to: float | None) -> Response:
    """Older plays stay: the client has to leave out what lies before reset_at (trakt.md 7.7)."""
    if to is None:
        state.resets.pop(show.trakt, None)
    else:
        state.resets[show.trakt] = to
    return json_answer({"reset_at": iso(to) if to is not None else None})
