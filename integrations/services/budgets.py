"""What everybody together may ask of a service in the next minute: by its budgets, and by what it taught us since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from integrations.errors import Unavailable
from integrations.limits import CLASSES, Budget
from integrations.providers.base import Provider
from integrations.readings import Reading, readings
from integrations.services.providers import budgets_for, redis_client

MINUTE = 60.0
SOON = 10.0
"""Seconds of a penalty for which work may be handed out before it ends: about what a call waits for its turn."""
UNMETERED = 60.0
"""Requests a minute where a service counts nothing that people share: no queue of ours may grow without end."""


def checks_of_next_minute(provider: Provider, *, klass: str) -> int:
    """How many connections that part of the next minute's budget looks after which is always this class's.

    0 while the service wants to be left alone; otherwise at least 1, or the slowest would never begin.
    """
    requests = requests_of_next_minute(provider)
    return max(1, int(requests * CLASSES[klass].share / max(provider.probe_requests, 1))) if requests else 0


def requests_of_next_minute(provider: Provider) -> float:
    """Reads only. Addresses of ours that were used lately add up: workers behind each take what is handed out. Of
    apps the freest counts, since most people share one: one that has to wait must not stop the others."""
    known = _known(provider.slug)
    shared = [budget for budget in budgets_for(provider) if budget.scope != "token" and budget.applies != "writes"]
    return min((_requests(budget, known.get(budget.scope, ())) for budget in shared), default=UNMETERED)


def _requests(budget: Budget, known: Sequence[Reading]) -> float:
    rate = budget.requests * MINUTE / budget.seconds
    open_ = [
        min(rate, reading.limit * MINUTE / reading.window) if reading.blocked_for <= SOON else 0.0 for reading in known
    ]
    if not open_:
        return rate
    return sum(open_) if budget.scope == "address" else max(open_)


def _known(slug: str) -> Mapping[str, list[Reading]]:
    """{scope: readings}; empty without Redis, where nothing can be handed out anyway."""
    found: dict[str, list[Reading]] = defaultdict(list)
    try:
        for reading in readings(redis_client(), slug):
            scope, _, rest = reading.scope.partition(":")
            if not rest.startswith("writes:"):
                found[scope].append(reading)
    except Unavailable:
        return {}
    return found
