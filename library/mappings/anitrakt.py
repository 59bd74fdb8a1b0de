"""rensetsu's extended AniTrakt (MIT): MyAnimeList ids and Trakt's shows and films. id-mapping.md 3.5, read 2026-11-25.

Its ids are good; its seasons follow the title's ordinal and know no offsets. A season is believed only where the entry
is alone in it and not cut in two. As each row has both ids of a show or film, it also tells Trakt's from TMDB's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from library.episodes.model import TargetKind
from library.mappings.said import (
    MAL,
    TMDB,
    TRAKT,
    Entry,
    Pair,
    Range,
    Said,
    Unfit,
    check_episode,
    check_id,
    pairs_of,
    run,
    somewhere,
)
from library.mappings.streaming import rows_of, shaped


class Name(msgspec.Struct):
    id: int


class Season(msgspec.Struct):
    number: int


class Show(msgspec.Struct):
    id: int
    type: str
    season: Season | None
    is_split_cour: bool


class Film(msgspec.Struct):
    id: int
    type: str


class Ids(msgspec.Struct):
    tmdb: int | None


class ShowRow(msgspec.Struct):
    myanimelist: Name
    trakt: Show
    externals: Ids


class FilmRow(msgspec.Struct):
    myanimelist: Name
    trakt: Film
    externals: Ids


def read_shows(stream: BinaryIO) -> Iterator[Said]:
    """An array of objects, held as rows of numbers since a season is judged by who else is in it. Raises Unreadable."""
    rows = [_plain(shaped(row, ShowRow, number=number)) for number, row in enumerate(rows_of(stream), start=1)]
    crowds = Counter((trakt, season) for _, trakt, _, season in rows)
    for mal, trakt, tmdb, season in rows:
        alone = season is not None and crowds[trakt, season] == 1
        try:
            yield _show(mal, trakt, tmdb=tmdb, season=season if alone else None)
        except Unfit as error:
            yield Said(refused=(str(error),))


def read_films(stream: BinaryIO) -> Iterator[Said]:
    """An array of objects. Raises Unreadable."""
    for number, raw in enumerate(rows_of(stream), start=1):
        row = shaped(raw, FilmRow, number=number)
        try:
            yield _film(row)
        except Unfit as error:
            yield Said(refused=(str(error),))


def _plain(row: ShowRow) -> tuple[int, int, int | None, int | None]:
    season = None if row.trakt.season is None or row.trakt.is_split_cour else row.trakt.season.number
    return row.myanimelist.id, row.trakt.id, row.externals.tmdb, season


def _show(mal: int, trakt: int, *, tmdb: int | None, season: int | None) -> Said:
    entry, show = Entry(MAL, check_id(mal)), check_id(trakt)
    pairs = _pairs(TargetKind.SHOW, show, tmdb)
    site, target = (TRAKT, show) if tmdb is None else (TMDB, check_id(tmdb))
    if season is None:
        return Said(pairs, (somewhere(entry, target, site=site),))
    return Said(pairs, run(entry, target, season=check_episode(season), offset=0, site=site))


def _film(row: FilmRow) -> Said:
    film, tmdb = check_id(row.trakt.id), row.externals.tmdb
    site, target = (TRAKT, film) if tmdb is None else (TMDB, check_id(tmdb))
    made = Range(MAL, check_id(row.myanimelist.id), TargetKind.MOVIE, site, target, first=1, last=1)
    return Said(_pairs(TargetKind.MOVIE, film, tmdb), (made,))


def _pairs(kind: str, trakt: str, tmdb: Any) -> tuple[Pair, ...]:
    return () if tmdb is None else pairs_of([(TRAKT, trakt), (TMDB, check_id(tmdb))], kind=kind)
