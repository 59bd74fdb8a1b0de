"""What was asked of a fake: counts by endpoint and status, writes by entry, and the busiest minute."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 200_000
"""Requests whose moment is remembered for the busiest minute; the counters never forget."""
SHOWN = 200
"""Requests listed one by one in the control API, the latest."""


@dataclass(frozen=True, slots=True)
class Handled:
    """One request. at: sandbox time. metered: counts towards the service's rate limit.

    account: whose token it carried, "" without one. writes: "anime:5114" for each entry it changed.
    """

    endpoint: str
    status: int
    at: float
    account: str
    metered: bool
    writes: Sequence[str] = ()


class Journal:
    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._writes: dict[str, Counter[str]] = {}
        self._accounts: Counter[str] = Counter()
        self._moments: deque[float] = deque(maxlen=KEPT)
        self._latest: deque[Handled] = deque(maxlen=SHOWN)

    def add(self, handled: Handled) -> None:
        status = str(handled.status) if handled.status else "no answer"
        self._counts.setdefault(handled.endpoint, Counter())[status] += 1
        for entry in handled.writes:
            self._writes.setdefault(handled.account, Counter())[entry] += 1
        if handled.account:
            self._accounts[handled.account] += 1
        if handled.metered:
            self._moments.append(handled.at)
        self._latest.append(handled)

    def busiest_minute(self) -> int:
        """The most metered requests that fell into any 60 seconds of sandbox time."""
        moments = sorted(self._moments)
        most = first = 0
        for last, moment in enumerate(moments):
            while moment - moments[first] >= 60:
                first += 1
            most = max(most, last - first + 1)
        return most

    def as_json(self) -> dict[str, Any]:
        return {
            "total": sum(count.total() for count in self._counts.values()),
            "metered": len(self._moments),
            "by_endpoint": {name: dict(count) for name, count in sorted(self._counts.items())},
            "by_account": dict(self._accounts),
            "writes": {account: dict(count) for account, count in self._writes.items()},
            "written": sum(count.total() for count in self._writes.values()),
            "most_in_60s": self.busiest_minute(),
            "too_many": sum(count["429"] for count in self._counts.values()),
            "latest": [asdict(one) for one in self._latest],
        }
