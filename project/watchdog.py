"""Threads know no time limits in Celery, and Python cannot end a thread: who hangs takes its process along.

Every wait of a run has an end of its own: a connection, an answer, the budget, a turn. This is for what nobody thought
of, such as a database whose machine vanished without closing its connections. Lost with the process are minutes:
leases expire, and messages come back.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import threading
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings

log = logging.getLogger(__name__)

PATIENCE = 2
"""Times a task's own time_limit. Its lease is long gone by then, and somebody else has the connection."""
LOOK_SECONDS = 10.0
STDERR = 2
GRACE_SECONDS = 60.0
"""For the other threads, which take nothing new meanwhile, to finish what they have."""
EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h."""


@dataclass(frozen=True, slots=True)
class Work:
    """since: of the monotonic clock. limit: seconds."""

    name: str
    since: float
    limit: float


_at_work: dict[int, Work] = {}
"""By thread, of which each does one thing at a time."""


def note_start(task: Any = None, **kwargs: Any) -> None:
    limit = task.time_limit or settings.CELERY_TASK_TIME_LIMIT
    _at_work[threading.get_ident()] = Work(task.name, time.monotonic(), PATIENCE * limit)


def note_end(**kwargs: Any) -> None:
    _at_work.pop(threading.get_ident(), None)


def overdue(now: float) -> list[Work]:
    """now: of the monotonic clock."""
    return [work for work in tuple(_at_work.values()) if now - work.since > work.limit]


def watch() -> None:
    """Never returns while all is well. The first request to stop is Celery's own, the second no one can refuse."""
    while not (found := overdue(time.monotonic())):
        time.sleep(LOOK_SECONDS)
    names = ", ".join(sorted({work.name for work in found}))
    log.critical("%s hangs far beyond its time limit; this worker ends, and what it held is taken over", names)
    # Files, lines and names of functions, never a value.
    faulthandler.dump_traceback(file=STDERR, all_threads=True)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(EXIT_CODE)


def start_watching() -> None:
    threading.Thread(target=watch, name="watchdog", daemon=True).start()
