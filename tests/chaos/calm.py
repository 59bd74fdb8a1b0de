"""The storm is over. Everything has to come to rest, within a few terms."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from integrations.sandbox.server import Running
from syncing.models import Change, Schedule
from syncing.services import scheduling
from tests.chaos.people import Person, look
from tests.chaos.said import differences
from tests.e2e.four import ALL

ROUNDS = 8
PATIENCE = 60.0
"""Seconds that one round of syncs may take."""


class Restless(AssertionError):
    """Something is still at work, or is not done, though nothing disturbs it."""


def come_to_rest(sandbox: Running, people: Sequence[Person]) -> float:
    """Ask for syncs until all sides show what was said; returns the seconds that took. Raises Restless."""
    began = time.monotonic()
    left: list[str] = []
    for _ in range(ROUNDS):
        let_hour_pass()
        sync_all(people)
        left = unsettled(sandbox, people)
        if not left:
            return time.monotonic() - began
        time.sleep(1.0)
    raise Restless("\n".join(left))


def sync_all(people: Sequence[Person], *, full: bool = False) -> None:
    """Everybody asks for all their syncs, and waits for their end. Raises Restless."""
    for person in people:
        for side in ALL:
            scheduling.request_sync(person.user, provider=side, full=full)
    ends = time.monotonic() + PATIENCE
    while True:
        now = timezone.now()
        due = Q(interactive=True) | Q(lease_until__isnull=False) | Q(due_at__lte=now)
        waiting = Schedule.objects.filter(due)
        if not waiting.exists():
            return
        if time.monotonic() > ends:
            rows = waiting.values(
                "provider", "user_id", "interactive", "due_at", "not_before", "lease_until", "begun_at"
            )
            raise Restless(f"after {PATIENCE:.0f} s some still wait:\n" + "\n".join(map(str, rows)))
        time.sleep(0.1)


def let_hour_pass() -> None:
    """As far as the bench is concerned: an entry that was written three times within an hour waits for the next one."""
    Change.objects.exclude(settled_at=None).update(settled_at=F("settled_at") - timedelta(hours=2))


def unsettled(sandbox: Running, people: Sequence[Person]) -> list[str]:
    """Where a side is not what was said, or a change is still open."""
    found = []
    for person in people:
        sides = look(sandbox, person)
        for title in person.titles.values():
            found += [f"{person.user.email}: {one}" for one in differences(title, sides)]
        unknown = {work for entries in sides.shown.values() for work in entries} - set(person.titles)
        found += [f"{person.user.email}: nobody ever spoke of {work}" for work in sorted(unknown)]
    open_changes = Change.objects.filter(state__in=("planned", "sending", "unknown"))
    return found + [f"{one.side}: {one.title} is still {one.state}" for one in open_changes]
