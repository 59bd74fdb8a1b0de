"""Who gets how much of a budget when all want it: classes among each other, and people within a class.

Real script, real Valkey, played time.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from integrations.errors import RateLimited
from integrations.limits import CLASSES, Budget, RedisLimiter, budgets_of
from integrations.providers import registry
from tests.integrations.played import Stage, most_in_a_window
from tests.integrations.test_limits import MINUTE, Clock, goes, limiter, take

ANILIST = registry.get("anilist").budgets[0]
LIMIT = 30
"""What AniList allows in a minute."""
BACKGROUND = ("refresh", "writes", "checks")
CLASS = list(CLASSES)


@pytest.fixture
def clock() -> Clock:
    return Clock()


class TestPolling:
    """Everybody asks for a place that is free now or for none: nothing is booked."""

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
        for _ in range(1200):
            for one, klass in ((greedy, low), (modest, high)):
                got[klass] += goes(one)
            clock.now += 0.25
        assert got[high] >= 0.9 * share * 120
        assert sum(got.values()) in range(117, 126)

    def test_beyond_its_share_a_class_goes_before_those_below(self, redis_client: Redis, clock: Clock) -> None:
        """Writes and checks both want everything; what nobody claims goes to the writes."""
        checks, writes = limiter(redis_client, clock, klass="checks"), limiter(redis_client, clock, klass="writes")
        got = {"checks": 0, "writes": 0}
        for _ in range(1200):
            for one, klass in ((checks, "checks"), (writes, "writes")):
                got[klass] += goes(one)
            clock.now += 0.25
        assert got["checks"] in range(57, 66)
        assert got["writes"] in range(55, 66)

    def test_borrowing_leaves_no_debt(self, redis_client: Redis, clock: Clock) -> None:
        """A class that had everything for half an hour still gets its share as soon as others come."""
        self.flood(redis_client, clock, "checks", 1800.0)
        clock.now += 10
        writes, checks = limiter(redis_client, clock, klass="writes"), limiter(redis_client, clock, klass="checks")
        got = 0
        for _ in range(600):
            goes(writes)
            got += goes(checks)
            clock.now += 0.1
        assert got >= 11

    def test_a_persons_own_budget_has_no_classes(self, redis_client: Redis, clock: Clock) -> None:
        one = limiter(redis_client, clock, Budget("token", 60, MINUTE, 3), klass="refresh", token="t")
        one.acquire()
        clock.now += 60
        assert take(one, clock, 5) == [0, 0, 0, 1, 2]


# All at once -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Demand:
    """So many workers of one class. after: seconds until they begin; pause: from an answer to the next call; calls: how
    many each makes."""

    klass: str
    workers: int
    after: float = 0.0
    pause: float = 0.0
    calls: int = 1_000_000


@dataclass
class Outcome:
    """made: {(demand, worker): when its calls went out}, in seconds from the start; waits: {class: seconds each}."""

    made: dict[tuple[Demand, int], list[float]] = field(default_factory=lambda: defaultdict(list))
    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def of(self, klass: str) -> list[float]:
        return sorted(at for (demand, _), times in self.made.items() if demand.klass == klass for at in times)

    def of_one(self, demand: Demand) -> list[float]:
        return self.made[demand, 0]

    def people(self) -> list[list[float]]:
        return list(self.made.values())

    @property
    def all(self) -> list[float]:
        return sorted(at for times in self.made.values() for at in times)


def play(
    redis: Redis,
    demands: Sequence[Demand],
    *,
    minutes: float,
    budgets: Sequence[Budget] = (ANILIST,),
    max_wait: float = 5.0,
    seed: int = 1,
) -> Outcome:
    """Every worker has one call outstanding, as a run has; who is refused comes back when it was told to."""
    redis.flushdb()
    stage, outcome = Stage(), Outcome()
    begin = stage.now

    def worker(demand: Demand, number: int) -> Callable[[], None]:
        luck = random.Random(f"{seed}:{demand}:{number}")
        one = RedisLimiter(
            redis,
            "anilist",
            budgets,
            address="a",
            token=f"{demand}-{number}",
            klass=demand.klass,
            max_wait=max_wait,
            sleep=stage.sleep,
            clock=stage.clock,
        )

        def act() -> None:
            made = outcome.made[demand, number]
            # One after the other: of two who ask at the same moment, chance would decide.
            stage.sleep(demand.after + number / 1000 + demands.index(demand) / 10_000)
            while stage.now < begin + minutes * 60 and len(made) < demand.calls:
                asked = stage.now
                try:
                    one.acquire()
                except RateLimited as refusal:
                    stage.sleep(refusal.retry_after + luck.random() / 10)
                    continue
                outcome.waits[demand.klass].append(stage.now - asked)
                made.append(stage.now - begin)
                stage.sleep(luck.uniform(0.05, 0.4) + demand.pause * luck.uniform(1.0, 1.5))

        return act

    stage.play([worker(demand, number) for demand in demands for number in range(demand.workers)])
    return outcome


def share(outcome: Outcome, klass: str) -> float:
    return len(outcome.of(klass)) / len(outcome.all)


@pytest.mark.slow
class TestFullLoad:
    def test_all_four_get_their_shares_and_nothing_is_wasted(self, redis_client: Redis) -> None:
        outcome = play(redis_client, [Demand(klass, 3) for klass in CLASS], minutes=20)
        for klass, claim in CLASSES.items():
            assert share(outcome, klass) == pytest.approx(claim.share, abs=0.01)
        assert len(outcome.all) >= 0.9 * LIMIT * 20
        assert most_in_a_window(outcome.all, 60) < LIMIT

    @pytest.mark.parametrize("klass", CLASS)
    def test_a_class_alone_may_use_what_the_others_leave(self, redis_client: Redis, klass: str) -> None:
        outcome = play(redis_client, [Demand(klass, 4)], minutes=10)
        assert len(outcome.all) >= 0.9 * LIMIT * 10
        assert most_in_a_window(outcome.all, 60) < LIMIT

    @pytest.mark.parametrize(("burst", "max_wait"), [(4, 5.0), (4, 60.0), (1, 60.0)])
    def test_what_nobody_claims_goes_to_those_further_up(
        self, redis_client: Redis, burst: int, max_wait: float
    ) -> None:
        """Writes and checks both want everything: a quarter of the pace is left beside their shares. A burst helps to
        go first; without any, those further down leave what is pencilled in above them."""
        demands = [Demand("checks", 5), Demand("writes", 3)]
        budget = Budget("address", ANILIST.requests, ANILIST.seconds, burst)
        outcome = play(redis_client, demands, minutes=15, max_wait=max_wait, budgets=[budget])
        assert share(outcome, "checks") == pytest.approx(0.5, abs=0.03)
        assert len(outcome.all) >= 0.9 * LIMIT * 15

    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(workers=st.fixed_dictionaries({klass: st.integers(0, 5) for klass in CLASS}), seed=st.integers(0, 99))
    def test_whoever_wants_it_gets_their_share_and_idle_shares_are_used(
        self, redis_client: Redis, workers: dict[str, int], seed: int
    ) -> None:
        """However many work for a class, and however few: nobody starves, and nobody's absence is wasted."""
        demands = [Demand(klass, count) for klass, count in workers.items() if count]
        if not demands:
            return
        outcome = play(redis_client, demands, minutes=6, seed=seed)
        assert len(outcome.all) >= 0.9 * LIMIT * 6 - 2
        assert most_in_a_window(outcome.all, 60) < LIMIT
        for demand in demands:
            assert len(outcome.of(demand.klass)) >= 0.9 * CLASSES[demand.klass].share * 0.9 * LIMIT * 6 - 2

    @pytest.mark.parametrize("max_wait", [5.0, 20.0, 60.0])
    def test_a_person_who_waits_goes_at_once_whatever_runs_in_the_background(
        self, redis_client: Redis, max_wait: float
    ) -> None:
        """A call in each eleven seconds or rarer, which is what their share grants; however far ahead others booked."""
        background = [Demand(klass, 4) for klass in BACKGROUND]
        person = Demand("interactive", 1, pause=11.0)
        outcome = play(redis_client, [*background, person], minutes=15, max_wait=max_wait)
        assert len(outcome.waits["interactive"]) >= 60
        assert max(outcome.waits["interactive"]) < 2.0
        assert len(outcome.all) >= 0.9 * LIMIT * 15

    @pytest.mark.parametrize("after", [61.0, 77.0, 103.0, 181.0, 304.0])
    def test_a_run_of_a_person_who_waits_takes_seconds(self, redis_client: Redis, after: float) -> None:
        """Three calls, one after the other, as a sync by hand makes them: the first goes at once."""
        background = [Demand(klass, 4) for klass in BACKGROUND]
        person = Demand("interactive", 1, after=after, calls=3)
        outcome = play(redis_client, [*background, person], minutes=6)
        first, *rest = outcome.waits["interactive"]
        assert (first, len(rest)) == (0.0, 2)
        assert max(rest) <= 5.0


class TestPeople:
    """Each run has one call outstanding, so those who compete take turns, however much each has to do."""

    MAL = registry.get("myanimelist").budgets
    TURN = 61 / 59
    """Seconds between two calls of everybody together: a place of the sixty is kept for people who wait."""

    def test_who_has_ten_thousand_calls_to_make_gets_no_more_turns_than_others(self, redis_client: Redis) -> None:
        demands = [Demand("writes", 1, calls=10_000), Demand("writes", 3, after=30.0, calls=20)]
        outcome = play(redis_client, demands, minutes=3, budgets=self.MAL)
        many, *few = outcome.people()
        for one in few:
            meanwhile = [at for at in many if one[0] <= at <= one[-1]]
            assert (len(one), abs(len(meanwhile) - len(one)) <= 1) == (20, True)

    def test_eight_who_want_everything_get_the_same(self, redis_client: Redis) -> None:
        """Turns of eight take longer at AniList's pace than what a class is promised for sure."""
        outcome = play(redis_client, [Demand("checks", 8)], minutes=10, max_wait=60.0)
        turns = [len(made) for made in outcome.people()]
        assert (len(turns), max(turns) - min(turns) <= 1) == (8, True)

    def test_people_of_a_class_take_turns_among_others_of_other_classes(self, redis_client: Redis) -> None:
        demands = [Demand("checks", 6), Demand("writes", 3), Demand("interactive", 1, pause=11.0)]
        outcome = play(redis_client, demands, minutes=20, max_wait=60.0)
        for demand in demands[:2]:
            turns = [len(outcome.made[demand, number]) for number in range(demand.workers)]
            assert max(turns) - min(turns) <= 0.1 * max(turns)

    def test_who_has_three_changes_waits_for_three_turns(self, redis_client: Redis) -> None:
        """Behind one person with ten thousand of them, at any moment of the pace."""
        for after in (40.0, 40.3, 40.6, 40.9):
            demands = [Demand("writes", 1, calls=10_000), Demand("writes", 1, after=after, calls=3)]
            outcome = play(redis_client, demands, minutes=1, budgets=self.MAL)
            (three,) = [made for made in outcome.people() if len(made) == 3]
            assert three[-1] - after <= 3 * 2 * self.TURN + 0.5

    def test_a_persons_own_budget_holds_up_nobody_else(self, redis_client: Redis) -> None:
        """Six people each write to Trakt as fast as one token may; a seventh notices nothing of it."""
        budgets = budgets_of(registry.get("trakt").budgets, "writes")
        person = Demand("writes", 1, after=20.0, calls=15)
        alone, among = (
            play(redis_client, [person, *others], minutes=1, budgets=budgets).of_one(person)
            for others in ((), (Demand("checks", 6),))
        )
        assert len(alone) == len(among) == 15
        assert among == pytest.approx(alone, abs=0.5)
