"""One library over all four services: every edit reaches every side, whatever fails, and no play is false."""

from __future__ import annotations

import os
import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from redis import Redis

from accounts.models import User
from integrations.models import Connection, Play
from integrations.sandbox.plays import episodes_of, routes_of
from integrations.sandbox.server import Running
from library.models import ListEntry
from library.services.editing import edit_entry, remove_entry
from syncing.models import Change, Schedule
from tests.e2e.conftest import Link
from tests.e2e.four import ALL, ANILIST, KITSU, LISTS, MAL, TRAKT, WORKS, Four, work_of
from tests.e2e.lists import assert_books_closed, break_, let_limits_pass, mend, never_sleep
from tests.e2e.test_crashes import run_and_die

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

HISTORIES = int(os.environ.get("ENISHI_HISTORIES", "6"))
"""Random histories of `test_whatever_happens_…`; more of them by hand."""
PLAY_RUNS = 200
LOST: list[tuple[str, dict[str, Any]]] = [
    ("reset", {"when": "after"}),
    ("reset", {"when": "before"}),
    ("cut", {}),
    ("error", {"status": 503, "when": "after"}),
]
FAULTS: list[tuple[str, dict[str, Any]]] = [
    *LOST,
    ("error", {"status": 500, "when": "after"}),
    ("html", {"status": 502}),
]
TOTALS = {work: len(list(episodes_of(work))) for work in WORKS}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    never_sleep(monkeypatch)


@pytest.fixture
def four(sandbox: Running, link: Link, alice: User) -> Four:
    return Four(sandbox, link, alice)


def let_doubts_pass(connection: Connection) -> None:
    """Two minutes later, as far as plays in doubt and schedules are concerned."""
    Play.objects.filter(connection__user=connection.user).update(sent_at=timezone.now() - timedelta(minutes=5))
    Schedule.objects.filter(user=connection.user).update(not_before=None)


# Edits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ALL)
def test_progress_made_on_one_side_reaches_all(four: Four, side: str) -> None:
    for work, progress in ((154587, 5), (104578, 3), (1, 26)):
        if side == TRAKT:
            four.edit(TRAKT, work, progress=progress)
        else:
            four.edit(side, work, status="completed" if progress == TOTALS[work] else "current", progress=progress)
    four.settle()
    for list_ in LISTS:
        assert {work: one["progress"] for work, one in four.held(list_).items()} == {154587: 5, 104578: 3, 1: 26}
    assert {work: four.watched(work) for work in (154587, 104578, 1)} == {154587: 5, 104578: 3, 1: 26}
    assert set(four.played().values()) == {1}
    assert four.held(MAL)[1]["status"] == "completed"
    four.assert_at_rest()


def test_a_second_half_is_played_where_it_is(four: Four) -> None:
    """AniList's episode 1 of the second half is the thirteenth of the third season (id-mapping.md 5.6)."""
    four.edit(ANILIST, 104578, status="current", progress=2)
    four.settle()
    (route,) = routes_of(104578)
    assert sorted(four.played()) == [(route.trakt_id, 3, 13), (route.trakt_id, 3, 14)]


def test_what_only_trakt_has_told_of_is_described_by_the_first_list(four: Four) -> None:
    """A season is no title: until a list service knows better it serves, and then it gives way."""
    four.edit(TRAKT, 104578, progress=2)
    four.run(TRAKT)
    (row,) = ListEntry.objects.select_related("media").filter(user=four.user)
    assert row.media.title == "Attack on Titan, season 3 from episode 13"
    four.settle(rounds=2)
    row.media.refresh_from_db()
    assert (row.media.title, row.media.format.lower()) == ("Shingeki no Kyojin Season 3 Part 2", "tv")


def test_a_film_is_one_play(four: Four) -> None:
    four.edit(KITSU, 5, status="completed", progress=1)
    four.settle()
    (route,) = routes_of(5)
    assert four.played() == {(route.trakt_id, 0, 0): 1}
    assert four.held(MAL)[5] == {"status": "completed", "progress": 1, "score": 0}


def test_going_back_on_a_list_takes_no_play_away_and_comes_to_rest(four: Four) -> None:
    four.edit(ANILIST, 1, status="current", progress=8)
    four.settle()
    edit_entry(four.user, media_id=four.here()[1].media_id, changes={"progress": 6})
    four.settle()
    assert [four.held(side)[1]["progress"] for side in LISTS] == [6, 6, 6]
    assert four.watched(1) == 8
    four.assert_at_rest()


def test_deleting_plays_lowers_nothing_and_they_are_not_sent_again(four: Four) -> None:
    four.edit(MAL, 1, status="current", progress=4)
    four.settle()
    history = [play["id"] for play in four.look(TRAKT)["history"]]
    four.sandbox.control(
        "POST", f"trakt/accounts/{four.account(TRAKT)}/edit", {"delete": [{"history": {"ids": history}}]}
    )
    four.settle()
    assert [four.held(side)[1]["progress"] for side in LISTS] == [4, 4, 4]
    assert four.played() == {}
    four.assert_at_rest()


def test_what_was_paused_stays_paused_when_one_goes_on_watching(four: Four) -> None:
    four.edit(ANILIST, 1, status="paused", progress=4)
    four.settle()
    four.edit(TRAKT, 1, progress=6)
    four.settle()
    assert {side: (four.held(side)[1]["status"], four.held(side)[1]["progress"]) for side in LISTS} == dict.fromkeys(
        LISTS, ("paused", 6)
    )
    four.assert_at_rest()


@pytest.mark.parametrize(("kind", "options"), LOST)
def test_what_was_paused_stays_paused_when_kitsus_answer_is_lost(
    four: Four, redis_client: Redis, kind: str, options: dict[str, Any]
) -> None:
    """Kitsu goes on with a title whose progress moves (kitsu.md 8.2); we set that right in a second request."""
    four.edit(ANILIST, 1, status="paused", progress=4)
    four.settle()
    four.edit(ANILIST, 1, progress=6)
    break_(four.sandbox, KITSU, kind, endpoint="graphql:libraryEntry*", **options)
    for _ in range(3):
        for side in ALL:
            four.run(side)
        let_limits_pass(redis_client)
    assert {side: (four.held(side)[1]["status"], four.held(side)[1]["progress"]) for side in LISTS} == dict.fromkeys(
        LISTS, ("paused", 6)
    )
    four.assert_at_rest()


def test_a_hidden_list_entry_at_kitsu_is_no_removal(four: Four) -> None:
    """The adult filter is switched on there: what vanishes was not taken off the list (kitsu.md 6.6)."""
    work = work_of(1)
    four.sandbox.control("POST", "kitsu/works", {"works": [{"kind": "anime", "id": work.kitsu_id, "nsfw": True}]})
    path = f"kitsu/accounts/{four.account(KITSU)}/edit"
    four.sandbox.control("POST", path, {"settings": {"sfw_filter": False}})
    for anilist_id in (1, 16498, 104578):
        four.edit(KITSU, anilist_id, status="current", progress=3)
    four.settle()
    four.sandbox.control("POST", path, {"settings": {"sfw_filter": True}})
    four.settle()
    assert set(four.here()) == {1, 16498, 104578}
    four.drop(KITSU, 16498)
    four.settle()
    assert set(four.here()) == {1, 104578}
    assert set(four.held(ANILIST)) == {1, 104578}


def test_a_locked_trakt_account_halts_with_its_reason_and_harms_nothing(four: Four) -> None:
    four.edit(TRAKT, 1, progress=3)
    four.settle(rounds=2)
    path = f"trakt/accounts/{four.account(TRAKT)}/edit"
    four.sandbox.control("POST", path, {"settings": {"locked": True}})
    four.edit(ANILIST, 1, status="current", progress=5)
    four.run(ANILIST)
    run = four.run(TRAKT, full=True)
    assert (run.state, run.writes) == ("halted", 0)
    assert "locked" in run.message
    four.links[TRAKT].refresh_from_db()
    assert four.links[TRAKT].state == "active"
    four.sandbox.control("POST", path, {"settings": {"locked": False}})
    four.settle(rounds=2)
    assert four.watched(1) == 5
    four.assert_at_rest()


def test_a_watchlist_that_is_full_is_no_reason_to_stop(four: Four) -> None:
    """Two of three planned titles find room on a small account's watchlist; the third stays planned elsewhere."""
    four.sandbox.control("POST", "trakt/settings", {"watchlist_cap_free": 2})
    for work in (1, 5, 16498):
        four.edit(ANILIST, work, status="planned", progress=0)
    four.edit(ANILIST, 154587, status="current", progress=2)
    four.settle()
    assert len(four.look(TRAKT)["watchlist"]) == 2
    assert four.watched(154587) == 2
    assert {work: row.status for work, row in four.here().items() if row.status == "planned"} == dict.fromkeys(
        (1, 5, 16498), "planned"
    )
    four.assert_at_rest()


# Whatever happens -------------------------------------------------------------------------------------------


class History:
    """A random life of four lists and a library. It remembers what was said, to ask at the end what became of it."""

    def __init__(self, four: Four, redis: Redis, seed: int) -> None:
        self.four, self.redis = four, redis
        self.random = random.Random(seed)
        self.told: list[str] = []
        self.said: dict[int, set[int]] = {work: {0, TOTALS[work]} for work in WORKS}
        self.highest_play: dict[int, int] = dict.fromkeys(WORKS, 0)
        self.removed: set[int] = set()

    def go(self, steps: int) -> None:
        moves = [self.edit_there, self.edit_there, self.edit_here, self.sync, self.sync, self.sync_badly, self.remove]
        for _ in range(steps):
            self.random.choice(moves)()

    def edit_there(self) -> None:
        side, work = self.random.choice(ALL), self.random.choice(WORKS)
        progress = self.random.randint(1, min(TOTALS[work], 9))
        self.said[work].add(progress)
        self.told.append(f"{side}: {work} to {progress}")
        if side == TRAKT:
            self.highest_play[work] = max(self.highest_play[work], progress, self.four.watched(work))
            self.four.edit(TRAKT, work, progress=progress)
        else:
            score = self.random.choice((40, 70, 90))
            self.four.edit(side, work, status="current", progress=progress, score=score)

    def edit_here(self) -> None:
        here = self.four.here()
        if not here:
            return
        work = self.random.choice(sorted(here))
        progress = self.random.randint(1, min(TOTALS[work], 9))
        changes: dict[str, Any] = self.random.choice(
            [{"progress": progress}, {"score": self.random.choice((30, 50, 80))}, {"notes": "n"}, {"status": "paused"}]
        )
        self.said[work].add(changes.get("progress", 0))
        self.told.append(f"here: {work} {changes}")
        edit_entry(self.four.user, media_id=here[work].media_id, changes=changes)

    def remove(self) -> None:
        here = self.four.here()
        work, side = self.random.choice(WORKS), self.random.choice((*LISTS, "here"))
        self.told.append(f"{side}: {work} removed")
        if side == "here" and work in here:
            remove_entry(self.four.user, media_id=here[work].media_id)
            self.removed.add(work)
        elif side != "here" and work in self.four.held(side):
            self.four.drop(side, work)
            self.removed.add(work)

    def sync(self) -> None:
        side = self.random.choice(ALL)
        self.told.append(f"sync {side}")
        self.four.run(side)
        self.mend(side)

    def sync_badly(self) -> None:
        side = self.random.choice(ALL)
        connection = self.four.links[side]
        if self.random.random() < 0.4:
            after = self.random.randint(1, 14)
            self.told.append(f"sync {side}, killed after {after} steps")
            Schedule.objects.filter(connection=connection).update(due_at=timezone.now(), not_before=None)
            run_and_die(connection, after=after)
        else:
            kind, options = self.random.choice(FAULTS)
            skip = self.random.randint(0, 4)
            self.told.append(f"sync {side}, {kind} {options} after {skip}")
            break_(self.four.sandbox, side, kind, skip=skip, **options)
            self.four.run(side)
        self.mend(side)

    def mend(self, side: str) -> None:
        mend(self.four.sandbox, side)
        let_limits_pass(self.redis)
        let_doubts_pass(self.four.links[side])
        # The bench for entries that are written too often is another test's.
        Change.objects.update(settled_at=timezone.now() - timedelta(hours=3))


def check(history: History) -> None:
    four = history.four
    here = four.here()
    for side in LISTS:
        there = four.held(side)
        assert set(there) == set(here), side
        for work, one in there.items():
            row = here[work]
            assert one["progress"] == min(row.progress, TOTALS[work]), (side, work)
            assert abs(one["score"] - row.score) <= 5, (side, work)
    played = four.played()
    assert [key for key, times in played.items() if times != 1] == []
    for work in WORKS:
        assert four.watched(work) <= max(history.said[work]), work
        if work in here:
            assert four.watched(work) >= min(here[work].progress, TOTALS[work]), work
    assert set(played) <= {one for work in WORKS for one in episodes_of(work)}
    assert_books_closed()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(HISTORIES))
def test_whatever_happens_all_sides_agree_in_the_end(four: Four, redis_client: Redis, seed: int) -> None:
    """Edits and removals anywhere, failures, lost answers and deaths in between; then clean runs."""
    history = History(four, redis_client, seed)
    history.go(24)
    for side in ALL:
        history.mend(side)
    four.settle(rounds=5)
    try:
        check(history)
        four.assert_at_rest()
    except AssertionError as error:
        raise AssertionError("\n".join(history.told)) from error


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_lost_answers_time_outs_and_deaths_leave_exactly_one_play_an_episode(
    sandbox: Running, link: Link, alice: User, redis_client: Redis
) -> None:
    """200 runs of which most go wrong at the worst moment, after Trakt has recorded what was sent."""
    four = Four(sandbox, link, alice, sides=[ANILIST, TRAKT])
    history = History(four, redis_client, 20261125)
    chance, progress, connection = history.random, dict.fromkeys(WORKS, 1), four.links[TRAKT]
    for work in WORKS:
        four.edit(ANILIST, work, status="current", progress=1)
    four.run(ANILIST)
    media = {work: row.media_id for work, row in four.here().items()}
    for _ in range(PLAY_RUNS):
        work = chance.choice(WORKS)
        progress[work] = min(TOTALS[work], progress[work] + chance.randint(0, 2))
        edit_entry(alice, media_id=media[work], changes={"progress": progress[work]})
        luck = chance.random()
        if luck < 0.3:
            Schedule.objects.filter(connection=connection).update(due_at=timezone.now(), not_before=None)
            run_and_die(connection, after=chance.randint(1, 14))
        elif luck < 0.85:
            kind, options = chance.choice(LOST)
            break_(sandbox, TRAKT, kind, endpoint="POST */history", **options)
            four.run(TRAKT)
        else:
            four.run(TRAKT)
        history.mend(TRAKT)
    for _ in range(3):
        history.mend(TRAKT)
        four.run(TRAKT, full=True)
    assert set(four.played().values()) == {1}
    assert {work: four.watched(work) for work in WORKS} == progress
