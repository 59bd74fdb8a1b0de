"""A further provider is one folder and one line: no migration, URL, task, template or settings edit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from integrations.answers import Answer
from integrations.capability import SCALES, Capability
from integrations.errors import ProviderError
from integrations.http import Session
from integrations.limits import Budget
from integrations.models import Connection
from integrations.oauth import OAuthSpec
from integrations.providers.base import Account, MediaFacts, Option, Outcome, RemoteEntry, Removal, Snapshot, Write
from integrations.sandbox.server import Running
from library.entry import Entry, Kind, Status
from syncing.services import scheduling
from tests.e2e.conftest import Link, sync

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass
class ToyList:
    """Five marks, no dates, anime only; kept in memory in place of a service."""

    slug: str = "toy"
    name: str = "Toy List"
    kinds: frozenset[Kind] = frozenset({Kind.ANIME})
    hosts: frozenset[str] = frozenset({"toy.invalid"})
    oauth: OAuthSpec = field(default_factory=lambda: OAuthSpec("https://toy.invalid/a", "https://toy.invalid/t"))
    budgets: tuple[Budget, ...] = (Budget("app", 60, 60.0, 2),)
    write_batch: int = 5
    removal_batch: int = 5
    probe_requests: int = 1
    apps_url: str = "https://toy.invalid/apps"
    options: tuple[Option, ...] = ()
    by_shows: bool = False
    entries: ClassVar[dict[str, Entry]] = {}

    def judge(self, answer: Answer) -> ProviderError | None:
        return None

    def capability(self, kind: Kind, settings: Mapping[str, Any]) -> Capability:
        return Capability(frozenset({"status", "progress", "score"}), SCALES["10"])

    def media_url(self, kind: Kind, external_id: str) -> str:
        return f"https://toy.invalid/{external_id}"

    def identify(self, session: Session) -> Account:
        return Account("1", "toy")

    def read_requests(self, counts: Mapping[Kind, int]) -> int:
        return 1

    def probe(self, session: Session, kinds: Collection[Kind]) -> str:
        return ""

    def read(self, session: Session, kinds: Collection[Kind]) -> Snapshot:
        return Snapshot(tuple(self._remote(external_id) for external_id in self.entries), self.kinds)

    def write(self, session: Session, writes: Sequence[Write]) -> list[Outcome]:
        for write in writes:
            self.entries[write.external_id] = write.desired
        return [Outcome(echo=self._remote(write.external_id)) for write in writes]

    def remove(self, session: Session, removals: Sequence[Removal]) -> list[Outcome]:
        return [Outcome(removed=self.entries.pop(removal.external_id, None) is not None) for removal in removals]

    def hidden(self, session: Session, kind: Kind, ids: Collection[str]) -> frozenset[str]:
        return frozenset()

    def search(self, session: Session, kind: Kind, text: str, *, limit: int = 10) -> list[MediaFacts]:
        return []

    def details(self, session: Session, kind: Kind, ids: Sequence[str]) -> list[MediaFacts]:
        return []

    def translate(self, session: Session, kind: Kind, slug: str, ids: Sequence[str]) -> dict[str, MediaFacts]:
        """Its ids are MyAnimeList's, with a letter in front."""
        if slug != "myanimelist":
            return {}
        return {id_: MediaFacts(kind, f"t{id_}") for id_ in ids}

    def _remote(self, external_id: str) -> RemoteEntry:
        facts = MediaFacts(Kind.ANIME, external_id, cross_ids={"myanimelist": external_id[1:]})
        return RemoteEntry(facts, self.entries[external_id], NOW)


@pytest.fixture
def toy(alice: User, settings: Any, sandbox: Running) -> Connection:
    settings.EXTRA_PROVIDERS = {"toy": f"{__name__}.ToyList"}
    settings.PROVIDERS = {**settings.PROVIDERS, "toy": {}}
    settings.PROVIDER_APPS = {**settings.PROVIDER_APPS, "toy": ("id", "secret")}
    ToyList.entries = {"t1": Entry(Status.COMPLETED, 26, score=90), "t9253": Entry(Status.CURRENT, 3)}
    connection = Connection(
        user=alice, provider="toy", account_id="1", account_name="toy", asks_first=False, linked_at=timezone.now()
    )
    connection.access_token = "toy-token"
    connection.save(force_insert=True)
    scheduling.add_schedule(connection, fresh=True)
    return connection


def test_a_provider_of_one_class_syncs_with_the_others(alice: User, link: Link, toy: Connection) -> None:
    entries = [{"mediaId": 1, "status": "COMPLETED", "scoreRaw": 87, "progress": 26, "updatedAt": 1_700_000_000}]
    anilist = link(alice, "anilist", [*entries, {"mediaId": 5114, "status": "PAUSED", "progress": 30}])
    for connection in (anilist, toy, anilist, toy):
        assert sync(connection).error_code == ""
    assert ToyList.entries == {
        "t1": Entry(Status.COMPLETED, 26, score=90),
        "t9253": Entry(Status.CURRENT, 3),
        "t5114": Entry(Status.PAUSED, 30),
    }
    assert [sync(connection).writes for connection in (anilist, toy)] == [0, 0]


def test_its_pages_are_there(alice: User, toy: Connection) -> None:
    browser = Client()
    browser.force_login(alice)
    for path in ("/", "/connections/", "/connections/toy/", "/runs/?provider=toy", "/unmatched/"):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert "Toy List" in answer.content.decode() or path == "/unmatched/"
