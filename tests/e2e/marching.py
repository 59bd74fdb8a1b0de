"""Worker processes that ask the AniList fake as fast as their budget lets them: with the real line, session, limiter
and breaker over real HTTP, in played time or in real.

Played time passes only when all processes sleep, so that a minute takes as long as its requests take, and no figure
depends on how fast a machine is. Calls travel for unlike times, and none of it is really waited for.
"""

from __future__ import annotations

import heapq
import multiprocessing
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Self

import httpx
from redis import Redis

from integrations.breaker import Breaker
from integrations.crypto import Secret
from integrations.errors import RateLimited
from integrations.http import Session
from integrations.limits import Budget, RedisLimiter
from integrations.line import Line, build_client
from integrations.providers import registry
from integrations.providers.anilist.client import ENDPOINT
from integrations.sandbox.server import Running

BEGIN = 1_800_000_000.0
"""Unix seconds at which played time begins."""
QUERY = {"query": "{ Viewer { id } }"}
PATIENCE = 60.0
"""Real seconds after which a process that says nothing fails its test."""


@dataclass(frozen=True, slots=True)
class Task:
    """What one process is told. skew: how wrong its own clock is; seconds: for how long it asks; way: how long calls
    travel, as a part of a second or less.

    max_wait: how long it sleeps for a place; 15 s is longer than the turns of four take at AniList's pace, so that none
    is refused and has to come back.
    """

    number: int
    redis_url: str
    sandbox_url: str
    token: str
    budget: Budget
    seconds: float
    skew: float = 0.0
    way: float = 1.0
    max_wait: float = 15.0


class Here:
    """Played time as one process sees it: it stands still while the process works."""

    def __init__(self, wire: Connection, now: float) -> None:
        self._wire = wire
        self.now = now

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self._wire.send(self.now + max(seconds, 0.0))
        self.now = self._wire.recv()


class Way(httpx.HTTPTransport):
    """Real HTTP on loopback, with a way in played time before and after it; one call in fifty is a second late."""

    def __init__(self, here: Here, task: Task) -> None:
        super().__init__()
        self._here, self._way, self._luck = here, task.way, random.Random(task.number)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        late = 0.9 if self._luck.random() < 0.02 else self._luck.uniform(0.02, 0.3)
        self._here.sleep(late * self._way)
        response = super().handle_request(request)
        self._here.sleep(self._luck.uniform(0.05, 0.5) * self._way)
        return response


def ask_without_end(task: Task, *, here: Here | None, transport: httpx.BaseTransport | None = None) -> None:
    """One worker's calls until its time is over. here: None = real time."""
    right = here.clock if here else time.time
    sleep = here.sleep if here else time.sleep
    wrong = time.time = lambda: right() + task.skew
    provider = registry.get("anilist")
    ends = right() + task.seconds
    with (
        Redis.from_url(task.redis_url) as redis,
        build_client(user_agent="Enishi/test", site_url="https://enishi.test", transport=transport) as client,
    ):
        # In played time the server's clock is the played one, and never the process's own.
        clocks: dict[str, Any] = {"clock": here.clock} if here else {}
        limiter = RedisLimiter(
            redis, "anilist", [task.budget], address="a", max_wait=task.max_wait, sleep=sleep, **clocks
        )
        line = Line(
            provider,
            client=client,
            limiter=limiter,
            breaker=Breaker(redis, "anilist", **clocks),
            sandbox_url=task.sandbox_url,
            clock=wrong,
            stopwatch=right,
        )
        session = Session(line, token=Secret(task.token), sleep=sleep)
        while right() < ends:
            try:
                session.send("POST", ENDPOINT, json=QUERY)
            except RateLimited as refusal:
                sleep(refusal.retry_after)


def walk(task: Task, start: Any) -> None:
    """The body of a process in real time."""
    start.wait(PATIENCE)
    ask_without_end(task, here=None)


def march(wire: Connection) -> None:
    """The body of a process in played time: one task after the other. Says None when one is done."""
    while (order := wire.recv()) is not None:
        task, now = order
        here = Here(wire, now)
        # One after the other, so that each march takes the same steps.
        here.sleep(task.number / 1000)
        ask_without_end(task, here=here, transport=Way(here, task))
        wire.send(None)


class Company:
    """Processes side by side, for several marches. Leaving it ends them."""

    def __init__(self, size: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._wires: list[Connection] = []
        self._processes = []
        for _ in range(size):
            ours, theirs = context.Pipe()
            self._processes.append(context.Process(target=march, args=(theirs,), daemon=True))
            self._processes[-1].start()
            theirs.close()
            self._wires.append(ours)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for process, wire in zip(self._processes, self._wires, strict=True):
            wire.send(None)
            wire.close()
            process.join(PATIENCE)
            process.close()

    def march(self, sandbox: Running, tasks: Sequence[Task], events: Mapping[float, Callable[[], Any]]) -> None:
        """Returns when all are done. events: what happens at which second; the sandbox's clock is set before each."""
        sandbox.control("POST", "clock", {"freeze": True, "set": BEGIN})
        for wire, task in zip(self._wires, tasks, strict=True):
            wire.send((task, BEGIN))
        acts = list(events.values())
        coming = [(BEGIN + at, -1, number) for number, at in enumerate(events)]
        coming += [(said, 0, at) for at in range(len(tasks)) if (said := self._hear(at)) is not None]
        heapq.heapify(coming)
        while any(kind == 0 for _, kind, _ in coming):
            now, kind, number = heapq.heappop(coming)
            sandbox.state.world.clock.set(now)
            if kind == -1:
                acts[number]()
                continue
            # All whose time it is act at once.
            awake = [number]
            while coming and coming[0][:2] == (now, 0):
                awake.append(heapq.heappop(coming)[2])
            for one in awake:
                self._wires[one].send(now)
            for one in awake:
                if (said := self._hear(one)) is not None:
                    heapq.heappush(coming, (said, 0, one))

    def _hear(self, number: int) -> float | None:
        """Until when a process sleeps; None = it is done."""
        assert self._wires[number].poll(PATIENCE), "a worker process says nothing"
        said: float | None = self._wires[number].recv()
        return said
