"""A worker that is asked to end finishes what it has in hand and hands the rest back: nothing is lost or done twice."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from integrations import stopping
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.services.editing import edit_entry
from project.queues import INTERACTIVE
from project.workers import Worker
from syncing.models import Change, Schedule, SyncRun
from syncing.services import dispatching, leases, undoing
from syncing.services.running import run_lease
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    ANILIST,
    MAL,
    SIDES,
    WRITES,
    assert_at_rest,
    break_,
    clear_counts,
    entry_of,
    held,
    listed,
    media_of,
    mend,
    writes_of,
)
from tests.e2e.test_kills import environment, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]
TITLES = (1, 6, 18, 19, 20, 30, 33, 45, 57, 80, 84, 93)
HANG = 60.0
"""Seconds after which a worker would be killed, and the test is red."""


@pytest.fixture(autouse=True)
def _as_new() -> Iterator[None]:
    yield
    stopping.forget()


def edited(link: Link, user: User, provider: str) -> Connection:
    """All of its titles are to be written."""
    connection = link(user, provider, [listed(provider, media_id, progress=1) for media_id in TITLES])
    sync(connection)
    for media_id in TITLES:
        edit_entry(user, media_id=media_of(media_id), changes={"score": 70})
    return connection


def assert_handed_back(connection: Connection) -> None:
    """Due at once for the next worker, without a failure, and the books are closed."""
    row = Schedule.objects.get(pk=connection.pk)
    assert (row.lease_until, row.begun_at, row.failures, row.trouble, row.deaths) == (None, None, 0, "", 0)
    assert (row.due_at <= timezone.now(), row.not_before) == (True, None)
    assert Change.objects.filter(state__in=("planned", "sending", "unknown")).count() == 0
    assert SyncRun.objects.filter(state="running").count() == 0
    connection.refresh_from_db()
    assert connection.message == ""


# A real worker, a real signal ---------------------------------------------------------------------------------


@contextmanager
def worker(sandbox: Running) -> Iterator[subprocess.Popen[bytes]]:
    """Started as production starts it."""
    command = Worker("asking", (INTERACTIVE, MAL), 2).command
    with subprocess.Popen(
        command,
        env={**environment(sandbox), "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms"},
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def hits(sandbox: Running) -> int:
    return sum(fault["hits"] for fault in sandbox.control("GET", f"{MAL}/faults"))


def applied() -> int:
    return Change.objects.filter(side=MAL, state="applied", action="update").count()


@pytest.mark.postgres
def test_a_worker_that_gets_term_in_the_middle_of_a_push(sandbox: Running, link: Link, alice: User) -> None:
    """One request is on its way at a time: after the signal the one in hand is answered, and hardly another begun."""
    connection = edited(link, alice, MAL)
    clear_counts(sandbox)
    break_(sandbox, MAL, "latency", endpoint=WRITES[MAL], seconds=0.5, times=None)
    Schedule.objects.update(due_at=timezone.now())
    with worker(sandbox) as process:
        assert dispatching.start_due() == 1
        wait_until(lambda: hits(sandbox) >= 3, process)
        begun = hits(sandbox)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=HANG) == 0
    written = writes_of(sandbox, MAL).total()
    assert begun - 1 <= written <= begun + 1 < len(TITLES)
    assert applied() == written
    assert_handed_back(connection)
    run = SyncRun.objects.filter(connection=connection).latest("started_at")
    assert (run.state, run.error_code, run.writes) == ("partial", "", written)
    mend(sandbox, MAL)
    with worker(sandbox) as process:
        dispatching.start_due()
        wait_until(lambda: applied() == len(TITLES), process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=HANG) == 0
    assert writes_of(sandbox, MAL) == {f"anime:{media_id}": 1 for media_id in TITLES}
    assert {entry["score"] for entry in held(sandbox, MAL).values()} == {7}
    assert_at_rest(sandbox, [connection])


# Every step of a run ------------------------------------------------------------------------------------------


def run_until(connection: Connection, stage: str, count: int = 0) -> SyncRun | None:
    """One run, in whose process somebody asks for the end at that stage."""

    def tell(at: str, done: int, _total: int) -> None:
        if at == stage and done >= count:
            stopping.ask()

    Schedule.objects.filter(pk=connection.pk).update(due_at=timezone.now())
    (lease,) = leases.claim_due(connection.provider, limit=1)
    begun = leases.take_up(lease.connection_id, lease.token)
    assert begun is not None
    return run_lease(begun, tell=tell)


@pytest.mark.parametrize("stage", ["read", "plan"])
@pytest.mark.parametrize("provider", SIDES)
def test_before_anything_is_done_all_of_it_is_left_to_the_next(
    sandbox: Running, link: Link, alice: User, provider: str, stage: str
) -> None:
    connection = edited(link, alice, provider)
    before = SyncRun.objects.count()
    clear_counts(sandbox)
    run_until(connection, stage)
    assert (SyncRun.objects.count(), writes_of(sandbox, provider).total()) == (before, 0)
    assert_handed_back(connection)
    finish_elsewhere(sandbox, connection)


@pytest.mark.parametrize("stage", ["library", "write"])
@pytest.mark.parametrize("provider", SIDES)
def test_in_the_middle_of_a_push_what_is_done_stays_done(
    sandbox: Running, link: Link, alice: User, provider: str, stage: str
) -> None:
    connection = edited(link, alice, provider)
    clear_counts(sandbox)
    run = run_until(connection, stage)
    assert run is not None
    written = writes_of(sandbox, provider).total()
    # AniList takes all of them in one request; MyAnimeList's share two commits by ten.
    assert written == (0 if stage == "library" else len(TITLES) if provider == ANILIST else 10)
    assert (run.state, run.writes) == ("partial" if written < len(TITLES) else "done", written)
    if written < len(TITLES):
        assert_handed_back(connection)
    finish_elsewhere(sandbox, connection)


def ask_after(monkeypatch: pytest.MonkeyPatch, sandbox: Running, *, writes: int) -> None:
    """Asked just before the next request is begun, when its turn of the budget has come."""
    real = stopping.check

    def check() -> None:
        real()
        if writes_of(sandbox, MAL).total() == writes:
            stopping.ask()

    monkeypatch.setattr(stopping, "check", check)


def test_an_undo_waits_for_the_next_worker(
    sandbox: Running, link: Link, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = edited(link, alice, MAL)
    run = sync(connection)
    undo = undoing.undo_run(alice, run_id=run.pk)
    clear_counts(sandbox)
    ask_after(monkeypatch, sandbox, writes=3)
    run_until(connection, "never")
    undo.refresh_from_db()
    assert (undo.state, writes_of(sandbox, MAL).total()) == ("queued", 4)
    row = Schedule.objects.get(pk=connection.pk)
    assert (row.lease_until, row.failures, row.due_at <= timezone.now()) == (None, 0, True)
    monkeypatch.undo()
    stopping.forget()
    sync(connection)
    undo.refresh_from_db()
    assert undo.state == "done"
    assert writes_of(sandbox, MAL) == {f"anime:{media_id}": 1 for media_id in TITLES}


def finish_elsewhere(sandbox: Running, connection: Connection) -> None:
    """Another process has not been asked to end."""
    stopping.forget()
    sync(connection)
    assert writes_of(sandbox, connection.provider) == {f"anime:{media_id}": 1 for media_id in TITLES}
    assert {entry_of(connection.user, media_id).score for media_id in TITLES} == {70}
    assert_at_rest(sandbox, [connection])


def test_a_single_write_in_hand_is_the_last(
    sandbox: Running, link: Link, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten that share their commits the others go back: they were not sent."""
    connection = edited(link, alice, MAL)
    clear_counts(sandbox)
    ask_after(monkeypatch, sandbox, writes=3)
    run = run_until(connection, "never")
    assert run is not None
    written = writes_of(sandbox, MAL).total()
    assert (run.state, run.writes, written) == ("partial", 4, 4)
    monkeypatch.undo()
    assert_handed_back(connection)
    finish_elsewhere(sandbox, connection)


def test_celerys_signal_is_heard() -> None:
    from celery.signals import worker_shutting_down

    import project.celery

    assert project.celery.app is not None
    worker_shutting_down.send(sender="asking@here", sig="SIGTERM", how="Warm", exitcode=0)
    assert stopping.is_asked() is True
