"""What a single run shows beyond its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncing import queries
from syncing.models import RunState, SyncRun
from syncing.services import progress

if TYPE_CHECKING:
    from accounts.models import User

BUSY = (RunState.QUEUED, RunState.RUNNING)


def with_details(user: User, found: SyncRun) -> SyncRun:
    """The run with what RunDetailSerializer shows of it."""
    run: Any = found
    review = queries.review_of_run(user, run)
    run.review = review.pk if review is not None else None
    run.undoable = queries.tally_run(user, run).undoable
    run.planned = queries.planned_of_run(user, run)
    run.progress = progress.read_progress(run.pk) if run.state in BUSY else None
    return found
