"""Matching that people correct, over real HTTP: what is unsure waits, a person's word counts, and can be taken back."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.models import ExternalId, ListEntry, Media, PersonMatch
from syncing.models import Schedule, Unmatched
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import ANILIST, MAL, OLD, assert_at_rest, clear_counts, edit, held, listed, writes_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e, pytest.mark.slow]

WORK = 1
"""Cowboy Bebop of 1998, by both services' id; here AniList does not tell MyAnimeList's."""


@pytest.fixture
def untold(sandbox: Running) -> None:
    sandbox.control("POST", f"{ANILIST}/works", {"works": [{"id": WORK, "idMal": None}]})


@pytest.fixture
def unsure(sandbox: Running, untold: None) -> None:
    """MyAnimeList says another year."""
    sandbox.control("POST", f"{MAL}/works", {"works": [{"kind": "anime", "id": WORK, "start_date": "1999"}]})


@pytest.fixture
def lists(link: Link, alice: User, unsure: None) -> tuple[Connection, Connection]:
    """The work on both of alice's lists."""
    mal = link(alice, MAL, [listed(MAL, WORK, progress=2)])
    return link(alice, ANILIST, [listed(ANILIST, WORK, progress=5, at=OLD + 60)]), mal


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_an_unsure_entry_waits_until_its_person_says_what_it_is(
    sandbox: Running, lists: tuple[Connection, Connection], alice: User
) -> None:
    anilist, mal = lists
    assert sync(mal).library_changes == 1
    clear_counts(sandbox)
    assert sync(anilist).library_changes == 0
    (row,) = Unmatched.objects.filter(connection=anilist)
    assert (row.reason, row.remote_id, row.title) == ("uncertain", str(WORK), "Cowboy Bebop")
    assert Media.objects.filter(title="Cowboy Bebop").count() == 1
    assert_at_rest(sandbox, lists)

    media_id = row.candidates[0]["media"]
    browser = client_of(alice)
    browser.post(f"/unmatched/{row.pk}/choose/", {"choice": "this", "value": media_id})
    assert Schedule.objects.get(pk=anilist.pk).interactive is True
    for connection in (anilist, mal):
        assert sync(connection).error_code == ""
    assert ListEntry.objects.get(user=alice).progress == 5
    assert held(sandbox, MAL)[WORK]["progress"] == held(sandbox, ANILIST)[WORK]["progress"] == 5
    assert Unmatched.objects.count() == 0
    assert ExternalId.objects.filter(provider=ANILIST).count() == 0
    assert_at_rest(sandbox, lists)

    match = PersonMatch.objects.get(user=alice)
    browser.post(f"/matches/{match.pk}/undo/")
    edit(sandbox, ANILIST, WORK, progress=7)
    assert sync(anilist).library_changes == 0
    assert [each.reason for each in Unmatched.objects.filter(connection=anilist)] == ["uncertain"]
    assert ListEntry.objects.get(user=alice).progress == 5
    assert_at_rest(sandbox, lists)


def test_what_is_left_alone_is_neither_read_nor_written_nor_missed(
    sandbox: Running, lists: tuple[Connection, Connection], alice: User
) -> None:
    anilist, mal = lists
    sync(mal)
    sync(anilist)
    row = Unmatched.objects.get(connection=anilist)
    browser = client_of(alice)
    browser.post(f"/unmatched/{row.pk}/choose/", {"choice": "this", "value": row.candidates[0]["media"]})
    for connection in lists:
        sync(connection)
    PersonMatch.objects.update(media=None)
    clear_counts(sandbox)
    edit(sandbox, ANILIST, WORK, progress=9)
    edit(sandbox, MAL, WORK, progress=3)
    for _ in range(2):
        for connection in lists:
            sync(connection, full=True)
    assert (held(sandbox, ANILIST)[WORK]["progress"], held(sandbox, MAL)[WORK]["progress"]) == (9, 3)
    assert dict(writes_of(sandbox, ANILIST)) == {}
    sandbox.control("POST", f"{ANILIST}/accounts/alice_anilist/edit", {"delete": [WORK]})
    for _ in range(3):
        for connection in lists:
            sync(connection, full=True)
    assert ListEntry.objects.get(user=alice, removed_at=None).progress == 3
    assert (dict(writes_of(sandbox, ANILIST)), WORK in held(sandbox, ANILIST)) == ({}, False)
    # The work is still on the list here, and whatever it may be there is not the entry that is left alone.
    assert [(row.reason, row.candidates) for row in Unmatched.objects.all()] == [("left_alone", [])]


def test_a_work_without_a_counterpart_is_searched_for_once_and_found_by_its_person(
    sandbox: Running, link: Link, alice: User, unsure: None
) -> None:
    anilist, mal = link(alice, ANILIST, [listed(ANILIST, WORK, progress=5)]), link(alice, MAL)
    sync(anilist)
    assert sync(mal).writes == 0
    (row,) = Unmatched.objects.filter(connection=mal)
    assert (row.reason, [each["remote_id"] for each in row.candidates]) == ("uncertain", [str(WORK)])
    clear_counts(sandbox)
    sync(mal, full=True)
    asked = sandbox.control("GET", f"{MAL}/requests")["by_endpoint"]
    assert [name for name in asked if "/anime" in name and "/users" not in name] == []
    browser = client_of(alice)
    page = browser.post(f"/library/{row.media_id}/services/mal/", {"text": "cowboy"})
    (candidate, signed), *_ = page.context["found"]
    assert candidate.value == str(WORK)
    assert browser.post(f"/library/{row.media_id}/services/mal/", {"this": signed + "x"}).status_code == 302
    assert PersonMatch.objects.count() == 0
    browser.post(f"/library/{row.media_id}/services/mal/", {"this": signed})
    assert sync(mal).writes == 1
    assert held(sandbox, MAL)[WORK]["progress"] == 5
    assert_at_rest(sandbox, (anilist, mal))


def test_a_sure_title_is_tied_without_a_word(sandbox: Running, link: Link, alice: User, untold: None) -> None:
    anilist, mal = link(alice, ANILIST, [listed(ANILIST, WORK, progress=5)]), link(alice, MAL)
    sync(anilist)
    assert sync(mal).writes == 1
    assert held(sandbox, MAL)[WORK]["progress"] == 5
    assert ExternalId.objects.get(provider=MAL).source == "title"
    assert_at_rest(sandbox, (anilist, mal))
