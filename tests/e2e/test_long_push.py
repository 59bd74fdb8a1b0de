"""Long pushes to a service that takes one change a request, one a second: they waste little, and whoever has only a few
changes is not kept waiting behind them. Real limits, played time."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import pytest
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.models import ExternalId
from library.services.editing import edit_entry
from syncing.models import Change, Schedule
from syncing.services import scheduling
from tests.bench.large import FIRST_ID, add_works, make_entries
from tests.e2e.conftest import Link, sync
from tests.e2e.played import Asked, House, played_house

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

ANILIST, MAL = "anilist", "myanimelist"
LONG = 10_000
SHORT = 100
"""Changes of each of the ten who push at once; the last of them are not waited for."""
FEW = 3
"""Bob's changes, of other entries each time: one that is written four times in an hour is benched."""
BOBS = 12
"""Entries on his list."""
GAP = 1.0
"""Seconds between two requests that MyAnimeList allows us."""
RUN_OF_FEW = 2 + FEW
"""Requests of a run that reads both lists and writes a few entries."""


@pytest.fixture
def house(sandbox: Running) -> Iterator[House]:
    for slug in (ANILIST, MAL):
        fake = sandbox.state.fakes[slug]
        fake.change_settings(dict(fake.defaults))
    with played_house(sandbox) as house:
        yield house


def fill_library(link: Link, user: User, count: int) -> None:
    """From a list on AniList that is read once, and then never again."""
    sync(link(user, ANILIST, make_entries(ANILIST, count)))
    scheduling.set_paused(user, provider=ANILIST, paused=True)


def settle_bob(link: Link, bob: User) -> Connection:
    """A short list that is at rest, and not due for hours."""
    fill_library(link, bob, BOBS)
    connection = link(bob, MAL, make_entries(MAL, BOBS))
    sync(connection)
    Schedule.objects.update(
        due_at=timezone.now() + scheduling.EDIT_DEBOUNCE * 10_000, interactive=False, wanted_at=None
    )
    return connection


def begin_push(link: Link, user: User) -> Connection:
    """An empty list that all of the library is to be written to, as when a second service is linked."""
    connection = link(user, MAL)
    Schedule.objects.filter(pk=connection.pk).update(interactive=False)
    return connection


def edit_few(bob: User, first: int) -> None:
    media = dict(ExternalId.objects.filter(provider=MAL).values_list("external_id", "media_id"))
    for number in range(first, first + FEW):
        edit_entry(bob, media_id=media[str(FIRST_ID + number)], changes={"notes": "edited here"})


def of(house: House, connection: Connection) -> list[Asked]:
    return [one for one in house.asked if one.provider == MAL and one.account == connection.account_name]


def writes(asked: list[Asked]) -> list[Asked]:
    return [one for one in asked if one.writes]


def wait_of_few(house: House, bob: User, connection: Connection, *, first: int) -> tuple[float, int]:
    """(seconds from the edit until the last of three changes is there, requests of others meanwhile)."""
    began, before = house.stage.now, len(writes(of(house, connection)))
    edit_few(bob, first)
    house.play_until(lambda: len(writes(of(house, connection))) >= before + FEW, step=0.5, most=600)
    last = writes(of(house, connection))[before + FEW - 1].at
    mine = of(house, connection)[-RUN_OF_FEW:]
    others = [one for one in house.asked if mine[0].at <= one.at <= last and one.account != connection.account_name]
    return last - began, len(others)


def wasted(house: House) -> float:
    """Reads for each write, of everybody who pushes."""
    asked = [one for one in house.asked if one.provider == MAL]
    return sum(1 for one in asked if not one.writes) / len(writes(asked))


def assert_within_the_limit(house: House) -> None:
    """The shield never closed, and no 60 s held more than a request a second and the burst."""
    counts = house.sandbox.control("GET", f"{MAL}/requests")
    assert [statuses for statuses in counts["by_endpoint"].values() if set(statuses) & {"403", "429"}] == []
    assert counts["most_in_60s"] <= 62


def test_ten_thousand_changes_of_one_person_do_not_hold_up_three_of_another(
    sandbox: Running, link: Link, house: House, alice: User, bob: User
) -> None:
    add_works(sandbox, LONG)
    mine = settle_bob(link, bob)
    fill_library(link, alice, LONG)
    hers = begin_push(link, alice)
    house.open()
    # The first turn begins, and reads nothing yet but an empty list.
    house.play(300)
    house.asked.clear()
    waits = []
    for turn in range(4):
        waits.append(wait_of_few(house, bob, mine, first=FEW * turn))
        house.play(170)
    alone = scheduling.EDIT_DEBOUNCE.total_seconds() + RUN_OF_FEW * GAP
    for seconds, between in waits:
        assert seconds <= alone + 6.0, waits
        # Between any two of bob's one of alice's at the most.
        assert between <= RUN_OF_FEW + 1, waits
    pushed = writes(of(house, hers))
    passed = house.stage.now - pushed[0].at
    # She has all of what bob leaves, but for the requests that begin her turns.
    assert len(pushed) >= 0.8 * (passed - 4 * RUN_OF_FEW), len(pushed)
    reads = [one for one in of(house, hers) if not one.writes]
    assert len(reads) / len(pushed) < 0.1, (len(reads), len(pushed))
    assert_within_the_limit(house)
    assert_books_are_short(hers)


def assert_books_are_short(connection: Connection) -> None:
    """What is journalled is what a turn can do: not all that is left, again and again."""
    rows = Change.objects.filter(connection=connection, side=MAL)
    done = rows.filter(state="applied").count()
    runs = connection.runs.filter(writes__gt=0).count()
    assert rows.count() - done <= 250 * (runs + 1)
    # What the turn at work has done by now is not taken off yet.
    assert LONG <= Schedule.objects.get(pk=connection.pk).backlog + done <= LONG + 250


def test_ten_who_push_at_once_share_and_waste_little(sandbox: Running, link: Link, house: House, bob: User) -> None:
    add_works(sandbox, SHORT)
    mine = settle_bob(link, bob)
    pushers = [User.objects.create(email=f"p{number}@example.org") for number in range(10)]
    for user in pushers:
        fill_library(link, user, SHORT)
    lists = [begin_push(link, user) for user in pushers]
    house.asked.clear()
    house.open()
    house.play(60)
    waits = [wait_of_few(house, bob, mine, first=0)]
    house.play(200)
    waits.append(wait_of_few(house, bob, mine, first=FEW))
    house.play_until(lambda: sum(len(writes(of(house, one))) for one in lists) >= 0.9 * 10 * SHORT, most=3_000)
    alone = scheduling.EDIT_DEBOUNCE.total_seconds() + RUN_OF_FEW * GAP
    assert max(seconds for seconds, _ in waits) <= alone + 12.0, waits
    assert wasted(house) < 0.1, wasted(house)
    # Nobody is forgotten for another's sake.
    shares = sorted(len(writes(of(house, one))) for one in lists)
    assert shares[0] >= median(shares) / 3, shares
    assert_within_the_limit(house)
