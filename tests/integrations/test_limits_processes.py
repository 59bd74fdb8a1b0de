"""The limiter between processes in real time, and against a service whose limit falls, in played time."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from redis import Redis

from integrations.errors import RateLimited
from integrations.limits import Budget, RedisLimiter, index_of
from tests.integrations.played import Stage, most_in_a_window

LIMIT, WINDOW = 30, 1.0
BUDGET = Budget("address", 28, WINDOW, 3)
SKEWS = (0.0, 5.0, -5.0, 0.0)
"""Seconds by which the clock of each process is wrong."""
PROCESSES = len(SKEWS)


def send(redis_url: str, seconds: float, *, start: Any, results: Any, skew: float) -> None:
    """One worker: as many calls as the limiter allows. Reports when each was made and how often it asked Redis."""
    right = time.time
    time.time = lambda: right() + skew
    with Redis.from_url(redis_url) as client:
        limiter = RedisLimiter(client, "many", [BUDGET], address="a", max_wait=5.0)
        asked = 0
        run = limiter._run

        def counted(*args: Any) -> Any:
            nonlocal asked
            asked += 1
            return run(*args)

        vars(limiter)["_run"] = counted
        client.ping()
        start.wait(20)
        end, made = time.monotonic() + seconds, []
        while time.monotonic() < end:
            limiter.acquire()
            made.append(time.monotonic())
        results.put((made, asked))


def run_processes(
    redis_url: str, seconds: float, *, meanwhile: Callable[[], None] | None = None
) -> tuple[list[list[float]], int]:
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(PROCESSES + 1), context.Queue()
    options = [{"start": start, "results": results, "skew": skew} for skew in SKEWS]
    workers = [context.Process(target=send, args=(redis_url, seconds), kwargs=given) for given in options]
    for worker in workers:
        worker.start()
    start.wait(20)
    if meanwhile is not None:
        meanwhile()
    answers = [results.get(timeout=20) for _ in workers]
    for worker in workers:
        worker.join(30)
        worker.close()
    results.close()
    results.join_thread()
    return [made for made, _ in answers], sum(asked for _, asked in answers)


@pytest.mark.slow
class TestProcesses:
    def test_never_above_the_limit_fair_and_one_question_a_call(self, redis_client: Redis, redis_url: str) -> None:
        made, asked = run_processes(redis_url, 2.1)
        everything = [at for times in made for at in times]
        assert most_in_a_window(everything, WINDOW) <= LIMIT
        assert len(everything) >= 0.9 * 26 * 2.0
        assert asked <= 1.1 * len(everything)
        fair = len(everything) / PROCESSES
        assert [abs(len(times) - fair) <= max(0.1 * fair, 2) for times in made] == [True] * PROCESSES

    def test_losing_scripts_and_state_half_way_costs_no_second_window(
        self, redis_client: Redis, redis_url: str
    ) -> None:
        """At most one burst more than the budget in the window where it happens; a header would tell even that."""

        def lose() -> None:
            time.sleep(0.8)
            redis_client.script_flush()
            time.sleep(0.4)
            redis_client.flushall()

        made, asked = run_processes(redis_url, 2.2, meanwhile=lose)
        everything = [at for times in made for at in times]
        assert most_in_a_window(everything, WINDOW) <= BUDGET.requests + BUDGET.burst + 1
        assert len(everything) >= 0.7 * 26 * 2.2
        assert redis_client.exists(index_of("many")) == 1
        assert asked <= 1.1 * len(everything) + PROCESSES


# A service whose limit falls --------------------------------------------------------------------------------


@dataclass
class Service:
    """Counts in windows of 60 s, as AniList does. Past the limit: 429, and nothing for another 60 s."""

    stage: Stage
    falls_at: float
    others: int = 0
    refused: int = 0
    served: list[float] = field(default_factory=list)
    _used: dict[int, int] = field(default_factory=dict)
    _banned_until: float = 0.0

    def call(self) -> tuple[int, int, int]:
        now = self.stage.now
        limit = 90 if now < self.falls_at else 30
        used = self._used[int(now // 60)] = self._used.get(int(now // 60), self.others) + 1
        if now < self._banned_until or used > limit:
            self.refused += 1
            self._banned_until = now + 60
            return 429, limit, 0
        self.served.append(now)
        return 200, limit, limit - used


def work(stage: Stage, service: Service, limiter: RedisLimiter, end: float) -> None:
    stage.sleep(50)
    while stage.now < end:
        try:
            limiter.acquire()
        except RateLimited as refusal:
            stage.sleep(refusal.retry_after)
            continue
        stage.sleep(0.03)  # the way there
        status, limit, remaining = service.call()
        stage.sleep(0.12)  # and back
        if status == 429:
            limiter.penalise(60)
        else:
            limiter.observe(limit=limit, remaining=remaining)


ANILIST = Budget("address", 29, 60.0, 4)


def play(
    redis: Redis, *, phase: float, budget: Budget, minutes: float, others: int = 0, lost_after: float = 0.0
) -> Service:
    redis.flushdb()
    stage = Stage()
    end = stage.now + minutes * 60
    service = Service(stage, falls_at=stage.now + 120 + phase, others=others)
    limiters = [
        RedisLimiter(redis, "falling", [budget], address="a", sleep=stage.sleep, clock=stage.clock) for _ in range(4)
    ]

    # Then idle for most of a window, so that the others begin with a burst.
    limiters[0].acquire()

    def act(limiter: RedisLimiter) -> Callable[[], None]:
        return lambda: work(stage, service, limiter, end)

    def lose() -> None:
        stage.sleep(lost_after)
        redis.flushdb()

    stage.play([*(act(limiter) for limiter in limiters), *([lose] if lost_after else [])])
    return service


class TestFallingLimit:
    @pytest.mark.parametrize("phase", [0, 7, 19, 31, 44, 58])
    def test_a_limit_that_falls_costs_at_most_one_429(self, redis_client: Redis, phase: float) -> None:
        service = play(redis_client, phase=phase, budget=Budget("address", 86, 60.0, 4), minutes=7)
        assert service.refused <= 1
        late = [at for at in service.served if at >= service.falls_at + 180]
        assert len(late) >= 0.9 * 30 * (late[-1] - late[0]) / 60
        assert most_in_a_window(late, 60) <= 29

    @pytest.mark.parametrize("others", [3, 10, 20])
    def test_others_behind_our_address_cost_no_429(self, redis_client: Redis, others: int) -> None:
        """Somebody else uses that much of the limit in every window."""
        service = play(redis_client, phase=-120, budget=ANILIST, minutes=6, others=others)
        assert service.refused == 0
        assert len(service.served) >= 0.6 * (30 - others) * 5

    def test_what_goes_out_after_state_was_lost_costs_no_429(self, redis_client: Redis) -> None:
        """At any moment of the service's window; it costs what one window holds at most."""
        for lost_after in range(61, 121, 7):
            service = play(redis_client, phase=-120, budget=ANILIST, minutes=4, lost_after=lost_after)
            assert service.refused == 0
            assert len(service.served) >= 0.9 * 30 * 3 - 29
