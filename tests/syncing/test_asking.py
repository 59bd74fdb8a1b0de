"""Lists that are only synced when their person asks, and runs that were asked for by name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from integrations.errors import RateLimited
from integrations.models import Connection
from integrations.services.connecting import set_options, unlink
from library.models import Media
from library.services.editing import edit_entry
from syncing.models import RunState, Schedule, SyncRun
from syncing.services import asking, leases, pacing, progress, running, scheduling
from syncing.services.running import run_lease
from syncing.web.pacing import describe_pace
from tests.e2e.conftest import Link, _sandbox_server, link, sandbox
from tests.e2e.lists import listed, media_of
from tests.web import rows

__all__ = ["_sandbox_server", "link", "sandbox"]

pytestmark = pytest.mark.django_db
FAR = timedelta(days=365)


def due_in(connection: Connection) -> timedelta:
    return Schedule.objects.get(pk=connection.pk).due_at - timezone.now()


def run_now(connection: Connection) -> SyncRun:
    lease = leases.claim(connection.pk)
    assert lease is not None
    run = run_lease(lease)
    assert run is not None
    return run


# Only when asked -------------------------------------------------------------------------------------------


def test_switched_off_it_is_due_no_more_and_switched_on_it_is_soon(alice: User) -> None:
    connection = rows.make_connection(alice)
    set_options(alice, provider="anilist", automatic=False)
    connection.refresh_from_db()
    assert due_in(connection) > FAR
    assert pacing.next_due(connection) - timezone.now() > FAR
    assert describe_pace(connection).startswith("Only checked and changed when you ask")
    set_options(alice, provider="anilist", automatic=True)
    assert due_in(connection) < timedelta(hours=7)


def test_an_edit_wakes_only_what_syncs_by_itself(alice: User) -> None:
    by_hand, by_itself = rows.make_connection(alice), rows.make_connection(alice, "kitsu")
    set_options(alice, provider="anilist", automatic=False)
    edit_entry(alice, media_id=rows.make_entry(alice).media_id, changes={"score": 90})
    assert due_in(by_hand) > FAR
    assert due_in(by_itself) < timedelta(seconds=5)


def test_a_run_that_was_asked_for_is_still_made(alice: User) -> None:
    connection = rows.make_connection(alice)
    set_options(alice, provider="anilist", automatic=False)
    scheduling.request_sync(alice, provider="anilist")
    assert due_in(connection) <= timedelta(0)


def test_the_page_says_so_and_names_no_date(alice: User) -> None:
    rows.make_connection(alice)
    set_options(alice, provider="anilist", automatic=False)
    client = Client()
    client.force_login(alice)
    assert "<dt>Next</dt>" not in client.get("/").content.decode()
    assert "Sync by itself" in client.get("/connections/anilist/").content.decode()


# Asked for by name -----------------------------------------------------------------------------------------


def test_the_worker_takes_it_up_and_ends_it(link: Link, alice: User) -> None:
    connection = link(alice, "anilist", [listed("anilist", 1)])
    (asked,) = asking.ask_for_runs(alice, provider="anilist")
    run = run_now(connection)
    assert (run.pk, run.state, run.entries_read) == (asked.pk, RunState.DONE, 1)
    found = progress.read_progress(asked.pk)
    assert found is not None
    # Nothing moved: it is told all the same, by a row of its own.
    (again,) = asking.ask_for_runs(alice, provider="anilist")
    assert (run_now(connection).pk, again.pk != asked.pk) == (again.pk, True)
    assert set(SyncRun.objects.values_list("state", flat=True)) == {RunState.DONE}


def test_a_preview_that_was_asked_for_is_that_row(link: Link, alice: User) -> None:
    connection = link(alice, "anilist", [listed("anilist", 1)])
    (asked,) = asking.ask_for_runs(alice, provider="anilist", preview=True)
    run = run_now(connection)
    assert (run.pk, run.state, run.purpose) == (asked.pk, RunState.PREVIEW, "preview")
    assert SyncRun.objects.count() == 1


def test_one_work_alone_is_brought_up_to_date(link: Link, alice: User) -> None:
    connection = link(alice, "anilist", [listed("anilist", media_id, progress=1) for media_id in (1, 57)])
    run_now(connection)
    for media_id in (1, 57):
        edit_entry(alice, media_id=media_of(media_id), changes={"progress": 3})
    (asked,) = asking.ask_for_runs(alice, provider="anilist", media=_work(57))
    assert (run_now(connection).pk, SyncRun.objects.get(pk=asked.pk).writes) == (asked.pk, 1)
    # The other one waits for a run of its own, and is not forgotten.
    assert run_now(connection).writes == 1


def _work(media_id: int) -> Media:
    return Media.objects.get(pk=media_of(media_id))


def test_an_asked_run_survives_a_service_that_wants_to_be_left_alone(
    link: Link, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = link(alice, "anilist", [])
    (asked,) = asking.ask_for_runs(alice, provider="anilist")

    def refuse(*_: object, **__: object) -> None:
        raise RateLimited("later", provider="anilist", retry_after=30)

    monkeypatch.setattr(running, "work", refuse)
    run_now(connection)
    assert SyncRun.objects.get(pk=asked.pk).state == RunState.QUEUED
    monkeypatch.undo()
    assert Schedule.objects.get().interactive


def test_unlinking_gives_up_what_waits(link: Link, alice: User) -> None:
    link(alice, "anilist", [])
    (asked,) = asking.ask_for_runs(alice, provider="anilist")
    unlink(alice, provider="anilist")
    assert SyncRun.objects.get(pk=asked.pk).state == RunState.ABANDONED
