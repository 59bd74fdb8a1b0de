"""What the guards look at besides the plan."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from integrations.models import Connection
from library.entry import Kind
from syncing.core.guard import Watch
from syncing.core.model import Action
from syncing.core.plan import Key, Plan
from syncing.models import Change, ChangeState
from syncing.services import reviewing
from syncing.services.baselines import Ledger


def watch(
    connection: Connection,
    plan: Plan,
    present: set[Key],
    *,
    ledger: Ledger,
    complete: frozenset[Kind],
    words: reviewing.Words,
) -> Watch:
    """`present`: keys of what was read; `complete`: kinds whose absences count."""
    # Of a kind that was not read, or not whole, an absence says nothing.
    sentinels = frozenset((Kind(kind), id_) for kind, id_ in ledger.sentinels if kind in complete)
    return Watch(
        removals=connection.removals,
        first=connection.approved_at is None,
        approved=words.topics,
        allowed=words.media,
        lately=_lately(connection) if any(item.verdict.to_side is not Action.NONE for item in plan.items) else {},
        sentinels=sentinels,
        sentinels_present=len(sentinels & present),
    )


def _lately(connection: Connection) -> dict[Key, int]:
    """Writes to each entry of the service within the last hour, where there was more than one."""
    rows = (
        Change.objects.filter(
            connection=connection,
            side=connection.provider,
            state=ChangeState.APPLIED,
            settled_at__gt=timezone.now() - timedelta(hours=1),
        )
        .values("kind", "remote_id")
        .annotate(writes=Count("pk"))
        .filter(writes__gt=1)
        .order_by()
    )
    return {(Kind(row["kind"]), row["remote_id"]): row["writes"] for row in rows}
