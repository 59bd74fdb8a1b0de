"""AniList is away for an hour of played time: its lists wait and say why, all others notice nothing, and afterwards
the backlog drains in order, at the pace of the budget. Against an hour without an outage in the same house."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from integrations.breaker import FAILURES, LONGEST_OPEN
from integrations.models import Connection
from integrations.providers import registry
from integrations.sandbox.server import Running
from integrations.services.figures import standing_of
from integrations.services.outages import Door, door_of
from library.services.editing import edit_entry
from syncing.models import Schedule, SyncRun
from tests.e2e.conftest import Link
from tests.e2e.four import ANILIST, KITSU, MAL, OLD, TRAKT, entry, fill_tables
from tests.e2e.lists import break_, media_of, mend
from tests.e2e.played import WAY, House, Ran, delays, played_house

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

PEOPLE = 24
HOUR = 3600.0
TICK = 10.0
"""Seconds between two ticks that hand out."""
OTHERS = (MAL, KITSU, TRAKT)
"""Each person has AniList and one of these."""
RETRY_AFTER = 60.0
ALLOWED = 30
"""AniList's requests a minute."""


@pytest.fixture
def house(sandbox: Running, link: Link) -> Iterator[House]:
    """People whose lists were read and are at rest, spread over the hour, and services with their real limits."""
    for slug in (ANILIST, *OTHERS):
        fake = sandbox.state.fakes[slug]
        fake.change_settings(dict(fake.defaults))
    with played_house(sandbox) as house:
        fill_tables()
        for number in range(PEOPLE):
            user = User.objects.create(email=f"p{number}@example.org")
            for slug in (ANILIST, OTHERS[number % len(OTHERS)]):
                titles = [] if slug == TRAKT else [entry(slug, 1, status="current", progress=1, at=OLD)]
                link(user, slug, titles, interval_minutes=60)
        house.open()
        house.play_until(lambda: not Connection.objects.filter(last_synced_at=None).exists())
        house.play(HOUR / 2)
        yield house


def begin(house: House) -> None:
    """Counters at nought."""
    house.ran.clear()
    house.asked.clear()
    for slug in (ANILIST, *OTHERS):
        house.sandbox.control("DELETE", f"{slug}/requests")


def play_hour(house: House, *, progress: int) -> None:
    """Each person gets one episode further, here, some time within the hour."""
    media_id = media_of(1)
    for number in range(PEOPLE):
        user = User.objects.get(email=f"p{number}@example.org")
        house.stage.at(random.uniform(0, HOUR - 300), partial(watch, user, media_id, progress))
    house.play(HOUR)


def watch(user: User, media_id: int, progress: int) -> None:
    edit_entry(user, media_id=media_id, changes={"progress": progress})


def answer_503(house: House) -> None:
    break_(house.sandbox, ANILIST, "error", status=503, times=None)


def answer_429(house: House) -> None:
    break_(house.sandbox, ANILIST, "rate_limit", retry_after=RETRY_AFTER, times=None)


def hang(house: House) -> None:
    house.way.hangs = frozenset(registry.get(ANILIST).hosts)


def come_back(house: House) -> None:
    mend(house.sandbox, ANILIST)
    house.way.hangs = frozenset()


OUTAGES = [
    pytest.param(answer_503, 20, id="503"),
    pytest.param(hang, 30, id="hangs"),
    # One a Retry-After, and who had asked before the answer came.
    pytest.param(answer_429, 1.5 * HOUR / RETRY_AFTER, id="429"),
]


@pytest.mark.parametrize(("fail", "most_requests"), OUTAGES)
def test_an_hour_without_anilist(
    house: House, client: Client, fail: Callable[[House], None], most_requests: float
) -> None:
    begin(house)
    play_hour(house, progress=2)
    usual = list(house.ran)
    assert {one.state for one in usual} == {"done"}, Counter((one.provider, one.state) for one in usual)

    begin(house)
    fail(house)
    play_hour(house, progress=3)
    assert_others_go_on(house, usual)
    assert_anilist_was_left_alone(house, most_requests, is_away=fail is not answer_429)
    assert_it_is_told(house, client, is_away=fail is not answer_429)
    assert_nobody_is_blamed()

    begin(house)
    come_back(house)
    assert_the_backlog_drains(house)
    assert_the_page_is_calm(client)


def of_others(ran: list[Ran]) -> list[Ran]:
    return [one for one in ran if one.provider != ANILIST]


def assert_others_go_on(house: House, usual: list[Ran]) -> None:
    """As soon, as fast and as often as in an hour without an outage, and everything arrived."""
    before, during = of_others(usual), of_others(house.ran)
    assert {one.state for one in during} <= {"done", "partial"}
    assert {one.code for one in during} <= {"", "rate_limited"}
    for ran in (before, during):
        assert max(one.begun - one.due for one in ran if one.trigger == "edit") <= 1.0
        assert max(one.begun - one.due for one in ran) <= TICK + 1.0
        # Beyond what its requests take on the way; sometimes one waits for its service's own budget.
        spent = [one.ended - one.begun - 2 * WAY * one.requests for one in ran]
        assert median(spent) <= 0.5
        assert max(spent) <= 5.0
    for slug in OTHERS:
        runs = [len([one for one in ran if one.provider == slug and one.state == "done"]) for ran in (before, during)]
        assert 0.6 <= runs[1] / runs[0] <= 1.6, (slug, runs)
    assert held_progress(house, *OTHERS) == Counter({3: PEOPLE})


def held_progress(house: House, *slugs: str) -> Counter[int]:
    """How far the lists are at these services."""
    found: Counter[int] = Counter()
    for connection in Connection.objects.filter(provider__in=slugs):
        told = house.sandbox.control("GET", f"{connection.provider}/accounts/{connection.account_name}")
        if connection.provider == TRAKT:
            found[len(told["history"])] += 1
        else:
            (one,) = told["entries"]
            found[one["num_episodes_watched" if connection.provider == MAL else "progress"]] += 1
    return found


def assert_anilist_was_left_alone(house: House, most_requests: float, *, is_away: bool) -> None:
    asked = [one for one in house.asked if one.provider == ANILIST]
    assert 3 <= len(asked) <= most_requests
    tried = [one for one in house.ran if one.provider == ANILIST and one.requests]
    # Whoever has tried lets another try next, be it a batched check: it may be their own list that the service stumbles
    # over.
    pairs = itertools.pairwise(tried[FAILURES:])
    twice = [(one, other) for one, other in pairs if one.connection_id == other.connection_id]
    between = [any(one.ended < request.at < other.begun for request in asked) for one, other in twice]
    assert not is_away or all(between), twice


def assert_it_is_told(house: House, client: Client, *, is_away: bool) -> None:
    """To the person, on the run that met it, and to the operator."""
    house.play_until(lambda: bool(standing_of(registry.get(ANILIST)).trouble))
    trouble = standing_of(registry.get(ANILIST)).trouble
    met = SyncRun.objects.filter(provider=ANILIST, error_code__in=("unavailable", "rate_limited"))
    state, words = (
        ("halted", "AniList is not answering at the moment")
        if is_away
        else ("partial", "AniList wants no more requests")
    )
    assert set(met.values_list("state", flat=True)) <= {state, "halted"}
    assert met.count() >= 1
    assert trouble in (
        ("not reachable", "not reachable; the next call tries again") if is_away else ("asks us to stay away",)
    )
    if not is_away:
        house.play_until(lambda: standing_of(registry.get(ANILIST)).blocked_for > 40.0, step=1.0)
    for user in (User.objects.get(email="p0@example.org"), User.objects.get(email=f"p{PEOPLE - 1}@example.org")):
        client.force_login(user)
        page = client.get("/").content.decode()
        assert words in page
        assert "Waits for AniList" in page
        assert page.count("In step") == 1


def assert_nobody_is_blamed() -> None:
    """Only what came before the breaker opened was counted; nobody has to wait for longer than it stays open."""
    rows = Schedule.objects.filter(provider=ANILIST)
    assert sum(row.failures for row in rows) < FAILURES
    latest = max((row.not_before - timezone.now()).total_seconds() for row in rows if row.not_before is not None)
    assert latest <= 1.2 * LONGEST_OPEN + 60.0
    assert not Connection.objects.filter(state="needs_login").exists()


def assert_the_backlog_drains(house: House) -> None:
    """All are looked at within what the budget allows from when it may be tried again, the longest due first."""
    rows = {row.pk: row.due_at.timestamp() for row in Schedule.objects.filter(provider=ANILIST)}
    late = {pk: due for pk, due in rows.items() if due < house.stage.now - 60.0}
    # Who has just been turned away is due a little later.
    assert len(late) >= PEOPLE * 3 // 4
    house.play_until(lambda: door_of(ANILIST) is not Door.SHUT, step=1.0, most=1.2 * LONGEST_OPEN + 1.0)
    opened = house.stage.now
    house.play_until(lambda: set(rows) <= done_at_anilist(house).keys(), step=1.0)
    counts = house.sandbox.control("GET", f"{ANILIST}/requests")
    budget = registry.get(ANILIST).budgets[0]
    # One that tries, and then what there is to ask at the pace that we allow ourselves.
    enough = 2 * TICK + RETRY_AFTER + 1.25 * counts["total"] / budget.requests * budget.seconds
    assert house.stage.now - opened <= enough, (house.stage.now - opened, counts["total"])
    assert (counts["too_many"], counts["most_in_60s"] <= ALLOWED) == (0, True)
    assert held_progress(house, ANILIST) == Counter({3: PEOPLE})
    assert_order(house, late)


def done_at_anilist(house: House) -> dict[object, float]:
    """{connection: when it was first looked at}."""
    found: dict[object, float] = {}
    for one in sorted(house.ran, key=lambda one: one.begun):
        if one.provider == ANILIST and one.state == "done":
            found.setdefault(one.connection_id, one.begun)
    return found


def assert_order(house: House, late: dict[object, float]) -> None:
    """Who was due longer is not looked at much later than who was due shorter, but for those who had just tried."""
    begun = done_at_anilist(house)
    tried = {one.connection_id for one in house.ran if one.provider == ANILIST and one.state != "done"}
    row = sorted((begun[pk], due) for pk, due in late.items() if pk not in tried)
    overtaken = [(at, due) for at, due in row if any(due + TICK < d and at > b + 2 * TICK for b, d in row)]
    assert len(overtaken) <= PEOPLE // 8, overtaken


def assert_the_page_is_calm(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "Waits for AniList" not in page
    assert page.count("In step") == 2
    assert set(Schedule.objects.filter(provider=ANILIST).values_list("failures", flat=True)) == {0}


def test_delays_are_told_by_service() -> None:
    """The measure itself: what the comparison above rests on."""
    ran = [Ran(ANILIST, 1, 0.0, 5.0, 6.0), Ran(MAL, 2, 0.0, 2.0, 3.0), Ran(MAL, 3, 1.0, 2.0, 3.0)]
    assert (delays(ran), delays(ran, MAL)) == ([1.0, 2.0, 5.0], [1.0, 2.0])
