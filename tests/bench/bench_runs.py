"""Whole runs, from the lease to the last line in the books, without the network's time.

`python -m tests.bench.bench_runs` prints the median of each sort of run in milliseconds and the peak memory of runs in
a process of their own. Goals (issue 2): a run without changes <= 60 ms at 1,000 entries and <= 400 ms at 10,000, each
on an idle core; a run over 10,000 entries <= 200 MB. A missed goal is printed and fails nothing.

The sandbox answers over loopback; the seconds from a request's first byte out to its answer's last byte in are taken
off. Reading what came, matching, merging, PostgreSQL and Valkey are all in.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import quote, urlencode

import httpx

from integrations.line import build_client
from integrations.providers import registry
from integrations.sandbox.server import Running
from library.entry import Kind
from tests.bench.large import FIRST_ID
from tests.bench.stage import fill, stage

if TYPE_CHECKING:
    from integrations.models import Connection
    from syncing.models import SyncRun

SIZES = (1_000, 10_000)
REPEATS = 7
GOALS_MS = {1_000: 60.0, 10_000: 400.0}
GOAL_MB = 200.0


class TimedTransport(httpx.BaseTransport):
    """Counts the seconds that requests are on their way."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.requests = 0
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        started = perf_counter()
        answer = self._inner.handle_request(request)
        body = b"".join(answer.stream)  # type: ignore[arg-type]
        answer.close()
        self.seconds += perf_counter() - started
        self.requests += 1
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(body))

    def close(self) -> None:
        self._inner.close()


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds without the network: by the wall clock, and of our own thread at work on the processor."""

    wall: float
    busy: float
    requests: int


class Bench:
    def __init__(self, sandbox: Running) -> None:
        from integrations.services import providers

        self.sandbox = sandbox
        self.transport = TimedTransport()
        client = build_client(user_agent="bench", site_url="http://localhost", transport=self.transport)
        self.close = client.close
        patch.object(providers, "http_client", lambda: client).start()
        self.figures: dict[str, dict[str, Any]] = {}
        self.missed: list[str] = []

    def time_run(self, connection: Connection, *, check: Callable[[SyncRun], bool]) -> Timing:
        """One run. Raises AssertionError when it did not do what it is measured for."""
        from syncing.services import leases
        from syncing.services.running import run_lease

        gc.collect()
        before, requests = self.transport.seconds, self.transport.requests
        started, busy = perf_counter(), thread_time()
        lease = leases.claim(connection.pk)
        assert lease is not None
        run = run_lease(lease, trigger="command")
        wall, busy = perf_counter() - started, thread_time() - busy
        network = self.transport.seconds - before
        assert run is not None
        assert run.state == "done", run.message
        assert check(run), f"{run.writes} written, {run.library_changes} taken in"
        return Timing((wall - network) * 1_000, busy * 1_000, self.transport.requests - requests)

    def note(self, name: str, timings: list[Timing], *, goal: float | None = None) -> None:
        wall, busy = median(timing.wall for timing in timings), median(timing.busy for timing in timings)
        requests = timings[-1].requests
        told = f"(goal {goal:.0f} ms)" if goal else ""
        line = f"run, {name:<52} {wall:8.1f} ms  {busy:8.1f} ms busy  {requests:3} requests {told}"
        print(line.rstrip(), flush=True)
        self.figures[name] = {"ms": round(wall, 1), "busy_ms": round(busy, 1), "requests": requests}
        if goal is not None and wall > goal:
            self.missed.append(f"{name}: {wall:.0f} ms is over {goal:.0f} ms")


def measure_size(bench: Bench, size: int) -> None:
    connections = fill(bench.sandbox, size, name=f"person{size}")
    # The sandbox's lists live in this process too; a worker's collector has no such weight to carry.
    gc.freeze()
    anilist, mal = connections["anilist"], connections["myanimelist"]
    bench.note(f"{size:,} entries, first import (AniList)", [bench.time_run(anilist, check=_imports(size))])
    bench.note(f"{size:,} entries, first contact, all known (MAL)", [bench.time_run(mal, check=_is_quiet)])
    for name, connection in (("AniList", anilist), ("MAL", mal)):
        bench.time_run(connection, check=_is_quiet)
        timings = [bench.time_run(connection, check=_is_quiet) for _ in range(REPEATS)]
        bench.note(f"{size:,} entries, no change ({name})", timings, goal=GOALS_MS[size])
    if timings[-1].requests < registry.get("myanimelist").read_requests({Kind.ANIME: size, Kind.MANGA: 0}):
        _measure_whole_read(bench, mal, size)
    _measure_changes(bench, connections, size)


def _measure_whole_read(bench: Bench, mal: Connection, size: int) -> None:
    """What a probed list costs once a day, and when the probe shows an edit."""
    from syncing.models import Baseline

    timings = []
    for _ in range(REPEATS):
        Baseline.objects.filter(pk=mal.pk).update(probe_mark="")
        timings.append(bench.time_run(mal, check=_is_quiet))
    bench.note(f"{size:,} entries, no change, whole read (MAL)", timings, goal=GOALS_MS[size])


def _measure_changes(bench: Bench, connections: dict[str, Connection], size: int) -> None:
    """1 % is edited on AniList: taken in from there, then written to MAL."""
    taken, given = [], []
    changed = size // 100
    for turn in range(3):
        edits = [{"mediaId": FIRST_ID + turn * changed + at, "notes": f"turn {turn}"} for at in range(changed)]
        bench.sandbox.control("POST", f"anilist/accounts/person{size}/edit", {"upsert": edits})
        taken.append(bench.time_run(connections["anilist"], check=_imports(changed)))
        given.append(bench.time_run(connections["myanimelist"], check=_writes(changed)))
    bench.note(f"{size:,} entries, 1 % changed, taken in (AniList)", taken)
    bench.note(f"{size:,} entries, 1 % changed, written (MAL)", given)


def _is_quiet(run: SyncRun) -> bool:
    return run.writes == 0 and run.library_changes == 0


def _imports(count: int) -> Callable[[SyncRun], bool]:
    return lambda run: run.library_changes == count and run.writes == 0


def _writes(count: int) -> Callable[[SyncRun], bool]:
    return lambda run: run.writes == count and run.library_changes == 0


def measure_memory(bench: Bench, size: int) -> None:
    """Peak megabytes of a process that does nothing but one run: two first contacts, then one without changes."""
    from django.db import connection

    environment = {**os.environ, "DATABASE_URL": database_url(connection.settings_dict)}
    # Works that nobody here knows yet, so that adding them to the catalogue is in.
    connections = fill(bench.sandbox, size, name="newcomer", first_id=FIRST_ID + max(SIZES))
    runs = (("first import", "anilist"), ("first contact", "myanimelist"), ("no change", "anilist"))
    for name, provider in runs:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.one_run", str(connections[provider].pk)],
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        figures = json.loads(done.stdout.splitlines()[-1])
        assert (figures["state"], figures["entries_read"]) == ("done", size), figures
        label = f"{size:,} entries, {name} ({provider})"
        idle, peak = figures["idle_mb"], figures["peak_mb"]
        print(f"memory, {label:<49} {peak:8.1f} MB  {idle:8.1f} MB idle  (goal {GOAL_MB:.0f} MB)", flush=True)
        bench.figures[f"memory, {label}"] = {"mb": peak, "idle_mb": idle}
        if peak > GOAL_MB:
            bench.missed.append(f"{label}: {peak:.0f} MB is over {GOAL_MB:.0f} MB")


def database_url(made: dict[str, Any]) -> str:
    """Of the test database, for another process."""
    place = urlencode({name: made[name.upper()] for name in ("host", "port") if made[name.upper()]})
    return f"postgres://{quote(made['USER'])}:{quote(made['PASSWORD'])}@/{quote(str(made['NAME']))}?{place}"


def main() -> int:
    """Prints a line a case and one JSON object last. 0 also when a goal is missed: machines differ."""
    with stage() as sandbox:
        bench = Bench(sandbox)
        try:
            for size in SIZES:
                measure_size(bench, size)
            measure_memory(bench, SIZES[-1])
        finally:
            bench.close()
    for line in bench.missed:
        print(f"missed: {line}", file=sys.stderr)
    print(json.dumps({"bench": "runs", "figures": bench.figures, "ok": not bench.missed}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
