"""The Celery app. Settings and their reasons: project/settings/queues.py."""

from __future__ import annotations

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import setup_logging

# Before the app is made: Celery looks for Django only where this is set.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.prod")

# DjangoTask: `delay_on_commit`, so that no worker looks for a row before it is there.
app = Celery("enishi", task_cls="celery.contrib.django.task:DjangoTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect(dispatch_uid="project.logging")
def keep_our_logging(**kwargs: Any) -> None:
    """Workers and beat log as the web does. A receiver here keeps Celery from adding handlers that do not redact."""
    from django.conf import settings

    dictConfig(settings.LOGGING)
