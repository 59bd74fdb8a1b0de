"""Which media of ours an entry belongs to.

A person's own word first, then the service's own id, the public id tables, the other ids that the service tells itself
(AniList's idMal), and last the titles. Nothing is merged silently: a second entry on a media that has one already, one
on which the tables disagree, and one that looks like a work of ours without being surely it are reported and wait.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from integrations.capability import Totals
from integrations.providers.base import MediaFacts, Provider, RemoteEntry
from library.entry import Kind
from library.services.catalogue import (
    Work,
    add_works,
    describe_works,
    external_ids_of,
    media_by_external_ids,
    newest_id,
    only_adder,
)
from library.services.identities import Identities, identities_of
from library.services.matches import NO_WORDS, Words
from syncing.core.model import Now
from syncing.core.plan import Key, Remote
from syncing.services import adopting, suggesting
from syncing.services.baselines import Ledger
from syncing.services.suggesting import Candidate


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry (remote_id) or a work (media_id) without a counterpart, as `Unmatched` shows it."""

    kind: Kind
    reason: str
    remote_id: str = ""
    media_id: int | None = None
    title: str = ""
    candidates: tuple[Candidate, ...] = ()

    @property
    def maybe(self) -> frozenset[int]:
        """Media of ours that it may be."""
        return frozenset(each.media_id for each in self.candidates if each.media_id is not None)


@dataclass(frozen=True, slots=True)
class Matched:
    """remotes: one for a media at most. duplicates: entries whose media another entry of the list has already.
    waiting: why entries have no media, duplicates among them. alone: entries that the person wants left alone."""

    remotes: tuple[Remote, ...]
    duplicates: tuple[RemoteEntry, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    alone: frozenset[Key] = frozenset()


def match(provider: str, entries: Sequence[RemoteEntry], own: Words = NO_WORDS) -> Matched:
    """Every entry gets a media, or a reason to wait; works that nobody here knew are added to the catalogue.

    Of several entries of one work the first has it, and before them all one of which the person said so.
    """
    media: dict[Key, int] = {}
    waiting: dict[Key, Waiting] = {}
    for kind in Kind:
        facts = {entry.media.external_id: entry.media for entry in entries if entry.media.kind == kind}
        if facts:
            found, unsure = _media_of(provider, kind, facts, own=own)
            media.update({(kind, external_id): media_id for external_id, media_id in found.items()})
            waiting.update({(kind, external_id): why for external_id, why in unsure.items()})
    taken: dict[int, RemoteEntry] = {}
    duplicates = []
    for entry in sorted(entries, key=lambda entry: own.media.get(key_of(entry)) is None):
        media_id = media.get(key_of(entry))
        if media_id is not None and taken.setdefault(media_id, entry) is not entry:
            duplicates.append(entry)
    waiting.update(_report(duplicates, taken, media))
    remotes = [to_remote(entry, media_id) for media_id, entry in taken.items()]
    alone = {key for entry in entries if (key := key_of(entry)) not in media and key not in waiting}
    return Matched(tuple(remotes), tuple(duplicates), tuple(waiting.values()), frozenset(alone))


def key_of(entry: RemoteEntry) -> Key:
    return (entry.media.kind, entry.media.external_id)


def to_remote(entry: RemoteEntry, media_id: int) -> Remote:
    facts = entry.media
    now = Now(
        entry.entry,
        entry.updated_at.timestamp() if entry.updated_at else 0.0,
        Totals(entry.room or facts.total, facts.volumes),
        entry.untold,
    )
    return Remote(facts.kind, facts.external_id, media_id, now, entry.entry_id)


def describe(provider: Provider, matched: Matched, entries: Sequence[RemoteEntry], *, media: Collection[int]) -> None:
    """Let a list service say what these works are, of which only a service of shows has told."""
    if provider.by_shows or not media:
        return
    ids = {(one.kind, one.remote_id): one.media_id for one in matched.remotes if one.media_id in media}
    facts = {ids[key]: entry.media for entry in entries if (key := key_of(entry)) in ids}
    describe_works({id_: _work(provider.slug, fact, told=Identities()) for id_, fact in facts.items()})


def set_aside(provider: str, ledger: Ledger, matched: Matched, *, own: Words) -> frozenset[int]:
    """Forget the tracks of entries that are not synced, and name the media that are not to be touched there: those the
    person keeps off the service, whose entry is left alone, or which a waiting entry may be.

    Without its track an entry that is taken up again is a first contact, which never deletes.
    """
    alone = {key for key, media_id in own.media.items() if media_id is None}
    unsure = {(each.kind, each.remote_id): each.maybe for each in matched.waiting if each.reason != "duplicate"}
    off = set(own.off).union(*unsure.values())
    for key in alone | matched.alone | unsure.keys():
        track = ledger.tracks.pop(key, None)
        if track is not None and key not in unsure:
            off.add(track.media_id)
    for kind in Kind:
        ids = [external_id for each, external_id in alone if each == kind]
        if ids:
            off.update(media_by_external_ids(provider, kind, ids).values())
    off.difference_update(remote.media_id for remote in matched.remotes)
    return frozenset(off.difference(track.media_id for track in ledger.tracks.values()))


def _media_of(
    provider: str, kind: Kind, facts: Mapping[str, MediaFacts], *, own: Words
) -> tuple[dict[str, int], dict[str, Waiting]]:
    """({external id: media id}, {external id: why it waits}); what is left alone is in neither."""
    said = {external_id: own.media[kind, external_id] for external_id in facts if (kind, external_id) in own.media}
    parted, contested = adopting.part_contested(facts)
    facts = {external_id: fact for external_id, fact in parted.items() if external_id not in said}
    found = media_by_external_ids(provider, kind, facts)
    known = {external_id: facts[external_id] for external_id in found}
    unknown = {external_id: fact for external_id, fact in facts.items() if external_id not in found}
    waiting: dict[str, Waiting] = {}
    if unknown:
        told, newest = identities_of(provider, kind, unknown), newest_id()
        recognise = partial(_recognise, provider, kind, told=told, contested=contested, own=own)
        alike, waiting = recognise(unknown, taken=found.values())
        found |= alike
        new = _without(unknown, found, waiting)
        if new:
            with only_adder():
                if newest_id() != newest:
                    alike, doubts = recognise(new, taken=found.values())
                    found, waiting = found | alike, waiting | doubts
                    new = _without(new, found, waiting)
                found |= add_works(provider, kind, [_work(provider, fact, told=told) for fact in new.values()])
    if waiting:
        # Another run may have been told whose they are while this one looked.
        found |= media_by_external_ids(provider, kind, waiting)
        waiting = {external_id: why for external_id, why in waiting.items() if external_id not in found}
    adopting.learn_cross_ids(provider, kind, known, media=found)
    found = {key: media_id for key, media_id in found.items() if media_id not in own.off}
    return found | {key: media_id for key, media_id in said.items() if media_id is not None}, waiting


def _recognise(
    provider: str,
    kind: Kind,
    facts: Mapping[str, MediaFacts],
    *,
    told: Identities,
    contested: Mapping[str, Mapping[str, str]],
    own: Words,
    taken: Collection[int],
) -> tuple[dict[str, int], dict[str, Waiting]]:
    """As `_media_of`, for entries whose id nobody here knows; what is new is in neither. taken: media of others."""
    found = adopting.adopt_told(provider, kind, facts, told=told)
    waiting = _ambiguous(kind, _without(facts, found), told.ambiguous)
    alike = suggesting.look_alikes(
        provider, kind, _without(facts, found, waiting), but={*own.ids(), *own.off, *taken, *found.values()}
    )
    found |= adopting.adopt_sure(provider, kind, alike)
    waiting |= {
        key: _wait(facts[key], "uncertain", candidates) for key, candidates in alike.items() if key not in found
    }
    claims = {key: {slug: (id_,) for slug, id_ in ids.items()} for key, ids in contested.items()}
    waiting |= _ambiguous(kind, _without(facts, found, waiting), claims, free_at=provider, but=own.ids())
    return found, waiting


def _without(facts: Mapping[str, MediaFacts], *done: Mapping[str, object]) -> dict[str, MediaFacts]:
    return {key: fact for key, fact in facts.items() if not any(key in each for each in done)}


def _ambiguous(
    kind: Kind,
    facts: Mapping[str, MediaFacts],
    doubts: Mapping[str, Mapping[str, Sequence[str]]],
    *,
    free_at: str = "",
    but: Collection[int] = (),
) -> dict[str, Waiting]:
    """Entries with doubtful ids, where a work of ours is among those that are named, one without an id at `free_at`.

    doubts: {entry: {site: ids there}}. but: works that are out of question.
    """
    doubts = {key: doubts[key] for key in facts if key in doubts}
    named: dict[str, set[int]] = {key: set() for key in doubts}
    for site in sorted({site for sites in doubts.values() for site in sites}):
        known = media_by_external_ids(site, kind, {id_ for sites in doubts.values() for id_ in sites.get(site, ())})
        for key, sites in doubts.items():
            named[key].update(known[id_] for id_ in sites.get(site, ()) if id_ in known)
    taken = {*but, *(external_ids_of(free_at, set().union(*named.values())) if free_at and named else ())}
    named = {key: {media_id for media_id in ids if media_id not in taken} for key, ids in named.items()}
    works = suggesting.works({media_id for ids in named.values() for media_id in ids})
    return {
        key: _wait(
            facts[key],
            "ambiguous",
            suggesting.compare(suggesting.facts_of(facts[key]), {id_: works[id_] for id_ in ids}),
        )
        for key, ids in named.items()
        if ids
    }


def _wait(fact: MediaFacts, reason: str, candidates: Sequence[Candidate]) -> Waiting:
    title = fact.titles[0] if fact.titles else ""
    everything = (*candidates, suggesting.itself(fact))
    return Waiting(fact.kind, reason, remote_id=fact.external_id, title=title, candidates=everything)


def _report(
    duplicates: Sequence[RemoteEntry], taken: Mapping[int, RemoteEntry], media: Mapping[Key, int]
) -> dict[Key, Waiting]:
    """Each second entry with the work, and with the entry that is synced instead."""
    if not duplicates:
        return {}
    works = suggesting.works({media[key_of(entry)] for entry in duplicates})
    found = {}
    for entry in duplicates:
        media_id = media[key_of(entry)]
        candidates = suggesting.compare(suggesting.facts_of(entry.media), {media_id: works[media_id]})
        found[key_of(entry)] = _wait(entry.media, "duplicate", [*candidates, suggesting.itself(taken[media_id].media)])
    return found


def _work(provider: str, fact: MediaFacts, *, told: Identities) -> Work:
    """Ids on which the tables disagree are left out: they would decide for a person what the tables could not."""
    doubtful = told.ambiguous.get(fact.external_id, {})
    cross_ids = {slug: id_ for slug, id_ in fact.cross_ids.items() if slug not in doubtful}
    return Work(
        kind=fact.kind,
        titles=fact.titles,
        format=fact.format,
        year=fact.year,
        total=fact.total,
        volumes=fact.volumes,
        is_adult=fact.is_adult,
        ids={**cross_ids, provider: fact.external_id},
    )
