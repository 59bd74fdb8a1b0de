"""Fribb/anime-lists: ids of all sites, and TMDB's seasons with offsets. id-mapping.md 3.1, read 2026-11-25.

Two generations of the schema are about: in 2026 thetvdb_id became tvdb_id, themoviedb_id and imdb_id became an object
and an array, and episode_offset came. TVDB is only asked where a row
has nothing of TMDB.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from library.mappings.fields import watched
from library.mappings.said import (
    ANIDB,
    ANILIST,
    IMDB,
    KITSU,
    MAL,
    TMDB,
    TVDB,
    Entry,
    Range,
    Said,
    Unfit,
    absolute,
    check_episode,
    check_id,
    check_imdb,
    films,
    fitting,
    pairs_of,
    read_id,
    run,
    somewhere,
)
from library.mappings.streaming import rows_of, shaped

KNOWN = frozenset(
    {
        *("type", "season", "episode_offset", "anidb_id", "anilist_id", "mal_id", "kitsu_id"),
        *("tvdb_id", "thetvdb_id", "themoviedb_id", "imdb_id", "simkl_id", "anime-planet_id", "anisearch_id"),
        *("livechart_id", "animenewsnetwork_id", "animecountdown_id", "notify.moe_id"),
    }
)
NEEDED = frozenset({"anidb_id", "anilist_id", "mal_id", "kitsu_id", "themoviedb_id", "season"})


class Tmdb(msgspec.Struct, forbid_unknown_fields=True):
    tv: int | None = None
    movie: int | list[int] = []


class Numbers(msgspec.Struct, forbid_unknown_fields=True):
    """A season, or what to add to the entry's episode number."""

    tvdb: int | None = None
    tmdb: int | None = None


class Row(msgspec.Struct):
    type: str = ""
    anidb_id: int | None = None
    anilist_id: int | None = None
    mal_id: int | None = None
    kitsu_id: int | None = None
    tvdb_id: int | None = None
    thetvdb_id: int | None = None
    themoviedb_id: Tmdb | int | str | None = None
    imdb_id: list[str] | str | None = None
    season: Numbers | None = None
    episode_offset: Numbers | None = None


def read(stream: BinaryIO) -> Iterator[Said]:
    """An array of objects of either generation. Raises Unreadable."""
    rows = watched(rows_of(stream), known=KNOWN, needed=NEEDED)
    for number, row in enumerate(rows, start=1):
        yield _said(shaped(row, Row, number=number))


def _said(row: Row) -> Said:
    named = ((ANILIST, row.anilist_id), (MAL, row.mal_id), (ANIDB, row.anidb_id), (KITSU, row.kitsu_id))
    try:
        ids = [Entry(site, check_id(value)) for site, value in named if value is not None]
    except Unfit as error:
        return Said(refused=(str(error),))
    refused: list[str] = []
    # A row's ranges hang on one name. Only rows with an AniDB id have any, so that one there is.
    ranges = fitting(refused, _ranges, row, ids[0]) if ids and ids[0].site != KITSU else ()
    return Said(pairs_of(ids), ranges, tuple(refused))


def _ranges(row: Row, entry: Entry) -> tuple[Range, ...]:
    shows, movies = _targets(row)
    if shows:
        return _in_show(row, entry, shows)
    if not movies and row.type == "MOVIE" and len(_imdb(row)) == 1:
        return films(entry, IMDB, [check_imdb(_imdb(row)[0])])
    tvdb = row.tvdb_id or row.thetvdb_id
    return films(entry, TMDB, movies) if movies or tvdb is None else _at_tvdb(row, entry, check_id(tvdb))


def _targets(row: Row) -> tuple[str, list[str]]:
    """(show, films) at TMDB. The old generation had one number or several in text, and left it to `type`."""
    given = row.themoviedb_id
    if given is None:
        return "", []
    if isinstance(given, Tmdb):
        movies = given.movie if isinstance(given.movie, list) else [given.movie]
        return ("" if given.tv is None else check_id(given.tv)), [check_id(movie) for movie in movies]
    ids = [check_id(given)] if isinstance(given, int) else [read_id(part.strip()) for part in given.split(",")]
    if row.type == "MOVIE":
        return "", ids
    if not row.type or len(ids) != 1:
        raise Unfit("target")
    return ids[0], []


def _in_show(row: Row, entry: Entry, show: str) -> tuple[Range, ...]:
    season, offset = row.season or Numbers(), row.episode_offset or Numbers()
    if season.tmdb is not None:
        return run(entry, show, season=check_episode(season.tmdb), offset=check_episode(offset.tmdb or 0))
    if season.tvdb == 0:
        return run(entry, show, season=0, offset=0)
    # The first of its seasons, or an offset from nowhere: alone at the show it may count through; see `checks`.
    if season.tvdb in (None, 1) and not offset.tvdb:
        return (absolute(entry, show, offset=check_episode(offset.tmdb or 0)),)
    return (somewhere(entry, show),)


def _at_tvdb(row: Row, entry: Entry, show: str) -> tuple[Range, ...]:
    """Where TMDB has nothing: a hint, since TVDB cuts seasons in its own way (id-mapping.md 5.1)."""
    if row.season is None or row.season.tvdb is None:
        return (somewhere(entry, show, site=TVDB),)
    offset = (row.episode_offset or Numbers()).tvdb or 0
    return run(entry, show, season=check_episode(row.season.tvdb), offset=check_episode(offset), site=TVDB)


def _imdb(row: Row) -> list[str]:
    return [row.imdb_id] if isinstance(row.imdb_id, str) else row.imdb_id or []
