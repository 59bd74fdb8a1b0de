"""Tokens that run out or are taken away in the middle of things."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.server import Running
from integrations.services.connecting import paste_token
from library.services.editing import edit_entry
from syncing.models import Schedule, SyncRun
from syncing.services import leases
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    ANILIST,
    MAL,
    WRITES,
    account,
    assert_at_rest,
    assert_books_closed,
    break_,
    clear_counts,
    entry_of,
    held,
    listed,
    media_of,
    mend,
    writes_of,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]
GOOD = ("done", "")


@pytest.fixture
def _known_app(sandbox: Running) -> None:
    """MyAnimeList renews tokens for apps that it knows."""
    app = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", "redirect_uri": "https://localhost/"}
    sandbox.control("POST", f"{MAL}/apps", app)


def begin(link: Link, user: User, provider: str) -> Connection:
    connection = link(user, provider, [listed(provider, 1, progress=1)])
    sync(connection)
    return connection


def ended(run: SyncRun) -> tuple[str, str]:
    return (run.state, run.error_code)


def told(connection: Connection) -> tuple[str, str]:
    row = Connection.objects.get(pk=connection.pk)
    assert bool(row.message) == bool(row.message_code)
    return (row.state, row.message_code)


def assert_recovered(sandbox: Running, connection: Connection, *, progress: int) -> None:
    """After the fault: one run brings the edit there, it was written once in all, and then there is rest."""
    mend(sandbox, connection.provider)
    assert ended(sync(connection)) == GOOD
    assert told(connection) == ("active", "")
    assert Schedule.objects.get(pk=connection.pk).failures == 0
    assert held(sandbox, connection.provider)[1]["progress"] == progress
    assert entry_of(connection.user, 1).progress == progress
    assert writes_of(sandbox, connection.provider) == {"anime:1": 1}
    assert_at_rest(sandbox, [connection])


@pytest.mark.usefixtures("_known_app")
@pytest.mark.parametrize("endpoint", ["*", "PATCH *"])
def test_an_expired_token_is_renewed_on_the_way(sandbox: Running, link: Link, alice: User, endpoint: str) -> None:
    connection = begin(link, alice, MAL)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9})
    clear_counts(sandbox)
    break_(sandbox, MAL, "expired_token", endpoint=endpoint)
    assert ended(sync(connection)) == GOOD
    assert Connection.objects.get(pk=connection.pk).token_version == 1
    assert sandbox.control("GET", f"{MAL}/requests")["by_endpoint"]["oauth2/token:refresh_token"] == {"200": 1}
    assert_recovered(sandbox, connection, progress=9)


@pytest.mark.usefixtures("_known_app")
@pytest.mark.parametrize(
    ("provider", "faults"),
    [
        (ANILIST, [{"kind": "expired_token"}]),
        (ANILIST, [{"kind": "revoked_token"}]),
        (ANILIST, [{"kind": "expired_token", "endpoint": WRITES[ANILIST]}]),
        (MAL, [{"kind": "revoked_token"}]),
        (MAL, [{"kind": "revoked_token", "endpoint": WRITES[MAL]}]),
        (MAL, [{"kind": "expired_token"}, {"kind": "refuse_refresh"}]),
    ],
    ids=str,
)
def test_a_dead_sign_in_stops_the_schedule_and_is_told_once(
    sandbox: Running, link: Link, alice: User, provider: str, faults: list[dict[str, Any]]
) -> None:
    connection = begin(link, alice, provider)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9})
    clear_counts(sandbox)
    for fault in faults:
        break_(sandbox, provider, **fault)
    assert ended(sync(connection)) == ("halted", "needs_login")
    assert told(connection) == ("needs_login", "needs_login")
    assert Schedule.objects.get(pk=connection.pk).is_on is False
    Schedule.objects.update(due_at=timezone.now(), not_before=None)
    assert leases.claim_due(provider, limit=5) == []
    assert [message.to for message in mail.outbox] == [[alice.email]]
    assert writes_of(sandbox, provider) == {}
    assert entry_of(alice, 1).progress == 9
    assert_books_closed()


def test_after_a_new_link_the_sync_goes_on_where_it_was(sandbox: Running, link: Link, alice: User) -> None:
    connection = begin(link, alice, ANILIST)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9})
    clear_counts(sandbox)
    sandbox.control("POST", "anilist/tokens", {"account": account(ANILIST), "revoke": True})
    assert ended(sync(connection)) == ("halted", "needs_login")
    token = sandbox.control("POST", "anilist/tokens", {"account": account(ANILIST)})["access_token"]
    paste_token(alice, provider=ANILIST, token=token)
    assert_recovered(sandbox, connection, progress=9)
