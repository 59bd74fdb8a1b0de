"""Under which id a provider knows a media of ours that its list lacks.

A person's own word first, then ids known here, the public id tables, what the provider translates itself, and last a
search there by title: a few a run, and seldom again for what was not found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.utils import timezone

from integrations.http import Session
from integrations.models import Connection
from integrations.providers import registry
from integrations.providers.base import Provider
from library.entry import Kind
from library.services.catalogue import external_ids_of
from library.services.identities import SITES, identities_of
from library.services.matches import NO_WORDS, Words
from syncing.core.likeness import Facts, Likeness
from syncing.core.plan import Key
from syncing.models import Unmatched
from syncing.services import adopting, matching, searching, sparing
from syncing.services.suggesting import Candidate


@dataclass(frozen=True, slots=True)
class Routes:
    """ids: {media id: id at the provider}. waiting: what is known of media without one. looked_up: media for which
    everything was tried this time; left: media for which that is still to come."""

    ids: Mapping[int, str] = field(default_factory=dict)
    waiting: Mapping[int, matching.Waiting] = field(default_factory=dict)
    looked_up: frozenset[int] = frozenset()
    left: frozenset[int] = frozenset()


NO_ROUTES = Routes()


def try_routes(
    connection: Connection,
    session: Session,
    provider: Provider,
    *,
    lacking: Mapping[int, Kind],
    own: Words = NO_WORDS,
    listed: Collection[Key] = (),
) -> Routes:
    """As `routes_for`; where our own code fails on the look-up, all of it is still to come."""
    try:
        return routes_for(connection, session, provider, lacking=lacking, own=own, listed=listed)
    except Exception as error:
        if not sparing.is_of_entry(error):
            raise
        sparing.tell(connection.pk, "ways to works", error)
        return Routes(left=frozenset(lacking))


def routes_for(
    connection: Connection,
    session: Session,
    provider: Provider,
    *,
    lacking: Mapping[int, Kind],
    own: Words = NO_WORDS,
    listed: Collection[Key] = (),
) -> Routes:
    """Without asking again for what failed lately. Nothing lacking costs nothing.

    listed: ids on the person's list there, each of which is some other work's or waits: never a route.
    """
    if not lacking:
        return NO_ROUTES
    skip: set[int | None] = set()
    if not provider.by_shows:
        # Where a place is a matter of our own tables, asking again is free.
        rows = Unmatched.objects.filter(connection=connection, retry_at__gt=timezone.now())
        skip = set(rows.exclude(media=None).values_list("media_id", flat=True))
    barred = {*own.media, *listed}
    said = {media_id: id_ for media_id, id_ in own.ids().items() if media_id in lacking}
    rest = {media_id: kind for media_id, kind in lacking.items() if media_id not in said}
    found = find_routes(session, provider, rest, sources=registry.slugs(), skip=skip, barred=barred)
    open_ = {id_: kind for id_, kind in rest.items() if id_ not in found.ids and id_ not in skip}
    searched = searching.NOTHING
    if not provider.by_shows:
        wanted = {id_: kind for id_, kind in open_.items() if id_ not in found.waiting}
        alone = {key for key, media_id in own.media.items() if media_id is None}
        searched = searching.search(session, provider, wanted, barred=barred, alone=alone)
    unsure = {
        id_: matching.Waiting(lacking[id_], "uncertain", media_id=id_, candidates=tuple(candidates))
        for id_, candidates in searched.unsure.items()
    }
    unsure |= {id_: matching.Waiting(lacking[id_], "left_alone", media_id=id_) for id_ in searched.alone}
    return Routes(
        {**found.ids, **searched.ids, **said},
        {**found.waiting, **unsure},
        frozenset(open_) - searched.left,
        searched.left,
    )


def find_routes(
    session: Session,
    provider: Provider,
    wanted: Mapping[int, Kind],
    *,
    sources: Iterable[str],
    skip: Collection[int | None],
    barred: Collection[Key] = (),
) -> Routes:
    """Routes for media that the provider's list lacks, and why some wait.

    What the id tables do not know the provider is asked to translate from the other services' ids, unless that
    failed lately (`skip`). Costs requests only for media never looked up before.
    """
    known = external_ids_of(provider.slug, wanted)
    routes = {media_id: id_ for media_id, id_ in known.items() if (wanted[media_id], id_) not in barred}
    open_ = {media_id: kind for media_id, kind in wanted.items() if media_id not in known}
    told, waiting = _look_up(provider.slug, open_, barred=barred)
    routes |= told
    for slug in sources:
        missing = [id_ for id_ in open_ if id_ not in routes and id_ not in waiting and id_ not in skip]
        if not missing or slug == provider.slug:
            continue
        others = external_ids_of(slug, missing)
        for kind in Kind:
            asked = {others[id_]: id_ for id_ in missing if wanted[id_] == kind and id_ in others}
            if asked:
                facts = provider.translate(session, kind, slug, list(asked))
                pairs = {fact.external_id: asked[id_] for id_, fact in facts.items() if id_ in asked}
                routes |= adopting.attach_free(provider.slug, kind, pairs, source=provider.slug, barred=barred)
    return Routes(routes, waiting)


def _look_up(
    provider: str, wanted: Mapping[int, Kind], *, barred: Collection[Key]
) -> tuple[dict[int, str], dict[int, matching.Waiting]]:
    """By the id tables: (routes, media on which they disagree)."""
    routes: dict[int, str] = {}
    doubts: dict[int, matching.Waiting] = {}
    if provider not in SITES or not wanted:
        return routes, doubts
    for site in SITES:
        others = external_ids_of(site, wanted) if site != provider else {}
        for kind in Kind:
            ids = {id_: media_id for media_id, id_ in others.items() if wanted[media_id] == kind}
            if not ids:
                continue
            told = identities_of(site, kind, ids)
            pairs = {pair[provider]: ids[id_] for id_, pair in told.pairs.items() if provider in pair}
            free = {id_: media_id for id_, media_id in pairs.items() if media_id not in routes}
            routes |= adopting.attach_free(provider, kind, free, source=adopting.TABLES, barred=barred)
            for id_, sites in told.ambiguous.items():
                if provider in sites:
                    doubts[ids[id_]] = _doubt(kind, ids[id_], sites[provider])
    return routes, {media_id: why for media_id, why in doubts.items() if media_id not in routes}


def _doubt(kind: Kind, media_id: int, ids: Iterable[str]) -> matching.Waiting:
    named = tuple(Candidate(Facts(), Likeness(0, ("an id table names it",)), remote_id=id_) for id_ in ids)
    return matching.Waiting(kind, "ambiguous", media_id=media_id, candidates=named)
