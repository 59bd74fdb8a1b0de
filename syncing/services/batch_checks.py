"""One batch of checks: the people are held, their service is asked once for all, and each answer is written down."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Least
from django.utils import timezone

from integrations.http import Session
from integrations.providers.base import BatchProber, ProbeTarget
from syncing.models import Baseline, Schedule, SyncRun
from syncing.services import finishing, leases, marks, nudging, ripeness
from syncing.services.leases import Lease, LeaseLost
from syncing.services.rules import kinds_of

log = logging.getLogger(__name__)


def check_batch(provider: BatchProber, session: Session, ids: Sequence[UUID]) -> None:
    """Holds the lease of each, as a run does, from before the question until its answer is written down. Raises
    ProviderError when nothing was learnt; then nobody's row was changed."""
    held = {lease.connection_id: lease for lease in leases.claim_these(ids)}
    before = session.requests
    try:
        rows = ripeness.still_ripe(provider.slug, held)
        targets = [ProbeTarget(row.connection.account_id, kinds_of(row.connection, provider)) for row in rows]
        told = provider.probe_many(session, targets) if targets else {}
        endings = [_settle(row, held.pop(row.pk), told) for row in rows]
    finally:
        leases.give_back(held.values())
    if "moved" in endings:
        nudging.nudge()
    counts = [endings.count(ending) for ending in ("unchanged", "moved")]
    log.info(
        "%s: %d checked in %d requests, %d unchanged, %d moved",
        provider.slug,
        len(rows),
        session.requests - before,
        *counts,
    )


def _settle(row: Schedule, lease: Lease, told: Mapping[str, str | None]) -> str:
    """What became of one: unchanged, moved (due at once), or "" (due as before)."""
    connection, held = row.connection, row.connection.baseline.probe_mark
    mark, known = told.get(connection.account_id, ""), marks.settled(held)
    try:
        if mark == "":
            leases.give_back([lease])
        elif mark is None or len(mark) > marks.LONGEST:
            _remember(lease, marks.set_apart(timezone.now()))
        elif mark != known:
            # An older mark than the run that follows: whatever is edited from now on moves it.
            _remember(lease, marks.offer(mark), is_due=known != "")
            return "moved" if known else ""
        else:
            run = SyncRun(
                user_id=connection.user_id,
                connection=connection,
                provider=connection.provider,
                trigger="schedule",
                lease_token=lease.token,
            )
            finishing.finish_unchanged(run, connection, lease, mark=mark)
            return "unchanged"
    except LeaseLost:
        log.info("a batched check of connection %s lost its lease", connection.pk)
    return ""


def _remember(lease: Lease, mark: str, *, is_due: bool = False) -> None:
    """Raises LeaseLost."""
    with transaction.atomic():
        leases.renew(lease)
        Baseline.objects.filter(pk=lease.connection_id).update(probe_mark=mark)
        held = Schedule.objects.filter(pk=lease.connection_id, lease_token=lease.token)
        held.update(lease_until=None, begun_at=None, **(_as_an_edit() if is_due else {}))


def _as_an_edit() -> dict[str, object]:
    """It goes before the checks, as every edit does, and who is overdue keeps their place. Wishes of meanwhile stay."""
    return {"due_at": Least("due_at", Value(timezone.now())), "interactive": True, "trigger": "edit"}
