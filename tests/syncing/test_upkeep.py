"""The night's tidying walks each table once, by an index, in steps; what many people wait for is left to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from library.entry import Kind
from library.models import Media
from syncing.models import Baseline, Change, Review, Schedule, SyncRun, Unmatched
from syncing.services import pruning, waking

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
LONG_AGO = timedelta(days=settings.JOURNAL_DAYS + 5)


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch, sent: list[Any]) -> None:
    """Two rows a step, so that a few make several steps; what is published stays here."""
    monkeypatch.setattr(pruning, "BATCH", 2)


def connect(number: int, provider: str = "anilist") -> Connection:
    user = User.objects.create(email=f"p{number}@example.org")
    connection = Connection.objects.create(user=user, provider=provider, account_id=str(number))
    Schedule.objects.create(connection=connection, user=user, provider=provider, due_at=timezone.now() + DAY)
    Baseline.objects.create(connection=connection, user=user, digest="all is quiet")
    return connection


def add_run(link: Connection, *, began: timedelta, ended: timedelta, **more: Any) -> SyncRun:
    now = timezone.now()
    values = {"state": "done", "started_at": now - began, "finished_at": now - ended, **more}
    return SyncRun.objects.create(user=link.user, connection=link, provider=link.provider, **values)


def test_old_changes_go_with_the_runs_that_made_them_and_newer_ones_stay() -> None:
    link, now = connect(1), timezone.now()
    old = [add_run(link, began=LONG_AGO, ended=LONG_AGO) for _ in range(3)]
    new = add_run(link, began=DAY, ended=DAY)
    for age, run in [(LONG_AGO, run) for run in old * 2] + [(DAY, new)] * 3:
        Change.objects.create(
            user=link.user,
            run=run,
            connection=link,
            kind="anime",
            side="library",
            source="anilist",
            created_at=now - age,
        )
    assert pruning.prune() == 6 + 3
    assert list(Change.objects.values_list("run", flat=True)) == [new.pk] * 3
    assert list(SyncRun.objects.all()) == [new]
    assert pruning.prune() == 0


def test_runs_that_others_are_still_folded_into_and_previews_are_passed_over() -> None:
    link = connect(1)
    folded = [add_run(link, began=LONG_AGO + at * DAY, ended=DAY) for at in range(3)]
    preview = add_run(link, began=LONG_AGO, ended=LONG_AGO, state="preview")
    gone = [add_run(link, began=LONG_AGO - at * timedelta(hours=1), ended=LONG_AGO - DAY) for at in range(3)]
    assert pruning.prune() == len(gone)
    assert set(SyncRun.objects.values_list("pk", flat=True)) == {run.pk for run in (*folded, preview)}


def test_questions_go_when_they_were_answered() -> None:
    link, now = connect(1), timezone.now()
    for at, (state, age) in enumerate([("open", LONG_AGO), ("approved", LONG_AGO), ("expired", DAY)] * 2):
        Review.objects.create(
            user=link.user, connection=link, topic="removal", key=str(at), state=state, created_at=now - age
        )
    assert pruning.prune() == 2
    assert sorted(Review.objects.values_list("state", flat=True)) == ["expired", "expired", "open", "open"]


def test_nothing_old_costs_the_same_however_much_there_is() -> None:
    """The first step tells that nothing is old."""
    link = connect(1)
    counts = []
    for rows in (3, 30):
        Change.objects.bulk_create(
            Change(user=link.user, connection=link, kind="anime", side="library", source="anilist") for _ in range(rows)
        )
        with CaptureQueriesContext(database) as spent:
            assert pruning.prune() == 0
        counts.append(len(spent))
    assert counts[0] == counts[1]


def wait_for(link: Connection, media: Media, *, late: timedelta = DAY) -> Unmatched:
    return Unmatched.objects.create(
        user=link.user, connection=link, kind="anime", media=media, reason="not_there", retry_at=timezone.now() + late
    )


def quiet() -> int:
    """Lists that need not be looked at whole."""
    return Baseline.objects.exclude(digest="").count()


def test_whose_time_has_come_is_looked_up_again_however_many_they_are() -> None:
    media = Media.objects.create(kind="anime", title="Late")
    for number in range(7):
        wait_for(connect(number), media, late=-DAY if number < 5 else DAY)
    pruning.prune()
    assert quiet() == 2


def test_of_many_who_wait_for_an_id_some_are_woken_at_once_and_the_others_by_the_night(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waking, "MOST_AT_ONCE", 2)
    media = Media.objects.create(kind="anime", title="New this season")
    other = Media.objects.create(kind="anime", title="Not told")
    for number in range(5):
        link = connect(number)
        wait_for(link, media)
        wait_for(link, other)
    bearer = connect(9, "kitsu")
    Unmatched.objects.create(
        user=bearer.user,
        connection=bearer,
        kind="anime",
        remote_id="77",
        reason="unknown",
        retry_at=timezone.now() + DAY,
    )
    waking.make_due("kitsu", Kind.ANIME, {"77": media.pk})
    soon = timezone.now() + timedelta(minutes=1)
    assert (quiet(), Schedule.objects.filter(due_at__lt=soon).count()) == (4, 2)
    assert Unmatched.objects.filter(media=other, retry_at__lt=soon).count() == 0
    pruning.prune()
    assert quiet() == 0
