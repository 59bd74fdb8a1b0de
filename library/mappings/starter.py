"""The table that ships with us: well-known works, so that a new installation is of use before its first download.

starter.json: an array of {anilist, myanimelist, kitsu, ranges: [[first, last, show or movie, TMDB id, season, start]]},
written by hand from id-mapping.md 1 and 5.6. `start` is a position in the season; null = open, or a film's season.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from library.episodes.model import TargetKind
from library.mappings.said import ANILIST, KITSU, MAL, TMDB, Entry, Range, Said, check_episode, check_id, pairs_of
from library.mappings.streaming import rows_of, shaped

FILE = Path(__file__).with_name("starter.json")
Place = tuple[int, int | None, TargetKind, int, int | None, int]


class Row(msgspec.Struct, forbid_unknown_fields=True):
    anilist: int
    myanimelist: int | None = None
    kitsu: int | None = None
    ranges: list[Place] = []


def read(stream: BinaryIO) -> Iterator[Said]:
    """Raises Unreadable, and Unfit for a number that makes no sense: the file is ours."""
    for number, raw in enumerate(rows_of(stream), start=1):
        row = shaped(raw, Row, number=number)
        named = ((ANILIST, row.anilist), (MAL, row.myanimelist), (KITSU, row.kitsu))
        ids = [Entry(site, check_id(value)) for site, value in named if value is not None]
        yield Said(pairs_of(ids), tuple(_range(ids[0], place) for place in row.ranges))


def _range(entry: Entry, place: Place) -> Range:
    first, last, kind, target, season, start = place
    check_episode(max(first, last or 0, season or 0, start))
    return Range(*entry, kind, TMDB, check_id(target), first=first, last=last, season=season, start=start)
