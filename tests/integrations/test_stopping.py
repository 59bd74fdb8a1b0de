"""A worker that was asked to end: waits end at once, what is in hand is finished."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from redis import Redis

from integrations import stopping
from integrations.errors import RateLimited, Stopping
from integrations.http import Session
from integrations.limits import Budget, RedisLimiter
from integrations.providers import registry
from integrations.services import providers
from tests.integrations.conftest import World


@pytest.fixture(autouse=True)
def _as_new() -> Iterator[None]:
    yield
    stopping.forget()


def test_before_it_is_asked_nothing_is_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    now = [100.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    stopping.check()
    stopping.pause(1.1)
    assert sum(slept) == pytest.approx(1.1)
    assert max(slept) <= stopping.GLANCE
    stopping.pause(0.0)


def test_a_wait_ends_when_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        stopping.ask(sig="SIGTERM", how="Warm", exitcode=0)

    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(Stopping):
        stopping.pause(60.0)
    assert slept == [stopping.GLANCE]
    with pytest.raises(Stopping):
        stopping.pause(0.0)


def test_it_is_a_limit_that_is_over_at_once_and_nothing_was_sent() -> None:
    stopping.ask()
    with pytest.raises(RateLimited) as caught:
        stopping.check()
    assert (caught.value.unsent, caught.value.retry_after) == (True, 0.0)


def test_what_has_begun_is_finished_and_what_has_not_is_left() -> None:
    stopping.ask()
    begun = [False]
    with stopping.in_hand(lambda: begun[0]):
        with pytest.raises(Stopping):
            stopping.check()
        begun[0] = True
        stopping.check()
        stopping.pause(0.0)
    with pytest.raises(Stopping):
        stopping.check()


def test_another_threads_hands_are_its_own() -> None:
    stopping.ask()
    found: list[type[BaseException]] = []

    def look() -> None:
        try:
            stopping.check()
        except Stopping as error:
            found.append(type(error))

    with stopping.in_hand(lambda: True):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert found == [Stopping]


def test_nobody_waits_for_a_budget_any_more(redis_client: Redis) -> None:
    slow = RedisLimiter(redis_client, "toy", [Budget("address", requests=1, seconds=60.0)], max_wait=120.0)
    slow.acquire()
    stopping.ask()
    with pytest.raises(Stopping):
        slow.acquire()


def test_no_request_is_begun(world: World) -> None:
    session = Session(providers.open_line(registry.get("toy"), klass="checks"))
    stopping.ask()
    with pytest.raises(Stopping):
        session.send("GET", "https://api.toy.test/me", repeatable=True)
    assert (session.requests, world.server.calls) == (0, [])
