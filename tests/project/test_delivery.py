"""Every task is held against what the broker leaves it, before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings

from project import checks
from project.celery import app
from project.delivery import find_problems
from project.messages import OurCelery
from project.settings.queues import transport_options
from project.watchdog import PATIENCE

LONGEST = django_settings.CELERY_LONGEST_HOLD - django_settings.CELERY_LONGEST_COUNTDOWN


def work() -> None: ...


def ours() -> list[Any]:
    return [task for name, task in app.tasks.items() if not name.startswith("celery.")]


def app_with(**options: Any) -> OurCelery:
    made = OurCelery("trial", set_as_current=False)
    options = {"queue": "control", "soft_time_limit": 50, "time_limit": 60, **options}
    register: Any = made.task
    register(work, name="trial.work", shared=False, **options)
    return made


def test_all_tasks_are_in_order() -> None:
    assert find_problems(app) == []
    names = {task.name for task in ours()}
    assert {"syncing.sync_connection", "syncing.prune", "integrations.import_id_table", "project.tick"} <= names


@pytest.mark.parametrize(("limit", "is_told"), [(LONGEST - 1, False), (LONGEST, True), (870, True)])
def test_a_task_that_outlives_its_message_is_told_with_the_cure(limit: int, is_told: bool) -> None:
    found = find_problems(app_with(time_limit=limit))
    assert [problem.id for problem in found] == ["project.E004"] * is_told
    for problem in found:
        assert problem.message.startswith(f"trial.work may wait 300 s and run {limit} s, but after 900 s")
        assert "under 600 s where trial.work is written (tests.project.test_delivery)" in problem.cure


def test_a_shorter_visibility_timeout_is_found_at_every_task_that_needs_more(settings: Any) -> None:
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 700}
    slow = {task.name for task in ours() if task.time_limit >= 400}
    assert {problem.message.partition(" ")[0] for problem in find_problems(app)} == slow


def test_another_broker_leaves_as_long(settings: Any) -> None:
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = transport_options("amqp://localhost")
    assert find_problems(app) == []
    assert [problem.id for problem in find_problems(app_with(time_limit=LONGEST))] == ["project.E004"]


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({"time_limit": None}, "no time_limit"),
        ({"soft_time_limit": None}, "no soft_time_limit"),
        ({"queue": "nobody"}, "no queue that a worker serves"),
        ({"queue": None}, "no queue that a worker serves"),
    ],
)
def test_a_task_without_limits_or_queue_is_told(options: dict[str, Any], missing: str) -> None:
    (problem,) = find_problems(app_with(**options))
    assert (problem.id, missing in problem.message) == ("project.E008", True)
    assert "where trial.work is written" in problem.cure


def test_a_thread_that_hangs_ends_before_its_message_comes_back() -> None:
    """What the watchdog waits for; tasks that fork have Celery's own limits."""
    threaded = [task for task in ours() if task.queue != "upkeep"]
    assert len(threaded) > 5
    longest = max(task.time_limit for task in threaded)
    assert PATIENCE * longest < django_settings.CELERY_LONGEST_HOLD


def test_the_check_of_django_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = find_problems(app_with(time_limit=870))
    monkeypatch.setattr(checks, "find_problems", lambda: problems)
    (told,) = checks.check_workers(None)
    assert (told.id, told.msg, told.hint) == ("project.E004", problems[0].message, problems[0].cure)
