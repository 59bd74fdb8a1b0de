"""Which workers there are, for `manage.py up` and for `manage.py workers`: one source, two ways to start them.

`one`: one worker for everything that asks services. `each`: one a service and one for people who wait, so that a
service that takes half a minute for an answer holds its own threads and nobody else's. docs/decisions/0021-workers.md
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from django.conf import settings

from project.queues import CONTROL, INTERACTIVE, UPKEEP, provider_queues
from project.settings import env

ONE, EACH = "one", "each"
LAYOUTS = (ONE, EACH)
THREADS_OF_ONE = 16
THREADS_OF_EACH = 8
"""A run waits most of its time, for answers and for its turn. Eight that are answered within a second could ask eight
times a second, and no service allows more than six. With web that is 85 connections at most, under the 97 that
PostgreSQL leaves to ordinary users."""
THREADS_ON_SQLITE = 4
"""SQLite has one writer at a time: more threads would only queue for it."""
CONTROL_THREADS = 4
SPARE_CONNECTIONS = 2

CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "project")
BEAT = (*CELERY, "beat", "--loglevel", "INFO")


@dataclass(frozen=True, slots=True)
class Worker:
    """One process. size: threads, or children where it forks."""

    name: str
    queues: tuple[str, ...]
    size: int
    forks: bool = False

    @property
    def connections(self) -> int:
        """The most that its pool may open; 0 = no pool, which would not survive a fork."""
        return 0 if self.forks else self.size + SPARE_CONNECTIONS

    @property
    def command(self) -> tuple[str, ...]:
        pool = "prefork" if self.forks else "threads"
        told = {"hostname": f"{self.name}@%h", "pool": pool, "concurrency": self.size, "queues": ",".join(self.queues)}
        options = tuple(part for name, value in told.items() for part in (f"--{name}", str(value)))
        # No chatter between workers: nobody listens to it, and each would read the others'.
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        return (*CELERY, "worker", *quiet, "--loglevel", "INFO", *options)


def layout_for(*, postgres: bool) -> str:
    """What the operator chose, or what suits the database."""
    return settings.WORKERS or (EACH if postgres else ONE)


def workers_of(layout: str, *, postgres: bool) -> list[Worker]:
    """layout: one of LAYOUTS. Beside them run web and beat."""
    services = provider_queues()
    if layout == EACH:
        threads = _threads(THREADS_OF_EACH, postgres=postgres)
        # Of one service no more are in that queue than its share: dispatching sends the rest to the service's own.
        asking = [Worker(INTERACTIVE, (INTERACTIVE,), settings.SYNC_INTERACTIVE_SHARE * len(services))]
        asking += [Worker(slug, (slug,), threads) for slug in services]
    else:
        threads = _threads(THREADS_OF_ONE, postgres=postgres)
        asking = [Worker("worker", (INTERACTIVE, *services), threads)]
    return [*asking, Worker(CONTROL, (CONTROL,), CONTROL_THREADS), Worker(UPKEEP, (UPKEEP,), 1, forks=True)]


def _threads(usual: int, *, postgres: bool) -> int:
    return env.integer("WORKER_THREADS", usual if postgres else THREADS_ON_SQLITE)
