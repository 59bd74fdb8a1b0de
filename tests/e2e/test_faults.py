"""Every fault of the sandbox at both services: the right ending, the right next try, no loss, and nothing twice."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from redis import Redis

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.services.editing import edit_entry
from syncing.models import Change, Review, Schedule, SyncRun
from syncing.services import leases
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    SIDES,
    WRITES,
    assert_at_rest,
    assert_books_closed,
    break_,
    clear_counts,
    edit,
    entries_of,
    entry_of,
    held,
    let_limits_pass,
    listed,
    media_of,
    mend,
    never_sleep,
    settle,
    writes_of,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]
TITLES = (1, 6, 18, 19, 20, 30, 33, 45, 57, 80, 84, 93)
GOOD = ("done", "")
LIMITED, AWAY, TRANSIENT = ("partial", "rate_limited"), ("halted", "unavailable"), ("halted", "transient")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jitter is the longest there is, and no repeat waits."""
    never_sleep(monkeypatch)
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)


def begin(link: Link, user: User, provider: str) -> Connection:
    connection = link(user, provider, [listed(provider, 1, progress=1)])
    sync(connection)
    return connection


def ended(run: SyncRun) -> tuple[str, str]:
    return (run.state, run.error_code)


def told(connection: Connection) -> tuple[str, str]:
    row = Connection.objects.get(pk=connection.pk)
    assert bool(row.message) == bool(row.message_code)
    return (row.state, row.message_code)


def assert_recovered(sandbox: Running, connection: Connection, *, progress: int) -> None:
    """After the fault: one run brings the edit there, it was written once in all, and then there is rest."""
    mend(sandbox, connection.provider)
    assert ended(sync(connection)) == GOOD
    assert told(connection) == ("active", "")
    assert Schedule.objects.get(pk=connection.pk).failures == 0
    assert held(sandbox, connection.provider)[1]["progress"] == progress
    assert entry_of(connection.user, 1).progress == progress
    assert writes_of(sandbox, connection.provider) == {"anime:1": 1}
    assert_at_rest(sandbox, [connection])


READING: list[tuple[dict[str, Any], tuple[str, str], float]] = [
    ({"kind": "rate_limit", "retry_after": 40}, LIMITED, 40),
    ({"kind": "rate_limit", "retry_after": 60, "headers": False}, LIMITED, 60),
    ({"kind": "error", "status": 500}, TRANSIENT, 30),
    ({"kind": "error", "status": 502, "body": "html"}, TRANSIENT, 30),
    ({"kind": "error", "status": 503}, AWAY, 30),
    ({"kind": "html", "status": 403}, AWAY, 30),
    ({"kind": "html", "status": 200}, TRANSIENT, 30),
    ({"kind": "html", "status": 503}, AWAY, 30),
    ({"kind": "cut"}, TRANSIENT, 30),
    ({"kind": "reset"}, TRANSIENT, 30),
]


@pytest.mark.parametrize(("fault", "ending", "wait"), READING, ids=lambda value: str(value)[:60])
@pytest.mark.parametrize("provider", SIDES)
def test_a_fault_while_reading(
    sandbox: Running,
    link: Link,
    alice: User,
    redis_client: Redis,
    provider: str,
    fault: dict[str, Any],
    ending: tuple[str, str],
    wait: float,
) -> None:
    connection = begin(link, alice, provider)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9})
    clear_counts(sandbox)
    break_(sandbox, provider, times=None, **fault)
    now = timezone.now()
    run = sync(connection)
    assert ended(run) == ending
    assert run.message != ""
    # A limit passes by itself: the person is not told of it.
    assert told(connection) == ("active", "" if ending == LIMITED else ending[1])
    row = Schedule.objects.get(pk=connection.pk)
    assert row.not_before is not None
    assert row.due_at == row.not_before
    assert timedelta(seconds=wait) <= row.not_before - now <= timedelta(seconds=1.2 * wait + 3)
    assert row.failures == (0 if ending == LIMITED else 1)
    assert leases.claim_due(provider, limit=5) == []
    assert writes_of(sandbox, provider) == {}
    assert_books_closed()
    let_limits_pass(redis_client)
    assert_recovered(sandbox, connection, progress=9)


WRITING: list[tuple[dict[str, Any], tuple[str, str], str]] = [
    ({"kind": "error", "status": 500}, TRANSIENT, "unknown"),
    ({"kind": "error", "status": 500, "when": "after"}, TRANSIENT, "unknown"),
    ({"kind": "error", "status": 503, "when": "after"}, AWAY, "unknown"),
    ({"kind": "html", "status": 200, "when": "after"}, TRANSIENT, "unknown"),
    ({"kind": "html", "status": 403}, AWAY, "unknown"),
    ({"kind": "cut"}, TRANSIENT, "unknown"),
    ({"kind": "reset"}, TRANSIENT, "unknown"),
    ({"kind": "reset", "when": "after"}, TRANSIENT, "unknown"),
    ({"kind": "rate_limit", "retry_after": 40}, LIMITED, "abandoned"),
    ({"kind": "rate_limit", "headers": False}, LIMITED, "abandoned"),
]


@pytest.mark.parametrize(("fault", "ending", "state"), WRITING, ids=lambda value: str(value)[:60])
@pytest.mark.parametrize("provider", SIDES)
def test_a_fault_while_writing(
    sandbox: Running,
    link: Link,
    alice: User,
    redis_client: Redis,
    provider: str,
    fault: dict[str, Any],
    ending: tuple[str, str],
    state: str,
) -> None:
    connection = begin(link, alice, provider)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9})
    clear_counts(sandbox)
    break_(sandbox, provider, endpoint=WRITES[provider], **fault)
    run = sync(connection)
    assert ended(run) == ending
    assert list(run.changes.values_list("state", flat=True)) == [state]
    let_limits_pass(redis_client)
    arrived = writes_of(sandbox, provider).total()
    assert arrived == (1 if fault.get("when") == "after" or fault["kind"] == "cut" else 0)
    assert_recovered(sandbox, connection, progress=9)
    if state == "unknown":
        # The next read said what became of it.
        assert run.changes.get().state == ("applied" if arrived else "abandoned")


@pytest.mark.parametrize("provider", SIDES)
def test_latency_only_takes_time(sandbox: Running, link: Link, alice: User, provider: str) -> None:
    connection = begin(link, alice, provider)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9})
    clear_counts(sandbox)
    break_(sandbox, provider, "latency", seconds=0.2, times=None)
    assert ended(sync(connection)) == GOOD
    assert_recovered(sandbox, connection, progress=9)


@pytest.mark.parametrize("seconds", [86_400, -86_400])
@pytest.mark.parametrize("provider", SIDES)
def test_a_step_of_their_clock_changes_nothing(
    sandbox: Running, link: Link, alice: User, provider: str, seconds: int
) -> None:
    connection = begin(link, alice, provider)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9})
    clear_counts(sandbox)
    break_(sandbox, provider, "clock", seconds=seconds)
    assert ended(sync(connection)) == GOOD
    assert_recovered(sandbox, connection, progress=9)


@pytest.mark.parametrize("provider", SIDES)
def test_waits_grow_with_failures_in_a_row_and_end_with_success(
    sandbox: Running, link: Link, alice: User, redis_client: Redis, provider: str
) -> None:
    connection = begin(link, alice, provider)
    break_(sandbox, provider, "error", times=None)
    waits = []
    for _ in range(4):
        now = timezone.now()
        sync(connection)
        row = Schedule.objects.get(pk=connection.pk)
        waits.append(round((row.due_at - now).total_seconds() / 30))
        let_limits_pass(redis_client)
    assert (waits, row.failures) == ([1, 2, 4, 8], 4)
    mend(sandbox, provider)
    assert ended(sync(connection)) == GOOD
    assert Schedule.objects.get(pk=connection.pk).failures == 0


@pytest.mark.parametrize("removals", ["ask", "yes"])
@pytest.mark.parametrize("fault", [{"kind": "empty_list"}, {"kind": "short_list", "keep": 1}], ids=str)
@pytest.mark.parametrize("provider", SIDES)
def test_an_emptied_or_shortened_list_deletes_nothing(
    sandbox: Running, link: Link, alice: User, provider: str, fault: dict[str, Any], removals: str
) -> None:
    connections = [
        link(alice, side, [listed(side, media_id, progress=1) for media_id in TITLES], removals=removals)
        for side in SIDES
    ]
    settle(connections, rounds=2)
    clear_counts(sandbox)
    broken = next(connection for connection in connections if connection.provider == provider)
    break_(sandbox, provider, times=None, **fault)
    for _ in range(3):
        sync(broken)
        settle([connection for connection in connections if connection != broken], rounds=1)
    topics = {"emptied"} if fault["kind"] == "empty_list" else {"shrunk"}
    assert set(Review.objects.filter(state="open").values_list("topic", flat=True)) >= topics
    mend(sandbox, provider)
    settle(connections, rounds=2)
    assert len(entries_of(alice)) == len(TITLES)
    for side in SIDES:
        assert len(held(sandbox, side)) == len(TITLES)
        assert writes_of(sandbox, side) == {}
    assert Change.objects.filter(action="remove").count() == 0
    assert Review.objects.filter(state="open").count() == 0
    assert_at_rest(sandbox, connections)


@pytest.mark.parametrize("provider", SIDES)
def test_edits_during_an_outage_are_all_there_after_it(
    sandbox: Running, link: Link, alice: User, redis_client: Redis, provider: str
) -> None:
    connection = begin(link, alice, provider)
    break_(sandbox, provider, "html", status=503, times=None)
    edit(sandbox, provider, 1, score=80)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9, "notes": "while it was away"})
    sync(connection)
    mend(sandbox, provider)
    let_limits_pass(redis_client)
    clear_counts(sandbox)
    sync(connection)
    there, here = held(sandbox, provider)[1], entry_of(alice, 1)
    assert (there["progress"], there["notes"]) == (9, "while it was away")
    assert (here.progress, here.score, here.notes) == (9, 80, "while it was away")
    assert writes_of(sandbox, provider) == {"anime:1": 1}
    assert_at_rest(sandbox, [connection])
