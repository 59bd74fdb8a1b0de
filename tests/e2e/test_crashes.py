"""A run is killed at each of its steps, in turn; the next ones bring everything to rest, and nothing is done twice.

A step is everything that lasts: a commit, a write outside a transaction, a request. Between two steps nothing changes
for anybody else, so to die after each step, and before the first, is to die everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.db import connection as database
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.models import User
from integrations.line import Line
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.models import ListEntry, Media
from library.services.editing import create_entry, edit_entry, remove_entry
from syncing.models import Change, SyncRun
from syncing.services import leases, sweeping, undoing
from syncing.services.running import run_lease
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    ANILIST,
    MAL,
    SIDES,
    WRITES,
    assert_at_rest,
    assert_books_closed,
    break_,
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

STAYS = (1, 57, 6)
"""Titles that stay; 1 and 57 are edited in each round."""
THERE = (18, 19)
"""One of them is on the lists; in each round somebody swaps them on the service."""
HERE = (20, 45)
"""The same, swapped in the library."""


class Killed(BaseException):
    """Stands for SIGKILL: nothing may catch it."""


class Reaper:
    """Lets so many steps of a run happen, and no more."""

    def __init__(self, steps: int) -> None:
        self._left = steps
        if not steps:
            raise Killed

    def after(self, step: Callable[[], Any]) -> Any:
        answer = step()
        self._left -= 1
        if not self._left:
            raise Killed
        return answer


@contextmanager
def dying(steps: int) -> Iterator[None]:
    reaper = Reaper(steps)

    def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if database.in_atomic_block or not sql.startswith(("INSERT", "UPDATE", "DELETE")):
            return run(sql, params, many, context)
        return reaper.after(lambda: run(sql, params, many, context))

    commit, exchange = BaseDatabaseWrapper.commit, Line.exchange

    def commit_and_die(self: BaseDatabaseWrapper) -> None:
        reaper.after(lambda: commit(self))

    def exchange_and_die(self: Line, *args: Any, **kwargs: Any) -> Any:
        return reaper.after(lambda: exchange(self, *args, **kwargs))

    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(BaseDatabaseWrapper, "commit", commit_and_die)
        patch.setattr(Line, "exchange", exchange_and_die)
        stack.enter_context(database.execute_wrapper(execute))
        yield


def run_and_die(connection: Connection, *, after: int) -> bool:
    """One run that is killed after so many steps; False when it ended before. Then the sweep clears up."""
    lease = leases.claim(connection.pk)
    assert lease is not None
    try:
        with dying(after):
            run_lease(lease)
    except Killed:
        database.close()
        recover(connection)
        return True
    return False


def recover(connection: Connection) -> None:
    let_lease_expire(connection)
    assert sweeping.sweep() == 1
    assert Change.objects.filter(state__in=("sending", "planned"), run__purpose="sync").count() == 0
    assert SyncRun.objects.filter(state="running").count() == 0


class Town:
    """Alice's two lists, and edits of every sort on both sides of one connection."""

    def __init__(self, sandbox: Running, link: Link, alice: User, *, provider: str) -> None:
        self.sandbox, self.alice, self.provider = sandbox, alice, provider
        entries = [listed(ANILIST, media_id, progress=1) for media_id in (*STAYS, *THERE, *HERE)]
        anilist = link(alice, ANILIST, entries, removals="yes")
        mal = link(alice, MAL, [listed(MAL, media_id, progress=1) for media_id in STAYS], removals="yes")
        self.near, self.far = (anilist, mal) if provider == ANILIST else (mal, anilist)
        settle([anilist, mal])
        remove_entry(alice, media_id=media_of(HERE[1]))
        drop(sandbox, provider, THERE[1])
        settle([self.near, self.far])
        self.works = Media.objects.count()
        self.round = 0

    def make_edits(self) -> None:
        """After them the lists hold `self.wanted`, which takes `self.writes` writes at each service."""
        self.round += 1
        # Below each total, which MyAnimeList cuts at, and never a fall that a guard would ask about.
        number, flip = 2 + self.round % 9, self.round % 2
        away_there, new_there = THERE[1 - flip], THERE[flip]
        away_here, new_here = HERE[1 - flip], HERE[flip]
        drop(self.sandbox, self.provider, away_there)
        edit(self.sandbox, self.provider, new_there, progress=number)
        remove_entry(self.alice, media_id=media_of(away_here))
        create_entry(
            self.alice, media_id=media_of(new_here), values={"status": "current", "progress": number, "score": 50}
        )
        edit(self.sandbox, self.provider, 1, progress=number)
        edit_entry(self.alice, media_id=media_of(1), changes={"score": 10 + 10 * (number % 9)})
        edit_entry(self.alice, media_id=media_of(57), changes={"progress": number, "notes": f"round {self.round}"})
        self.wanted = {1: number, 57: number, 6: 1, new_there: number, new_here: number}
        by_us = Counter(f"anime:{media_id}" for media_id in (1, 57, away_here, new_here))
        carried = Counter(f"anime:{media_id}" for media_id in (away_there, new_there))
        self.writes = {self.provider: by_us, self.far.provider: by_us + carried}

    def check(self) -> None:
        for provider in SIDES:
            there = held(self.sandbox, provider)
            assert {key: value["progress"] for key, value in there.items()} == self.wanted, provider
            assert there[57]["notes"] == f"round {self.round}"
        assert {key: row.progress for key, row in entries_of(self.alice).items()} == self.wanted
        assert Media.objects.count() == self.works
        assert ListEntry.objects.filter(user=self.alice).count() == self.works
        assert_books_closed()


@pytest.mark.parametrize("provider", SIDES)
def test_wherever_a_run_dies_nothing_is_lost_or_done_twice(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    town = Town(sandbox, link, alice, provider=provider)
    deaths = 0
    while True:
        town.make_edits()
        clear_counts(sandbox)
        died = run_and_die(town.near, after=deaths)
        # Twice, because two reads must agree on the removal there.
        settle([town.near, town.near, town.far], rounds=1)
        try:
            town.check()
            assert {side: writes_of(sandbox, side) for side in SIDES} == town.writes
        except AssertionError as error:
            raise AssertionError(f"killed after step {deaths} of the run") from error
        if not died:
            break
        deaths += 1
        let_hour_pass()
    # A run of this sort has many steps: if it had few, this test would not be looking.
    assert deaths >= 12
    assert_at_rest(sandbox, [town.near, town.far])


@pytest.mark.parametrize("provider", SIDES)
def test_wherever_an_undo_dies_it_is_finished_once(sandbox: Running, link: Link, alice: User, provider: str) -> None:
    connection = link(alice, provider, [listed(provider, media_id, progress=1) for media_id in STAYS])
    sync(connection)
    deaths, died = 0, True
    while died:
        number = 2 + deaths % 9
        edit(sandbox, provider, 1, progress=number)
        edit_entry(alice, media_id=media_of(57), changes={"progress": number})
        run = sync(connection)
        before = {1: entry_of(alice, 1).progress, 57: number}
        assert (run.library_changes, run.writes) == (1, 1)
        undone = undoing.undo_run(alice, run_id=run.pk)
        clear_counts(sandbox)
        died = run_and_die(connection, after=deaths)
        sync(connection)
        sync(connection)
        undone.refresh_from_db()
        states = sorted(undone.changes.values_list("state", flat=True))
        assert (undone.state, states) == ("done", ["applied", "applied"]), f"killed after step {deaths}"
        # Each is put back where it was changed, and only there.
        there = held(sandbox, provider)
        assert (there[1]["progress"], there[57]["progress"]) == (number, was(deaths)), f"killed after step {deaths}"
        here = entries_of(alice)
        assert (here[1].progress, here[57].progress) == (was(deaths), before[57]), f"killed after step {deaths}"
        assert writes_of(sandbox, provider) == {"anime:57": 1}, f"killed after step {deaths}"
        deaths += 1
        let_hour_pass()
        # The next round begins with both at one value again.
        edit(sandbox, provider, 57, progress=number)
        edit_entry(alice, media_id=media_of(1), changes={"progress": number})
        settle([connection], rounds=1)
        let_hour_pass()
    assert deaths >= 8
    assert_at_rest(sandbox, [connection])


def was(deaths: int) -> int:
    """The progress of both titles before the edit of this round."""
    return 1 if deaths == 0 else 2 + (deaths - 1) % 9


@pytest.mark.parametrize("provider", SIDES)
def test_an_edit_made_while_an_answer_was_lost_is_the_newer_one(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    """What the service then holds is our own write, however late its clock says it came: not an edit of the person."""
    connection = link(alice, provider, [listed(provider, 1, progress=1)])
    sync(connection)
    sandbox.control("POST", "clock", {"step": 3600})
    edit_entry(alice, media_id=media_of(1), changes={"progress": 5})
    break_(sandbox, provider, "reset", when="after", endpoint=WRITES[provider])
    run = sync(connection)
    assert (run.state, list(run.changes.values_list("state", flat=True))) == ("halted", ["unknown"])
    edit_entry(alice, media_id=media_of(1), changes={"progress": 6})
    sync(connection)
    assert (held(sandbox, provider)[1]["progress"], entry_of(alice, 1).progress) == (6, 6)
    assert_at_rest(sandbox, [connection])


@pytest.mark.parametrize("provider", SIDES)
@pytest.mark.parametrize("soon", [True, False])
def test_a_write_that_arrives_after_it_was_given_up_is_no_edit(
    sandbox: Running, link: Link, alice: User, provider: str, soon: bool
) -> None:
    """For a while: long after it the same value there was set by the person."""
    connection = link(alice, provider, [listed(provider, 1, progress=1, score=50)])
    sync(connection)
    edit_entry(alice, media_id=media_of(1), changes={"score": 70})
    break_(sandbox, provider, "reset", when="before", endpoint=WRITES[provider])
    assert sync(connection).state == "halted"
    edit_entry(alice, media_id=media_of(1), changes={"score": 80})
    sync(connection)
    assert list(Change.objects.filter(side=provider).order_by("pk").values_list("after", "state")) == [
        ({"score": 70}, "abandoned"),
        ({"score": 80}, "applied"),
    ]
    if not soon:
        let_hour_pass()
    sandbox.control("POST", "clock", {"step": 60})
    edit(sandbox, provider, 1, score=70)
    sync(connection)
    assert entry_of(alice, 1).score == (80 if soon else 70)
    assert held(sandbox, provider)[1]["score"] in ((80, 8) if soon else (70, 7))
    assert_at_rest(sandbox, [connection])
