"""The upkeep that belongs to no room."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from project import tasks


@pytest.mark.django_db
def test_expired_sessions_are_dropped_and_live_ones_stay() -> None:
    now = timezone.now()
    for key, ends in (("old", now - timedelta(days=1)), ("new", now + timedelta(days=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=ends)
    tasks.clear_sessions()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


def test_every_scheduled_task_exists() -> None:
    from project.celery import app

    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} - set(app.tasks) == set()
