"""What stops and asks, what the answers do, and that the rest flows on meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.services.editing import remove_entry
from syncing.models import Change, Review, Schedule
from syncing.services import leases, reviewing, scheduling
from syncing.services.running import run_lease
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    ANILIST,
    MAL,
    SIDES,
    account,
    assert_at_rest,
    clear_counts,
    drop,
    edit,
    entries_of,
    held,
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


# Whole lists ----------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("topic", ["emptied", "shrunk"])
def test_a_person_who_really_cleared_a_list_says_so_once(
    sandbox: Running, link: Link, alice: User, provider: str, topic: str
) -> None:
    connection = linked(link, alice, provider, removals="yes")
    gone = TITLES if topic == "emptied" else TITLES[:8]
    drop(sandbox, provider, *gone)
    for _ in range(3):
        sync(connection)
    assert topic in open_topics(connection)
    assert len(entries_of(alice)) == len(TITLES)
    answer(connection, "approve")
    settle([connection])
    assert set(entries_of(alice)) == set(TITLES) - set(gone)
    assert open_topics(connection) == []
    assert_at_rest(sandbox, [connection])


@both
def test_a_no_to_an_emptied_list_holds_until_it_is_back(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    connection = linked(link, alice, provider, removals="yes")
    drop(sandbox, provider, *TITLES)
    run = sync(connection)
    assert (run.state, run.error_code, open_topics(connection)) == ("held", "guard", ["emptied"])
    connection.refresh_from_db()
    assert connection.message_code == "guard"
    answer(connection, "discard")
    settle([connection])
    assert (len(entries_of(alice)), open_topics(connection)) == (len(TITLES), [])
    edit(sandbox, provider, *TITLES, progress=1)
    settle([connection])
    assert_at_rest(sandbox, [connection])
    connection.refresh_from_db()
    assert connection.message == ""


@both
def test_when_the_oldest_three_are_gone_the_run_stops(sandbox: Running, link: Link, alice: User, provider: str) -> None:
    entries = [listed(provider, media_id, at=1_600_000_000 + 1000 * at) for at, media_id in enumerate(TITLES)]
    connection = link(alice, provider, entries, removals="yes")
    sync(connection)
    drop(sandbox, provider, *TITLES[:3])
    run = sync(connection)
    assert (run.state, open_topics(connection)) == ("held", ["sentinels"])
    answer(connection, "approve")
    settle([connection])
    assert set(entries_of(alice)) == set(TITLES[3:])
    assert_at_rest(sandbox, [connection])


@both
def test_a_rewritten_list_waits_for_a_yes(sandbox: Running, link: Link, alice: User, provider: str) -> None:
    connection = linked(link, alice, provider, MANY)
    edit(sandbox, provider, *MANY, score=50)
    run = sync(connection)
    assert (run.state, open_topics(connection)) == ("held", ["rewritten"])
    assert {row.score for row in entries_of(alice).values()} == {0}
    answer(connection, "approve")
    assert sync(connection).state == "done"
    assert {row.score for row in entries_of(alice).values()} == {50}
    assert_at_rest(sandbox, [connection])


def test_another_score_format_rewrites_nothing(sandbox: Running, link: Link, alice: User) -> None:
    """AniList keeps its 0..100 underneath: the marks look different, the opinions are the same."""
    entries = [listed(ANILIST, media_id, score=40 + number) for number, media_id in enumerate(MANY)]
    connection = link(alice, ANILIST, entries, settings={"score_format": "POINT_100"})
    other = link(alice, MAL)
    settle([connection, other])
    before = {key: row.score for key, row in entries_of(alice).items()}
    clear_counts(sandbox)
    for score_format in ("POINT_5", "POINT_3", "POINT_10_DECIMAL", "POINT_10", "POINT_100"):
        change = {"settings": {"score_format": score_format}}
        sandbox.control("POST", f"{ANILIST}/accounts/{account(ANILIST)}/edit", change)
        assert {run.state for run in settle([connection, other], rounds=1)} == {"done"}
    assert {key: row.score for key, row in entries_of(alice).items()} == before
    assert (writes_of(sandbox, ANILIST), writes_of(sandbox, MAL), open_topics(connection)) == ({}, {}, [])


# The first plan -------------------------------------------------------------------------------------------


@both
def test_a_first_plan_is_shown_approved_and_done(sandbox: Running, link: Link, alice: User, provider: str) -> None:
    connection = link(alice, provider, [listed(provider, 1), listed(provider, 6)], asks_first=True)
    run = sync(connection)
    assert (run.state, run.changes.count(), open_topics(connection)) == ("preview", 2, ["first_plan"])
    assert (entries_of(alice), writes_of(sandbox, provider)) == ({}, {})
    # Nobody is asked twice, and waiting costs no requests.
    clear_counts(sandbox)
    Schedule.objects.update(interactive=False)
    lease = leases.claim(connection.pk)
    assert lease is not None
    run_lease(lease)
    assert sandbox.control("GET", f"{provider}/requests")["total"] == 0
    answer(connection, "approve")
    assert sync(connection).state == "done"
    assert set(entries_of(alice)) == {1, 6}
    assert Change.objects.filter(run=run).exclude(state="abandoned").count() == 0
    assert_at_rest(sandbox, [connection])


@both
def test_a_first_plan_that_was_refused_pauses(sandbox: Running, link: Link, alice: User, provider: str) -> None:
    connection = link(alice, provider, [listed(provider, 1)], asks_first=True)
    sync(connection)
    answer(connection, "discard")
    connection.refresh_from_db()
    assert connection.state == "paused"
    assert leases.claim_due(provider, limit=5) == []
    scheduling.set_paused(alice, provider=provider, paused=False)
    assert sync(connection).state == "preview"
    answer(connection, "approve")
    assert sync(connection).state == "done"
    assert set(entries_of(alice)) == {1}


@both
def test_a_first_plan_that_grew_since_it_was_approved_is_shown_again(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    connection = link(alice, provider, [listed(provider, 1)], asks_first=True)
    sync(connection)
    answer(connection, "approve")
    edit(sandbox, provider, *TITLES, progress=1)
    run = sync(connection)
    assert (run.state, open_topics(connection), entries_of(alice)) == ("preview", ["first_plan"], {})
    answer(connection, "approve")
    assert sync(connection).state == "done"
    assert set(entries_of(alice)) == set(TITLES)
    assert_at_rest(sandbox, [connection])


# Removals -------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("removals", ["ask", "yes", "no"])
def test_a_removal_there(sandbox: Running, link: Link, alice: User, provider: str, removals: str) -> None:
    connection = linked(link, alice, provider, removals=removals)
    drop(sandbox, provider, 57)
    run = sync(connection)
    assert (run.library_changes, 57 in entries_of(alice), open_topics(connection)) == (0, True, [])
    sync(connection)
    if removals == "ask":
        assert open_topics(connection) == ["removal"]
        settle([connection])
        assert (57 in entries_of(alice), open_topics(connection)) == (True, ["removal"])
        answer(connection, "approve")
        sync(connection)
    settle([connection])
    assert (57 in entries_of(alice)) is (removals == "no")
    assert 57 not in held(sandbox, provider)
    assert open_topics(connection) == []
    assert_at_rest(sandbox, [connection])


@both
@pytest.mark.parametrize("removals", ["ask", "yes", "no"])
def test_a_removal_here(sandbox: Running, link: Link, alice: User, provider: str, removals: str) -> None:
    connection = linked(link, alice, provider, removals=removals)
    remove_entry(alice, media_id=media_of(57))
    sync(connection)
    if removals == "ask":
        assert (57 in held(sandbox, provider), open_topics(connection)) == (True, ["removal"])
        answer(connection, "approve")
        sync(connection)
    assert (57 in held(sandbox, provider)) is (removals == "no")
    assert (57 in entries_of(alice), open_topics(connection)) == (False, [])
    assert_at_rest(sandbox, [connection])


@both
def test_a_no_to_a_removal_keeps_the_entry_where_it_is(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    connection = linked(link, alice, provider)
    drop(sandbox, provider, 57)
    settle([connection], rounds=2)
    assert answer(connection, "discard") == 1
    settle([connection])
    assert (57 in entries_of(alice), 57 in held(sandbox, provider), open_topics(connection)) == (True, False, [])
    # Back on the list, and gone again: another question.
    edit(sandbox, provider, 57, progress=2)
    sync(connection)
    drop(sandbox, provider, 57)
    settle([connection], rounds=2)
    assert open_topics(connection) == ["removal"]


@both
def test_an_entry_that_comes_back_before_the_second_read_is_no_removal(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    connection = linked(link, alice, provider, removals="yes")
    for _ in range(3):
        drop(sandbox, provider, 57)
        sync(connection)
        edit(sandbox, provider, 57, progress=1)
        sync(connection)
    assert 57 in entries_of(alice)
    assert Change.objects.filter(action="remove").count() == 0
