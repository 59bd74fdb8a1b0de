"""Small tables in the sources' own shapes, from facts of id-mapping.md 1 and 3."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from library.mappings.said import Range, Said

Reader = Callable[[BinaryIO], Iterator[Said]]

FRIEREN = {
    "anidb_id": 17617,
    "anilist_id": 154587,
    "mal_id": 52991,
    "kitsu_id": 46474,
    "tvdb_id": 424536,
    "themoviedb_id": {"tv": 209867},
    "imdb_id": ["tt22248376"],
    "season": {"tvdb": 1, "tmdb": 1},
}
FRIEREN_2 = {
    "anilist_id": 182255,
    "mal_id": 59978,
    "kitsu_id": 49240,
    "themoviedb_id": {"tv": 209867},
    "season": {"tvdb": 2, "tmdb": 1},
    "episode_offset": {"tmdb": 28},
}
MUGEN_TRAIN = {
    "anilist_id": 112151,
    "mal_id": 40456,
    "kitsu_id": 42586,
    "themoviedb_id": {"movie": [635302]},
    "season": {"tvdb": 0},
    "episode_offset": {"tvdb": 1},
}
ONE_PIECE = {"anilist_id": 21, "mal_id": 21, "kitsu_id": 12, "themoviedb_id": {"tv": 37854}}


def as_json(value: Any) -> BinaryIO:
    return io.BytesIO(json.dumps(value).encode())


def said_by(read: Reader, value: Any) -> list[Said]:
    """What a reader makes of a value, given as JSON."""
    return list(read(as_json(value)))


def ranges_by(read: Reader, value: Any) -> list[Range]:
    return [one for row in said_by(read, value) for one in row.ranges]


def plainly(one: Range) -> tuple[Any, ...]:
    """(first, last, season, start, numbering, state, flag): what differs between ranges of one entry."""
    return (one.first, one.last, one.season, one.start, str(one.numbering), one.state, one.flag)
