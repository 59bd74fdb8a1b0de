"""A run for one work alone: read as ever, done for that work only. The rest stays as it was, for a run of its own."""

from __future__ import annotations

from dataclasses import replace

from syncing.core.plan import Plan
from syncing.services.planning import Prepared


def narrow(prepared: Prepared, media_id: int) -> Prepared:
    """What concerns the work. A plan that a guard stopped is stopped still."""
    plan = prepared.plan
    items = tuple(item for item in plan.items if item.track.media_id == media_id)
    settled = {key: track for key, track in plan.settled.items() if track is not None and track.media_id == media_id}
    kept = Plan(items, settled, plan.unroutable, plan.census)
    return replace(prepared, guarded=replace(prepared.guarded, plan=kept, withheld={}, deferred=0))
