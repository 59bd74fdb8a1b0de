"""Settings about providers that cannot work, found at start and named by the variable that sets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from integrations.models import Direction
from integrations.providers import registry
from integrations.services.options import LONGEST_INTERVAL, SHORTEST_INTERVAL
from integrations.services.providers import read_rate, settings_for


@checks.register()
def check_provider_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    return [problem for slug in registry.slugs() for problem in _check(slug)]


def _check(slug: str) -> Iterator[checks.CheckMessage]:
    prefix = registry.short_name(slug).upper()
    chosen = settings_for(slug)
    if chosen.rate:
        try:
            read_rate(chosen.rate, scope="address")
        except ImproperlyConfigured as error:
            yield checks.Error(f"{prefix}_RATE: {error}", id="integrations.E011")
    if not SHORTEST_INTERVAL <= chosen.interval <= LONGEST_INTERVAL:
        text = f"{prefix}_INTERVAL is {chosen.interval}; write minutes from {SHORTEST_INTERVAL} to {LONGEST_INTERVAL}"
        yield checks.Error(text, id="integrations.E012")
    if chosen.direction not in Direction.values:
        text = f"{prefix}_DIRECTION is {chosen.direction!r}; write one of {', '.join(Direction.values)}"
        yield checks.Error(text, id="integrations.E013")
    for uri in settings.OAUTH_REDIRECT_URIS.get(slug, []):
        parts = urlsplit(uri)
        if parts.scheme not in ("https", "http") or not parts.netloc or parts.fragment:
            text = f"{prefix}_REDIRECT_URIS holds {uri!r}; write absolute addresses like https://example.org/callback"
            yield checks.Error(text, id="integrations.E014")
