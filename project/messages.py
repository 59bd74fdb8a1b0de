"""What may stand in a message: ids, numbers and slugs, and no long wait. One place, through which everything goes.

A broker shows its messages to whoever may read it, and keeps them on its disk; a message that waits is held by a
worker all that time. So a secret is looked up by the task, and a long wait is a date in a row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from celery import Celery
from django.conf import settings

ALLOWED = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,35}")
"""A UUID has 36 characters. The shortest token of a service has 43, and most have capitals."""


class MessageRefused(ValueError):
    """A task was called in a way that no task may be called; nothing was sent."""


class OurCelery(Celery):
    """Beat, `delay`, `apply_async`, retries and `send_task` all end here. (A signal's receiver could not refuse:
    Celery logs what it raises and goes on.)"""

    def send_task(self, name: str, args: Any = None, kwargs: Any = None, **options: Any) -> Any:  # type: ignore[override]
        """Raises MessageRefused, and what the broker's connection raises."""
        refuse_wait(name, countdown=options.get("countdown"), eta=options.get("eta"))
        refuse_arguments(name, args or (), kwargs or {})
        return super().send_task(name, args, kwargs, **options)


def refuse_wait(name: str, *, countdown: float | None, eta: datetime | str | None) -> None:
    longest = settings.CELERY_LONGEST_COUNTDOWN
    moment = datetime.fromisoformat(eta) if isinstance(eta, str) else eta
    wait = countdown or 0.0
    if moment is not None:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        wait = max(wait, (aware - datetime.now(UTC)).total_seconds())
    if wait > longest:
        raise MessageRefused(f"{name} would wait {wait:.0f} s in the broker; beyond {longest} s write a date in a row")


def refuse_arguments(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """The value itself is not told: it may be what must not be seen."""
    for place, value in (*enumerate(args), *kwargs.items()):
        is_plain = value is None or isinstance(value, int) or (isinstance(value, str) and ALLOWED.fullmatch(value))
        if not is_plain:
            raise MessageRefused(f"argument {place} of {name} is no id, number or slug; pass an id")
