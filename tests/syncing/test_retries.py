"""How a run that ended badly is tried again: by the class of its trouble, with a deadline, and never silently off."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from redis import RedisError

from accounts.models import User
from integrations.errors import AuthRevoked, Gone, Malformed, ProviderError, RateLimited, Transient, Unavailable
from integrations.models import Connection
from integrations.oauth import AppRejected
from syncing.core.retry import DAY, MINUTE
from syncing.models import Change, RunState, Schedule, SyncRun
from syncing.services import endings, leases, outcomes, running
from syncing.services.endings import Ending
from syncing.services.leases import LeaseLost
from syncing.services.running import run_lease
from tests.web import rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _longest_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)


@pytest.fixture
def connection(alice: User) -> Connection:
    return rows.make_connection(alice)


def fail(connection: Connection, error: Exception, monkeypatch: pytest.MonkeyPatch, **figures: Any) -> SyncRun | None:
    """A run that ends so, after it did what `figures` say."""

    def work(run: SyncRun, *_: Any, **__: Any) -> None:
        run.__dict__.update(figures)
        raise error

    lease = leases.claim(connection.pk)
    assert lease is not None
    monkeypatch.setattr(running, "_perform", work)
    return run_lease(lease)


def row_of(connection: Connection) -> Schedule:
    return Schedule.objects.get(pk=connection.pk)


def wait_of(connection: Connection) -> float:
    """Seconds until it is tried again, to the second."""
    row = row_of(connection)
    assert row.due_at == row.not_before
    return round((row.due_at - timezone.now()).total_seconds())


ENDINGS: list[tuple[Exception, str, RunState, float]] = [
    (RateLimited("slow", retry_after=40), "rate_limited", RunState.PARTIAL, 44),
    (RateLimited("slow", retry_after=0), "rate_limited", RunState.PARTIAL, 5),
    (Unavailable("away"), "unavailable", RunState.HALTED, 30),
    (Unavailable("away", retry_after=600), "unavailable", RunState.HALTED, 660),
    (Transient("cut"), "transient", RunState.HALTED, 30),
    (Gone("private"), "rejected", RunState.HALTED, 5 * MINUTE),
    (ProviderError("locked"), "rejected", RunState.HALTED, 5 * MINUTE),
    (Malformed("strange"), "malformed", RunState.FAILED, 5 * MINUTE),
    (AppRejected("wrong secret"), "app_rejected", RunState.FAILED, 5 * MINUTE),
    (ZeroDivisionError(), "internal", RunState.FAILED, MINUTE),
    (OperationalError("the server closed the connection"), "storage", RunState.FAILED, 30),
    (RedisError("away"), "storage", RunState.FAILED, 30),
]


@pytest.mark.parametrize(("error", "code", "state", "wait"), ENDINGS, ids=lambda value: repr(value)[:40])
def test_each_class_has_its_own_first_wait(
    connection: Connection,
    error: Exception,
    code: str,
    state: RunState,
    wait: float,
    monkeypatch: pytest.MonkeyPatch,
    redis_client: Any,
) -> None:
    run = fail(connection, error, monkeypatch, requests=1)
    assert run is not None
    assert (run.error_code, run.state) == (code, state)
    assert wait_of(connection) == pytest.approx(wait, abs=1)
    row = row_of(connection)
    counts = code != "rate_limited"
    assert (row.failures, row.trouble) == ((1, code) if counts else (0, ""))
    assert (row.failing_since is not None) == counts
    assert (row.lease_until, row.begun_at) == (None, None)


def test_a_dead_sign_in_waits_for_the_person(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fail(connection, AuthRevoked("no"), monkeypatch)
    assert run is not None
    assert (run.error_code, run.state, row_of(connection).is_on) == ("needs_login", "halted", False)


def test_waits_grow_with_failures_in_a_row_whatever_their_class(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = []
    for error in (ZeroDivisionError(), ZeroDivisionError(), Malformed("strange"), ZeroDivisionError()):
        fail(connection, error, monkeypatch)
        waits.append(wait_of(connection))
    assert waits == [pytest.approx(wait, abs=1) for wait in (MINUTE, 4 * MINUTE, 80 * MINUTE, 64 * MINUTE)]
    row = row_of(connection)
    assert (row.failures, row.trouble) == (4, "internal")


def test_a_limit_neither_counts_nor_clears(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(connection, ZeroDivisionError(), monkeypatch)
    before = row_of(connection)
    fail(connection, RateLimited("slow", retry_after=40), monkeypatch, requests=1)
    after = row_of(connection)
    assert (after.failures, after.trouble, after.failing_since) == (1, "internal", before.failing_since)


def test_a_run_that_did_something_begins_the_count_anew(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        fail(connection, ZeroDivisionError(), monkeypatch)
    fail(connection, ZeroDivisionError(), monkeypatch, writes=1)
    row = row_of(connection)
    assert row.failures == 1
    assert wait_of(connection) == pytest.approx(MINUTE, abs=1)
    assert row.failing_since is not None
    assert row.failing_since > timezone.now() - timedelta(minutes=1)


def test_a_good_run_clears_it(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(connection, ZeroDivisionError(), monkeypatch)
    lease = leases.claim(connection.pk)
    assert lease is not None
    assert leases.let_go(lease, due_at=timezone.now()) is True
    row = row_of(connection)
    assert (row.failures, row.trouble, row.failing_since, row.deaths) == (0, "", None, 0)


@pytest.mark.parametrize(
    ("error", "days", "rests"),
    [
        (ZeroDivisionError(), 1.9, False),
        (ZeroDivisionError(), 2.1, True),
        (Malformed("strange"), 2.9, False),
        (Malformed("strange"), 3.1, True),
        (Gone("private"), 1.1, True),
        (RateLimited("slow", retry_after=40), 30, False),
    ],
)
def test_after_its_deadline_it_is_tried_once_a_day_and_says_so(
    connection: Connection, error: Exception, days: float, rests: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = timezone.now() - timedelta(days=days)
    Schedule.objects.update(failures=9, trouble="internal", failing_since=since)
    run = fail(connection, error, monkeypatch, requests=1)
    assert run is not None
    connection.refresh_from_db()
    assert (DAY <= wait_of(connection) <= 1.1 * DAY + 1) == rests
    assert ("tried once a day. Sync now tries at once." in connection.message) == rests
    assert ("tried once a day" in run.message) == rests
    # It is not off: a person who asks is heard at once.
    assert row_of(connection).is_on is True


def test_it_says_for_how_long(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    Schedule.objects.update(failures=9, trouble="internal", failing_since=timezone.now() - timedelta(days=4))
    fail(connection, ZeroDivisionError(), monkeypatch)
    connection.refresh_from_db()
    assert "It has been so for 4 days" in connection.message
    assert len(connection.message) <= 500


def test_a_run_that_lost_its_lease_writes_nothing_down(connection: Connection) -> None:
    """Neither on the connection nor in the books: all of it or nothing."""
    lease = leases.claim(connection.pk)
    assert lease is not None
    Schedule.objects.update(lease_token=lease.token + 1)
    run = SyncRun(user=connection.user, connection=connection, provider="anilist", lease_token=lease.token)
    outcomes.end_badly(run, connection, lease, ending=Ending("internal", "words"))
    connection.refresh_from_db()
    assert (connection.message, SyncRun.objects.count(), row_of(connection).failures) == ("", 0, 0)


def test_the_books_close_with_the_lease(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever dies between the two leaves neither."""
    run = rows.make_run(connection, state="running", finished_at=None)
    change = rows.make_change(run, state="sending")
    lease = leases.claim(connection.pk)
    assert lease is not None
    monkeypatch.setattr(outcomes, "close", _die)
    with pytest.raises(ZeroDivisionError):
        outcomes.end_badly(run, connection, lease, ending=Ending("internal", "words"))
    assert (Change.objects.get(pk=change.pk).state, row_of(connection).lease_until is not None) == ("sending", True)
    monkeypatch.undo()
    outcomes.end_badly(run, connection, lease, ending=Ending("internal", "words"))
    assert (Change.objects.get(pk=change.pk).state, row_of(connection).lease_until) == ("unknown", None)


def _die(*_: Any, **__: Any) -> None:
    raise ZeroDivisionError


def test_an_undo_that_our_code_does_not_get_through_is_given_up(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands before every sync of this list: else nothing would ever be done here again."""
    undo = rows.make_run(connection, state="queued", purpose="undo", finished_at=None)
    planned = rows.make_change(undo, state="planned")
    for failures in range(1, 4):
        fail(connection, ZeroDivisionError(), monkeypatch)
        undo.refresh_from_db()
        assert (undo.state, failures) == ("queued" if failures < 3 else "failed", failures)
    assert (undo.error_code, undo.finished_at is not None) == ("internal", True)
    assert Change.objects.get(pk=planned.pk).state == "abandoned"


def test_an_undo_is_not_given_up_for_the_services_trouble(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    undo = rows.make_run(connection, state="queued", purpose="undo", finished_at=None)
    rows.make_change(undo, state="planned")
    for _ in range(6):
        fail(connection, Malformed("strange"), monkeypatch)
    undo.refresh_from_db()
    assert undo.state == "queued"


def test_words_for_a_fault_of_ours_say_nothing_of_it() -> None:
    words = endings.ending_of_fault(ValueError("planted-private-note")).message
    assert "planted" not in words


def test_a_lease_that_is_lost_is_no_ending(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fail(connection, LeaseLost(), monkeypatch) is None
    assert SyncRun.objects.count() == 0


def test_two_who_fail_together_do_not_come_back_together(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    ending, trouble, now = Ending("transient", ""), leases.Trouble(3, "transient", timezone.now()), timezone.now()
    drawn = {outcomes.next_try(ending, trouble, now, resting=False) - now for _ in range(50)}
    assert len(drawn) > 1
    assert timedelta(minutes=1) <= min(drawn)
    assert max(drawn) <= timedelta(minutes=2)
