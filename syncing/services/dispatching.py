"""Handing out what is due: claimed in the database, then published to the providers' queues.

No more is handed out than the next minute's budget looks after: what waits in the broker is soon done, and whatever
comes meanwhile, an edit or a person who waits, does not stand behind hours of work.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from integrations.providers import registry
from integrations.services.budgets import checks_of_next_minute, requests_of_next_minute
from integrations.services.outages import Door, door_of
from syncing.models import Schedule
from syncing.services import leases
from syncing.services.leases import Lease
from syncing.services.nudging import send

IN_LINE = 0.5
"""Of the next minute's checks so many may be out at a time. At the whole rate they come to their turn within 15 s, for
which their workers wait (`sessions.PATIENCE`): the next tick brings more, and nobody is sent away to come again."""


FEWEST_SEATS, MOST_SEATS = 2, 6
"""While one reads its list the other writes; and some threads of a service's worker stay for everybody else."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many more connections of a provider may be handed out; negative when more are out than that. lane: of the
    people, by the queue `interactive`; more go by the provider's own. pushes: long pushes that go on. is_trial: the
    service was away, and one in all, `people`, may see whether it is back."""

    people: int
    checks: int
    pushes: int = field(default=0, compare=False)
    lane: int = field(default=0, compare=False)
    is_trial: bool = False


def start_due(user_id: UUID | None = None) -> int:
    """Claim what is due, of one person or of everybody; returns how many were handed out. Two at once do no harm."""
    started = 0
    for slug in _slugs(user_id):
        claimed = _claim(slug, user_id)
        for at, (queue, lease) in enumerate(claimed):
            if not send("syncing.sync_connection", [str(lease.connection_id), lease.token], queue=queue):
                leases.give_back([unsent for _, unsent in claimed[at:]])
                return started
            started += 1
    return started


def room_of(slug: str) -> Room:
    """The budget of the next minute, less what is claimed already: it waits in the broker or is at work.

    People who wait and checks by schedule each have their own part, as the limiter grants it, and long pushes their
    seats: none starves the others. While a service is away nothing is begun.
    """
    provider, door = registry.get(slug), door_of(slug)
    if door is Door.SHUT:
        return Room(people=0, checks=0)
    out = Schedule.objects.filter(provider=slug, lease_until__gte=timezone.now()).aggregate(
        people=Count("pk", filter=Q(interactive=True)),
        checks=Count("pk", filter=Q(interactive=False, backlog=0)),
        pushes=Count("pk", filter=Q(interactive=False, backlog__gt=0)),
    )
    if door is Door.AJAR:
        return Room(people=1 - sum(out.values()), checks=0, lane=1, is_trial=True)
    checks = checks_of_next_minute(provider, klass="checks")
    return Room(
        people=checks_of_next_minute(provider, klass="interactive") - out["people"],
        checks=max(int(checks * IN_LINE), min(checks, 1)) - out["checks"],
        pushes=_seats(requests_of_next_minute(provider)) - out["pushes"],
        lane=settings.SYNC_INTERACTIVE_SHARE - out["people"],
    )


def _seats(requests: float) -> int:
    """For long pushes. One writes about once a second: so many use up the budget, and more of them would only read
    their lists again and again between fewer writes."""
    return min(max(math.ceil(requests / 60), FEWEST_SEATS), MOST_SEATS) if requests else 0


def _slugs(user_id: UUID | None) -> list[str]:
    """Where there may be something to claim. For everybody that is all services: a claim that finds nothing costs one
    step down the index, and whether a million rows have one that is due no planner knows beforehand."""
    if user_id is None:
        return list(registry.slugs())
    due = Schedule.objects.filter(user_id=user_id, is_on=True, due_at__lte=timezone.now())
    slugs = set(due.values_list("provider", flat=True))
    return [slug for slug in registry.slugs() if slug in slugs]


def _claim(slug: str, user_id: UUID | None) -> list[tuple[str, Lease]]:
    """(queue, lease). People who wait also get what no check takes. A service that hangs keeps its lane of the workers
    for people, and none of the others' lanes."""
    room = room_of(slug)
    if room.is_trial:
        trial = leases.claim_due(slug, limit=room.people, user_id=user_id)
        return [("interactive" if lease.interactive else slug, lease) for lease in trial]
    checks = leases.claim_due(slug, limit=room.checks, interactive=False, user_id=user_id, pushing=False)
    pushes = leases.claim_due(slug, limit=room.pushes, interactive=False, user_id=user_id, pushing=True)
    left = max(room.checks, 0) - len(checks)
    people = leases.claim_due(slug, limit=room.people + left, interactive=True, user_id=user_id)
    lane = max(room.lane, 0)
    rest = (*people[lane:], *checks, *pushes)
    return [("interactive", lease) for lease in people[:lane]] + [(slug, lease) for lease in rest]
