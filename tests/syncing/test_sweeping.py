"""What dead workers and lost messages leave behind: found, told apart, and never taken over for ever at full speed."""

from __future__ import annotations

import logging
import random
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from integrations import stopping
from integrations.models import Connection
from syncing import tasks
from syncing.core.retry import DAY, DEATHS, MINUTE
from syncing.models import Change, Schedule, SyncRun
from syncing.services import dispatching, leases, scheduling, sweeping
from syncing.services.running import sync_claimed
from tests.web import rows

pytestmark = pytest.mark.django_db(transaction=True)
ANILIST = "anilist"


@pytest.fixture
def connection(alice: User) -> Connection:
    made = rows.make_connection(alice)
    Schedule.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    return made


def row_of(connection: Connection) -> Schedule:
    return Schedule.objects.get(pk=connection.pk)


def expire(connection: Connection) -> None:
    Schedule.objects.filter(pk=connection.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def die(connection: Connection) -> None:
    """A worker has begun, and is never heard of again."""
    assert leases.claim(connection.pk) is not None
    expire(connection)


# Lost messages and dead workers -----------------------------------------------------------------------------


def test_a_lost_message_is_made_good_at_once_and_is_nobodys_failure(connection: Connection) -> None:
    (lease,) = leases.claim_due(ANILIST, limit=5)
    expire(connection)
    assert sweeping.sweep() == 1
    row = row_of(connection)
    assert (row.lease_until, row.begun_at, row.failures, row.deaths, row.trouble) == (None, None, 0, 0, "")
    assert row.not_before is None
    assert [again.connection_id for again in leases.claim_due(ANILIST, limit=5)] == [lease.connection_id]


def test_a_lost_message_may_be_made_good_before_the_sweep(connection: Connection) -> None:
    leases.claim_due(ANILIST, limit=5)
    expire(connection)
    assert len(leases.claim_due(ANILIST, limit=5)) == 1


def test_a_death_counts_as_a_failure_of_ours_and_waits_grow(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)
    waits = []
    for deaths in range(1, DEATHS + 1):
        die(connection)
        assert sweeping.sweep() == 1
        row = row_of(connection)
        assert row.due_at == row.not_before
        waits.append(round((row.due_at - timezone.now()).total_seconds()))
        assert (row.lease_until, row.begun_at, row.deaths, row.failures) == (None, None, deaths, deaths)
        assert row.trouble == "worker_lost"
    assert waits == [pytest.approx(wait, abs=1) for wait in (MINUTE, 4 * MINUTE, 1.1 * DAY)]


def test_what_a_worker_died_at_is_not_taken_over_before_it_was_counted(connection: Connection) -> None:
    """Else the next tick would hand it to the next worker, as fast as leases expire."""
    die(connection)
    assert leases.claim_due(ANILIST, limit=5) == []
    sweeping.sweep()
    assert leases.claim_due(ANILIST, limit=5) == []
    # An edit brings the due time forward, and not the wait.
    scheduling.wake_others(connection.user_id)
    assert leases.claim_due(ANILIST, limit=5) == []
    Schedule.objects.update(not_before=timezone.now() - timedelta(seconds=1), due_at=timezone.now())
    assert len(leases.claim_due(ANILIST, limit=5)) == 1


def test_the_first_deaths_interrupt_a_run_and_the_last_one_fails_it(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    for deaths in range(1, DEATHS + 1):
        lease = leases.claim(connection.pk)
        assert lease is not None
        run = rows.make_run(connection, state="running", finished_at=None, lease_token=lease.token)
        change = rows.make_change(run, state="sending", side=ANILIST)
        expire(connection)
        caplog.clear()
        sweeping.sweep()
        run.refresh_from_db()
        connection.refresh_from_db()
        assert Change.objects.get(pk=change.pk).state == "unknown"
        is_last = deaths == DEATHS
        assert (run.state, run.error_code) == (("failed", "worker_lost") if is_last else ("abandoned", ""))
        assert connection.message_code == ("worker_lost" if is_last else "")
        errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert len(errors) == (1 if is_last else 0)
    assert "tried once a day" in connection.message
    assert run.message == connection.message
    assert SyncRun.objects.filter(state="failed").count() == 1


def test_a_death_before_the_first_row_is_told_in_a_row_of_its_own(connection: Connection) -> None:
    Schedule.objects.update(deaths=DEATHS - 1, failures=DEATHS - 1, trouble="worker_lost")
    die(connection)
    sweeping.sweep()
    run = SyncRun.objects.get()
    assert (run.state, run.error_code, run.user_id) == ("failed", "worker_lost", connection.user_id)
    assert run.finished_at is not None


def test_a_run_that_ends_clears_the_deaths(connection: Connection) -> None:
    die(connection)
    sweeping.sweep()
    lease = leases.claim(connection.pk)
    assert lease is not None
    leases.let_go(lease, due_at=timezone.now())
    assert (row_of(connection).deaths, row_of(connection).trouble) == (0, "")
    die(connection)
    sweeping.sweep()
    assert row_of(connection).deaths == 1


def test_an_undo_at_which_workers_die_is_given_up(connection: Connection) -> None:
    Schedule.objects.update(deaths=DEATHS - 1)
    lease = leases.claim(connection.pk)
    assert lease is not None
    undo = rows.make_run(connection, state="running", purpose="undo", finished_at=None, lease_token=lease.token)
    planned, sending = rows.make_change(undo, state="planned"), rows.make_change(undo, state="sending")
    expire(connection)
    sweeping.sweep()
    undo.refresh_from_db()
    assert (undo.state, undo.error_code) == ("failed", "worker_lost")
    states = [Change.objects.get(pk=row.pk).state for row in (planned, sending)]
    assert states == ["abandoned", "unknown"]


def test_who_takes_over_meanwhile_keeps_their_books(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    die(connection)
    old = row_of(connection)
    lease = leases.claim(connection.pk)
    assert lease is not None
    run = rows.make_run(connection, state="running", finished_at=None, lease_token=lease.token)
    assert (sweeping._count_death(old), sweeping._free(old)) == (False, False)
    run.refresh_from_db()
    assert (run.state, row_of(connection).lease_until is not None, row_of(connection).deaths) == ("running", True, 0)


def test_a_sweep_takes_so_many_and_the_longest_expired_first(
    connection: Connection, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = rows.make_connection(bob)
    for one, seconds in ((connection, 10), (other, 20)):
        leases.claim(one.pk)
        Schedule.objects.filter(pk=one.pk).update(lease_until=timezone.now() - timedelta(seconds=seconds))
    monkeypatch.setattr(sweeping, "MOST", 1)
    assert sweeping.sweep() == 1
    assert (row_of(other).lease_until, row_of(connection).lease_until is None) == (None, False)
    tasks.sweep()
    assert row_of(connection).lease_until is None


def test_an_unlinked_person_leaves_nothing_to_count(connection: Connection) -> None:
    die(connection)
    row = row_of(connection)
    connection.delete()
    assert (sweeping._count_death(row), sweeping.sweep()) == (False, 0)


def test_linking_again_begins_without_trouble(connection: Connection) -> None:
    die(connection)
    sweeping.sweep()
    scheduling.add_schedule(connection, fresh=True)
    row = row_of(connection)
    assert (row.deaths, row.failures, row.trouble, row.failing_since, row.begun_at) == (0, 0, "", None, None)


# Books that stay open ---------------------------------------------------------------------------------------


def test_books_that_nobody_is_at_are_closed_although_no_lease_expired(connection: Connection) -> None:
    """Whoever lost the lease in between may leave them, and so may a sweep that died half way."""
    run = rows.make_run(connection, state="running", finished_at=None, lease_token=7)
    changes = [rows.make_change(run, state=state) for state in ("planned", "sending", "applied")]
    assert sweeping.sweep() == 0
    run.refresh_from_db()
    assert (run.state, run.finished_at is not None) == ("abandoned", True)
    assert [Change.objects.get(pk=row.pk).state for row in changes] == ["abandoned", "unknown", "applied"]


def test_of_two_runs_only_the_one_that_lost_its_lease_is_closed(connection: Connection) -> None:
    lease = leases.claim(connection.pk)
    assert lease is not None
    lost = rows.make_run(connection, state="running", finished_at=None, lease_token=lease.token - 1)
    lives = rows.make_run(connection, state="running", finished_at=None, lease_token=lease.token)
    changes = [rows.make_change(run, state="sending") for run in (lost, lives)]
    sweeping.sweep()
    for run in (lost, lives):
        run.refresh_from_db()
    assert (lost.state, lives.state) == ("abandoned", "running")
    assert [Change.objects.get(pk=row.pk).state for row in changes] == ["unknown", "sending"]


def test_changes_of_a_run_that_has_ended_are_closed(connection: Connection) -> None:
    run = rows.make_run(connection, state="halted")
    changes = [rows.make_change(run, state=state) for state in ("planned", "sending")]
    sweeping.sweep()
    assert [Change.objects.get(pk=row.pk).state for row in changes] == ["abandoned", "unknown"]


@pytest.mark.parametrize(("state", "purpose"), [("preview", "preview"), ("queued", "undo")])
def test_what_waits_for_its_turn_or_for_a_yes_stays_open(connection: Connection, state: str, purpose: str) -> None:
    run = rows.make_run(connection, state=state, purpose=purpose, finished_at=None)
    change = rows.make_change(run, state="planned")
    sweeping.sweep()
    run.refresh_from_db()
    assert (run.state, Change.objects.get(pk=change.pk).state) == (state, "planned")


def test_an_undo_whose_worker_lost_its_lease_waits_again(connection: Connection) -> None:
    undo = rows.make_run(connection, state="running", purpose="undo", finished_at=None, lease_token=7)
    planned = rows.make_change(undo, state="planned")
    sweeping.sweep()
    undo.refresh_from_db()
    assert (undo.state, Change.objects.get(pk=planned.pk).state) == ("queued", "planned")


def test_the_walk_goes_on_where_it_ended_and_round_again(
    alice: User, bob: User, charlie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [rows.make_connection(user) for user in (alice, bob, charlie)]
    changes = [rows.make_change(rows.make_run(one, state="done"), state="planned") for one in people]
    monkeypatch.setattr(sweeping, "STEPS", 2)
    rows_of_all = Change.objects.filter(pk__in=[row.pk for row in changes])
    assert [sweeping.close_stale_changes() for _ in range(3)] == [2, 1, 0]
    rows_of_all.update(state="planned")
    assert sweeping.close_stale_changes() == 2
    rows_of_all.update(state="planned")
    # Where it was is forgotten with the cache: it begins anew.
    cache.clear()
    assert [sweeping.close_stale_changes() for _ in range(2)] == [2, 1]


def test_a_sweep_without_anything_to_do_costs_three_looks(connection: Connection) -> None:
    with CaptureQueriesContext(database) as sent:
        sweeping.sweep()
    assert len(sent) == 3


@pytest.mark.postgres
def test_each_look_goes_by_an_index(connection: Connection, django_assert_num_queries: Any) -> None:
    run = rows.make_run(connection, state="running", finished_at=None)
    rows.make_change(run, state="planned")
    die(connection)
    with CaptureQueriesContext(database) as sent:
        sweeping.sweep()
    looks = [one["sql"] for one in sent if one["sql"].startswith("SELECT") and "LIMIT" in one["sql"]]
    with database.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        plans = []
        for sql in looks:
            cursor.execute(f"EXPLAIN {sql}")
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
        cursor.execute("RESET enable_seqscan")
    used = {name for name in ("schedule_lease", "run_running", "change_open") if any(name in plan for plan in plans)}
    assert used == {"schedule_lease", "run_running", "change_open"}, plans
    assert not any("Seq Scan" in plan for plan in plans), plans


# Stopping ---------------------------------------------------------------------------------------------------


def test_what_a_stopping_worker_has_not_begun_is_given_back_at_once(connection: Connection) -> None:
    Schedule.objects.update(interactive=True, full=True)
    (lease,) = leases.claim_due(ANILIST, limit=5)
    stopping.ask()
    try:
        assert sync_claimed(lease.connection_id, lease.token) is None
    finally:
        stopping.forget()
    row = row_of(connection)
    assert (row.lease_until, row.begun_at, row.failures, row.interactive, row.full) == (None, None, 0, True, True)
    assert [again.connection_id for again in leases.claim_due(ANILIST, limit=5)] == [connection.pk]


def test_a_message_that_comes_late_to_a_stopping_worker_takes_nothing_away(connection: Connection) -> None:
    (old,) = leases.claim_due(ANILIST, limit=5)
    expire(connection)
    (lease,) = leases.claim_due(ANILIST, limit=5)
    stopping.ask()
    try:
        assert sync_claimed(old.connection_id, old.token) is None
    finally:
        stopping.forget()
    assert row_of(connection).lease_until is not None
    assert leases.take_up(lease.connection_id, lease.token) is not None


def test_what_a_broker_would_not_take_is_as_it_was(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "send", lambda *_, **__: False)
    dispatching.start_due()
    row = row_of(connection)
    assert (row.lease_until, row.begun_at) == (None, None)
