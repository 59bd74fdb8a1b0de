"""Who holds a connection. A lease with a fencing number, not a lock: its holder may die, and be taken over; whoever
lost it learns so before the next write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from syncing.models import Schedule
from syncing.services.nudging import nudge


def term() -> timedelta:
    """How long a lease lasts from its last renewal."""
    return timedelta(seconds=settings.SYNC_LEASE_SECONDS)


class LeaseLost(Exception):
    """Somebody else holds the connection now: stop, and write nothing more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """wanted_at: who had asked for a run when this one was given out; anything else there later is a new wish.
    kinds_due: as in Schedule."""

    connection_id: UUID
    token: int
    taken_at: datetime
    interactive: bool = False
    full: bool = False
    preview: bool = False
    wanted_at: datetime | None = None
    kinds_due: Mapping[str, str] = field(default_factory=dict)


def claim(connection_id: UUID) -> Lease | None:
    """Take one connection at once, due or not; None when somebody holds it."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    taken = Schedule.objects.filter(free, pk=connection_id).update(
        lease_token=F("lease_token") + 1, lease_until=now + term(), begun_at=now
    )
    if not taken:
        return None
    return _lease(Schedule.objects.get(pk=connection_id), now)


def _lease(row: Schedule, now: datetime) -> Lease:
    return Lease(
        row.pk, row.lease_token, now, row.interactive, row.full, row.preview, row.wanted_at, kinds_due=row.kinds_due
    )


def claim_due(
    provider: str, *, limit: int, interactive: bool | None = None, user_id: UUID | None = None
) -> list[Lease]:
    """Take up to `limit` due connections of one provider, people who wait first, then the longest overdue.

    interactive: only people who wait, or only those who do not. user_id: of this person only.

    No connection is given to two claimers: rows locked by another are skipped where the database can do that, and on
    SQLite the whole claim is one immediate transaction.
    """
    if limit <= 0:
        return []
    now = timezone.now()
    due = Schedule.objects.filter(provider=provider, is_on=True, due_at__lte=now).filter(
        Q(not_before=None) | Q(not_before__lte=now), Q(lease_until=None) | Q(lease_until__lt=now)
    )
    if interactive is not None:
        due = due.filter(interactive=interactive)
    if user_id is not None:
        due = due.filter(user_id=user_id)
    with transaction.atomic():
        if database.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        rows = list(due.order_by("-interactive", "due_at")[:limit])
        Schedule.objects.filter(pk__in=[row.pk for row in rows]).update(
            lease_token=F("lease_token") + 1, lease_until=now + term(), begun_at=None
        )
    return [replace(_lease(row, now), token=row.lease_token + 1) for row in rows]


def renew(lease: Lease) -> None:
    """Hold on for another term. Raises LeaseLost. Called in the transaction that precedes each write."""
    held = Schedule.objects.filter(pk=lease.connection_id, lease_token=lease.token, lease_until__isnull=False)
    if not held.update(lease_until=timezone.now() + term()):
        raise LeaseLost(f"connection {lease.connection_id}")


def take_up(connection_id: UUID, token: int) -> Lease | None:
    """Begin what was claimed for us by `claim_due`; None when it was taken over, finished or begun meanwhile.

    The number grows once more, since a broker may deliver one message twice: two runs never hold the same.
    """
    now = timezone.now()
    held = Schedule.objects.filter(pk=connection_id, lease_token=token, lease_until__isnull=False)
    if not held.update(lease_token=token + 1, lease_until=now + term(), begun_at=now):
        return None
    row = Schedule.objects.filter(pk=connection_id, lease_token=token + 1).first()
    return None if row is None else _lease(row, now)


def let_go(
    lease: Lease,
    *,
    due_at: datetime,
    not_before: datetime | None = None,
    failures: int = 0,
    kinds_due: Mapping[str, str] | None = None,
) -> bool:
    """Give the connection back with its next due time; False when the lease was lost already.

    Who asked for a run after this one began gets it, soon: due_at then stays as it was set by `scheduling`.
    kinds_due: None = as they were.
    """
    held = Schedule.objects.filter(pk=lease.connection_id, lease_token=lease.token, lease_until__isnull=False)
    changes: dict[str, object] = {
        "lease_until": None,
        "begun_at": None,
        "not_before": not_before,
        "failures": failures,
    }
    if kinds_due is not None:
        changes["kinds_due"] = kinds_due
    if held.filter(_wanted_since(lease)).update(**changes):
        _nudge_for(lease.connection_id)
        return True
    return bool(held.update(**changes, due_at=due_at, interactive=False, full=False, preview=False))


def _nudge_for(connection_id: UUID) -> None:
    """The message that came with the wish found the connection held, and is used up."""
    row = Schedule.objects.only("user_id", "due_at").get(pk=connection_id)
    nudge(row.user_id, after=row.due_at - timezone.now())


def is_wanted(lease: Lease) -> bool:
    """True when somebody asked for another run since this one was given out. After `renew`, in its transaction, the
    answer stays true until the commit: who asks must first get the row."""
    return Schedule.objects.filter(_wanted_since(lease), pk=lease.connection_id).exists()


def _wanted_since(lease: Lease) -> Q:
    # Told by the value, not by comparing two machines' clocks.
    if lease.wanted_at is None:
        return Q(wanted_at__isnull=False)
    return Q(wanted_at__isnull=False) & ~Q(wanted_at=lease.wanted_at)


def expired() -> Iterable[UUID]:
    """Connections whose holder died."""
    return Schedule.objects.filter(lease_until__lt=timezone.now()).values_list("pk", flat=True)
