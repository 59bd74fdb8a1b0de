"""What was planned is stopped, shown to the person or done: the last part of a run's work."""

from __future__ import annotations

from integrations import stopping
from integrations.errors import ProviderError
from syncing.core.guard import STOPS
from syncing.services import applying, finishing, leases, previewing
from syncing.services.desk import Desk
from syncing.services.fetching import Fetched


def carry_out(desk: Desk, fetched: Fetched) -> None:
    """Raises LeaseLost, and the ProviderError that ended it; what was done until then is settled."""
    plan, guarded = desk.prepared.plan, desk.prepared.guarded
    desk.tell("plan", len(plan.items), len(plan.items))
    if any(topic in STOPS for topic in guarded.stopped):
        finishing.finish_held(desk)
        return
    if previewing.must_ask(desk):
        previewing.finish_preview(desk)
        return
    # From here on what was planned is done, a batch at a time.
    stopping.check()
    finishing.begin(desk)
    applying.apply_library(desk)
    try:
        applying.apply_side(desk)
    except ProviderError:
        leases.note_backlog(desk.lease, desk.left)
        raise
    finally:
        finishing.count(desk)
    finishing.finish(desk, fetched)
