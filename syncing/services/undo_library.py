"""The library's side of an undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from library.entry import Entry, clean_value
from library.models import ListEntry
from library.services.editing import create_entry, edit_entry, remove_entry
from library.services.storing import Stored, delete_entries, lock_library, store_entries
from library.stamps import Stamp, restamp, stamps_from_json
from syncing.core.model import Action
from syncing.core.undo import Done, Undo, undo
from syncing.models import Change, ChangeState, SyncRun
from syncing.services import sparing
from syncing.services.baselines import Ledger

if TYPE_CHECKING:
    from accounts.models import User


class CannotUndo(ValueError):
    """The message says why, for a person."""


TOUCHED = "Edited since; left as it is."


def values_of(data: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A journal column's JSON as entry values."""
    return None if data is None else {name: clean_value(name, value) for name, value in data.items()}


def done_of(change: Change) -> Done:
    return Done(Action(change.action), values_of(change.before), values_of(change.after))


@transaction.atomic
def undo_own_edit(user: User, change: Change) -> None:
    """A person's edit in the library is undone by the opposite edit, which travels like any other."""
    lock_library(user.pk)
    media_id = change.media_id or 0
    row = ListEntry.objects.filter(user=user, media_id=media_id).first()
    present = row.entry if row is not None and row.removed_at is None else None
    back = undo(done_of(change), present, last=row.entry if row is not None else None)
    if change.state != ChangeState.APPLIED or change.undone_by.exists() or back.action is Action.NONE:
        raise CannotUndo("This was edited since, or is undone already.")
    if back.action is Action.REMOVE:
        remove_entry(user, media_id=media_id, source="undo")
    elif back.action is Action.CREATE:
        assert back.entry is not None
        create_entry(user, media_id=media_id, values=_values(back.entry), source="undo")
    else:
        changes = {move.field: move.after for move in back.moves}
        edit_entry(user, media_id=media_id, changes=changes, source="undo")
    latest = Change.objects.filter(user=user, media_id=media_id, source="undo").order_by("-pk").first()
    if latest is not None:
        Change.objects.filter(pk=latest.pk).update(undoes=change)


_OPPOSITE = {"create": "remove", "remove": "create", "update": "update"}


def opposite_of(run: SyncRun, change: Change) -> Change:
    """The row, still to be stored and done, that puts `change` back in the undo `run`."""
    return Change(
        user_id=run.user_id,
        run=run,
        connection_id=run.connection_id,
        media_id=change.media_id,
        kind=change.kind,
        remote_id=change.remote_id,
        title=change.title,
        side=change.side,
        source="undo",
        action=_OPPOSITE[change.action],
        before=change.after,
        after=change.before,
        reason="undo",
        undoes=change,
        created_at=timezone.now(),
    )


def _values(entry: Entry) -> dict[str, Any]:
    blank = Entry(entry.status)
    return {"status": entry.status} | {name: getattr(entry, name) for name in blank.changed(entry)}


def undo_in_library(user_id: Any, rows: Sequence[Change], ledger: Ledger) -> int:
    """Put back what the rows (of an undo run) name, in the caller's transaction; returns how many changes applied.

    The ledger is told, so that what is put back here does not travel to the service it once came from.
    """
    lock_library(user_id)
    present = {row.media_id: row for row in ListEntry.objects.filter(user_id=user_id, media_id__in=_media(rows))}
    stored: dict[int, Stored] = {}
    deleted: list[int] = []
    applied = 0
    for row in rows:
        known = present.get(row.media_id or 0)
        row.settled_at = timezone.now()
        try:
            back = _back(row, known)
            if back.action is Action.NONE:
                row.state, row.message = ChangeState.SKIPPED, TOUCHED
                continue
            if back.action is not Action.REMOVE:
                stored[row.media_id or 0] = restored(back, known)
                _agree(ledger, row, back)
        except Exception as error:
            if not sparing.is_of_entry(error):
                raise
            sparing.tell(row.connection_id, f"change {row.pk}", error)
            row.state, row.message = ChangeState.FAILED, sparing.MESSAGE
            continue
        applied += 1
        row.state = ChangeState.APPLIED
        if back.action is Action.REMOVE:
            deleted.append(row.media_id or 0)
    if stored:
        store_entries(user_id, stored, source="undo")
    if deleted:
        # Without a tombstone: an import that is undone must not delete the entry at the service it came from.
        delete_entries(user_id, deleted)
    Change.objects.bulk_update(rows, ["state", "message", "settled_at"])
    return applied


def _back(row: Change, known: ListEntry | None) -> Undo:
    assert row.undoes is not None
    alive = known.entry if known is not None and known.removed_at is None else None
    return undo(done_of(row.undoes), alive, last=known.entry if known is not None else None)


def _media(rows: Sequence[Change]) -> list[int]:
    return [row.media_id for row in rows if row.media_id is not None]


def restored(back: Undo, known: ListEntry | None) -> Stored:
    """The row as the undo leaves it, its values given now."""
    assert back.entry is not None
    stamps = stamps_from_json(known.stamps) if known is not None else {}
    fields = [move.field for move in back.moves]
    return Stored(back.entry, restamp(stamps, fields, Stamp(timezone.now().timestamp(), "library")))


def _agree(ledger: Ledger, row: Change, back: Undo) -> None:
    for key, track in ledger.tracks.items():
        if track.media_id == row.media_id and track.memory is not None:
            values = {move.field: move.after for move in back.moves}
            ledger.tracks[key] = replace(
                track, memory=replace(track.memory, agreed=replace(track.memory.agreed, **values))
            )
            return
