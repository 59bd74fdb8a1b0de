"""Beat's ticks: what is due is handed out once; a broker that is away loses nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import User
from integrations.models import Connection
from syncing import tasks
from syncing.models import Schedule
from syncing.services import dispatching, leases, scheduling
from syncing.services.running import run_lease

pytestmark = pytest.mark.django_db(transaction=True)


def connect(user: User, provider: str, **schedule: Any) -> Connection:
    connection = Connection.objects.create(user=user, provider=provider, account_id=str(user.pk))
    Schedule.objects.create(connection=connection, user=user, provider=provider, **schedule)
    return connection


def test_what_is_due_goes_to_its_providers_queue_once(alice: User, bob: User, sent: list[Any]) -> None:
    first = connect(alice, "anilist")
    waiting = connect(bob, "myanimelist", interactive=True)
    connect(bob, "anilist", due_at=timezone.now() + timedelta(hours=1))
    connect(alice, "myanimelist", not_before=timezone.now() + timedelta(minutes=5))
    tasks.start_due_runs()
    tasks.start_due_runs()
    assert sent == [
        ("syncing.sync_connection", [str(first.pk), 1], "anilist"),
        ("syncing.sync_connection", [str(waiting.pk), 1], "interactive"),
    ]


def test_a_message_holds_ids_only(alice: User, sent: list[Any]) -> None:
    connect(alice, "anilist")
    tasks.start_due_runs()
    [(_, args, _)] = sent
    assert [type(arg) for arg in args] == [str, int]


def test_a_broker_that_is_away_leaves_the_row_due(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connect(alice, "anilist")

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(current_app, "send_task", fail)
    assert dispatching.start_due() == 0
    assert Schedule.objects.get(pk=connection.pk).lease_until is None


def test_a_paused_connection_is_not_handed_out(alice: User, sent: list[Any]) -> None:
    connection = connect(alice, "anilist")
    scheduling.set_paused(alice, provider="anilist", paused=True)
    tasks.start_due_runs()
    assert sent == []
    scheduling.set_paused(alice, provider="anilist", paused=False)
    tasks.start_due_runs()
    assert [args[0] for _, args, _ in sent] == [str(connection.pk)]


def test_a_person_who_is_switched_off_is_not_synced(alice: User) -> None:
    connect(alice, "anilist")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    lease = leases.claim(Schedule.objects.get().pk)
    assert lease is not None
    assert run_lease(lease) is None
    assert Schedule.objects.get().lease_until is None


def test_another_persons_connection_cannot_be_asked_for(alice: User, bob: User) -> None:
    connect(alice, "anilist", due_at=timezone.now() + timedelta(hours=1))
    with pytest.raises(Connection.DoesNotExist):
        scheduling.request_sync(bob, provider="anilist")
    with pytest.raises(Connection.DoesNotExist):
        scheduling.set_paused(bob, provider="anilist", paused=True)


def test_a_vanished_connection_is_a_quiet_return(alice: User) -> None:
    connection = connect(alice, "anilist")
    key = str(connection.pk)
    connection.delete()
    tasks.sync_connection(key, 1)
