"""Anime and manga with intervals of their own: a look at one leaves the other alone, and a plan is made from both."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.server import Running
from integrations.services.connecting import set_options
from library.models import ListEntry
from library.services.editing import edit_entry
from syncing.models import Baseline, Schedule, SyncRun
from syncing.services import leases
from syncing.services.running import run_lease
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import MAL, OLD, account, assert_at_rest, clear_counts, edit, listed, writes_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

ANIME, MANGA = "GET /users/@me/animelist", "GET /users/@me/mangalist"
READS = (1, 2, 3, 7, 9, 10, 11, 12)


@pytest.fixture
def lists(sandbox: Running, link: Link, alice: User) -> Connection:
    """Manga once a day, at rest, and looked at a moment ago."""
    entries = [listed(MAL, number) for number in (1, 5)]
    entries += [{"kind": "manga", "id": number, "status": "reading", "updated_at": OLD} for number in READS]
    connection = link(alice, MAL, entries, intervals={"manga": 1440}, removals="yes")
    sync(connection)
    sync(connection)
    clear_counts(sandbox)
    return connection


def change_manga(sandbox: Running, **changes: Any) -> None:
    sandbox.control("POST", f"{MAL}/accounts/{account(MAL)}/edit", changes)


def tick(connection: Connection, *kinds: str) -> SyncRun:
    """A run by schedule at a time when these kinds are due."""
    now = timezone.now()
    times = {kind: now + timedelta(hours=-1 if kind in kinds else 9) for kind in ("anime", "manga")}
    due = {kind: at.isoformat() for kind, at in times.items()}
    Schedule.objects.filter(pk=connection.pk).update(kinds_due=due, due_at=now, interactive=False)
    lease = leases.claim(connection.pk)
    assert lease is not None
    run = run_lease(lease)
    assert run is not None
    assert (run.state, run.error_code) == ("done", ""), run.message
    return run


def asked(sandbox: Running) -> dict[str, int]:
    counted = sandbox.control("GET", f"{MAL}/requests")["by_endpoint"]
    return {name: sum(statuses.values()) for name, statuses in counted.items()}


def remembered(connection: Connection) -> dict[str, Any]:
    row = Baseline.objects.get(pk=connection.pk)
    return {name: getattr(row, name) for name in ("data", "digest", "kind_digests", "library_revision", "complete_at")}


@pytest.mark.parametrize(("kind", "endpoint"), [("anime", ANIME), ("manga", MANGA)])
def test_a_kind_that_is_due_is_read_alone_and_nothing_is_forgotten(
    sandbox: Running, lists: Connection, kind: str, endpoint: str
) -> None:
    before = remembered(lists)
    run = tick(lists, kind)
    assert (asked(sandbox), run.requests) == ({endpoint: 1}, 1)
    assert remembered(lists) == before
    times = Schedule.objects.get(pk=lists.pk).kinds_due
    assert set(times) == {"anime", "manga"}
    assert min(times.values()) > timezone.now().isoformat()


def test_what_happens_to_the_other_kind_is_not_seen_before_its_time(
    sandbox: Running, alice: User, lists: Connection
) -> None:
    gone = [{"kind": "manga", "id": number} for number in READS[:2]]
    change_manga(sandbox, delete=gone)
    before = remembered(lists)
    for _ in range(3):
        tick(lists, "anime")
    assert (remembered(lists), ListEntry.objects.filter(user=alice, removed_at=None).count()) == (before, 10)
    tick(lists, "manga")
    tick(lists, "manga")
    assert ListEntry.objects.filter(user=alice, removed_at=None).count() == 8
    assert dict(writes_of(sandbox, MAL)) == {}
    assert_at_rest(sandbox, [lists])


def test_a_kind_that_moved_has_all_read(sandbox: Running, alice: User, lists: Connection) -> None:
    edit(sandbox, MAL, 1, status="CURRENT", progress=7)
    run = tick(lists, "anime")
    assert (run.library_changes, asked(sandbox)) == (1, {ANIME: 2, MANGA: 1})
    clear_counts(sandbox)
    assert tick(lists, "anime").library_changes == 0
    assert asked(sandbox) == {ANIME: 1}
    assert_at_rest(sandbox, [lists])


def test_an_edit_here_travels_whatever_is_due(sandbox: Running, alice: User, lists: Connection) -> None:
    manga = ListEntry.objects.filter(user=alice, media__kind="manga").order_by("pk")[0]
    edit_entry(alice, media_id=manga.media_id, changes={"score": 70})
    assert tick(lists, "anime").writes == 1
    assert sum(writes_of(sandbox, MAL).values()) == 1
    assert tick(lists, "anime").writes == 0
    assert_at_rest(sandbox, [lists])


def test_without_intervals_of_their_own_both_are_read_as_before(
    sandbox: Running, alice: User, lists: Connection
) -> None:
    set_options(alice, provider=MAL, intervals={})
    sync(lists)
    clear_counts(sandbox)
    tick(lists, "anime")
    assert asked(sandbox) == {ANIME: 1, MANGA: 1}
    assert Baseline.objects.get(pk=lists.pk).kind_digests == {}


def test_the_time_of_the_last_change_is_kept(sandbox: Running, lists: Connection) -> None:
    first = Connection.objects.get(pk=lists.pk).moved_at
    assert first is not None
    tick(lists, "anime", "manga")
    assert Connection.objects.get(pk=lists.pk).moved_at == first
    edit(sandbox, MAL, 1, status="CURRENT", progress=7)
    tick(lists, "anime", "manga")
    moved = Connection.objects.get(pk=lists.pk).moved_at
    assert moved is not None
    assert moved > first
