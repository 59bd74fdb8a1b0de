"""Taking back a change or a whole run: asked for here, done by a worker under the connection's lease.

Undo works where the change happened. A value taken into the library is put back there and travels on from there to the
other services, but not back to the one it came from; a value written to a service is put back on that service.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.models import Connection, ConnectionState
from syncing.models import Change, ChangeState, RunState, SyncRun
from syncing.services import importing_undo, scheduling, undo_library
from syncing.services.journal import LIBRARY
from syncing.services.undo_library import CannotUndo

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.models import User


GIVEN_UP = "Something went wrong on our side, again and again. What is not undone stays as it is; we look into it."


def undo_change(user: User, *, change_id: int) -> SyncRun | None:
    """Take one change back. Returns the run that will do it; None when it is done already (a person's own edit).

    Raises Change.DoesNotExist for another person's, CannotUndo.
    """
    change = Change.objects.select_related("run", "connection").get(user=user, pk=change_id)
    if change.connection is None:
        undo_library.undo_own_edit(user, change)
        return None
    return _queue(change.connection, [change], undoes=change.run)


def undo_run(user: User, *, run_id: UUID) -> SyncRun:
    """Take back all that a run did and nobody touched since; of an import at once, else as soon as a worker is free.

    Raises SyncRun.DoesNotExist, CannotUndo.
    """
    run = SyncRun.objects.select_related("connection").get(user=user, pk=run_id)
    if run.state == RunState.RUNNING:
        raise CannotUndo("This run is still at work. Try again when it has ended.")
    if run.connection is None:
        return importing_undo.undo_without_connection(user, run)
    return _queue(run.connection, list(run.changes.all()), undoes=run)


def _queue(connection: Connection, changes: Sequence[Change], *, undoes: SyncRun | None) -> SyncRun:
    if connection.state != ConnectionState.ACTIVE:
        raise CannotUndo("The service must be connected and not paused to undo this.")
    with transaction.atomic():
        Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        done = [change for change in changes if change.state == ChangeState.APPLIED]
        taken = Change.objects.filter(undoes__in=done).exclude(
            state__in=(ChangeState.ABANDONED, ChangeState.FAILED, ChangeState.SKIPPED, ChangeState.UNKNOWN)
        )
        already = set(taken.values_list("undoes_id", flat=True))
        todo = [change for change in done if change.pk not in already]
        if not todo:
            raise CannotUndo("There is nothing left to undo here.")
        run = SyncRun.objects.create(
            user_id=connection.user_id,
            connection=connection,
            provider=connection.provider,
            purpose="undo",
            trigger="person",
            state=RunState.QUEUED,
            undoes=undoes,
        )
        # The latest first: what was done last is taken back first.
        Change.objects.bulk_create(
            [undo_library.opposite_of(run, change) for change in sorted(todo, key=lambda row: -row.pk)]
        )
        scheduling.request_sync(connection.user, provider=connection.provider)
    return run


def queued_for(connection: Connection) -> SyncRun | None:
    """The oldest undo that waits for its turn. One that a dead worker left half done waits again: it looks at what
    is there before it does anything, so that doing it again is safe."""
    waiting = Q(state=RunState.QUEUED) | Q(state=RunState.RUNNING)
    return SyncRun.objects.filter(waiting, connection=connection, purpose="undo").order_by("started_at").first()


def give_up(connection: Connection, *, code: str) -> None:
    """Fail the undo that every run begins with: our own code does not get through it, and nothing else would ever be
    done. In the caller's transaction. What it did stays done; the rest may be asked for again."""
    run = queued_for(connection)
    if run is None:
        return
    now = timezone.now()
    rows = Change.objects.filter(run=run)
    rows.filter(state=ChangeState.SENDING).update(state=ChangeState.UNKNOWN, settled_at=now)
    rows.filter(state=ChangeState.PLANNED).update(state=ChangeState.ABANDONED, settled_at=now)
    failed = rows.exclude(state=ChangeState.APPLIED).count()
    SyncRun.objects.filter(pk=run.pk).update(
        state=RunState.FAILED, error_code=code, finished_at=now, message=GIVEN_UP, failed=failed
    )


def library_rows(run: SyncRun) -> list[Change]:
    return [row for row in _rows(run) if row.side == LIBRARY]


def side_rows(run: SyncRun) -> list[Change]:
    return [row for row in _rows(run) if row.side != LIBRARY]


def _rows(run: SyncRun) -> list[Change]:
    states = (ChangeState.PLANNED, ChangeState.SENDING, ChangeState.UNKNOWN)
    return list(run.changes.filter(state__in=states).select_related("undoes").order_by("pk"))


__all__ = ["CannotUndo", "library_rows", "queued_for", "side_rows", "undo_change", "undo_run"]
