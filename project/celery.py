"""The Celery app. Settings and their reasons: project/settings/queues.py."""

from __future__ import annotations

import os
from logging.config import dictConfig
from typing import Any

from celery.concurrency import get_implementation
from celery.contrib.django.task import DjangoTask
from celery.signals import setup_logging, task_postrun, task_prerun, worker_init, worker_shutting_down

from integrations import stopping
from project.messages import OurCelery

# Before the app is made: Celery looks for Django only where this is set.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.prod")


class Task(DjangoTask):  # type: ignore[type-arg]
    """What all tasks share. DjangoTask: `delay_on_commit`, so that no worker looks for a row before it is there."""

    abstract = True
    # After the death of the process that ran it (task_retry_on_worker_lost): so often, and so many seconds later.
    # Celery's own wait is three minutes.
    max_retries = 3
    default_retry_delay = 1


app = OurCelery("enishi", task_cls=Task)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect(dispatch_uid="project.logging")
def keep_our_logging(**kwargs: Any) -> None:
    """Workers and beat log as the web does. A receiver here keeps Celery from adding handlers that do not redact."""
    from django.conf import settings

    dictConfig(settings.LOGGING)


@worker_init.connect(dispatch_uid="project.delivery")
def refuse_unsafe_delivery(sender: Any, **kwargs: Any) -> None:
    """A worker whose tasks a broker would give out twice does not begin."""
    from project.delivery import find_problems

    found = find_problems(sender.app)
    if found:
        raise SystemExit("\n".join(f"{problem.message} {problem.cure}" for problem in found))


@worker_init.connect(dispatch_uid="project.watchdog")
def watch_threads(sender: Any, **kwargs: Any) -> None:
    """Forking pools have Celery's own time limits; threads have this."""
    from celery.concurrency.thread import TaskPool

    from project import watchdog

    if get_implementation(sender.pool_cls) is TaskPool:
        task_prerun.connect(watchdog.note_start, dispatch_uid="project.watchdog.start")
        task_postrun.connect(watchdog.note_end, dispatch_uid="project.watchdog.end")
        watchdog.start_watching()


# Threads look at it between two requests, and hand back what they have not begun.
worker_shutting_down.connect(stopping.ask, dispatch_uid="integrations.stopping")
