"""Taking back an import: the library is put back where nobody touched it since, and the services follow.

An import is many edits of the person at once, so its undo is many opposite edits: a title that the import brought is
taken off the list with a tombstone, which travels to each service as that connection's rule for removals says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from library.models import ListEntry
from library.services.storing import Stored, lock_library, store_entries
from library.stamps import stamps_from_json
from syncing.core.model import Action
from syncing.core.undo import undo
from syncing.models import Change, ChangeState, RunState, SyncRun
from syncing.services import scheduling
from syncing.services.undo_library import TOUCHED, CannotUndo, done_of, opposite_of, restored

if TYPE_CHECKING:
    from accounts.models import User

BATCH = 2000


@transaction.atomic
def undo_without_connection(user: User, run: SyncRun) -> SyncRun:
    """The run that has put back `run`, an import or an undo of one; it is done at once. Raises CannotUndo."""
    lock_library(user.pk)
    locked = SyncRun.objects.select_for_update(of=("self",)).get(user=user, pk=run.pk)
    back = SyncRun.objects.create(
        user=user,
        provider=locked.provider,
        purpose="undo",
        trigger="person",
        state=RunState.DONE,
        undoes=locked,
        finished_at=timezone.now(),
    )
    done = left = 0
    for rows in _batches(locked):
        applied = _put_back(user, back, rows)
        done, left = done + applied, left + len(rows) - applied
    if not done and not left:
        raise CannotUndo("There is nothing left to undo here.")
    SyncRun.objects.filter(pk=back.pk).update(library_changes=done, skipped=left)
    if done:
        scheduling.wake_others(user.pk)
    back.refresh_from_db()
    return back


def _batches(run: SyncRun) -> Iterator[list[Change]]:
    """What was done and is not put back, the latest first. Whoever tried and failed may try again."""
    taken = Change.objects.filter(undoes__run=run).exclude(state=ChangeState.SKIPPED)
    already = set(taken.values_list("undoes_id", flat=True))
    last: int | None = None
    while True:
        rows = Change.objects.filter(run=run, state=ChangeState.APPLIED).order_by("-pk")
        some = list((rows.filter(pk__lt=last) if last is not None else rows)[:BATCH])
        if not some:
            return
        last = some[-1].pk
        yield [row for row in some if row.pk not in already]


def _put_back(user: User, run: SyncRun, rows: Sequence[Change]) -> int:
    media_ids = [row.media_id for row in rows if row.media_id is not None]
    present = {row.media_id: row for row in ListEntry.objects.filter(user=user, media_id__in=media_ids)}
    stored: dict[int, Stored] = {}
    written: list[Change] = []
    for row in rows:
        known = present.get(row.media_id or 0)
        alive = known.entry if known is not None and known.removed_at is None else None
        back = undo(done_of(row), alive, last=known.entry if known is not None else None)
        opposite = opposite_of(run, row)
        opposite.state, opposite.settled_at = ChangeState.APPLIED, timezone.now()
        if known is None or back.action is Action.NONE:
            opposite.state, opposite.message = ChangeState.SKIPPED, TOUCHED
        elif back.action is Action.REMOVE:
            stored[known.media_id] = Stored(known.entry, stamps_from_json(known.stamps), removed=True)
        else:
            stored[known.media_id] = restored(back, known)
        written.append(opposite)
    if stored:
        store_entries(user.pk, stored, source="undo")
    Change.objects.bulk_create(written, batch_size=500)
    return len(stored)
