"""What `manage.py check` says about this installation; each message names its cure.

Settings that make a start unsafe are refused earlier, by project/settings/prod.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

from integrations.services.rotating import check_keyring
from project.embedded.servers import DATABASES


@register(Tags.security)
def check_token_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return check_keyring(
        settings.TOKEN_KEYS,
        secret_key=settings.SECRET_KEY,
        allow_samples=getattr(settings, "ALLOW_SAMPLE_KEYS", False),
    )


@register()
def check_addresses(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not settings.SITE_URL.startswith(("http://", "https://")):
        hint = "Write the address people open, e.g. ENISHI_URL=https://lists.example.org"
        found.append(Error("ENISHI_URL does not begin with https:// or http://.", hint=hint, id="project.E001"))
    if not settings.REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
        hint = "Write REDIS_URL=redis://:password@host:6379/0, or remove it and use `make run`."
        found.append(
            Error("REDIS_URL does not begin with redis://, rediss:// or unix://.", hint=hint, id="project.E002")
        )
    if settings.EMBEDDED_DATABASE not in DATABASES:
        hint = f"Write one of {', '.join(DATABASES)}."
        found.append(Error("EMBEDDED_DATABASE is unknown.", hint=hint, id="project.E003"))
    return found


@register()
def check_pace(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What syncing.core.pace takes for granted."""
    found: list[CheckMessage] = []
    if not 0 < settings.SYNC_PACE_FASTEST_PERCENT <= 100 <= settings.SYNC_PACE_SLOWEST_PERCENT:
        hint = "Write e.g. SYNC_PACE_FASTEST_PERCENT=50 and SYNC_PACE_SLOWEST_PERCENT=600; 100 is the chosen interval."
        found.append(Error("The chosen interval is not the middle of the pace.", hint=hint, id="project.E006"))
    if min(settings.SYNC_PACE_MIDDLE_HOURS, settings.SYNC_MIN_INTERVAL_MINUTES) < 1:
        hint = "Write whole numbers above 0, e.g. SYNC_PACE_MIDDLE_HOURS=24 and SYNC_MIN_INTERVAL_MINUTES=15."
        found.append(Error("A pace without time between two checks.", hint=hint, id="project.E007"))
    return found


@register(deploy=True)
def check_delivery(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The two Celery values that lose or multiply tasks when they are wrong (reliability.md 1.1)."""
    found: list[CheckMessage] = []
    visible = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    needed = settings.CELERY_TASK_TIME_LIMIT + settings.CELERY_LONGEST_COUNTDOWN
    if visible <= needed:
        hint = f"Let visibility_timeout be above task time limit + longest countdown = {needed} s."
        found.append(Error("A task can be given to two workers.", hint=hint, id="project.E004"))
    if settings.CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS:
        hint = "Set CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False."
        found.append(Error("Tasks are lost when Redis restarts.", hint=hint, id="project.E005"))
    if connection.vendor == "sqlite":
        hint = "Fine for one machine and a few people; set DATABASE_URL or EMBEDDED_DATABASE=postgres for more."
        found.append(checks.Warning("The database is SQLite.", hint=hint, id="project.W001"))
    return found
