"""Where runs are measured: a private PostgreSQL and Valkey, the sandbox without its limits, one person, two lists."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from integrations.sandbox.server import Running, serve
from project.embedded.servers import EmbeddedServers
from tests.bench.large import FIRST_ID, add_works, make_entries

if TYPE_CHECKING:
    from accounts.models import User
    from integrations.models import Connection

SIDES = ("anilist", "myanimelist")
NO_LIMITS = {
    "anilist": {"rate_limit": 0, "burst_limit": 0, "list_cap": 100_000},
    "myanimelist": {"shield_rate": 0},
}


@contextmanager
def stage() -> Iterator[Running]:
    """Django is set up inside; nothing of ours that needs its settings may be imported before.

    DATABASE_URL and REDIS_URL name other servers; the tables go into a test database of that server.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="enishi-bench-")))
        # The unprivileged user that runs the servers for root must be able to pass through.
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
        servers = stack.enter_context(EmbeddedServers(folder, database="postgres", given=given, durable=False))
        sandbox = stack.enter_context(serve())
        for provider, values in NO_LIMITS.items():
            sandbox.control("POST", f"{provider}/settings", values)
        os.environ |= {
            **servers.urls,
            "DJANGO_SETTINGS_MODULE": "project.settings.test",
            "ENISHI_VAR": str(folder),
            "ENISHI_SANDBOX_URL": sandbox.url,
            "ANILIST_RATE": "600000/60:100000",
            "MAL_RATE": "600000/60:100000",
            "ENISHI_LOG_LEVEL": "ERROR",
        }
        django.setup()
        stack.enter_context(_tables())
        yield sandbox


@contextmanager
def _tables() -> Iterator[None]:
    from django.db import connection

    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def fill(sandbox: Running, size: int, *, name: str, first_id: int = FIRST_ID) -> dict[str, Connection]:
    """A person whose two lists hold the same `size` entries, linked and never synced. `name`: of their accounts."""
    from accounts.models import User

    add_works(sandbox, size, first_id=first_id)
    user = User.objects.create_user(f"{name}@example.org", "right horse battery staple")
    lists = {provider: make_entries(provider, size, first_id=first_id) for provider in SIDES}
    return {provider: _link(sandbox, user, provider, name=name, entries=lists[provider]) for provider in SIDES}


def _link(sandbox: Running, user: User, provider: str, *, name: str, entries: list[dict[str, Any]]) -> Connection:
    from django.utils import timezone

    from integrations.models import Connection
    from syncing.services import scheduling

    account = {"name": name, "entries": entries, "token": True}
    made = sandbox.control("POST", f"{provider}/accounts", account)
    connection = Connection(
        user=user,
        provider=provider,
        account_id=str(made["id"]),
        account_name=name,
        access_token=made["token"]["access_token"],
        token_expires_at=timezone.now() + timedelta(days=20),
        linked_at=timezone.now(),
        asks_first=False,
    )
    connection.save(force_insert=True)
    scheduling.add_schedule(connection, fresh=True)
    return connection
