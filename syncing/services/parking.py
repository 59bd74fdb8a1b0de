"""Entries on which something failed: set aside with the reason, so that one bad item never blocks a list.

A service refused it, its answer was lost or made no sense, or our own code fails on it: each has its own patience
(`syncing.core.retry.ENTRIES`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
from django.utils import timezone

from integrations.errors import Gone, ProviderError
from integrations.models import Connection
from library.entry import Kind, to_json
from syncing.core.model import Action
from syncing.core.plan import Item, Key, Plan
from syncing.core.retry import Cause, wait_of_entry
from syncing.models import Parked

UNAVAILABLE = "Unavailable: "
"""Begins the message of what the service does not have (any more)."""
SURE = 2
"""Failures after which what answers are lost to is the entry and not the moment."""


def words_of(error: ProviderError) -> str:
    """What is kept of a refusal, for the person."""
    return f"{UNAVAILABLE}{error.message}" if isinstance(error, Gone) else error.message


def park(connection: Connection, item: Item, *, message: str, cause: Cause = Cause.REFUSED) -> None:
    """Count one more failure of this wish; another wish, or another cause, starts at one."""
    wanted = wanted_digest(item, cause)
    row, created = Parked.objects.get_or_create(
        connection=connection,
        kind=item.track.kind,
        remote_id=item.track.remote_id,
        defaults={
            "user_id": connection.user_id,
            "wanted": wanted,
            "cause": cause,
            "failures": 1,
            "message": message[:500],
        },
    )
    if created:
        return
    failures = row.failures + 1 if (row.wanted, row.cause) == (wanted, cause) else 1
    Parked.objects.filter(pk=row.pk).update(
        wanted=wanted, cause=cause, failures=failures, message=message[:500], last_failed_at=timezone.now()
    )


def next_try(connection: Connection, items: Iterable[Item]) -> datetime | None:
    """When the first of these set-aside items is to be tried again; None when each has been tried often enough."""
    keys = {item.key for item in items}
    rows = [row for row in Parked.objects.filter(connection=connection) if (Kind(row.kind), row.remote_id) in keys]
    return min((at for row in rows if (at := _due_at(row)) is not None), default=None)


def _due_at(row: Parked) -> datetime | None:
    seconds = wait_of_entry(Cause(row.cause), row.failures)
    return None if seconds is None else row.last_failed_at + timedelta(seconds=seconds)


def unpark(
    connection: Connection, done: Iterable[Item], *, wishes: Collection[Key], complete: Collection[Kind]
) -> None:
    """What was done is parked no longer, nor is that of which nothing is wanted any more.

    wishes: entries on which there was something to do; complete: kinds of which all such entries are known.
    """
    keys = {item.key for item in done}
    over = [
        row.pk
        for row in Parked.objects.filter(connection=connection)
        if (key := (Kind(row.kind), row.remote_id)) in keys or (key[0] in complete and key not in wishes)
    ]
    if over:
        Parked.objects.filter(pk__in=over).delete()


def without_parked(connection: Connection, plan: Plan) -> tuple[Plan, tuple[Item, ...], Mapping[Key, bool]]:
    """(the plan without what is to wait, what waits, what is tried again: True = by itself).

    An entry waits until what we want of it changes, or its next try is due.
    """
    known = {(Kind(row.kind), row.remote_id): row for row in Parked.objects.filter(connection=connection)}
    if not known:
        return plan, (), {}
    same = {item.key: item for item in plan.items if item.key in known and _is_same(known[item.key], item)}
    now = timezone.now()
    due = {key: at for key in same if (at := _due_at(known[key])) is not None}
    again = {key: _goes_alone(known[key]) for key, at in due.items() if at <= now}
    left_out = same.keys() - again.keys()
    kept = tuple(item for item in plan.items if item.key not in left_out)
    return replace(plan, items=kept), tuple(same[key] for key in same if key in left_out), again


def _is_same(row: Parked, item: Item) -> bool:
    """A fault of ours lies in all that is wanted; anything else only in what was sent."""
    if row.cause != Cause.FAULT and item.verdict.to_side is Action.NONE:
        return False
    return row.wanted == wanted_digest(item, Cause(row.cause))


def _goes_alone(row: Parked) -> bool:
    """Whatever shares a request with a bad entry may fail with it."""
    return row.cause == Cause.FAULT or row.failures >= SURE


def wanted_digest(item: Item, cause: Cause = Cause.REFUSED) -> str:
    """What is wanted, in short: the same wish that failed is not tried again at once."""
    verdict = item.verdict
    parts = [(verdict.to_side, verdict.moves_out)]
    if cause is Cause.FAULT:
        parts.append((verdict.to_library, verdict.moves_in))
    wish: list[object] = []
    for action, moves in parts:
        wish += [action, [[move.field, to_json(move.field, move.after)] for move in moves]]
    return hashlib.blake2b(msgspec.json.encode(wish), digest_size=24).hexdigest()
