"""Budgets shared by all workers, in Redis. No Django.

One script takes a slot in every scope or in none and says how long to wait for it; see integrations/lua/acquire.lua
and docs/decisions/0004-limiter.md. Without Redis there are no calls: `Unavailable`.
"""

from __future__ import annotations

import functools
import hashlib
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import redis as redis_py

from integrations.errors import RateLimited, Unavailable

SECOND = 1_000_000
"""The scripts count in microseconds."""
RECHECK_AFTER = 0.25
"""Seconds. After a longer sleep the penalty is read again: a reservation made before a 429 must not fire after it."""
MIN_PENALTY, MAX_PENALTY = 1.0, 3600.0
PROOF = 600.0
"""Seconds that a higher limit has to be seen for before it is believed."""
KEEP = 3600.0
"""Seconds that a learnt limit outlives the last header that named it."""
MAX_FIGURE = 1_000_000
"""Header figures above this are nonsense and are not believed."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A rate a service allows. requests per seconds, and how many of them may come at once.

    scope: what the service counts by: "address" (our egress address), "app" (client id) or "token" (one person).
    rate * window + burst stays under the service's limit: see `reliability.md` 2.3.
    applies: "all", or "reads" (GET) or "writes" (the rest) where the service counts these apart.
    """

    scope: str
    requests: int
    seconds: float
    burst: int = 1
    applies: str = "all"


def budgets_of(budgets: Sequence[Budget], use: str) -> tuple[Budget, ...]:
    """Those that a call spends. use: "reads" or "writes"."""
    return tuple(budget for budget in budgets if budget.applies in ("all", use))


class Limiter(Protocol):
    """One per provider and session. Raises RateLimited when the wait would be longer than `max_wait` seconds."""

    def acquire(self, *, cost: int = 1) -> None: ...

    def penalise(self, seconds: float) -> None:
        """The service said: stay away. Seen by all workers."""
        ...

    def observe(self, *, limit: int | None, remaining: int | None) -> None:
        """What the service's headers say of its limit. Lower at once, raise slowly."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A class's part of a shared budget. share: of the rate, always granted. reach: of the burst, for what it takes
    beyond its share, so that those above it find room; 0 = only when nobody has anything outstanding."""

    share: float
    reach: float


CLASSES: Mapping[str, Claim] = {
    "interactive": Claim(share=0.20, reach=0.75),
    "refresh": Claim(share=0.05, reach=0.5),
    "writes": Claim(share=0.25, reach=0.25),
    "checks": Claim(share=0.50, reach=0.0),
}
"""From who goes first to who goes last. Shares: reliability.md 2.5."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One shared scope now. limit: requests in `window` seconds; used, left: in the last window, `used` at most that
    many; waiting: slots taken for later; blocked_for: seconds of penalty left."""

    scope: str
    limit: float
    window: float
    used: int
    left: int
    waiting: int
    blocked_for: float


class RedisLimiter:
    """`Limiter` over Redis. The first budget is the one that the service's headers and 429s speak of.

    address: name of our egress address. app: client id. token: id of the connection, never the token itself.
    klass: one of CLASSES. max_wait: longest sleep in this process, in seconds; a longer wait raises RateLimited.
    may_raise: whether headers may raise the rate above the budget (False where an operator has set it).
    header_seconds: the time that the service's headers count in, where the first budget's `seconds` differ from it.
    clock: for tests: unix seconds instead of the server's clock.
    """

    def __init__(
        self,
        redis: redis_py.Redis,
        provider: str,
        budgets: Sequence[Budget],
        *,
        address: str = "",
        app: str = "",
        token: str = "",
        klass: str = "checks",
        max_wait: float = 5.0,
        may_raise: bool = True,
        header_seconds: float | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,  # noqa: S311
        clock: Callable[[], float] | None = None,
    ) -> None:
        if not budgets:
            raise ValueError(f"{provider} has no budget; without one every call would be free")
        self._redis, self._provider, self._budgets, self._max_wait = (
            redis,
            provider,
            tuple(budgets),
            max_wait,
        )
        self._may_raise, self._sleep, self._jitter, self._clock = (
            may_raise,
            sleep,
            jitter,
            clock,
        )
        names = {"address": address, "app": app, "token": token}
        self._keys = [_scope_key(provider, budget, names[budget.scope]) for budget in self._budgets]
        claim = CLASSES[klass]
        self._class: list[Any] = [klass, claim.share, claim.reach]
        self._first = _shape(self._budgets[0], header_seconds)
        shapes = [self._first, *(_shape(budget) for budget in self._budgets[1:])]
        shared = [int(budget.scope != "token") for budget in self._budgets]
        self._shape = [part for shape, flag in zip(shapes, shared, strict=True) for part in (*shape, flag)]

    def acquire(self, *, cost: int = 1) -> None:
        """Sleeps until the call may be made. Raises RateLimited (nothing was taken) or Unavailable (no Redis)."""
        left = self._max_wait
        while True:
            granted, wait = self._ask(cost, left)
            if not granted:
                raise self._refusal(wait)
            if wait > 0:
                self._sleep(wait)
            if wait <= RECHECK_AFTER:
                return
            left -= wait
            blocked = self._ask(0, 0)[1]
            if blocked == 0:
                return
            if blocked > left:
                raise self._refusal(blocked)

    def penalise(self, seconds: float) -> None:
        """Clamped to 1 s … 1 h, plus up to 10 %, so that not all deployments come back in the same moment."""
        stay = min(max(seconds, MIN_PENALTY), MAX_PENALTY) * (1 + 0.1 * self._jitter())
        self._run("penalise", self._keys[:1], int(stay * SECOND), *self._first)

    def observe(self, *, limit: int | None, remaining: int | None) -> None:
        told = [_bounded(limit, lowest=1), _bounded(remaining, lowest=0)]
        if told == ["", ""]:
            return
        rules = (int(self._may_raise), int(PROOF * SECOND), int(KEEP * SECOND))
        self._run("observe", self._keys[:1], *told, *self._first, *rules)

    def _ask(self, cost: int, longest: float) -> tuple[bool, float]:
        """(granted, seconds to wait); cost 0 takes nothing and gives the seconds of penalty left."""
        keys = [*self._keys, _index_key(self._provider)]
        granted, wait = self._run("acquire", keys, cost, int(longest * SECOND), *self._class, *self._shape)
        return granted == 1, int(wait) / SECOND

    def _run(self, script: str, keys: Sequence[str], *arguments: Any) -> Any:
        now = "" if self._clock is None else int(self._clock() * SECOND)
        with fail_closed(self._provider):
            return load(self._redis, script)(keys=keys, args=[now, *arguments])

    def _refusal(self, wait: float) -> RateLimited:
        message = f"the request budget is spent for another {wait:.0f} s"
        return RateLimited(message, provider=self._provider, retry_after=wait)


def readings(redis: redis_py.Redis, provider: str, *, clock: Callable[[], float] | None = None) -> list[Reading]:
    """The scopes of a provider that people share, for operators and for deciding how much work to start.

    Scopes that nobody used for a while are not listed. Raises Unavailable.
    """
    client: Any = redis
    found = []
    with fail_closed(provider):
        seconds, micros = client.time()
        now = clock() * SECOND if clock else int(seconds) * SECOND + int(micros)
        for key in sorted(_text(name) for name in client.smembers(_index_key(provider))):
            row = {_text(name): _text(value) for name, value in client.hgetall(key).items()}
            if "tat" in row:
                found.append(_reading(key, row, now))
            else:
                client.srem(_index_key(provider), key)
    return found


def _reading(key: str, row: Mapping[str, str], now: float) -> Reading:
    window, rate, depth = float(row["window"]), float(row["rate"]), int(row["depth"])
    ahead = (float(row["tat"]) - now) / (window / rate)
    turns = int(now // window) - int(row["turn"])
    cur, prev = int(row["cur"]), int(row["prev"])
    # The share of the last window that the sliding one still covers.
    overlap = 1 - (now % window) / window
    used = {0: cur + prev * overlap, 1: cur * overlap}.get(turns, 0.0)
    return Reading(
        scope=key.partition(":")[2].partition(":")[2],
        limit=rate,
        window=window / SECOND,
        used=round(used),
        left=max(0, int(rate - max(used, ahead))),
        waiting=max(0, math.ceil(ahead - depth - 1e-6)),
        blocked_for=max(0.0, (float(row.get("block", 0)) - now) / SECOND),
    )


@contextmanager
def fail_closed(provider: str) -> Iterator[None]:
    """Without Redis nobody knows what was spent, so nothing is: raises Unavailable, and surely nothing was sent."""
    try:
        yield
    except redis_py.RedisError as error:
        away = Unavailable(
            "our own request counter is away; no calls are made",
            provider=provider,
            retry_after=10.0,
        )
        away.unsent = True
        raise away from error


@functools.cache
def source(script: str) -> str:
    return (Path(__file__).parent / "lua" / f"{script}.lua").read_text(encoding="utf-8")


def load(redis: redis_py.Redis, script: str) -> Any:
    """The script, callable; it loads itself again after SCRIPT FLUSH."""
    return redis.register_script(source(script))


def tag(provider: str) -> str:
    """What stands in braces decides the node of a Redis cluster: all keys of a provider lie on one."""
    return f"{{rl:{provider}}}"


def _scope_key(provider: str, budget: Budget, name: str) -> str:
    # Hashed: neither a client id nor, by mistake, a token shall stand in a key.
    short = hashlib.sha256(name.encode()).hexdigest()[:16]
    use = "" if budget.applies == "all" else f"{budget.applies}:"
    return f"{tag(provider)}:{budget.scope}:{use}{budget.seconds:g}s:{short}"


def _index_key(provider: str) -> str:
    return f"{tag(provider)}:scopes"


def _shape(budget: Budget, seconds: float | None = None) -> tuple[float, int, int]:
    """(requests, window in µs, burst), told as the same rate over `seconds`."""
    window = seconds or budget.seconds
    return budget.requests * window / budget.seconds, int(window * SECOND), budget.burst


def _bounded(figure: int | None, *, lowest: int) -> int | str:
    return figure if figure is not None and lowest <= figure <= MAX_FIGURE else ""


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
