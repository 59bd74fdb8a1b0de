"""A list file on its whole way: into the library, from there to the services, to rest, and back again."""

from __future__ import annotations

import io

import pytest

from accounts.models import User
from accounts.services.erasing import erase_person
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.entry import Entry, Kind, Status
from library.files.model import Format
from library.files.reading import read_list
from library.services.exporting import export_list
from syncing.models import SyncRun
from syncing.services.importing import preview_import
from syncing.services.importing_applying import approve_import
from syncing.services.undoing import undo_run
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import SIDES, assert_at_rest, entry_of, held, listed
from tests.owned import count_rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]
both = pytest.mark.parametrize("provider", SIDES)


@pytest.fixture
def connection(link: Link, alice: User, provider: str) -> Connection:
    made = link(alice, provider, [listed(provider, 1, progress=3, score=70)], removals="yes")
    sync(made)
    return made


def bring(user: User, text: str, policy: str = "file") -> SyncRun:
    run = preview_import(user, read_list(io.BytesIO(text.encode())), policy=policy)
    return approve_import(user, run_id=run.pk)


def table(provider: str, *rows: str) -> str:
    return "\n".join([f"kind,{provider}_id,title,status,progress,score", *rows])


@both
def test_what_a_file_brings_travels_and_comes_to_rest(
    provider: str, sandbox: Running, alice: User, connection: Connection
) -> None:
    run = bring(alice, table(provider, "anime,1,Known,current,9,80", "anime,6,New,planned,,"))
    assert run.library_changes == 2
    done = sync(connection)
    assert (done.writes, done.library_changes) == (2, 0)
    there = held(sandbox, provider)
    assert (there[1]["progress"], set(there)) == (9, {1, 6})
    assert_at_rest(sandbox, [connection])


@both
def test_an_import_that_is_undone_is_undone_everywhere(
    provider: str, sandbox: Running, alice: User, connection: Connection
) -> None:
    run = bring(alice, table(provider, "anime,1,Known,current,9,80", "anime,6,New,planned,,"))
    sync(connection)
    back = undo_run(alice, run_id=run.pk)
    assert (back.state, back.library_changes, entry_of(alice, 1).progress) == ("done", 2, 3)
    for _ in range(2):
        sync(connection)
    there = held(sandbox, provider)
    assert (there[1]["progress"], set(there)) == (3, {1})
    assert_at_rest(sandbox, [connection])


@both
def test_a_list_that_comes_back_in_its_own_file_changes_nothing(
    provider: str, sandbox: Running, alice: User, connection: Connection
) -> None:
    for file_format in Format:
        text = "".join(export_list(alice, file_format=file_format, kind=Kind.ANIME))
        assert bring(alice, text).library_changes == 0
    assert_at_rest(sandbox, [connection])


@both
def test_a_work_that_a_file_made_known_is_the_one_that_the_service_tells_of(
    provider: str, sandbox: Running, alice: User, bob: User, link: Link
) -> None:
    """Its title comes from the service as soon as it does: nobody vouches for what a file calls it."""
    bring(alice, table(provider, "anime,1,What a file calls it,planned,,"))
    connection = link(bob, provider, [listed(provider, 1, progress=3)])
    sync(connection)
    assert entry_of(bob, 1).progress == 3
    hers, his = alice.entries.get().media, bob.entries.get().media
    assert hers == his
    assert (his.format != "", his.title) == (True, his.titles[0])
    assert his.title != "What a file calls it"
    assert entry_of(alice, 1).entry == Entry(Status.PLANNED)


@both
def test_a_run_ends_quietly_when_its_person_is_gone(
    provider: str, sandbox: Running, alice: User, connection: Connection
) -> None:
    before = held(sandbox, provider)
    erase_person(User.objects.get(pk=alice.pk), tells=False)
    assert set(count_rows(alice.pk).values()) == {0}
    assert held(sandbox, provider) == before
