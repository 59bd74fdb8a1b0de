"""One sync of one connection, from its lease to its last line in the books."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import connection as database
from django.utils import timezone

from integrations import stopping
from integrations.errors import ProviderError, Stopping
from integrations.models import Connection, ConnectionState
from integrations.providers import registry
from integrations.services.sessions import open_session
from syncing.models import RunState, SyncRun
from syncing.services import (
    asking,
    endings,
    leases,
    outcomes,
    pacing,
    progress,
    undo_performing,
    undoing,
)
from syncing.services.desk import Tell, tell_nobody
from syncing.services.leases import Lease, LeaseLost
from syncing.services.working import work

log = logging.getLogger(__name__)


def sync_claimed(connection_id: UUID, token: int) -> SyncRun | None:
    """Run what a tick has claimed for us; None when somebody else has it by now, or when this worker is to end."""
    if stopping.is_asked():
        leases.give_back([Lease(connection_id, token, timezone.now())])
        return None
    lease = leases.take_up(connection_id, token)
    return None if lease is None else run_lease(lease)


def run_lease(
    lease: Lease, *, trigger: str = "", tell: Tell = tell_nobody, media_id: int | None = None
) -> SyncRun | None:
    """Sync under a lease. Never raises for trouble of the service or the person: that is in the run.

    trigger: schedule, person or command; by default told from the lease. media_id: as in SyncRun, unless a run waits
    that was asked for by name.
    """
    connection = Connection.objects.select_related("app", "user").get(pk=lease.connection_id)
    if connection.state != ConnectionState.ACTIVE or not connection.user.is_active:
        leases.let_go(lease, due_at=pacing.next_due(connection))
        return None
    run = SyncRun(
        user_id=connection.user_id,
        connection=connection,
        provider=connection.provider,
        trigger=trigger or lease.trigger or ("person" if lease.interactive else "schedule"),
        lease_token=lease.token,
        full=lease.full,
        media_id=media_id,
        purpose="preview" if lease.preview else "sync",
    )
    try:
        _perform(run, connection, lease, tell=tell)
    except LeaseLost:
        log.info("run of connection %s lost its lease", connection.pk)
        return None
    except Stopping:
        log.info("sync of connection %s goes on elsewhere: this worker is about to end", connection.pk)
        outcomes.end_stopped(run, connection, lease)
    except ProviderError as error:
        ending = endings.ending_of(error, name=registry.get(connection.provider).name)
        if error.unsent and ending.code in outcomes.OF_ALL and not run.requests:
            outcomes.set_aside(run, lease, ending=ending)
            return run
        (log.error if ending.state == RunState.FAILED else log.info)("sync of %s: %s", connection.pk, error)
        outcomes.end_badly(run, connection, lease, ending=ending)
    except Exception as error:
        # Ours: logged whole, shown to the person as what it is, and tried again later.
        log.exception("sync of connection %s failed", connection.pk)
        # A line to the database that broke is not the one to write this down on.
        database.close_if_unusable_or_obsolete()
        outcomes.end_badly(run, connection, lease, ending=endings.ending_of_fault(error))
    return run


def _perform(run: SyncRun, connection: Connection, lease: Lease, *, tell: Tell) -> None:
    provider = registry.get(connection.provider)
    if lease.interactive and asking.take_up(run, connection) and tell is tell_nobody:
        tell = progress.Notes(run.pk)
    session = open_session(
        connection, klass="interactive" if lease.interactive else "checks", interactive=lease.interactive
    )
    try:
        queued = undoing.queued_for(connection)
        if queued is not None:
            undo_performing.perform_undo(queued, connection, lease, session=session, provider=provider)
            run.__dict__.update(queued.__dict__)
            return
        work(run, connection, lease, session=session, provider=provider, tell=tell)
        if run.state == RunState.RUNNING and run.is_stored:
            outcomes.close(run, state=RunState.DONE, message="Nothing is done before you have answered what waits.")
    finally:
        run.requests = session.requests
        if run.is_stored:
            SyncRun.objects.filter(pk=run.pk, requests=0).update(requests=session.requests)
