"""The sign of life: beat sent it, the broker carried it, a worker ran it."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command

from project.health import record_tick


@shared_task(name="project.tick", queue="control", soft_time_limit=10, time_limit=20, ignore_result=True)
def tick() -> None:
    record_tick()


@shared_task(name="project.clear_sessions", queue="upkeep", soft_time_limit=280, time_limit=300, ignore_result=True)
def clear_sessions() -> None:
    """Signed-out and expired sessions leave rows behind; Django's own command drops them."""
    call_command("clearsessions")
