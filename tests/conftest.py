"""What every test may use: real servers, three people, no network, the same examples on every machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from redis import Redis

from accounts.models import User

PASSWORD = "right horse battery staple"
LONGEST_ID = 30

# "ci" and "quick" draw the same examples each time: a red test is red for everybody. "deep" looks for new ones.
_CALM: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
hypothesis_settings.register_profile("quick", max_examples=50, derandomize=True, **_CALM)
hypothesis_settings.register_profile("ci", max_examples=200, derandomize=True, **_CALM)
hypothesis_settings.register_profile("deep", max_examples=20_000, derandomize=False, print_blob=True, **_CALM)
hypothesis_settings.load_profile(os.environ.get("ENISHI_HYPOTHESIS", "ci"))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Keys, tokens and UUIDs make no name of a test: drawn afresh, each parallel worker would collect another one."""
    is_word = isinstance(val, str) and " " not in val
    return argname if is_word and len(str(val)) > LONGEST_ID else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On SQLite the tests that need PostgreSQL are deselected, and counted in the closing line."""
    if connection.vendor == "postgresql":
        return
    left_out = [item for item in items if item.get_closest_marker("postgres")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


# No network beyond this machine ---------------------------------------------------------------------------


class NetworkBlocked(AssertionError):
    """A test reached for the world. Point it at the sandbox or at a double."""


def _allowed(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    host = str(address[0])
    return host in ("localhost", "::1", "") or host.startswith("127.")


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Connections and name look-ups beyond loopback raise NetworkBlocked."""
    patch = pytest.MonkeyPatch()
    real = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex", "sendto")}
    real_look_up = socket.getaddrinfo

    def guard(name: str) -> Any:
        def guarded(self: socket.socket, *args: Any) -> Any:
            if not _allowed(args[-1]):
                raise NetworkBlocked(f"{name} to {args[-1][0]}")
            return real[name](self, *args)

        return guarded

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if not _allowed((name or "",)):
            raise NetworkBlocked(f"name look-up of {name}")
        return real_look_up(host, *args, **kwargs)

    for name in real:
        patch.setattr(socket.socket, name, guard(name))
    patch.setattr(socket, "getaddrinfo", look_up)
    yield
    patch.undo()


# Valkey ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A real Valkey; this worker's own database number. Not flushed: see `redis_client`."""
    return str(settings.REDIS_URL)


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[Redis]:
    """Bytes in, bytes out; the database is empty before and after."""
    client = Redis.from_url(redis_url)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture
def no_service(settings: Any, redis_client: Redis) -> None:
    """On the way out nobody answers, at once. What that tells the breakers is forgotten afterwards."""
    settings.SANDBOX_URL = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Rate limits and health must not remember another test. The cache has a Redis database of its own."""
    yield
    from django.core.cache import cache

    cache.clear()


# People ---------------------------------------------------------------------------------------------------


@pytest.fixture
def alice(db: None) -> User:
    """Owns what the test is about."""
    return User.objects.create_user("alice@example.org", PASSWORD, timezone="Europe/Berlin")


@pytest.fixture
def bob(db: None) -> User:
    """Another person, with an account at the same provider."""
    return User.objects.create_user("bob@example.org", PASSWORD)


@pytest.fixture
def charlie(db: None) -> User:
    """A stranger."""
    return User.objects.create_user("charlie@example.org", PASSWORD)
