"""Titles of a catalogue as this person sees them: which works here they are, and whether they are on the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.providers.cataloguer import CatalogueTitle
from integrations.services import browsing
from integrations.services.browsing import Found
from library.entry import Kind
from library.models import Media
from library.queries import listed_of
from library.services import matches
from library.services.catalogue import media_by_ids_of_all

if TYPE_CHECKING:
    from accounts.models import User

KINDS = frozenset(map(str, Kind))
LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class Seen:
    """media_id: the work here, None = nobody here has had it yet."""

    provider: str
    title: CatalogueTitle
    media_id: int | None
    on_list: bool


def find_title(provider: str, kind: str, external_id: str, *, adult: bool) -> Found:
    """A page of this one title. Raises Media.DoesNotExist where there is none, LinkError, ProviderError."""
    if not provider or kind not in KINDS or len(external_id) > LONGEST_ID:
        raise Media.DoesNotExist
    found = browsing.details(provider, Kind(kind), external_id, adult=adult)
    if not found.page.titles:
        raise Media.DoesNotExist
    return found


def see(user: User, found: Found) -> list[Seen]:
    """Three queries, or one more where both kinds are among them, however many titles."""
    media = _media_of(user, found)
    listed = listed_of(user, {one for one in media if one is not None})
    return [
        Seen(found.provider, title, media_id, on_list=media_id in listed)
        for title, media_id in zip(found.page.titles, media, strict=True)
    ]


def _media_of(user: User, found: Found) -> list[int | None]:
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
