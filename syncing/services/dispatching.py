"""Handing out what is due: claimed in the database, then published to the providers' queues.

No more is handed out than the next minute's budget looks after: what waits in the broker is soon done, and whatever
comes meanwhile, an edit or a person who waits, does not stand behind hours of work.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone

from integrations.providers import registry
from integrations.services.budgets import checks_of_next_minute
from syncing.models import Schedule
from syncing.services import leases
from syncing.services.leases import Lease
from syncing.services.nudging import send


@dataclass(frozen=True, slots=True)
class Room:
    """How many more connections of a provider may be handed out; negative when more are out than that."""

    people: int
    checks: int


def start_due(user_id: UUID | None = None) -> int:
    """Claim what is due, of one person or of everybody; returns how many were handed out. Two at once do no harm."""
    started = 0
    for slug in _slugs_due(user_id):
        claimed = _claim(slug, user_id)
        for at, lease in enumerate(claimed):
            queue = "interactive" if lease.interactive else slug
            if not send("syncing.sync_connection", [str(lease.connection_id), lease.token], queue=queue):
                # Given back as they were: the rows are still due.
                for unsent in claimed[at:]:
                    Schedule.objects.filter(pk=unsent.connection_id, lease_token=unsent.token).update(lease_until=None)
                return started
            started += 1
    return started


def room_of(slug: str) -> Room:
    """The budget of the next minute, less what is claimed already: it waits in the broker or is at work.

    People who wait and checks by schedule each have their own part, as the limiter grants it: neither starves the
    other.
    """
    provider = registry.get(slug)
    out = Schedule.objects.filter(provider=slug, lease_until__gte=timezone.now()).aggregate(
        people=Count("pk", filter=Q(interactive=True)), checks=Count("pk", filter=Q(interactive=False))
    )
    return Room(
        people=checks_of_next_minute(provider, klass="interactive") - out["people"],
        checks=checks_of_next_minute(provider, klass="checks") - out["checks"],
    )


def _slugs_due(user_id: UUID | None) -> list[str]:
    due = Schedule.objects.filter(is_on=True, due_at__lte=timezone.now())
    if user_id is not None:
        due = due.filter(user_id=user_id)
    slugs = set(due.order_by().values_list("provider", flat=True).distinct())
    return [slug for slug in registry.slugs() if slug in slugs]


def _claim(slug: str, user_id: UUID | None) -> list[Lease]:
    """People who wait also get what no check takes."""
    room = room_of(slug)
    checks = leases.claim_due(slug, limit=room.checks, interactive=False, user_id=user_id)
    left = max(room.checks, 0) - len(checks)
    return [*leases.claim_due(slug, limit=room.people + left, interactive=True, user_id=user_id), *checks]
