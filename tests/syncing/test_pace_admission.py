"""No more is handed out than the next minute's budget looks after, and everybody gets their turn."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone
from pytest_django.fixtures import Settings
from redis import Redis

from accounts.models import User
from integrations.limits import RedisLimiter
from integrations.providers import registry
from integrations.services.providers import budgets_for
from syncing import tasks
from syncing.models import Schedule
from syncing.services import dispatching, scheduling
from syncing.services.dispatching import Room, room_of
from tests.syncing.test_ticks import connect

pytestmark = pytest.mark.django_db(transaction=True)

ANILIST = "anilist"
CHECKS, PEOPLE = 7, 5
"""AniList: 29 requests a minute, one a check; half of them are for checks, of which half may be out at a time, and a
fifth for people who wait."""
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _fresh_budgets(redis_client: Redis, settings: Settings) -> None:
    """Nothing was learnt before, and all who wait go by one queue."""
    settings.SYNC_INTERACTIVE_SHARE = 100


def add_due(count: int, *, first: int = 0, **schedule: Any) -> list[Any]:
    """People with a connection that has been due for an hour, each a second less than the one before."""
    begin = timezone.now() - HOUR
    rows = []
    for number in range(first, first + count):
        user = User.objects.create(email=f"p{number}@example.org")
        rows.append(connect(user, ANILIST, **{"due_at": begin + timedelta(seconds=number), **schedule}).pk)
    return rows


def finish_all() -> None:
    """Every run that was handed out ends well."""
    held = Schedule.objects.exclude(lease_until=None)
    held.update(lease_until=None, due_at=timezone.now() + HOUR, interactive=False)


def handed_out(sent: list[Any], queue: str = ANILIST) -> list[str]:
    return [args[0] for name, args, to in sent if name == "syncing.sync_connection" and to == queue]


def test_a_tick_hands_out_what_the_next_minute_allows_and_the_next_only_what_became_free(sent: list[Any]) -> None:
    rows = add_due(CHECKS + 8)
    tasks.start_due_runs()
    assert handed_out(sent) == [str(row) for row in rows[:CHECKS]]
    for _ in range(10):
        tasks.start_due_runs()
    assert len(sent) == CHECKS
    Schedule.objects.filter(pk__in=rows[:5]).update(lease_until=None, due_at=timezone.now() + HOUR)
    tasks.start_due_runs()
    assert handed_out(sent)[CHECKS:] == [str(row) for row in rows[CHECKS : CHECKS + 5]]


def test_what_a_dead_worker_held_takes_nobodys_place(sent: list[Any]) -> None:
    rows = add_due(CHECKS)
    Schedule.objects.filter(pk__in=rows).update(lease_until=timezone.now() - HOUR, due_at=timezone.now() + HOUR)
    assert room_of(ANILIST) == Room(people=PEOPLE, checks=CHECKS)


def test_after_an_hour_without_a_tick_all_get_their_turn_longest_overdue_first(sent: list[Any]) -> None:
    rows = add_due(30)
    for _ in range(-(-30 // CHECKS)):
        tasks.start_due_runs()
        finish_all()
    assert handed_out(sent) == [str(row) for row in rows]


@pytest.mark.postgres
def test_two_beats_at_once_hand_nothing_out_twice_and_hardly_more(sent: list[Any]) -> None:
    add_due(60)
    barrier = threading.Barrier(4)

    def tick() -> None:
        barrier.wait(timeout=10)
        tasks.start_due_runs()
        database.close()

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    counts = Counter(handed_out(sent))
    assert set(counts.values()) == {1}
    assert CHECKS <= len(counts) <= 4 * CHECKS
    tasks.start_due_runs()
    assert len(handed_out(sent)) == len(counts)


def test_people_who_wait_go_by_their_own_part_and_take_what_no_check_needs(sent: list[Any]) -> None:
    waiting = add_due(CHECKS + PEOPLE + 5, interactive=True)
    tasks.start_due_runs()
    assert handed_out(sent, "interactive") == [str(row) for row in waiting[: CHECKS + PEOPLE]]
    checks = add_due(CHECKS + 3, first=100)
    tasks.start_due_runs()
    assert handed_out(sent) == [str(row) for row in checks[:CHECKS]]


def test_however_many_people_wait_checks_get_their_part_and_people_theirs(sent: list[Any]) -> None:
    waiting, checks = add_due(30, interactive=True), add_due(30, first=100)
    tasks.start_due_runs()
    assert handed_out(sent, "interactive") == [str(row) for row in waiting[:PEOPLE]]
    assert handed_out(sent) == [str(row) for row in checks[:CHECKS]]


def test_who_syncs_by_hand_all_the_time_starves_nobody(alice: User, sent: list[Any]) -> None:
    mine = connect(alice, ANILIST)
    others = add_due(5, interactive=True) + add_due(2 * CHECKS, first=100)
    for _ in range(2):
        for _ in range(20):
            scheduling.request_sync(alice, provider=ANILIST)
        tasks.start_due_runs()
        finish_all()
    counts = Counter(handed_out(sent) + handed_out(sent, "interactive"))
    assert {counts[str(row)] for row in others} == {1}
    assert counts[str(mine.pk)] == 1


def test_one_persons_tick_hands_out_theirs_only_and_no_more_than_there_is_room(alice: User, sent: list[Any]) -> None:
    mine = connect(alice, ANILIST)
    add_due(CHECKS)
    tasks.start_persons_runs(str(alice.pk))
    assert handed_out(sent) == [str(mine.pk)]
    tasks.start_due_runs()
    assert len(handed_out(sent)) == CHECKS
    tasks.start_persons_runs(str(User.objects.get(email=f"p{CHECKS - 1}@example.org").pk))
    assert len(handed_out(sent)) == CHECKS


def test_the_operators_rate_decides_and_the_slowest_still_begins(settings: Settings, sent: list[Any]) -> None:
    settings.PROVIDERS = {ANILIST: {"rate": "6/60"}}
    assert room_of(ANILIST) == Room(people=1, checks=1)
    settings.PROVIDERS = {ANILIST: {"rate": "1/600"}}
    assert room_of(ANILIST) == Room(people=1, checks=1)


@pytest.mark.parametrize(("slug", "room"), [("myanimelist", Room(6, 7)), ("kitsu", Room(24, 30))])
def test_the_dearer_a_check_the_fewer(slug: str, room: Room) -> None:
    """MyAnimeList: 60 requests a minute, two a check; Kitsu: 120, one a check."""
    assert room_of(slug) == room


def test_while_a_service_wants_to_be_left_alone_nothing_is_handed_out(
    settings: Settings, redis_client: Redis, sent: list[Any]
) -> None:
    add_due(1)
    limiter = RedisLimiter(
        redis_client, ANILIST, budgets_for(registry.get(ANILIST)), address=settings.EGRESS_ADDRESS, jitter=lambda: 0.0
    )
    limiter.acquire()
    limiter.penalise(600)
    assert room_of(ANILIST) == Room(people=0, checks=0)
    assert dispatching.start_due() == 0
    assert Schedule.objects.filter(lease_until=None).count() == 1
    other = RedisLimiter(redis_client, ANILIST, budgets_for(registry.get(ANILIST)), address="another way out")
    other.acquire()
    assert room_of(ANILIST) == Room(people=PEOPLE, checks=CHECKS)
    assert dispatching.start_due() == 1


def test_addresses_that_are_in_use_add_up(settings: Settings, redis_client: Redis, sent: list[Any]) -> None:
    """Workers behind each take what is handed out."""
    add_due(3 * CHECKS)
    budgets = budgets_for(registry.get(ANILIST))
    for name in (settings.EGRESS_ADDRESS, "another way out"):
        RedisLimiter(redis_client, ANILIST, budgets, address=name).acquire()
    assert room_of(ANILIST).checks == 2 * CHECKS
    tasks.start_due_runs()
    assert len(handed_out(sent)) == 2 * CHECKS
    for app in ("ours", "a person's own"):
        RedisLimiter(redis_client, "myanimelist", budgets_for(registry.get("myanimelist")), app=app).acquire()
    # Most people share one app: another's budget is nothing to them.
    assert room_of("myanimelist") == Room(6, 7)
