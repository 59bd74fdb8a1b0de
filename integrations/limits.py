"""Budgets shared by all workers, in Redis. No Django.

One script takes a place in every scope or in none and says how long to wait for it; see integrations/lua/acquire.lua
and docs/decisions/0004-limiter.md. Without Redis there are no calls: `Unavailable`.
"""

from __future__ import annotations

import functools
import hashlib
import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import redis as redis_py

from integrations import stopping
from integrations.errors import RateLimited, Unavailable

SECOND = 1_000_000
"""The scripts count in microseconds."""
RECHECK_AFTER = 0.25
"""Seconds. After a longer sleep the place is asked for again: a 429 may have come, or somebody who goes first."""
MIN_PENALTY, MAX_PENALTY = 1.0, 3600.0
PROOF = 600.0
"""Seconds that a higher limit has to be seen for before it is believed."""
KEEP = 3600.0
"""Seconds that a learnt limit outlives the last header that named it."""
MAX_FIGURE = 1_000_000
"""Header figures above this are nonsense and are not believed."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What we allow ourselves: never more than `requests` in any window of `seconds`, paced, `burst` of them at once.

    scope: what the service counts by: "address" (our egress address), "app" (client id) or "token" (one person).
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

    def acquire(self) -> None: ...

    def penalise(self, seconds: float) -> None:
        """The service said: stay away. Seen by all workers."""
        ...

    def observe(self, *, limit: int | None, remaining: int | None) -> None:
        """What the service's headers say of its limit. Lower at once, raise slowly."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A class's part of a shared budget. share: of the pace, always granted. reach: of the burst, for what it takes
    beyond its share, so that those above it find room; 0 = only when nobody has anything outstanding."""

    share: float
    reach: float


CLASSES: Mapping[str, Claim] = {
    "interactive": Claim(share=0.20, reach=0.75),
    "refresh": Claim(share=0.05, reach=0.5),
    "writes": Claim(share=0.25, reach=0.25),
    "checks": Claim(share=0.50, reach=0.0),
}
"""From who goes first to who goes last. Shares: reliability.md 2.5. One place of a window is the first's alone."""


class RedisLimiter:
    """`Limiter` over Redis. The first budget is the one that the service's headers and 429s speak of.

    address: name of our egress address. app: client id. token: id of the connection, never the token itself.
    klass: one of CLASSES. max_wait: longest sleep in this process, in seconds; a longer wait raises RateLimited.
    may_raise: whether headers may raise the rate above the budget (False where an operator has set it).
    header_seconds: the time that the service's headers count in, where the first budget's `seconds` differ from it:
    that budget is then kept in this time, at its rate.
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
        sleep: Callable[[float], None] = stopping.pause,
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
        scopes = [_scope_key(provider, budget, names[budget.scope]) for budget in self._budgets]
        self._keys = [key for scope in scopes for key in (scope, log_of(scope))]
        claim = CLASSES[klass]
        self._class: list[Any] = [klass, list(CLASSES).index(klass) + 1, claim.share, claim.reach]
        self._first = _shape(self._budgets[0], header_seconds)
        self._shape = [*self._first, *(part for budget in self._budgets[1:] for part in _shape(budget))]

    def acquire(self) -> None:
        """Sleeps until the call may be made. Raises RateLimited (nothing was taken) or Unavailable (no Redis)."""
        left, name, booked = self._max_wait, uuid.uuid4().hex[:16], ""
        while True:
            granted, wait, at = self._ask(left, name=name, booked=booked)
            if not granted:
                raise self._refusal(wait)
            if wait > 0:
                self._sleep(wait)
            if wait <= RECHECK_AFTER:
                return
            left, booked = left - wait, str(at)

    def penalise(self, seconds: float) -> None:
        """Clamped to 1 s … 1 h, plus up to 10 %, so that not all deployments come back in the same moment."""
        stay = min(max(seconds, MIN_PENALTY), MAX_PENALTY) * (1 + 0.1 * self._jitter())
        self._run("penalise", self._keys[:2], int(stay * SECOND), *self._first)

    def observe(self, *, limit: int | None, remaining: int | None) -> None:
        told = [_bounded(limit, lowest=1), _bounded(remaining, lowest=0)]
        if told == ["", ""]:
            return
        rules = (int(self._may_raise), *(int(seconds * SECOND) for seconds in (PROOF, KEEP, RECHECK_AFTER)))
        self._run("observe", self._keys[:2], *told, *self._first, *rules)

    def _ask(self, longest: float, *, name: str, booked: str = "") -> tuple[bool, float, int]:
        """(granted, seconds to wait, when). booked: when this call was to go, where it asks again; "" at first."""
        keys = [*self._keys, index_of(self._provider)]
        rules = (int(RECHECK_AFTER * SECOND), name, booked)
        granted, wait, at = self._run("acquire", keys, int(longest * SECOND), *self._class, *rules, *self._shape)
        return granted == 1, int(wait) / SECOND, int(at)

    def _run(self, script: str, keys: Sequence[str], *arguments: Any) -> Any:
        now = "" if self._clock is None else int(self._clock() * SECOND)
        with fail_closed(self._provider):
            return load(self._redis, script)(keys=keys, args=[now, *arguments])

    def _refusal(self, wait: float) -> RateLimited:
        message = f"the request budget is spent for another {wait:.0f} s"
        return RateLimited(message, provider=self._provider, retry_after=wait)


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
    """The script's text, behind what those of the limiter have in common."""
    parts = (script,) if script == "breaker" else ("scope", script)
    return "\n".join((Path(__file__).parent / "lua" / f"{part}.lua").read_text(encoding="utf-8") for part in parts)


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


def index_of(provider: str) -> str:
    """The set that lists the scopes which people share."""
    return f"{tag(provider)}:scopes"


def log_of(scope: str) -> str:
    """The sorted set of a scope's calls."""
    return f"{scope}:log"


def _shape(budget: Budget, seconds: float | None = None) -> tuple[float, int, int, int]:
    """(requests, window in µs, burst, 1 where people share it), told as the same rate over `seconds`."""
    window = seconds or budget.seconds
    shared = int(budget.scope != "token")
    return budget.requests * window / budget.seconds, int(window * SECOND), budget.burst, shared


def _bounded(figure: int | None, *, lowest: int) -> int | str:
    return figure if figure is not None and lowest <= figure <= MAX_FIGURE else ""
