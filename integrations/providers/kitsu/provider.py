"""Kitsu as a `Provider`. Facts: providers/kitsu.md, read 2026-11-21; quirks: README.md beside this file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from integrations.answers import Answer
from integrations.capability import Capability
from integrations.crypto import Secret
from integrations.errors import ProviderError
from integrations.http import Session
from integrations.limits import Budget
from integrations.oauth import App, OAuthSpec
from integrations.providers.base import (
    Account,
    MediaFacts,
    Option,
    Outcome,
    Removal,
    Snapshot,
    Write,
)
from integrations.providers.cataloguer import CataloguePage, CatalogueTitle
from integrations.providers.kitsu import (
    catalogue,
    client,
    convert,
    documents,
    judging,
    looking,
    owner,
    reading,
    removing,
    writing,
)
from library.entry import FIELDS, Kind

_FIELDS = {
    Kind.ANIME: frozenset(FIELDS) - {"progress_volumes"},
    Kind.MANGA: frozenset(FIELDS),
}
# Kitsu gives no ids of their own to apps: this pair, which it publishes itself, is everybody's (kitsu.md 2.1).
_EVERYBODY = App(
    "dd031b32d2f56c990b1425efe6c42ad847e7fe3ab46bf1299f05ecd856bdb7dd",
    Secret("54d7307928f63414defd96399fc31ba847961ceaecef3a5fd93144e960c0e151"),
)


class Kitsu:
    slug = judging.SLUG
    name = "Kitsu"
    kinds = frozenset(Kind)
    hosts = frozenset({"kitsu.app"})
    oauth = OAuthSpec(
        authorize_url="",
        token_url="https://kitsu.app/api/oauth/token",  # noqa: S106 an address
        grants=frozenset({"password"}),
        revoke_url="https://kitsu.app/api/oauth/revoke",
        refresh_when_left=timedelta(days=3),
        public_app=_EVERYBODY,
        username_label="E-mail address or profile name",
        password_note=(  # noqa: S106 words for a form
            "At Kitsu all apps of one person share one access: when Enishi or another app renews it, about once a "
            "month, the others may ask you to sign in again. If Kitsu itself exports your list to MyAnimeList, switch "
            "that off: two writers on one list get into each other's way."
        ),
    )
    budgets: tuple[Budget, ...] = (Budget("address", 120, 60, burst=4),)
    write_batch = documents.MOST_MUTATIONS
    removal_batch = documents.MOST_MUTATIONS
    probe_requests = 1
    apps_url = "https://kitsu.app/settings/apps"
    options: tuple[Option, ...] = ()
    by_shows = False
    catalogue_page = client.PER_PAGE
    cover_hosts = catalogue.COVER_HOSTS
    shows_adult = False

    def headers(self, app: str) -> Mapping[str, str]:
        """Without its own media type REST answers 406; GraphQL and the token endpoint take either."""
        return {"Accept": "application/vnd.api+json, application/json"}

    def judge(self, answer: Answer) -> ProviderError | None:
        return judging.judge(answer)

    def capability(self, kind: Kind, settings: Mapping[str, Any]) -> Capability:
        """Dates are whole or none; ratings are stored from 2 to 20 whatever the person is shown."""
        return Capability(
            fields=_FIELDS[kind],
            scale=convert.SCALE,
            full_dates=True,
            alters=frozenset({"status", "progress", "started_on", "finished_on"}),
            limits={"repeats": convert.MOST_REPEATS},
            clamps=True,
        )

    def media_url(self, kind: Kind, external_id: str) -> str:
        return f"https://kitsu.app/{kind}/{external_id}"

    def identify(self, session: Session) -> Account:
        return convert.read_account(owner.require_self(session))

    def read_requests(self, counts: Mapping[Kind, int]) -> int:
        return sum(reading.count_requests(count) for count in counts.values())

    def probe(self, session: Session, kinds: Collection[Kind]) -> str:
        """E.g. "anime,manga:4711@2026-11-20T19:22:06.123Z+142", "anime:-+0" for an empty list. All kinds in one
        request; one more when there is no entry, since only entries come with the proof that we are logged in."""
        owner.known_user(session)
        page = client.fetch_newest(session, kinds)
        if owner.prove_self(session, len(page.data), page.included) is None:
            owner.require_self(session)
        newest = next((f"{one.id}@{(one.attributes.updated_at or '')[:32]}" for one in page.data), "-")
        return f"{','.join(sorted(kinds))}:{newest}+{page.meta.count}"

    def read(self, session: Session, kinds: Collection[Kind]) -> Snapshot:
        return reading.read_lists(session, kinds)

    def hidden(self, session: Session, kind: Kind, ids: Collection[str]) -> frozenset[str]:
        """Entries of adult works vanish while the person's SFW filter is on: those, and all that is not shown to us."""
        return looking.hidden(session, kind, ids)

    def write(self, session: Session, writes: Sequence[Write]) -> list[Outcome]:
        """In one document, and one more for all that Kitsu altered by itself and that has to be set again."""
        return writing.write_entries(session, writes)

    def remove(self, session: Session, removals: Sequence[Removal]) -> list[Outcome]:
        return removing.remove_entries(session, removals)

    def search(self, session: Session, kind: Kind, text: str, *, limit: int = 10) -> list[MediaFacts]:
        """At most 20. What is adult is found only by people whose SFW filter is off."""
        query = " ".join(text.replace("\x00", " ").split())
        if not query:
            return []
        return looking.read_page(
            client.search_media(session, kind, text=query, limit=min(max(limit, 1), client.PER_PAGE))
        )

    def details(self, session: Session, kind: Kind, ids: Sequence[str]) -> list[MediaFacts]:
        return looking.details(session, kind, ids)

    def translate(self, session: Session, kind: Kind, slug: str, ids: Sequence[str]) -> dict[str, MediaFacts]:
        """Kitsu knows the ids of AniList and MyAnimeList. One that several of its works carry is nobody's."""
        return looking.translate(session, kind, slug=slug, ids=ids)

    def browse_search(
        self, session: Session, kind: Kind, text: str, *, page: int = 1, adult: bool = False
    ) -> CataloguePage:
        """Strangers are shown nothing adult, whatever they ask for."""
        return catalogue.search(session, kind, text, page=page)

    def browse_season(
        self, session: Session, *, year: int, season: str, page: int = 1, adult: bool = False
    ) -> CataloguePage:
        return catalogue.season(session, year, season, page=page)

    def browse_trending(self, session: Session, kind: Kind, *, adult: bool = False) -> CataloguePage:
        """About 10."""
        return catalogue.trending(session, kind)

    def browse_details(self, session: Session, kind: Kind, external_id: str) -> CatalogueTitle | None:
        return catalogue.details(session, kind, external_id)
