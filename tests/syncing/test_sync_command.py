"""`manage.py sync`: a run by hand, with a result for people and for programs."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.models import ListEntry
from syncing.models import Schedule
from syncing.services import leases
from tests.e2e.conftest import Link, _sandbox_server, link, sandbox  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

LIST = [{"mediaId": 1, "status": "CURRENT", "progress": 3, "updatedAt": 1_700_000_000}]


@pytest.fixture
def connection(link: Link, alice: User) -> Connection:  # noqa: F811
    return link(alice, "anilist", LIST)


def run(**options: Any) -> str:
    out = StringIO()
    call_command("sync", user="alice@example.org", provider="anilist", stdout=out, **options)
    return out.getvalue()


def test_it_syncs_and_says_so_in_plain_lines(connection: Connection, alice: User) -> None:
    said = run()
    assert "read: 1 of 1" in said
    assert "library_changes 1" in said
    assert ListEntry.objects.get(user=alice).progress == 3


def test_a_dry_run_changes_nothing(connection: Connection, alice: User) -> None:
    figures = json.loads(run(dry_run=True, json=True))
    assert (figures["state"], figures["planned"], figures["writes"]) == ("preview", 1, 0)
    assert ListEntry.objects.filter(user=alice).count() == 0


def test_json_has_the_figures(connection: Connection) -> None:
    run()
    assert json.loads(run(json=True, full=True)) | {"run": ""} == {
        "run": "",
        "state": "done",
        "read": 1,
        "library_changes": 0,
        "writes": 0,
        "skipped": 0,
        "failed": 0,
        "requests": 1,
        "message": "",
    }


def test_a_mode_sets_the_direction(connection: Connection) -> None:
    run(mode="import_only")
    connection.refresh_from_db()
    assert connection.direction == "import_only"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"user": "nobody@example.org"}, "nobody here has the address"),
        ({"provider": "mylist"}, "mylist"),
        ({"provider": "mal"}, "has not connected mal"),
    ],
)
def test_bad_arguments_are_named(connection: Connection, options: dict[str, str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("sync", **{"user": "alice@example.org", "provider": "anilist", **options})


def test_a_run_at_work_is_not_doubled(connection: Connection) -> None:
    assert leases.claim(connection.pk) is not None
    with pytest.raises(CommandError, match="running already"):
        run()


def test_a_paused_connection_says_so(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(state="paused")
    with pytest.raises(CommandError, match="paused"):
        run()


def test_trouble_is_an_error(connection: Connection, sandbox: Running) -> None:  # noqa: F811
    sandbox.control("POST", "anilist/tokens", {"account": "alice_anilist", "revoke": True})
    with pytest.raises(CommandError, match="AniList"):
        run()
    assert Schedule.objects.get(pk=connection.pk).is_on is False
