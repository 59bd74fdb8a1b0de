"""How many runs without changes a core does, end to end through a real Celery worker.

`python -m tests.bench.bench_throughput [RUNS]` prints, for a list of one request and for one of two: runs a second,
processor time a run and runs a core-second of the worker's process, statements and Valkey's round trips a run, and the
worker's memory every 200 runs. Budgets are out of the way; PostgreSQL, Valkey, the sandbox and whoever hands out the
work are other processes, so that their time does not count, but they share the machine's cores: of the rate by the
clock that is told, of the processor time it is not.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from project.embedded.process import kill_session, spawn
from tests.bench.scale_house import FREE, Sandbox, sandbox
from tests.bench.scale_stage import machine, scale_stage

if TYPE_CHECKING:
    from syncing.services.leases import Lease

RUNS = 2_000
STEP = 200
FEWEST_SAMPLES = 3
PEOPLE, LIST = 48, 20
WARM_UP = 100
"""Runs before anything counts: modules, pools and prepared statements are made by the first ones."""
ANILIST, MAL = "anilist", "myanimelist"
FLAT_MB = 8.0
"""A worker may grow by so much over 2,000 runs, by a line through the second half of the samples. What each run left
behind would add up: 4 KB a run are 8 MB. What pages its allocator holds differs by a few from sample to sample."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Figures:
    """megabytes: of the worker, after each STEP runs."""

    runs: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    megabytes: list[float] = field(default_factory=list)

    @property
    def growth(self) -> float | None:
        """Megabytes that 1,000 runs add: a line through the second half of the samples; None = too few to tell."""
        late = self.megabytes[len(self.megabytes) // 2 :]
        if len(late) < FEWEST_SAMPLES:
            return None
        middle = (len(late) - 1) / 2
        spread = sum((at - middle) ** 2 for at in range(len(late)))
        return sum((at - middle) * value for at, value in enumerate(late)) / spread * 1_000 / STEP


class Feeder:
    """Hands out due connections as the dispatcher does, always some more than the worker has threads."""

    def __init__(self, provider: str, pid: int, *, threads: int) -> None:
        self.provider, self.pid, self.ahead = provider, pid, 2 * threads
        self.done_before = self._done()

    def feed(self, runs: int, figures: Figures | None = None) -> None:
        """Until so many more runs have come to an end."""
        begun, processor, start = time.perf_counter(), processor_seconds(self.pid), self._done()
        done, next_step = 0, STEP
        while done < runs:
            self._hand_out()
            time.sleep(0.05)
            done = self._done() - start
            if figures is not None and done >= next_step:
                next_step += STEP
                figures.megabytes.append(megabytes(self.pid))
        if figures is not None:
            figures.runs += done
            figures.seconds += time.perf_counter() - begun
            figures.processor += processor_seconds(self.pid) - processor

    def _hand_out(self) -> None:
        from django.utils import timezone

        from syncing.models import Schedule
        from syncing.services import leases
        from syncing.services.nudging import send

        rows = Schedule.objects.filter(provider=self.provider)
        rows.filter(lease_until=None).update(due_at=timezone.now())
        room = self.ahead - rows.exclude(lease_until=None).count()
        for lease in leases.claim_due(self.provider, limit=room, interactive=False):
            assert send("syncing.sync_connection", _message(lease), queue=self.provider)

    def _done(self) -> int:
        from django.db.models import Sum

        from syncing.models import SyncRun

        return int(SyncRun.objects.filter(provider=self.provider).aggregate(Sum("checks"))["checks__sum"] or 0)


def _message(lease: Lease) -> list[Any]:
    return [str(lease.connection_id), lease.token]


def processor_seconds(pid: int) -> float:
    """User and system time of one process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def megabytes(pid: int) -> float:
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) / 1024


@contextmanager
def worker(provider: str, environment: Mapping[str, str], log: Path) -> Iterator[tuple[int, int]]:
    """(process id, threads) of the worker that an operator of several machines gives this service."""
    from project.workers import EACH, workers_of

    one = next(one for one in workers_of(EACH, postgres=True) if one.name == provider)
    with log.open("wb") as output:
        running = spawn(one.command, env={**environment, "DATABASE_POOL": str(one.connections)}, output=output)
        try:
            yield running.pid, one.size
        finally:
            kill_session(running)
            running.wait()
            sys.stderr.write(log.read_text()[-2_000:])


def settle(box: Sandbox) -> None:
    """People with a list at both services, read and found at rest."""
    from syncing.models import Schedule
    from tests.bench.scale_house import _run, _settle_one

    made = {"generate": {"kind": "anime", "count": LIST, "first_id": 900_000}}
    for provider, limits in ((ANILIST, {"rate_limit": 0, "burst_limit": 0}), (MAL, {"shield_rate": 0})):
        box.control("POST", f"{provider}/settings", limits)
        box.control("POST", f"{provider}/works", made)
    for number in range(PEOPLE):
        for connection in _settle_one(box, number):
            for _ in range(2):
                _run(connection)
    Schedule.objects.update(interactive=False, wanted_at=None)


def cost_of_one(provider: str) -> dict[str, int]:
    """Statements and Valkey's round trips of a run, counted in this process: from the message to the last line."""
    from unittest.mock import patch

    from django.db import connection as database
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone
    from redis import Redis

    from syncing import tasks
    from syncing.models import Schedule
    from syncing.services import leases

    Schedule.objects.filter(provider=provider).update(due_at=timezone.now())
    [lease] = leases.claim_due(provider, limit=1, interactive=False)
    trips = 0
    execute: Any = Redis.execute_command

    def counted(*args: Any, **options: Any) -> Any:
        nonlocal trips
        trips += 1
        return execute(*args, **options)

    with CaptureQueriesContext(database) as captured, patch.object(Redis, "execute_command", counted):
        tasks.sync_connection(*_message(lease))
    return {"statements": len(captured.captured_queries), "round_trips": trips}


def measure(provider: str, environment: Mapping[str, str], runs: int) -> dict[str, Any]:
    cost = cost_of_one(provider)
    figures = Figures()
    log = Path(os.environ["ENISHI_VAR"]) / f"{provider}.log"
    with worker(provider, environment, log) as (pid, threads):
        feeder = Feeder(provider, pid, threads=threads)
        feeder.feed(WARM_UP)
        feeder.feed(runs, figures)
    told = {
        "runs": figures.runs,
        "runs_a_second": round(figures.runs / figures.seconds, 1),
        "processor_ms_a_run": round(figures.processor / figures.runs * 1_000, 2),
        "runs_a_core_second": round(figures.runs / figures.processor, 1),
        **cost,
        "megabytes": [round(one, 1) for one in figures.megabytes],
        "growth_mb_per_1000": None if figures.growth is None else round(figures.growth, 2),
    }
    say(provider, told)
    return told


def say(provider: str, told: Mapping[str, Any]) -> None:
    print(
        f"{provider}: {told['runs']:,} runs, {told['runs_a_second']} a second by the clock, "
        f"{told['processor_ms_a_run']} ms of processor a run = {told['runs_a_core_second']} runs a core-second; "
        f"{told['statements']} statements and {told['round_trips']} round trips to Valkey a run"
    )
    if told["megabytes"]:
        samples = " ".join(f"{one:.0f}" for one in told["megabytes"])
        print(
            f"{provider}: memory every {STEP} runs, MB: {samples}; {told['growth_mb_per_1000']:+.2f} MB per 1,000 runs"
        )


def main() -> int:
    """Prints its lines and one JSON object last. 0 also when a goal is missed: machines differ."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with sandbox() as (box, _):
        more = {
            "ENISHI_SANDBOX_URL": box.url,
            "ENISHI_ALLOW_SANDBOX": "true",
            "ANILIST_RATE": FREE,
            "MAL_RATE": FREE,
            "ENISHI_LOG_LEVEL": "ERROR",
        }
        with scale_stage(more) as environment:
            settle(box)
            print(f"no-change runs through one worker process; {machine()}")
            found = {provider: measure(provider, environment, runs) for provider in (ANILIST, MAL)}
    grown = {provider: told["growth_mb_per_1000"] for provider, told in found.items()}
    # 2,000 runs are two thousands; where there was no slope to see, nothing was shown to be flat.
    ok = all(growth is not None and growth * 2 < FLAT_MB for growth in grown.values())
    if not ok:
        print(f"missed: the worker grows by {grown} MB per 1,000 runs", file=sys.stderr)
    print(json.dumps({"bench": "throughput", "figures": found, "ok": ok}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
