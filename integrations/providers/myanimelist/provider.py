"""MyAnimeList as a `Provider`. Facts: providers/myanimelist.md, read 2026-11-21; quirks: README.md beside this file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from integrations.answers import Answer
from integrations.capability import Capability
from integrations.errors import Gone, ProviderError, Rejected, Transient
from integrations.http import Session
from integrations.limits import Budget
from integrations.oauth import OAuthSpec
from integrations.providers.base import Account, MediaFacts, Option, Outcome, RemoteEntry, Removal, Snapshot, Write
from integrations.providers.lenient import number_ids
from integrations.providers.myanimelist import client, convert, judging, reading
from library.entry import FIELDS, InvalidEntry, Kind

T = TypeVar("T")

SHORTEST_QUERY, LONGEST_QUERY, MOST_FOUND = 3, 64, 100
_FIELDS = {
    Kind.ANIME: frozenset(FIELDS) - {"private", "progress_volumes"},
    Kind.MANGA: frozenset(FIELDS) - {"private"},
}


class NotSent(Transient):
    """An earlier write of the same call failed, so this one stayed here."""

    unsent = True


class MyAnimeList:
    slug = judging.SLUG
    name = "MyAnimeList"
    kinds = frozenset(Kind)
    hosts = frozenset({"api.myanimelist.net", "myanimelist.net"})
    oauth = OAuthSpec(
        authorize_url="https://myanimelist.net/v1/oauth2/authorize",
        token_url="https://myanimelist.net/v1/oauth2/token",  # noqa: S106 an address
        pkce="plain",
        secret_optional=True,
    )
    budgets: tuple[Budget, ...] = (Budget("app", 60, 60, burst=2),)
    write_batch = 1
    removal_batch = 1
    probe_requests = 2
    apps_url = "https://myanimelist.net/apiconfig"
    options: tuple[Option, ...] = ()
    by_shows = False

    def judge(self, answer: Answer) -> ProviderError | None:
        return judging.judge(answer)

    def capability(self, kind: Kind, settings: Mapping[str, Any]) -> Capability:
        """Nothing is private entry by entry; counts above a known total are cut; dates need their year."""
        return Capability(
            fields=_FIELDS[kind],
            scale=convert.SCALE,
            alters=frozenset({"progress", "progress_volumes"}),
            clamps=True,
            needs_year=True,
        )

    def media_url(self, kind: Kind, external_id: str) -> str:
        return f"https://myanimelist.net/{kind}/{external_id}"

    def identify(self, session: Session) -> Account:
        return convert.read_account(client.fetch_person(session))

    def read_requests(self, counts: Mapping[Kind, int]) -> int:
        return sum(reading.count_requests(count) for count in counts.values())

    def probe(self, session: Session, kinds: Collection[Kind]) -> str:
        """E.g. "anime:5114@2026-11-20T19:22:06+00:00 manga:-". One request a kind."""
        marks = {kind: client.fetch_newest(session, kind) for kind in sorted(kinds)}
        return " ".join(
            f"{kind}:{mark.node.id}@{(mark.list_status.updated_at or '')[:32]}" if mark else f"{kind}:-"
            for kind, mark in marks.items()
        )

    def read(self, session: Session, kinds: Collection[Kind]) -> Snapshot:
        """`account` stays empty: a list does not say whose it is, and to ask would cost a request more."""
        return reading.read_lists(session, kinds)

    def write(self, session: Session, writes: Sequence[Write]) -> list[Outcome]:
        return _send_each(writes, lambda write: _save(session, write))

    def remove(self, session: Session, removals: Sequence[Removal]) -> list[Outcome]:
        return _send_each(removals, lambda removal: _delete(session, removal))

    def hidden(self, session: Session, kind: Kind, ids: Collection[str]) -> frozenset[str]:
        return frozenset()

    def search(self, session: Session, kind: Kind, text: str, *, limit: int = 10) -> list[MediaFacts]:
        """Nothing, and no request, for fewer than 3 characters: MyAnimeList takes 3 to 64."""
        query = " ".join(text.replace("\x00", " ").split())[:LONGEST_QUERY].rstrip()
        if len(query) < SHORTEST_QUERY:
            return []
        found = client.search(session, kind, text=query, limit=min(max(limit, 1), MOST_FOUND))
        return [convert.read_facts(kind, node) for node in found]

    def details(self, session: Session, kind: Kind, ids: Sequence[str]) -> list[MediaFacts]:
        """One request an id: there is no call for several."""
        found = []
        for media_id in number_ids(ids):
            try:
                found.append(convert.read_facts(kind, client.fetch_node(session, kind, media_id)))
            except Gone:
                continue
        return found

    def translate(self, session: Session, kind: Kind, slug: str, ids: Sequence[str]) -> dict[str, MediaFacts]:
        """MyAnimeList knows no other service's ids."""
        return {}


def _send_each(items: Sequence[T], send: Callable[[T], Outcome]) -> list[Outcome]:
    """One outcome an item. Raises an error that is `unsent` when nothing was sent before it."""
    outcomes: list[Outcome] = []
    for item in items:
        try:
            outcomes.append(send(item))
        except Rejected as error:
            outcomes.append(Outcome(error=error))
        except ProviderError as error:
            if error.unsent and not outcomes:
                raise
            outcomes.append(Outcome(error=_as_outcome(error)))
            rest = error if error.unsent else NotSent("Not sent: MyAnimeList failed before.", provider=judging.SLUG)
            return outcomes + [Outcome(error=rest)] * (len(items) - len(outcomes))
    return outcomes


def _as_outcome(error: Exception) -> ProviderError:
    """What cannot be understood after a write is a lost answer: the write may have been done."""
    if isinstance(error, ProviderError) and (isinstance(error, Transient) or error.unsent):
        return error
    unknown = Transient("MyAnimeList's answer to a write could not be understood.", provider=judging.SLUG)
    unknown.__cause__ = error
    return unknown


def _media_id(external_id: str) -> int:
    """Raises Gone for what cannot be an id here, e.g. a slip in a person's own mapping."""
    numbers = number_ids([external_id])
    if not numbers:
        raise Gone("MyAnimeList does not have this title.", provider=judging.SLUG)
    return numbers[0]


def _save(session: Session, write: Write) -> Outcome:
    """The echo carries the id only: facts of the work were known before the write."""
    state = client.save_state(session, write.kind, _media_id(write.external_id), form=convert.form_for(write))
    media = MediaFacts(write.kind, write.external_id)
    try:
        echo: RemoteEntry = convert.read_state(media, state)
    except InvalidEntry as error:
        return Outcome(error=_as_outcome(error))
    return Outcome(echo=echo)


def _delete(session: Session, removal: Removal) -> Outcome:
    with suppress(Gone):
        client.delete_state(session, removal.kind, _media_id(removal.external_id))
    return Outcome(removed=True)
