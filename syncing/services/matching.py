"""Which media of ours an entry belongs to, and under which id a provider knows a media of ours.

A provider's own id first, then the other ids that it tells itself (AniList's idMal). Nothing is merged silently: a
second entry on a media that has one already is reported and left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from integrations.capability import Totals
from integrations.http import Session
from integrations.models import Connection
from integrations.providers import registry
from integrations.providers.base import MediaFacts, Provider, RemoteEntry
from library.entry import Kind
from library.services.catalogue import (
    Work,
    add_works,
    attach_ids,
    external_ids_of,
    media_by_external_ids,
)
from syncing.core.model import Now
from syncing.core.plan import Key, Remote
from syncing.models import Unmatched


@dataclass(frozen=True, slots=True)
class Matched:
    """remotes: one for a media at most. duplicates: entries whose media another entry of the list has already."""

    remotes: tuple[Remote, ...]
    duplicates: tuple[RemoteEntry, ...]


def match(provider: str, entries: Sequence[RemoteEntry]) -> Matched:
    """Every entry gets a media; works that nobody here knew are added to the catalogue."""
    media: dict[Key, int] = {}
    for kind in Kind:
        facts = {entry.media.external_id: entry.media for entry in entries if entry.media.kind == kind}
        if facts:
            found = _media_of(provider, kind, facts)
            media.update({(kind, external_id): media_id for external_id, media_id in found.items()})
    remotes: dict[int, Remote] = {}
    duplicates = []
    for entry in entries:
        key = key_of(entry)
        if media[key] in remotes:
            duplicates.append(entry)
            continue
        remotes[media[key]] = to_remote(entry, media[key])
    return Matched(tuple(remotes.values()), tuple(duplicates))


def key_of(entry: RemoteEntry) -> Key:
    return (entry.media.kind, entry.media.external_id)


def to_remote(entry: RemoteEntry, media_id: int) -> Remote:
    facts = entry.media
    now = Now(
        entry.entry,
        entry.updated_at.timestamp() if entry.updated_at else 0.0,
        Totals(facts.total, facts.volumes),
    )
    return Remote(facts.kind, facts.external_id, media_id, now, entry.entry_id)


def _media_of(provider: str, kind: Kind, facts: Mapping[str, MediaFacts]) -> dict[str, int]:
    found = media_by_external_ids(provider, kind, facts)
    unknown = {external_id: fact for external_id, fact in facts.items() if external_id not in found}
    if unknown:
        found |= _adopt(provider, kind, unknown)
        new = [fact for external_id, fact in unknown.items() if external_id not in found]
        if new:
            found |= add_works(provider, kind, [_work(provider, fact) for fact in new])
    known = {key: fact for key, fact in facts.items() if key not in unknown}
    _learn_cross_ids(provider, kind, known, media=found)
    return found


def _adopt(provider: str, kind: Kind, facts: Mapping[str, MediaFacts]) -> dict[str, int]:
    """Media that are known by another service's id, where exactly one entry here claims them and none did before."""
    adopted: dict[str, int] = {}
    for slug in {slug for fact in facts.values() for slug in fact.cross_ids}:
        claims = {
            key: fact.cross_ids[slug] for key, fact in facts.items() if slug in fact.cross_ids and key not in adopted
        }
        known = media_by_external_ids(slug, kind, set(claims.values()))
        taken = set(external_ids_of(provider, known.values())) | set(adopted.values())
        for key, other_id in claims.items():
            media_id = known.get(other_id)
            if media_id is not None and media_id not in taken:
                adopted[key] = media_id
                taken.add(media_id)
    if adopted:
        attach_ids(provider, kind, adopted, source=provider)
    return adopted


def _learn_cross_ids(provider: str, kind: Kind, facts: Mapping[str, MediaFacts], *, media: Mapping[str, int]) -> None:
    """Ids that a service tells of works we know: kept where the media has none there yet, and the id is free."""
    for slug in {slug for fact in facts.values() for slug in fact.cross_ids}:
        told = {fact.cross_ids[slug]: media[key] for key, fact in facts.items() if slug in fact.cross_ids}
        known = media_by_external_ids(slug, kind, told)
        news = {other_id: media_id for other_id, media_id in told.items() if other_id not in known}
        if news:
            taken = external_ids_of(slug, news.values())
            attach_ids(slug, kind, {key: value for key, value in news.items() if value not in taken}, source=provider)


def _work(provider: str, fact: MediaFacts) -> Work:
    return Work(
        kind=fact.kind,
        titles=fact.titles,
        format=fact.format,
        year=fact.year,
        total=fact.total,
        volumes=fact.volumes,
        is_adult=fact.is_adult,
        ids={**fact.cross_ids, provider: fact.external_id},
    )


def routes_for(
    connection: Connection, session: Session, provider: Provider, *, lacking: Mapping[int, Kind]
) -> dict[int, str]:
    """As `find_routes`, by every service's ids, without asking again for what failed lately. Nothing lacking costs
    nothing."""
    if not lacking:
        return {}
    waiting = Unmatched.objects.filter(connection=connection, retry_at__gt=timezone.now())
    skip = set(waiting.exclude(media=None).values_list("media_id", flat=True))
    return find_routes(session, provider, lacking, sources=registry.slugs(), skip={id_ for id_ in skip if id_})


def find_routes(
    session: Session, provider: Provider, wanted: Mapping[int, Kind], *, sources: Iterable[str], skip: set[int]
) -> dict[int, str]:
    """{media id: id at the provider} for media that its list lacks.

    What the id tables do not know the provider is asked to translate from the other services' ids, unless that
    failed lately (`skip`). Costs requests only for media never looked up before.
    """
    routes = external_ids_of(provider.slug, wanted)
    for slug in sources:
        missing = [media_id for media_id in wanted if media_id not in routes and media_id not in skip]
        if not missing or slug == provider.slug:
            continue
        others = external_ids_of(slug, missing)
        for kind in Kind:
            asked = {
                others[media_id]: media_id for media_id in missing if wanted[media_id] == kind and media_id in others
            }
            if asked:
                routes |= _translate(session, provider, kind, asked=asked, slug=slug)
    return routes


def _translate(
    session: Session, provider: Provider, kind: Kind, *, asked: Mapping[str, int], slug: str
) -> dict[int, str]:
    facts = provider.translate(session, kind, slug, list(asked))
    if not facts:
        return {}
    pairs = {fact.external_id: asked[other_id] for other_id, fact in facts.items() if other_id in asked}
    # An id that another media of ours has already would tie two works together: left to a person.
    taken = media_by_external_ids(provider.slug, kind, pairs)
    free = {external_id: media_id for external_id, media_id in pairs.items() if external_id not in taken}
    attach_ids(provider.slug, kind, free, source=provider.slug)
    return {media_id: external_id for external_id, media_id in free.items()}
