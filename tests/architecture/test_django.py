"""Conventions that only the loaded project can show: tasks, models, admin pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import models

from project.celery import app
from project.queues import CONTROL, INTERACTIVE, UPKEEP, queue_names
from tests.architecture.source import ROOMS

app.loader.import_default_modules()
TASKS = [task for name, task in sorted(app.tasks.items()) if name.partition(".")[0] in ROOMS]
WITHOUT_ADMIN: dict[str, str] = {
    "integrations.Play": "what somebody watched, and when, is nobody else's business",
    "accounts.IdempotentAnswer": "answers to one person, for a day",
}
"""Model label → why no operator needs to see it."""
PUBLISHED_ELSEWHERE = {
    "syncing.sync_connection",
    "syncing.probe_batch",
    "integrations.poll_device_link",
    "integrations.renew_tokens",
}
"""Their queue is the service's, which the sender names."""


def our_models() -> list[type[models.Model]]:
    return [model for room in ROOMS if apps.is_installed(room) for model in apps.get_app_config(room).get_models()]


def queue_of(task: Any) -> str | None:
    queue: str | None = task.queue
    return queue


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_task_conventions(task: Any) -> None:
    """A name of its own, a queue that exists, both time limits, nothing returned, no per-worker rate limit."""
    assert f"{type(task).__module__}." not in f"{task.name}."
    assert ".tasks." not in task.name
    assert queue_of(task) in queue_names(), f"{task.name}: queue {queue_of(task)!r}"
    # A task that outlives the visibility timeout is given to a second worker while the first still runs it.
    assert 0 < task.soft_time_limit < task.time_limit
    assert task.time_limit + settings.CELERY_LONGEST_COUNTDOWN < settings.CELERY_LONGEST_HOLD
    assert task.ignore_result is True
    assert task.rate_limit is None


def test_ticks_lead_to_tasks() -> None:
    """A tick that names no task is dropped by workers with an error that nobody reads."""
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert named - set(app.tasks) == set()
    assert {queue_of(app.tasks[name]) for name in named & set(app.tasks)} == {CONTROL, UPKEEP}


def test_nothing_long_stands_in_the_way_of_ticks() -> None:
    """A tick comes every ten seconds; what may run for minutes has the queue `upkeep`, or its service's own."""
    long = {task.name for task in TASKS if queue_of(task) == CONTROL and (task.time_limit or 0) > 60}
    assert long - PUBLISHED_ELSEWHERE == set()


def test_queues_are_the_providers_and_three_more() -> None:
    from integrations.providers import registry

    assert queue_names() == (*registry.slugs(), INTERACTIVE, CONTROL, UPKEEP)


def test_every_model_has_an_admin() -> None:
    shown = set(admin.site._registry)
    missing = {model._meta.label for model in our_models() if model not in shown}
    assert missing - set(WITHOUT_ADMIN) == set()


def test_choices_do_not_come_from_the_registry() -> None:
    """A fifth provider must need no migration: a `provider` column is plain text."""
    with_choices = {
        f"{model._meta.label}.{field.name}"
        for model in our_models()
        for field in model._meta.get_fields()
        if field.name in ("provider", "side", "source") and getattr(field, "choices", None)
    }
    assert with_choices == set()
