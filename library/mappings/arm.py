"""kawaioverflow's arm (MIT): AniList and MyAnimeList ids. id-mapping.md 3.3, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from library.mappings.fields import watched
from library.mappings.said import ANILIST, MAL, Said, Unfit, check_id, pairs_of
from library.mappings.streaming import rows_of, shaped


class Row(msgspec.Struct):
    anilist_id: int | None = None
    mal_id: int | None = None


KNOWN = frozenset({"anilist_id", "mal_id", "annict_id", "syobocal_tid"})
NEEDED = frozenset({"anilist_id", "mal_id"})


def read(stream: BinaryIO) -> Iterator[Said]:
    """An array of objects. Raises Unreadable."""
    for number, row in enumerate(watched(rows_of(stream), known=KNOWN, needed=NEEDED), start=1):
        try:
            yield _said(shaped(row, Row, number=number))
        except Unfit as error:
            yield Said(refused=(str(error),))


def _said(row: Row) -> Said:
    named = ((ANILIST, row.anilist_id), (MAL, row.mal_id))
    return Said(pairs_of([(site, check_id(value)) for site, value in named if value is not None]))
