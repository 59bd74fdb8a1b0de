"""Of one service no more people are in the queue `interactive` than its lane has threads; the rest is not kept waiting,
but goes by the service's own queue."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from redis import Redis

from accounts.models import User
from integrations.models import Connection
from project.queues import INTERACTIVE, provider_queues
from project.workers import EACH, workers_of
from syncing.models import Schedule
from syncing.services import dispatching, leases

pytestmark = pytest.mark.django_db(transaction=True)

KITSU = "kitsu"
SHARE = 3


@pytest.fixture(autouse=True)
def _share(settings: Any, redis_client: Redis) -> None:
    settings.SYNC_INTERACTIVE_SHARE = SHARE


def add_waiting(count: int, *, first: int = 0, provider: str = KITSU) -> None:
    for number in range(first, first + count):
        user = User.objects.create(email=f"{provider}{number}@example.org")
        connection = Connection.objects.create(user=user, provider=provider, account_id=str(number))
        Schedule.objects.create(
            connection=connection, user=user, provider=provider, interactive=True, due_at=timezone.now()
        )


def published(redis_client: Redis, *queues: str) -> list[int]:
    return [int(redis_client.llen(queue)) for queue in queues]  # type: ignore[arg-type]


def test_more_people_than_the_lane_go_by_the_services_own_queue(redis_client: Redis) -> None:
    add_waiting(8)
    assert dispatching.start_due() == 8
    assert published(redis_client, INTERACTIVE, KITSU) == [SHARE, 8 - SHARE]


def test_the_lane_stays_full_and_no_more_however_often_is_looked(redis_client: Redis) -> None:
    for turn in range(4):
        add_waiting(2, first=2 * turn)
        dispatching.start_due()
    assert published(redis_client, INTERACTIVE, KITSU) == [SHARE, 8 - SHARE]


def test_a_run_that_ends_makes_room_in_the_lane(redis_client: Redis) -> None:
    add_waiting(SHARE)
    dispatching.start_due()
    first = Schedule.objects.order_by("pk").first()
    assert first is not None
    lease = leases.take_up(first.pk, first.lease_token)
    assert lease is not None
    leases.let_go(lease, due_at=timezone.now())
    add_waiting(2, first=SHARE)
    Schedule.objects.filter(pk=first.pk).update(is_on=False)
    dispatching.start_due()
    assert published(redis_client, INTERACTIVE, KITSU) == [SHARE + 1, 1]


def test_all_lanes_together_are_the_threads_of_the_worker_for_people(redis_client: Redis) -> None:
    for slug in provider_queues():
        add_waiting(SHARE + 1, provider=slug)
    dispatching.start_due()
    (people,) = [worker for worker in workers_of(EACH, postgres=True) if worker.queues == (INTERACTIVE,)]
    assert published(redis_client, INTERACTIVE) == [people.size]
