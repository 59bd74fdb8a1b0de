"""Doing an import that a person approved: the library in one transaction, in steps that need little memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from library.entry import Entry, Kind
from library.files.model import FileWork
from library.models import ListEntry
from library.services.storing import Stored, lock_library, store_entries
from library.stamps import Stamp, stamps_from_json
from syncing.core.model import Action
from syncing.models import Change, ChangeState, RunState, SyncRun
from syncing.services import importing_matching, scheduling
from syncing.services.importing import BATCH, PURPOSE, lock_import
from syncing.services.undo_library import TOUCHED, values_of

THERE = "It is on your list by now; left as it is."


class CannotApprove(ValueError):
    """The message says why, for a person."""


@dataclass(slots=True)
class _Step:
    """What becomes of some rows. refused: {why: rows}."""

    stored: dict[int, Stored] = field(default_factory=dict)
    refused: dict[str, list[Change]] = field(default_factory=dict)


def approve_import(user: User, *, run_id: UUID) -> SyncRun:
    """Do what was shown; what was edited since is left and named. Of two approvals the second changes nothing.

    Raises SyncRun.DoesNotExist, CannotApprove for one that was discarded, replaced or has waited too long.
    """
    with transaction.atomic():
        # The library first, as everybody takes them.
        lock_library(user.pk)
        run = lock_import(user, run_id)
        if run.state == RunState.DONE:
            return run
        if run.state != RunState.PREVIEW:
            raise CannotApprove(f"This import is not to be done any more. {run.message}")
        applied = refused = 0
        for rows in _batches(run):
            step = _decide(user, rows)
            if step.stored:
                store_entries(user.pk, step.stored, source=PURPOSE)
            left = [row for some in step.refused.values() for row in some]
            _settle(rows, step)
            applied, refused = applied + len(rows) - len(left), refused + len(left)
        _close(run, applied=applied, refused=refused)
        if applied:
            scheduling.wake_others(user.pk)
    run.refresh_from_db()
    return run


def _batches(run: SyncRun) -> Iterator[list[Change]]:
    last = 0
    planned = Change.objects.filter(run=run, state=ChangeState.PLANNED).order_by("pk")
    while rows := list(planned.filter(pk__gt=last)[:BATCH]):
        last = rows[-1].pk
        yield rows


def _decide(user: User, rows: Sequence[Change]) -> _Step:
    _find_media(user, rows)
    media_ids = [row.media_id for row in rows if row.media_id is not None]
    present = {row.media_id: row for row in ListEntry.objects.filter(user=user, media_id__in=media_ids)}
    step, now = _Step(), timezone.now().timestamp()
    for row in rows:
        media_id = row.media_id or 0
        why = THERE if not media_id or media_id in step.stored else _objection(row, present.get(media_id))
        if why:
            step.refused.setdefault(why, []).append(row)
        else:
            step.stored[media_id] = _stored(row, present.get(media_id), now=now)
    return step


def _find_media(user: User, rows: Sequence[Change]) -> None:
    """Works that were new when the plan was made: looked for once more, and made where they still are."""
    new = [row for row in rows if row.media_id is None]
    keys = [(row, *row.remote_id.partition(":")[::2]) for row in new]
    places = importing_matching.place_works(user.pk, [FileWork(Kind(row.kind), {site: id_}) for row, site, id_ in keys])
    wanted: dict[tuple[Kind, str], dict[str, str]] = {}
    for (row, site, id_), place in zip(keys, places, strict=True):
        row.media_id = place.media_id
        if place.new is not None:
            wanted.setdefault((Kind(row.kind), site), {})[id_] = row.title
    made = {
        (kind, site, id_): media_id
        for (kind, site), titles in sorted(wanted.items())
        for id_, media_id in importing_matching.make_works(kind, site, titles).items()
    }
    for row, site, id_ in keys:
        row.media_id = made.get((Kind(row.kind), site, id_), row.media_id)


def _objection(row: Change, known: ListEntry | None) -> str:
    """Why the row is not done any more; "" = it is."""
    alive = known.entry if known is not None and known.removed_at is None else None
    if row.action == Action.CREATE:
        return THERE if alive is not None else ""
    before = values_of(row.before) or {}
    is_same = alive is not None and all(alive.get(name) == value for name, value in before.items())
    return "" if is_same else TOUCHED


def _stored(row: Change, known: ListEntry | None, *, now: float) -> Stored:
    after = values_of(row.after) or {}
    stamps = _stamps(row.stamps or {}, now)
    if row.action == Action.CREATE or known is None:
        return Stored(Entry(**after), stamps)
    return Stored(known.entry.with_(**after), {**stamps_from_json(known.stamps), **stamps})


def _stamps(data: Mapping[str, Any], now: float) -> dict[str, Stamp]:
    """A value without a time is given now, by the person's yes."""
    given = stamps_from_json(data)
    return {name: Stamp(stamp.at or now, stamp.source, stamp.scale) for name, stamp in given.items()}


def _settle(rows: Sequence[Change], step: _Step) -> None:
    """As an upsert of rows that are all there: Django's `bulk_update` takes many times as long."""
    left = {row.pk: why for why, some in step.refused.items() for row in some}
    for row in rows:
        row.state = ChangeState.SKIPPED if row.pk in left else ChangeState.APPLIED
        row.message, row.settled_at, row.stamps = left.get(row.pk, ""), timezone.now(), None
    Change.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["media", "state", "message", "settled_at", "stamps"],
    )


def _close(run: SyncRun, *, applied: int, refused: int) -> None:
    run.state, run.finished_at = RunState.DONE, timezone.now()
    run.library_changes, run.skipped = applied, refused
    if refused:
        run.message = f"{refused} entries were edited since the preview and left as they are. {run.message}"[:500]
    run.save(update_fields=["state", "finished_at", "library_changes", "skipped", "message"])
