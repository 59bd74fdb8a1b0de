"""Kitsu's catalogue, as anybody may see it. Source: providers/kitsu.md 6.2, 6.6, 10, read 2026-11-21.

Of the pages of one list none lies beyond offset 700, where the service has been seen to fail (kitsu.md 13): callers ask
for 25 pages at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from integrations.http import Session
from integrations.providers import lenient, plain
from integrations.providers.base import MediaFacts
from integrations.providers.cataloguer import SEASONS, CataloguePage, CatalogueTitle
from integrations.providers.kitsu import client, shapes
from integrations.providers.kitsu.reading import read_works
from library.entry import NO_DATE, InvalidEntry, Kind, PartialDate

COVER_HOSTS = frozenset({"media.kitsu.app"})
AIRINGS: Mapping[str, str] = {
    "tba": "upcoming",
    "unreleased": "upcoming",
    "upcoming": "upcoming",
    "current": "running",
    "finished": "finished",
}


def search(session: Session, kind: Kind, text: str, *, page: int) -> CataloguePage:
    # A comma would be read as a list of values.
    text = " ".join(text.replace("\x00", " ").replace(",", " ").split())
    return _browse(session, kind, {"filter[text]": text}, page=page) if text else CataloguePage()


def season(session: Session, year: int, season: str, *, page: int) -> CataloguePage:
    """The season is the one that was asked for: Kitsu does not tell it of a work."""
    if season not in SEASONS:
        return CataloguePage()
    params = {"filter[season]": season, "filter[seasonYear]": str(year), "sort": "popularityRank"}
    found = _browse(session, Kind.ANIME, params, page=page)
    titles = (replace(title, season=season, season_year=year) for title in found.titles)
    return CataloguePage(tuple(titles), found.has_more)


def trending(session: Session, kind: Kind) -> CataloguePage:
    return CataloguePage(_read_page(kind, client.browse_trending(session, kind)))


def details(session: Session, kind: Kind, external_id: str) -> CatalogueTitle | None:
    """By a filter: `/anime/{id}` would answer 404 for what is hidden as well as for what is not there."""
    numbers = lenient.number_ids([external_id])
    if not numbers:
        return None
    return next(iter(_browse(session, kind, {"filter[id]": str(numbers[0])}, page=1).titles), None)


def _browse(session: Session, kind: Kind, params: Mapping[str, str], *, page: int) -> CataloguePage:
    found = client.browse_media(session, kind, params, offset=(page - 1) * client.PER_PAGE)
    # A `next` address is not followed, whatever host it names: that there is one is enough.
    has_more = found.links is not None and found.links.next is not None
    return CataloguePage(_read_page(kind, found), has_more)


def _read_page(kind: Kind, page: shapes.BrowsePage) -> tuple[CatalogueTitle, ...]:
    """In the order of the page; a work that cannot be understood is left out."""
    works = read_works([*page.data, *page.included])
    found = []
    for raw in page.data:
        try:
            ref = msgspec.json.decode(raw, type=shapes.Ref)
            shown = msgspec.json.decode(raw, type=shapes.ShownMedia).attributes
        except msgspec.MsgspecError:
            continue
        facts = works.get((ref.type, ref.id))
        if facts is not None and facts.kind is kind:
            found.append(_read(facts, shown))
    return tuple(found)


def _read(facts: MediaFacts, shown: shapes.ShownAttributes) -> CatalogueTitle:
    poster = shown.poster_image
    cover = (poster.medium or poster.small or poster.original) if poster else None
    return CatalogueTitle(
        facts=facts,
        url=f"https://kitsu.app/{facts.kind}/{facts.external_id}",
        cover_url=plain.read_address(cover, COVER_HOSTS),
        synopsis=plain.read_synopsis(shown.synopsis),
        airing=AIRINGS.get((shown.status or "").lower(), ""),
        started_on=_read_date(shown.start_date),
        average_score=_read_average(shown.average_rating),
        popularity=lenient.read_people(shown.user_count),
    )


def _read_date(text: str | None) -> PartialDate:
    try:
        return lenient.read_date_text((text or "")[:10])
    except InvalidEntry:
        return NO_DATE


def _read_average(value: str | float | None) -> int:
    """Of a text such as "82.47"; 0 for what is no number."""
    try:
        number = float(value or 0)
    except ValueError:
        return 0
    # NaN is not equal to itself.
    return lenient.read_score(number) if number == number else 0
