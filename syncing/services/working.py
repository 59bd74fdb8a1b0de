"""The work of one run: read, compare, plan, do, finish."""

from __future__ import annotations

import logging

from django.db import transaction

from integrations.http import Session
from integrations.models import Connection
from integrations.providers.base import Provider
from library.queries import revision_of
from syncing.models import Baseline, SyncRun
from syncing.services import carrying, finishing, leases, narrowing, pacing, previewing, scheduling
from syncing.services.baselines import Ledger, UnreadableBaseline, unpack
from syncing.services.desk import Desk, Tell
from syncing.services.fetching import fetch
from syncing.services.leases import Lease
from syncing.services.matching import key_of
from syncing.services.planning import prepare

log = logging.getLogger(__name__)


def work(
    run: SyncRun, connection: Connection, lease: Lease, *, session: Session, provider: Provider, tell: Tell
) -> None:
    baseline = _baseline_of(connection)
    if previewing.waits_for_a_word(connection, lease):
        finishing.postpone(connection, lease)
        return
    part = pacing.kinds_to_look_at(connection, lease)
    fetched = fetch(connection, session, provider, baseline=baseline, full=lease.full, part=part)
    run.requests, run.entries_read = session.requests, len(fetched.entries)
    tell("read", len(fetched.entries), len(fetched.entries))
    behind = revision_of(connection.user_id) != baseline.library_revision
    if fetched.unchanged and not behind and not (lease.full or lease.preview):
        finishing.finish_unchanged(run, connection, lease, mark=fetched.mark, part=fetched.part)
        return
    if fetched.unchanged and not fetched.digest:
        # The probe or a part spared the read, but the library moved: what it holds is needed after all.
        fetched = fetch(connection, session, provider, baseline=baseline, full=True)
    # Whatever an earlier holder left open must be known as such before it is looked up in what was read.
    with transaction.atomic():
        leases.renew(lease)
        scheduling.abandon_open(connection.pk, but=lease.token)
    ledger = _ledger_of(baseline)
    prepared = prepare(
        connection,
        session,
        provider,
        entries=fetched.entries,
        complete=fetched.complete,
        ledger=ledger,
        unclear=fetched.unclear,
    )
    run.entries_read = len(fetched.entries)
    if run.media_id is not None:
        prepared = narrowing.narrow(prepared, run.media_id)
    desk = Desk(connection, lease, provider, session, baseline, ledger, run, prepared, tell)
    desk.read_requests = session.requests
    desk.held = {key_of(entry): entry.entry for entry in fetched.entries}
    carrying.carry_out(desk, fetched)


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
