"""Doing an undo under the connection's lease: the library first, then the service, as it is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from integrations.http import Session
from integrations.models import Connection
from integrations.providers.base import Provider
from library.entry import Entry, Kind
from library.queries import Row, revision_of, rows_of
from library.services.storing import Stored, lock_library, store_entries
from syncing.core.guard import Guarded
from syncing.core.model import (
    Action,
    Canonical,
    Memory,
    Move,
    Reason,
    Track,
    Verdict,
)
from syncing.core.plan import Item, Key, Plan, Remote
from syncing.core.undo import Undo, remember, undo
from syncing.models import Baseline, Change, ChangeState, RunState, SyncRun
from syncing.services import applying, journal, leases, scheduling, undoing
from syncing.services.baselines import Ledger, pack, unpack
from syncing.services.desk import Desk
from syncing.services.fetching import fetch
from syncing.services.journal import LIBRARY
from syncing.services.leases import Lease
from syncing.services.matching import match
from syncing.services.planning import Prepared, rules_of
from syncing.services.recalling import FOUND, holds
from syncing.services.undo_library import TOUCHED, done_of, undo_in_library


def perform_undo(run: SyncRun, connection: Connection, lease: Lease, *, session: Session, provider: Provider) -> None:
    """Raises LeaseLost and ProviderError; then the run stays queued and is done again from what is there."""
    SyncRun.objects.filter(pk=run.pk).update(state=RunState.RUNNING, lease_token=lease.token)
    baseline = Baseline.objects.get(pk=connection.pk)
    ledger = unpack(bytes(baseline.data))
    with transaction.atomic():
        lock_library(connection.user_id)
        leases.renew(lease)
        rows = undoing.library_rows(run)
        undo_in_library(connection.user_id, rows, ledger)
        _save(baseline, ledger)
    rows = undoing.side_rows(run)
    desk = None
    try:
        if rows:
            desk = _prepare(run, connection, lease, session=session, provider=provider, baseline=baseline, rows=rows)
            applying.apply_side(desk)
    except Exception:
        SyncRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED)
        raise
    if desk is not None and desk.unfinished and undoing.side_rows(run):
        _pause(run, lease, desk=desk)
    else:
        _finish(run, connection, lease, desk=desk)


def _save(baseline: Baseline, ledger: Ledger) -> None:
    Baseline.objects.filter(pk=baseline.pk).update(data=pack(ledger), tracks=len(ledger.tracks), digest="")
    baseline.data = pack(ledger)


def _prepare(
    run: SyncRun,
    connection: Connection,
    lease: Lease,
    *,
    session: Session,
    provider: Provider,
    baseline: Baseline,
    rows: Sequence[Change],
) -> Desk:
    """A desk whose plan is the undo: applying then does it like any other plan."""
    ledger = unpack(bytes(baseline.data))
    fetched = fetch(connection, session, provider, baseline=baseline, full=True)
    remotes = {(remote.kind, remote.remote_id): remote for remote in match(provider.slug, fetched.entries).remotes}
    library = rows_of(connection.user_id)
    items, todo = [], {}
    for row in rows:
        item = _item(row, ledger, remotes=remotes, library=library)
        if item is None:
            _close(row, ledger, remotes=remotes, library=library)
            continue
        items.append(item)
        todo[provider.slug, item.track.media_id] = row
    prepared = Prepared(
        guarded=Guarded(Plan(tuple(items))),
        remotes=remotes,
        revisions={media_id: row.revision for media_id, row in library.items()},
        revision=revision_of(connection.user_id),
        rules=rules_of(connection, provider, ledger=ledger),
    )
    desk = Desk(connection, lease, provider, session, baseline, ledger, run, prepared)
    desk.changes, desk.library_revision = todo, baseline.library_revision
    return desk


def _item(row: Change, ledger: Ledger, *, remotes: Mapping[Key, Remote], library: Mapping[int, Row]) -> Item | None:
    assert row.undoes is not None
    key: Key = (Kind(row.kind), row.remote_id)
    remote = remotes.get(key)
    known = library.get(row.media_id or 0)
    back = undo(done_of(row.undoes), remote.now.entry if remote else None, last=known.entry if known else None)
    if back.action is Action.NONE or known is None:
        return None
    canonical = Canonical(back.entry or known.entry, known.stamps)
    moves = back.moves
    if back.action is Action.CREATE:
        moves = _whole(known.entry, back)
    memory = _memory(back, ledger.tracks.get(key), remote=remote, known=known)
    entry_id = remote.entry_id if remote is not None else ""
    track = Track(key[0], key[1], known.media_id, memory, entry_id)
    if back.action is Action.REMOVE:
        ledger.tracks[key] = track
    return Item(
        track, Verdict(to_side=back.action, moves_out=moves, canonical=canonical), remote.now if remote else None, None
    )


def _memory(back: Undo, track: Track | None, *, remote: Remote | None, known: Row) -> Memory:
    held = remote.now.entry if remote is not None else None
    return remember(back, track.memory if track is not None else None, held=held, library=known.entry)


def _close(row: Change, ledger: Ledger, *, remotes: Mapping[Key, Remote], library: Mapping[int, Row]) -> None:
    """There is nothing to send: an earlier try arrived though its answer was lost, or the entry was edited since."""
    key: Key = (Kind(row.kind), row.remote_id)
    remote, known, track = remotes.get(key), library.get(row.media_id or 0), ledger.tracks.get(key)
    held = remote.now.entry if remote is not None else None
    if row.state != ChangeState.UNKNOWN or known is None or not holds(row, held):
        journal.mark([row], ChangeState.SKIPPED, message=TOUCHED)
        return
    done = Undo(Action(row.action), tuple(Move(name, None, None, Reason.UNDO) for name in row.after or {}))
    ledger.tracks[key] = Track(key[0], key[1], known.media_id, _memory(done, track, remote=remote, known=known))
    journal.mark([row], ChangeState.APPLIED, message=FOUND)


def _whole(last: Entry, back: Undo) -> tuple[Move, ...]:
    entry = back.entry or last
    blank = Entry(entry.status)
    names = ("status", *blank.changed(entry))
    return tuple(Move(name, None, getattr(entry, name), Reason.UNDO) for name in names)


def _pause(run: SyncRun, lease: Lease, *, desk: Desk) -> None:
    """This turn is over and something is left: others wait for the queue too."""
    with transaction.atomic():
        leases.renew(lease)
        desk.save_ledger()
        SyncRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED)
        leases.let_go(lease, due_at=timezone.now())
    run.refresh_from_db()


def _finish(run: SyncRun, connection: Connection, lease: Lease, *, desk: Desk | None) -> None:
    """The figures come from the journal: an earlier try may have done a part."""
    with transaction.atomic():
        lock_library(connection.user_id)
        leases.renew(lease)
        if desk is not None:
            desk.save_ledger()
        done = run.changes.filter(state=ChangeState.APPLIED)
        library_changes = done.filter(side=LIBRARY).count() + _return_to_library(connection, run)
        SyncRun.objects.filter(pk=run.pk).update(
            state=RunState.DONE,
            finished_at=timezone.now(),
            library_changes=library_changes,
            writes=done.exclude(side=LIBRARY).count(),
            failed=run.changes.filter(state=ChangeState.FAILED).count(),
        )
        leases.let_go(lease, due_at=scheduling.next_due(connection))
    run.refresh_from_db()
    if library_changes:
        scheduling.wake_others(connection.user_id, but=connection.pk)


def _return_to_library(connection: Connection, run: SyncRun) -> int:
    """An entry that was put back on a service after the library had let it go comes back to the library too, or the
    next run would remove it again."""
    created = run.changes.filter(state=ChangeState.APPLIED, action=Action.CREATE).exclude(side=LIBRARY)
    media = set(created.values_list("media_id", flat=True))
    library = rows_of(connection.user_id) if media else {}
    rows = [library[media_id] for media_id in media if media_id in library]
    back = {row.media_id: Stored(row.entry, row.stamps) for row in rows if row.removed}
    if back:
        store_entries(connection.user_id, back, source="undo")
    return len(back)
