"""`manage.py status`: how one person's services do, for people and, with --json, for programs."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from syncing.models import Schedule
from tests.web import rows

pytestmark = pytest.mark.django_db


def told(user: str = "Alice@example.org", **options: Any) -> str:
    out = StringIO()
    call_command("status", user=user, stdout=out, **options)
    return out.getvalue()


def test_nothing_linked_says_what_to_do(alice: User) -> None:
    assert "manage.py connect" in told()
    assert json.loads(told(json=True)) == {}


def test_each_service_is_told_in_figures(alice: User, bob: User) -> None:
    synced = timezone.now() - timedelta(hours=1)
    connection = rows.make_connection(alice, last_synced_at=synced, message="Look at this.")
    run = rows.make_run(connection)
    rows.make_review(run, "removal", key="1", media=rows.make_media())
    rows.make_unmatched(connection)
    rows.make_connection(bob, "kitsu")
    due = Schedule.objects.get(connection=connection).due_at
    assert json.loads(told(json=True)) == {
        "anilist": {
            "username": "alice",
            "state": "active",
            "direction": "bidirectional",
            "synced": synced.isoformat(timespec="seconds"),
            "due": due.isoformat(timespec="seconds"),
            "last": "done",
            "reviews": 1,
            "unmatched": 1,
            "parked": 0,
            "message": "Look at this.",
        }
    }


def test_people_are_told_what_there_is_to_tell(alice: User) -> None:
    connection = rows.make_connection(alice)
    Schedule.objects.filter(connection=connection).update(is_on=False)
    line = told()
    assert line.startswith("AniList: username alice, state active")
    assert "due" not in line
    assert "reviews" not in line


def test_a_stranger_is_explained(db: None) -> None:
    with pytest.raises(CommandError, match="nobody here has the address"):
        told("nobody@example.org")
