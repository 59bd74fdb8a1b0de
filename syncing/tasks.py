"""Celery's doors. Ids in, one service call, nothing returned; each may run twice or never."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from syncing.services import alarms, dispatching, probing, pruning, running, sweeping


@shared_task(name="syncing.start_due_runs", queue="control", soft_time_limit=50, time_limit=60, ignore_result=True)
def start_due_runs() -> None:
    """Every few seconds: hand out what is due."""
    dispatching.start_due()


@shared_task(name="syncing.start_persons_runs", queue="control", soft_time_limit=50, time_limit=60, ignore_result=True)
def start_persons_runs(user_id: str) -> None:
    """A moment after a person changed something: they need not wait for the tick."""
    dispatching.start_due(UUID(user_id))


@shared_task(name="syncing.sweep", queue="control", soft_time_limit=50, time_limit=60, ignore_result=True)
def sweep() -> None:
    """Every half minute: take back what dead workers held."""
    sweeping.sweep()


@shared_task(name="syncing.sync_connection", queue="control", soft_time_limit=300, time_limit=360, ignore_result=True)
def sync_connection(connection_id: str, token: int) -> None:
    """One run. It is published to its provider's queue; a run that was taken over meanwhile ends at once."""
    running.sync_claimed(UUID(connection_id), token)


@shared_task(name="syncing.probe_batches", queue="control", soft_time_limit=50, time_limit=60, ignore_result=True)
def probe_batches() -> None:
    """Every minute: where many people can be probed in one request, ask their provider's queue for it."""
    probing.start_batches()


@shared_task(name="syncing.probe_batch", queue="control", soft_time_limit=150, time_limit=180, ignore_result=True)
def probe_batch(provider: str, *connection_ids: str) -> None:
    """Published to the provider's queue. provider: slug."""
    probing.probe_due(provider, [UUID(one) for one in connection_ids])


@shared_task(name="syncing.prune", queue="upkeep", soft_time_limit=540, time_limit=570, ignore_result=True)
def prune() -> None:
    """Once a day; sends for itself again when a turn was not enough."""
    pruning.prune()


@shared_task(name="syncing.tell_alarms", queue="control", soft_time_limit=50, time_limit=60, ignore_result=True)
def tell_alarms() -> None:
    """Every five minutes: what somebody should get up for goes to the log."""
    alarms.tell_alarms()
