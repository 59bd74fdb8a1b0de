"""Finding what dead workers and lost messages left behind. Each look is bounded, and finds its rows by an index."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from integrations.models import Connection
from syncing.core import retry
from syncing.models import Change, ChangeState, RunState, Schedule, SyncRun
from syncing.services import outcomes, undoing
from syncing.services.endings import Ending
from syncing.services.leases import Trouble
from syncing.services.scheduling import abandon_open

log = logging.getLogger(__name__)

MOST = 2000
"""Leases, and runs, of one sweep."""
TURN_SECONDS = 30.0
"""As long as it takes to the next one."""
STEPS = 50
"""Connections with open changes that one sweep looks at, beyond those it knows something of."""
_CURSOR = "syncing.sweep.cursor"
LOST = (
    "Something on our side stops this sync before it is done. Nothing is lost; we look into it, and until then it is \
tried once a day."
)


def sweep() -> int:
    """Expired leases are taken back, and books are closed that nobody is at; how many connections were freed."""
    ends = monotonic() + TURN_SECONDS
    freed = 0
    late = Schedule.objects.filter(lease_until__lt=timezone.now()).order_by("lease_until")
    for row in list(late[:MOST]):
        if monotonic() > ends:
            return freed
        freed += _free(row) if row.begun_at is None else _count_death(row)
    close_stale_runs()
    close_stale_changes()
    return freed


def _still_expired(row: Schedule, now: datetime) -> Q:
    """Whoever took it over meanwhile must not find their own books closed."""
    return Q(pk=row.pk, lease_token=row.lease_token, lease_until__lt=now)


def _free(row: Schedule) -> bool:
    """It was waiting in the broker and its message was lost: due at once, and nobody's fault."""
    now = timezone.now()
    with transaction.atomic():
        taken = Schedule.objects.filter(_still_expired(row, now)).update(lease_until=None, begun_at=None, due_at=now)
        if taken:
            abandon_open(row.pk)
    return bool(taken)


def _count_death(row: Schedule) -> bool:
    """A worker died at it, perhaps because of it: a failure of ours, from which the waits grow."""
    with transaction.atomic():
        # The connection before the schedule, as everybody takes them.
        connection = Connection.objects.select_for_update(of=("self",), no_key=True).filter(pk=row.pk).first()
        if connection is None:
            return False
        now, deaths = timezone.now(), row.deaths + 1
        is_last = deaths >= retry.DEATHS
        ending = Ending("worker_lost", LOST)
        trouble = outcomes.add_failure(Trouble(row.failures, row.trouble, row.failing_since), ending.code, now)
        again = outcomes.next_try(ending, trouble, now, resting=is_last)
        taken = Schedule.objects.filter(_still_expired(row, now)).update(
            lease_until=None, begun_at=None, due_at=again, not_before=again, deaths=deaths, **trouble.columns()
        )
        if not taken:
            return False
        abandon_open(row.pk)
        log.warning("a worker was lost at connection %s, %d in a row", row.pk, deaths)
        if is_last:
            _give_up(connection, row, ending=ending)
    return True


def _give_up(connection: Connection, row: Schedule, *, ending: Ending) -> None:
    """The run is failed, for everybody to see; the connection is tried once a day from now on."""
    log.error("connection %s has lost %d workers in a row; it is tried once a day", row.pk, retry.DEATHS)
    undoing.give_up(connection, code=ending.code)
    run = SyncRun.objects.filter(connection=connection, lease_token=row.lease_token, purpose="sync").first()
    if run is None:
        run = SyncRun(
            user_id=connection.user_id,
            connection=connection,
            provider=connection.provider,
            lease_token=row.lease_token,
            started_at=row.begun_at or timezone.now(),
        )
    outcomes.close(run, state=ending.state, code=ending.code, message=ending.message)
    outcomes.tell_connection(connection, ending)


def close_stale_runs() -> int:
    """Runs that still say they are at work, while nobody holds their connection or somebody else does."""
    held = Q(connection__schedule__lease_until__isnull=False, connection__schedule__lease_token=F("lease_token"))
    stale = SyncRun.objects.filter(state=RunState.RUNNING).exclude(held).order_by("started_at")
    ids = dict.fromkeys(stale.values_list("connection_id", flat=True)[:MOST])
    return sum(_close_books(connection_id) for connection_id in ids)


def close_stale_changes() -> int:
    """Changes that wait for a run which has ended. A walk over all connections with open changes, a few at a time and
    round and round: there are none by design, so nobody needs to find them soon."""
    closed = 0
    at: UUID | None = cache.get(_CURSOR)
    for _ in range(STEPS):
        at = _next_open(at)
        if at is None:
            break
        closed += _close_books(at)
    cache.set(_CURSOR, at, timeout=int(timedelta(days=1).total_seconds()))
    return closed


def _next_open(after: UUID | None) -> UUID | None:
    """By `change_open`, one step down the index."""
    rows = Change.objects.filter(state__in=(ChangeState.PLANNED, ChangeState.SENDING), connection_id__isnull=False)
    if after is not None:
        rows = rows.filter(connection_id__gt=after)
    return rows.order_by("connection_id").values_list("connection_id", flat=True).first()


def _close_books(connection_id: UUID) -> bool:
    """All that is open but does not belong to the run that holds the connection, if there is one."""
    with transaction.atomic():
        row = Schedule.objects.select_for_update(of=("self",)).filter(pk=connection_id).first()
        holder = row.lease_token if row is not None and row.lease_until is not None else None
        if not _has_stale(connection_id, holder):
            return False
        abandon_open(connection_id, but=holder)
    log.info("books of connection %s were open, and nobody was at them", connection_id)
    return True


def _has_stale(connection_id: UUID, holder: int | None) -> bool:
    at_work = Q(run__state=RunState.RUNNING, run__lease_token=holder) if holder is not None else Q(pk__in=())
    shown = Q(run__state__in=(RunState.PREVIEW, RunState.QUEUED), state=ChangeState.PLANNED)
    changes = Change.objects.filter(
        connection_id=connection_id, state__in=(ChangeState.PLANNED, ChangeState.SENDING)
    ).exclude(at_work | shown)
    runs = SyncRun.objects.filter(connection_id=connection_id, state=RunState.RUNNING).exclude(lease_token=holder or -1)
    return runs.exists() or changes.exists()
