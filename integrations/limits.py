"""Budgets shared by all workers. (signatures; the body follows)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Budget:
    """A rate a service allows. requests per seconds, and how many of them may come at once.

    scope: what the service counts by: "address" (our egress address), "app" (client id) or "token" (one person).
    rate * window + burst stays under the service's limit: see `reliability.md` 2.3.
    """

    scope: str
    requests: int
    seconds: float
    burst: int = 1


class Limiter(Protocol):
    """One per provider and session. Raises RateLimited when the wait would be longer than `max_wait` seconds."""

    def acquire(self, *, cost: int = 1) -> None: ...

    def penalise(self, seconds: float) -> None:
        """The service said: stay away. Seen by all workers."""
        ...

    def observe(self, *, limit: int | None, remaining: int | None) -> None:
        """What the service's headers say of its limit. Lower at once, raise slowly."""
        ...
