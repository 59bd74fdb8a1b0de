"""Bulk writes of a run: refused where somebody edited meanwhile, quiet where only stamps moved."""

from __future__ import annotations

import pytest
from django.db import transaction

from accounts.models import User
from library.entry import Entry, PartialDate, Status
from library.models import ListEntry, Media
from library.queries import revision_of, rows_of
from library.services.editing import edit_entry
from library.services.storing import Stored, delete_entries, store_entries
from library.stamps import Stamp

pytestmark = pytest.mark.django_db

SAID = {"*": Stamp(1.0, "anilist", "100")}


@pytest.fixture
def media() -> list[Media]:
    return [Media.objects.create(kind="anime", title=title) for title in ("One", "Two", "Three")]


def test_rows_are_made_and_changed_in_one_go(alice: User, media: list[Media]) -> None:
    entry = Entry(Status.COMPLETED, 12, score=87, started_on=PartialDate(2024, 5), notes="so good", private=True)
    with transaction.atomic():
        first = store_entries(alice.pk, {row.pk: Stored(entry, SAID) for row in media[:2]}, known={}, source="anilist")
    with transaction.atomic():
        rows = {row.pk: Stored(entry.with_(score=90), SAID) for row in media}
        second = store_entries(alice.pk, rows, known={media[0].pk: 1, media[1].pk: 1}, source="anilist")
    assert ((first.before, first.after), (second.before, second.after)) == ((0, 1), (1, 2))
    assert {row.entry for row in rows_of(alice.pk).values()} == {entry.with_(score=90)}
    assert {row.revision for row in rows_of(alice.pk).values()} == {2}


def test_a_row_that_was_edited_since_is_refused_and_the_rest_is_stored(alice: User, media: list[Media]) -> None:
    entry = Entry(Status.CURRENT)
    with transaction.atomic():
        store_entries(alice.pk, {row.pk: Stored(entry, SAID) for row in media[:2]}, source="anilist")
    known = {media_id: row.revision for media_id, row in rows_of(alice.pk).items()}
    edit_entry(alice, media_id=media[0].pk, changes={"score": 40})
    with transaction.atomic():
        done = store_entries(
            alice.pk, {row.pk: Stored(entry.with_(progress=5), SAID) for row in media}, known=known, source="anilist"
        )
    assert done.refused == {media[0].pk}
    rows = rows_of(alice.pk)
    assert (rows[media[0].pk].entry.score, rows[media[0].pk].entry.progress) == (40, 0)
    assert [rows[row.pk].entry.progress for row in media[1:]] == [5, 5]


def test_new_stamps_alone_do_not_count_as_an_edit(alice: User, media: list[Media]) -> None:
    with transaction.atomic():
        store_entries(alice.pk, {media[0].pk: Stored(Entry(Status.CURRENT), SAID)}, source="anilist")
    with transaction.atomic():
        stamped = Stored(Entry(Status.CURRENT), {"*": Stamp(9.0, "myanimelist", "10")}, moved=False)
        done = store_entries(alice.pk, {media[0].pk: stamped}, source="myanimelist")
    row = rows_of(alice.pk)[media[0].pk]
    assert (done.before, done.after, row.revision, row.stamps["*"].at) == (1, 1, 1, 9.0)


def test_a_list_is_of_one_person(alice: User, bob: User, media: list[Media]) -> None:
    for user in (alice, bob):
        with transaction.atomic():
            store_entries(user.pk, {media[0].pk: Stored(Entry(Status.CURRENT), SAID)}, source="anilist")
    with transaction.atomic():
        delete_entries(alice.pk, [media[0].pk])
    assert (rows_of(alice.pk), len(rows_of(bob.pk))) == ({}, 1)
    assert (revision_of(alice.pk), revision_of(bob.pk)) == (2, 1)


def test_the_whole_library_is_one_query(alice: User, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    for count in (1, 3):
        works = [Media.objects.create(kind="manga", title=str(number)) for number in range(count)]
        with transaction.atomic():
            store_entries(alice.pk, {row.pk: Stored(Entry(Status.CURRENT), SAID) for row in works}, source="anilist")
        with django_assert_num_queries(1):
            rows_of(alice.pk)


@pytest.mark.postgres  # SQLite takes fewer rows a statement
def test_storing_costs_the_same_queries_for_one_row_and_for_many(alice: User, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with transaction.atomic():
        store_entries(alice.pk, {}, source="anilist")
    for count in (1, 300):
        works = Media.objects.bulk_create([Media(kind="manga", title=str(number)) for number in range(count)])
        with transaction.atomic(), django_assert_num_queries(5):
            store_entries(alice.pk, {row.pk: Stored(Entry(Status.CURRENT), SAID) for row in works}, source="anilist")
    assert ListEntry.objects.filter(user=alice).count() == 301
