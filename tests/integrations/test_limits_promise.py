"""What a budget promises: never more than so many in any window, whoever asks, dies, comes late or goes before others.

Real script, real Valkey, played time.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from integrations.errors import RateLimited
from integrations.limits import CLASSES, Budget, RedisLimiter
from tests.integrations.played import Stage, most_in_a_window

LATEST = 0.99
"""Seconds that a call may be on its way longer than another: a sixtieth of the window."""


class Killed(Exception):
    """The worker died in its sleep. What it had booked is never used."""


@dataclass(frozen=True)
class World:
    """budget: shared by all; own: of each of three people, or None. longest: how long a worker waits."""

    budget: Budget
    own: Budget | None
    own_first: bool
    workers: tuple[tuple[str, float], ...]
    seed: int


@st.composite
def worlds(draw: st.DrawFn) -> World:
    requests = draw(st.sampled_from([1, 2, 3, 5, 8, 23, 24, 29, 40]))
    budget = Budget("address", requests, 60.0, draw(st.integers(1, min(requests, 6))))
    window = st.sampled_from([1.1, 10.0, 60.0])
    own = draw(st.none() | st.builds(Budget, st.just("token"), st.integers(1, 20), window, st.integers(1, 3)))
    worker = st.tuples(st.sampled_from(list(CLASSES)), st.sampled_from([0.0, 1.0, 5.0, 20.0, 60.0]))
    workers = draw(st.lists(worker, min_size=1, max_size=9))
    return World(budget, own, draw(st.booleans()), tuple(workers), draw(st.integers(0, 2**32)))


class Player:
    """Plays a world for so many seconds. arrived: when calls were at the service; by_person: when they went out."""

    def __init__(self, redis: Redis, world: World, *, seconds: float) -> None:
        self.stage = Stage()
        self.ends = self.stage.now + seconds
        self.arrived: list[float] = []
        self.by_person: dict[str, list[float]] = defaultdict(list)
        self._redis, self._world = redis, world
        redis.flushdb()
        self.stage.play([self._worker(number) for number in range(len(world.workers))])

    def _worker(self, number: int) -> Callable[[], None]:
        luck, person = random.Random(f"{self._world.seed}:{number}"), f"person-{number % 3}"
        one = self._limiter(number, luck, person)
        return lambda: self._live(one, luck, person)

    def _limiter(self, number: int, luck: random.Random, person: str) -> RedisLimiter:
        world, stage = self._world, self.stage
        klass, longest = world.workers[number]
        own = [world.own] if world.own else []
        budgets = [*own, world.budget] if world.own_first else [world.budget, *own]

        def sleep(seconds: float) -> None:
            if luck.random() < 0.03:
                raise Killed
            stage.sleep(seconds)

        options: dict[str, Any] = {"sleep": sleep, "clock": stage.clock, "max_wait": longest}
        return RedisLimiter(self._redis, "p", budgets, address="a", token=person, klass=klass, **options)

    def _live(self, one: RedisLimiter, luck: random.Random, person: str) -> None:
        stage = self.stage
        stage.sleep(luck.random() * 20)
        while stage.now < self.ends:
            try:
                one.acquire()
            except RateLimited as refusal:
                stage.sleep(0.05 + luck.random() * min(refusal.retry_after, 30.0))
                continue
            except Killed:
                stage.sleep(3.0)
                continue
            self.by_person[person].append(stage.now)
            stage.sleep(luck.choice([0.0, 0.02, 0.3, LATEST]))
            self.arrived.append(stage.now)
            stage.sleep(0.1 + luck.random() * luck.choice([0, 0, 20, 90]))
            if luck.random() < 0.01:
                one.penalise(luck.choice([1, 3, 20]))


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds())
def test_no_window_of_the_service_ever_holds_more_than_was_promised(redis_client: Redis, world: World) -> None:
    """Whatever the classes, the order and the deaths, although places are taken out of turn and calls arrive late."""
    player = Player(redis_client, world, seconds=240.0)
    assert most_in_a_window(player.arrived, 60.0) <= world.budget.requests
    if world.own is not None:
        for times in player.by_person.values():
            assert most_in_a_window(times, world.own.seconds) <= world.own.requests


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_no_more_than_the_burst_comes_at_once(redis_client: Redis, seed: int) -> None:
    """The pace: after so many at once there is one more for each gap."""
    world = World(Budget("address", 29, 60.0, 4), None, own_first=False, workers=(("checks", 5.0),) * 6, seed=seed)
    sent = [at for times in Player(redis_client, world, seconds=240.0).by_person.values() for at in times]
    gap = 61 / 28
    for count in range(1, 10):
        assert most_in_a_window(sent, gap * count - 0.5) <= 4 + count


def test_a_dead_workers_pencilled_place_is_taken_by_the_next(redis_client: Redis) -> None:
    """What it borrowed for later was never sure, so its death costs a second, not a place."""
    stage = Stage()
    one = RedisLimiter(redis_client, "p", [Budget("address", 29, 60.0, 4)], sleep=stage.sleep, clock=stage.clock)
    for _ in range(5):
        stage.play([one.acquire])
    dead = one._ask(5.0, name="dead")
    pencilled: Any = redis_client.hget(one._keys[0], "pencil")
    assert (dead[0], pencilled) == (True, f"dead 4 {dead[2]} {stage.now * 1_000_000:.0f};".encode())
    for late, can_go in ((0.9, False), (1.1, True)):
        stage.now = dead[2] / 1_000_000 + late
        assert one._ask(0.0, name=f"alive-{late}")[0] is can_go
