"""Two at once: two approvals are one, of two uploads one waits, and an erased person's import ends nowhere."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connection

from accounts.models import User
from accounts.services.erasing import erase_person
from library.entry import Entry, Kind, Status
from library.files.model import FileEntry, FileWork, Format, Reading
from library.models import Library, ListEntry, Media
from library.services.editing import edit_entry
from syncing.models import Change, SyncRun
from syncing.services.importing import preview_import
from syncing.services.importing_applying import approve_import
from syncing.services.undoing import CannotUndo, undo_run
from tests.owned import count_rows

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

T = TypeVar("T")
COUNT = 40


def reading() -> Reading:
    entries = [
        FileEntry(FileWork(Kind.ANIME, {"anilist": str(number)}, (f"T{number}",)), Entry(Status.CURRENT, 3))
        for number in range(1, COUNT + 1)
    ]
    return Reading(Format.JSON, entries, rows=COUNT)


def at_once(*works: Callable[[], T]) -> list[T]:
    start = Barrier(len(works))

    def begin(work: Callable[[], T]) -> T:
        start.wait()
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))


def test_two_approvals_at_once_are_one(alice: User) -> None:
    run = preview_import(alice, reading())
    done = at_once(*[lambda: approve_import(alice, run_id=run.pk)] * 3)
    assert {(each.state, each.library_changes, each.skipped) for each in done} == {("done", COUNT, 0)}
    assert (ListEntry.objects.count(), Media.objects.count(), Library.objects.get().revision) == (COUNT, COUNT, 1)


def test_of_uploads_at_once_one_waits(alice: User) -> None:
    at_once(*[lambda: preview_import(alice, reading())] * 4)
    assert sorted(SyncRun.objects.values_list("state", flat=True)) == ["abandoned"] * 3 + ["preview"]
    assert Change.objects.count() == COUNT


def test_two_undos_at_once_are_one(alice: User) -> None:
    run = approve_import(alice, run_id=preview_import(alice, reading()).pk)

    def undo() -> int:
        try:
            return undo_run(alice, run_id=run.pk).library_changes
        except CannotUndo:
            return 0

    assert sorted(at_once(undo, undo)) == [0, COUNT]
    assert ListEntry.objects.filter(removed_at=None).count() == 0


def test_the_same_new_works_for_two_people_are_made_once(alice: User, bob: User) -> None:
    runs = [(user, preview_import(user, reading())) for user in (alice, bob)]
    at_once(*[lambda user=user, run=run: approve_import(user, run_id=run.pk) for user, run in runs])
    assert (Media.objects.count(), ListEntry.objects.count()) == (COUNT, 2 * COUNT)


def test_an_edit_while_it_is_approved_is_never_overwritten(alice: User) -> None:
    approve_import(alice, run_id=preview_import(alice, reading()).pk)
    media_id = Media.objects.get(title="T1").pk
    offered = reading()
    offered.entries = [
        FileEntry(each.work, each.entry.with_(progress=9, score=50), each.stamps, each.place)
        for each in offered.entries
    ]
    run = preview_import(alice, offered, policy="file")
    at_once(
        lambda: approve_import(alice, run_id=run.pk).state,
        lambda: str(edit_entry(alice, media_id=media_id, changes={"progress": 5}).status),
    )
    row = ListEntry.objects.get(media_id=media_id)
    was_first = Change.objects.filter(run=run, media_id=media_id, state="skipped").exists()
    assert (row.progress, row.score) == ((5, 0) if was_first else (5, 50))


def test_erasing_while_an_import_is_approved_leaves_nothing(alice: User) -> None:
    run = preview_import(alice, reading())

    def approve() -> str:
        try:
            return approve_import(alice, run_id=run.pk).state
        except Exception as error:  # noqa: BLE001 - whatever the database says to a person who is no more
            return type(error).__name__

    def erase() -> str:
        erase_person(User.objects.get(pk=alice.pk), tells=False)
        return "erased"

    assert "erased" in at_once(approve, erase)
    assert set(count_rows(alice.pk).values()) == {0}
