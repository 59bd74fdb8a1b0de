"""A worker that was asked to end: what it has in hand is finished or handed back, nothing long is begun. No Django.

One flag a process, set from a signal's handler. Nobody waits on it, only looks: a thread that waited would hold the
lock that the handler needs.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from integrations.errors import Stopping

GLANCE = 0.25
"""Seconds between two looks at the flag."""
_asked = threading.Event()
_thread = threading.local()


def ask(**_: object) -> None:
    """From now on; there is no way back but a new process. Takes what a signal of Celery brings."""
    _asked.set()


@contextmanager
def at_signals() -> Iterator[None]:
    """For a command in the foreground: SIGTERM and SIGINT ask, a second one ends it at once. Main thread only."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def hear(number: int, _frame: FrameType | None) -> None:
        ask()
        signal.signal(number, signal.SIG_DFL)

    for number in before:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_asked() -> bool:
    return _asked.is_set()


def forget() -> None:
    """As in a new process: for tests."""
    _asked.clear()


@contextmanager
def in_hand(is_begun: Callable[[], bool]) -> Iterator[None]:
    """What this thread has begun inside is finished: half a write would be one whose outcome nobody knows.

    is_begun: whether anything was sent yet; until then it may as well be left.
    """
    _thread.is_begun = is_begun
    try:
        yield
    finally:
        del _thread.is_begun


def check() -> None:
    """Raises Stopping once this process was asked to end, unless this thread has something in hand."""
    is_begun: Callable[[], bool] | None = getattr(_thread, "is_begun", None)
    if _asked.is_set() and not (is_begun is not None and is_begun()):
        raise Stopping("This worker is about to end; the next one goes on.", retry_after=0.0)


def pause(seconds: float) -> None:
    """Sleep. Raises Stopping instead of sleeping on, and of going on after it."""
    ends = time.monotonic() + seconds
    while True:
        check()
        left = ends - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, GLANCE))
