"""The last lines of a run: figures, questions, the next due time, and who must hear that the library moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.utils import timezone

from integrations.models import Connection
from library.entry import Kind
from library.services.catalogue import titles_of
from syncing.core.guard import Topic
from syncing.models import Baseline, RunState, SyncRun
from syncing.services import (
    journal,
    leases,
    noting,
    nudging,
    outcomes,
    pacing,
    parking,
    previewing,
    reviewing,
    sending,
)
from syncing.services.baselines import SENTINELS
from syncing.services.desk import Desk
from syncing.services.fetching import Fetched, digest_of, digests_by_kind
from syncing.services.leases import Lease, LeaseLost

BENCH = timedelta(hours=1)
"""As long as `planning` counts an entry's writes."""
NEAR = timedelta(hours=2)
"""What is to be tried again later than this is no reason to look at everything each time: `pruning` sees to it."""
HELD = "guard"


def begin(desk: Desk) -> None:
    """Open the books: the plan is journalled. Nothing to do, no row."""
    items = desk.prepared.plan.items
    _cover_fewer_fields(desk)
    if desk.baseline.complete_at is None:
        previewing.expire_previews(desk.connection)
    if not any(not item.verdict.is_quiet for item in items):
        return
    sending.limit_turn(desk)
    with transaction.atomic():
        leases.renew(desk.lease)
        desk.run.save(force_insert=not desk.run.is_stored)
        desk.changes = journal.write_plan(desk.run, items, titles=_titles(desk), turn=desk.turn)


def _cover_fewer_fields(desk: Desk) -> None:
    """A field that is switched off is not looked at from now on, however this run ends; one that is switched on
    counts as looked at only when a run has ended with nothing left."""
    for kind in desk.kinds:
        fields = desk.rules[kind].capability.fields
        desk.ledger.fields[str(kind)] = sorted(fields.intersection(desk.ledger.fields.get(str(kind), fields)))


def count(desk: Desk) -> None:
    """The figures so far, also when the run is about to end badly."""
    run = desk.run
    run.library_changes, run.writes, run.failed = desk.library_changes, desk.writes, desk.failed
    run.skipped = len(desk.prepared.parked) + sum(len(held) for held in desk.prepared.guarded.withheld.values())
    run.requests = desk.session.requests


def finish(desk: Desk, fetched: Fetched) -> None:
    """The run did what it could. Raises LeaseLost."""
    prepared, run = desk.prepared, desk.run
    _keep_count_of_absences(desk)
    unfinished = desk.unfinished or bool(prepared.guarded.deferred) or _counts_absences(desk)
    with transaction.atomic():
        leases.renew(desk.lease)
        reviewing.ask_about(run, prepared.guarded, removals=desk.connection.removals, titles=_titles(desk))
        reviewing.use_up(prepared.words, left=_left(desk, fetched), absences_open=_has_open_absences(desk))
        parking.unpark(desk.connection, desk.done, wishes=prepared.wishes, complete=fetched.complete)
        noting.note_unmatched(
            desk.connection, prepared.waiting, unroutable=prepared.plan.unroutable, routes=prepared.searched
        )
        again = _comes_back_at(desk)
        # Who asked since, for instance by an answer, must not find that nothing moved.
        comes_back = again is not None and again <= timezone.now() + NEAR
        only_one = desk.run.media_id is not None
        rests = not (unfinished or comes_back or prepared.searched.left or only_one or leases.is_wanted(desk.lease))
        _store_baseline(desk, fetched, settled=not unfinished, rests=rests)
    more = unfinished and (desk.is_spent() or bool(desk.left or desk.refused or prepared.guarded.deferred))
    _close(desk, fetched, more=more, again=again)


def _left(desk: Desk, fetched: Fetched) -> frozenset[int] | None:
    """Media on which something is still to be done; None when the list was not read whole."""
    return desk.prepared.wanted - {item.track.media_id for item in desk.done} if fetched.complete else None


def _comes_back_at(desk: Desk) -> datetime | None:
    """When something that was set aside for a while is to be tried again, though nothing else moves until then."""
    times = [parking.next_try(desk.connection, desk.prepared.parked)] if desk.prepared.parked else []
    if desk.prepared.guarded.withheld.get(Topic.FLIP_FLOP):
        times.append(timezone.now() + BENCH)
    return min((at for at in times if at is not None), default=None)


def _keep_count_of_absences(desk: Desk) -> None:
    """A removal that waits for a word was counted already: the entry is not to be counted again and again."""
    for item in desk.prepared.guarded.withheld.get(Topic.REMOVAL, ()):
        if not _shrunk(desk) and item.verdict.waiting is not None and item.key in desk.ledger.tracks:
            desk.ledger.tracks[item.key] = replace(desk.ledger.tracks[item.key], memory=item.verdict.waiting)


def _shrunk(desk: Desk) -> bool:
    return Topic.SHRUNK in desk.prepared.guarded.stopped


def _counts_absences(desk: Desk) -> bool:
    """An entry is missing for the first time: the next read decides, so it must look."""
    counted = [kind for kind in desk.kinds if desk.rules[kind].takes]
    return not _shrunk(desk) and any(
        track.memory is not None and 0 < track.memory.missing < desk.rules[track.kind].misses
        for track in desk.ledger.tracks.values()
        if track.kind in counted
    )


def _has_open_absences(desk: Desk) -> bool:
    """Removals are still on their way: two reads must agree on them, some wait for a word, some for a later run."""
    guarded = desk.prepared.guarded
    if _counts_absences(desk) or guarded.deferred:
        return True
    waiting = {item.track.media_id for item in guarded.withheld.get(Topic.REMOVAL, ())}
    if desk.connection.removals == "no" and not _shrunk(desk):
        return False
    return bool(waiting - reviewing.refused_removals(desk.connection)) if waiting else False


def _store_baseline(desk: Desk, fetched: Fetched, *, settled: bool, rests: bool) -> None:
    """settled: nothing is left of what was compared; rests: nor is there any reason to look before something moves."""
    held = {key: entry for key, entry in desk.held.items() if entry is not None}
    if settled:
        for kind in desk.kinds:
            desk.ledger.fields[str(kind)] = sorted(desk.rules[kind].capability.fields)
    if not desk.ledger.sentinels or _sentinels_gone(desk, fetched):
        desk.ledger.sentinels = _oldest(desk)
    desk.save_ledger(
        digest=digest_of(desk.connection, held, fetched.complete, rooms=fetched.rooms) if rests else "",
        kind_digests=digests_by_kind(desk.connection, held, fetched.complete, rooms=fetched.rooms) if rests else {},
        probe_mark="" if desk.writes else fetched.mark,
        complete_at=timezone.now() if fetched.complete else desk.baseline.complete_at,
    )


def _sentinels_gone(desk: Desk, fetched: Fetched) -> bool:
    """The guards let this run pass, so one that is missing now went for good, or its kind is no longer read."""
    if not fetched.complete:
        return False
    return any((Kind(kind), remote_id) not in desk.prepared.remotes for kind, remote_id in desk.ledger.sentinels)


def _oldest(desk: Desk) -> list[tuple[str, str]]:
    """Three entries that nobody has touched for longest: if all vanish at once, the read is not to be trusted."""
    remembered = [remote for key, remote in desk.prepared.remotes.items() if key in desk.ledger.tracks]
    remembered.sort(key=lambda remote: remote.now.updated_at)
    return [(str(remote.kind), remote.remote_id) for remote in islice(remembered, SENTINELS)]


def _close(desk: Desk, fetched: Fetched, *, more: bool, again: datetime | None) -> None:
    now = timezone.now()
    run, connection = desk.run, desk.connection
    moved = run.library_changes > 0
    if moved:
        connection.moved_at = now
    looks = pacing.next_looks(connection)
    due = now if more else looks.due_at
    if again is not None:
        due = min(due, pacing.spread_later(max(again, now)))
    if desk.unfinished and not more:
        # Something failed: sooner than the interval, later than at once.
        due = min(due, now + outcomes.soon())
    run.message = fetched.reason[:500]
    with transaction.atomic():
        # The connection before the schedule, as everybody takes them.
        outcomes.clear_connection(connection, now, moved=moved)
        if connection.approved_at is None:
            Connection.objects.filter(pk=connection.pk).update(approved_at=now)
        if not leases.let_go(desk.lease, due_at=due, kinds_due=looks.kinds_due, backlog=desk.left if more else 0):
            raise LeaseLost(str(connection.pk))
        if more:
            # Its seat is free, for whoever is next; where nobody waits it goes on at once.
            nudging.nudge()
        if not run.is_stored:
            outcomes.end_quietly(run)
            return
        if desk.unfinished:
            journal.abandon_rest(run)
        outcomes.close(run, state=RunState.PARTIAL if more else RunState.DONE, message=run.message)


def finish_unchanged(
    run: SyncRun, connection: Connection, lease: Lease, *, mark: str, part: frozenset[Kind] = frozenset()
) -> None:
    """Nothing moved anywhere: no write but the schedule and the tally. part: as in Fetched. Raises LeaseLost."""
    looks = pacing.next_looks(connection, lease, looked_at=part)
    if not leases.let_go(lease, due_at=looks.due_at, kinds_due=looks.kinds_due):
        raise LeaseLost(str(connection.pk))
    if connection.message_code == HELD:
        reviewing.forget_stops(connection)
    outcomes.clear_connection(connection, timezone.now())
    if mark:
        Baseline.objects.filter(pk=connection.pk).exclude(probe_mark=mark).update(probe_mark=mark)
    outcomes.end_quietly(run)


def finish_held(desk: Desk) -> None:
    """A guard stopped everything: nothing was done, a person is asked."""
    run, guarded = desk.run, desk.prepared.guarded
    message = "This needs your word before anything is changed."
    with transaction.atomic():
        # The connection before the schedule, as everybody who changes its options takes them.
        Connection.objects.filter(pk=desk.connection.pk).update(message=message, message_code=HELD)
        leases.renew(desk.lease)
        run.message = message
        outcomes.close(run, state=RunState.HELD, code=HELD, message=message)
        reviewing.ask_about(run, guarded, removals=desk.connection.removals, titles={})
        leases.let_go(desk.lease, due_at=pacing.next_due(desk.connection))


def postpone(connection: Connection, lease: Lease) -> None:
    """Nothing may be done until a person has spoken: come back by interval, without a request."""
    leases.let_go(lease, due_at=pacing.next_due(connection))


def _titles(desk: Desk) -> dict[int, str]:
    guarded = desk.prepared.guarded
    items = [*guarded.plan.items, *(item for held in guarded.withheld.values() for item in held)]
    return titles_of({item.track.media_id for item in items})
