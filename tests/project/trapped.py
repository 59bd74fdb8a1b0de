"""The service's Celery app with a few tasks more, for real workers of the tests: `celery -A tests.project.trapped`.

TRAP_HOLD: seconds of the visibility timeout. TRAP_LIMIT: the time limit of `trap.tell`. TRAP_QUICK: the watchdog looks
often and waits little. TRAP_NOTES: the Redis for what the tasks tell, where the broker's is restarted. TRAP_BEAT:
seconds between two ticks of `syncing.start_due_runs` and of `trap.tell`, which tells TRAP_WORD.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from celery.signals import worker_init
from django.conf import settings
from redis import Redis

from project import watchdog
from project.celery import app, refuse_unsafe_delivery
from tests.project.staff import GO, TOLD

if hold_seconds := os.environ.get("TRAP_HOLD"):
    app.conf.broker_transport_options |= {"visibility_timeout": int(hold_seconds), "unacked_restore_interval": 1}
    # It would refuse so short a time, and rightly.
    worker_init.disconnect(refuse_unsafe_delivery, dispatch_uid="project.delivery")
if "TRAP_QUICK" in os.environ:
    watchdog.LOOK_SECONDS, watchdog.GRACE_SECONDS = 0.1, 1.0
if every := os.environ.get("TRAP_BEAT"):
    app.conf.beat_schedule = {
        "start-due-runs": {"task": "syncing.start_due_runs", "schedule": float(every)},
        "tell": {"task": "trap.tell", "schedule": float(every), "args": [os.environ["TRAP_WORD"]]},
    }


@contextmanager
def notes() -> Iterator[Redis]:
    with Redis.from_url(os.environ.get("TRAP_NOTES") or settings.REDIS_URL) as client:
        yield client


def write(word: str) -> None:
    with notes() as book:
        book.rpush(TOLD, word)


@app.task(name="trap.tell", queue="control", soft_time_limit=20, time_limit=int(os.environ.get("TRAP_LIMIT", "30")))
def tell(word: str) -> None:
    write(word)


@app.task(name="trap.hold", queue="control", soft_time_limit=20, time_limit=30)
def hold(word: str) -> None:
    """At work until GO is there."""
    write(f"{word}-begun")
    with notes() as book:
        while not book.exists(GO):
            time.sleep(0.02)
    write(f"{word}-done")


@app.task(name="trap.die", queue="upkeep", soft_time_limit=20, time_limit=30)
def die(word: str, times: int) -> None:
    """Takes its process along, as the kernel does when memory runs out, the first `times` times."""
    write(word)
    with notes() as book:
        if int(book.llen(TOLD)) <= times:  # type: ignore[arg-type]
            os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="trap.hang", queue="control", soft_time_limit=1, time_limit=2)
def hang_for_ever(word: str) -> None:
    write(word)
    while True:
        time.sleep(60)
