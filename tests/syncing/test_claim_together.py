"""Many who claim at once, and what a claim costs in statements."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from celery import current_app
from django.db import connection as database
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import Redis

from accounts.models import User
from integrations.models import Connection
from integrations.providers import registry
from syncing import tasks
from syncing.models import Schedule
from syncing.services import claiming, dispatching, leases

pytestmark = pytest.mark.django_db(transaction=True)

ANILIST = "anilist"
CLAIMERS, CLAIMS = 8, 10_000
HOUR = timedelta(hours=1)


def add_due(count: int, **schedule: Any) -> list[UUID]:
    """People with a connection that has been due for hours, each a second less than the one before."""
    begin = timezone.now() - 4 * HOUR
    users = [User(email=f"p{number}@example.org") for number in range(count)]
    links = [Connection(user=user, provider=ANILIST, account_id=str(at)) for at, user in enumerate(users)]
    rows = [
        Schedule(
            connection=link, user=link.user, **{"provider": ANILIST, "due_at": begin + timedelta(seconds=at)} | schedule
        )
        for at, link in enumerate(links)
    ]
    User.objects.bulk_create(users, batch_size=2_000)
    Connection.objects.bulk_create(links, batch_size=2_000)
    Schedule.objects.bulk_create(rows, batch_size=2_000)
    return [link.pk for link in links]


@pytest.mark.postgres
@pytest.mark.slow
def test_of_ten_thousand_none_is_claimed_twice_by_eight_and_none_is_lost() -> None:
    """Each on a connection of its own. What was claimed first is let go and due again meanwhile, as in a house."""
    rows = add_due(CLAIMS // 2)
    taken: list[tuple[UUID, int]] = []
    errors: list[Exception] = []
    barrier = threading.Barrier(CLAIMERS)

    def claim_all() -> None:
        try:
            barrier.wait(timeout=10)
            while found := leases.claim_due(ANILIST, limit=23):
                taken.extend((lease.connection_id, lease.token) for lease in found)
                first = [lease.connection_id for lease in found if lease.token == 1]
                Schedule.objects.filter(pk__in=first).update(lease_until=None, due_at=F("due_at") + HOUR)
        except Exception as error:  # noqa: BLE001 - raised again below, in the test's own thread
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=claim_all) for _ in range(CLAIMERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=100)
    # Whoever saw all that is due in others' hands went home; what was let go after that is still there.
    taken.extend((lease.connection_id, lease.token) for lease in leases.claim_due(ANILIST, limit=CLAIMS))
    assert errors == []
    assert Counter(taken) == Counter((row, token) for row in rows for token in (1, 2))


def test_people_who_wait_come_first_and_then_the_longest_overdue() -> None:
    checks = add_due(4)
    Schedule.objects.filter(pk__in=checks[2:]).update(interactive=True)
    Schedule.objects.filter(pk=checks[1]).update(due_at=timezone.now() - 9 * HOUR)
    found = leases.claim_due(ANILIST, limit=3)
    assert [lease.connection_id for lease in found] == [checks[2], checks[3], checks[1]]
    assert [(lease.token, lease.interactive) for lease in found] == [(1, True), (1, True), (1, False)]
    held = Schedule.objects.exclude(lease_until=None)
    assert set(held.values_list("lease_token", "begun_at")) == {(1, None)}
    assert held.filter(lease_until__gt=timezone.now() + leases.term() / 2).count() == 3


def test_what_is_not_to_be_claimed() -> None:
    now = timezone.now()
    states: list[dict[str, Any]] = [
        {"due_at": now + HOUR},
        {"is_on": False},
        {"not_before": now + HOUR},
        {"lease_until": now + HOUR},
        {"provider": "kitsu"},
        # Its worker died at it: the sweep looks at it first.
        {"lease_until": now - HOUR, "begun_at": now - 2 * HOUR},
    ]
    rows = add_due(len(states) + 3)
    for row, state in zip(rows, states, strict=False):
        Schedule.objects.filter(pk=row).update(**state)
    free = rows[len(states) :]
    Schedule.objects.filter(pk=free[0]).update(not_before=now - HOUR)
    Schedule.objects.filter(pk=free[1]).update(lease_until=now - HOUR, lease_token=7)
    found = leases.claim_due(ANILIST, limit=50)
    assert [(lease.connection_id, lease.token) for lease in found] == list(zip(free, (1, 8, 1), strict=True))
    assert leases.claim_due(ANILIST, limit=0) == leases.claim_due(ANILIST, limit=-3) == []


def test_a_claim_for_one_person_is_for_them_alone() -> None:
    rows = add_due(3)
    owner = Schedule.objects.get(pk=rows[1]).user_id
    assert [lease.connection_id for lease in leases.claim_due(ANILIST, limit=9, user_id=owner)] == [rows[1]]


def test_many_are_claimed_by_name_and_given_back_as_they_were() -> None:
    rows = add_due(4)
    Schedule.objects.filter(pk=rows[0]).update(lease_until=timezone.now() + HOUR)
    before = list(Schedule.objects.order_by("due_at").values("pk", "due_at", "lease_until", "begun_at"))
    with CaptureQueriesContext(database) as spent:
        found = leases.claim_these(rows)
    assert {lease.connection_id for lease in found} == set(rows[1:])
    assert Schedule.objects.filter(begun_at=None).count() == 1
    assert len(spent) == (1 if database.vendor == "postgresql" else 4)
    Schedule.objects.filter(pk=rows[3]).update(lease_token=9)
    leases.give_back(found)
    assert list(Schedule.objects.exclude(pk=rows[3]).order_by("due_at").values(*before[0])) == before[:3]
    assert Schedule.objects.get(pk=rows[3]).begun_at is not None
    leases.give_back([])


@pytest.mark.postgres
@pytest.mark.parametrize("due", [0, 1, 40])
def test_a_tick_sends_the_same_statements_whatever_is_due(redis_client: Redis, sent: list[Any], due: int) -> None:
    add_due(due)
    room = dispatching.room_of(ANILIST).checks
    with CaptureQueriesContext(database) as spent:
        tasks.start_due_runs()
    assert len(sent) == min(due, room)
    # For each service the count of what is out, a claim for checks, one for long pushes and one for people who wait.
    assert len(spent) == 4 * len(registry.slugs())


@pytest.mark.parametrize("due", [1, 40])
def test_what_a_broker_does_not_take_is_given_back_in_one_statement(
    redis_client: Redis, monkeypatch: pytest.MonkeyPatch, due: int
) -> None:
    add_due(due)

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(current_app, "send_task", fail)
    with CaptureQueriesContext(database) as spent:
        tasks.start_due_runs()
    changes = [query["sql"] for query in spent if query["sql"].startswith("UPDATE")]
    assert len([sql for sql in changes if "+ 1" not in sql]) == 1
    assert not Schedule.objects.exclude(lease_until=None).exists()


def test_without_rows_that_can_be_skipped_a_claim_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As SQLite does it, on whatever database this is."""
    rows = add_due(5)
    monkeypatch.setattr(database.features, "has_select_for_update_skip_locked", False)
    (first,) = claiming.take(Schedule.objects.filter(pk=rows[0])[:1], until=timezone.now() + HOUR)
    assert Schedule.objects.values().get(pk=rows[0]) == {
        field.attname: getattr(first, field.attname) for field in Schedule._meta.concrete_fields
    }
    assert [lease.connection_id for lease in leases.claim_due(ANILIST, limit=2)] == rows[1:3]
