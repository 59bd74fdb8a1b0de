"""A whole house in played time: beat, a broker, workers with threads, the services. Hours pass in seconds.

One clock for all: Django's, the limiter's, the breaker's, the runs' and the sandbox's. Threads act one at a time, and
time passes only when all of them sleep: on the way to a service, for their turn of a budget, or for a message. What
the processor takes is not counted. Between two machines' clocks, and between two scripts in Valkey, nothing is played.
"""

from __future__ import annotations

import heapq
import itertools
import random
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest
from celery import current_app
from django.conf import settings
from django.db import connections
from django.utils import timezone

from integrations.breaker import Breaker
from integrations.http import Session
from integrations.limits import RedisLimiter
from integrations.line import Line, build_client
from integrations.sandbox.base import Exchange
from integrations.sandbox.server import Running
from integrations.services import budgets, figures, outages, providers
from project.queues import CONTROL
from project.workers import EACH, workers_of
from syncing import tasks
from syncing.models import Schedule, SyncRun
from syncing.services import running
from syncing.services.leases import Lease
from tests.e2e.alone import alone_on_the_database

BEGIN = 1_800_000_000.0
"""Unix seconds, a whole minute."""
WAY = 0.2
"""Seconds from here to a service, and as many back."""
PATIENCE = 600.0
"""Real seconds after which a thread that was not called has been forgotten."""
BUDGETS = providers.budgets_for
TICKS = ("syncing.start_due_runs", "syncing.sweep", "syncing.probe_batches")


class Stage:
    """Played time for threads."""

    def __init__(self) -> None:
        self.now = BEGIN
        self._order = itertools.count()
        self._coming: list[tuple[float, int, threading.Event | Callable[[], None]]] = []

    def at(self, seconds: float, act: threading.Event | Callable[[], None]) -> None:
        """Call somebody, or do something short, so many seconds from now."""
        heapq.heappush(self._coming, (self.now + max(seconds, 0.0), next(self._order), act))

    def sleep(self, seconds: float) -> None:
        turn = threading.Event()
        self.at(seconds, turn)
        self.wait(turn)

    def wait(self, turn: threading.Event) -> None:
        """Until somebody calls."""
        self.pass_on()
        assert turn.wait(PATIENCE), "nobody called"

    def pass_on(self) -> None:
        while self._coming:
            self.now, _, act = heapq.heappop(self._coming)
            if isinstance(act, threading.Event):
                act.set()
                return
            act()

    def read_clock(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it reached a service. status: 0 = it hung. account: whose token, "" without one."""

    at: float
    provider: str
    endpoint: str
    status: int
    account: str = ""
    writes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that a worker began. due, begun, ended: unix seconds. state: "" where it was given back at once."""

    provider: str
    connection_id: Any
    due: float
    begun: float
    ended: float
    state: str = ""
    code: str = ""
    trigger: str = ""
    requests: int = 0
    writes: int = 0


class Way(httpx.BaseTransport):
    """To the sandbox without a socket. hangs: hosts that take requests and never answer."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._inner = httpx.WSGITransport(app=house.sandbox.state)
        self.hangs: frozenset[str] = frozenset()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.path.split("/")[1]
        self._house.stage.sleep(WAY)
        if host in self.hangs:
            fake = self._house.sandbox.state._by_host[host]
            self._house.asked.append(Asked(self._house.stage.now, fake.slug, request.method, 0))
            self._house.stage.sleep(request.extensions["timeout"]["read"])
            raise httpx.ReadTimeout("no answer", request=request)
        answer = self._inner.handle_request(request)
        body = b"".join(answer.stream)  # type: ignore[arg-type]
        self._house.stage.sleep(WAY)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(body))


@dataclass
class Message:
    name: str
    args: Sequence[Any]
    expires_at: float


@dataclass
class House:
    """asked: what reached the services. ran: what workers did. failures: exceptions that no task may have."""

    sandbox: Running
    stage: Stage = field(default_factory=Stage)
    asked: list[Asked] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.way = Way(self)
        self.queues: dict[str, deque[Message]] = {}
        self._idle: dict[tuple[str, ...], list[threading.Event]] = {}
        self._threads: list[threading.Thread] = []
        self._is_over = False
        # SQLite in memory locks whole tables between connections. Nobody sleeps inside a transaction.
        self._shared = connections["default"] if connections["default"].vendor == "sqlite" else None
        if self._shared is not None:
            self._shared.inc_thread_sharing()

    # Time ---------------------------------------------------------------------------------------------------

    def play(self, seconds: float) -> None:
        """Let so much time pass; everybody acts meanwhile."""
        self.stage.sleep(seconds)
        if self.failures:
            raise self.failures[0]

    def play_until(self, done: Callable[[], bool], *, step: float = 10.0, most: float = 7200.0) -> float:
        """Seconds that it took, in whole steps."""
        began = self.stage.now
        while not done():
            assert self.stage.now - began < most, f"not within {most:.0f} s"
            self.play(step)
        return self.stage.now - began

    # Who acts -----------------------------------------------------------------------------------------------

    def open(self, layout: str = EACH) -> None:
        """Workers as `manage.py up` starts them, and the ticks of beat that concern lists."""
        for worker in workers_of(layout, postgres=True):
            for _ in range(worker.size):
                self._hire(worker.queues)
        for tick in settings.CELERY_BEAT_SCHEDULE.values():
            if tick["task"] in TICKS:
                self.stage.at(0, partial(self._tick, tick["task"], tick["schedule"]))

    def close(self) -> None:
        self._is_over = True
        for idle in self._idle.values():
            for turn in idle:
                self.stage.at(0, turn)
            idle.clear()
        while any(thread.is_alive() for thread in self._threads):
            self.stage.sleep(60)
        for thread in self._threads:
            thread.join(PATIENCE)
        if self._shared is not None:
            self._shared.dec_thread_sharing()

    def _tick(self, task: str, seconds: float) -> None:
        if not self._is_over:
            self.send(task, args=[], queue=CONTROL, expires=seconds)
            self.stage.at(seconds, partial(self._tick, task, seconds))

    def send(
        self, name: str, *, args: Sequence[Any], queue: str, countdown: float = 0.0, expires: float = 3600.0, **_: Any
    ) -> None:
        """The broker."""
        message = Message(name, args, self.stage.now + expires)
        if countdown:
            self.stage.at(countdown, partial(self._put, queue, message))
        else:
            self._put(queue, message)

    def _put(self, queue: str, message: Message) -> None:
        self.queues.setdefault(queue, deque()).append(message)
        for served, idle in self._idle.items():
            if queue in served and idle:
                self.stage.at(0, idle.pop(0))
                return

    def _hire(self, served: tuple[str, ...]) -> None:
        turn = threading.Event()
        thread = threading.Thread(target=self._work, args=(served, turn), daemon=True)
        self._threads.append(thread)
        self.stage.at(0, turn)
        thread.start()

    def _work(self, served: tuple[str, ...], turn: threading.Event) -> None:
        turn.wait(PATIENCE)
        idle = self._idle.setdefault(served, [])
        if self._shared is not None:
            connections["default"] = self._shared
        try:
            while not self._is_over:
                message = self._take(served)
                if message is None:
                    turn = threading.Event()
                    idle.append(turn)
                    self.stage.wait(turn)
                elif message.expires_at >= self.stage.now:
                    self._handle(message)
        except BaseException as error:  # noqa: BLE001 - told by `play`
            self.failures.append(error)
        finally:
            if self._shared is None:
                connections.close_all()
            self.stage.pass_on()

    def _take(self, served: tuple[str, ...]) -> Message | None:
        """From one queue after another, as Celery's Redis transport does."""
        for queue in sorted(served, key=lambda name: self._taken_at.get(name, 0)):
            if self.queues.get(queue):
                self._taken_at[queue] = next(self._counter)
                return self.queues[queue].popleft()
        return None

    _taken_at: dict[str, int] = field(default_factory=dict)
    _counter: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def _handle(self, message: Message) -> None:
        # A tick that finds nothing has no effect, and most find nothing.
        if message.name != tasks.start_due_runs.name or self._is_anything_due():
            current_app.tasks[message.name](*message.args)

    def _is_anything_due(self) -> bool:
        return Schedule.objects.filter(is_on=True, lease_until=None, due_at__lte=timezone.now()).exists()

    def run(self, real: Callable[..., SyncRun | None], lease: Lease, **options: Any) -> SyncRun | None:
        """Around `run_lease`: notes when it was due, begun and ended."""
        row = Schedule.objects.get(pk=lease.connection_id)
        begun = self.stage.now
        done = real(lease, **options)
        ran = Ran(row.provider, row.pk, due=row.due_at.timestamp(), begun=begun, ended=self.stage.now)
        if done is not None:
            ran = replace(
                ran,
                state=str(done.state),
                code=done.error_code,
                trigger=done.trigger,
                requests=done.requests,
                writes=done.writes,
            )
        self.ran.append(ran)
        return done

    def observe(self, exchange: Exchange, status: int) -> None:
        slug = self.sandbox.state._by_host[exchange.host].slug
        self.asked.append(
            Asked(self.stage.now, slug, exchange.endpoint, status, exchange.account, tuple(exchange.writes))
        )


@contextmanager
def played_house(sandbox: Running) -> Iterator[House]:
    """Budgets as they are, whatever the tests around had put out of the way. One at a time: its threads hold more than
    half of the connections that a PostgreSQL has."""
    with alone_on_the_database("played"), _open_house(sandbox) as house:
        yield house


@contextmanager
def _open_house(sandbox: Running) -> Iterator[House]:
    house = House(sandbox)
    stage, state = house.stage, sandbox.state
    client = build_client(user_agent="played", site_url="http://localhost", transport=house.way)

    class PlayedDatetime(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromtimestamp(stage.now, tz or UTC)

    random.seed(20_270_115)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "datetime", PlayedDatetime)
        patch.setattr(state.world.clock, "_real", stage.read_clock)
        patch.setattr(state, "_observe", house.observe)
        patch.setattr(current_app, "send_task", house.send)
        patch.setattr(running, "run_lease", partial(house.run, running.run_lease))
        patch.setattr(providers, "http_client", lambda: client)
        patch.setattr(providers, "budgets_for", BUDGETS)
        rates = {slug: {**given, "rate": ""} for slug, given in settings.PROVIDERS.items()}
        patch.setattr(settings, "PROVIDERS", rates)
        _patch_clocks(patch, stage)
        try:
            yield house
        finally:
            house.close()
            client.close()


def _patch_clocks(patch: pytest.MonkeyPatch, stage: Stage) -> None:
    patch.setattr(providers, "RedisLimiter", partial(RedisLimiter, clock=stage.read_clock, sleep=stage.sleep))
    patch.setattr(providers, "Breaker", partial(Breaker, clock=stage.read_clock))
    patch.setattr(providers, "Line", partial(Line, clock=stage.read_clock, stopwatch=stage.read_clock))
    for module in (figures, budgets):
        patch.setattr(module, "readings", partial(module.readings, clock=stage.read_clock))
    for module in (figures, outages):
        patch.setattr(module, "condition", partial(module.condition, clock=stage.read_clock))
    patch.setitem(Session.__init__.__kwdefaults__, "sleep", stage.sleep)  # type: ignore[arg-type]
    for name, module in list(sys.modules.items()):
        if name.startswith("syncing.services.") and hasattr(module, "monotonic"):
            patch.setattr(module, "monotonic", stage.read_clock)


def delays(ran: Iterable[Ran], provider: str = "") -> list[float]:
    """Seconds from due to begun, the shortest first."""
    return sorted(one.begun - one.due for one in ran if provider in ("", one.provider))
