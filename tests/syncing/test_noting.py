"""What has no counterpart is written down once and looked for at growing intervals; a person's word outlives it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from library.entry import Kind
from library.models import PersonMatch
from syncing.core.likeness import Facts, Likeness
from syncing.models import Unmatched
from syncing.services import scheduling
from syncing.services.matching import Waiting
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


def test_a_persons_choices_outlive_an_unlink(connection: Connection, alice: User) -> None:
    rows.make_match(alice, rows.make_media())
    rows.make_unmatched(connection)
    scheduling.drop_schedule(connection)
    assert (Unmatched.objects.count(), PersonMatch.objects.count()) == (0, 1)
