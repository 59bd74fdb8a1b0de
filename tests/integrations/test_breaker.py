"""The breaker: real script, real Valkey, our own clock."""

from __future__ import annotations

import threading

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from integrations.breaker import ENOUGH, Breaker, Condition, condition
from integrations.errors import (
    AuthRevoked,
    Gone,
    Malformed,
    ProviderError,
    RateLimited,
    Rejected,
    Transient,
    Unavailable,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def breaker(redis: Redis, clock: Clock, *, provider: str = "anilist", jitter: float = 0.5) -> Breaker:
    """jitter 0.5 is the middle of ±20 %."""
    return Breaker(redis, provider, jitter=lambda: jitter, clock=clock)


def stays(one: Breaker) -> float:
    """Seconds for which calls are refused; 0 = a call may be made (and this one counts as made)."""
    try:
        one.before_call()
    except Unavailable as away:
        return round(away.retry_after or -1, 3)
    return 0.0


def fail(one: Breaker, times: int) -> None:
    for _ in range(times):
        one.before_call()
        one.failed()


def mix(one: Breaker, calls: str) -> None:
    """g: a good call; b: a bad one."""
    for call in calls:
        one.before_call()
        if call == "g":
            one.succeeded()
        else:
            one.failed()


class TestOpening:
    def test_five_failures_in_a_row_open_it_for_everybody(self, redis_client: Redis, clock: Clock) -> None:
        one, other = breaker(redis_client, clock), breaker(redis_client, clock)
        fail(one, 2)
        fail(other, 2)
        assert stays(other) == 0
        fail(one, 1)
        assert stays(one) == stays(other) == 30
        assert stays(breaker(redis_client, clock, provider="kitsu")) == 0

    def test_a_success_ends_the_row(self, redis_client: Redis, clock: Clock) -> None:
        one = breaker(redis_client, clock)
        for _ in range(3):
            fail(one, 4)
            one.succeeded()
        assert stays(one) == 0

    @pytest.mark.parametrize(
        "error",
        [
            RateLimited("429", retry_after=60),
            AuthRevoked("401"),
            Rejected("400"),
            Gone("404"),
            Malformed("drift"),
        ],
    )
    def test_answers_that_show_it_is_there_never_trip_it(
        self, redis_client: Redis, clock: Clock, error: ProviderError
    ) -> None:
        one = breaker(redis_client, clock)
        for _ in range(20):
            one.before_call()
            one.failed(error)
        assert stays(one) == 0

    @pytest.mark.parametrize("error", [None, Transient("timeout"), Unavailable("503")])
    def test_timeouts_and_5xx_do(self, redis_client: Redis, clock: Clock, error: ProviderError | None) -> None:
        one = breaker(redis_client, clock)
        for _ in range(5):
            one.failed(error)
        assert stays(one) == 30

    def test_the_refusal_says_that_nothing_was_sent(self, redis_client: Redis, clock: Clock) -> None:
        one = breaker(redis_client, clock)
        fail(one, 5)
        with pytest.raises(Unavailable) as away:
            one.before_call()
        assert (away.value.unsent, away.value.provider) == (True, "anilist")

    def test_late_failures_of_older_calls_do_not_prolong_it(self, redis_client: Redis, clock: Clock) -> None:
        one = breaker(redis_client, clock)
        fail(one, 5)
        clock.now += 10
        for _ in range(10):
            one.failed()
        assert stays(one) == 20

    def test_more_than_half_of_a_minutes_calls_open_it_without_a_row(self, redis_client: Redis, clock: Clock) -> None:
        one, other = breaker(redis_client, clock), breaker(redis_client, clock)
        mix(one, "bbgbbgbbgb")
        mix(other, "bgbgbgbgb")
        # 12 of 19 failed: not enough calls to say.
        assert stays(one) == 0
        mix(one, "b")
        assert stays(other) == 30
        assert condition(redis_client, "anilist", clock=clock) == Condition("open", 2, 30.0, bad=13, calls=ENOUGH)

    def test_just_half_of_them_do_not(self, redis_client: Redis, clock: Clock) -> None:
        one = breaker(redis_client, clock)
        mix(one, "gb" * 40)
        assert stays(one) == 0
        mix(one, "b")
        assert stays(one) == 30

    @pytest.mark.parametrize(("pause", "opens"), [(49.0, True), (60.0, False), (3600.0, False)])
    def test_what_is_older_than_a_minute_no_longer_counts(
        self, redis_client: Redis, clock: Clock, pause: float, opens: bool
    ) -> None:
        one = breaker(redis_client, clock)
        mix(one, "bbbbgbbbbgbbbbg")
        clock.now += pause
        mix(one, "gbbbb")
        assert (stays(one) > 0) is opens

    def test_a_failure_in_five_among_many_calls_is_no_outage(self, redis_client: Redis, clock: Clock) -> None:
        one = breaker(redis_client, clock)
        for _ in range(100):
            mix(one, "ggggb")
            clock.now += 1
        assert stays(one) == 0

    def test_once_it_closed_it_counts_anew(self, redis_client: Redis, clock: Clock) -> None:
        one = breaker(redis_client, clock)
        mix(one, "bbbg" * 5 + "b")
        clock.now += stays(one)
        mix(one, "g")
        mix(one, "bbbbg")
        assert stays(one) == 0

    @pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 24), (1.0, 36)])
    def test_it_is_jittered(self, redis_client: Redis, clock: Clock, jitter: float, seconds: float) -> None:
        one = breaker(redis_client, clock, jitter=jitter)
        fail(one, 5)
        assert stays(one) == seconds


class TestHalfOpen:
    def test_exactly_one_call_is_let_through(self, redis_client: Redis, clock: Clock) -> None:
        one = breaker(redis_client, clock)
        fail(one, 5)
        clock.now += 30
        assert [stays(breaker(redis_client, clock)) == 0 for _ in range(8)] == [True] + [False] * 7

    def test_one_of_many_threads_at_once_is_let_through(self, redis_client: Redis, clock: Clock) -> None:
        one = breaker(redis_client, clock)
        fail(one, 5)
        clock.now += 30
        begin, through = threading.Barrier(8), []

        def ask() -> None:
            begin.wait(5)
            through.append(stays(one) == 0)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        assert sorted(through) == [False] * 7 + [True]

    def test_its_success_closes_the_breaker(self, redis_client: Redis, clock: Clock) -> None:
        one, other = breaker(redis_client, clock), breaker(redis_client, clock)
        fail(one, 5)
        clock.now += 30
        one.before_call()
        one.succeeded()
        fail(other, 4)
        assert stays(other) == 0

    def test_an_answer_that_shows_it_is_there_closes_it_too(self, redis_client: Redis, clock: Clock) -> None:
        one = breaker(redis_client, clock)
        fail(one, 5)
        clock.now += 30
        one.before_call()
        one.failed(AuthRevoked("401"))
        assert [stays(one) for _ in range(3)] == [0, 0, 0]

    def test_its_failure_opens_it_for_twice_as_long_up_to_a_quarter_of_an_hour(
        self, redis_client: Redis, clock: Clock
    ) -> None:
        one = breaker(redis_client, clock)
        fail(one, 5)
        seen = []
        for _ in range(7):
            seen.append(stays(one))
            clock.now += seen[-1]
            one.before_call()
            one.failed()
        assert seen == [30, 60, 120, 240, 480, 900, 900]

    def test_only_the_probe_decides(self, redis_client: Redis, clock: Clock) -> None:
        """Calls that began before the breaker opened and end now prove nothing."""
        one, old = breaker(redis_client, clock), breaker(redis_client, clock)
        fail(one, 5)
        clock.now += 30
        one.before_call()
        old.succeeded()
        assert stays(breaker(redis_client, clock)) > 0
        old.failed()
        one.succeeded()
        assert stays(old) == 0

    def test_a_probe_that_never_came_back_gives_way(self, redis_client: Redis, clock: Clock) -> None:
        one = breaker(redis_client, clock)
        fail(one, 5)
        clock.now += 30
        one.before_call()
        assert 80 < stays(breaker(redis_client, clock)) <= 90
        redis_client.delete("{rl:anilist}:breaker:probe")  # what its expiry does
        assert stays(breaker(redis_client, clock)) == 0


def test_without_redis_there_are_no_calls() -> None:
    one = Breaker(Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0)), "anilist")
    for attempt in (one.before_call, one.succeeded, one.failed):
        with pytest.raises(Unavailable):
            attempt()
