"""Celery's doors. Each may run twice or never."""

from __future__ import annotations

from celery import shared_task

from notices.services import digests, pruning, sending


@shared_task(name="notices.send_due", queue="control", soft_time_limit=50, time_limit=60, ignore_result=True)
def send_due() -> None:
    """Every minute. This worker keeps the schedule and waits for nobody out there."""
    sending.pass_on_due()


@shared_task(name="notices.deliver", queue="interactive", soft_time_limit=80, time_limit=90, ignore_result=True)
def deliver() -> None:
    """Soon after something was written."""
    sending.send_due()


@shared_task(name="notices.write_digests", queue="upkeep", soft_time_limit=240, time_limit=300, ignore_result=True)
def write_digests() -> None:
    """On Mondays, each hour of the day: whoever was told is not told again."""
    digests.write_digests()


@shared_task(name="notices.prune", queue="upkeep", soft_time_limit=240, time_limit=300, ignore_result=True)
def prune() -> None:
    """Once a day."""
    pruning.prune()
