"""Doing what a plan says: the library in one transaction, the service in batches.

Around each batch of writes stand two commits: before it the journal says "sending", after it the echo is in the
baseline and the journal says "applied". Whoever dies in between leaves a row that says so, and the next run reads the
list again before anything is sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from integrations.errors import Doubtful, Malformed, ProviderError, Rejected
from integrations.providers.base import Outcome, RemoteEntry
from library.entry import to_json
from library.services.storing import Revision, Stored, lock_library, store_entries
from syncing.core.merge import settle
from syncing.core.model import AWAY, Action
from syncing.core.plan import Item
from syncing.core.retry import Cause
from syncing.models import Change, ChangeState
from syncing.services import journal, leases, parking, scheduling, sending, sparing
from syncing.services.desk import Desk


def apply_library(desk: Desk) -> None:
    """The library's side of the plan, and what was settled without any doing. Raises LeaseLost."""
    plan = desk.prepared.plan
    desk.library_revision = desk.prepared.revision
    rows = {item.track.media_id: _stored(item) for item in plan.items if _touches_library(item)}
    if not plan.items and not plan.settled and not desk.prepared.recalled:
        return
    try:
        _apply_library(desk, rows)
    except Exception as error:
        if not sparing.is_of_entry(error) or not _set_faulty_rows_aside(desk, rows):
            raise
        desk.done.clear()
        _apply_library(desk, {media_id: row for media_id, row in rows.items() if media_id not in desk.faulty})


def _apply_library(desk: Desk, rows: Mapping[int, Stored]) -> None:
    with transaction.atomic():
        # The library before the schedule, as an edit takes them: the other way round each would wait for the other.
        lock_library(desk.connection.user_id)
        leases.renew(desk.lease)
        if rows:
            revision = _store(desk, rows)
            desk.refused |= revision.refused
            if revision.before == desk.prepared.revision:
                desk.library_revision = revision.after
        _settle_library(desk)
        desk.prepared.recalled.mark()
        desk.save_ledger()
        if desk.library_changes:
            # With the changes, not at the end: the service may fail before, and the others must hear of them.
            scheduling.wake_others(desk.connection.user_id, but=desk.connection.pk)
    desk.tell("library", len(rows), len(rows))


def _store(desk: Desk, rows: Mapping[int, Stored]) -> Revision:
    known = {media_id: desk.prepared.revisions.get(media_id, 0) for media_id in rows}
    return store_entries(desk.connection.user_id, rows, known=known, source=desk.provider.slug)


def _set_faulty_rows_aside(desk: Desk, rows: Mapping[int, Stored]) -> bool:
    """The rows that cannot be stored, if there are a few; True when there were."""
    found = sparing.find_faulty(list(rows), lambda part: _store(desk, {media_id: rows[media_id] for media_id in part}))
    if not 0 < len(found) <= sparing.MOST:
        return False
    faults = {list(rows)[at]: error for at, error in found}
    with transaction.atomic():
        leases.renew(desk.lease)
        for item in desk.prepared.plan.items:
            if (error := faults.get(item.track.media_id)) is not None:
                _set_aside(desk, item, error)
    return True


def _set_aside(desk: Desk, item: Item, error: Exception) -> None:
    """Neither side is touched (any more) in this run."""
    desk.faulty.add(item.track.media_id)
    desk.failed += 1
    desk.unfinished = True
    sparing.tell(desk.connection.pk, f"{item.track.kind} {item.track.remote_id}", error)
    rows = [desk.changes.get((side, item.track.media_id)) for side in (journal.LIBRARY, desk.provider.slug)]
    open_rows = [row for row in rows if row is not None and row.state != ChangeState.APPLIED]
    journal.mark(open_rows, ChangeState.FAILED, message=sparing.MESSAGE)
    parking.park(desk.connection, item, message=sparing.MESSAGE, cause=Cause.FAULT)


def _touches_library(item: Item) -> bool:
    return item.verdict.to_library is not Action.NONE or item.verdict.stamped


def _stored(item: Item) -> Stored:
    canonical = item.verdict.canonical
    assert canonical is not None
    moved = item.verdict.to_library is not Action.NONE
    return Stored(canonical.entry, canonical.stamps, canonical.removed, moved)


def _settle_library(desk: Desk) -> None:
    """Journal and memory of what is done now: everything but the entries that still have to be sent."""
    applied, abandoned = [], []
    for item in desk.prepared.plan.items:
        row = desk.changes.get((journal.LIBRARY, item.track.media_id))
        if item.track.media_id in desk.faulty:
            continue
        if item.track.media_id in desk.refused:
            # Edited while we planned: the next run sees the edit.
            desk.unfinished = True
            side = desk.changes.get((desk.provider.slug, item.track.media_id))
            abandoned += [change for change in (row, side) if change is not None]
            continue
        if row is not None:
            applied.append(row)
        if item.verdict.to_side is Action.NONE:
            _remember(desk, item)
            desk.done.append(item)
        elif item.verdict.moves_in:
            _remember_taken(desk, item)
    for key, track in desk.prepared.plan.settled.items():
        if track is None:
            desk.ledger.tracks.pop(key, None)
        else:
            desk.ledger.tracks[key] = track
    desk.library_changes = len(applied)
    journal.mark(applied, ChangeState.APPLIED)
    for change in applied:
        change.state = ChangeState.APPLIED
    journal.mark(abandoned, ChangeState.ABANDONED, message="The entry was edited meanwhile.")


def _remember(desk: Desk, item: Item) -> None:
    if item.track.memory is None:
        desk.ledger.tracks.pop(item.key, None)
    else:
        desk.ledger.tracks[item.key] = item.track


def _remember_taken(desk: Desk, item: Item) -> None:
    """What was taken in is no news any more, should the sending fail: an edit made here until then is the later one."""
    known = desk.ledger.tracks.get(item.key)
    if known is None or known.memory is None or known.media_id != item.track.media_id:
        return
    taken = {move.field: move.after for move in item.verdict.moves_in}
    memory = replace(
        known.memory, seen=replace(known.memory.seen, **taken), agreed=replace(known.memory.agreed, **taken)
    )
    desk.ledger.tracks[item.key] = replace(known, memory=memory)


def apply_side(desk: Desk) -> None:
    """The service's side of the plan: removals after the rest, and last of all what failed before.

    Raises LeaseLost, and the ProviderError that ended it; what was done until then is settled.
    """
    skipped = desk.refused | desk.faulty
    sent = [
        item
        for item in desk.prepared.plan.items
        if item.verdict.to_side is not Action.NONE and item.track.media_id not in skipped
    ]
    todo = [item for item in sent if desk.turn is None or item.track.media_id in desk.turn]
    desk.left = len(sent)
    for items, batch in sending.turns(desk, todo):
        if desk.is_spent():
            desk.unfinished = True
            return
        _send_group(desk, items, batch=batch)
        desk.left -= len(items)
        desk.tell("write", len(sent) - desk.left, len(sent))
    if desk.left:
        desk.unfinished = True


def _send_group(desk: Desk, items: Sequence[Item], *, batch: int) -> None:
    group, faults = sending.prepare_calls(desk, items)
    rows = [desk.changes[desk.provider.slug, call.item.track.media_id] for call in group]
    with transaction.atomic():
        leases.renew(desk.lease)
        for item, error in faults:
            _set_aside(desk, item, error)
        journal.mark(rows, ChangeState.SENDING)
    with desk.session.writing():
        outcomes, stop = sending.send(desk, group, batch=batch)
    with transaction.atomic():
        leases.renew(desk.lease)
        for call, row, outcome in zip(group, rows, outcomes, strict=False):
            _settle(desk, call.item, row=row, outcome=outcome)
        Change.objects.bulk_update(rows[: len(outcomes)], ["state", "after", "message", "settled_at"])
        # What was never sent is still only planned.
        journal.mark(rows[len(outcomes) :], ChangeState.PLANNED)
        desk.save_ledger()
    if len(outcomes) < len(group):
        desk.unfinished = True
    if stop is not None:
        desk.unfinished = True
        raise stop


def _settle(desk: Desk, item: Item, *, row: Change, outcome: Outcome) -> None:
    try:
        _settle_outcome(desk, item, row=row, outcome=outcome)
    except Exception as error:
        if not sparing.is_of_entry(error):
            raise
        # It was sent, and what came back is too much for us.
        _settle_error(desk, item, row=row, error=sparing.Fault(error, unsent=False))


def _settle_outcome(desk: Desk, item: Item, *, row: Change, outcome: Outcome) -> None:
    row.settled_at = timezone.now()
    if outcome.error is not None:
        _settle_error(desk, item, row=row, error=outcome.error)
        return
    if outcome.echo is None:
        known = desk.ledger.tracks.get(item.key)
        if known is None or known.memory is None or known.memory.missing != AWAY:
            desk.ledger.tracks.pop(item.key, None)
        desk.held[item.key] = None
    else:
        _settle_echo(desk, item, row=row, echo=outcome.echo)
    row.state = ChangeState.APPLIED
    desk.writes += 1
    desk.done.append(item)


def _settle_echo(desk: Desk, item: Item, *, row: Change, echo: RemoteEntry) -> None:
    sent = {move.field for move in item.verdict.moves_out} - echo.untold
    assert item.track.memory is not None
    memory = settle(
        item.track.memory,
        echo.entry,
        now=item.now.entry if item.now is not None else None,
        sent=frozenset(sent),
        capability=desk.rules[item.track.kind].capability,
        room=echo.room,
    )
    stored = {name: to_json(name, getattr(echo.entry, name)) for name in row.after or {}}
    desk.ledger.tracks[item.key] = replace(item.track, memory=memory, entry_id=echo.entry_id or item.track.entry_id)
    desk.held[item.key] = echo.entry
    if stored != row.after:
        row.after = stored
        row.message = f"{desk.provider.name} stored it differently from what was sent."


def _settle_error(desk: Desk, item: Item, *, row: Change, error: ProviderError) -> None:
    desk.unfinished = True
    row.message, row.settled_at = error.message[:500], timezone.now()
    # A lost or garbled answer to a write: it may have taken effect. The next run reads before it writes.
    is_lost = not error.unsent or isinstance(error, Malformed)
    row.state = ChangeState.UNKNOWN if is_lost else ChangeState.ABANDONED
    if isinstance(error, Rejected | sparing.Fault):
        row.state = row.state if is_lost else ChangeState.FAILED
        desk.failed += 1
    if isinstance(error, sparing.Fault):
        sparing.tell(desk.connection.pk, f"{item.track.kind} {item.track.remote_id}", error.error)
        parking.park(desk.connection, item, message=error.message, cause=Cause.FAULT)
    elif isinstance(error, Rejected | Doubtful):
        # Else it would be sent first in every run, with the same end.
        parking.park(desk.connection, item, message=parking.words_of(error))
    elif is_lost:
        parking.park(desk.connection, item, message=error.message, cause=Cause.LOST)
