from __future__ import annotations

from celery import shared_task

from accounts.services.answers import prune_answers as prune


@shared_task(name="accounts.prune_answers", queue="upkeep", soft_time_limit=280, time_limit=300, ignore_result=True)
def prune_answers() -> None:
    prune()
