"""One sync of one connection, from its lease to its last line in the books."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import transaction

from integrations.errors import ProviderError
from integrations.http import Session
from integrations.models import Connection, ConnectionState
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.services.sessions import open_session
from library.queries import revision_of
from syncing.core.guard import STOPS
from syncing.models import Baseline, RunState, SyncRun
from syncing.services import (
    applying,
    finishing,
    leases,
    outcomes,
    previewing,
    scheduling,
    undo_performing,
    undoing,
)
from syncing.services.baselines import Ledger, UnreadableBaseline, unpack
from syncing.services.desk import Desk, Tell, tell_nobody
from syncing.services.fetching import fetch
from syncing.services.leases import Lease, LeaseLost
from syncing.services.matching import key_of
from syncing.services.planning import prepare

log = logging.getLogger(__name__)


def sync_claimed(connection_id: UUID, token: int) -> SyncRun | None:
    """Run what a tick has claimed for us; None when somebody else has it by now."""
    lease = leases.take_up(connection_id, token)
    return None if lease is None else run_lease(lease)


def run_lease(lease: Lease, *, trigger: str = "", tell: Tell = tell_nobody) -> SyncRun | None:
    """Sync under a lease. Never raises for trouble of the service or the person: that is in the run.

    trigger: schedule, person or command; by default told from the lease.
    """
    connection = Connection.objects.select_related("app", "user").get(pk=lease.connection_id)
    if connection.state != ConnectionState.ACTIVE:
        leases.let_go(lease, due_at=scheduling.next_due(connection))
        return None
    run = SyncRun(
        user_id=connection.user_id,
        connection=connection,
        provider=connection.provider,
        trigger=trigger or ("person" if lease.interactive else "schedule"),
        lease_token=lease.token,
        full=lease.full,
        purpose="preview" if lease.preview else "sync",
    )
    try:
        _perform(run, connection, lease, tell=tell)
    except LeaseLost:
        log.info("run of connection %s lost its lease", connection.pk)
        return None
    except ProviderError as error:
        ending = outcomes.ending_of(error, name=registry.get(connection.provider).name)
        (log.error if ending.state == RunState.FAILED else log.info)("sync of %s: %s", connection.pk, error)
        outcomes.end_badly(run, connection, lease, ending=ending)
    except Exception:
        # Ours: logged whole, shown to the person as what it is, and tried again later.
        log.exception("sync of connection %s failed", connection.pk)
        outcomes.end_badly(run, connection, lease, ending=outcomes.INTERNAL)
    return run


def _perform(run: SyncRun, connection: Connection, lease: Lease, *, tell: Tell) -> None:
    provider = registry.get(connection.provider)
    session = open_session(
        connection, klass="interactive" if lease.interactive else "checks", interactive=lease.interactive
    )
    try:
        queued = undoing.queued_for(connection)
        if queued is not None:
            undo_performing.perform_undo(queued, connection, lease, session=session, provider=provider)
            run.__dict__.update(queued.__dict__)
            return
        _sync(run, connection, lease, session=session, provider=provider, tell=tell)
    finally:
        run.requests = session.requests
        if run.is_stored:
            SyncRun.objects.filter(pk=run.pk, requests=0).update(requests=session.requests)


def _sync(
    run: SyncRun, connection: Connection, lease: Lease, *, session: Session, provider: Provider, tell: Tell
) -> None:
    baseline = _baseline_of(connection)
    if previewing.waits_for_a_word(connection, lease):
        finishing.postpone(connection, lease)
        return
    fetched = fetch(connection, session, provider, baseline=baseline, full=lease.full)
    run.requests, run.entries_read = session.requests, len(fetched.entries)
    tell("read", len(fetched.entries), len(fetched.entries))
    behind = revision_of(connection.user_id) != baseline.library_revision
    if fetched.unchanged and not behind and not (lease.full or lease.preview):
        finishing.finish_unchanged(run, connection, lease, mark=fetched.mark)
        return
    if fetched.unchanged and not fetched.digest:
        # The probe spared the read, but the library moved: what it holds is needed after all.
        fetched = fetch(connection, session, provider, baseline=baseline, full=True)
    # Whatever an earlier holder left open must be known as such before it is looked up in what was read.
    with transaction.atomic():
        leases.renew(lease)
        scheduling.abandon_open(connection.pk)
    ledger = _ledger_of(baseline)
    prepared = prepare(connection, session, provider, entries=fetched.entries, complete=fetched.complete, ledger=ledger)
    run.entries_read = len(fetched.entries)
    desk = Desk(connection, lease, provider, session, baseline, ledger, run, prepared, tell)
    desk.held = {key_of(entry): entry.entry for entry in fetched.entries}
    tell("plan", len(prepared.plan.items), len(prepared.plan.items))
    if any(topic in STOPS for topic in prepared.guarded.stopped):
        finishing.finish_held(desk)
        return
    if previewing.must_ask(desk):
        previewing.finish_preview(desk)
        return
    finishing.begin(desk)
    applying.apply_library(desk)
    try:
        applying.apply_side(desk)
    finally:
        finishing.count(desk)
    finishing.finish(desk, fetched)


def _baseline_of(connection: Connection) -> Baseline:
    baseline, _ = Baseline.objects.defer("data").get_or_create(
        connection=connection, defaults={"user_id": connection.user_id}
    )
    return baseline


def _ledger_of(baseline: Baseline) -> Ledger:
    data = Baseline.objects.filter(pk=baseline.pk).values_list("data", flat=True).get()
    try:
        return unpack(bytes(data))
    except UnreadableBaseline:
        # Nothing is lost: without memory this is a first contact, which never deletes. But it must be known.
        log.exception("the baseline of connection %s cannot be read; starting without", baseline.pk)
        return Ledger()
