"""Renewals of what nobody looks at: each service's queue does its own, as fast as the budget lets it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from celery import current_app
from django.core.cache import cache
from django.db import connection as database
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import User
from integrations import stopping
from integrations.errors import RateLimited, Unavailable
from integrations.models import Connection, ConnectionState, ProviderApp
from integrations.services import expiring, renewing
from integrations.tasks import refresh_expiring, renew_tokens
from tests.integrations.conftest import World
from tests.integrations.test_connecting import link
from tests.integrations.test_sessions import HOUR, age

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(world: World, alice: User) -> Connection:
    connection = link(world, alice, "7")
    world.server.calls.clear()
    return connection


def test_the_tick_asks_only_the_services_that_have_something_due(world: World, mine: Connection) -> None:
    assert expiring.attend_tokens() == 0
    age(mine, expires=HOUR)
    refresh_expiring()
    assert (world.renewals, world.server.calls) == ([("toy", "toy", None)], [])


def test_a_broker_that_is_away_costs_one_tick(world: World, mine: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError

    age(mine, expires=HOUR)
    monkeypatch.setattr(current_app, "send_task", fail)
    assert expiring.attend_tokens() == 0


def test_idle_connections_are_renewed_the_longest_due_first(world: World, mine: Connection, bob: User) -> None:
    theirs = link(world, bob, "8")
    world.server.calls.clear()
    assert renewing.renew_due("toy") == 0
    age(mine, expires=HOUR, due=-HOUR)
    age(theirs, expires=HOUR, due=-2 * HOUR)
    renew_tokens("toy")
    renew_tokens("toy")
    assert [call["refresh_token"] for call in world.server.token_calls] == [
        "planted-refresh-8-2",
        "planted-refresh-7-1",
    ]


def test_all_that_is_due_is_renewed_in_one_turn_page_by_page(
    world: World, mine: Connection, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = link(world, bob, "8")
    world.server.calls.clear()
    for connection in (mine, theirs):
        age(connection, expires=HOUR)
    monkeypatch.setattr(renewing, "PAGE", 1)
    assert renewing.renew_due("toy") == 2
    assert (len(world.server.token_calls), world.renewals) == (2, [])


def test_when_a_turn_is_over_the_rest_sends_for_itself(
    world: World, mine: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(mine, expires=HOUR)
    monkeypatch.setattr(renewing, "TURN_SECONDS", -1.0)
    assert renewing.renew_due("toy") == 0
    assert (world.renewals, world.server.calls) == ([("toy", "toy", 1.0)], [])


def test_two_workers_do_not_renew_at_one_service_at_once(world: World, mine: Connection) -> None:
    age(mine, expires=HOUR)
    cache.add(f"{renewing.TASK}:toy", 1, timeout=60)
    assert renewing.renew_due("toy") == 0
    assert world.server.calls == []


@pytest.mark.parametrize(
    ("state", "calls"),
    [(ConnectionState.PAUSED, 1), (ConnectionState.NEEDS_LOGIN, 0), (ConnectionState.UNLINKED, 0)],
)
def test_paused_connections_are_kept_alive_and_dead_ones_left(
    world: World, mine: Connection, state: str, calls: int
) -> None:
    age(mine, expires=HOUR)
    Connection.objects.update(state=state)
    renewing.renew_due("toy")
    assert len(world.server.calls) == calls


def wait_of(connection: Connection) -> timedelta:
    due_at = Connection.objects.get(pk=connection.pk).token_due_at
    assert due_at is not None
    return due_at - timezone.now()


def test_a_failed_renewal_makes_room_for_the_others(world: World, mine: Connection, bob: User) -> None:
    theirs = link(world, bob, "8")
    world.server.calls.clear()
    age(mine, expires=HOUR, due=-2 * HOUR)
    age(theirs, expires=HOUR)
    world.server.answers = [httpx.Response(502)]
    assert renewing.renew_due("toy") == 2
    assert Connection.objects.get(pk=mine.pk).token_version == 1
    assert Connection.objects.get(pk=theirs.pk).token_version == 2
    assert timedelta(minutes=14) < wait_of(mine) <= timedelta(minutes=22.5)


def test_a_service_that_is_away_is_left_alone_until_the_next_tick(world: World, mine: Connection, bob: User) -> None:
    theirs = link(world, bob, "8")
    world.server.calls.clear()
    for connection in (mine, theirs):
        age(connection, expires=HOUR)
    world.limiter.refusal = Unavailable("breaker open")
    world.limiter.notes.clear()
    assert renewing.renew_due("toy") == 0
    assert (len(world.limiter.notes), world.server.calls, world.renewals) == (1, [], [])
    assert Connection.objects.filter(state=ConnectionState.ACTIVE, token_due_at__lt=timezone.now()).count() == 2


@pytest.mark.parametrize(("seconds", "sent"), [(9.0, [("toy", "toy", 9.0)]), (600.0, [])])
def test_when_the_budget_wants_a_pause_the_rest_comes_after_it(
    world: World, mine: Connection, bob: User, seconds: float, sent: Any
) -> None:
    """The share of renewals is used to the end, a few a minute; and one person's own limit holds up nobody else."""
    theirs = link(world, bob, "8")
    world.server.calls.clear()
    age(mine, expires=HOUR, due=-2 * HOUR)
    age(theirs, expires=HOUR)
    world.limiter.refusal = RateLimited("slow down", retry_after=seconds)
    assert renewing.renew_due("toy") == 0
    assert (world.renewals, world.server.calls) == (sent, [])
    assert timedelta(seconds=seconds - 5) < wait_of(mine) <= timedelta(seconds=1.5 * seconds)
    assert wait_of(theirs) < timedelta(0)


def test_an_app_that_is_refused_is_tried_once_a_turn_and_holds_up_no_other(
    world: World, mine: Connection, bob: User
) -> None:
    theirs = link(world, bob, "8")
    own = ProviderApp.objects.create(provider="toy", user=bob, client_id="bobs", client_secret="planted-bobs-secret")
    Connection.objects.filter(pk=theirs.pk).update(app=own)
    another = link(world, User.objects.create(email="dora@example.org"), "9")
    world.server.calls.clear()
    for hours, connection in enumerate((theirs, another, mine), start=1):
        age(connection, expires=HOUR, due=-hours * HOUR)
    world.server.answers = [httpx.Response(401, json={"error": "invalid_client"})]
    renewing.renew_due("toy")
    assert [call["refresh_token"] for call in world.server.token_calls] == [
        "planted-refresh-7-1",
        "planted-refresh-8-2",
    ]
    assert Connection.objects.get(pk=theirs.pk).token_version == 2
    assert Connection.objects.filter(state=ConnectionState.ACTIVE).count() == 3


def test_a_worker_that_is_to_end_leaves_the_rest_to_the_next(world: World, mine: Connection) -> None:
    age(mine, expires=HOUR)
    stopping.ask()
    try:
        assert renewing.renew_due("toy") == 0
    finally:
        stopping.forget()
    assert (world.renewals, world.server.calls) == ([("toy", "toy", 1.0)], [])


@pytest.mark.postgres
def test_what_is_due_at_one_service_is_found_by_its_index(world: World, mine: Connection) -> None:
    """However many are due at another one that is away."""
    with database.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "connection_renewal" in renewing.due("toy").explain()
