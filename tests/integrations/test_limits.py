"""The limiter: real script, real Valkey, our own clock."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from integrations.errors import RateLimited, Unavailable
from integrations.limits import Budget, RedisLimiter, tag
from integrations.readings import readings
from tests.integrations.played import most_in_a_window

MINUTE = 60.0 * 60 / 61
"""A window that is counted as 60 s: a sixtieth longer, for what calls travel."""
ANILIST = Budget("address", 25, MINUTE, 4)
PERSONAL = Budget("token", 24, MINUTE, 4)
"""The same pace for one person: without classes, so that it shows bare. ANILIST's 25th place is for who waits."""
GAP = 2.5
"""Seconds between two places of either."""


class Clock:
    """Unix seconds that pass only when somebody sleeps."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limiter(redis: Redis, clock: Clock, *budgets: Budget, **options: Any) -> RedisLimiter:
    options = {"address": "192.0.2.1", "klass": "interactive", "sleep": clock.sleep, "jitter": lambda: 0.0, **options}
    return RedisLimiter(redis, "anilist", budgets or (ANILIST,), clock=clock, **options)


def take(one: RedisLimiter, clock: Clock, count: int) -> list[float]:
    """When each of `count` calls in a row may go, in seconds from now."""
    start, times = clock.now, []
    for _ in range(count):
        one.acquire()
        times.append(round(clock.now - start, 3))
    return times


def waits(one: RedisLimiter, clock: Clock) -> float:
    """Seconds until the next call may go, found without waiting. Takes the slot only if it is free now."""
    patient = one._max_wait
    one._max_wait = 0.0
    try:
        one.acquire()
    except RateLimited as refused:
        return round(refused.retry_after, 3)
    finally:
        one._max_wait = patient
    return 0.0


def goes(one: RedisLimiter) -> bool:
    """Whether a call may go at once; if so it went."""
    one._max_wait = 0.0
    try:
        one.acquire()
    except RateLimited:
        return False
    return True


class TestPace:
    def test_a_cold_start_has_no_burst(self, redis_client: Redis, clock: Clock) -> None:
        assert take(limiter(redis_client, clock, PERSONAL), clock, 4) == [0, GAP, 2 * GAP, 3 * GAP]

    def test_the_burst_comes_with_idleness(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, PERSONAL)
        one.acquire()
        clock.now += 60
        assert take(one, clock, 6) == [0, 0, 0, 0, GAP, 2 * GAP]

    def test_workers_share_and_other_people_and_providers_do_not(self, redis_client: Redis, clock: Clock) -> None:
        one, same, elsewhere = (
            limiter(redis_client, clock, PERSONAL, token=token) for token in ("alice", "alice", "bob")
        )
        one.acquire()
        assert waits(same, clock) == GAP
        assert waits(elsewhere, clock) == 0
        assert waits(RedisLimiter(redis_client, "kitsu", [PERSONAL], token="alice", clock=clock), clock) == 0

    def test_a_long_wait_is_refused_with_its_length_and_takes_nothing(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, PERSONAL, max_wait=2.0)
        one.acquire()
        for _ in range(3):
            with pytest.raises(RateLimited) as refused:
                one.acquire()
            assert refused.value.retry_after == pytest.approx(GAP)
            assert (refused.value.provider, refused.value.unsent) == ("anilist", True)
        clock.now += GAP
        assert take(one, clock, 1) == [0]
        assert clock.slept == []

    def test_all_scopes_or_none(self, redis_client: Redis, clock: Clock) -> None:
        budgets = (Budget("address", 61, MINUTE, 2), Budget("token", 6, MINUTE))
        alice, bob = (limiter(redis_client, clock, *budgets, token=token) for token in ("alice", "bob"))
        alice.acquire()
        assert waits(alice, clock) == 10
        assert waits(alice, clock) == 10
        # Alice's refusals took nothing of the address.
        assert (
            waits(bob, clock) == 1.25
        )  # its own share is spent; beyond it an interactive call reaches 3/4 of the burst

    def test_a_place_for_later_holds_up_nobody_who_can_go_before(self, redis_client: Redis, clock: Clock) -> None:
        """Alice waits for her own budget; the address is booked for then, and is free until then."""
        budgets = (Budget("address", 61, MINUTE, 3), Budget("token", 20, MINUTE))
        alice, bob = (
            limiter(redis_client, clock, *budgets, token=token, klass=klass)
            for token, klass in (("alice", "writes"), ("bob", "interactive"))
        )
        alice.acquire()
        asked = alice._ask(5.0, name="alices-next")
        assert asked[:2] == (True, 3.0)
        assert waits(bob, clock) == 0
        clock.now += 3
        assert alice._ask(0.0, name="alices-next", booked=str(asked[2]))[:2] == (True, 0.0)

    def test_state_expires_by_itself(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, Budget("address", 24, 60.0, 4), Budget("token", 1, 1.0), token="t")
        one.acquire()
        names = sorted(name.decode() for name in redis_client.scan_iter("*"))
        assert [name.startswith("{rl:anilist}:") for name in names] == [True] * 5
        lives: list[Any] = [redis_client.ttl(name) for name in names if not name.endswith((":scopes", ":log"))]
        assert max(lives) <= 60 * 2 + 60 + 120
        assert min(lives) >= 120
        logs: list[Any] = [redis_client.ttl(name) for name in names if name.endswith(":log")]
        assert (min(logs), max(logs)) == (2, 68)

    def test_no_name_stands_in_a_key(self, redis_client: Redis, clock: Clock) -> None:
        budgets = (Budget("token", 1, 1.0), Budget("app", 1, 1.0))
        limiter(redis_client, clock, *budgets, token="planted-token", app="planted-app").acquire()
        dump = b" ".join(redis_client.scan_iter("*")) + str(redis_client.smembers(f"{tag('anilist')}:scopes")).encode()
        assert b"planted" not in dump

    def test_it_needs_a_budget_and_a_known_class(self, redis_client: Redis, clock: Clock) -> None:
        with pytest.raises(ValueError, match="no budget"):
            RedisLimiter(redis_client, "anilist", [])
        with pytest.raises(KeyError):
            limiter(redis_client, clock, klass="nobody")

    def test_a_client_that_decodes_answers_works_too(self, redis_url: str, redis_client: Redis, clock: Clock) -> None:
        with Redis.from_url(redis_url, decode_responses=True) as client:
            limiter(client, clock).acquire()
            assert len(readings(client, "anilist", clock=clock)) == 1

    def test_the_servers_clock_is_used_by_default(self, redis_client: Redis) -> None:
        slept: list[float] = []
        one = RedisLimiter(redis_client, "x", [Budget("address", 5, 1.0)], sleep=slept.append)
        one.acquire()
        one.acquire()
        assert 0.0 < slept[0] <= 0.2034


class TestPenalty:
    def test_everybody_stays_away_and_comes_back_slowly(self, redis_client: Redis, clock: Clock) -> None:
        one, other = limiter(redis_client, clock), limiter(redis_client, clock, klass="checks")
        clock.now += 600
        one.penalise(60)
        assert (waits(one, clock), waits(other, clock)) == (60, 60 + GAP)
        assert waits(limiter(redis_client, clock, address="192.0.2.9"), clock) == 0
        clock.now += 60
        one._max_wait = 60.0
        assert take(one, clock, 3) == [0, 2.5 * GAP, 3.5 * GAP]

    @pytest.mark.parametrize(
        ("asked", "jitter", "stays"), [(0.01, 0.0, 1.0), (-5, 0.0, 1.0), (60, 1.0, 66.0), (90_000, 0.5, 3780.0)]
    )
    def test_it_is_clamped_and_jittered(
        self, redis_client: Redis, clock: Clock, asked: float, jitter: float, stays: float
    ) -> None:
        one = limiter(redis_client, clock, jitter=lambda: jitter)
        one.penalise(asked)
        assert waits(one, clock) == pytest.approx(stays)

    def test_a_shorter_penalty_does_not_end_a_longer_one(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock)
        one.penalise(60)
        one.penalise(2)
        assert waits(one, clock) == 60

    def test_a_reservation_does_not_fire_into_a_penalty_that_came_meanwhile(
        self, redis_client: Redis, clock: Clock
    ) -> None:
        one, other = limiter(redis_client, clock), limiter(redis_client, clock)
        one.acquire()

        def sleep(seconds: float) -> None:
            clock.sleep(seconds)
            other.penalise(60)

        one._sleep = sleep
        with pytest.raises(RateLimited) as refused:
            one.acquire()
        assert refused.value.retry_after == pytest.approx(60)

    def test_a_short_penalty_is_waited_out_within_the_longest_wait(self, redis_client: Redis, clock: Clock) -> None:
        one, other = (limiter(redis_client, clock, PERSONAL, max_wait=5.0) for _ in range(2))
        one.acquire()

        def sleep(seconds: float) -> None:
            if not clock.slept:
                other.penalise(1)
                clock.sleep(seconds - 0.5)
            else:
                clock.sleep(seconds)

        one._sleep = sleep
        one.acquire()
        assert clock.slept[0] == GAP - 0.5
        assert sum(clock.slept) <= 5.0

    def test_it_is_spoken_to_the_first_budget_only(self, redis_client: Redis, clock: Clock) -> None:
        budgets = (Budget("token", 60, 60.0), Budget("address", 600, 60.0))
        alice, bob = (limiter(redis_client, clock, *budgets, token=token) for token in ("alice", "bob"))
        alice.penalise(60)
        assert waits(alice, clock) == 60
        assert waits(bob, clock) == 0


class TestLearning:
    def rate(self, redis: Redis, clock: Clock) -> float:
        return readings(redis, "anilist", clock=clock)[0].limit

    def test_a_lower_limit_holds_at_once_less_its_margin(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, Budget("token", 86, 60.0, 4), token="t", max_wait=60.0)
        one.observe(limit=30, remaining=29)
        clock.now += 60
        times = take(one, clock, 33)
        gap = 61 / 29
        assert times[:6] == [0, 0, 0, 0, pytest.approx(gap, abs=0.001), pytest.approx(2 * gap, abs=0.001)]
        # The thirtieth comes when the first has left the window and had time to arrive.
        assert (times[28] < 60, times[29], times[32]) == (True, 61, 61)

    @pytest.mark.parametrize(
        ("limit", "kept"), [(30, 29), (90, 86), (1000, 950), (10, 9), (5, 4), (2, 1), (1, 0.5), (6000, 5700)]
    )
    def test_what_we_allow_ourselves_stays_below_every_limit(
        self, redis_client: Redis, clock: Clock, limit: int, kept: float
    ) -> None:
        one = limiter(redis_client, clock, Budget("address", 5700, 60.0, 4), max_wait=1e6)
        one.observe(limit=limit, remaining=None)
        one.acquire()
        assert self.rate(redis_client, clock) == kept
        clock.now += 600
        times = take(one, clock, min(limit, 1000) + 2)
        assert most_in_a_window(times, 60) <= max(kept, 1)

    def test_a_lower_limit_holds_for_what_is_booked_too(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, PERSONAL, token="t")
        one.acquire()
        booked = one._ask(5.0, name="later")
        assert booked[:2] == (True, GAP)
        one.observe(limit=10, remaining=9)
        clock.now += GAP
        # Nine in a minute, two of them at once: its time has come, but it has to wait on.
        granted, wait, _ = one._ask(60.0, name="later", booked=str(booked[2]))
        assert granted
        assert wait == pytest.approx(4 * GAP - 60 / 9 - GAP)

    def test_a_higher_limit_is_believed_after_ten_minutes(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock)
        for seconds, rate in ((0, 25), (300, 25), (599, 25), (600, 86)):
            clock.now = 1_800_000_000.0 + seconds
            one.observe(limit=90, remaining=88)
            one.acquire()
            assert self.rate(redis_client, clock) == rate

    def test_one_lower_header_starts_the_proof_anew_and_the_lowest_claim_counts(
        self, redis_client: Redis, clock: Clock
    ) -> None:
        one = limiter(redis_client, clock)
        for seconds, limit, rate in ((0, 90, 25), (599, 26, 25), (601, 90, 25), (900, 60, 25), (1202, 90, 57)):
            clock.now = 1_800_000_000.0 + seconds
            one.observe(limit=limit, remaining=limit - 1)
            one.acquire()
            assert self.rate(redis_client, clock) == rate

    def test_a_raised_rate_that_is_refused_falls_back(self, redis_client: Redis, clock: Clock) -> None:
        """AniList's header said 90 for years while 30 was the truth (providers/anilist.md 3)."""
        one = limiter(redis_client, clock)
        one.observe(limit=90, remaining=80)
        clock.now += 600
        one.observe(limit=90, remaining=80)
        one.penalise(60)
        clock.now += 60
        one.observe(limit=90, remaining=80)
        one.acquire()
        assert self.rate(redis_client, clock) == 25

    def test_an_operators_rate_is_not_raised(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, may_raise=False)
        for _ in range(3):
            one.observe(limit=90, remaining=88)
            one.acquire()
            clock.now += 601
        assert self.rate(redis_client, clock) == 25
        one.observe(limit=10, remaining=9)
        one.acquire()
        assert self.rate(redis_client, clock) == 9

    def test_headers_may_count_in_another_time_than_the_operators_rate(self, redis_client: Redis, clock: Clock) -> None:
        """ANILIST_RATE=4/10:4 is the same pace as 24/60:4, and AniList's headers go on speaking of minutes."""
        one = limiter(redis_client, clock, Budget("address", 4, 10.0, 4), header_seconds=60.0, may_raise=False)
        gap = 61 / 23
        clock.now += 7
        for used in range(1, 20):
            one.acquire()
            one.observe(limit=30, remaining=30 - used)
        # Nobody else was seen behind our own nineteen requests: the pace stays.
        assert sum(clock.slept) == pytest.approx(18 * gap, abs=gap)
        assert max(clock.slept) < 2 * gap
        assert self.rate(redis_client, clock) == 24

    def test_what_was_learnt_outlives_idleness_but_not_for_ever(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock)
        one.observe(limit=10, remaining=9)
        (name,) = list(redis_client.scan_iter("*s:*"))
        life: Any = redis_client.ttl(name)
        assert 3500 < life < 4000
        clock.now += 3599
        one.acquire()
        assert self.rate(redis_client, clock) == 9
        clock.now += 2
        one.acquire()
        assert self.rate(redis_client, clock) == 25

    @pytest.mark.parametrize(("limit", "remaining"), [(None, None), (0, None), (-3, -1), (10**9, None), (None, 10**9)])
    def test_nonsense_is_not_believed(
        self, redis_client: Redis, clock: Clock, limit: int | None, remaining: int | None
    ) -> None:
        one = limiter(redis_client, clock)
        one.observe(limit=limit, remaining=remaining)
        assert redis_client.dbsize() == 0

    def test_requests_of_others_behind_our_address_are_booked_once(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, PERSONAL, token="t", max_wait=60.0)
        for _ in range(2):
            one.acquire()
            clock.now += 20
        for _ in range(3):
            one.observe(limit=25, remaining=15)  # 10 used, 2 by us, 1 of doubt
        times = take(one, clock, 18)
        # 7 of others and 2 of ours are in the window of 24. Ours leave it in 20 and 40 s, theirs in a minute.
        assert times[:16] == [0, 0, 0, *(GAP * step for step in range(13))]
        assert times[16:] == [40, 60]

    @pytest.mark.parametrize("offset", [0, 31])
    def test_our_own_requests_are_not_taken_for_others(self, redis_client: Redis, clock: Clock, offset: float) -> None:
        """Nor when our windows turn at another second than the service's."""
        clock.now += offset
        one = limiter(redis_client, clock, PERSONAL, max_wait=60.0)
        for used in range(1, 25):
            one.acquire()
            one.observe(limit=30, remaining=30 - used)
        assert clock.slept == [GAP] * 23

    @pytest.mark.parametrize(("remaining", "wait"), [(0, 60.0), (1, 30.0)])
    def test_a_nearly_spent_window_is_left_to_turn(
        self, redis_client: Redis, clock: Clock, remaining: int, wait: float
    ) -> None:
        one = limiter(redis_client, clock)
        for _ in range(3):
            one.acquire()
            clock.now += 30
        # Somebody else used the whole window up.
        one.observe(limit=30, remaining=remaining)
        assert waits(one, clock) >= wait

    def test_no_more_go_at_once_than_are_left(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, PERSONAL)
        one.acquire()
        clock.now += 60
        one.observe(limit=None, remaining=2)
        assert take(one, clock, 4) == [0, 0, GAP, 2 * GAP]

    def test_nothing_left_stops_even_without_a_limit(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock)
        one.acquire()
        clock.now += 59
        one.observe(limit=None, remaining=0)
        assert waits(one, clock) == pytest.approx(MINUTE, abs=0.001)


class TestReadings:
    def test_they_show_used_left_waiting_and_penalty(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, max_wait=600.0)
        take(one, clock, 5)
        for number in range(3):
            one._ask(600.0, name=f"waits-{number}")
        (reading,) = readings(redis_client, "anilist", clock=clock)
        assert reading.scope.startswith("address:59.0164s:")
        assert (reading.limit, reading.used, reading.left) == (25, 5, 25 - 5 - 3)
        assert reading.window == pytest.approx(MINUTE)
        assert (reading.waiting, reading.blocked_for) == (3, 0.0)
        one.penalise(30)
        assert readings(redis_client, "anilist", clock=clock)[0].blocked_for == 30

    def test_personal_scopes_are_not_listed_and_old_ones_are_forgotten(self, redis_client: Redis, clock: Clock) -> None:
        assert readings(redis_client, "anilist", clock=clock) == []
        limiter(redis_client, clock, Budget("token", 1, 1.0), token="t").acquire()
        assert readings(redis_client, "anilist", clock=clock) == []
        limiter(redis_client, clock).acquire()
        redis_client.delete(*redis_client.scan_iter("*:address:*"))
        assert readings(redis_client, "anilist", clock=clock) == []
        assert redis_client.exists(f"{tag('anilist')}:scopes") == 0


class TestRedisAway:
    def test_without_redis_there_are_no_calls(self) -> None:
        client = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
        one = RedisLimiter(client, "anilist", [ANILIST], sleep=lambda _: None)
        tries: list[Any] = [
            one.acquire,
            lambda: one.penalise(5),
            lambda: one.observe(limit=30, remaining=2),
            lambda: readings(client, "anilist"),
        ]
        for attempt in tries:
            with pytest.raises(Unavailable) as away:
                attempt()
            assert (away.value.unsent, away.value.provider) == (True, "anilist")

    def test_a_flushed_script_cache_costs_nothing_but_a_reload(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, PERSONAL)
        one.acquire()
        redis_client.script_flush()
        assert waits(one, clock) == GAP

    def test_lost_state_hands_out_one_and_no_burst(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, PERSONAL)
        one.acquire()
        clock.now += 60
        redis_client.flushall()
        assert take(one, clock, 3) == [0, GAP, 2 * GAP]
