"""Telling a worker that something is due. A message is only a hint: what falls out of the broker is found again by
the next tick, so publishing may fail without loss."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

AT_ONCE = timedelta(0)
STALE = 30.0
"""Seconds after which a hint is worth nothing: several ticks have passed."""


def nudge(user_id: UUID | None = None, *, after: timedelta = AT_ONCE) -> None:
    """After the commit: one person's connections are due then, or, without a person, some are. Who is due much later
    is found by a tick and needs no message."""
    name, args = ("syncing.start_due_runs", []) if user_id is None else ("syncing.start_persons_runs", [str(user_id)])
    seconds = max(after.total_seconds(), 0.0)
    if seconds > settings.CELERY_LONGEST_COUNTDOWN:
        return
    options = {"expires": seconds + STALE, **({"countdown": seconds} if seconds else {})}
    transaction.on_commit(partial(send, name, args, queue="control", **options))


def send(name: str, args: list[Any], *, queue: str, **options: Any) -> bool:
    """False when the broker is away."""
    try:
        current_app.send_task(name, args=args, queue=queue, retry=False, **options)
    except OperationalError:
        log.warning("the broker is away; the next tick finds what is due")
        return False
    return True
