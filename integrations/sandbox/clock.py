"""The sandbox's own time: the real one plus an offset, or standing still."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime


class Clock:
    """All of the sandbox reads this clock: tokens, rate windows, updatedAt. Unix seconds."""

    def __init__(self, real: Callable[[], float] = time.time) -> None:
        self._real = real
        self.reset()

    def reset(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        return self._real() + self._offset if self._frozen is None else self._frozen

    def seconds(self) -> int:
        return int(self.now())

    def today(self) -> date:
        """The day in UTC. The services use the person's own day; every sandbox account lives in UTC."""
        return datetime.fromtimestamp(self.now(), UTC).date()

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    def step(self, seconds: float) -> None:
        """Forward, or back when negative; a frozen clock stays frozen."""
        if self._frozen is None:
            self._offset += seconds
        else:
            self._frozen += seconds

    def set(self, at: float) -> None:
        self.step(at - self.now())

    def freeze(self) -> None:
        self._frozen = self.now()

    def resume(self) -> None:
        """Runs on from where it stands."""
        if self._frozen is not None:
            self._offset = self._frozen - self._real()
            self._frozen = None
