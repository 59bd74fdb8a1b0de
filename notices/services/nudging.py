"""Telling a worker that a notice waits. Only a hint: the tick finds what falls out of the broker."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

TASK = "notices.deliver"
STALE = 60
"""Seconds after which the hint is worth nothing: a tick has passed."""


def nudge() -> None:
    transaction.on_commit(_send)


def _send() -> None:
    try:
        current_app.send_task(TASK, args=[], queue="interactive", retry=False, expires=STALE)
    except OperationalError:
        log.warning("the broker is away; the next tick sends what waits")
