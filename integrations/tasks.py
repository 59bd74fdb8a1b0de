"""What the clock starts, and the polls of device links. Each may run twice or never."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from integrations.services import devices, expiring, polling, renewing, tables, translating
from library.mappings.sources import SOURCES


@shared_task(
    name="integrations.refresh_expiring", queue="upkeep", soft_time_limit=240, time_limit=300, ignore_result=True
)
def refresh_expiring() -> None:
    """Every five minutes."""
    expiring.attend_tokens()


@shared_task(name="integrations.renew_tokens", queue="control", soft_time_limit=150, time_limit=180, ignore_result=True)
def renew_tokens(provider: str) -> None:
    """Published to its provider's queue. Sends for itself again while there is more to renew."""
    renewing.renew_due(provider)


@shared_task(
    name="integrations.purge_link_attempts", queue="upkeep", soft_time_limit=240, time_limit=300, ignore_result=True
)
def purge_link_attempts() -> None:
    expiring.purge_link_attempts()


@shared_task(
    name="integrations.poll_device_links", queue="control", soft_time_limit=50, time_limit=60, ignore_result=True
)
def poll_device_links() -> None:
    """Every minute: send for what fell out."""
    devices.poll_device_links()


@shared_task(
    name="integrations.poll_device_link", queue="control", soft_time_limit=150, time_limit=180, ignore_result=True
)
def poll_device_link(link_id: str) -> None:
    """Published to its provider's queue. Sends for itself again, until the link has come to an end."""
    polling.poll_device_link(UUID(link_id))


@shared_task(
    name="integrations.check_id_tables", queue="control", soft_time_limit=50, time_limit=60, ignore_result=True
)
def check_id_tables() -> None:
    """Every five minutes: whose day is over is looked at again, and after a first start all of them."""
    for slug in tables.claim_due():
        import_id_table.delay(slug)


@shared_task(
    name="integrations.import_id_table", queue="upkeep", soft_time_limit=540, time_limit=570, ignore_result=True
)
def import_id_table(slug: str) -> None:
    # A table that a newer version of ours knew may still be in the queue.
    if slug in SOURCES:
        tables.update_table(SOURCES[slug])


@shared_task(
    name="integrations.translate_targets", queue="upkeep", soft_time_limit=240, time_limit=300, ignore_result=True
)
def translate_targets() -> None:
    """Once a day, and only with a key of TMDB."""
    translating.translate_targets()
