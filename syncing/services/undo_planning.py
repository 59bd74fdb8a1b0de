"""What an undo will do on the service, made from what is there now: a plan like any other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from integrations.http import Session
from integrations.models import Connection
from integrations.providers.base import Provider
from library.entry import Entry, Kind
from library.queries import Row, revision_of, rows_of
from library.services.matches import words_of
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
from syncing.models import Baseline, Change, ChangeState, SyncRun
from syncing.services import fetching, journal, planning, puzzling, recalling, rules, sparing, undo_library
from syncing.services.baselines import Ledger, unpack
from syncing.services.desk import Desk
from syncing.services.leases import Lease

UNREAD = "The list could not be read whole, and this title is not among what was read. You can try it again."


def prepare_undo(
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
    fetched = fetching.fetch(connection, session, provider, baseline=baseline, full=True)
    own = words_of(connection.user_id, provider.slug)
    matched, puzzles = puzzling.match_list(connection, fetched.entries, ledger, own=own)
    remotes = {(remote.kind, remote.remote_id): remote for remote in matched.remotes}
    unclear = fetched.unclear.keys() | puzzles.keys()
    library = rows_of(connection.user_id)
    readable = [row for row in rows if _was_read(row, remotes, complete=fetched.complete, unclear=unclear)]
    items, todo = [], {}
    for row in readable:
        try:
            item = _item(row, ledger, remotes=remotes, library=library)
            if item is None:
                _close(row, ledger, remotes=remotes, library=library)
                continue
        except Exception as error:
            if not sparing.is_of_entry(error):
                raise
            sparing.tell(connection.pk, f"change {row.pk}", error)
            journal.mark([row], ChangeState.FAILED, message=sparing.MESSAGE)
            continue
        items.append(item)
        todo[provider.slug, item.track.media_id] = row
    prepared = planning.Prepared(
        guarded=Guarded(Plan(tuple(items))),
        remotes=remotes,
        revisions={media_id: row.revision for media_id, row in library.items()},
        revision=revision_of(connection.user_id),
        rules=rules.rules_of(connection, provider, ledger=ledger),
    )
    desk = Desk(connection, lease, provider, session, baseline, ledger, run, prepared)
    desk.changes, desk.library_revision = todo, baseline.library_revision
    return desk


def _was_read(
    row: Change, remotes: Mapping[Key, Remote], *, complete: Collection[Kind], unclear: Collection[Key]
) -> bool:
    """False where nobody can say what is there: what is not known is not gone. Such a row is closed with its reason."""
    key: Key = (Kind(row.kind), row.remote_id)
    if key in remotes or (key[0] in complete and key not in unclear):
        return True
    journal.mark([row], ChangeState.SKIPPED, message=UNREAD)
    return False


def _item(row: Change, ledger: Ledger, *, remotes: Mapping[Key, Remote], library: Mapping[int, Row]) -> Item | None:
    assert row.undoes is not None
    key: Key = (Kind(row.kind), row.remote_id)
    remote = remotes.get(key)
    known = library.get(row.media_id or 0)
    back = undo(
        undo_library.done_of(row.undoes), remote.now.entry if remote else None, last=known.entry if known else None
    )
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
    if row.state != ChangeState.UNKNOWN or known is None or not recalling.holds(row, held):
        journal.mark([row], ChangeState.SKIPPED, message=undo_library.TOUCHED)
        return
    done = Undo(Action(row.action), tuple(Move(name, None, None, Reason.UNDO) for name in row.after or {}))
    ledger.tracks[key] = Track(key[0], key[1], known.media_id, _memory(done, track, remote=remote, known=known))
    journal.mark([row], ChangeState.APPLIED, message=recalling.FOUND)


def _whole(last: Entry, back: Undo) -> tuple[Move, ...]:
    entry = back.entry or last
    blank = Entry(entry.status)
    names = ("status", *blank.changed(entry))
    return tuple(Move(name, None, getattr(entry, name), Reason.UNDO) for name in names)
