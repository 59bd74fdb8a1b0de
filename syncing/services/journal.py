"""The journal: every change with its before and after, planned before it is done and settled after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.utils import timezone

from accounts.models import User
from library.entry import to_json
from library.services.editing import Edit
from syncing.core.model import Action, Move, Reason
from syncing.core.plan import Item
from syncing.models import Change, ChangeState, SyncRun

LIBRARY = "library"
_TELLING = (
    Reason.NEWER,
    Reason.POLICY,
    Reason.CHOSEN,
    Reason.SIDE_EDIT,
    Reason.LIBRARY_EDIT,
    Reason.FINER,
    Reason.FILLED,
)
"""Of several reasons in one change, the first in this order is named."""


def before_of(moves: Iterable[Move], action: Action) -> dict[str, Any] | None:
    if action is Action.CREATE:
        return None
    return {move.field: to_json(move.field, move.before) for move in moves}


def after_of(moves: Iterable[Move], action: Action) -> dict[str, Any] | None:
    if action is Action.REMOVE:
        return None
    return {move.field: to_json(move.field, move.after) for move in moves}


def write_plan(
    run: SyncRun, items: Sequence[Item], *, titles: dict[int, str], turn: Collection[int] | None = None
) -> dict[tuple[str, int], Change]:
    """One row a side and entry, all planned; {(side, media id): row}. turn: media that are sent in this run, None =
    all; of the others only the library's side is done."""
    rows = []
    for item in items:
        verdict = item.verdict
        if verdict.to_library is not Action.NONE:
            rows.append(_row(run, item, LIBRARY, action=verdict.to_library, moves=verdict.moves_in, titles=titles))
        if verdict.to_side is not Action.NONE and (turn is None or item.track.media_id in turn):
            rows.append(_row(run, item, run.provider, action=verdict.to_side, moves=verdict.moves_out, titles=titles))
    Change.objects.bulk_create(rows, batch_size=500)
    return {(row.side, row.media_id or 0): row for row in rows}


def _row(
    run: SyncRun, item: Item, side: str, *, action: Action, moves: Sequence[Move], titles: dict[int, str]
) -> Change:
    return Change(
        user_id=run.user_id,
        run=run,
        connection_id=run.connection_id,
        media_id=item.track.media_id,
        kind=item.track.kind,
        remote_id=item.track.remote_id,
        title=titles.get(item.track.media_id, ""),
        side=side,
        source=run.provider if side == LIBRARY else LIBRARY,
        action=action,
        before=before_of(moves, action),
        after=after_of(moves, action),
        reason=_reason(item, moves),
        created_at=timezone.now(),
    )


def _reason(item: Item, moves: Sequence[Move]) -> str:
    return item.verdict.reason or telling_reason(moves)


def telling_reason(moves: Iterable[Move]) -> Reason:
    """Of several, the one that says most."""
    reasons = {move.reason for move in moves}
    return next((reason for reason in _TELLING if reason in reasons), next(iter(reasons), Reason.SIDE_EDIT))


def mark(rows: Iterable[Change], state: ChangeState, *, message: str = "") -> None:
    """Move rows to a state, in one statement; final states get their time."""
    keys = [row.pk for row in rows]
    if not keys:
        return
    settled = None if state in (ChangeState.PLANNED, ChangeState.SENDING) else timezone.now()
    Change.objects.filter(pk__in=keys).update(state=state, settled_at=settled, message=message[:500])


def abandon_rest(run: SyncRun) -> None:
    """What a run that ends had still planned: plans are never resumed."""
    rest = Change.objects.filter(run=run, state=ChangeState.PLANNED)
    rest.update(state=ChangeState.ABANDONED, settled_at=timezone.now())


def record_edits(user: User, edits: Sequence[Edit]) -> None:
    """A person's own edits, done already, in the transaction that made them."""
    now = timezone.now()
    Change.objects.bulk_create(
        [
            Change(
                user=user,
                media_id=edit.media_id,
                kind=edit.kind,
                title=edit.title,
                side=LIBRARY,
                source=edit.source,
                action=edit.action,
                before=edit.before,
                after=edit.after,
                state=ChangeState.APPLIED,
                reason="library_edit",
                created_at=now,
                settled_at=now,
            )
            for edit in edits
        ]
    )
