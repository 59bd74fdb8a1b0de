"""Works by their ids and by the ids of other services; and entries by their works."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from integrations.http import Session
from integrations.providers.base import MediaFacts
from integrations.providers.kitsu import client, convert, owner, shapes
from integrations.providers.kitsu.reading import SFW_NOTE, read_works
from integrations.providers.lenient import number_ids
from library.entry import Kind


def details(session: Session, kind: Kind, ids: Collection[str]) -> list[MediaFacts]:
    return [facts for part in _parts(ids) for facts in read_page(client.fetch_media(session, kind, part))]


def read_page(page: shapes.MediaPage) -> list[MediaFacts]:
    """In the order of the page; a work that cannot be understood is left out."""
    works = read_works([*page.data, *page.included])
    order = shapes.read_all(page.data, shapes.Media)
    return [works["anime" if isinstance(one, shapes.Anime) else "manga", one.id] for one in order]


def hidden(session: Session, kind: Kind, ids: Collection[str]) -> frozenset[str]:
    """With the SFW filter on, or not known to be off: the ids whose works are adult or not shown to us now."""
    setting = session.notes.get(SFW_NOTE, session.account_settings.get("sfw_filter"))
    if setting is False:
        return frozenset()
    shown = {facts.external_id for facts in details(session, kind, ids) if not facts.is_adult}
    return frozenset(ids) - shown


def translate(session: Session, kind: Kind, *, slug: str, ids: Sequence[str]) -> dict[str, MediaFacts]:
    """{id at `slug`: facts}. An id that several works of this kind carry is left out."""
    site = convert.SITES.get(slug)
    if site is None:
        return {}
    found: dict[str, dict[str, MediaFacts]] = {}
    for part in _parts(ids):
        for page in _mapping_pages(session, kind, part, site=f"{site}/{kind}"):
            works = read_works(page.included)
            for mapping in page.data:
                ref, theirs = mapping.relationships.item.data, mapping.attributes.external_id
                if ref is not None and ref.type == kind:
                    facts = works.get((ref.type, ref.id)) or MediaFacts(kind, ref.id)
                    found.setdefault(theirs, {})[ref.id] = facts
    return {theirs: next(iter(works.values())) for theirs, works in found.items() if len(works) == 1}


def _mapping_pages(session: Session, kind: Kind, ids: Sequence[int], *, site: str) -> Iterator[shapes.MappingPage]:
    """All pages: several works may carry one id, so that there are more mappings than ids."""
    offset = 0
    while True:
        page = client.fetch_mappings(session, kind, ids, site=site, offset=offset)
        yield page
        offset += len(page.data)
        if page.links.next is None or not page.data or offset > len(ids) * client.PER_PAGE:
            return


def find_entry_ids(session: Session, kind: Kind, ids: Collection[str]) -> dict[str, str]:
    """{media id: entry id} for those on the person's list. Raises AuthRevoked rather than take a stranger's view."""
    owner.known_user(session)
    found: dict[str, str] = {}
    for part in _parts(ids):
        page = client.find_entries(session, kind, part)
        if owner.prove_self(session, len(page.data), page.included) is None:
            owner.require_self(session)
        for row in page.data:
            link = row.relationships.anime if kind is Kind.ANIME else row.relationships.manga
            if link is not None and link.data is not None:
                found[link.data.id] = row.id
    return found


def _parts(ids: Collection[str]) -> Iterator[list[int]]:
    numbers = number_ids(ids)
    for at in range(0, len(numbers), client.PER_PAGE):
        yield numbers[at : at + client.PER_PAGE]
