"""One holder at a time, and who lost the connection stops."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.services.editing import edit_entry
from syncing.models import Schedule
from syncing.services import leases, scheduling, sweeping
from syncing.services.leases import Lease, LeaseLost
from syncing.services.running import run_lease, sync_claimed
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    MAL,
    SIDES,
    assert_at_rest,
    assert_books_closed,
    clear_counts,
    entry_of,
    let_lease_expire,
    listed,
    media_of,
    writes_of,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]


def add_connections(count: int) -> list[Connection]:
    connections = []
    for number in range(count):
        user = User.objects.create(email=f"p{number}@example.org")
        connection = Connection.objects.create(user=user, provider=MAL, account_id=str(number))
        Schedule.objects.create(connection=connection, user=user, provider=MAL)
        connections.append(connection)
    return connections


def run_threads(work: Any, count: int) -> None:
    """All begin together; the first error of any is raised."""
    barrier = threading.Barrier(count)
    errors: list[Exception] = []

    def body() -> None:
        try:
            barrier.wait(timeout=10)
            work()
        except Exception as error:  # noqa: BLE001 - raised again below, in the test's own thread
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=body) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert errors == []


@pytest.mark.postgres
def test_two_claimers_never_get_one_connection() -> None:
    connections = add_connections(40)
    taken: list[Lease] = []

    def claim_all() -> None:
        while found := leases.claim_due(MAL, limit=3):
            taken.extend(found)

    run_threads(claim_all, 4)
    assert Counter(lease.connection_id for lease in taken) == Counter(connection.pk for connection in connections)


@pytest.mark.postgres
def test_of_many_who_claim_one_connection_one_gets_it() -> None:
    (connection,) = add_connections(1)
    got: list[Lease | None] = []
    run_threads(lambda: got.append(leases.claim(connection.pk)), 6)
    assert sorted(lease.token for lease in got if lease is not None) == [1]


def test_a_held_connection_is_not_given_to_a_second_claimer() -> None:
    (connection,) = add_connections(1)
    assert len(leases.claim_due(MAL, limit=5)) == 1
    assert leases.claim_due(MAL, limit=5) == []
    assert leases.claim(connection.pk) is None


def test_an_expired_lease_can_be_taken_over_and_its_first_holder_has_lost_it() -> None:
    (connection,) = add_connections(1)
    first = leases.claim(connection.pk)
    assert first is not None
    let_lease_expire(connection)
    second = leases.claim(connection.pk)
    assert second is not None
    assert second.token == first.token + 1
    with pytest.raises(LeaseLost):
        leases.renew(first)
    assert leases.let_go(first, due_at=timezone.now()) is False
    leases.renew(second)


def test_a_message_for_a_lease_that_was_taken_over_does_nothing(sandbox: Running, link: Link, alice: User) -> None:
    connection = link(alice, MAL, [listed(MAL, 1)])
    (lease,) = leases.claim_due(MAL, limit=5)
    let_lease_expire(connection)
    assert leases.claim(connection.pk) is not None
    assert sync_claimed(connection.pk, lease.token) is None
    assert sandbox.control("GET", f"{MAL}/requests")["total"] == 0


@pytest.mark.parametrize("provider", SIDES)
def test_a_run_whose_lease_was_taken_stops_before_its_next_write(
    sandbox: Running, link: Link, alice: User, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = link(alice, provider, [listed(provider, media_id) for media_id in (1, 5, 6)])
    sync(connection)
    for media_id in (1, 5, 6):
        edit_entry(alice, media_id=media_of(media_id), changes={"score": 70})
    clear_counts(sandbox)
    monkeypatch.setattr(leases, "renew", losing_after_first_request(leases.renew, sandbox, connection))
    lease = leases.claim(connection.pk)
    assert lease is not None
    assert run_lease(lease) is None
    # AniList takes all three in one request, MyAnimeList one by one.
    assert writes_of(sandbox, provider).total() == (3 if provider == "anilist" else 1)
    monkeypatch.undo()
    sweeping.sweep()
    let_lease_expire(connection)
    sweeping.sweep()
    sync(connection)
    assert set(writes_of(sandbox, provider).values()) == {1}
    assert len(writes_of(sandbox, provider)) == 3
    assert_at_rest(sandbox, [connection])


def losing_after_first_request(renew: Any, sandbox: Running, connection: Connection) -> Any:
    """Another worker takes the connection over as soon as the first write was answered."""
    account = connection.account_name

    def renew_or_lose(lease: Lease) -> None:
        written = sandbox.control("GET", f"{connection.provider}/requests")["writes"].get(account)
        if written:
            Schedule.objects.filter(pk=lease.connection_id).update(lease_token=lease.token + 1)
        renew(lease)

    return renew_or_lose


def test_a_request_made_during_a_run_is_due_when_the_run_ends() -> None:
    (connection,) = add_connections(1)
    lease = leases.claim(connection.pk)
    assert lease is not None
    scheduling.request_sync(connection.user, provider=MAL, full=True)
    later = timezone.now() + timedelta(hours=1)
    assert leases.let_go(lease, due_at=later) is True
    row = Schedule.objects.get(pk=connection.pk)
    assert (row.due_at < later, row.interactive, row.full, row.lease_until) == (True, True, True, None)
    assert [again.full for again in leases.claim_due(MAL, limit=5)] == [True]


def test_an_edit_made_during_a_run_travels_soon_after_it(sandbox: Running, link: Link, alice: User) -> None:
    connection = link(alice, MAL, [listed(MAL, 1, progress=3), listed(MAL, 5)])
    sync(connection)
    edit_entry(alice, media_id=media_of(5), changes={"score": 70})
    # The moment for more edits is over.
    Schedule.objects.update(due_at=timezone.now() - timedelta(seconds=5))
    (lease,) = leases.claim_due(MAL, limit=5)
    edited = False

    def edit_once(stage: str, _done: int, _total: int) -> None:
        nonlocal edited
        if stage == "write" and not edited:
            edited = True
            edit_entry(alice, media_id=media_of(1), changes={"progress": 4})

    run = run_lease(lease, tell=edit_once)
    assert run is not None
    assert (run.state, run.writes, edited) == ("done", 1, True)
    assert Schedule.objects.get(pk=connection.pk).due_at <= timezone.now() + scheduling.EDIT_DEBOUNCE
    run = sync(connection)
    assert (run.writes, entry_of(alice, 1).progress) == (1, 4)
    assert_at_rest(sandbox, [connection])


def test_the_sweep_frees_what_the_dead_held_and_nothing_else(sandbox: Running, link: Link, alice: User) -> None:
    dead, alive = link(alice, MAL, [listed(MAL, 1)]), link(alice, "anilist")
    for connection in (dead, alive):
        assert leases.claim(connection.pk) is not None
    let_lease_expire(dead)
    assert sweeping.sweep() == 1
    rows = {row.pk: row.lease_until is None for row in Schedule.objects.all()}
    assert rows == {dead.pk: True, alive.pk: False}
    assert sweeping.sweep() == 0
    Schedule.objects.update(lease_until=None)
    assert_books_closed()
