"""Played time for threads: no test waits, and the same steps come in the same order on every machine."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

START = 1_800_000_000.0
"""Unix seconds."""
PATIENCE = 30
"""Real seconds after which a thread that was forgotten fails its test."""


class Stage:
    """One thread runs at a time, and time passes only when all of them sleep."""

    def __init__(self) -> None:
        self.now = START
        self._order = itertools.count()
        self._asleep: list[tuple[float, int, threading.Event]] = []
        self._broken: list[BaseException] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        turn = threading.Event()
        heapq.heappush(self._asleep, (self.now + max(seconds, 0.0), next(self._order), turn))
        self._pass_on()
        assert turn.wait(PATIENCE)

    def play(self, acts: list[Callable[[], None]]) -> None:
        """Runs all of them to their end; what one raises is raised here."""
        threads = []
        for act in acts:
            turn = threading.Event()
            heapq.heappush(self._asleep, (self.now, next(self._order), turn))
            threads.append(threading.Thread(target=self._act, args=(act, turn)))
        for thread in threads:
            thread.start()
        self._pass_on()
        for thread in threads:
            thread.join(4 * PATIENCE)
        assert [thread.is_alive() for thread in threads] == [False] * len(threads)
        if self._broken:
            raise self._broken[0]

    def _pass_on(self) -> None:
        if self._asleep:
            self.now, _, turn = heapq.heappop(self._asleep)
            turn.set()

    def _act(self, act: Callable[[], None], turn: threading.Event) -> None:
        try:
            assert turn.wait(PATIENCE)
            act()
        except BaseException as error:  # noqa: BLE001 - raised again by `play`
            self._broken.append(error)
        finally:
            self._pass_on()


def most_in_a_window(times: list[float], seconds: float) -> int:
    times = sorted(times)
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
