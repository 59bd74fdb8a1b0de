"""The sign of life: beat sent it, the broker carried it, a worker ran it."""

from __future__ import annotations

from celery import shared_task

from project.health import record_tick


@shared_task(name="project.tick", queue="control", soft_time_limit=10, time_limit=20, ignore_result=True)
def tick() -> None:
    record_tick()
