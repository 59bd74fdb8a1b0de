"""Beat twice, with real processes: ticks come double and do nothing double."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone
from redis import Redis

from accounts.models import User
from integrations.models import Connection
from project.workers import Worker
from syncing.models import Schedule
from syncing.services.dispatching import room_of
from tests.e2e.test_kills import database_url
from tests.project.staff import Staff, left, told, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e, pytest.mark.slow, pytest.mark.postgres]

PROVIDER = "myanimelist"
TICKS = 6


def add_due(count: int) -> None:
    for number in range(count):
        user = User.objects.create(email=f"p{number}@example.org")
        connection = Connection.objects.create(user=user, provider=PROVIDER, account_id=str(number))
        Schedule.objects.create(connection=connection, user=user, provider=PROVIDER, due_at=timezone.now())


def test_two_beats_hand_out_every_connection_once(tmp_path: Path, redis_client: Redis) -> None:
    many = room_of(PROVIDER).checks
    add_due(many)
    with Staff(tmp_path, DATABASE_URL=database_url()) as staff:
        (control,) = staff.hire(Worker("control", ("control",), 4))
        beats = [staff.hire_beat(TRAP_BEAT="0.5", TRAP_WORD=word) for word in ("one", "other")]
        # Beside each word a tick was sent, and is done as soon as nothing is left.
        wait_for(lambda: all(told(redis_client).count(word) > TICKS for word in ("one", "other")), control, *beats)
        assert [beat.stop() for beat in beats] == [0, 0]
        wait_for(lambda: left(redis_client, ["control"]) == {"control": 0, "unacked": 0}, control)
        assert control.stop() == 0
        assert "Traceback" not in control.said()
    assert int(redis_client.llen(PROVIDER)) == many  # type: ignore[arg-type]
    assert set(Schedule.objects.values_list("lease_token", flat=True)) == {1}
    assert Schedule.objects.exclude(lease_until=None).count() == many
