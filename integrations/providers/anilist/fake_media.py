"""Finding media as AniList does: filters, search and sort. providers/anilist.md 7, read 2026-11-21."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from integrations.providers.anilist.fake_lists import build_date_test, fuzzy_int
from integrations.providers.anilist.fake_store import Account, Media

SEASONS = ("WINTER", "SPRING", "SUMMER", "FALL")


def season_of(media: Media) -> str | None:
    """By its first month; None where only the year is known."""
    month = media.start[1]
    return SEASONS[(month - 1) // 3] if media.type == "ANIME" and month else None


def episodes(media: Media) -> int | None:
    return media.total if media.type == "ANIME" else None


def chapters(media: Media) -> int | None:
    return media.total if media.type == "MANGA" else None


FIELDS: Mapping[str, Callable[[Media], Any]] = {
    "id": lambda media: media.id,
    "idMal": lambda media: media.id_mal,
    "type": lambda media: media.type,
    "format": lambda media: media.format,
    "status": lambda media: media.status,
    "season": season_of,
    "seasonYear": lambda media: media.start[0],
    "isAdult": lambda media: media.is_adult,
    "episodes": episodes,
    "chapters": chapters,
    "volumes": lambda media: media.volumes,
}
SORT_KEYS: Mapping[str, Callable[[Media], Any]] = {
    "ID": lambda media: media.id,
    "TITLE_ROMAJI": lambda media: media.title.lower(),
    "TITLE_ENGLISH": lambda media: (media.english or "").lower(),
    "TYPE": lambda media: media.type,
    "FORMAT": lambda media: media.format,
    "START_DATE": lambda media: fuzzy_int(media.start),
    "POPULARITY": lambda media: media.popularity,
    "TRENDING": lambda media: media.trending,
    "SCORE": lambda media: media.average or 0,
    "STATUS": lambda media: media.status,
    "EPISODES": lambda media: episodes(media) or 0,
    "CHAPTERS": lambda media: chapters(media) or 0,
    "VOLUMES": lambda media: media.volumes or 0,
    "UPDATED_AT": lambda media: media.updated_at,
}


def find_media(media: Iterable[Media], args: Mapping[str, Any], *, viewer: Account | None) -> list[Media]:
    tests = [
        _build_test(name, value) for name, value in args.items() if value is not None and name not in ("sort", "search")
    ]
    if args.get("onList") is not None:
        mine = viewer.entries if viewer else {}
        tests.append(lambda one: (one.id in mine) == args["onList"])
    found = [one for one in media if all(test(one) for test in tests if test)]
    if args.get("search"):
        scored = [(match_score(one, args["search"]), one) for one in found]
        found = [one for score, one in sorted(scored, key=lambda pair: (-pair[0], pair[1].id)) if score > 0]
    return _sort(found, args.get("sort"))


def _build_test(name: str, value: Any) -> Callable[[Media], bool] | None:
    field, _, relation = name.partition("_")
    if field == "startDate":
        return build_date_test(lambda media: media.start, relation, value)
    if field not in FIELDS:
        return None
    read = FIELDS[field]
    relations: Mapping[str, Callable[[Media], bool]] = {
        "": lambda media: read(media) == value,
        "not": lambda media: read(media) != value,
        "in": lambda media: read(media) in value,
        "not_in": lambda media: read(media) not in value,
        "greater": lambda media: (read(media) or 0) > value,
        "lesser": lambda media: 0 < (read(media) or 0) < value,
    }
    return relations[relation]


def _sort(found: list[Media], sorts: Sequence[str | None] | None) -> list[Media]:
    """SEARCH_MATCH keeps the order of the search; a sort by a figure we do not have changes nothing."""
    for sort in reversed([one for one in sorts or () if one]):
        key = SORT_KEYS.get(sort.removesuffix("_DESC"))
        if key is not None:
            found = sorted(found, key=key, reverse=sort.endswith("_DESC"))
    return found


def leaves_ties(sorts: Sequence[str | None] | None) -> bool:
    """True for a sort under which works may be equal."""
    return bool(sorts) and not {"ID", "ID_DESC", "SEARCH_MATCH"}.intersection(sorts or ())


def words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.findall(r"[a-z0-9]+", plain)


def match_score(media: Media, search: str) -> float:
    """0 = no match. Full titles first, then beginnings, then how many of the words are there."""
    return max((_title_score(words(name), words(search)) for name in media.names), default=0.0)


def _title_score(title: list[str], search: list[str]) -> float:
    if not search or not title:
        return 0.0
    if title == search:
        return 3.0
    if " ".join(title).startswith(" ".join(search)):
        return 2.0 + len(search) / len(title) / 2
    shared = len(set(title) & set(search))
    overlap = shared / max(len(set(search)), 1)
    return overlap + shared / len(set(title)) / 10 if overlap > 0.6 else 0.0
