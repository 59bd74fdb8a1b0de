"""Versions: 304 where nothing moved, 412 where something did, and of two edits at once one wins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from accounts.api.etags import etag_of
from accounts.models import User
from tests.api.conftest import by_key, problem
from tests.api.trial import Versioned

URL, JSON = "/api/v1/trial/versioned", "application/json"
BERLIN = etag_of("Europe/Berlin")
pytestmark = pytest.mark.urls("tests.api.trial")


def test_nothing_new_is_not_sent_and_not_made(alice_api: Client) -> None:
    assert alice_api.get(URL)["ETag"] == BERLIN
    Versioned.made = 0
    for tag in (BERLIN, f"W/{BERLIN}", f'"other", {BERLIN}', "*"):
        answer = alice_api.get(URL, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", BERLIN)
    assert Versioned.made == 0
    assert alice_api.get(URL, headers={"If-None-Match": '"other"'}).status_code == 200
    assert alice_api.get(URL, headers={"If-None-Match": "nonsense"}).status_code == 200


def test_an_edit_of_what_has_changed_is_refused(alice: User, alice_api: Client) -> None:
    for tag in ('"other"', f"W/{BERLIN}", "nonsense", ""):
        answer = alice_api.put(URL, {"timezone": "UTC"}, JSON, headers={"If-Match": tag})
        problem(answer, 412, "precondition_failed")
        assert answer["ETag"] == BERLIN
    alice.refresh_from_db()
    assert alice.timezone == "Europe/Berlin"


def test_an_edit_of_what_was_read_is_made(alice_api: Client) -> None:
    answer = alice_api.put(URL, {"timezone": "UTC"}, JSON, headers={"If-Match": f'"x", {BERLIN}'})
    assert (answer.status_code, answer["ETag"]) == (200, etag_of("UTC"))
    assert alice_api.put(URL, {"timezone": "UTC"}, JSON, headers={"If-Match": "*"}).status_code == 200


def test_saying_nothing_is_refused_where_it_must_be_said(alice_api: Client) -> None:
    problem(alice_api.put(URL, {"timezone": "UTC"}, JSON), 428, "precondition_required")
    assert alice_api.patch(URL, {"timezone": "UTC"}, JSON).status_code == 200


def test_tags_tell_their_parts_apart() -> None:
    assert len({etag_of(), etag_of("a"), etag_of("ab"), etag_of("a", "b"), etag_of("a", 1), etag_of("a", "11")}) == 6


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_edits_at_once_one_wins() -> None:
    alice = User.objects.create_user("alice@example.org", "x", timezone="Europe/Berlin")
    clients, start = [by_key(alice), by_key(alice)], Barrier(2)

    def edit(client: Client, name: str) -> int:
        try:
            start.wait()
            return client.put(URL, {"timezone": name}, JSON, headers={"If-Match": BERLIN}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(edit, clients, ["UTC", "Asia/Tokyo"]))
    assert sorted(found) == [200, 412]
    alice.refresh_from_db()
    assert alice.timezone == ("UTC" if found[0] == 200 else "Asia/Tokyo")
