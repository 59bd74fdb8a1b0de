"""The whole way over real HTTP: the sandbox, a real database, a real Valkey, and people who linked their accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from redis import Redis

from accounts.models import User
from integrations.limits import Budget
from integrations.models import Connection
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.sandbox.server import Running, serve
from integrations.services import providers
from syncing.models import SyncRun
from syncing.services import leases, scheduling
from syncing.services.running import run_lease

TRAKT_APP = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "redirect_uri": "http://localhost:9/back",
}
"""Trakt answers nobody without an app, whatever token they have."""
FAST = {"enabled": True, "rate": "60000/60:1000", "interval": 60, "direction": "bidirectional"}


@pytest.fixture(scope="session")
def _sandbox_server() -> Iterator[Running]:
    with serve() as running:
        yield running


@pytest.fixture
def sandbox(
    _sandbox_server: Running, settings: Any, redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    """A fresh sandbox that everything goes to, with limits out of the way: tests of limits set their own."""
    _sandbox_server.control("POST", "reset")
    _sandbox_server.control("POST", "anilist/settings", {"rate_limit": 100_000, "burst_limit": 100_000})
    _sandbox_server.control("POST", "myanimelist/settings", {"shield_rate": 100_000, "shield_room": 100_000})
    unlimited = {"post_limit": 0, "get_limit": 0, "app_get_limit": 0, "edge_rate": 0.0}
    _sandbox_server.control("POST", "trakt/settings", unlimited)
    _sandbox_server.control("POST", "trakt/apps", TRAKT_APP)
    settings.SANDBOX_URL = _sandbox_server.url
    settings.PROVIDERS = {slug: dict(FAST) for slug in registry.slugs()}
    # All budgets of a service, where a rate in the settings takes the place of the first alone.
    monkeypatch.setattr(providers, "budgets_for", _out_of_the_way)
    settings.PROVIDER_APPS = dict.fromkeys(registry.slugs(), ("sandbox-client", "sandbox-secret"))
    providers.redis_client.cache_clear()
    providers.http_client.cache_clear()
    yield _sandbox_server
    providers.http_client().close()
    providers.redis_client().close()
    providers.redis_client.cache_clear()
    providers.http_client.cache_clear()


def _out_of_the_way(provider: Provider) -> tuple[Budget, ...]:
    return tuple(replace(budget, requests=60_000, seconds=60.0, burst=1000) for budget in provider.budgets)


Link = Callable[..., Connection]


@pytest.fixture
def link(sandbox: Running, django_capture_on_commit_callbacks: Any) -> Link:
    """Make an account with a list at the sandbox and connect it; asks_first=False unless said otherwise."""

    def make(user: User, provider: str, entries: list[dict[str, Any]] | None = None, **options: Any) -> Connection:
        account_settings = options.pop("settings", {})
        name = options.pop("name", f"{user.email.partition('@')[0]}_{provider}")
        made = sandbox.control(
            "POST",
            f"{provider}/accounts",
            {"name": name, "entries": entries or [], "settings": account_settings},
        )
        token = sandbox.control("POST", f"{provider}/tokens", {"account": name})
        connection = Connection(
            user=user,
            provider=provider,
            account_id=str(made["id"]),
            account_name=name,
            access_token=token["access_token"],
            refresh_token=token.get("refresh_token"),
            token_expires_at=timezone.now() + timedelta(days=20),
            linked_at=timezone.now(),
            **{"asks_first": False, **options},
        )
        connection.save(force_insert=True)
        scheduling.add_schedule(connection, fresh=True)
        return connection

    return make


def sync(connection: Connection, *, full: bool = False, preview: bool = False) -> SyncRun:
    """One run of one connection, as a worker does it."""
    scheduling.request_sync(
        connection.user, provider=connection.provider, full=full, preview=preview, trigger="command"
    )
    lease = leases.claim(connection.pk)
    assert lease is not None
    run = run_lease(lease, trigger="command")
    assert run is not None
    return run
