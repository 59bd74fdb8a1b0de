"""Doing an undo under the connection's lease: the library first, then the service, as it is now."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from integrations.http import Session
from integrations.models import Connection
from integrations.providers.base import Provider
from library.queries import rows_of
from library.services.storing import Stored, lock_library, store_entries
from syncing.core.model import Action
from syncing.models import Baseline, ChangeState, RunState, SyncRun
from syncing.services import applying, leases, pacing, scheduling, undo_library, undo_planning, undoing
from syncing.services.baselines import Ledger, pack, unpack
from syncing.services.desk import Desk
from syncing.services.journal import LIBRARY
from syncing.services.leases import Lease


def perform_undo(run: SyncRun, connection: Connection, lease: Lease, *, session: Session, provider: Provider) -> None:
    """Raises LeaseLost and ProviderError; then the run stays queued and is done again from what is there."""
    SyncRun.objects.filter(pk=run.pk).update(state=RunState.RUNNING, lease_token=lease.token)
    baseline = Baseline.objects.get(pk=connection.pk)
    ledger = unpack(bytes(baseline.data))
    with transaction.atomic():
        lock_library(connection.user_id)
        leases.renew(lease)
        rows = undoing.library_rows(run)
        undo_library.undo_in_library(connection.user_id, rows, ledger)
        _save(baseline, ledger)
    rows = undoing.side_rows(run)
    desk = None
    try:
        if rows:
            desk = undo_planning.prepare_undo(
                run, connection, lease, session=session, provider=provider, baseline=baseline, rows=rows
            )
            applying.apply_side(desk)
    except Exception:
        SyncRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED)
        raise
    if desk is not None and desk.unfinished and undoing.side_rows(run):
        _pause(run, lease, desk=desk)
    else:
        _finish(run, connection, lease, desk=desk)


def _save(baseline: Baseline, ledger: Ledger) -> None:
    Baseline.objects.filter(pk=baseline.pk).update(data=pack(ledger), tracks=len(ledger.tracks), digest="")
    baseline.data = pack(ledger)


def _pause(run: SyncRun, lease: Lease, *, desk: Desk) -> None:
    """This turn is over and something is left: others wait for the queue too."""
    with transaction.atomic():
        leases.renew(lease)
        desk.save_ledger()
        SyncRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED)
        leases.let_go(lease, due_at=timezone.now())
    run.refresh_from_db()


def _finish(run: SyncRun, connection: Connection, lease: Lease, *, desk: Desk | None) -> None:
    """The figures come from the journal: an earlier try may have done a part."""
    with transaction.atomic():
        lock_library(connection.user_id)
        leases.renew(lease)
        if desk is not None:
            desk.save_ledger()
        done = run.changes.filter(state=ChangeState.APPLIED)
        library_changes = done.filter(side=LIBRARY).count() + _return_to_library(connection, run)
        SyncRun.objects.filter(pk=run.pk).update(
            state=RunState.DONE,
            finished_at=timezone.now(),
            library_changes=library_changes,
            writes=done.exclude(side=LIBRARY).count(),
            failed=run.changes.filter(state=ChangeState.FAILED).count(),
        )
        leases.let_go(lease, due_at=pacing.next_due(connection))
    run.refresh_from_db()
    if library_changes:
        scheduling.wake_others(connection.user_id, but=connection.pk)


def _return_to_library(connection: Connection, run: SyncRun) -> int:
    """An entry that was put back on a service after the library had let it go comes back to the library too, or the
    next run would remove it again."""
    created = run.changes.filter(state=ChangeState.APPLIED, action=Action.CREATE).exclude(side=LIBRARY)
    media = set(created.values_list("media_id", flat=True))
    library = rows_of(connection.user_id) if media else {}
    rows = [library[media_id] for media_id in media if media_id in library]
    back = {row.media_id: Stored(row.entry, row.stamps) for row in rows if row.removed}
    if back:
        store_entries(connection.user_id, back, source="undo")
    return len(back)
