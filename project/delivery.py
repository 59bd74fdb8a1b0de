"""May every task of ours be trusted to the broker? Asked by `manage.py check` and by each worker before it begins.

A message that is held longer than the broker waits for its acknowledgement is given to a second worker while the
first still has it: on Redis after the visibility timeout (reliability.md 1.1), on RabbitMQ after its consumer timeout,
which is twice as long by default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from celery import Celery, current_app
from django.conf import settings
from django.utils.module_loading import autodiscover_modules

from project.queues import queue_names

TOO_LONG = "project.E004"
INCOMPLETE = "project.E008"


@dataclass(frozen=True, slots=True)
class Problem:
    """cure: what to change, and where. id: of Django's check."""

    message: str
    cure: str
    id: str


def find_problems(app: Celery | None = None) -> list[Problem]:
    """Empty when all is well. Looks at every registered task but Celery's own."""
    chosen: Any = app or current_app
    # Not by way of Celery, which runs Django's checks when it imports, and so would come back here.
    autodiscover_modules("tasks")
    tasks = [task for name, task in sorted(chosen.tasks.items()) if not name.startswith("celery.")]
    return [problem for task in tasks for problem in _problems_of(task)]


def longest_hold() -> int:
    """Seconds that the broker leaves a message with a worker."""
    return int(settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("visibility_timeout", settings.CELERY_LONGEST_HOLD))


def _problems_of(task: Any) -> Iterator[Problem]:
    where = f"where {task.name} is written ({task.__module__})"
    missing = [name for name in ("soft_time_limit", "time_limit") if not getattr(task, name)]
    if missing:
        yield Problem(f"{task.name} has no {' and no '.join(missing)}.", f"Write it {where}.", INCOMPLETE)
    if getattr(task, "queue", None) not in queue_names():
        cure = f"Write queue= and one of {', '.join(queue_names())} {where}."
        yield Problem(f"{task.name} has no queue that a worker serves.", cure, INCOMPLETE)
    hold, countdown = longest_hold(), settings.CELERY_LONGEST_COUNTDOWN
    limit = task.time_limit or settings.CELERY_TASK_TIME_LIMIT
    if limit + countdown >= hold:
        message = (
            f"{task.name} may wait {countdown} s and run {limit} s, but after {hold} s its message is given to a "
            "second worker."
        )
        cure = (
            f"Let its time_limit be under {hold - countdown} s {where}, or raise LONGEST_HOLD in "
            "project/settings/queues.py for all that use this broker."
        )
        yield Problem(message, cure, TOO_LONG)
