"""From settings to working lines: which providers are on, at what rate, through which client, Redis and sandbox."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import httpx
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from redis import Redis, backoff, retry

from integrations.breaker import Breaker
from integrations.limits import Budget, RedisLimiter, budgets_of
from integrations.line import Line, build_client, rewrite
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.services.refusals import LinkError

_RATE = re.compile(r"(\d{1,6})/(\d{1,6})(?::(\d{1,6}))?")


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """What the operator decided. interval: minutes, of a new connection. rate: "" or requests/seconds[:burst]."""

    enabled: bool = True
    rate: str = ""
    interval: int = 60
    direction: str = "bidirectional"


def settings_for(slug: str) -> ProviderSettings:
    given: dict[str, Any] = settings.PROVIDERS.get(slug, {})
    return ProviderSettings(**given)


def is_enabled(slug: str) -> bool:
    return settings_for(slug).enabled


def enabled_slugs() -> tuple[str, ...]:
    return tuple(slug for slug in registry.slugs() if is_enabled(slug))


def provider_for(name: str) -> Provider:
    """The provider for a slug or an alias. Raises LinkError: unknown_provider or provider_disabled."""
    try:
        provider = registry.get(name)
    except registry.UnknownProvider as error:
        raise LinkError("unknown_provider", str(error)) from error
    if not is_enabled(provider.slug):
        raise LinkError("provider_disabled", f"{provider.name} is switched off here for now.")
    return provider


def read_rate(text: str, *, scope: str) -> Budget:
    """ "24/60:4": never more than 24 requests in any 60 seconds, 4 of them at once. Raises ImproperlyConfigured."""
    match = _RATE.fullmatch(text.strip())
    if match is None or int(match[1]) == 0 or int(match[2]) == 0:
        raise ImproperlyConfigured(f"{text!r} is not a rate; write requests/seconds:burst, e.g. 24/60:4")
    return Budget(scope=scope, requests=int(match[1]), seconds=float(match[2]), burst=int(match[3] or 1) or 1)


def budgets_for(provider: Provider) -> tuple[Budget, ...]:
    """The provider's own budgets; the operator's rate takes the place of the first."""
    rate = settings_for(provider.slug).rate
    if not rate:
        return provider.budgets
    first = provider.budgets[0]
    return (replace(first, **_parts(read_rate(rate, scope=first.scope))), *provider.budgets[1:])


def _parts(budget: Budget) -> dict[str, Any]:
    return {"requests": budget.requests, "seconds": budget.seconds, "burst": budget.burst}


@lru_cache(maxsize=1)
def redis_client() -> Redis:
    """One pool a process. Short timeouts: without Redis no call is made, and that should show at once."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=5,
        socket_connect_timeout=2,
        socket_keepalive=True,
        health_check_interval=25,
        # One more try for a connection that had gone stale; the library's own ten take seven seconds.
        retry=retry.Retry(backoff.NoBackoff(), 1),
    )


@lru_cache(maxsize=1)
def http_client() -> httpx.Client:
    """One pool a process, shared by its threads."""
    return build_client(user_agent=settings.USER_AGENT, site_url=settings.SITE_URL)


def _forget_sockets() -> None:
    """A forked child may not speak through its parent's sockets."""
    redis_client.cache_clear()
    http_client.cache_clear()


os.register_at_fork(after_in_child=_forget_sockets)


def rewrite_url(url: str) -> str:
    """The address as a browser or client should open it: the sandbox's where one is configured."""
    return rewrite(url, settings.SANDBOX_URL)


def redirect_uris(slug: str) -> list[str]:
    """Where this service may send a person back to; the first is the one to register with an app."""
    return settings.OAUTH_REDIRECT_URIS.get(slug) or [f"{settings.SITE_URL}/integrations/{slug}/callback"]


def open_line(provider: Provider, *, klass: str, app: str = "", token: str = "", max_wait: float = 5.0) -> Line:
    """A line to a provider. klass: interactive, refresh, writes or checks (which share of the budget it may use).

    max_wait: seconds that a call may sleep for its turn; a longer wait raises RateLimited.
    app: client id; token: whose token is used, as an id of ours. Both only name budgets, neither is a secret.
    """
    budgets = budgets_for(provider)
    reads, writes = budgets_of(budgets, "reads"), budgets_of(budgets, "writes")
    shared = tuple(budget for budget in budgets if budget.scope != "token")

    def limiter(chosen: Sequence[Budget]) -> RedisLimiter:
        return RedisLimiter(
            redis_client(),
            provider.slug,
            chosen,
            address=settings.EGRESS_ADDRESS,
            app=app,
            token=token,
            klass=klass,
            max_wait=max_wait,
            # What an operator sets is not raised by what a header says.
            may_raise=budgets == provider.budgets,
            # Headers speak of the service's own window, whatever window the operator counts in.
            header_seconds=provider.budgets[budgets.index(chosen[0])].seconds,
        )

    return Line(
        provider,
        client=http_client(),
        limiter=limiter(reads),
        breaker=Breaker(redis_client(), provider.slug),
        app=app,
        write_limiter=limiter(writes) if writes != reads else None,
        outage_limiter=limiter(shared) if shared and budgets[0].scope == "token" else None,
        sandbox_url=settings.SANDBOX_URL,
    )
