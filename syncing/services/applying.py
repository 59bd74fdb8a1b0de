"""Doing what a plan says: the library in one transaction, the service in batches.

Around each batch of writes stand two commits: before it the journal says "sending", after it the echo is in the
baseline and the journal says "applied". Whoever dies in between leaves a row that says so, and the next run reads the
list again before anything is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from integrations.capability import project
from integrations.errors import Doubtful, Malformed, ProviderError, Rejected
from integrations.providers.base import Outcome, Removal, Write
from library.entry import to_json
from library.services.storing import Stored, lock_library, store_entries
from syncing.core.merge import settle
from syncing.core.model import AWAY, Action
from syncing.core.plan import Item
from syncing.models import Change, ChangeState
from syncing.services import journal, leases, parking, scheduling
from syncing.services.desk import Desk

T = TypeVar("T")
SINGLES_A_COMMIT = 10
"""Writes of a service without batches that share their two commits: a crash leaves at most these unknown."""

Call = Callable[[Desk, Sequence[Item]], list[Outcome]]


def apply_library(desk: Desk) -> None:
    """The library's side of the plan, and what was settled without any doing. Raises LeaseLost."""
    plan = desk.prepared.plan
    desk.library_revision = desk.prepared.revision
    rows = {item.track.media_id: _stored(item) for item in plan.items if _touches_library(item)}
    if not plan.items and not plan.settled and not desk.prepared.recalled:
        return
    with transaction.atomic():
        # The library before the schedule, as an edit takes them: the other way round each would wait for the other.
        lock_library(desk.connection.user_id)
        leases.renew(desk.lease)
        if rows:
            known = {media_id: desk.prepared.revisions.get(media_id, 0) for media_id in rows}
            revision = store_entries(desk.connection.user_id, rows, known=known, source=desk.provider.slug)
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
    """The service's side of the plan, removals last.

    Raises LeaseLost, and the ProviderError that ended it; what was done until then is settled.
    """
    todo = [
        item
        for item in desk.prepared.plan.items
        if item.verdict.to_side is not Action.NONE and item.track.media_id not in desk.refused
    ]
    writes = [item for item in todo if item.verdict.to_side is not Action.REMOVE]
    removals = [item for item in todo if item.verdict.to_side is Action.REMOVE]
    done = 0
    for items, call, batch in (
        (writes, _write, desk.provider.write_batch),
        (removals, _remove, desk.provider.removal_batch),
    ):
        for group in _chunks(items, batch if batch > 1 else SINGLES_A_COMMIT):
            if desk.is_spent():
                desk.unfinished = True
                return
            _send_group(desk, group, call=call, batch=batch)
            done += len(group)
            desk.tell("write", done, len(todo))


def _send_group(desk: Desk, group: Sequence[Item], *, call: Call, batch: int) -> None:
    rows = [desk.changes[desk.provider.slug, item.track.media_id] for item in group]
    with transaction.atomic():
        leases.renew(desk.lease)
        journal.mark(rows, ChangeState.SENDING)
    outcomes: list[Outcome] = []
    stop: ProviderError | None = None
    for number, part in enumerate(_chunks(group, batch)):
        if number:
            # Single writes share two commits but not a lease: whoever lost it stops before the next one.
            leases.renew(desk.lease)
        try:
            outcomes += call(desk, part)
        except ProviderError as error:
            stop = error
            break
        stop = next((outcome.error for outcome in outcomes if _ends_the_run(outcome)), None)
        if stop is not None:
            break
    with transaction.atomic():
        leases.renew(desk.lease)
        for item, row, outcome in zip(group, rows, outcomes, strict=False):
            _settle_outcome(desk, item, row=row, outcome=outcome)
        Change.objects.bulk_update(rows[: len(outcomes)], ["state", "after", "message", "settled_at"])
        # What was never sent is still only planned.
        journal.mark(rows[len(outcomes) :], ChangeState.PLANNED)
        desk.save_ledger()
    if stop is not None:
        desk.unfinished = True
        raise stop


def _ends_the_run(outcome: Outcome) -> bool:
    """A refusal or a doubt is this entry's own trouble; anything else says that going on is no good."""
    return outcome.error is not None and not isinstance(outcome.error, Rejected | Doubtful)


def _write(desk: Desk, items: Sequence[Item]) -> list[Outcome]:
    return desk.provider.write(desk.session, [_to_write(desk, item) for item in items])


def _to_write(desk: Desk, item: Item) -> Write:
    capability = desk.rules[item.track.kind].capability
    canonical = item.verdict.canonical
    assert canonical is not None
    moved = {move.field: move.after for move in item.verdict.moves_out}
    base = item.now.entry if item.now is not None else canonical.entry
    creates = item.verdict.to_side is Action.CREATE
    desired = project(canonical.entry, capability) if creates else replace(base, **moved)
    if desk.provider.by_shows:
        # Not a field there, but the day of a play may follow it.
        desired = replace(desired, finished_on=canonical.entry.finished_on)
    return Write(
        kind=item.track.kind,
        external_id=item.track.remote_id,
        desired=desired,
        fields=capability.fields | {"status"} if creates else frozenset(moved),
        create=creates,
        entry_id=item.track.entry_id,
    )


def _remove(desk: Desk, items: Sequence[Item]) -> list[Outcome]:
    removals = [Removal(item.track.kind, item.track.remote_id, item.track.entry_id) for item in items]
    return desk.provider.remove(desk.session, removals)


def _settle_outcome(desk: Desk, item: Item, *, row: Change, outcome: Outcome) -> None:
    row.settled_at = timezone.now()
    if outcome.error is not None:
        _settle_error(desk, item, row=row, error=outcome.error)
        return
    row.state = ChangeState.APPLIED
    desk.writes += 1
    desk.done.append(item)
    if outcome.echo is None:
        known = desk.ledger.tracks.get(item.key)
        if known is None or known.memory is None or known.memory.missing != AWAY:
            desk.ledger.tracks.pop(item.key, None)
        desk.held[item.key] = None
        return
    echo = outcome.echo
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
    desk.ledger.tracks[item.key] = replace(item.track, memory=memory, entry_id=echo.entry_id or item.track.entry_id)
    desk.held[item.key] = echo.entry
    stored = {name: to_json(name, getattr(echo.entry, name)) for name in row.after or {}}
    if stored != row.after:
        row.after = stored
        row.message = f"{desk.provider.name} stored it differently from what was sent."


def _settle_error(desk: Desk, item: Item, *, row: Change, error: ProviderError) -> None:
    desk.unfinished = True
    row.message = error.message[:500]
    if isinstance(error, Rejected):
        row.state = ChangeState.FAILED
        desk.failed += 1
        parking.park(desk.connection, item, message=parking.words_of(error))
        return
    if isinstance(error, Doubtful):
        # Else it would be sent first in every run, with the same end.
        parking.park(desk.connection, item, message=parking.words_of(error))
    # A lost or garbled answer to a write: it may have taken effect. The next run reads before it writes.
    row.state = ChangeState.ABANDONED if error.unsent and not isinstance(error, Malformed) else ChangeState.UNKNOWN


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
