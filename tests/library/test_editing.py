"""A person's own edits: stamped, counted, told to the others, and refused where they make no sense."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from library.entry import InvalidEntry, Status
from library.models import ListEntry, Media
from library.queries import entries_for_user, entry_for_user, revision_of, rows_of
from library.services.editing import Edit, create_entry, edit_entry, remove_entry
from library.signals import library_edited

pytestmark = pytest.mark.django_db


@pytest.fixture
def bebop() -> Media:
    return Media.objects.create(kind="anime", title="Cowboy Bebop", total=26)


@pytest.fixture
def told() -> Any:
    """What the library told the other rooms."""
    heard: list[Edit] = []

    def hear(edits: list[Edit], **_: Any) -> None:
        heard.extend(edits)

    library_edited.connect(hear)
    yield heard
    library_edited.disconnect(hear)


def test_an_edit_is_stamped_counted_and_told(alice: User, bebop: Media, told: list[Edit]) -> None:
    create_entry(alice, media_id=bebop.pk, values={"status": "current", "progress": 3})
    before = rows_of(alice.pk)[bebop.pk]
    edit_entry(alice, media_id=bebop.pk, changes={"score": 85})
    after = rows_of(alice.pk)[bebop.pk]
    assert (after.entry.score, after.entry.progress, after.entry.status) == (85, 3, Status.CURRENT)
    assert (before.revision, after.revision, revision_of(alice.pk)) == (1, 2, 2)
    assert set(after.stamps) == {"*", "score"}
    assert (after.stamps["score"].source, after.stamps["*"]) == ("library", before.stamps["*"])
    assert [(edit.action, edit.before, edit.after) for edit in told] == [
        ("create", None, {"status": "current", "progress": 3}),
        ("update", {"score": 0}, {"score": 85}),
    ]


def test_the_same_value_again_is_no_edit(alice: User, bebop: Media, told: list[Edit]) -> None:
    create_entry(alice, media_id=bebop.pk, values={"status": "current", "score": 85})
    edit_entry(alice, media_id=bebop.pk, changes={"score": 85, "status": "current"})
    assert (revision_of(alice.pk), len(told)) == (1, 1)


def test_a_removal_leaves_a_tombstone_and_can_be_made_good(alice: User, bebop: Media, told: list[Edit]) -> None:
    create_entry(alice, media_id=bebop.pk, values={"status": "completed", "score": 90})
    remove_entry(alice, media_id=bebop.pk)
    assert list(entries_for_user(alice)) == []
    assert (rows_of(alice.pk)[bebop.pk].removed, rows_of(alice.pk)[bebop.pk].entry.score) == (True, 90)
    create_entry(alice, media_id=bebop.pk, values={"status": "planned"})
    row = entry_for_user(alice, media_id=bebop.pk)
    assert (row.status, row.score, row.removed_at) == ("planned", 0, None)
    assert [edit.action for edit in told] == ["create", "remove", "create"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"score": 101}, "score"),
        ({"score": -1}, "score"),
        ({"score": True}, "score"),
        ({"score": "85"}, "score"),
        ({"progress": 10_000_000}, "progress"),
        ({"status": "watching"}, "status"),
        ({"started_on": "yesterday"}, "date"),
        ({"started_on": "2024-13-01"}, "date"),
        ({"notes": 5}, "notes"),
        ({"notes": "x" * 70_000}, "notes"),
        ({"private": "yes"}, "private"),
        ({"progress_volumes": 1}, "progress_volumes"),
        ({"favourite": True}, "favourite"),
        ({"score": 10, "repeats": -1}, "repeats"),
    ],
)
def test_bad_values_are_refused_and_nothing_changes(
    alice: User, bebop: Media, changes: dict[str, Any], field: str
) -> None:
    create_entry(alice, media_id=bebop.pk, values={"status": "current", "score": 50})
    with pytest.raises(InvalidEntry) as caught:
        edit_entry(alice, media_id=bebop.pk, changes=changes)
    assert caught.value.field == field
    row = entry_for_user(alice, media_id=bebop.pk)
    assert (row.score, row.repeats, revision_of(alice.pk)) == (50, 0, 1)


def test_creating_twice_is_refused(alice: User, bebop: Media) -> None:
    create_entry(alice, media_id=bebop.pk, values={"status": "current"})
    with pytest.raises(InvalidEntry, match="on the list already"):
        create_entry(alice, media_id=bebop.pk, values={"status": "planned"})
    with pytest.raises(InvalidEntry, match="status: is required"):
        create_entry(alice, media_id=Media.objects.create(kind="manga").pk, values={"score": 10})
    with pytest.raises(Media.DoesNotExist):
        create_entry(alice, media_id=0, values={"status": "current"})


def test_another_persons_entry_is_not_there(alice: User, bob: User, bebop: Media) -> None:
    create_entry(alice, media_id=bebop.pk, values={"status": "current"})
    with pytest.raises(ListEntry.DoesNotExist):
        edit_entry(bob, media_id=bebop.pk, changes={"score": 10})
    with pytest.raises(ListEntry.DoesNotExist):
        remove_entry(bob, media_id=bebop.pk)
    assert (entry_for_user(alice, media_id=bebop.pk).score, entries_for_user(bob).count()) == (0, 0)


def test_nul_is_taken_out_of_notes_and_the_rest_stays(alice: User, bebop: Media) -> None:
    text = "a\x00b <script>alert(1)</script> \u202e\U0001f600"
    entry = create_entry(alice, media_id=bebop.pk, values={"status": "current", "notes": text})
    assert entry.notes == text.replace("\x00", "")
    assert entry_for_user(alice, media_id=bebop.pk).notes == entry.notes
