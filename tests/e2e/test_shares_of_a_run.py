"""Which share of a budget a run spends: checks while it reads, writes while it writes, a person's throughout."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from accounts.models import User
from integrations.limits import CLASSES, index_of
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.services.editing import edit_entry
from syncing.models import Schedule
from syncing.services import leases, scheduling
from syncing.services.running import run_lease
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import SIDES, held, listed, media_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]


def spent(redis: Redis, provider: str) -> set[str]:
    """The classes that took a place of a shared budget since the last look."""
    client: Any = redis
    scopes = [name.decode() for name in client.smembers(index_of(provider))]
    found = {klass for klass in CLASSES for scope in scopes if client.hexists(scope, f"tat:{klass}")}
    redis.flushdb()
    return found


def run_for_a_person(connection: Connection) -> None:
    scheduling.request_sync(connection.user, provider=connection.provider)
    lease = leases.claim(connection.pk)
    assert lease is not None
    assert lease.interactive
    assert run_lease(lease) is not None


@pytest.mark.parametrize("provider", SIDES)
def test_a_run_on_schedule_reads_as_a_check_and_writes_as_a_write(
    sandbox: Running, link: Link, alice: User, redis_client: Redis, provider: str
) -> None:
    connection = link(alice, provider, [listed(provider, 1, progress=1)])
    sync(connection)
    # Whoever has just linked an account waits for the first run.
    assert spent(redis_client, provider) == {"interactive"}
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9})
    # Nobody waits for this one: so the rest of a long push goes out.
    Schedule.objects.filter(pk=connection.pk).update(interactive=False)
    run = sync(connection)
    assert (run.writes, spent(redis_client, provider)) == (1, {"checks", "writes"})
    assert run.requests >= 2
    sync(connection)
    assert spent(redis_client, provider) == {"checks"}


@pytest.mark.parametrize("provider", SIDES)
def test_a_run_that_a_person_waits_for_keeps_their_share_throughout(
    sandbox: Running, link: Link, alice: User, redis_client: Redis, provider: str
) -> None:
    connection = link(alice, provider, [listed(provider, 1, progress=1)])
    sync(connection)
    spent(redis_client, provider)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9})
    run_for_a_person(connection)
    assert spent(redis_client, provider) == {"interactive"}
    assert held(sandbox, provider)[1]["progress"] == 9
