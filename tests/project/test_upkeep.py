"""Upkeep takes turns: what would take longer goes on behind the others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from redis import Redis

from accounts.models import User
from integrations.models import Connection
from syncing.models import SyncRun
from syncing.services import pruning


@pytest.mark.django_db
def test_a_turn_that_was_not_enough_is_followed_by_another(
    alice: User, redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = Connection.objects.create(user=alice, provider="kitsu", account_id="1")
    old = timezone.now() - timedelta(days=settings.JOURNAL_DAYS + 1)
    for _ in range(3):
        SyncRun.objects.create(user=alice, connection=connection, provider="kitsu", state="done", finished_at=old)
    SyncRun.objects.update(started_at=old)
    monkeypatch.setattr(pruning, "TURN_SECONDS", 0.0)
    assert (pruning.prune(), SyncRun.objects.count(), redis_client.llen("upkeep")) == (0, 3, 1)
    monkeypatch.setattr(pruning, "TURN_SECONDS", 300.0)
    assert (pruning.prune(), SyncRun.objects.count(), redis_client.llen("upkeep")) == (3, 0, 1)
