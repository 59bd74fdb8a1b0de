"""Lists as files, all that is kept of a person, and the way out, for programs."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from library.files.opening import MAX_FILE
from library.models import ListEntry
from syncing.models import SyncRun
from tests.api.conftest import by_key, by_session, problem, token_of
from tests.web import rows

API, JSON = "/api/v1", "application/json"
IMPORTS, LIST = f"{API}/imports", f"{API}/exports/list"
ACCOUNT, EVERYTHING = f"{API}/account", f"{API}/account/export"
CSV = b"kind,title,myanimelist_id,status,score\nanime,Mushishi,457,completed,90\nanime,Only a title,,dropped,\n"


@pytest.fixture
def mushishi(alice: User) -> ListEntry:
    entry = rows.make_entry(alice)
    entry.media.external_ids.create(provider="myanimelist", kind="anime", external_id="457", source="myanimelist")
    return entry


def give(client: Client, data: bytes = CSV, *, headers: dict[str, str] | None = None, **form: str) -> Any:
    return client.post(IMPORTS, {"file": SimpleUploadedFile("list", data), **form}, headers=headers)


def read(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


# Taking in -------------------------------------------------------------------------------------------------


def test_an_import_is_looked_at_done_and_undone(mushishi: ListEntry, alice_api: Client) -> None:
    made = give(alice_api, policy="file")
    run = made.json()
    assert (made.status_code, made["Location"]) == (201, f"{API}/runs/{run['id']}")
    assert (run["purpose"], run["state"], run["entries_read"], run["failed"]) == ("import", "preview", 2, 1)
    assert run["planned"] == {"update": 1}
    assert alice_api.get(made["Location"]).json() == run
    assert ListEntry.objects.get().score == mushishi.score
    done = alice_api.post(f"{made['Location']}/approve", {}, JSON)
    assert (done.status_code, done.json()["state"], done.json()["library_changes"]) == (202, "done", 1)
    assert ListEntry.objects.get().score == 90
    assert alice_api.post(f"{made['Location']}/undo", {}, JSON).status_code == 202
    assert ListEntry.objects.get().score == mushishi.score


def test_an_import_is_discarded(mushishi: ListEntry, alice_api: Client) -> None:
    where = give(alice_api, policy="file")["Location"]
    assert alice_api.post(f"{where}/discard", {}, JSON).json()["state"] == "abandoned"
    problem(alice_api.post(f"{where}/approve", {}, JSON), 409, "nothing_to_answer")


def test_the_newer_value_wins_unless_told_otherwise(mushishi: ListEntry, alice_api: Client) -> None:
    assert "the newer value wins" in give(alice_api).json()["message"]


def test_a_lost_answer_is_asked_for_again(mushishi: ListEntry, alice_api: Client) -> None:
    key = {"Idempotency-Key": "0b5e"}
    first, again = give(alice_api, headers=key), give(alice_api, headers=key)
    assert (again.json(), again["Location"], SyncRun.objects.count()) == (first.json(), first["Location"], 1)
    problem(give(alice_api, CSV + b"\n", headers=key), 422, "idempotency_mismatch")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "This file is empty."),
        (b"<html/>", "not a list file of MyAnimeList"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><myanimelist/>", "which no list needs"),
        (b"PK\x03\x04", "This is a ZIP."),
        (b"title\nx\n", "first line must name the columns"),
    ],
)
def test_what_is_no_list_is_refused(alice_api: Client, data: bytes, text: str) -> None:
    told = problem(give(alice_api, data), 422, "bad_file")
    assert text in told["detail"]
    assert SyncRun.objects.count() == 0


def test_a_form_that_does_not_fit_is_refused(alice_api: Client) -> None:
    for form in ({"policy": "newest"}, {"file": "no file", "policy": "newest"}):
        assert [one["field"] for one in problem(alice_api.post(IMPORTS, form), 400, "invalid")["errors"]] == ["file"]
    assert [one["field"] for one in problem(give(alice_api, policy="mine"), 400, "invalid")["errors"]] == ["policy"]
    problem(alice_api.post(IMPORTS, {"policy": "newest"}, JSON), 415, "unsupported_media_type")
    problem(alice_api.post(IMPORTS, b"--x\r\nnonsense", "multipart/form-data; boundary=y"), 400, "invalid")
    problem(alice_api.post(IMPORTS, b"", "multipart/form-data"), 400, "invalid")


class Untouched(io.BytesIO):
    """A body that must not be read."""

    def read(self, size: int | None = -1) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.parametrize("who", ["nobody", "key", "session"])
def test_a_hundred_megabytes_are_refused_before_a_byte_is_read(who: str, alice: User) -> None:
    client = by_key(alice) if who == "key" else by_session(alice) if who == "session" else Client()
    body: Any = {"CONTENT_LENGTH": str(100 * 2**20), "wsgi.input": Untouched()}
    told = problem(client.generic("POST", IMPORTS, b"", "multipart/form-data; boundary=x", **body), 413, "too_large")
    assert f"{MAX_FILE // 2**20} MB" in told["detail"]


def test_a_session_needs_its_token_for_a_file_too(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    problem(give(client), 403, "csrf_failed")


def test_files_are_not_moved_without_end(alice: User, alice_api: Client) -> None:
    assert [alice_api.get(LIST).status_code for _ in range(30)] == [200] * 30
    problem(alice_api.get(LIST), 429, "throttled")
    problem(give(alice_api), 429, "throttled")
    problem(by_session(alice).post(EVERYTHING, {}, JSON), 429, "throttled")


# Giving out ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "kind", "ending", "start"),
    [
        ("", "application/json", "json", b"{"),
        ("?format=csv", "text/csv; charset=utf-8", "csv", b"kind,"),
        ("?format=mal_xml&kind=anime", "application/gzip", "xml.gz", b"\x1f\x8b"),
    ],
)
def test_a_list_is_given_out(
    mushishi: ListEntry, alice_api: Client, query: str, kind: str, ending: str, start: bytes
) -> None:
    answer = alice_api.get(LIST + query, headers={"Accept": kind})
    assert answer["Content-Type"] == kind
    assert answer["Content-Disposition"].endswith(f'.{ending}"')
    assert read(answer).startswith(start)
    assert "no-store" in answer["Cache-Control"]


def test_private_entries_stay_out_of_a_file_that_cannot_say_so(mushishi: ListEntry, alice_api: Client) -> None:
    ListEntry.objects.update(private=True)
    for query, is_there in (("", False), ("&private=false", False), ("&private=true", True)):
        text = gzip.decompress(read(alice_api.get(f"{LIST}?format=mal_xml&kind=anime{query}")))
        assert (b"Mushishi" in text) is is_there, query
    for query, is_there in (("", True), ("&private=false", False)):
        assert (b"Mushishi" in read(alice_api.get(f"{LIST}?format=csv{query}"))) is is_there, query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?format=pdf", "format"),
        ("?format=mal_xml", "kind"),
        ("?kind=opera", "kind"),
        ("?private=maybe", "private"),
        ("?format=%00", "format"),
    ],
)
def test_what_cannot_be_given_out(alice_api: Client, query: str, field: str) -> None:
    told = problem(alice_api.get(LIST + query), 400, "invalid")
    assert [error["field"] for error in told["errors"]] == [field]


def test_nobody_is_given_anothers_list(mushishi: ListEntry, bob_api: Client) -> None:
    assert json.loads(read(bob_api.get(LIST)))["entries"] == []


# Everything, and the way out -------------------------------------------------------------------------------


def test_everything_is_given_in_person_after_the_password_once_more(alice: User) -> None:
    rows.make_all(alice)
    problem(by_key(alice).post(EVERYTHING, {}, JSON), 403, "session_required")
    problem(by_session(alice, confirmed=False).post(EVERYTHING, {}, JSON), 403, "confirmation_required")
    client = by_session(alice)
    answer = client.post(EVERYTHING, {}, JSON)
    assert answer["Content-Type"] == "application/zip"
    with ZipFile(io.BytesIO(read(answer))) as archive:
        names = archive.namelist()
    told = client.get(EVERYTHING).json()
    assert {f"tables/{table['file']}.jsonl" for table in told["tables"]} <= set(names)
    assert told["left_out"]


def test_an_account_is_erased_in_person_after_the_password_once_more(
    alice: User, bob: User, django_capture_on_commit_callbacks: Any
) -> None:
    rows.make_all(alice)
    problem(by_key(alice).delete(ACCOUNT), 403, "session_required")
    problem(by_session(alice, confirmed=False).delete(ACCOUNT), 403, "confirmation_required")
    client = by_session(alice)
    problem(client.delete(f"{ACCOUNT}?shared_access=perhaps"), 400, "invalid")
    assert User.objects.count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.delete(ACCOUNT)
    assert (answer.status_code, answer.content) == (204, b"")
    assert list(User.objects.all()) == [bob]
    problem(client.get(ACCOUNT), 401, "not_signed_in")


def test_an_app_erases_by_its_token(alice: User, django_capture_on_commit_callbacks: Any) -> None:
    token = token_of(by_session(alice))
    client = Client(headers={"X-Session-Token": token})
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(ACCOUNT).status_code == 204
    assert not User.objects.exists()
    problem(client.get(ACCOUNT), 401, "bad_session")


def test_shared_access_ends_only_when_asked(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    monkeypatch.setattr("accounts.api.account.erase_person", lambda user, *, shared_access: told.append(shared_access))
    for query in ("", "?shared_access=false", "?shared_access=true"):
        assert by_session(alice).delete(f"{ACCOUNT}{query}").status_code == 204
    assert told == [False, False, True]
