"""Looking for a work of ours at a service by its title: a few a run, and never the reason for a run to fail."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from integrations.errors import AuthRevoked, ProviderError, Rejected
from integrations.http import Session
from integrations.providers.base import MediaFacts, Provider
from library.entry import Kind
from library.services.catalogue import media_by_external_ids
from syncing.core.likeness import LIKELY, SURE, Facts, confidence
from syncing.core.plan import Key
from syncing.services import adopting, suggesting
from syncing.services.suggesting import Candidate

log = logging.getLogger(__name__)

SEARCHES = 5
"""Searches at a service that one run may cost."""


@dataclass(frozen=True, slots=True)
class Searched:
    """ids: {media id: id there}, where one was surely meant. unsure: likely ones. left: not searched this time.
    alone: where nothing was found but what the person left alone."""

    ids: Mapping[int, str] = field(default_factory=dict)
    unsure: Mapping[int, Sequence[Candidate]] = field(default_factory=dict)
    left: frozenset[int] = frozenset()
    alone: frozenset[int] = frozenset()


NOTHING = Searched()


def search(
    session: Session,
    provider: Provider,
    wanted: Mapping[int, Kind],
    *,
    barred: Collection[Key],
    alone: Collection[Key] = (),
) -> Searched:
    """A search a title, SEARCHES at most. A service in trouble is not asked further: a run does not fail for this.

    alone: those of `barred` that the person left alone.
    """
    works = {media_id: facts for media_id, facts in suggesting.works(wanted).items() if facts.titles}
    asked = sorted(works)[:SEARCHES]
    ids: dict[int, str] = {}
    unsure: dict[int, Sequence[Candidate]] = {}
    left = set(sorted(works)[SEARCHES:])
    passed: set[int] = set()
    for at, media_id in enumerate(asked):
        kind = wanted[media_id]
        try:
            hits = provider.search(session, kind, works[media_id].titles[0])
        except Rejected:
            continue
        except AuthRevoked:
            raise
        except ProviderError as error:
            log.info("no further searches at %s: %s", provider.slug, error)
            left.update(asked[at:])
            break
        best, candidates = _judge(provider.slug, kind, works[media_id], hits=hits, barred=barred, media_id=media_id)
        if best:
            ids |= adopting.attach_free(provider.slug, kind, {best: media_id}, source=adopting.TITLE, barred=barred)
        if candidates:
            unsure[media_id] = candidates
        elif any((kind, hit.external_id) in alone and _is_likely(works[media_id], hit) for hit in hits):
            passed.add(media_id)
    return Searched(ids, unsure, frozenset(left), frozenset(passed))


def _is_likely(work: Facts, hit: MediaFacts) -> bool:
    return confidence(work, suggesting.facts_of(hit)).confidence >= LIKELY


def _judge(
    provider: str, kind: Kind, work: Facts, *, hits: Iterable[MediaFacts], barred: Collection[Key], media_id: int
) -> tuple[str, list[Candidate]]:
    """(the sure id or "", likely ones, ranked). What is another work's here already is never sure; what is this one's,
    because somebody else's run has just learnt it, is."""
    facts = {hit.external_id: suggesting.facts_of(hit) for hit in hits}
    taken = media_by_external_ids(provider, kind, facts)
    candidates = suggesting.likely(
        Candidate(each, confidence(work, each), remote_id=id_)
        for id_, each in facts.items()
        if (kind, id_) not in barred
    )
    sure = [each.remote_id for each in candidates if each.likeness.confidence >= SURE]
    is_its_own = len(sure) == 1 and taken.get(sure[0], media_id) == media_id
    return (sure[0] if is_its_own else ""), candidates
