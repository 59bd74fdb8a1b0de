"""The list: narrowed, sorted, changed, and no edit lost to another."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client

from accounts.models import User
from library.models import ListEntry, Media
from syncing.models import Change
from tests.api.conftest import by_key, problem
from tests.api.counting import assert_same_queries
from tests.web import rows

LIBRARY, JSON = "/api/v1/library", "application/json"


@pytest.fixture
def mushishi(alice: User) -> ListEntry:
    return rows.make_entry(alice)


def address(row: ListEntry) -> str:
    return f"{LIBRARY}/{row.media_id}"


def titles(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["media"]["title"] for one in answer.json()["results"]]


def test_an_entry_is_shown_in_the_units_of_the_library(mushishi: ListEntry, alice_api: Client) -> None:
    ListEntry.objects.update(started_on="2024-05", notes="calm", score=85)
    body = alice_api.get(address(mushishi)).json()
    assert body["media"]["title"] == "Mushishi"
    del body["media"], body["updated_at"]
    assert body == {
        "status": "current",
        "progress": 4,
        "progress_volumes": 0,
        "score": 85,
        "started_on": "2024-05",
        "finished_on": "",
        "repeats": 0,
        "notes": "calm",
        "private": False,
        "revision": 1,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Barakamon", "Mushishi", "Yotsuba"]),
        ("?kind=manga", ["Yotsuba"]),
        ("?status=planned&status=completed", ["Barakamon", "Yotsuba"]),
        ("?text=MUSHI", ["Mushishi"]),
        ("?score_min=50&score_max=80", ["Mushishi"]),
        ("?since_revision=2", ["Yotsuba"]),
        ("?private=true", ["Barakamon"]),
        ("?private=1", ["Barakamon"]),
        ("?private=False", ["Mushishi", "Yotsuba"]),
    ],
)
def test_a_list_is_narrowed(alice: User, alice_api: Client, query: str, expected: list[str]) -> None:
    rows.make_entry(alice)
    rows.make_entry(alice, rows.make_media("Barakamon"), status="completed", score=90, revision=2, private=True)
    rows.make_entry(alice, rows.make_media("Yotsuba", kind="manga"), status="planned", score=0, revision=3)
    assert sorted(titles(alice_api.get(LIBRARY + query))) == expected


@pytest.mark.parametrize("value", ["perhaps", "null", "", "%00", "yes", "2"])
@pytest.mark.parametrize(
    ("address", "name"), [(LIBRARY, "private"), ("/api/v1/runs", "with_changes"), ("/api/v1/changes", "until")]
)
def test_what_is_no_answer_narrows_nothing_silently(address: str, name: str, value: str, alice_api: Client) -> None:
    """A filter that is not understood and left out would show what was to be hidden."""
    body = problem(alice_api.get(f"{address}?{name}={value}"), 400, "invalid")
    assert [error["field"] for error in body["errors"]] == [name]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("title", ["A", "B", "C"]), ("-title", ["C", "B", "A"]), ("-score", ["B", "C", "A"]), ("", ["C", "B", "A"])],
)
def test_a_list_is_sorted_and_paged_in_that_order(
    alice: User, alice_api: Client, sort: str, expected: list[str]
) -> None:
    for revision, (title, score) in enumerate((("A", 10), ("B", 90), ("C", 50)), start=1):
        rows.make_entry(alice, rows.make_media(title), score=score, revision=revision)
    url: str | None = f"{LIBRARY}?page_size=1{f'&sort={sort}' if sort else ''}"
    found = []
    while url:
        answer = alice_api.get(url)
        found += titles(answer)
        url = answer.json()["next"]
    assert found == expected


@pytest.mark.parametrize(
    "query", ["?kind=opera", "?status=sleeping", "?sort=colour", "?score_min=-1", "?media=x", "?media=1.5"]
)
def test_a_filter_that_does_not_fit_is_refused(alice_api: Client, query: str) -> None:
    problem(alice_api.get(LIBRARY + query), 400, "invalid")


def test_a_page_costs_the_same_whatever_is_on_it(alice: User, alice_api: Client) -> None:
    def make(number: int) -> None:
        rows.make_entry(alice, rows.make_media(f"Work {number}"))

    assert_same_queries(alice_api, LIBRARY, make)


def test_a_change_needs_the_version_that_was_read(mushishi: ListEntry, alice_api: Client) -> None:
    problem(alice_api.patch(address(mushishi), {"score": 90}, JSON), 428, "precondition_required")
    etag = alice_api.get(address(mushishi))["ETag"]
    changed = alice_api.patch(address(mushishi), {"score": 90}, JSON, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["score"]) == (200, 90)
    assert changed["ETag"] != etag
    late = alice_api.patch(address(mushishi), {"progress": 9}, JSON, headers={"If-Match": etag})
    problem(late, 412, "precondition_failed")
    assert late["ETag"] == changed["ETag"]
    assert ListEntry.objects.get().progress == 4


def test_what_is_still_so_is_not_sent_again(mushishi: ListEntry, alice_api: Client) -> None:
    etag = alice_api.get(address(mushishi))["ETag"]
    again = alice_api.get(address(mushishi), headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_put_empties_what_is_not_named(mushishi: ListEntry, alice_api: Client) -> None:
    answer = alice_api.put(address(mushishi), {"status": "completed"}, JSON, headers={"If-Match": "*"})
    assert (answer.json()["status"], answer.json()["progress"], answer.json()["score"]) == ("completed", 0, 0)
    problem(alice_api.put(address(mushishi), {"score": 5}, JSON, headers={"If-Match": "*"}), 400, "invalid")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"score": 101}, "score"),
        ({"score": "many"}, "score"),
        ({"status": "sleeping"}, "status"),
        ({"started_on": "2024-13-01"}, "date"),
        ({"started_on": "yesterday"}, "started_on"),
        ({"progress": -1}, "progress"),
        ({"progress_volumes": 3}, "progress_volumes"),
        ({"private": "perhaps"}, "private"),
    ],
)
def test_a_bad_value_is_named_and_changes_nothing(
    mushishi: ListEntry, alice_api: Client, values: dict[str, Any], field: str
) -> None:
    answer = alice_api.patch(address(mushishi), {"notes": "new", **values}, JSON, headers={"If-Match": "*"})
    assert [error["field"] for error in problem(answer, 400, "invalid")["errors"]] == [field]
    assert ListEntry.objects.get().notes == ""


def test_an_edit_is_in_the_journal(mushishi: ListEntry, alice_api: Client) -> None:
    alice_api.patch(address(mushishi), {"score": 90}, JSON, headers={"If-Match": "*"})
    change = Change.objects.get()
    assert (change.source, change.before, change.after) == ("person", {"score": 80}, {"score": 90})


def test_a_work_is_put_on_the_list_once(alice: User, alice_api: Client) -> None:
    media = rows.make_media()
    made = alice_api.post(LIBRARY, {"media": media.pk, "status": "planned"}, JSON)
    assert (made.status_code, made["Location"]) == (201, f"{LIBRARY}/{media.pk}")
    assert alice_api.get(made["Location"])["ETag"] == made["ETag"]
    problem(alice_api.post(LIBRARY, {"media": media.pk, "status": "planned"}, JSON), 409, "already_there")
    refused = problem(alice_api.post(LIBRARY, {"media": 999_999, "status": "planned"}, JSON), 400, "invalid")
    assert [error["field"] for error in refused["errors"]] == ["media"]


def test_a_removal_leaves_a_tombstone(mushishi: ListEntry, alice_api: Client) -> None:
    stale = alice_api.delete(address(mushishi), headers={"If-Match": '"other"'})
    problem(stale, 412, "precondition_failed")
    assert alice_api.delete(address(mushishi)).status_code == 204
    problem(alice_api.get(address(mushishi)), 404, "not_found")
    assert ListEntry.objects.get().removed_at is not None
    assert titles(alice_api.get(LIBRARY)) == []


def test_many_are_changed_at_once_or_none(mushishi: ListEntry, alice: User, alice_api: Client) -> None:
    other, new = rows.make_entry(alice, rows.make_media("Barakamon")), rows.make_media("Yotsuba", kind="manga")
    body = {
        "entries": [
            {"media": mushishi.media_id, "score": 90},
            {"media": other.media_id, "remove": True},
            {"media": new.pk, "status": "planned"},
        ]
    }
    answer = alice_api.post(f"{LIBRARY}/bulk", body, JSON).json()
    assert (answer["created"], answer["changed"], answer["removed"]) == (1, 1, 1)
    assert answer["revision"] == alice_api.get(f"{LIBRARY}/revision").json()["revision"]
    assert sorted(titles(alice_api.get(LIBRARY))) == ["Mushishi", "Yotsuba"]
    assert alice_api.get(f"{LIBRARY}/counts").json() == {"anime": 1, "manga": 1}


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"media": 999_999, "status": "planned"}, "entries.1.media"),
        ({"media": "own", "score": 1000}, "entries.1.score"),
        ({"media": "own", "remove": True}, "entries.1.media"),
    ],
)
def test_one_bad_row_of_many_stops_all(mushishi: ListEntry, alice_api: Client, bad: dict[str, Any], field: str) -> None:
    bad = {**bad, "media": mushishi.media_id if bad["media"] == "own" else bad["media"]}
    body = {"entries": [{"media": mushishi.media_id, "score": 90}, bad]}
    told = problem(alice_api.post(f"{LIBRARY}/bulk", body, JSON), 400, "invalid")
    assert [error["field"] for error in told["errors"]] == [field]
    assert ListEntry.objects.get().score == 80


def test_works_are_found_by_title_and_by_what_a_service_calls_them(alice_api: Client) -> None:
    media = rows.make_media()
    rows.make_media("Barakamon")
    media.external_ids.create(provider="anilist", kind="anime", external_id="457", source="anilist")
    found = [
        [one["title"] for one in alice_api.get(f"/api/v1/media{query}").json()["results"]]
        for query in ("", "?text=mushi", "?provider=anilist&external_id=457", "?provider=anilist&external_id=1")
    ]
    assert found == [["Barakamon", "Mushishi"], ["Mushishi"], ["Mushishi"], []]
    assert alice_api.get(f"/api/v1/media/{media.pk}").json()["titles"] == ["Mushishi"]
    assert Media.objects.count() == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_edits_with_one_version_one_wins() -> None:
    alice = User.objects.create_user("alice@example.org")
    row = rows.make_entry(alice)
    clients = [by_key(alice) for _ in range(2)]
    etag = clients[0].get(address(row))["ETag"]
    start, codes = threading.Barrier(2), []

    def edit(at: int) -> None:
        start.wait(10)
        answer = clients[at].patch(address(row), {"progress": at + 10}, JSON, headers={"If-Match": etag})
        codes.append(answer.status_code)
        database.close()

    threads = [threading.Thread(target=edit, args=(at,)) for at in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(codes) == [200, 412]
