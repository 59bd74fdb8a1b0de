"""Who hangs is known by name. That it ends its process: test_traps.py."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from project import tasks, watchdog
from project.watchdog import PATIENCE

tick: Any = tasks.tick
clear_sessions: Any = tasks.clear_sessions


@pytest.fixture(autouse=True)
def _nobody_at_work() -> Iterator[None]:
    watchdog.note_end()
    yield
    watchdog.note_end()


def names(later: float) -> list[str]:
    """Who is overdue so many seconds from now."""
    return [work.name for work in watchdog.overdue(time.monotonic() + later)]


def test_a_task_hangs_when_it_took_far_longer_than_its_own_limit() -> None:
    watchdog.note_start(task=tick)
    assert names(PATIENCE * tick.time_limit - 1) == []
    assert names(PATIENCE * tick.time_limit + 1) == ["project.tick"]


def test_each_task_is_held_against_its_own_limit() -> None:
    watchdog.note_start(task=clear_sessions)
    assert names(PATIENCE * tick.time_limit + 1) == []
    assert names(PATIENCE * clear_sessions.time_limit + 1) == ["project.clear_sessions"]


def test_who_has_ended_does_not_hang() -> None:
    watchdog.note_start(task=tick)
    watchdog.note_end()
    assert names(1e9) == []


def test_each_thread_has_its_own_clock() -> None:
    watchdog.note_start(task=tick)

    def begin_and_end() -> None:
        watchdog.note_start(task=clear_sessions)
        watchdog.note_end()

    other = threading.Thread(target=begin_and_end)
    other.start()
    other.join()
    assert names(1e9) == ["project.tick"]
