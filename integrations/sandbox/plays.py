"""What somebody who watched a catalogue anime has in their history at Trakt: facts of `shows`, in Trakt's words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from integrations.sandbox.shows import Route, real_facts, sandbox_routes

Played = tuple[int, int, int]
"""(Trakt id of the show or film, season, number); season and number of a film are 0."""


@lru_cache(maxsize=1)
def _routes() -> Mapping[int, tuple[Route, ...]]:
    found: dict[int, tuple[Route, ...]] = {}
    for route in sandbox_routes():
        found[route.anilist_id] = (*found.get(route.anilist_id, ()), route)
    return found


@lru_cache(maxsize=1)
def _firsts() -> Mapping[tuple[int, int], int]:
    """(TMDB id of a show, season) → the number of its first episode, where that is known not to be made up."""
    return {(show.tmdb_id, season.number): season.first for show in real_facts() for season in show.seasons}


def routes_of(anilist_id: int) -> tuple[Route, ...]:
    return _routes().get(anilist_id, ())


def episodes_of(anilist_id: int) -> Iterator[Played]:
    """What each episode of the anime is at Trakt, the first one first."""
    for route in routes_of(anilist_id):
        first = _firsts().get((route.tmdb_id, route.season), 1)
        for at in range(route.length):
            yield (
                (route.trakt_id, 0, 0)
                if route.kind == "movie"
                else (
                    route.trakt_id,
                    route.season,
                    first + route.position - 1 + at,
                )
            )


def history_of(anilist_id: int, progress: int, *, without: Collection[Played] = ()) -> dict[str, Any]:
    """The body of a call that records the first `progress` episodes, those of `without` left out; {} = nothing."""
    is_film = any(route.kind == "movie" for route in routes_of(anilist_id))
    wanted = [one for one, _ in zip(episodes_of(anilist_id), range(progress), strict=False) if one not in without]
    if is_film:
        return {"movies": [{"ids": {"trakt": show}} for show, _, _ in wanted]} if wanted else {}
    shows: dict[int, dict[int, list[dict[str, int]]]] = {}
    for show, season, number in wanted:
        shows.setdefault(show, {}).setdefault(season, []).append({"number": number})
    told = [
        {"ids": {"trakt": show}, "seasons": [{"number": season, "episodes": them} for season, them in seasons.items()]}
        for show, seasons in shows.items()
    ]
    return {"shows": told} if told else {}
