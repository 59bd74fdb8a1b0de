"""Seeing first: a plan that is stored and shown, and changes nothing until a person says so."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from integrations.models import Connection
from library.services.catalogue import titles_of
from syncing.core.guard import SHRUNK_AT_LEAST, SHRUNK_SHARE, Topic
from syncing.core.model import Action
from syncing.core.plan import Item
from syncing.models import Change, ChangeState, Review, ReviewState, RunState, SyncRun
from syncing.services import journal, leases, noting, outcomes, pacing, reviewing, scheduling
from syncing.services.desk import Desk
from syncing.services.leases import Lease

if TYPE_CHECKING:
    from accounts.models import User


def request_preview(user: User, *, provider: str) -> None:
    """Show what a sync would do, as soon as a worker is free. Raises Connection.DoesNotExist."""
    scheduling.request_sync(user, provider=provider, preview=True, full=True)


def waits_for_a_word(connection: Connection, lease: Lease) -> bool:
    """True when the first plan lies before the person already and nobody asked for a fresh one."""
    asked = lease.interactive and lease.trigger != "edit"
    if connection.approved_at is not None or not connection.asks_first or asked:
        return False
    return Review.objects.filter(connection=connection, topic=Topic.FIRST_PLAN, state=ReviewState.OPEN).exists()


def must_ask(desk: Desk) -> bool:
    """A preview was wanted; or the first plan is not approved, or has grown much since it was."""
    if desk.lease.preview:
        return True
    if not desk.connection.asks_first or not any(not item.verdict.is_quiet for item in desk.prepared.plan.items):
        return False
    if desk.connection.approved_at is None:
        return True
    return desk.baseline.complete_at is None and _has_grown(desk)


def _has_grown(desk: Desk) -> bool:
    approved = Review.objects.filter(
        connection=desk.connection, topic=Topic.FIRST_PLAN, state=ReviewState.APPROVED
    ).first()
    if approved is None:
        return False
    before, now = int(approved.summary.get("changes", 0)), sum(figures(desk.prepared.plan.items).values())
    return now - before > max(SHRUNK_AT_LEAST, SHRUNK_SHARE * before)


def figures(items: tuple[Item, ...]) -> dict[str, int]:
    """How many entries are created, updated and removed on either side: {"library_create": 3, "side_update": 5, …}."""
    counts: Counter[str] = Counter()
    for item in items:
        for side, action in (("library", item.verdict.to_library), ("side", item.verdict.to_side)):
            if action is not Action.NONE:
                counts[f"{side}_{action}"] += 1
    return dict(counts)


def finish_preview(desk: Desk) -> None:
    """Store the plan as it would be done; ask, if nothing was ever approved here. Raises LeaseLost."""
    run, connection, items = desk.run, desk.connection, desk.prepared.plan.items
    first = connection.approved_at is None or not desk.lease.preview
    with transaction.atomic():
        if first:
            # The connection before the schedule, as everybody who changes its options takes them.
            Connection.objects.filter(pk=connection.pk).update(approved_at=None, message="", message_code="")
        leases.renew(desk.lease)
        expire_previews(connection)
        run.purpose, run.requests = "preview", desk.session.requests
        run.skipped = sum(len(held) for held in desk.prepared.guarded.withheld.values())
        outcomes.close(run, state=RunState.PREVIEW)
        journal.write_plan(run, items, titles=titles_of({item.track.media_id for item in items}))
        # Shown with the plan, so that a person can say what is what before anything is done.
        noting.note_unmatched(
            connection,
            desk.prepared.waiting,
            unroutable=desk.prepared.plan.unroutable,
            routes=desk.prepared.searched,
        )
        if first:
            counts = figures(items)
            summary = {
                **counts,
                "changes": sum(counts.values()),
                "read": len(desk.prepared.remotes),
                "conflicts": sum(len(item.verdict.conflicts) for item in items),
                "unmatched": len(desk.prepared.plan.unroutable) + len(desk.prepared.waiting),
            }
            reviewing.ask_first(run, counts=summary)
        leases.let_go(desk.lease, due_at=pacing.next_due(connection))


def expire_previews(connection: Connection, *, message: str = "A newer plan took its place.") -> None:
    """A newer plan, or the doing of it, takes the place of what was shown."""
    shown = SyncRun.objects.filter(connection=connection, state=RunState.PREVIEW)
    Change.objects.filter(run__in=shown, state=ChangeState.PLANNED).update(
        state=ChangeState.ABANDONED, settled_at=timezone.now()
    )
    approved = Review.objects.filter(connection=connection, topic=Topic.FIRST_PLAN, state=ReviewState.APPROVED)
    shown.filter(pk__in=approved.values("run")).update(
        state=RunState.ABANDONED, message="You approved this plan; the sync after it carried it out."
    )
    shown.update(state=RunState.ABANDONED, message=message)
