"""Taking back: a change or a run, on the side where it happened, where nobody touched it since."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.models import ListEntry
from library.services.editing import create_entry, edit_entry, remove_entry
from syncing.models import Change, SyncRun
from syncing.services import undoing
from syncing.services.undoing import CannotUndo
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    SIDES,
    assert_at_rest,
    drop,
    edit,
    entries_of,
    entry_of,
    held,
    listed,
    media_of,
    settle,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]
both = pytest.mark.parametrize("provider", SIDES)


@pytest.fixture
def connection(link: Link, alice: User, provider: str) -> Connection:
    entries = [listed(provider, 1, progress=3, score=70), listed(provider, 57, progress=4, notes="mine")]
    made = link(alice, provider, entries, removals="yes")
    sync(made)
    return made


def undo(connection: Connection, run: SyncRun) -> SyncRun:
    """Ask for it, and let a worker do it."""
    asked = undoing.undo_run(connection.user, run_id=run.pk)
    assert asked.state == "queued"
    done = sync(connection)
    assert (done.pk, done.state, done.purpose) == (asked.pk, "done", "undo")
    return done


def states(run: SyncRun) -> dict[tuple[str, str], str]:
    return {(row.side, row.action): row.state for row in run.changes.all()}


@both
def test_an_update_that_came_from_the_service(sandbox: Running, alice: User, connection: Connection) -> None:
    provider = connection.provider
    edit(sandbox, provider, 1, progress=9)
    done = undo(connection, sync(connection))
    assert states(done) == {("library", "update"): "applied"}
    assert (entry_of(alice, 1).progress, held(sandbox, provider)[1]["progress"]) == (3, 9)
    assert_at_rest(sandbox, [connection])


@both
def test_a_title_that_came_from_the_service(sandbox: Running, alice: User, connection: Connection) -> None:
    edit(sandbox, connection.provider, 6, progress=2)
    done = undo(connection, sync(connection))
    assert states(done) == {("library", "remove"): "applied"}
    assert set(entries_of(alice)) == {1, 57}
    assert set(held(sandbox, connection.provider)) == {1, 57, 6}
    assert_at_rest(sandbox, [connection])


@both
def test_a_removal_that_came_from_the_service(sandbox: Running, alice: User, connection: Connection) -> None:
    drop(sandbox, connection.provider, 57)
    sync(connection)
    done = undo(connection, sync(connection))
    assert states(done) == {("library", "create"): "applied"}
    row = entry_of(alice, 57)
    assert (row.progress, row.notes) == (4, "mine")
    settle([connection])
    assert_at_rest(sandbox, [connection])
    assert entry_of(alice, 57).progress == 4


@both
def test_an_update_that_was_sent(sandbox: Running, alice: User, connection: Connection) -> None:
    provider = connection.provider
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9, "score": 90})
    done = undo(connection, sync(connection))
    assert states(done) == {(provider, "update"): "applied"}
    assert (entry_of(alice, 1).progress, held(sandbox, provider)[1]["progress"]) == (9, 3)
    assert (entry_of(alice, 1).score, held(sandbox, provider)[1]["score"]) == (90, 70 if provider == "anilist" else 7)
    assert_at_rest(sandbox, [connection])


@both
def test_a_title_that_was_sent(sandbox: Running, alice: User, connection: Connection) -> None:
    provider = connection.provider
    put_title_away(sandbox, connection)
    create_entry(alice, media_id=media_of(6), values={"status": "current", "progress": 5})
    run = sync(connection)
    assert set(held(sandbox, provider)) == {1, 57, 6}
    done = undo(connection, run)
    assert states(done) == {(provider, "remove"): "applied"}
    assert (set(held(sandbox, provider)), set(entries_of(alice))) == ({1, 57}, {1, 57, 6})
    assert_at_rest(sandbox, [connection])


def put_title_away(sandbox: Running, connection: Connection) -> None:
    """Title 6 becomes known, and is on no list."""
    edit(sandbox, connection.provider, 6, progress=1)
    sync(connection)
    remove_entry(connection.user, media_id=media_of(6))
    sync(connection)
    assert set(held(sandbox, connection.provider)) == {1, 57}


@both
def test_a_removal_that_was_sent(sandbox: Running, alice: User, connection: Connection) -> None:
    provider = connection.provider
    remove_entry(alice, media_id=media_of(57))
    run = sync(connection)
    assert set(held(sandbox, provider)) == {1}
    undo(connection, run)
    assert held(sandbox, provider)[57] == {
        "status": "CURRENT" if provider == "anilist" else "watching",
        "score": 0,
        "progress": 4,
        "notes": "mine",
    }
    # Or the next run would take it away again.
    assert entry_of(alice, 57).notes == "mine"
    assert_at_rest(sandbox, [connection])


@both
def test_a_run_with_all_of_it_and_the_undo_of_its_undo(sandbox: Running, alice: User, connection: Connection) -> None:
    provider = connection.provider
    edit(sandbox, provider, 1, progress=9)
    edit_entry(alice, media_id=media_of(57), changes={"progress": 8})
    run = sync(connection)
    first = undo(connection, run)
    assert (entry_of(alice, 1).progress, held(sandbox, provider)[57]["progress"]) == (3, 4)
    second = undo(connection, first)
    assert second.undoes_id == first.pk
    assert (entry_of(alice, 1).progress, held(sandbox, provider)[57]["progress"]) == (9, 8)
    assert_at_rest(sandbox, [connection])


@both
def test_one_change_of_several(sandbox: Running, alice: User, connection: Connection) -> None:
    edit(sandbox, connection.provider, 1, 57, progress=9)
    run = sync(connection)
    change = run.changes.get(media_id=media_of(1))
    asked = undoing.undo_change(alice, change_id=change.pk)
    assert asked is not None
    sync(connection)
    assert (entry_of(alice, 1).progress, entry_of(alice, 57).progress) == (3, 9)
    assert_at_rest(sandbox, [connection])


@both
def test_what_was_edited_since_is_left_and_named(sandbox: Running, alice: User, connection: Connection) -> None:
    provider = connection.provider
    edit(sandbox, provider, 1, progress=9)
    edit_entry(alice, media_id=media_of(57), changes={"progress": 8})
    run = sync(connection)
    edit_entry(alice, media_id=media_of(1), changes={"progress": 10})
    edit(sandbox, provider, 57, progress=11)
    done = undo(connection, run)
    assert set(states(done).values()) == {"skipped"}
    assert {row.message for row in done.changes.all()} == {"Edited since; left as it is."}
    settle([connection], rounds=1)
    assert {key: row.progress for key, row in entries_of(alice).items()} == {1: 10, 57: 11}
    assert {key: row["progress"] for key, row in held(sandbox, provider).items()} == {1: 10, 57: 11}
    assert_at_rest(sandbox, [connection])


@both
def test_edits_of_other_fields_since_are_kept(sandbox: Running, alice: User, connection: Connection) -> None:
    provider = connection.provider
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9})
    run = sync(connection)
    edit(sandbox, provider, 1, notes="written there meanwhile")
    edit_entry(alice, media_id=media_of(1), changes={"score": 90})
    undo(connection, run)
    settle([connection], rounds=1)
    there, here = held(sandbox, provider)[1], entry_of(alice, 1)
    assert (there["progress"], here.progress) == (3, 9)
    assert (there["notes"], here.notes) == ("written there meanwhile", "written there meanwhile")
    assert (there["score"], here.score) == (90 if provider == "anilist" else 9, 90)
    assert_at_rest(sandbox, [connection])


@both
def test_an_undo_travels_to_the_other_services(
    sandbox: Running, link: Link, alice: User, connection: Connection
) -> None:
    other = next(side for side in SIDES if side != connection.provider)
    second = link(alice, other)
    settle([second, connection], rounds=1)
    edit(sandbox, connection.provider, 1, progress=9)
    run = sync(connection)
    sync(second)
    assert held(sandbox, other)[1]["progress"] == 9
    undo(connection, run)
    sync(second)
    assert (held(sandbox, other)[1]["progress"], held(sandbox, connection.provider)[1]["progress"]) == (3, 9)
    assert_at_rest(sandbox, [connection, second])


@both
def test_twice_is_refused(sandbox: Running, alice: User, connection: Connection) -> None:
    edit(sandbox, connection.provider, 1, progress=9)
    run = sync(connection)
    change = run.changes.get()
    undoing.undo_run(alice, run_id=run.pk)
    with pytest.raises(CannotUndo):
        undoing.undo_run(alice, run_id=run.pk)
    with pytest.raises(CannotUndo):
        undoing.undo_change(alice, change_id=change.pk)
    sync(connection)
    with pytest.raises(CannotUndo):
        undoing.undo_run(alice, run_id=run.pk)
    assert SyncRun.objects.filter(purpose="undo").count() == 1


@both
def test_someone_elses_is_not_there(
    sandbox: Running, alice: User, bob: User, charlie: User, connection: Connection, link: Link
) -> None:
    link(bob, connection.provider)
    edit(sandbox, connection.provider, 1, progress=9)
    run = sync(connection)
    for stranger in (bob, charlie):
        with pytest.raises(SyncRun.DoesNotExist):
            undoing.undo_run(stranger, run_id=run.pk)
        with pytest.raises(Change.DoesNotExist):
            undoing.undo_change(stranger, change_id=run.changes.get().pk)
    assert Change.objects.filter(source="undo").count() == 0


@pytest.mark.parametrize("provider", SIDES[:1])
def test_ones_own_edits_are_taken_back_at_once_and_travel(
    sandbox: Running, alice: User, connection: Connection, provider: str
) -> None:
    media_id = media_of(1)

    def latest() -> Change:
        return Change.objects.filter(user=alice, run=None).latest("pk")

    edit_entry(alice, media_id=media_id, changes={"progress": 9})
    edited = latest()
    assert undoing.undo_change(alice, change_id=edited.pk) is None
    assert (entry_of(alice, 1).progress, latest().undoes_id, latest().source) == (3, edited.pk, "undo")
    with pytest.raises(CannotUndo):
        undoing.undo_change(alice, change_id=edited.pk)
    # The undo of the undo.
    undoing.undo_change(alice, change_id=latest().pk)
    assert entry_of(alice, 1).progress == 9
    remove_entry(alice, media_id=media_id)
    undoing.undo_change(alice, change_id=latest().pk)
    assert (entry_of(alice, 1).progress, entry_of(alice, 1).score) == (9, 70)
    sync(connection)
    assert held(sandbox, provider)[1]["progress"] == 9
    assert_at_rest(sandbox, [connection])


@both
def test_a_paused_connection_cannot_undo(sandbox: Running, alice: User, connection: Connection) -> None:
    edit(sandbox, connection.provider, 1, progress=9)
    run = sync(connection)
    Connection.objects.update(state="paused")
    with pytest.raises(CannotUndo):
        undoing.undo_run(alice, run_id=run.pk)
    assert entry_of(alice, 1).progress == 9


@both
def test_a_fault_during_an_undo_leaves_it_waiting(
    sandbox: Running, alice: User, connection: Connection, settings: Any
) -> None:
    provider = connection.provider
    edit_entry(alice, media_id=media_of(1), changes={"progress": 9})
    run = sync(connection)
    asked = undoing.undo_run(alice, run_id=run.pk)
    endpoint = "graphql:SaveMediaListEntry*" if provider == "anilist" else "PATCH *"
    sandbox.control("POST", f"{provider}/faults", {"kind": "reset", "when": "after", "endpoint": endpoint})
    assert sync(connection).error_code == "transient"
    asked.refresh_from_db()
    assert asked.state == "queued"
    sync(connection)
    asked.refresh_from_db()
    assert (asked.state, asked.writes, states(asked)) == ("done", 1, {(provider, "update"): "applied"})
    assert (entry_of(alice, 1).progress, held(sandbox, provider)[1]["progress"]) == (9, 3)
    assert ListEntry.objects.filter(user=alice).count() == 2
    assert_at_rest(sandbox, [connection])
