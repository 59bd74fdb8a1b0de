"""How a run ends: what it means for the person, for the connection and for when it is tried again.

Success, halt and failure are three outcomes. A halt is the person's or the service's trouble: counted and shown. A
failure is ours: logged as an error, which wakes someone.
"""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from integrations.models import Connection, ConnectionState
from integrations.providers import registry
from integrations.services import outages
from syncing.core import retry
from syncing.models import RunState, Schedule, SyncRun
from syncing.services import leases, pacing, scheduling, undoing
from syncing.services.endings import Ending, ending_of_outage
from syncing.services.leases import Lease, LeaseLost, Trouble
from syncing.signals import run_ended

log = logging.getLogger(__name__)

STAYS = "expires_soon"
OF_ALL = frozenset({"rate_limited", "unavailable"})
"""Codes of trouble that is the whole service's, where nothing was asked yet."""
LONGEST_ASIDE = 60.0
"""Seconds. Nothing is handed out while a service is away or wants to be left alone; afterwards all shall be there."""
AWAY = frozenset({"unavailable", "transient"})
"""Codes of trouble that may be an outage."""


def soon() -> timedelta:
    """Until what a good run left is done."""
    return timedelta(seconds=retry.wait(retry.LEFT_OVER, failures=1, draw=_draw()))


def _draw() -> float:
    return random.uniform(0.0, 1.0)  # noqa: S311 - jitter


def end_badly(run: SyncRun, connection: Connection, lease: Lease, *, ending: Ending) -> None:
    """Write down how the run ended and when it is tried again; the connection says why. All of it or, where the lease
    was lost, nothing."""
    # Asked before the transaction, which waits for nobody.
    away_for = outages.away_for(connection.provider) if ending.code in AWAY else None
    try:
        with transaction.atomic():
            if away_for is None:
                _end_badly(run, connection, lease, ending=ending)
            else:
                _end_in_outage(run, connection, lease, away_for=away_for)
    except LeaseLost:
        log.info("run of connection %s lost its lease", connection.pk)


def _end_badly(run: SyncRun, connection: Connection, lease: Lease, *, ending: Ending) -> None:
    now, rule = timezone.now(), ending.rule
    before = trouble_of(connection)
    trouble = add_failure(before, ending.code, now, moved=bool(run.writes or run.library_changes))
    failing_for = (now - trouble.since).total_seconds() if trouble.since is not None else 0.0
    resting = rule.counts and retry.rests(rule, failing_for)
    again = next_try(ending, trouble, now, resting=resting)
    if ending.code == "needs_login":
        again = max(again, pacing.next_due(connection))
    if resting:
        days = max(1, round(failing_for / retry.DAY))
        ending = replace(ending, message=f"{ending.message} {_rest_words(days)}")
    # The connection before the schedule, as everybody takes them.
    tell_connection(connection, ending)
    if not leases.let_go(lease, due_at=again, not_before=again, trouble=trouble, backlog=None):
        raise LeaseLost(str(connection.pk))
    close(run, state=ending.state, code=ending.code, message=ending.message)
    scheduling.abandon_open(connection.pk)
    if ending.code == "internal" == before.code and trouble.failures >= retry.UNDO_TRIES:
        undoing.give_up(connection, code=ending.code)


def _end_in_outage(run: SyncRun, connection: Connection, lease: Lease, *, away_for: float) -> None:
    """The service is away for all: nobody's failure, and everybody keeps their place. Who has just tried goes behind
    the others when it may be tried again, or one whose list it stumbles over would be the only one to try."""
    ending = ending_of_outage(name=registry.get(connection.provider).name)
    tell_connection(connection, ending)
    again = timezone.now() + timedelta(seconds=away_for + retry.wait(ending.rule, failures=1, draw=_draw()))
    if not leases.set_aside(lease, until=again):
        raise LeaseLost(str(connection.pk))
    close(run, state=ending.state, code=ending.code, message=ending.message)
    scheduling.abandon_open(connection.pk)


def set_aside(run: SyncRun, lease: Lease, *, ending: Ending) -> None:
    """The run was not let begin, by our own limiter or by an outage: it is due as it was, a little later. Nothing
    happened, so there is no row of it either."""
    run.state, run.error_code, run.message = ending.state, ending.code, ending.message
    if run.is_stored:
        # Asked for by name: it waits on, as its connection does.
        SyncRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED, message=ending.message[:500])
    wait = retry.wait(ending.rule, failures=1, draw=_draw(), told=min(ending.told or 0.0, LONGEST_ASIDE))
    if not leases.set_aside(lease, until=timezone.now() + timedelta(seconds=wait)):
        log.info("run of connection %s lost its lease", lease.connection_id)


def _rest_words(days: int) -> str:
    return (
        f"It has been so for {days} day{'s' if days != 1 else ''}, so it is tried once a day. Sync now tries at once."
    )


def trouble_of(connection: Connection) -> Trouble:
    row = Schedule.objects.filter(pk=connection.pk).values_list("failures", "trouble", "failing_since").first()
    return Trouble(*row) if row is not None else leases.NO_TROUBLE


def add_failure(before: Trouble, code: str, now: datetime, *, moved: bool = False) -> Trouble:
    """moved: the run did something before it ended, so that this is the first failure since."""
    if not retry.TABLE[code].counts:
        return before
    if moved or before.since is None:
        return Trouble(1, code, now)
    return Trouble(before.failures + 1, code, before.since)


def next_try(ending: Ending, trouble: Trouble, now: datetime, *, resting: bool) -> datetime:
    seconds = retry.wait(
        ending.rule, failures=max(trouble.failures, 1), draw=_draw(), told=ending.told, resting=resting
    )
    return now + timedelta(seconds=seconds)


def end_stopped(run: SyncRun, connection: Connection, lease: Lease) -> None:
    """This worker was asked to end: the connection is due as it was, for the next one. No failure."""
    try:
        with transaction.atomic():
            # Whoever lost the lease has no books to close either.
            leases.renew(lease)
            leases.give_back([lease])
            if run.is_stored:
                close(run, state=RunState.PARTIAL, code="stopped", message=scheduling.STOPPED)
                scheduling.abandon_open(connection.pk)
    except LeaseLost:
        log.info("run of connection %s lost its lease", connection.pk)


def tell_connection(connection: Connection, ending: Ending) -> None:
    """The message on the connection. A limit is no news; a dead sign-in was told by the session that met it."""
    if ending.code == "rate_limited":
        return
    if ending.code == "needs_login":
        Schedule.objects.filter(pk=connection.pk).update(is_on=False)
        values = {"state": ConnectionState.NEEDS_LOGIN, "message": ending.message, "message_code": ending.code}
    else:
        values = {"message": ending.message[:500], "message_code": ending.code}
    rows = Connection.objects.filter(pk=connection.pk, state=ConnectionState.ACTIVE)
    (rows if ending.code == "needs_login" else rows.exclude(message_code=STAYS)).update(**values)


def clear_connection(connection: Connection, now: datetime, *, moved: bool = False) -> None:
    """A good run takes its trouble's message away; a warning that the sign-in ends soon stays. moved: the list there
    had something new."""
    rows = Connection.objects.filter(pk=connection.pk)
    rows.update(last_synced_at=now, **({"moved_at": now} if moved else {}))
    if connection.message and connection.message_code != STAYS:
        rows.exclude(message_code=STAYS).update(message="", message_code="")


def close(run: SyncRun, *, state: RunState, code: str = "", message: str = "") -> None:
    """Store the run with its figures, whether it has a row already or not."""
    run.state, run.error_code, run.message = state, code, message[:500]
    run.finished_at = timezone.now()
    run.save()
    run_ended.send(SyncRun, run=run)


def end_quietly(run: SyncRun) -> None:
    """A run without changes: folded into the row of the last such run, so that a year of them is one line."""
    assert run.connection_id is not None
    if run.is_stored:
        # Somebody asked for it by name, and looks for it.
        close(run, state=RunState.DONE, message=run.message)
        return
    last = SyncRun.objects.filter(connection_id=run.connection_id).order_by("-started_at").first()
    foldable = (
        last is not None
        and last.state == RunState.DONE
        and last.purpose == "sync"
        and not (last.writes or last.library_changes or last.failed or last.error_code)
        and not (run.failed or run.message)
    )
    if last is None or not foldable:
        close(run, state=RunState.DONE, message=run.message)
        return
    SyncRun.objects.filter(pk=last.pk).update(
        checks=last.checks + 1,
        requests=last.requests + run.requests,
        entries_read=run.entries_read or last.entries_read,
        finished_at=timezone.now(),
    )
    run.pk = last.pk
    run.state, run.finished_at, run.checks = RunState.DONE, timezone.now(), last.checks + 1
