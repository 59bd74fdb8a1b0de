"""The library page: finding, editing one field, taking off."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from library.models import ListEntry
from library.services import editing
from library.web.forms import EntryForm
from tests.web import rows

HAND = {"initial-status": "current", "initial-progress": "4", "initial-score": "80", "initial-repeats": "0"}
SHOWN = {
    "status": "current",
    "progress": "4",
    "score": "80",
    "repeats": "0",
    "started_on": "",
    "finished_on": "",
    "notes": "",
}


@pytest.fixture
def entry(alice: User) -> ListEntry:
    return rows.make_entry(alice)


def save(client: Client, entry: ListEntry, **values: str) -> Any:
    return client.post(f"/library/{entry.media_id}/", {**HAND, **SHOWN, **values})


def test_an_edit_is_stored_and_stamped(entry: ListEntry, alice_client: Client) -> None:
    answer = save(alice_client, entry, score="95", started_on="2024-05")
    assert (answer.status_code, answer["Location"]) == (302, "/library/")
    after = ListEntry.objects.get()
    assert (after.score, after.started_on, after.progress) == (95, "2024-05", 4)
    assert set(after.stamps) >= {"score", "started_on"}
    assert after.revision > entry.revision


def test_only_what_was_changed_on_the_page_is_an_edit(alice: User, entry: ListEntry, alice_client: Client) -> None:
    """A sync adds an episode while the form is open; the person only scores. Both survive."""
    editing.edit_entry(alice, media_id=entry.media_id, changes={"progress": 5})
    save(alice_client, entry, score="95")
    after = ListEntry.objects.get()
    assert (after.progress, after.score) == (5, 95)


def test_saving_without_a_change_changes_nothing(entry: ListEntry, alice_client: Client) -> None:
    answer = save(alice_client, entry)
    assert answer.status_code == 302
    assert ListEntry.objects.get().revision == entry.revision


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("score", "101", "less than or equal to 100"),
        ("score", "-1", "greater than or equal to 0"),
        ("progress", "many", "Enter a whole number"),
        ("started_on", "2024-13", "is not a date"),
        ("finished_on", "yesterday", "is not YYYY"),
        ("status", "hibernating", "Select a valid choice"),
        ("notes", "x" * 65_537, "at most 65536 characters"),
    ],
)
def test_bad_input_is_named_at_its_field(
    field: str, value: str, message: str, entry: ListEntry, alice_client: Client
) -> None:
    answer = save(alice_client, entry, **{field: value})
    assert answer.status_code == 200
    assert message in str(answer.context["form"].errors[field])
    assert ListEntry.objects.get().revision == entry.revision


def test_an_emptied_number_is_zero(entry: ListEntry, alice_client: Client) -> None:
    save(alice_client, entry, score="")
    assert ListEntry.objects.get().score == 0


def test_an_anime_has_no_volumes_and_a_manga_has(alice: User) -> None:
    anime, manga = rows.make_entry(alice), rows.make_entry(alice, rows.make_media("Vinland Saga", kind="manga"))
    assert "progress_volumes" not in EntryForm(row=anime).fields
    form = EntryForm(row=manga)
    assert (form.fields["progress"].label, form.fields["progress_volumes"].label) == ("Chapters", "Volumes")


def test_removing_asks_first(entry: ListEntry, alice_client: Client) -> None:
    url = f"/library/{entry.media_id}/remove/"
    assert alice_client.get(url).status_code == 200
    assert ListEntry.objects.get().removed_at is None
    answer = alice_client.post(url)
    assert (answer.status_code, answer["Location"]) == (302, "/library/")
    assert ListEntry.objects.get().removed_at is not None
    assert alice_client.get(f"/library/{entry.media_id}/").status_code == 404


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["Berserk", "Mushishi", "Vinland Saga"]),
        ("?kind=manga", ["Berserk", "Vinland Saga"]),
        ("?status=completed", ["Berserk"]),
        ("?kind=anime&status=completed", []),
        ("?text=MUSHI", ["Mushishi"]),
        ("?text=bug%20master", ["Mushishi"]),
        ("?text=%00", ["Berserk", "Mushishi", "Vinland Saga"]),
        ("?text=%25", []),
        ("?text=%27%22%3B--", []),
        ("?kind=opera&status=asleep", ["Berserk", "Mushishi", "Vinland Saga"]),
    ],
)
def test_finding(query: str, titles: list[str], alice: User, bob: User, alice_client: Client) -> None:
    rows.make_entry(alice, rows.make_media("Vinland Saga", kind="manga"))
    rows.make_entry(alice, rows.make_media("Berserk", kind="manga"), status="completed")
    mushishi = rows.make_media("Mushishi")
    mushishi.titles = ["Mushishi", "Bug Master"]
    mushishi.save()
    rows.make_entry(alice, mushishi)
    rows.make_entry(bob, rows.make_media("Monster"))
    answer = alice_client.get(f"/library/{query}")
    assert [row["media"].title for row in answer.context["rows"]] == titles


def test_an_empty_library_says_how_to_begin(alice_client: Client) -> None:
    page = alice_client.get("/library/").content
    assert b"Your library is empty so far" in page
    assert b'href="/connections/"' in page
