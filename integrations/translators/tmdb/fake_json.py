"""How TMDB shows shows, seasons, films and errors. providers/id-mapping.md 2, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from integrations.sandbox.answers import json_answer
from integrations.sandbox.screen import Season, Show, iso

ERRORS = {
    3: (401, "Authentication failed: You do not have permissions to access the service."),
    5: (422, "Invalid parameters: Your request parameters are incorrect."),
    6: (404, "Invalid id: The pre-requisite id is invalid or not found."),
    7: (401, "Invalid API key: You must be granted a valid key."),
    11: (500, "Internal error: Something went wrong, contact TMDb."),
    25: (429, "Your request count is over the allowed limit."),
    27: (400, "Too many append to response objects: The maximum number of remote calls is 20."),
    34: (404, "The resource you requested could not be found."),
}
"""status_code → (HTTP status, status_message)."""


class TmdbError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def error_answer(code: int, *, status: int | None = None, headers: Mapping[str, str] | None = None) -> Response:
    usual, message = ERRORS[code]
    body = {"success": False, "status_code": code, "status_message": message}
    return json_answer(body, status or usual, headers=headers)


def _day(at: float | None) -> str | None:
    return None if at is None else iso(at)[:10]


def season_json(season: Season) -> dict[str, Any]:
    return {**_season_row(season), "episodes": [episode_json(episode) for episode in season.episodes]}


def _season_row(season: Season) -> dict[str, Any]:
    return {
        "id": season.tmdb,
        "season_number": season.number,
        "air_date": _day(season.episodes[0].aired_at) if season.episodes else None,
        "name": f"Season {season.number}" if season.number else "Specials",
    }


def episode_json(episode: Any) -> dict[str, Any]:
    """episode_number is the real one, which may begin at 62."""
    last = episode is episode.show.seasons[episode.season].episodes[-1]
    return {
        "id": episode.tmdb,
        "episode_number": episode.number,
        "season_number": episode.season,
        "air_date": _day(episode.aired_at),
        "name": episode.title,
        "episode_type": "finale" if last and episode.show.status == "ended" else "standard",
    }


def tv_json(show: Show) -> dict[str, Any]:
    seasons = [season for _, season in sorted(show.seasons.items())]
    return {
        "id": show.tmdb,
        "name": show.title,
        "original_name": show.title,
        "first_air_date": _day(show.start),
        "status": "Ended" if show.status == "ended" else "Returning Series",
        "number_of_episodes": len(show.regular()),
        "number_of_seasons": sum(season.number > 0 for season in seasons),
        "seasons": [{**_season_row(season), "episode_count": len(season.episodes)} for season in seasons],
    }


def movie_json(movie: Any) -> dict[str, Any]:
    return {"id": movie.tmdb, "title": movie.title, "original_title": movie.title, "release_date": _day(movie.released)}


def external_ids(one: Any) -> dict[str, Any]:
    ids = {"id": one.tmdb, "imdb_id": one.imdb or None, "wikidata_id": None}
    return {**ids, "tvdb_id": one.tvdb or None} if isinstance(one, Show) else ids
