"""AniList's catalogue, as anybody may see it. Source: providers/anilist.md 4.2, 6.2, 7, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from integrations.http import Session
from integrations.providers import lenient, plain
from integrations.providers.anilist import client, convert, documents
from integrations.providers.anilist.client import Number, Reply
from integrations.providers.cataloguer import SEASONS, CataloguePage, CatalogueTitle
from library.entry import NO_DATE, Kind, PartialDate

PER_PAGE = 20
COVER_HOSTS = frozenset({"s4.anilist.co"})
AIRINGS: Mapping[str, str] = {
    "NOT_YET_RELEASED": "upcoming",
    "RELEASING": "running",
    "FINISHED": "finished",
    "HIATUS": "paused",
    "CANCELLED": "cancelled",
}


class _Cover(msgspec.Struct):
    large: str | None


class Shown(client.Facts, rename="camel", kw_only=True):
    start_date: client.Date | None  # type: ignore[assignment] # the whole of it, where lists are content with the year
    status: str | None
    description: str | None
    season: str | None
    season_year: Number | None
    average_score: Number | None
    popularity: Number | None
    genres: list[str | None] | None
    cover_image: _Cover | None


class _PageInfo(msgspec.Struct, rename="camel"):
    has_next_page: bool | None


class _ShownPage(msgspec.Struct, rename="camel"):
    """Works stay raw at first: one that is broken costs only itself."""

    page_info: _PageInfo
    media: list[msgspec.Raw]


class _Answer(msgspec.Struct):
    page: _ShownPage = msgspec.field(name="a0")


def browse(
    session: Session, kind: Kind, given: Mapping[str, Any], *, sort: str, page: int = 1, adult: bool = True
) -> CataloguePage:
    """given: arguments of `media` by name. Adult works are left out only where AniList is told so."""
    asked = {**given} if adult else {**given, "isAdult": False}
    query = documents.browse_media(kind, list(asked), sort=sort)
    variables = {"page": page, "perPage": PER_PAGE, **asked}
    found = client.post(session, query, variables, shape=Reply[_Answer], repeatable=True).data.page
    titles = (_read(kind, raw) for raw in found.media)
    return CataloguePage(tuple(title for title in titles if title), bool(found.page_info.has_next_page))


def search(session: Session, kind: Kind, text: str, *, page: int, adult: bool) -> CataloguePage:
    text = " ".join(text.replace("\x00", " ").split())
    if not text:
        return CataloguePage()
    return browse(session, kind, {"search": text}, sort="SEARCH_MATCH", page=page, adult=adult)


def season(session: Session, year: int, season: str, *, page: int, adult: bool) -> CataloguePage:
    if season not in SEASONS:
        return CataloguePage()
    given = {"season": season.upper(), "seasonYear": year}
    return browse(session, Kind.ANIME, given, sort="POPULARITY_DESC, ID", page=page, adult=adult)


def trending(session: Session, kind: Kind, *, adult: bool) -> CataloguePage:
    """The first page: the order is another one a minute later."""
    found = browse(session, kind, {}, sort="TRENDING_DESC, POPULARITY_DESC, ID", adult=adult)
    return CataloguePage(found.titles)


def details(session: Session, kind: Kind, external_id: str) -> CatalogueTitle | None:
    """By a filter: an unknown id under `Media` would be an error for the whole answer (anilist.md 5.4)."""
    numbers = lenient.number_ids([external_id])
    if not numbers:
        return None
    return next(iter(browse(session, kind, {"id": numbers[0]}, sort="ID").titles), None)


def _read(kind: Kind, raw: msgspec.Raw) -> CatalogueTitle | None:
    try:
        shown = msgspec.json.decode(raw, type=Shown)
    except msgspec.MsgspecError:
        return None
    date = shown.start_date
    year = lenient.read_year(int(shown.season_year)) if shown.season_year else 0
    season = (shown.season or "").lower()
    is_known = kind is Kind.ANIME and season in SEASONS and bool(year)
    return CatalogueTitle(
        facts=convert.read_facts(kind, shown),
        url=f"https://anilist.co/{kind}/{shown.id}",
        cover_url=plain.read_address(shown.cover_image.large if shown.cover_image else None, COVER_HOSTS),
        synopsis=plain.read_synopsis(shown.description),
        airing=AIRINGS.get(shown.status or "", ""),
        started_on=_read_date(date) if date else NO_DATE,
        season=season if is_known else "",
        season_year=year if is_known else 0,
        average_score=lenient.read_score(shown.average_score),
        popularity=lenient.read_people(shown.popularity),
        genres=plain.read_genres(shown.genres or ()),
    )


def _read_date(date: client.Date) -> PartialDate:
    return lenient.read_date(date.year, date.month, date.day)
