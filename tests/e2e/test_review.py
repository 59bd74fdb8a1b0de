"""Sequences found by review: what happens between two steps of a run, between two runs, and between two accounts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from integrations.providers.anilist.provider import AniList
from integrations.sandbox.server import Running
from integrations.services import providers
from integrations.services.connecting import unlink
from integrations.services.options import set_options
from library.entry import Kind
from library.models import ExternalId
from library.services.catalogue import Work, add_works
from library.services.editing import create_entry, edit_entry, remove_entry
from syncing.core.model import Memory
from syncing.models import Baseline, Change, Parked, Review, Schedule, SyncRun, Unmatched
from syncing.services import leases, pruning, reviewing, scheduling, undoing
from syncing.services.baselines import pack, unpack
from syncing.services.running import run_lease, sync_claimed
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    ANILIST,
    MAL,
    assert_books_closed,
    clear_counts,
    drop,
    edit,
    entries_of,
    entry_of,
    held,
    let_hour_pass,
    let_lease_expire,
    listed,
    media_of,
    settle,
    writes_of,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]
TITLES = (1, 6, 18, 19, 20, 30, 33, 45, 57, 80, 84, 93)
OLDEST = 1_500_000_000


def linked(link: Link, user: User, provider: str, **options: Any) -> Connection:
    connection = link(user, provider, [listed(provider, media_id, progress=1) for media_id in TITLES], **options)
    sync(connection)
    return connection


def questions(connection: Connection) -> list[tuple[str, str]]:
    rows = Review.objects.filter(connection=connection, state__in=("open", "approved"))
    return sorted(rows.values_list("topic", "state"))


def answer(connection: Connection, choice: str) -> None:
    for review in Review.objects.filter(connection=connection, state="open"):
        reviewing.decide(connection.user, review_id=review.pk, choice=choice)


def run_due(connection: Connection, tell: Callable[[str], None] = lambda _stage: None) -> SyncRun | None:
    """A run by its schedule, without anybody asking for it. tell: called when a stage of it is reached."""
    lease = leases.claim(connection.pk)
    assert lease is not None
    return run_lease(lease, tell=lambda stage, _done, _all: tell(stage))


def once(stage: str, act: Callable[[], object]) -> Callable[[str], None]:
    left = [act]

    def tell(reached: str) -> None:
        if reached == stage and left:
            left.pop()()

    return tell


def due_in(connection: Connection) -> timedelta:
    return Schedule.objects.get(pk=connection.pk).due_at - timezone.now()


# Answers and asks during a run ------------------------------------------------------------------------------


def test_an_answer_given_during_a_run_is_carried_out_by_the_next(sandbox: Running, link: Link, alice: User) -> None:
    connection = linked(link, alice, ANILIST)
    remove_entry(alice, media_id=media_of(57))
    sync(connection)
    assert questions(connection) == [("removal", "open")]
    edit(sandbox, ANILIST, 1, progress=2)
    run_due(connection, once("plan", lambda: answer(connection, "approve")))
    assert (due_in(connection) <= timedelta(0), 57 in held(sandbox, ANILIST)) == (True, True)
    run_due(connection)
    assert (57 in held(sandbox, ANILIST), questions(connection)) == (False, [])


def test_a_yes_given_during_a_run_is_not_spent_by_it(sandbox: Running, link: Link, alice: User) -> None:
    connection = linked(link, alice, ANILIST, removals="yes")
    drop(sandbox, ANILIST, *TITLES[4:])
    sync(connection)
    assert questions(connection) == [("shrunk", "open")]
    edit(sandbox, ANILIST, TITLES[0], progress=2)
    run_due(connection, once("plan", lambda: answer(connection, "approve")))
    assert questions(connection) == [("shrunk", "approved")]
    settle([connection])
    assert (set(entries_of(alice)), questions(connection)) == (set(TITLES[:4]), [])


def test_a_yes_to_a_removal_that_is_none_any_more_is_not_kept_for_a_later_one(
    sandbox: Running, link: Link, alice: User
) -> None:
    connection = linked(link, alice, MAL)
    drop(sandbox, MAL, 57)
    settle([connection], rounds=2)
    answer(connection, "approve")
    edit(sandbox, MAL, 57, progress=1)
    settle([connection], rounds=1)
    assert questions(connection) == []
    drop(sandbox, MAL, 57)
    settle([connection], rounds=3)
    assert (57 in entries_of(alice), questions(connection)) == (True, [("removal", "open")])


def test_a_sync_asked_for_during_a_preview_is_no_preview(sandbox: Running, link: Link, alice: User) -> None:
    connection = linked(link, alice, ANILIST)
    edit(sandbox, ANILIST, 1, progress=2)
    scheduling.request_sync(alice, provider=ANILIST, preview=True, full=True)
    shown = run_due(connection, once("plan", lambda: scheduling.request_sync(alice, provider=ANILIST)))
    done = run_due(connection)
    assert shown is not None
    assert done is not None
    assert (shown.state, done.state, entry_of(alice, 1).progress) == ("preview", "done", 2)


# Guards that must not ask for ever --------------------------------------------------------------------------


def test_a_kind_that_is_switched_off_takes_no_oldest_entries_with_it(sandbox: Running, link: Link, alice: User) -> None:
    manga = [{"kind": "manga", "id": number, "status": "reading", "updated_at": OLDEST} for number in (1, 2, 3)]
    connection = link(alice, MAL, [*manga, *(listed(MAL, media_id) for media_id in TITLES)])
    sync(connection)
    assert {kind for kind, _ in unpack(bytes(Baseline.objects.get().data)).sentinels} == {"manga"}
    set_options(alice, provider=MAL, kinds=["anime"])
    run = sync(connection)
    assert (run.state, questions(connection)) == ("done", [])


def test_the_oldest_entries_that_went_for_good_are_asked_about_once(sandbox: Running, link: Link, alice: User) -> None:
    entries = [listed(ANILIST, media_id, at=OLDEST + 1000 * at) for at, media_id in enumerate(TITLES)]
    connection = link(alice, ANILIST, entries, removals="no")
    sync(connection)
    drop(sandbox, ANILIST, *TITLES[:3])
    assert sync(connection).state == "held"
    answer(connection, "approve")
    settle([connection])
    assert (len(entries_of(alice)), questions(connection)) == (len(TITLES), [])
    assert sync(connection, full=True).state == "done"


def test_entries_that_were_let_go_there_and_kept_here_are_asked_about_once(
    sandbox: Running, link: Link, alice: User
) -> None:
    connection = linked(link, alice, ANILIST, removals="no")
    drop(sandbox, ANILIST, *TITLES[6:])
    sync(connection)
    assert questions(connection) == [("shrunk", "open")]
    answer(connection, "approve")
    settle([connection])
    edit(sandbox, ANILIST, 1, progress=2)
    settle([connection])
    assert (len(entries_of(alice)), questions(connection)) == (len(TITLES), [])


def test_an_absence_that_no_longer_counts_does_not_keep_the_run_from_resting(
    sandbox: Running, link: Link, alice: User
) -> None:
    connection = linked(link, alice, ANILIST)
    drop(sandbox, ANILIST, 57)
    sync(connection)
    set_options(alice, provider=ANILIST, kinds=["manga"])
    settle([connection])
    assert Baseline.objects.get(pk=connection.pk).digest != ""


# What waits must come back by itself ------------------------------------------------------------------------


def test_a_benched_edit_is_sent_after_its_hour(sandbox: Running, link: Link, alice: User) -> None:
    connection = linked(link, alice, ANILIST)
    for progress in (3, 4, 5, 6):
        edit_entry(alice, media_id=media_of(1), changes={"progress": progress})
        run_due(connection)
    assert (held(sandbox, ANILIST)[1]["progress"], due_in(connection) < timedelta(minutes=61)) == (5, True)
    let_hour_pass()
    run_due(connection)
    assert held(sandbox, ANILIST)[1]["progress"] == 6


def test_a_refused_entry_is_tried_three_times_by_itself(sandbox: Running, link: Link, alice: User) -> None:
    connection = linked(link, alice, MAL)
    approve: Callable[[bool], object] = lambda yes: sandbox.control(  # noqa: E731
        "POST", f"{MAL}/works", {"works": [{"kind": "anime", "id": 1, "approved": yes}]}
    )
    approve(False)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9})
    for failures, wait in ((1, timedelta(minutes=5)), (2, timedelta(hours=1))):
        run_due(connection)
        run_due(connection)
        assert Parked.objects.get().failures == failures
        assert due_in(connection) <= 1.1 * wait
        Parked.objects.update(last_failed_at=F("last_failed_at") - wait)
    approve(True)
    run_due(connection)
    assert (held(sandbox, MAL)[1]["progress"], Parked.objects.count()) == (9, 0)


def test_what_has_no_counterpart_is_looked_up_again_after_a_week(sandbox: Running, link: Link, alice: User) -> None:
    linked(link, alice, MAL)
    connection = link(alice, ANILIST)
    media_id = add_works("elsewhere", Kind.ANIME, [Work(Kind.ANIME, ids={"elsewhere": "1"})])["1"]
    create_entry(alice, media_id=media_id, values={"status": "planned"})
    settle([connection], rounds=2)
    assert Unmatched.objects.filter(media_id=media_id, connection=connection).count() == 1
    ExternalId.objects.create(media_id=media_id, provider=MAL, kind="anime", external_id="101", source="test")
    run_due(connection)
    assert 101 not in held(sandbox, ANILIST)
    Unmatched.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    pruning.prune()
    run_due(connection)
    assert 101 in held(sandbox, ANILIST)


def test_an_edit_travels_on_though_the_run_that_took_it_in_failed_later(
    sandbox: Running, link: Link, alice: User
) -> None:
    first, second = linked(link, alice, ANILIST), linked(link, alice, MAL)
    settle([first, second])
    edit(sandbox, ANILIST, 1, progress=2)
    edit_entry(alice, media_id=media_of(6), changes={"progress": 2})
    Schedule.objects.update(due_at=timezone.now() + timedelta(hours=1))
    sandbox.control("POST", f"{ANILIST}/faults", {"kind": "reset", "endpoint": "graphql:SaveMediaListEntry*"})
    run = run_due(first)
    assert run is not None
    assert (run.state, entry_of(alice, 1).progress) == ("halted", 2)
    assert due_in(second) <= timedelta(0)


# Taking over, and growing ------------------------------------------------------------------------------------


def test_a_lost_answer_is_looked_up_also_when_the_connection_is_taken_over_before_the_sweep(
    sandbox: Running, link: Link, alice: User
) -> None:
    connection = linked(link, alice, ANILIST, policy="provider")
    edit_entry(alice, media_id=media_of(1), changes={"progress": 5})
    sync(connection)
    # As a worker leaves it that died between the write and its answer.
    Baseline.objects.update(digest="", data=_before(connection, 1))
    Change.objects.filter(side=ANILIST).update(state="sending", settled_at=None)
    assert leases.claim(connection.pk) is not None
    let_lease_expire(connection)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 6})
    run_due(connection)
    assert (held(sandbox, ANILIST)[1]["progress"], entry_of(alice, 1).progress) == (6, 6)


def _before(connection: Connection, media_id: int) -> bytes:
    ledger = unpack(bytes(Baseline.objects.get(pk=connection.pk).data))
    track = ledger.tracks[Kind.ANIME, str(media_id)]
    assert track.memory is not None
    old = replace(track.memory.seen, progress=1)
    ledger.tracks[Kind.ANIME, str(media_id)] = replace(track, memory=Memory(old, old))
    return pack(ledger)


def test_a_message_that_comes_twice_is_one_run(sandbox: Running, link: Link, alice: User) -> None:
    connection = linked(link, alice, ANILIST)
    Schedule.objects.update(due_at=timezone.now())
    (lease,) = leases.claim_due(ANILIST, limit=1)
    assert leases.take_up(connection.pk, lease.token) is not None
    assert sync_claimed(connection.pk, lease.token) is None


def test_an_undo_of_more_than_one_turn_is_done_in_several(
    sandbox: Running, link: Link, alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked(link, alice, MAL)
    connection = link(alice, ANILIST)
    run = sync(connection)
    assert run.writes == len(TITLES)
    settings.SYNC_SLICE_WRITES = 5
    monkeypatch.setattr(AniList, "removal_batch", 5)
    undo = undoing.undo_run(alice, run_id=run.pk)
    for _ in range(3):
        assert due_in(connection) <= timedelta(0)
        run_due(connection)
    undo.refresh_from_db()
    states = set(undo.changes.values_list("state", flat=True))
    assert (undo.state, undo.writes, states, held(sandbox, ANILIST)) == ("done", len(TITLES), {"applied"}, {})


# Another account, other options, two ids --------------------------------------------------------------------


def relink(sandbox: Running, connection: Connection, entries: list[dict[str, Any]]) -> None:
    """The person links another account in the place of this one, as `integrations` does it."""
    made = sandbox.control("POST", f"{ANILIST}/accounts", {"name": "second", "entries": entries})
    token = sandbox.control("POST", f"{ANILIST}/tokens", {"account": "second"})
    row = Connection.objects.get(pk=connection.pk)
    row.account_id, row.account_name, row.access_token = str(made["id"]), "second", token["access_token"]
    row.token_version += 1
    row.save()
    scheduling.add_schedule(row, fresh=True)


def test_another_account_linked_during_a_run_is_not_taken_for_the_one_before(
    sandbox: Running, link: Link, alice: User
) -> None:
    connection = linked(link, alice, ANILIST, removals="yes")
    Connection.objects.update(asks_first=True)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 2})
    clear_counts(sandbox)
    assert run_due(connection, once("plan", lambda: relink(sandbox, connection, []))) is None
    assert (writes_of(sandbox, ANILIST), Baseline.objects.get().tracks) == ({}, 0)
    connection.refresh_from_db()
    run = sync(connection)
    assert (run.state, questions(connection)) == ("preview", [("first_plan", "open")])
    assert len(entries_of(alice)) == len(TITLES)


def test_what_waits_for_one_account_is_not_done_to_another(sandbox: Running, link: Link, alice: User) -> None:
    linked(link, alice, MAL)
    connection = link(alice, ANILIST)
    run = sync(connection)
    remove_entry(alice, media_id=media_of(57))
    sync(connection)
    answer(connection, "approve")
    undo = undoing.undo_run(alice, run_id=run.pk)
    relink(sandbox, connection, [listed(ANILIST, media_id, progress=1) for media_id in TITLES])
    connection.refresh_from_db()
    settle([connection])
    undo.refresh_from_db()
    assert (undo.state, set(undo.changes.values_list("state", flat=True))) == ("abandoned", {"abandoned"})
    there = sandbox.control("GET", f"{ANILIST}/accounts/second")["entries"]
    assert len(there) == len(TITLES)


def test_books_are_closed_when_an_account_is_unlinked_during_a_run(sandbox: Running, link: Link, alice: User) -> None:
    connection = linked(link, alice, MAL)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 2})
    assert run_due(connection, once("library", lambda: unlink(alice, provider=MAL))) is None
    assert_books_closed()


def test_fields_of_a_kind_that_was_off_are_met_for_the_first_time_when_it_is_back(
    sandbox: Running, link: Link, alice: User
) -> None:
    connection = linked(link, alice, ANILIST, fields=["status", "progress"])
    edit(sandbox, ANILIST, 1, score=80)
    sync(connection)
    steps: list[dict[str, list[str]]] = [
        {"kinds": ["manga"]},
        {"fields": ["status", "progress", "score"]},
        {"kinds": []},
    ]
    for options in steps:
        set_options(alice, provider=ANILIST, **options)
        connection.refresh_from_db()
        sync(connection)
    assert entry_of(alice, 1).score == 80


def test_a_field_that_was_off_for_one_unfinished_run_keeps_its_edits(sandbox: Running, link: Link, alice: User) -> None:
    connection = linked(link, alice, MAL)
    sandbox.control("POST", f"{MAL}/works", {"works": [{"kind": "anime", "id": 6, "approved": False}]})
    set_options(alice, provider=MAL, fields=["status", "progress"])
    edit(sandbox, MAL, 1, score=80, progress=2)
    edit_entry(alice, media_id=media_of(6), changes={"progress": 2})
    connection.refresh_from_db()
    assert sync(connection).failed == 1
    set_options(alice, provider=MAL, fields=[])
    connection.refresh_from_db()
    sync(connection)
    assert (entry_of(alice, 1).progress, entry_of(alice, 1).score) == (2, 80)


def test_two_entries_of_one_work_rest_and_the_known_one_stays(sandbox: Running, link: Link, alice: User) -> None:
    connection = linked(link, alice, MAL)
    ExternalId.objects.create(media_id=media_of(1), provider=MAL, kind="anime", external_id="5", source="test")
    edit(sandbox, MAL, 5, progress=7)
    run = sync(connection)
    assert (run.library_changes, run.writes, Unmatched.objects.get().remote_id) == (0, 0, "5")
    before = SyncRun.objects.count()
    for _ in range(2):
        run_due(connection)
    assert SyncRun.objects.count() <= before + 1
    edit(sandbox, MAL, 5, progress=8)
    sync(connection)
    assert {row.progress for row in entries_of(alice).values()} == {1}


def test_an_edit_made_after_a_value_was_taken_in_is_the_later_one(sandbox: Running, link: Link, alice: User) -> None:
    connection = linked(link, alice, ANILIST, policy="provider")
    edit(sandbox, ANILIST, 1, progress=5)
    edit_entry(alice, media_id=media_of(1), changes={"score": 70})
    fault = {"kind": "error", "status": 503, "when": "before", "endpoint": "graphql:SaveMediaListEntry*"}
    sandbox.control("POST", f"{ANILIST}/faults", fault)
    run = run_due(connection)
    assert run is not None
    assert (run.state, entry_of(alice, 1).progress) == ("halted", 5)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 6})
    sandbox.control("DELETE", f"{ANILIST}/faults")
    providers.redis_client().flushdb()
    sync(connection)
    assert (held(sandbox, ANILIST)[1]["progress"], entry_of(alice, 1).progress) == (6, 6)


# Two workers, two databases -----------------------------------------------------------------------------------

ORDER = ("integrations_connection", "library_library", "syncing_schedule", "syncing_review")
"""Rows are locked in this order in every transaction: two that take them the other way round wait for each other."""


@pytest.mark.parametrize("provider", [ANILIST, MAL])
def test_rows_are_locked_in_one_order(
    sandbox: Running, link: Link, alice: User, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong: list[tuple[str, ...]] = []
    taken: list[str] = []

    def watch(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        match = re.match(r'UPDATE "(\w+)"', sql) or re.search(r'FROM "(\w+)".* FOR (?:NO KEY )?UPDATE', sql)
        if match and match[1] in ORDER and database.in_atomic_block:
            if match[1] not in taken and any(ORDER.index(name) > ORDER.index(match[1]) for name in taken):
                wrong.append((*taken, match[1]))
            taken.append(match[1])
        return run(sql, params, many, context)

    def commit_and_forget(self: BaseDatabaseWrapper) -> None:
        taken.clear()
        commit(self)

    commit = BaseDatabaseWrapper.commit
    monkeypatch.setattr(BaseDatabaseWrapper, "commit", commit_and_forget)
    connection = link(alice, provider, [listed(provider, media_id, progress=1) for media_id in TITLES])
    with database.execute_wrapper(watch):
        done = sync(connection)
        edit(sandbox, provider, 1, progress=2)
        edit_entry(alice, media_id=media_of(6), changes={"progress": 2})
        set_options(alice, provider=provider, policy="library")
        sync(connection)
        undoing.undo_run(alice, run_id=done.pk)
        sync(connection)
        drop(sandbox, provider, *TITLES)
        sync(connection)
        answer(connection, "approve")
        unlink(alice, provider=provider)
    assert wrong == []
