"""The sandbox's shows and films as Trakt and TMDB cut them, and where each catalogue anime lies in them.

`shows.csv`, one season or film a row, and `show_routes.csv` hold what is real: ids and seasons of public id tables,
the examples of providers/id-mapping.md 1 and 5.6 (read 2026-11-25). Every other anime gets a show with one season, or
a film, whose ids follow from its own: `docs/sandbox.md`.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from integrations.sandbox.catalogue import Work, load_works

FOLDER = Path(__file__).parent
FIRST_TMDB, FIRST_TRAKT, FIRST_TVDB = 30_000_000, 50_000_000, 70_000_000
"""Far above every real id; the made-up id of a work is one of these and its key."""
MAL_ONLY = 10_000_000
UNKNOWN_TOTAL = 12
RUNNING_TOTAL = 1200
"""Episodes of a work whose total the catalogue does not know: ended, or running since long ago."""


@dataclass(frozen=True, slots=True)
class SeasonFacts:
    """first: the number of its first episode; the others count on from there."""

    number: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class ShowFacts:
    """A show, or a film without seasons. tvdb_id 0, imdb_id "": none. start: "", "2013" or "2013-04-07"."""

    kind: str
    tmdb_id: int
    trakt_id: int
    tvdb_id: int
    imdb_id: str
    slug: str
    title: str
    year: int
    start: str
    mal_id: int
    ended: bool = True
    seasons: tuple[SeasonFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """`length` episodes of an anime, from its own `start` on, are those of one season from `position` on (1 = first).

    kind: "show" or "movie"; a film is season 0, position 1, length 1. anilist_id 0: AniList does not have the work.
    """

    anilist_id: int
    mal_id: int
    kind: str
    tmdb_id: int
    trakt_id: int
    season: int
    position: int
    length: int
    start: int = 1


def sandbox_routes(*, beyond: bool = False) -> Iterator[Route]:
    """The true routes of each anime of the catalogue, in its order; `beyond`: then those of known anime outside it."""
    known = dict(_known_routes())
    for work in load_works():
        if work.kind == "anime":
            yield from known.pop(work.anilist_id, None) or [_route_by_rule(work)]
    if beyond:
        for routes in known.values():
            yield from routes


def facts_of(works: Iterable[Work]) -> Iterator[ShowFacts]:
    """One show or film for each anime that no real one holds."""
    known = _known_routes()
    for work in works:
        if work.kind == "anime" and work.anilist_id not in known:
            yield _facts_by_rule(work)


@lru_cache(maxsize=1)
def real_facts() -> tuple[ShowFacts, ...]:
    """The shows and films of `shows.csv`."""
    starts = {work.anilist_id: work for work in load_works()}
    first = {routes[0].tmdb_id: routes[0] for routes in reversed(list(_known_routes().values()))}
    found: dict[tuple[str, int], ShowFacts] = {}
    for row in _rows("shows.csv"):
        key = (row["kind"], int(row["tmdb_id"]))
        seasons = found[key].seasons if key in found else ()
        if row["season"]:
            seasons += (SeasonFacts(int(row["season"]), int(row["first"]), int(row["count"])),)
        work = starts.get(first[key[1]].anilist_id)
        found[key] = ShowFacts(
            kind=key[0],
            tmdb_id=key[1],
            trakt_id=int(row["trakt_id"]),
            tvdb_id=int(row["tvdb_id"] or 0),
            imdb_id=row["imdb_id"],
            slug=row["slug"],
            title=row["title"],
            year=int(row["year"]),
            start=(work.start if work else "") or row["year"],
            mal_id=first[key[1]].mal_id,
            ended=row["ended"] == "1",
            seasons=seasons,
        )
    return tuple(found.values())


@lru_cache(maxsize=1)
def _known_routes() -> Mapping[int, list[Route]]:
    """AniList id → its routes, in the order of its episodes."""
    trakt = {(row["kind"], row["tmdb_id"]): int(row["trakt_id"]) for row in _rows("shows.csv")}
    found: dict[int, list[Route]] = {}
    for row in _rows("show_routes.csv"):
        route = Route(
            anilist_id=int(row["anilist_id"]),
            mal_id=int(row["mal_id"]),
            kind=row["kind"],
            tmdb_id=int(row["tmdb_id"]),
            trakt_id=trakt[(row["kind"], row["tmdb_id"])],
            season=int(row["season"]),
            position=int(row["position"]),
            length=int(row["length"]),
            start=int(row["start"]),
        )
        found.setdefault(route.anilist_id, []).append(route)
    return found


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _route_by_rule(work: Work) -> Route:
    facts = _facts_by_rule(work)
    season = facts.seasons[0] if facts.seasons else SeasonFacts(0, 1, 1)
    ids = (work.anilist_id, work.mal_id, facts.kind, facts.tmdb_id, facts.trakt_id)
    return Route(*ids, season=season.number, position=1, length=season.count)


def _facts_by_rule(work: Work) -> ShowFacts:
    key = work.anilist_id or MAL_ONLY + work.mal_id
    film, ended = work.format == "MOVIE", work.status == "FINISHED"
    title = work.english or work.title
    return ShowFacts(
        kind="movie" if film else "show",
        tmdb_id=FIRST_TMDB + key,
        trakt_id=FIRST_TRAKT + key,
        tvdb_id=0 if film else FIRST_TVDB + key,
        imdb_id=f"tt9{key:08d}",
        slug=make_slug(title),
        title=title,
        year=work.started()[0],
        start=work.start,
        mal_id=work.mal_id,
        ended=ended,
        seasons=() if film else (SeasonFacts(1, 1, work.total or (UNKNOWN_TOTAL if ended else RUNNING_TOTAL)),),
    )


def make_slug(title: str) -> str:
    """ "Café: 86" → "cafe-86"; whoever stores it sees to it that no two are the same."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
