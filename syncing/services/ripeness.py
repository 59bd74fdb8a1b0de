"""Which connections a batched probe may answer for: those whose run would only look, and find nothing to do here."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.core.cache import cache
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from integrations.models import ConnectionState
from syncing.models import Schedule
from syncing.services import marks
from syncing.services.fetching import COMPLETE_AT_LEAST_EVERY
from syncing.services.outcomes import STAYS

IMMINENT = timedelta(seconds=90)
"""Longer than a tick, so that nobody's own run begins before they were looked at once."""
HORIZON = timedelta(minutes=15)
"""How far ahead others are taken along when somebody is due: at most a quarter of their wait."""
OPEN_WISH = timedelta(minutes=1)
"""A due time so soon after a wish was set by the wish; a run that answered it is due by the interval again."""
LATE = timedelta(minutes=15)
"""Whose own run is so late for their daily whole read is looked at from outside meanwhile: the house is busy."""
LONGEST_UNREAD = timedelta(days=7)
"""But not for ever: some things show in a whole read only."""
CHUNK = 500
MOST_CHUNKS = 200
"""So many times CHUNK connections are looked through in one turn; the next turn goes on behind them."""


_Place = tuple[datetime, UUID]
"""In the order of the schedule: due time and connection."""


class Near(NamedTuple):
    """due_at: when their own run would be; since: their last check."""

    pk: UUID
    due_at: datetime
    since: datetime | None


def ripe(provider: str, *, size: int, most: int) -> list[UUID]:
    """Who to look at now, in batches of `size` and at most `most`, the longest due first; nobody while nobody is due.

    Those who must run themselves may be many and long overdue: they are passed over, and cost at most MOST_CHUNKS
    statements a turn.
    """
    now = timezone.now()
    found: list[UUID] = []
    due = 0
    for near in _near(provider, now):
        is_due = near.due_at - now <= IMMINENT
        # The last batch costs the same when it is full.
        wanted = most if is_due else min(most, -(-due // size) * size)
        if len(found) >= wanted:
            break
        if is_due or near.due_at - now <= _ahead(near):
            found.append(near.pk)
            due += is_due
    return found


def still_ripe(provider: str, ids: Collection[UUID]) -> list[Schedule]:
    """Of those that were just claimed, the ones that may be answered for; with connection, person and baseline."""
    now = timezone.now()
    rows = _rows(provider, now).filter(pk__in=ids, due_at__lte=now + HORIZON)
    return list(rows.select_related("connection__user", "connection__baseline").defer("connection__baseline__data"))


def _near(provider: str, now: datetime) -> Iterator[Near]:
    """The ripe ones in order of their due time, a chunk of the schedule at a time, from where the last turn stopped."""
    place = f"syncing.ripe:{provider}"
    last: _Place | None = cache.get(place)
    for _ in range(MOST_CHUNKS):
        chunk = _chunk(provider, now, last)
        rows = _rows(provider, now).filter(pk__in=[pk for _, pk in chunk]).order_by("due_at", "pk")
        for row in rows.values_list("pk", "due_at", "connection__last_synced_at"):
            yield Near(*row)
        if len(chunk) < CHUNK:
            cache.delete(place)
            return
        last = chunk[-1]
    cache.set(place, last)


def _chunk(provider: str, now: datetime, last: _Place | None) -> list[_Place]:
    """By the index alone: joined with their lists the planner may sort all that are due."""
    near = Schedule.objects.filter(
        provider=provider, is_on=True, interactive=False, due_at__lte=now + HORIZON, lease_until=None
    )
    if last is not None:
        due_at, pk = last
        near = near.filter(Q(due_at__gt=due_at) | Q(pk__gt=pk), due_at__gte=due_at)
    return list(near.order_by("due_at", "pk").values_list("due_at", "pk")[:CHUNK])


def _rows(provider: str, now: datetime) -> QuerySet[Schedule]:
    """Nobody is waiting for them, nothing went wrong lately, nothing is to be written, the whole read is fresh."""
    return Schedule.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        Q(wanted_at=None) | Q(due_at__gt=F("wanted_at") + OPEN_WISH),
        # Nobody's token is used here, so a dead one would go unnoticed.
        Q(connection__token_expires_at=None) | Q(connection__token_expires_at__gt=now),
        Q(connection__baseline__complete_at__gt=now - COMPLETE_AT_LEAST_EVERY)
        | Q(connection__baseline__complete_at__gt=now - LONGEST_UNREAD, due_at__lt=now - LATE),
        Q(user__library__revision=F("connection__baseline__library_revision"))
        | Q(user__library=None, connection__baseline__library_revision=0),
        marks.askable("connection__baseline__probe_mark", now),
        provider=provider,
        is_on=True,
        interactive=False,
        full=False,
        preview=False,
        failures=0,
        connection__state=ConnectionState.ACTIVE,
        connection__user__is_active=True,
        connection__message_code__in=("", STAYS),
        connection__baseline__digest__gt="",
    )


def _ahead(near: Near) -> timedelta:
    """How long before its time one may be looked at: three quarters of its wait are over."""
    wait = timedelta(0) if near.since is None else (near.due_at - near.since) / 4
    return max(IMMINENT, min(HORIZON, wait))
