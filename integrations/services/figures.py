"""How the services and our budgets with them stand right now, for operators. Only read from Redis; a scope is named
by what is counted and by a hash, so that neither an address, a client id nor a token is in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from integrations.breaker import Condition, condition
from integrations.errors import Unavailable
from integrations.limits import Budget
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.readings import Reading, readings
from integrations.services import providers

UNKNOWN = Condition("unknown")


@dataclass(frozen=True, slots=True)
class Figure:
    """One budget, or one scope of it that was used lately. limit: requests in `window` seconds, in force now;
    configured: the same by settings, 0 when no setting speaks of this scope; blocked_for: seconds of penalty left.

    used, left, waiting: None where no one scope stands for all of them (a budget a person, or nothing asked lately).
    """

    counts_by: str
    applies: str
    mark: str
    limit: float
    configured: float
    window: float
    used: int | None = None
    left: int | None = None
    waiting: int | None = None
    blocked_for: float = 0.0

    @property
    def is_learnt(self) -> bool:
        """The service's headers made it another one than the settings say."""
        return self.configured > 0 and not math.isclose(self.limit, self.configured, rel_tol=1e-6)


@dataclass(frozen=True, slots=True)
class Standing:
    """One provider. is_known: False while our own counter in Redis is away, and then no calls are made."""

    slug: str
    name: str
    is_enabled: bool
    breaker: Condition
    figures: tuple[Figure, ...] = ()

    @property
    def is_known(self) -> bool:
        return self.breaker is not UNKNOWN

    @property
    def blocked_for(self) -> float:
        return max((figure.blocked_for for figure in self.figures), default=0.0)

    @property
    def trouble(self) -> str:
        """What an operator should see first; "" when all is well."""
        if not self.is_enabled:
            return "switched off here"
        if not self.is_known:
            return "our request counter is away: no calls are made"
        if self.breaker.state == "open":
            return "not reachable"
        if self.breaker.state == "half_open":
            return "not reachable; the next call tries again"
        return "asks us to stay away" if self.blocked_for else ""


def standings() -> list[Standing]:
    """One a provider, in the registry's order. Never raises for Redis."""
    return [standing_of(registry.get(slug)) for slug in registry.slugs()]


def standing_of(provider: Provider) -> Standing:
    is_enabled, redis = providers.is_enabled(provider.slug), providers.redis_client()
    try:
        breaker, known = condition(redis, provider.slug), readings(redis, provider.slug)
    except Unavailable:
        return Standing(provider.slug, provider.name, is_enabled, UNKNOWN)
    figures = _figures(providers.budgets_for(provider), known)
    return Standing(provider.slug, provider.name, is_enabled, breaker, tuple(figures))


def _figures(budgets: Sequence[Budget], known: Sequence[Reading]) -> list[Figure]:
    """Each scope that was used lately, then each budget of which no scope was."""
    found = [_of_reading(reading, budgets) for reading in known]
    seen = {(figure.counts_by, figure.applies) for figure in found}
    rest = [budget for budget in budgets if (budget.scope, budget.applies) not in seen]
    return found + [_of_budget(budget) for budget in rest]


def _of_reading(reading: Reading, budgets: Sequence[Budget]) -> Figure:
    counts_by, *middle, window, mark = reading.scope.split(":")
    applies = middle[0] if middle else "all"
    rates = [
        budget.requests / budget.seconds
        for budget in budgets
        if (budget.scope, budget.applies, f"{budget.seconds:g}s") == (counts_by, applies, window)
    ]
    return Figure(
        counts_by,
        applies,
        mark,
        limit=reading.limit,
        configured=rates[0] * reading.window if rates else 0.0,
        window=reading.window,
        used=reading.used,
        left=reading.left,
        waiting=reading.waiting,
        blocked_for=reading.blocked_for,
    )


def _of_budget(budget: Budget) -> Figure:
    return Figure(budget.scope, budget.applies, "", budget.requests, budget.requests, budget.seconds)
