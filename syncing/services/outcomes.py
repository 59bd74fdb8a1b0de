"""How a run ends: what it means for the person, for the connection and for when it is tried again.

Success, halt and failure are three outcomes. A halt is the person's or the service's trouble: counted and shown. A
failure is ours: logged as an error, which wakes someone.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from integrations.errors import (
    AuthRevoked,
    Malformed,
    ProviderError,
    RateLimited,
    Rejected,
    Transient,
    Unavailable,
)
from integrations.models import Connection, ConnectionState
from integrations.oauth import AppRejected
from syncing.models import RunState, Schedule, SyncRun
from syncing.services import leases, pacing
from syncing.services.leases import Lease
from syncing.services.scheduling import abandon_open

log = logging.getLogger(__name__)

STAYS = "expires_soon"
BASE_SECONDS = 30.0
CAP_SECONDS = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Ending:
    """code: of SyncRun.error_code. message: for the person. wait: seconds until the next try, None = by interval.
    counts: True when it adds to the failures in a row, from which the wait grows."""

    code: str
    message: str
    state: RunState = RunState.HALTED
    wait: float | None = None
    counts: bool = True


def ending_of(error: ProviderError, *, name: str) -> Ending:
    """What an error of a service says about the whole run. name: the service's name for people."""
    if isinstance(error, RateLimited):
        return Ending(
            "rate_limited",
            f"{name} allows no more requests right now. The sync goes on by itself.",
            RunState.PARTIAL,
            error.retry_after,
            counts=False,
        )
    if isinstance(error, Unavailable):
        message = f"{name} is not reachable right now. The sync goes on when it is back."
        return Ending("unavailable", message, wait=error.retry_after)
    if isinstance(error, Transient):
        return Ending("transient", f"{name} did not answer as it should. It is tried again soon.")
    if isinstance(error, AuthRevoked):
        message = f"{name} no longer lets Enishi in. Please sign in there again."
        return Ending("needs_login", message, counts=False)
    if isinstance(error, AppRejected):
        # The operator's client id or secret: everybody waits for it, so somebody must be woken.
        message = f"{name} does not accept this site's own registration. The operator has been told."
        return Ending("app_rejected", message, RunState.FAILED)
    if isinstance(error, Malformed):
        message = f"{name} answered in a way that is not understood. Nothing was changed; we look into it."
        return Ending("malformed", message, RunState.FAILED)
    if isinstance(error, Rejected):
        return Ending("rejected", error.message)
    return Ending("transient", error.message)


INTERNAL = Ending("internal", "Something went wrong on our side. Nothing is lost; we look into it.", RunState.FAILED)


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row: doubled each time, with full jitter above a half."""
    ceiling = min(CAP_SECONDS, BASE_SECONDS * float(2 ** min(failures - 1, 16)))
    return ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - jitter


def end_badly(run: SyncRun, connection: Connection, lease: Lease, *, ending: Ending) -> None:
    """Write down how the run ended and when it is tried again; the connection says why."""
    schedule = Schedule.objects.filter(pk=connection.pk).values("failures").first()
    failures = (schedule["failures"] if schedule else 0) + (1 if ending.counts else 0)
    wait = ending.wait if ending.wait is not None else backoff(max(failures, 1))
    again = timezone.now() + timedelta(seconds=wait + (random.uniform(0, 0.1) * wait))  # noqa: S311 - jitter
    needs_login = ending.code == "needs_login"
    again = max(again, pacing.next_due(connection)) if needs_login else again
    if not leases.let_go(lease, due_at=again, not_before=again, failures=failures):
        return
    close(run, state=ending.state, code=ending.code, message=ending.message)
    abandon_open(connection.pk)
    tell_connection(connection, ending)


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


def end_quietly(run: SyncRun) -> None:
    """A run without changes: folded into the row of the last such run, so that a year of them is one line."""
    assert run.connection_id is not None
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
