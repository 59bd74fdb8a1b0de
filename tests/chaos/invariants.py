"""What must hold after any storm, each told with what breaks it: docs/decisions/0022-chaos.md."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from django.db.models import F

from integrations.models import Connection, ConnectionState, Play, PlayState
from integrations.sandbox.server import Running
from syncing.models import Change, ChangeState, Parked, Review, ReviewState, RunState, Schedule, SyncRun
from tests.chaos.calm import sync_all, unsettled
from tests.chaos.downtime import Downtime
from tests.chaos.people import Person
from tests.e2e.four import ALL, KITSU, LISTS

MARGIN = 10.0
"""Seconds for a machine under load: processes that start, a tick that waits for them."""


def books_open() -> list[str]:
    """What stays open although nothing disturbs it: a look by schedule may be at work just now, and soon ends."""
    ends = time.monotonic() + MARGIN
    while (found := _books_open()) and time.monotonic() < ends:
        time.sleep(0.2)
    return found


def _books_open() -> list[str]:
    """No run is at work, nothing is planned or being sent, nobody holds a lease, nobody has to sign in again."""
    found = [f"run {run.pk} is {run.state}" for run in SyncRun.objects.filter(state__in=("running", "queued"))]
    states = (ChangeState.PLANNED, ChangeState.SENDING, ChangeState.UNKNOWN)
    found += [f"change {one.pk} on {one.side} is {one.state}" for one in Change.objects.filter(state__in=states)]
    held = Schedule.objects.exclude(lease_until=None, begun_at=None)
    found += [f"{row.provider} is held until {row.lease_until}, begun {row.begun_at}" for row in held]
    lost = Connection.objects.exclude(state=ConnectionState.ACTIVE)
    found += [f"{row} is {row.state}: {row.message}" for row in lost]
    found += [f"play {one.item} is in doubt" for one in Play.objects.filter(state=PlayState.DOUBTFUL)]
    found += [f"parked: {row} {row.message}" for row in Parked.objects.all()]
    asked = Review.objects.filter(state=ReviewState.OPEN)
    return found + [f"a person is asked: {row} {row.summary}" for row in asked]


def stuck(*, lease: float, sweep: float, overdue: float, down: Downtime) -> list[str]:
    """No lease stayed expired for longer than a tick, and no run was given up later than that after its end. What
    passed while nobody could have done it does not count."""
    found = []
    if overdue > sweep + MARGIN:
        found.append(f"a lease stayed expired for {overdue:.1f} s")
    longest = longest_abandoned(down)
    # A run renews its lease with each step, so it may live as long as the longest that ended was seen to live.
    most = longest_alive() + lease + sweep + MARGIN
    if longest > most:
        found.append(f"a run was given up only {longest:.1f} s after it had begun; {most:.1f} s are enough")
    return found


def longest_abandoned(down: Downtime) -> float:
    rows = SyncRun.objects.filter(state=RunState.ABANDONED, finished_at__isnull=False)
    return max(
        (down.up(row.started_at.timestamp(), row.finished_at.timestamp()) for row in rows if row.finished_at),
        default=0.0,
    )


def longest_alive() -> float:
    """Seconds; runs that were folded together have no end of their own."""
    rows = SyncRun.objects.exclude(state=RunState.ABANDONED).filter(checks=1, finished_at__isnull=False)
    spans = rows.annotate(span=F("finished_at") - F("started_at")).values_list("span", flat=True)
    return max((span.total_seconds() for span in spans), default=0.0)


def effects_without_intent(sandbox: Running, people: Sequence[Person]) -> list[str]:
    """No write took effect more often than the journal says it was sent. Plays are counted one by one (`said`)."""
    found = []
    for side in LISTS:
        writes = sandbox.control("GET", f"{side}/requests")["writes"]
        for person in people:
            rows = Change.objects.filter(user=person.user, side=side).exclude(state=ChangeState.SKIPPED)
            intents = Counter(f"{row.kind}:{row.remote_id}" for row in rows)
            for key, times in writes.get(person.accounts[side], {}).items():
                # Kitsu makes an entry before it fills in what cannot be given at once.
                most = intents[key] * (2 if side == KITSU else 1)
                if times > most:
                    found.append(f"{side} was written {times} times at {key} of {person.user}, intended {most}")
    return found


def moves_at_rest(sandbox: Running, people: Sequence[Person]) -> list[str]:
    """One more sync of everything, read whole, writes nothing, anywhere."""
    for side in ALL:
        sandbox.control("DELETE", f"{side}/requests")
    last = Change.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    sync_all(people, full=True)
    found = [
        f"{side} was written at rest: {requests['writes']}"
        for side in ALL
        if (requests := sandbox.control("GET", f"{side}/requests"))["written"]
    ]
    late = Change.objects.filter(pk__gt=last)
    found += [f"at rest {one.side} {one.title}: {one.before} → {one.after} ({one.state})" for one in late]
    return found + unsettled(sandbox, people)
