"""What the clock starts. Each may run twice or never."""

from __future__ import annotations

from celery import shared_task

from integrations.services import expiring


@shared_task(
    name="integrations.refresh_expiring", queue="control", soft_time_limit=240, time_limit=300, ignore_result=True
)
def refresh_expiring() -> None:
    expiring.attend_tokens()


@shared_task(
    name="integrations.purge_link_attempts", queue="control", soft_time_limit=240, time_limit=300, ignore_result=True
)
def purge_link_attempts() -> None:
    expiring.purge_link_attempts()
