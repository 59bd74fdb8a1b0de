"""One circuit breaker a provider, shared by all workers through Redis. No Django.

Opens after 5 failures in a row, or when more than half of at least 20 calls of the last minute failed: for 30 s, then
twice as long each time up to 15 min (±20 %). Afterwards exactly one call, the probe, is let through: its success closes
the breaker, its failure opens it again.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis as redis_py

from integrations.errors import ProviderError, RateLimited, Transient, Unavailable
from integrations.limits import SECOND, fail_closed, load, tag

FAILURES = 5
ENOUGH = 20
"""Calls of a minute that say something of the service, whatever their order."""
FIRST_OPEN, LONGEST_OPEN = 30.0, 900.0
PROBE_SECONDS = 90.0
"""Longer than any request may take. A probe whose worker died gives way to the next one after that."""


class Breaker:
    """Ask before a call and settle it after, in the same thread.

    clock: for tests: unix seconds instead of the server's clock.
    """

    def __init__(
        self,
        redis: redis_py.Redis,
        provider: str,
        *,
        jitter: Callable[[], float] = random.random,  # noqa: S311
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._redis, self._provider, self._jitter, self._clock = (
            redis,
            provider,
            jitter,
            clock,
        )
        self._keys = (f"{tag(provider)}:breaker", f"{tag(provider)}:breaker:probe")
        self._name = uuid.uuid4().hex

    def before_call(self) -> None:
        """Raises Unavailable(retry_after) while the breaker is open, while another probe is out, and without Redis."""
        allowed, wait = self._tell("ask")
        if not allowed:
            away = Unavailable(
                "the service is not answering",
                provider=self._provider,
                retry_after=int(wait) / SECOND,
            )
            away.unsent = True
            raise away

    def succeeded(self) -> None:
        self._tell("good")

    def failed(self, error: ProviderError | None = None) -> None:
        """Counts a 5xx answer or a timeout. An `error` that shows the service to be there (401, 429, a refused entry,
        a strange payload) is no failure and ends a row of failures."""
        is_away = error is None or (isinstance(error, Transient) and not isinstance(error, RateLimited))
        self._tell("bad" if is_away else "good")

    def _tell(self, event: str) -> tuple[int, Any]:
        now = "" if self._clock is None else int(self._clock() * SECOND)
        factor = 0.8 + 0.4 * self._jitter()
        rules = (
            FAILURES,
            ENOUGH,
            int(FIRST_OPEN * SECOND),
            int(LONGEST_OPEN * SECOND),
            factor,
            int(PROBE_SECONDS * 1000),
        )
        caller = f"{self._name}:{threading.get_ident()}"
        with fail_closed(self._provider):
            allowed, wait = load(self._redis, "breaker")(keys=self._keys, args=[now, event, *rules, caller])
        return allowed, wait


@dataclass(frozen=True, slots=True)
class Condition:
    """state: closed, open, or half_open (the next call is the probe). failures: in a row. open_for: seconds.

    bad, calls: how many of a minute's calls had failed when that opened it; 0 where a row of failures did.
    away_for: seconds since it was last closed.
    """

    state: str
    failures: int = 0
    open_for: float = 0.0
    bad: int = 0
    calls: int = 0
    away_for: float = 0.0


def condition(redis: redis_py.Redis, provider: str, *, clock: Callable[[], float] | None = None) -> Condition:
    """How a provider's breaker stands, for people to read; nothing is changed. Raises Unavailable."""
    client: Any = redis
    with fail_closed(provider):
        seconds, micros = client.time()
        now = clock() * SECOND if clock else int(seconds) * SECOND + int(micros)
        names = ("failures", "open_until", "bad", "calls", "since")
        told = [int(value or 0) for value in client.hmget(f"{tag(provider)}:breaker", *names)]
    failures, open_until, bad, calls, since = told
    if not open_until:
        return Condition("closed", failures)
    state = "open" if open_until > now else "half_open"
    away_for = (now - since) / SECOND if since else 0.0
    return Condition(state, failures, max(0.0, (open_until - now) / SECOND), bad, calls, away_for)
