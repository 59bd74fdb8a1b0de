"""AniList as a `Provider`. Facts: providers/anilist.md, read 2026-11-21; quirks: README.md beside this file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from integrations.answers import Answer
from integrations.capability import SCALES, Capability
from integrations.errors import Gone, ProviderError, Rejected, Transient
from integrations.http import Session
from integrations.limits import Budget
from integrations.oauth import OAuthSpec
from integrations.providers.anilist import catalogue, client, convert, documents, judging, probing, reading
from integrations.providers.anilist.batching import NotSent, send_in_pieces
from integrations.providers.base import (
    Account,
    MediaFacts,
    Option,
    Outcome,
    ProbeTarget,
    Removal,
    Snapshot,
    Write,
)
from integrations.providers.cataloguer import CataloguePage, CatalogueTitle
from integrations.providers.lenient import number_ids
from library.entry import FIELDS, InvalidEntry, Kind

HEAVIEST_BODY = 100_000
"""Bytes of one request, our own prudence: a batch of long notes is cut into several requests."""
_FIELDS = {
    Kind.ANIME: frozenset(FIELDS) - {"progress_volumes"},
    Kind.MANGA: frozenset(FIELDS),
}


class AniList:
    slug = judging.SLUG
    name = "AniList"
    kinds = frozenset(Kind)
    hosts = frozenset({"graphql.anilist.co", "anilist.co"})
    oauth = OAuthSpec(
        authorize_url="https://anilist.co/api/v2/oauth/authorize",
        token_url="https://anilist.co/api/v2/oauth/token",  # noqa: S106 an address
        refreshes=False,
    )
    budgets: tuple[Budget, ...] = (Budget("address", 29, 60, burst=4),)
    write_batch = 25
    removal_batch = 50
    probe_requests = 1
    probe_batch = probing.PEOPLE
    apps_url = "https://anilist.co/settings/apps"
    options: tuple[Option, ...] = ()
    by_shows = False
    catalogue_page = catalogue.PER_PAGE
    cover_hosts = catalogue.COVER_HOSTS
    shows_adult = True

    def judge(self, answer: Answer) -> ProviderError | None:
        return judging.judge(answer)

    def capability(self, kind: Kind, settings: Mapping[str, Any]) -> Capability:
        """Dates may lack any part; the server fills in `completedAt` by itself."""
        scale = SCALES.get(f"anilist:{settings.get('score_format')}", SCALES["anilist:POINT_100"])
        return Capability(
            fields=_FIELDS[kind],
            scale=scale,
            alters=frozenset({"started_on", "finished_on"}),
        )

    def media_url(self, kind: Kind, external_id: str) -> str:
        return f"https://anilist.co/{kind}/{external_id}"

    def identify(self, session: Session) -> Account:
        return convert.read_account(client.fetch_viewer(session))

    def read_requests(self, counts: Mapping[Kind, int]) -> int:
        """Both lists come in one request, whatever their size."""
        return 1

    def probe(self, session: Session, kinds: Collection[Kind]) -> str:
        """E.g. "anime:4711@1700000000 manga:-"."""
        newest = client.fetch_newest(session, kinds, user=reading.known_user(session))
        marks = {kind: next(iter(newest.get(kind, ())), None) for kind in sorted(kinds)}
        return " ".join(f"{kind}:{mark.id}@{mark.updated_at}" if mark else f"{kind}:-" for kind, mark in marks.items())

    def probe_many(self, session: Session, targets: Sequence[ProbeTarget]) -> dict[str, str | None]:
        return probing.probe_many(session, targets)

    def read(self, session: Session, kinds: Collection[Kind]) -> Snapshot:
        return reading.read_lists(session, kinds)

    def write(self, session: Session, writes: Sequence[Write]) -> list[Outcome]:
        """An unknown id, or a value AniList refuses, spoils its own outcome only; the rest is sent again without it."""
        # What cannot be an id, e.g. a slip in a person's own mapping, would spoil the whole document.
        good = [write for write in writes if number_ids([write.external_id])]
        arguments = [convert.arguments_for(write) for write in good]

        def send(positions: list[int]) -> list[Outcome]:
            states = client.save_entries(session, [arguments[at] for at in positions])
            return [_echo(good[at], state) for at, state in zip(positions, states, strict=True)]

        pieces = _cut(len(msgspec.json.encode(each)) for each in arguments)
        outcomes = iter(send_in_pieces(range(len(good)), pieces=pieces, send=send))
        return [next(outcomes) if number_ids([write.external_id]) else _UNKNOWN for write in writes]

    def remove(self, session: Session, removals: Sequence[Removal]) -> list[Outcome]:
        """By entry id, looked up (one request) where the caller does not know it."""
        try:
            entry_ids = _fill_entry_ids(session, removals)
        except Transient as error:
            if error.unsent:
                raise
            return [Outcome(error=NotSent("Not removed: AniList failed on a look-up.", provider=self.slug))] * len(
                removals
            )
        known = [at for at, entry_id in enumerate(entry_ids) if entry_id]

        def send(positions: list[int]) -> list[Outcome]:
            answers = client.delete_entries(session, [entry_ids[at] for at in positions])
            return [Outcome(removed=True) if answer.deleted else _UNDELETED for answer in answers]

        outcomes = [Outcome(removed=True)] * len(removals)
        pieces = [range(len(known))] if known else []
        for at, outcome in zip(known, send_in_pieces(known, pieces=pieces, send=send), strict=True):
            outcomes[at] = Outcome(removed=True) if isinstance(outcome.error, Gone) else outcome
        return outcomes

    def hidden(self, session: Session, kind: Kind, ids: Collection[str]) -> frozenset[str]:
        return frozenset()

    def search(self, session: Session, kind: Kind, text: str, *, limit: int = 10) -> list[MediaFacts]:
        text = text.replace("\x00", "").strip()
        if not text:
            return []
        found = client.search_media(session, kind, text=text, limit=min(max(limit, 1), documents.PER_PAGE))
        return [convert.read_facts(kind, facts) for facts in found]

    def details(self, session: Session, kind: Kind, ids: Sequence[str]) -> list[MediaFacts]:
        return [convert.read_facts(kind, facts) for facts in _fetch(session, kind, ids, by="id_in")]

    def translate(self, session: Session, kind: Kind, slug: str, ids: Sequence[str]) -> dict[str, MediaFacts]:
        """AniList knows MyAnimeList's ids. Where two of its works claim the same one, the older work has it."""
        if slug != "myanimelist":
            return {}
        found = sorted(
            _fetch(session, kind, ids, by="idMal_in"),
            key=lambda facts: facts.id,
            reverse=True,
        )
        return {str(facts.id_mal): convert.read_facts(kind, facts) for facts in found if facts.id_mal}

    def browse_search(
        self, session: Session, kind: Kind, text: str, *, page: int = 1, adult: bool = False
    ) -> CataloguePage:
        return catalogue.search(session, kind, text, page=page, adult=adult)

    def browse_season(
        self, session: Session, *, year: int, season: str, page: int = 1, adult: bool = False
    ) -> CataloguePage:
        return catalogue.season(session, year, season, page=page, adult=adult)

    def browse_trending(self, session: Session, kind: Kind, *, adult: bool = False) -> CataloguePage:
        return catalogue.trending(session, kind, adult=adult)

    def browse_details(self, session: Session, kind: Kind, external_id: str) -> CatalogueTitle | None:
        return catalogue.details(session, kind, external_id)


_UNKNOWN = Outcome(error=Gone("AniList does not have this title.", provider=judging.SLUG))
_UNDELETED = Outcome(error=Rejected("AniList did not remove this entry.", provider=judging.SLUG))


def _fetch(session: Session, kind: Kind, ids: Sequence[str], *, by: str) -> list[client.Facts]:
    numbers, most = number_ids(ids), documents.PER_PAGE * documents.MOST_PAGES
    return [
        facts
        for at in range(0, len(numbers), most)
        for facts in client.fetch_media(session, kind, numbers[at : at + most], by=by)
    ]


def _fill_entry_ids(session: Session, removals: Sequence[Removal]) -> list[int]:
    """Entry ids, 0 for titles that are not on the list."""
    given = {at: next(iter(number_ids([removal.entry_id])), 0) for at, removal in enumerate(removals)}
    wanted: dict[Kind, list[int]] = {}
    for at, removal in enumerate(removals):
        if not given[at]:
            wanted.setdefault(removal.kind, []).extend(number_ids([removal.external_id]))
    if not any(wanted.values()):
        return list(given.values())
    found = client.find_entry_ids(session, wanted, user=reading.known_user(session))
    return [
        given[at] or found.get((removal.kind, next(iter(number_ids([removal.external_id])), 0)), 0)
        for at, removal in enumerate(removals)
    ]


def _echo(write: Write, state: client.State) -> Outcome:
    """The echo carries the id only: facts of the work were known before the write."""
    if write.create and state.hidden_from_status_lists:
        # It was there, hidden and on no custom list, where no read can see it. Tracked, it would look removed
        # at the next read and be removed everywhere.
        return Outcome(
            error=Rejected(
                "AniList has this title hidden from all lists; show it there first.",
                provider=judging.SLUG,
            )
        )
    try:
        return Outcome(echo=convert.read_state(MediaFacts(write.kind, write.external_id), state))
    except InvalidEntry as error:
        unknown = Transient(
            "AniList's answer to a write could not be understood.",
            provider=judging.SLUG,
        )
        unknown.__cause__ = error
        return Outcome(error=unknown)


def _cut(weights: Iterable[int]) -> list[list[int]]:
    """Positions in runs that weigh at most HEAVIEST_BODY together; one that weighs more goes alone."""
    pieces: list[list[int]] = []
    heaviness = 0
    for at, weight in enumerate(weights):
        if not pieces or heaviness + weight > HEAVIEST_BODY:
            pieces.append([])
            heaviness = 0
        pieces[-1].append(at)
        heaviness += weight
    return pieces
