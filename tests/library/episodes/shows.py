"""Season tables and places for the tests of episodes: the shows of id-mapping.md 1 and 5.6, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from library.episodes.model import Item, Numbering, Place, Seasons, Segment, Target, TargetKind
from library.episodes.resolve import Resolved, resolve

FRIEREN, AOT, HUNTER, ONE_PIECE, MUSHOKU = "209867", "1429", "46298", "37854", "94664"


def show(tmdb_id: str, site: str = "tmdb") -> Target:
    return Target(TargetKind.SHOW, site, tmdb_id)


def film(tmdb_id: str, site: str = "tmdb") -> Target:
    return Target(TargetKind.MOVIE, site, tmdb_id)


def count(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


def table(tmdb_id: str, seasons: Mapping[int, tuple[int, ...]], **values: Any) -> Seasons:
    """The service's own id is another number, as it is in life."""
    return Seasons(f"t{tmdb_id}", seasons, **values)


TABLES = {
    show(FRIEREN): table(FRIEREN, {1: count(1, 38)}),
    show(AOT): table(AOT, {0: count(1, 37), 1: count(1, 25), 2: count(1, 12), 3: count(1, 22), 4: count(1, 30)}),
    show(HUNTER): table(HUNTER, {1: count(1, 62), 2: count(63, 136), 3: count(137, 148)}),
    show(ONE_PIECE): table(ONE_PIECE, {1: count(1, 61), 2: count(62, 77), 3: count(78, 91)}),
    show(MUSHOKU): table(MUSHOKU, {0: count(1, 3), 1: count(1, 23), 2: count(1, 24)}),
    show("jojo"): table("jojo", {1: count(1, 26), 2: count(1, 48)}),
    show("bookworm"): table("bookworm", {1: count(1, 36)}),
}
RESTARTING = {
    show(HUNTER): table(HUNTER, {1: count(1, 62), 2: count(1, 74), 3: count(1, 12)}),
    show(ONE_PIECE): table(ONE_PIECE, {1: count(1, 61), 2: count(1, 16), 3: count(1, 14)}),
}
"""The same shows where each season begins at 1 again."""

NUMBER, POSITION, ABSOLUTE = Numbering.NUMBER, Numbering.POSITION, Numbering.ABSOLUTE


def part(target: Target, season: int | None = 1, start: int = 1, **values: Any) -> Segment:
    return Segment(target, season=season, start=start, **values)


def place(*segments: Segment, total: int = 0, **values: Any) -> Place:
    return Place("anilist-1", {"anilist": "1"}, segments, total, **values)


HUNTER_PARTS = (
    part(show(HUNTER), 1, 1, first=1, last=62, numbering=NUMBER),
    part(show(HUNTER), 2, 63, first=63, last=136, numbering=NUMBER),
    part(show(HUNTER), 3, 137, first=137, last=148, numbering=NUMBER),
)
PLACES = {
    "154587": place(part(show(FRIEREN)), total=28),
    "182255": place(part(show(FRIEREN), 1, 29), total=10),
    "104578": place(part(show(AOT), 3, 13), total=10),
    "131681": place(part(show(AOT), 4, 17), total=12),
    "146984": place(part(show(AOT), 4, 29), total=2),
    "20799": place(part(show("jojo"), 2, 25), total=24),
    "113693": place(part(show("bookworm"), 1, 15), total=12),
    "127720": place(part(show(MUSHOKU), 1, 12), total=12),
    "146065": place(
        part(show(MUSHOKU), 0, 2, first=1, last=1, numbering=NUMBER),
        part(show(MUSHOKU), 2, 1, first=2, last=13, numbering=NUMBER),
        total=13,
    ),
    "166873": place(part(show(MUSHOKU), 2, 13), total=12),
    "11061": place(*HUNTER_PARTS, total=148),
    "21": place(part(show(ONE_PIECE), None, numbering=ABSOLUTE)),
    "112151": place(part(film("635302"), None), total=1),
}


def resolved(where: Place, tables: Mapping[Target, Seasons] | None = None) -> Resolved:
    """At a service that has every show of the tables, and every film."""
    targets = [segment.target for segment in where.segments]
    return resolve(where, TABLES if tables is None else tables, {target: f"t{target.id}" for target in targets})


def episode(tmdb_id: str, season: int, number: int) -> Item:
    return Item(TargetKind.SHOW, f"t{tmdb_id}", season, number)


def movie(tmdb_id: str) -> Item:
    return Item(TargetKind.MOVIE, f"t{tmdb_id}")
