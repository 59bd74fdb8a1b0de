"""The tables that are read. Whose word goes first: `library.episodes.ranges`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from library.mappings import anibridge, animelists, anitrakt, arm, fribb, starter
from library.mappings.said import Said

RULES = 1
"""Raised whenever a parser or a check changes: tables whose content did not change are then read again."""


@dataclass(frozen=True, slots=True)
class Source:
    """read: bytes to rows; raises Unreadable. least: a table with fewer rows is not believed, well under the known
    sizes. files: how its file may be called in a folder of downloads, by its beginning. licence: as its makers say.
    is_ours: comes with the program and is believed as it is."""

    slug: str
    name: str
    read: Callable[[BinaryIO], Iterator[Said]]
    least: int
    files: tuple[str, ...]
    licence: str
    is_ours: bool = False


SOURCES = {
    source.slug: source
    for source in (
        Source("anibridge", "AniBridge mappings", anibridge.read, 5_000, ("anibridge", "mappings"), "MIT"),
        Source(
            "fribb", "Fribb/anime-lists", fribb.read, 25_000, ("fribb", "anime-list-full", "anime-list-mini"), "none"
        ),
        Source("anime_lists", "Anime-Lists", animelists.read, 10_000, ("anime-lists", "anime-list-master"), "none"),
        Source(
            "anitrakt_movies",
            "AniTrakt, films",
            anitrakt.read_films,
            1_000,
            ("anitrakt-extended-movies", "movies_ex"),
            "MIT",
        ),
        Source(
            "anitrakt_shows", "AniTrakt, shows", anitrakt.read_shows, 3_000, ("anitrakt-extended-tv", "tv_ex"), "MIT"
        ),
        Source("arm", "arm", arm.read, 20_000, ("arm",), "MIT"),
        Source("starter", "Starter set", starter.read, 1, ("starter",), "ours", is_ours=True),
    )
}
MAINTAINER = "maintainer"
"""The source of what an operator said in the admin. It wins over every table."""
