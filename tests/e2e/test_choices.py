"""Single entries that wait, conflicts and their policies, and options that a person changes."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.server import Running
from integrations.services.connecting import set_options, unlink
from library.models import ListEntry
from library.services.editing import edit_entry
from syncing.models import Baseline, Change, Parked, Review, Schedule
from syncing.services import leases, reviewing, scheduling
from syncing.services.running import run_lease
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    ANILIST,
    MAL,
    SIDES,
    assert_at_rest,
    clear_counts,
    edit,
    entry_of,
    held,
    let_hour_pass,
    listed,
    media_of,
    settle,
    writes_of,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]
both = pytest.mark.parametrize("provider", SIDES)
TITLES = (1, 6, 18, 19, 20, 30, 33, 45, 57, 80, 84, 93)
MANY = (*TITLES, 101, 120, 121, 136, 144, 165, 170, 185, 186, 205, 223, 225)


def linked(link: Link, user: User, provider: str, titles: tuple[int, ...] = TITLES, **options: Any) -> Connection:
    connection = link(user, provider, [listed(provider, media_id, progress=1) for media_id in titles], **options)
    sync(connection)
    return connection


def open_topics(connection: Connection) -> list[str]:
    return sorted(Review.objects.filter(connection=connection, state="open").values_list("topic", flat=True))


def answer(connection: Connection, choice: str, *, topic: str = "") -> int:
    """Answer all open questions (of one topic); how many there were."""
    rows = Review.objects.filter(connection=connection, state="open")
    rows = rows.filter(topic=topic) if topic else rows
    found = list(rows)
    for review in found:
        reviewing.decide(connection.user, review_id=review.pk, choice=choice)
    return len(found)


# Single entries -------------------------------------------------------------------------------------------


@both
def test_a_large_drop_of_progress_waits_and_the_rest_flows(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    connection = link(alice, provider, [listed(provider, 20, progress=150), listed(provider, 1, progress=2)])
    sync(connection)
    edit(sandbox, provider, 20, progress=3)
    edit(sandbox, provider, 1, progress=3)
    sync(connection)
    assert (entry_of(alice, 20).progress, entry_of(alice, 1).progress) == (150, 3)
    assert open_topics(connection) == ["progress_drop"]
    answer(connection, "approve")
    sync(connection)
    assert (entry_of(alice, 20).progress, open_topics(connection)) == (3, [])
    assert_at_rest(sandbox, [connection])


@both
def test_an_entry_that_flips_back_and_forth_is_benched_for_an_hour(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    connection = linked(link, alice, provider)
    clear_counts(sandbox)
    for progress in (3, 4, 5, 6):
        edit_entry(alice, media_id=media_of(1), changes={"progress": progress})
        run = sync(connection)
    assert (writes_of(sandbox, provider), held(sandbox, provider)[1]["progress"]) == ({"anime:1": 3}, 5)
    assert run.skipped == 1
    edit_entry(alice, media_id=media_of(6), changes={"progress": 9})
    sync(connection)
    assert held(sandbox, provider)[6]["progress"] == 9
    let_hour_pass()
    sync(connection, full=True)
    assert held(sandbox, provider)[1]["progress"] == 6
    let_hour_pass()
    assert_at_rest(sandbox, [connection])


def test_a_refused_entry_is_parked_and_does_not_block_the_rest(sandbox: Running, link: Link, alice: User) -> None:
    connection = linked(link, alice, MAL)
    sandbox.control("POST", f"{MAL}/works", {"works": [{"kind": "anime", "id": 1, "approved": False}]})
    for media_id in (1, 6):
        edit_entry(alice, media_id=media_of(media_id), changes={"progress": 9})
    run = sync(connection)
    assert (run.state, run.writes, run.failed) == ("done", 1, 1)
    assert held(sandbox, MAL)[6]["progress"] == 9
    parked = Parked.objects.get(connection=connection)
    assert (parked.remote_id, parked.failures, bool(parked.message)) == ("1", 1, True)
    # The same wish is not tried again at once; another one is.
    clear_counts(sandbox)
    assert sync(connection, full=True).failed == 0
    sandbox.control("POST", f"{MAL}/works", {"works": [{"kind": "anime", "id": 1, "approved": True}]})
    assert sync(connection, full=True).writes == 0
    edit_entry(alice, media_id=media_of(1), changes={"progress": 10})
    assert sync(connection).writes == 1
    assert (held(sandbox, MAL)[1]["progress"], Parked.objects.count()) == (10, 0)
    assert_at_rest(sandbox, [connection])


# Conflicts ------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(("policy", "progress"), [("newest", 5), ("library", 5), ("provider", 8), ("furthest", 8)])
def test_conflicts_are_decided_by_the_policy(
    sandbox: Running, link: Link, alice: User, provider: str, policy: str, progress: int
) -> None:
    connection = linked(link, alice, provider, policy=policy)
    sandbox.control("POST", "clock", {"step": -60})
    edit(sandbox, provider, 1, progress=8)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 5})
    sync(connection)
    assert (entry_of(alice, 1).progress, held(sandbox, provider)[1]["progress"]) == (progress, progress)
    assert_at_rest(sandbox, [connection])


@both
@pytest.mark.parametrize(("choice", "progress"), [("library", 5), ("provider", 8)])
def test_a_conflict_that_is_asked_about_waits_for_the_answer(
    sandbox: Running, link: Link, alice: User, provider: str, choice: str, progress: int
) -> None:
    connection = linked(link, alice, provider, policy="ask")
    edit(sandbox, provider, 1, progress=8, notes="only there")
    edit_entry(alice, media_id=media_of(1), changes={"progress": 5, "score": 70})
    settle([connection], rounds=2)
    assert open_topics(connection) == ["conflict"]
    assert (entry_of(alice, 1).progress, held(sandbox, provider)[1]["progress"]) == (5, 8)
    # The other fields of the same entry did not wait.
    assert (entry_of(alice, 1).notes, held(sandbox, provider)[1]["score"]) == (
        "only there",
        70 if provider == ANILIST else 7,
    )
    with pytest.raises(reviewing.BadChoice):
        answer(connection, "approve")
    answer(connection, choice)
    sync(connection)
    assert (entry_of(alice, 1).progress, held(sandbox, provider)[1]["progress"]) == (progress, progress)
    assert open_topics(connection) == []
    assert_at_rest(sandbox, [connection])


def test_only_the_person_may_answer(sandbox: Running, link: Link, alice: User, bob: User, charlie: User) -> None:
    connection = link(alice, MAL, [listed(MAL, 1)], asks_first=True)
    link(bob, MAL)
    sync(connection)
    review = Review.objects.get(connection=connection)
    for stranger in (bob, charlie):
        with pytest.raises(Review.DoesNotExist):
            reviewing.decide(stranger, review_id=review.pk, choice="approve")
    assert Review.objects.get(pk=review.pk).state == "open"


# Options --------------------------------------------------------------------------------------------------


@both
def test_a_field_that_is_switched_on_later_is_merged_like_a_first_contact(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    connection = linked(link, alice, provider, fields=["status", "progress"])
    edit(sandbox, provider, 1, score=80)
    edit_entry(alice, media_id=media_of(6), changes={"score": 60})
    sync(connection)
    assert (entry_of(alice, 1).score, held(sandbox, provider)[6]["score"]) == (0, 0)
    set_options(alice, provider=provider, fields=["status", "progress", "score"])
    connection.refresh_from_db()
    sync(connection)
    assert (entry_of(alice, 1).score, held(sandbox, provider)[6]["score"]) == (80, 60 if provider == ANILIST else 6)
    assert_at_rest(sandbox, [connection])


@both
def test_a_direction_that_is_changed_lets_the_rest_through(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    connection = linked(link, alice, provider, direction="import_only")
    edit(sandbox, provider, 1, progress=8)
    edit_entry(alice, media_id=media_of(6), changes={"progress": 5})
    sync(connection)
    assert (entry_of(alice, 1).progress, held(sandbox, provider)[6]["progress"]) == (8, 1)
    set_options(alice, provider=provider, direction="export_only")
    edit(sandbox, provider, 1, progress=9)
    connection.refresh_from_db()
    sync(connection)
    assert (entry_of(alice, 1).progress, held(sandbox, provider)[6]["progress"]) == (8, 5)
    set_options(alice, provider=provider, direction="bidirectional")
    connection.refresh_from_db()
    sync(connection)
    assert (entry_of(alice, 1).progress, held(sandbox, provider)[1]["progress"]) == (9, 9)
    assert_at_rest(sandbox, [connection])


@both
def test_a_pause_keeps_everything_and_resuming_goes_on(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    connection = linked(link, alice, provider)
    scheduling.set_paused(alice, provider=provider, paused=True)
    edit(sandbox, provider, 1, progress=8)
    edit_entry(alice, media_id=media_of(6), changes={"progress": 5})
    clear_counts(sandbox)
    assert leases.claim_due(provider, limit=5) == []
    lease = leases.claim(connection.pk)
    assert lease is not None
    assert run_lease(lease) is None
    assert sandbox.control("GET", f"{provider}/requests")["total"] == 0
    scheduling.set_paused(alice, provider=provider, paused=False)
    assert len(leases.claim_due(provider, limit=5)) == 1
    Schedule.objects.update(lease_until=None)
    sync(connection)
    assert (entry_of(alice, 1).progress, held(sandbox, provider)[6]["progress"]) == (8, 5)
    assert_at_rest(sandbox, [connection])


@both
def test_unlinking_forgets_what_was_seen_and_keeps_the_journal(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    connection = linked(link, alice, provider)
    changes = Change.objects.count()
    unlink(alice, provider=provider)
    assert Baseline.objects.filter(connection=connection).count() == 0
    assert (Change.objects.count(), ListEntry.objects.filter(user=alice).count()) == (changes, len(TITLES))
    assert leases.claim_due(provider, limit=5) == []
    row = Connection.objects.get(pk=connection.pk)
    assert (row.state, row.access_token, row.refresh_token, row.approved_at) == ("unlinked", None, None, None)
