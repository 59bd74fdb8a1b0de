"""Ways out to services that turn one site's ids into another's. They know nothing of people."""

from __future__ import annotations

from django.conf import settings

from integrations.breaker import Breaker
from integrations.crypto import Secret
from integrations.http import Session
from integrations.limits import RedisLimiter
from integrations.line import Line
from integrations.services import providers
from integrations.translators.tmdb import client


def open_tmdb() -> Session:
    """With TMDB's own budget and breaker, and the operator's token."""
    tmdb = client.Tmdb()
    limiter = RedisLimiter(
        providers.redis_client(), tmdb.slug, tmdb.budgets, address=settings.EGRESS_ADDRESS, klass="checks", max_wait=5.0
    )
    line = Line(
        tmdb,
        client=providers.http_client(),
        limiter=limiter,
        breaker=Breaker(providers.redis_client(), tmdb.slug),
        sandbox_url=settings.SANDBOX_URL,
    )
    return Session(line, token=Secret(settings.TMDB_TOKEN))
