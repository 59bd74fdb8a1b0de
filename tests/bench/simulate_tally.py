"""What a simulation counts."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from tests.bench.simulate_rules import STEP

Entry = tuple[int, int]
"""(due step, person): a place in a line."""
FINE = 25.0
"""Buckets to a factor of e: a figure is right within 4 %."""


class Spans:
    """A distribution of spans of time, in steps; told in seconds."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0
        self.longest = 0.0

    def add(self, steps: float) -> None:
        self.count += 1
        if steps > self.longest:
            self.longest = steps
        self._buckets[int(math.log1p(steps) * FINE) if steps > 0 else -1] += 1

    def at(self, share: float) -> float:
        """Seconds that so many of the spans do not exceed."""
        left = share * self.count
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                return 0.0 if bucket < 0 else math.expm1((bucket + 0.5) / FINE) * STEP
        return 0.0

    @property
    def maximum(self) -> float:
        return self.longest * STEP


@dataclass(slots=True)
class Tally:
    """Since the warm-up ended. requests: own, written, batch, again (a batch that somebody spoilt).

    own_runs, batched: checks that came to an end, by whether the person's list can be told from outside (0) or not.
    behind: from the wanted time of a look to its end. stretch: sum of actual / wanted interval over `looks`.
    seen: from an edit at AniList until it was found. written: from an edit elsewhere until AniList has it.
    """

    requests: Counter[str] = field(default_factory=Counter)
    own_runs: Counter[bool] = field(default_factory=Counter)
    batched: int = 0
    behind: Spans = field(default_factory=Spans)
    stretch: float = 0.0
    looks: int = 0
    seen: Spans = field(default_factory=Spans)
    written: Spans = field(default_factory=Spans)
    waited: Spans = field(default_factory=Spans)
    busiest_minute: float = 0.0
    steps: int = 0
