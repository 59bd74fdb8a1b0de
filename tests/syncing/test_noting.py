"""What has no counterpart is written down once and looked for at growing intervals; a person's word outlives it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from integrations.providers.base import MediaFacts, RemoteEntry
from library.entry import Entry, Kind, Status
from library.models import Media, PersonMatch
from syncing.core.likeness import Facts, Likeness
from syncing.models import Baseline, Schedule, Unmatched
from syncing.services import scheduling
from syncing.services.matching import Waiting, match
from syncing.services.noting import note_unmatched
from syncing.services.routing import Routes
from syncing.services.suggesting import Candidate
from tests.web import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(alice: User) -> Connection:
    return rows.make_connection(alice)


def note(connection: Connection, media_ids: Iterable[int], routes: Routes) -> None:
    note_unmatched(connection, (), unroutable=[(Kind.ANIME, id_) for id_ in media_ids], routes=routes)


def days_until_next(row: Unmatched) -> int:
    row.refresh_from_db()
    return round((row.retry_at - timezone.now()) / timedelta(days=1))


def test_it_is_looked_for_again_after_a_day_a_week_and_then_every_month(connection: Connection) -> None:
    media = rows.make_media()
    looked_up = Routes(looked_up=frozenset({media.pk}))
    note(connection, [media.pk], looked_up)
    row = Unmatched.objects.get()
    assert (row.reason, row.title, days_until_next(row)) == ("not_there", media.title, 1)
    for known, days in ((1, 7), (8, 30), (90, 30)):
        first_seen = timezone.now() - timedelta(days=known)
        Unmatched.objects.update(first_seen_at=first_seen, retry_at=timezone.now())
        note(connection, [media.pk], looked_up)
        assert days_until_next(row) == days


def test_what_was_not_searched_this_time_is_due_at_once(connection: Connection) -> None:
    media = rows.make_media()
    for _ in range(2):
        note(connection, [media.pk], Routes(left=frozenset({media.pk})))
        assert days_until_next(Unmatched.objects.get()) == 0


def test_what_the_last_look_up_found_stays_until_the_next(connection: Connection) -> None:
    media = rows.make_media()
    found = Candidate(Facts(("Mushi-Shi",)), Likeness(80, ("a similar title",)), remote_id="457")
    unsure = Waiting(Kind.ANIME, "uncertain", media_id=media.pk, candidates=(found,))
    note(connection, [media.pk], Routes(waiting={media.pk: unsure}, looked_up=frozenset({media.pk})))
    note(connection, [media.pk], Routes())
    row = Unmatched.objects.get()
    assert (row.reason, row.candidates) == ("uncertain", [found.to_json()])
    note(connection, [media.pk], Routes(looked_up=frozenset({media.pk})))
    row.refresh_from_db()
    assert (row.reason, row.candidates) == ("not_there", [])
    note(connection, [media.pk], Routes(ids={media.pk: "457"}, looked_up=frozenset({media.pk})))
    row.refresh_from_db()
    assert row.reason == "taken"
    note(connection, [], Routes())
    assert Unmatched.objects.count() == 0


def test_renewing_costs_the_same_for_one_row_and_for_many(
    connection: Connection, django_assert_num_queries: Any
) -> None:
    for count in (1, 30):
        media = [rows.make_media(f"Work {at}").pk for at in range(count)]
        looked_up = Routes(looked_up=frozenset(media))
        note(connection, media, looked_up)
        Unmatched.objects.update(retry_at=timezone.now(), reason="uncertain")
        with django_assert_num_queries(3):
            note(connection, media, looked_up)
        assert set(Unmatched.objects.values_list("reason", flat=True)) == {"not_there"}
        assert {days_until_next(row) for row in Unmatched.objects.all()} == {1}
        note(connection, [], Routes())


def test_a_newly_learnt_id_makes_what_waited_for_it_due_everywhere(
    connection: Connection, alice: User, bob: User
) -> None:
    """AniList tells the id at MyAnimeList: Kitsu can be asked by it, and bob's list has it as an entry."""
    match("anilist", [entry("5")])
    media = Media.objects.get()
    kitsu, theirs, other = (rows.make_connection(*who) for who in ((alice, "kitsu"), (bob, "myanimelist"), (bob,)))
    later = timezone.now() + timedelta(days=30)
    waits = rows.make_unmatched(kitsu, remote_id="", media=media, reason="not_there")
    rows.make_unmatched(theirs, remote_id="55")
    rest = rows.make_unmatched(other, remote_id="", media=rows.make_media())
    Unmatched.objects.update(retry_at=later)
    Baseline.objects.update(digest="x")
    Schedule.objects.update(due_at=later)
    Schedule.objects.filter(pk=theirs.pk).update(lease_until=later)
    match("anilist", [entry("5")])
    assert set(Baseline.objects.values_list("digest", flat=True)) == {"x"}
    match("anilist", [entry("5", myanimelist="55")])
    assert set(Baseline.objects.filter(digest="").values_list("pk", flat=True)) == {kitsu.pk, theirs.pk}
    assert (days_until_next(waits), days_until_next(rest)) == (0, 30)
    # Whoever is running is not called again; it may be the one that has learnt it.
    assert list(Schedule.objects.filter(due_at__lt=later).values_list("pk", flat=True)) == [kitsu.pk]


def entry(external_id: str, **cross_ids: str) -> RemoteEntry:
    return RemoteEntry(MediaFacts(Kind.ANIME, external_id, ("One",), cross_ids=cross_ids), Entry(Status.CURRENT))


def test_a_persons_choices_outlive_an_unlink(connection: Connection, alice: User) -> None:
    rows.make_match(alice, rows.make_media())
    rows.make_unmatched(connection)
    scheduling.drop_schedule(connection)
    assert (Unmatched.objects.count(), PersonMatch.objects.count()) == (0, 1)
