"""When connections run. The schedule's rows are the truth; the queue is only a hint."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from integrations.models import Connection
from integrations.queries import connection_for_user
from integrations.services import pausing
from syncing.models import (
    Baseline,
    Change,
    ChangeState,
    Parked,
    Review,
    ReviewState,
    RunState,
    Schedule,
    SyncRun,
    Unmatched,
)
from syncing.services import leases, pacing
from syncing.services.nudging import nudge

if TYPE_CHECKING:
    from accounts.models import User

EDIT_DEBOUNCE = timedelta(seconds=1.5)
"""After the first edit: people often change several fields in a row."""
STOPPED = "The worker stopped; the next run starts afresh."
"""Of a run that did not come to its end, for the person."""


def request_sync(
    user: User, *, provider: str, full: bool = False, preview: bool = False, trigger: str = "person"
) -> None:
    """Sync as soon as a worker is free. Raises Connection.DoesNotExist.

    trigger "person" goes before everything periodic; "edit" waits a moment for more edits.
    """
    connection = connection_for_user(user, provider)
    now = timezone.now()
    waits = trigger == "person"
    values: dict[str, Any] = {"due_at": now if waits else now + EDIT_DEBOUNCE, "wanted_at": now, "not_before": None}
    # An edit carries a person's wish as well: it goes before the checks, though nobody looks on.
    values |= {"interactive": True, "trigger": trigger} if trigger in ("person", "edit") else {}
    values |= {"full": True} if full else {}
    # A sync that is asked for while a preview is made is no second preview.
    values |= {"preview": preview}
    Schedule.objects.filter(connection=connection, is_on=True).update(**values)
    if trigger != "command":
        nudge(user.pk, after=values["due_at"] - now)


def set_paused(user: User, *, provider: str, paused: bool) -> None:
    """Stop or resume without unlinking. Raises Connection.DoesNotExist; a connection that needs login stays so."""
    pausing.set_paused(connection_for_user(user, provider).pk, paused=paused)


def add_schedule(connection: Connection, *, fresh: bool) -> None:
    """A connection was linked: due at once. fresh: another account than before, so nothing is remembered."""
    with transaction.atomic():
        Schedule.objects.update_or_create(
            connection=connection,
            defaults={
                "user_id": connection.user_id,
                "provider": connection.provider,
                "due_at": timezone.now(),
                "wanted_at": timezone.now(),
                "interactive": True,
                "trigger": "person",
                "backlog": 0,
                "is_on": True,
                "not_before": None,
                "deaths": 0,
                **leases.NO_TROUBLE.columns(),
                # A run of the account before must not go on with this one's list.
                **({"lease_until": None, "begun_at": None} if fresh else {}),
            },
        )
        if fresh:
            forget(connection)
        Baseline.objects.get_or_create(connection=connection, defaults={"user_id": connection.user_id})
    nudge(connection.user_id)


def drop_schedule(connection: Connection) -> None:
    """A connection was unlinked: no more runs, and nothing remembered, since much may happen until it is back."""
    with transaction.atomic():
        Schedule.objects.filter(connection=connection).update(is_on=False, lease_until=None, begun_at=None)
        forget(connection)


def forget(connection: Connection) -> None:
    """What was seen, asked, answered, refused or still to be done of a list that may be another one next time. The
    journal stays. In the caller's transaction, which has taken the lease away."""
    abandon_open(connection.pk)
    message = "The account was unlinked before this was done."
    waiting = SyncRun.objects.filter(connection=connection, state__in=(RunState.QUEUED, RunState.PREVIEW))
    pending = (ChangeState.PLANNED, ChangeState.UNKNOWN)
    Change.objects.filter(connection=connection, state__in=pending).update(
        state=ChangeState.ABANDONED, settled_at=timezone.now(), message=message
    )
    waiting.update(state=RunState.ABANDONED, finished_at=timezone.now(), message=message)
    Review.objects.filter(connection=connection).exclude(state=ReviewState.EXPIRED).update(state=ReviewState.EXPIRED)
    Parked.objects.filter(connection=connection).delete()
    Unmatched.objects.filter(connection=connection).delete()
    Baseline.objects.filter(connection=connection).delete()
    Connection.objects.filter(pk=connection.pk).update(approved_at=None)


def look_again(connection_id: UUID) -> None:
    """Something was decided or changed: the next run must look at everything, and soon.

    The schedule's row first, as a run does it: a run that ends in this moment either sees the wish or ends before.
    """
    Schedule.objects.filter(pk=connection_id).update(
        due_at=timezone.now(), wanted_at=timezone.now(), interactive=True, trigger="person", not_before=None
    )
    Baseline.objects.filter(pk=connection_id).update(digest="")
    nudge()


def wake_others(user_id: UUID, *, but: UUID | None = None, after: timedelta = timedelta(0)) -> None:
    """The library changed: the person's other connections are behind it now, also one that a run holds: it may have
    read the library before. They go before the checks: what they carry is an edit, wherever it was made."""
    soon = timezone.now() + after
    late = models.Q(due_at__gt=soon) | models.Q(lease_until__isnull=False)
    rows = Schedule.objects.filter(
        late | models.Q(interactive=False), user_id=user_id, is_on=True, connection__automatic=True
    )
    wish = {"wanted_at": timezone.now(), "interactive": True, "trigger": "edit"}
    if rows.exclude(pk=but).update(due_at=soon, **wish):
        nudge(user_id, after=after)


def bring_forward(connection: Connection) -> None:
    """A shorter interval holds from now on, not when the longer one has run out; and none where it is only synced when
    the person asks."""
    due = pacing.next_due(connection)
    if not connection.automatic:
        Schedule.objects.filter(pk=connection.pk, interactive=False).update(due_at=due)
    Schedule.objects.filter(pk=connection.pk, due_at__gt=due).update(due_at=due)


def abandon_open(connection_id: UUID, *, but: int | None = None) -> None:
    """Close the books on runs that ended without closing them. What was being sent is unknown until it is read.

    but: the fencing number of the run that is at work now; its books stay open.
    """
    now = timezone.now()
    open_rows = Change.objects.filter(connection_id=connection_id)
    runs = SyncRun.objects.filter(connection_id=connection_id, state=RunState.RUNNING)
    if but is not None:
        open_rows = open_rows.exclude(run__state=RunState.RUNNING, run__lease_token=but)
        runs = runs.exclude(lease_token=but)
    open_rows.filter(state=ChangeState.SENDING).update(state=ChangeState.UNKNOWN, settled_at=now)
    # An undo was asked for once and is not forgotten: it looks at what is there and goes on.
    runs.filter(purpose="undo").update(state=RunState.QUEUED)
    stale = open_rows.filter(state=ChangeState.PLANNED).exclude(run__state__in=(RunState.PREVIEW, RunState.QUEUED))
    stale.update(state=ChangeState.ABANDONED, settled_at=now)
    runs.update(state=RunState.ABANDONED, finished_at=now, message=STOPPED)
