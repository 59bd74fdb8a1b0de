"""Giving a media of ours the id that a service has for it: only where the id and the media are both free there.

Whoever waited for such an id need not wait longer: `waking`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from integrations.providers.base import MediaFacts
from library.entry import Kind
from library.services.catalogue import attach_ids, external_ids_of, media_by_external_ids
from library.services.identities import Identities, identities_of
from syncing.core.plan import Key
from syncing.services import waking
from syncing.services.suggesting import Candidate, surest

TABLES, TITLE = "tables", "title"
"""`ExternalId.source` of pairs that the id tables name, and of those that the titles gave."""


def part_contested(facts: Mapping[str, MediaFacts]) -> tuple[dict[str, MediaFacts], dict[str, dict[str, str]]]:
    """(facts without the other ids that two entries claim, those ids): whose they are is not for their order to say."""
    claims = Counter((slug, id_) for fact in facts.values() for slug, id_ in fact.cross_ids.items())
    contested: dict[str, dict[str, str]] = {}
    kept: dict[str, MediaFacts] = {}
    for key, fact in facts.items():
        doubtful = {slug: id_ for slug, id_ in fact.cross_ids.items() if claims[slug, id_] > 1}
        kept[key] = fact
        if doubtful:
            contested[key] = doubtful
            sure = {slug: id_ for slug, id_ in fact.cross_ids.items() if slug not in doubtful}
            kept[key] = replace(fact, cross_ids=sure)
    return kept, contested


def adopt_told(provider: str, kind: Kind, facts: Mapping[str, MediaFacts], *, told: Identities) -> dict[str, int]:
    """{external id: media id} by the id tables, then by what the service tells where no table disagrees."""
    adopted = _adopt(provider, kind, told.pairs, source=TABLES)
    cross_ids = {
        key: {slug: id_ for slug, id_ in fact.cross_ids.items() if slug not in told.ambiguous.get(key, {})}
        for key, fact in facts.items()
        if key not in adopted
    }
    return adopted | _adopt(provider, kind, cross_ids, source=provider)


def _adopt(provider: str, kind: Kind, ids: Mapping[str, Mapping[str, str]], *, source: str) -> dict[str, int]:
    """Media that are known by another service's id, where exactly one entry here claims them and none did before."""
    adopted: dict[str, int] = {}
    for slug in sorted({slug for others in ids.values() for slug in others}):
        claims = {key: others[slug] for key, others in ids.items() if slug in others and key not in adopted}
        known = media_by_external_ids(slug, kind, set(claims.values()))
        taken = set(external_ids_of(provider, known.values())) | set(adopted.values())
        for key, other_id in claims.items():
            media_id = known.get(other_id)
            if media_id is not None and media_id not in taken:
                adopted[key] = media_id
                taken.add(media_id)
    _attach(provider, kind, adopted, source=source)
    return adopted


def adopt_sure(provider: str, kind: Kind, alike: Mapping[str, Sequence[Candidate]]) -> dict[str, int]:
    """{external id: media id} where one work alone is surely meant, and no other entry means it too."""
    sure = {key: best.media_id for key, candidates in alike.items() if (best := surest(candidates)) is not None}
    claimed = list(sure.values())
    adopted = {key: id_ for key, id_ in sure.items() if id_ is not None and claimed.count(id_) == 1}
    _attach(provider, kind, adopted, source=TITLE)
    return adopted


def learn_cross_ids(provider: str, kind: Kind, facts: Mapping[str, MediaFacts], *, media: Mapping[str, int]) -> None:
    """Ids that a service tells of works we know: kept where the media has none there yet, and the id is free."""
    for slug in sorted({slug for fact in facts.values() for slug in fact.cross_ids}):
        told = {fact.cross_ids[slug]: key for key, fact in facts.items() if slug in fact.cross_ids}
        known = media_by_external_ids(slug, kind, told)
        news = {other_id: key for other_id, key in told.items() if other_id not in known}
        if not news:
            continue
        doubtful = identities_of(provider, kind, news.values()).ambiguous
        taken = external_ids_of(slug, {media[key] for key in news.values()})
        free = {
            other_id: media[key]
            for other_id, key in news.items()
            if media[key] not in taken and slug not in doubtful.get(key, {})
        }
        _attach(slug, kind, free, source=provider)


def attach_free(
    provider: str, kind: Kind, pairs: Mapping[str, int], *, source: str, barred: Collection[Key]
) -> dict[int, str]:
    """{media id: id} of those that have their id from now on. One that another media of ours has already would tie two
    works together: it is left to a person.

    Runs of other people learn the same at the same time. What the media itself has meanwhile is no other's; and whose
    an id is in the end, is read after it was written.
    """
    wanted = {id_: media_id for id_, media_id in pairs.items() if (kind, id_) not in barred}
    owners = media_by_external_ids(provider, kind, wanted) if wanted else {}
    free = {id_: media_id for id_, media_id in wanted.items() if id_ not in owners}
    if free:
        _attach(provider, kind, free, source=source)
        owners |= media_by_external_ids(provider, kind, free)
    return {media_id: id_ for id_, media_id in wanted.items() if owners.get(id_) == media_id}


def _attach(provider: str, kind: Kind, pairs: Mapping[str, int], *, source: str) -> None:
    if not pairs:
        return
    attach_ids(provider, kind, pairs, source=source)
    waking.make_due(provider, kind, pairs)
