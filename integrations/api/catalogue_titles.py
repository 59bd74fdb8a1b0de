"""Titles of a catalogue as this person sees them: which works here they are, and whether they are on the list."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from integrations.providers import registry
from integrations.providers.cataloguer import CatalogueTitle
from integrations.services.browsing import Found
from library.entry import Kind
from library.queries import listed_of
from library.services import matches
from library.services.catalogue import media_by_ids_of_all


def shapes_of(user: User, found: Found) -> list[dict[str, Any]]:
    """Four queries at most, however many titles."""
    media = media_of(user, found)
    listed = listed_of(user, {one for one in media if one is not None})
    return [
        _shape(found.provider, title, media_id=media_id, on_list=media_id in listed)
        for title, media_id in zip(found.page.titles, media, strict=True)
    ]


def media_of(user: User, found: Found) -> list[int | None]:
    """The work here of each title: by the person's own word, by the service's id, else by the other ids that it tells
    where these agree."""
    said = matches.words_of(user.pk, found.provider).media
    ids: list[dict[str, str]] = [
        {**title.facts.cross_ids, found.provider: title.facts.external_id} for title in found.page.titles
    ]
    known: dict[Kind, dict[tuple[str, str], int]] = {}
    for kind in {title.facts.kind for title in found.page.titles}:
        wanted = [one for one, title in zip(ids, found.page.titles, strict=True) if title.facts.kind is kind]
        slugs = {slug for one in wanted for slug in one}
        known[kind] = media_by_ids_of_all(kind, {slug: {one[slug] for one in wanted if slug in one} for slug in slugs})
    media: list[int | None] = []
    for title, one in zip(found.page.titles, ids, strict=True):
        here, own = known[title.facts.kind], (found.provider, title.facts.external_id)
        others = {here[pair] for pair in one.items() if pair in here}
        by_ids = here.get(own) or (next(iter(others)) if len(others) == 1 else None)
        media.append(said.get((title.facts.kind, title.facts.external_id)) or by_ids)
    return media


def _shape(provider: str, title: CatalogueTitle, *, media_id: int | None, on_list: bool) -> dict[str, Any]:
    facts = title.facts
    return {
        "provider": provider,
        "external_id": facts.external_id,
        "kind": str(facts.kind),
        "url": title.url or registry.get(provider).media_url(facts.kind, facts.external_id),
        "title": facts.titles[0] if facts.titles else "",
        "titles": list(facts.titles),
        "format": facts.format,
        "year": facts.year,
        "total": facts.total,
        "volumes": facts.volumes,
        "is_adult": facts.is_adult,
        "cover_url": title.cover_url,
        "synopsis": title.synopsis,
        "airing": title.airing,
        "started_on": str(title.started_on),
        "season": title.season,
        "season_year": title.season_year,
        "average_score": title.average_score,
        "popularity": title.popularity,
        "genres": list(title.genres),
        "ids": dict(facts.cross_ids),
        "media": media_id,
        "on_list": on_list,
    }
