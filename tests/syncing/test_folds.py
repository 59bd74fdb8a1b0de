"""Runs without changes, a million a day in a large house, leave one row and rewrite no index."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from syncing.models import SyncRun
from syncing.services import outcomes
from tests.syncing.test_ticks import connect

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def updates_of(model: type[SyncRun | Connection]) -> tuple[int, int]:
    """(all, those that wrote no index) of this connection, as far as PostgreSQL has not handed them on: earlier tests'
    may be among them, so compare two."""
    ask = "SELECT pg_stat_get_xact_tuples_updated(%s::regclass), pg_stat_get_xact_tuples_hot_updated(%s::regclass)"
    with database.cursor() as cursor:
        cursor.execute(ask, [model._meta.db_table] * 2)
        every, hot = cursor.fetchone()
    return every, hot


def _since(before: tuple[int, int], model: type[SyncRun | Connection]) -> tuple[int, int]:
    every, hot = updates_of(model)
    return every - before[0], hot - before[1]


def test_a_run_without_changes_is_folded_without_writing_an_index(alice: User) -> None:
    connection = connect(alice, "anilist")
    before = updates_of(SyncRun)
    for checks in range(1, 4):
        run = SyncRun(user=alice, connection=connection, provider=connection.provider)
        outcomes.end_quietly(run)
        assert SyncRun.objects.get().checks == checks
    assert _since(before, SyncRun) == (2, 2)


def test_when_a_list_was_last_looked_at_stands_in_no_index(alice: User) -> None:
    connection = connect(alice, "anilist")
    before = updates_of(Connection)
    outcomes.clear_connection(connection, timezone.now())
    assert _since(before, Connection) == (1, 1)
