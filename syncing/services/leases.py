"""Who holds a connection. A lease with a fencing number, not a lock: its holder may die, and be taken over; whoever
lost it learns so before the next write."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from syncing.models import Schedule
from syncing.services import claiming
from syncing.services.nudging import nudge


def term() -> timedelta:
    """How long a lease lasts from its last renewal."""
    return timedelta(seconds=settings.SYNC_LEASE_SECONDS)


class LeaseLost(Exception):
    """Somebody else holds the connection now: stop, and write nothing more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """wanted_at: who had asked for a run when this one was given out; anything else there later is a new wish.
    kinds_due, trigger: as in Schedule."""

    connection_id: UUID
    token: int
    taken_at: datetime
    interactive: bool = False
    full: bool = False
    preview: bool = False
    wanted_at: datetime | None = None
    kinds_due: Mapping[str, str] = field(default_factory=dict)
    trigger: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What stands in the way, as in Schedule: failures in a row, the code of the last, and since when."""

    failures: int = 0
    code: str = ""
    since: datetime | None = None

    def columns(self) -> dict[str, object]:
        return {"failures": self.failures, "trouble": self.code, "failing_since": self.since}


NO_TROUBLE = Trouble()


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
        row.pk,
        row.lease_token,
        now,
        row.interactive,
        row.full,
        row.preview,
        row.wanted_at,
        kinds_due=row.kinds_due,
        trigger=row.trigger,
    )


def claim_due(
    provider: str,
    *,
    limit: int,
    interactive: bool | None = None,
    user_id: UUID | None = None,
    pushing: bool | None = None,
) -> list[Lease]:
    """Take up to `limit` due connections of one provider, people who wait first, then the longest overdue.

    interactive: only people who wait, or only those who do not. user_id: of this person only. pushing: only long pushes
    that go on, or only others. No connection is given to two claimers.
    """
    if limit <= 0:
        return []
    if interactive is None:
        waiting = claim_due(provider, limit=limit, interactive=True, user_id=user_id)
        return waiting + claim_due(provider, limit=limit - len(waiting), interactive=False, user_id=user_id)
    now = timezone.now()
    due = Schedule.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        # A lost message may be made good at once; what a worker died at is the sweep's business.
        Q(lease_until=None) | Q(lease_until__lt=now, begun_at=None),
        provider=provider,
        is_on=True,
        interactive=interactive,
        due_at__lte=now,
    )
    if user_id is not None:
        due = due.filter(user_id=user_id)
    if pushing is not None:
        due = due.filter(backlog__gt=0) if pushing else due.filter(backlog=0)
    taken = claiming.take(due.order_by("due_at")[:limit], until=now + term())
    return [_lease(row, now) for row in sorted(taken, key=lambda row: row.due_at)]


def claim_these(connection_ids: Collection[UUID]) -> list[Lease]:
    """As `claim`, for many in one statement; whoever is busy is left out."""
    now = timezone.now()
    free = Schedule.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), pk__in=connection_ids)
    return [_lease(row, now) for row in claiming.take(free, until=now + term(), begun_at=now)]


def give_back(leases: Collection[Lease]) -> None:
    """As they were, all in one statement: due as before, wishes of meanwhile included."""
    if leases:
        held = reduce(or_, (Q(pk=lease.connection_id, lease_token=lease.token) for lease in leases))
        Schedule.objects.filter(held).update(lease_until=None, begun_at=None)


def set_aside(lease: Lease, *, until: datetime) -> bool:
    """As it was, its wishes and its place among those that are due included, but not before then. False when the lease
    was lost already."""
    held = Schedule.objects.filter(pk=lease.connection_id, lease_token=lease.token, lease_until__isnull=False)
    return bool(held.update(lease_until=None, begun_at=None, deaths=0, not_before=until))


def note_backlog(lease: Lease, changes: int) -> None:
    """So many are left to be sent, however this run is going to end."""
    Schedule.objects.filter(pk=lease.connection_id, lease_token=lease.token).update(backlog=changes)


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
    trouble: Trouble = NO_TROUBLE,
    kinds_due: Mapping[str, str] | None = None,
    backlog: int | None = 0,
) -> bool:
    """Give the connection back with its next due time; False when the lease was lost already.

    Who asked for a run after this one began gets it, soon: due_at then stays as it was set by `scheduling`.
    kinds_due, backlog: None = as they were. However the run ended, its worker has survived it.
    """
    held = Schedule.objects.filter(pk=lease.connection_id, lease_token=lease.token, lease_until__isnull=False)
    changes: dict[str, object] = {
        "lease_until": None,
        "begun_at": None,
        "not_before": not_before,
        "deaths": 0,
        **trouble.columns(),
    }
    if kinds_due is not None:
        changes["kinds_due"] = kinds_due
    if backlog is not None:
        changes["backlog"] = backlog
    answered = {"due_at": due_at, "interactive": False, "trigger": "", "full": False, "preview": False}
    if held.filter(~_wanted_since(lease)).update(**changes, **answered):
        return True
    if not held.filter(_wanted_since(lease)).update(**changes):
        return False
    _nudge_for(lease.connection_id)
    return True


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
