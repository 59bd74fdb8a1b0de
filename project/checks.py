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
from project.delivery import find_problems
from project.embedded.servers import DATABASES
from project.settings.queues import BROKER_SCHEMES
from project.workers import LAYOUTS


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
    if not settings.REDIS_URL.startswith(("redis://", "rediss://")):
        hint = "Write REDIS_URL=redis://:password@host:6379/0, or remove it and use `make run`."
        found.append(Error("REDIS_URL does not begin with redis:// or rediss://.", hint=hint, id="project.E002"))
    if settings.EMBEDDED_DATABASE not in DATABASES:
        hint = f"Write one of {', '.join(DATABASES)}."
        found.append(Error("EMBEDDED_DATABASE is unknown.", hint=hint, id="project.E003"))
    return found


@register()
def check_workers(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Broker, layout, and what each task takes for granted of them. Workers ask the last of these too."""
    found: list[CheckMessage] = [
        Error(problem.message, hint=problem.cure, id=problem.id) for problem in find_problems()
    ]
    if settings.CELERY_BROKER_URL.partition("://")[0] not in BROKER_SCHEMES:
        hint = (
            "Write BROKER_URL=amqp://user:password@host:5672/vhost for RabbitMQ (amqps:// with TLS), or remove it: "
            "then REDIS_URL is the broker."
        )
        message = f"BROKER_URL does not begin with {', '.join(f'{scheme}://' for scheme in BROKER_SCHEMES)}."
        found.append(Error(message, hint=hint, id="project.E009"))
    if settings.WORKERS not in ("", *LAYOUTS):
        hint = f"Write one of {', '.join(LAYOUTS)}, or remove it: then the database decides."
        found.append(Error("WORKERS is unknown.", hint=hint, id="project.E010"))
    if settings.SYNC_INTERACTIVE_SHARE < 1:
        hint = "Write a whole number above 0, e.g. SYNC_INTERACTIVE_SHARE=4."
        found.append(Error("Nobody who waits would get a worker of their own.", hint=hint, id="project.E011"))
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
    """The Celery value that loses tasks when it is wrong (reliability.md 1.1), and a database for trials."""
    found: list[CheckMessage] = []
    if settings.CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS:
        hint = "Set CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False."
        found.append(Error("Tasks are lost when Redis restarts.", hint=hint, id="project.E005"))
    if connection.vendor == "sqlite":
        hint = "Fine for one machine and a few people; set DATABASE_URL or EMBEDDED_DATABASE=postgres for more."
        found.append(checks.Warning("The database is SQLite.", hint=hint, id="project.W001"))
    return found
