"""The limiter: real script, real Valkey, our own clock."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from integrations.errors import RateLimited, Unavailable
from integrations.limits import Budget, RedisLimiter, readings, tag

ANILIST = Budget("address", 24, 60.0, 4)
PERSONAL = Budget("token", 24, 60.0, 4)
"""The same rate for one person: without classes, so that the bare pace shows."""
GAP = 2.5
"""Seconds between two slots of either."""


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

    def test_cost_takes_that_many_slots(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, PERSONAL, max_wait=20.0)
        one.acquire(cost=3)
        assert clock.slept == [2 * GAP]
        assert take(one, clock, 2) == [GAP, 2 * GAP]

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
        budgets = (Budget("address", 60, 60.0, 2), Budget("token", 6, 60.0))
        alice, bob = (limiter(redis_client, clock, *budgets, token=token) for token in ("alice", "bob"))
        alice.acquire()
        assert waits(alice, clock) == 10
        assert waits(alice, clock) == 10
        # Alice's refusals took nothing of the address.
        assert (
            waits(bob, clock) == 1.25
        )  # its own share is spent; beyond it an interactive call reaches 3/4 of the burst

    def test_a_reservation_counts_from_when_it_fires(self, redis_client: Redis, clock: Clock) -> None:
        budgets = (Budget("address", 60, 60.0, 1), Budget("token", 20, 60.0))
        alice, bob = (limiter(redis_client, clock, *budgets, token=token) for token in ("alice", "bob"))
        alice.acquire()
        alice._sleep = lambda _: None
        alice.acquire()
        assert waits(bob, clock) == 4

    def test_state_expires_by_itself(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, Budget("address", 24, 60.0, 4), Budget("token", 1, 1.0), token="t")
        one.acquire()
        names = sorted(name.decode() for name in redis_client.scan_iter("*"))
        assert [name.startswith("{rl:anilist}:") for name in names] == [True] * 3
        lives: list[Any] = [redis_client.ttl(name) for name in names if not name.endswith(":scopes")]
        assert max(lives) <= 60 * 2 + 60 + 120
        assert min(lives) >= 120

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
        one = RedisLimiter(redis_client, "x", [Budget("address", 1, 1.0)], sleep=slept.append)
        one.acquire()
        one.acquire()
        assert 0.5 < slept[0] <= 1.0


requests = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=8),
        st.sampled_from(["interactive", "refresh", "writes", "checks"]),
        st.integers(min_value=1, max_value=3),
    ),
    min_size=5,
    max_size=60,
)


class TestPromise:
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(asked=requests, burst=st.integers(1, 6), rate=st.integers(3, 40))
    def test_no_window_ever_holds_more_than_rate_and_burst(
        self, redis_client: Redis, asked: list[tuple[float, str, int]], burst: int, rate: int
    ) -> None:
        """Whatever the order, the classes and the costs, and although reservations fire out of order."""
        redis_client.flushdb()
        clock, fired = Clock(), []
        for pause, klass, cost in asked:
            clock.now += pause if pause > 1 else 0
            started, naps = clock.now, list[float]()
            one = limiter(redis_client, clock, Budget("address", rate, 60.0, burst), klass=klass, max_wait=30.0)
            one._sleep = naps.append
            try:
                one.acquire(cost=cost)
            except RateLimited:
                continue
            fired += [started + sum(naps)] * cost
        fired.sort()
        for first in fired:
            inside = [at for at in fired if first <= at < first + 60]
            # A call that costs more than the burst is let through whole at its last slot.
            assert len(inside) <= rate + max(burst, 3)


class TestClasses:
    def flood(self, redis: Redis, clock: Clock, klass: str, seconds: float) -> int:
        """How many calls one greedy class gets in that time."""
        one, end, got = limiter(redis, clock, klass=klass, max_wait=60.0), clock.now + seconds, 0
        while clock.now < end:
            one.acquire()
            got += 1
        return got

    @pytest.mark.parametrize("klass", ["interactive", "refresh", "writes", "checks"])
    def test_what_is_idle_may_be_used_by_anyone(self, redis_client: Redis, clock: Clock, klass: str) -> None:
        assert self.flood(redis_client, clock, klass, 600.0) in range(237, 245)

    def test_a_person_who_waits_goes_at_once_past_greedy_checks(self, redis_client: Redis, clock: Clock) -> None:
        self.flood(redis_client, clock, "checks", 300.0)
        checks, person = limiter(redis_client, clock, klass="checks"), limiter(redis_client, clock)
        checks._sleep = lambda _: None
        checks.acquire()
        assert waits(checks, clock) > GAP
        assert waits(person, clock) == 0

    @pytest.mark.parametrize(
        ("low", "high", "share"),
        [
            ("checks", "writes", 0.25),
            ("writes", "checks", 0.5),
            ("interactive", "checks", 0.5),
            ("writes", "refresh", 0.05),
        ],
    )
    def test_each_class_gets_its_share_whatever_the_other_asks(
        self, redis_client: Redis, clock: Clock, low: str, high: str, share: float
    ) -> None:
        """`low` asks without pause; `high` asks whenever it could go. Both poll, the greedy one first."""
        greedy, modest = limiter(redis_client, clock, klass=low), limiter(redis_client, clock, klass=high)
        got = {low: 0, high: 0}
        for _ in range(2400):
            for one, klass in ((greedy, low), (modest, high)):
                got[klass] += goes(one)
            clock.now += 0.25
        assert got[high] >= 0.9 * share * 240
        assert sum(got.values()) in range(235, 247)

    def test_beyond_its_share_a_class_goes_before_those_below(self, redis_client: Redis, clock: Clock) -> None:
        """Writes and checks both want everything; what nobody claims goes to the writes."""
        checks, writes = limiter(redis_client, clock, klass="checks"), limiter(redis_client, clock, klass="writes")
        got = {"checks": 0, "writes": 0}
        for _ in range(2400):
            for one, klass in ((checks, "checks"), (writes, "writes")):
                got[klass] += goes(one)
            clock.now += 0.25
        assert got["checks"] in range(115, 130)
        assert got["writes"] in range(110, 130)

    def test_borrowing_leaves_no_debt(self, redis_client: Redis, clock: Clock) -> None:
        """A class that had everything for an hour still gets its share as soon as others come."""
        self.flood(redis_client, clock, "checks", 3600.0)
        clock.now += 10
        writes, checks = limiter(redis_client, clock, klass="writes"), limiter(redis_client, clock, klass="checks")
        got = 0
        for _ in range(600):
            goes(writes)
            got += goes(checks)
            clock.now += 0.1
        assert got >= 11

    def test_a_persons_own_budget_has_no_classes(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, Budget("token", 60, 60.0, 3), klass="refresh", token="t")
        one.acquire()
        clock.now += 60
        assert take(one, clock, 5) == [0, 0, 0, 1, 2]


class TestPenalty:
    def test_everybody_stays_away_and_comes_back_slowly(self, redis_client: Redis, clock: Clock) -> None:
        one, other = limiter(redis_client, clock), limiter(redis_client, clock, klass="checks")
        clock.now += 600
        one.penalise(60)
        assert waits(other, clock) == 60
        assert waits(limiter(redis_client, clock, address="192.0.2.9"), clock) == 0
        clock.now += 60
        assert take(one, clock, 3) == [0, 1.75 * GAP, 2.75 * GAP]

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

    def test_a_lower_limit_holds_at_once_less_burst_and_margin(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, Budget("address", 81, 60.0, 4), max_wait=60.0)
        one.observe(limit=30, remaining=29)
        one.acquire()
        assert self.rate(redis_client, clock) == 24
        clock.now += 60
        assert take(one, clock, 6) == [0, 0, 0, 0, 1.75 * GAP, 2.75 * GAP]

    @pytest.mark.parametrize(("limit", "rate"), [(30, 24), (90, 81), (1000, 946), (10, 7), (5, 3), (2, 0.5), (1, 0.5)])
    def test_rate_and_burst_stay_below_every_limit(
        self, redis_client: Redis, clock: Clock, limit: int, rate: float
    ) -> None:
        one = limiter(redis_client, clock, Budget("address", 1000, 60.0, 4), max_wait=1e6)
        one.observe(limit=limit, remaining=None)
        one.acquire()
        assert self.rate(redis_client, clock) == rate
        clock.now += 600
        times = take(one, clock, limit + 2)
        assert max(sum(first <= at < first + 60 for at in times) for first in times) <= limit

    def test_a_higher_limit_is_believed_after_ten_minutes(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock)
        for seconds, rate in ((0, 24), (300, 24), (599, 24), (600, 81)):
            clock.now = 1_800_000_000.0 + seconds
            one.observe(limit=90, remaining=88)
            one.acquire()
            assert self.rate(redis_client, clock) == rate

    def test_one_lower_header_starts_the_proof_anew_and_the_lowest_claim_counts(
        self, redis_client: Redis, clock: Clock
    ) -> None:
        one = limiter(redis_client, clock)
        for seconds, limit, rate in ((0, 90, 24), (599, 30, 24), (601, 90, 24), (900, 60, 24), (1202, 90, 53)):
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
        assert self.rate(redis_client, clock) == 24

    def test_an_operators_rate_is_not_raised(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, may_raise=False)
        for _ in range(3):
            one.observe(limit=90, remaining=88)
            one.acquire()
            clock.now += 601
        assert self.rate(redis_client, clock) == 24
        one.observe(limit=10, remaining=9)
        one.acquire()
        assert self.rate(redis_client, clock) == 7

    def test_headers_may_count_in_another_time_than_the_operators_rate(self, redis_client: Redis, clock: Clock) -> None:
        """ANILIST_RATE=4/10:4 is the same pace as 24/60:4, and AniList's headers go on speaking of minutes."""
        one = limiter(redis_client, clock, Budget("address", 4, 10.0, 4), header_seconds=60.0, may_raise=False)
        clock.now += 7
        for used in range(1, 20):
            one.acquire()
            one.observe(limit=30, remaining=30 - used)
        # Nobody else was seen behind our own nineteen requests: the pace stays.
        assert sum(clock.slept) == pytest.approx(18 * GAP, abs=GAP)
        assert max(clock.slept) < 2 * GAP
        assert self.rate(redis_client, clock) == 24

    def test_what_was_learnt_outlives_idleness_but_not_for_ever(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock)
        one.observe(limit=10, remaining=9)
        (name,) = list(redis_client.scan_iter("*s:*"))
        life: Any = redis_client.ttl(name)
        assert 3500 < life < 4000
        clock.now += 3599
        one.acquire()
        assert self.rate(redis_client, clock) == 7
        clock.now += 2
        one.acquire()
        assert self.rate(redis_client, clock) == 24

    @pytest.mark.parametrize(("limit", "remaining"), [(None, None), (0, None), (-3, -1), (10**9, None), (None, 10**9)])
    def test_nonsense_is_not_believed(
        self, redis_client: Redis, clock: Clock, limit: int | None, remaining: int | None
    ) -> None:
        one = limiter(redis_client, clock)
        one.observe(limit=limit, remaining=remaining)
        assert redis_client.dbsize() == 0

    def test_requests_of_others_behind_our_address_are_booked_once(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock)
        one.acquire()
        clock.now += 59
        one.acquire()
        one.observe(limit=30, remaining=20)  # 10 used, 2 by us, 1 of doubt
        assert waits(one, clock) == pytest.approx((1 + 7 - 3) * GAP)
        one.observe(limit=30, remaining=20)
        assert waits(one, clock) == pytest.approx((1 + 7 - 3) * GAP)

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
        assert waits(one, clock) == 60


class TestReadings:
    def test_they_show_used_left_waiting_and_penalty(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, max_wait=600.0)
        take(one, clock, 5)
        one._sleep = lambda _: None
        for _ in range(3):
            one.acquire()
        (reading,) = readings(redis_client, "anilist", clock=clock)
        assert reading.scope.startswith("address:60s:")
        assert (reading.limit, reading.window, reading.used, reading.left) == (24, 60.0, 8, 16)
        assert (reading.waiting, reading.blocked_for) == (3, 0.0)
        one.penalise(30)
        assert readings(redis_client, "anilist", clock=clock)[0].blocked_for == 30

    def test_personal_scopes_are_not_listed_and_old_ones_are_forgotten(self, redis_client: Redis, clock: Clock) -> None:
        assert readings(redis_client, "anilist", clock=clock) == []
        limiter(redis_client, clock, Budget("token", 1, 1.0), token="t").acquire()
        assert readings(redis_client, "anilist", clock=clock) == []
        limiter(redis_client, clock).acquire()
        (name,) = redis_client.scan_iter("*:address:*")
        redis_client.delete(name)
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
