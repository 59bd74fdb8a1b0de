"""Your data: lists as files out and in, everything in one ZIP, and the way out."""

from __future__ import annotations

import gzip
import io
from typing import Any
from zipfile import ZipFile

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from integrations.models import Connection
from library.files.opening import MAX_FILE
from library.models import ListEntry, Media
from library.services.editing import edit_entry
from syncing.models import Change, SyncRun
from syncing.services.importing import expire_imports
from tests.conftest import PASSWORD
from tests.owned import count_rows
from tests.web import rows

LIST = b"""<myanimelist><anime><series_animedb_id>457</series_animedb_id><series_title>Mushishi</series_title>
<my_watched_episodes>26</my_watched_episodes><my_score>9</my_score><my_status>Completed</my_status></anime>
<anime><series_title>Only a title</series_title><my_status>Dropped</my_status></anime></myanimelist>"""


def upload(client: Client, data: bytes = LIST, **fields: Any) -> Any:
    file = SimpleUploadedFile("list.xml", data)
    return client.post("/account/data/import/", {"file": file, "policy": "newest", **fields})


def text_of(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def unpacked(answer: Any) -> str:
    return gzip.decompress(b"".join(answer.streaming_content)).decode()


def sign_in(client: Client, path: str) -> Any:
    """Answers the question for the password that stands before `path`."""
    return client.post(f"/accounts/reauthenticate/?next={path}", {"password": PASSWORD})


# Out ------------------------------------------------------------------------------------------------------------


def test_a_list_is_downloaded_as_it_is_chosen(alice: User, alice_client: Client) -> None:
    media = rows.make_media("Mushishi")
    rows.make_entry(alice, media)
    rows.make_entry(alice, rows.make_media("Berserk", kind="manga"), private=True)
    media.external_ids.create(provider="myanimelist", kind="anime", external_id="457", source="x")
    path = "/account/data/export/"
    answer = alice_client.post(path, {"file_format": "json", "kind": ""})
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200,
        "application/json",
        "no-store, private",
    )
    assert answer["Content-Disposition"].startswith('attachment; filename="enishi-list-')
    text = text_of(answer)
    assert ("Mushishi" in text, "Berserk" in text) == (True, True)
    text = text_of(alice_client.post(path, {"file_format": "csv", "kind": "manga"}))
    assert ("Mushishi" in text, "Berserk" in text) == (False, True)
    answer = alice_client.post(path, {"file_format": "mal_xml", "kind": "anime"})
    assert "457" in unpacked(answer)
    assert answer["Content-Disposition"].endswith('.xml.gz"')


@pytest.mark.parametrize(("chosen", "is_there"), [({}, False), ({"with_private": "on"}, True)])
def test_a_file_for_others_holds_what_is_private_only_when_asked(
    chosen: dict[str, str], is_there: bool, alice: User, alice_client: Client
) -> None:
    media = rows.make_media("Secret")
    media.external_ids.create(provider="myanimelist", kind="anime", external_id="1", source="x")
    rows.make_entry(alice, media, private=True)
    answer = alice_client.post("/account/data/export/", {"file_format": "mal_xml", "kind": "anime", **chosen})
    assert ("Secret" in unpacked(answer)) is is_there


def test_a_file_of_both_kinds_that_cannot_be_is_said(alice_client: Client) -> None:
    answer = alice_client.post("/account/data/export/", {"file_format": "mal_xml", "kind": ""})
    assert (answer.status_code, b"choose anime or manga" in answer.content) == (400, True)
    assert alice_client.post("/account/data/export/", {"file_format": "exe"}).status_code == 400


# In -------------------------------------------------------------------------------------------------------------


def test_a_file_is_looked_at_approved_and_undone(alice: User, alice_client: Client) -> None:
    answer = upload(alice_client)
    run = SyncRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}/")
    page = alice_client.get(f"/runs/{run.pk}/").content.decode()
    assert "Import of a file" in page
    assert "1 added to your library, 0 changed; nothing is removed" in page
    assert 'href="https://myanimelist.net/anime/457"' in page
    assert "It is in the file and was not in your library." in page
    assert "titles alone decide nothing. (row 3)" in page
    assert ("Sync now" in page, ListEntry.objects.count()) == (False, 0)
    assert alice_client.post(f"/runs/{run.pk}/approve/")["Location"] == f"/runs/{run.pk}/"
    assert ListEntry.objects.get().score == 90
    page = alice_client.get(f"/runs/{run.pk}/").content.decode()
    assert ("Undo the whole run" in page, "Import it" in page, "1 left out" in page) == (True, False, True)
    undone = alice_client.post(f"/runs/{run.pk}/undo/")
    assert ListEntry.objects.get().removed_at is not None
    page = alice_client.get(undone["Location"]).content.decode()
    assert ("Undo of an import" in page, "Removed from your library" in page) == (True, True)
    assert b"Import of a file" in alice_client.get("/runs/").content
    assert alice_client.get("/").status_code == 200


def test_a_change_is_told_with_both_values_and_why(alice: User, alice_client: Client) -> None:
    media = rows.make_media("Mushishi")
    media.external_ids.create(provider="myanimelist", kind="anime", external_id="457", source="x")
    rows.make_entry(alice, media, status="completed", progress=26, score=40)
    upload(alice_client, policy="file")
    run = SyncRun.objects.get()
    page = alice_client.get(f"/runs/{run.pk}/").content.decode()
    assert "The file says 90/100, your library says 40/100: your library takes 90/100, as you chose." in page


def test_what_was_edited_meanwhile_is_named(alice: User, alice_client: Client) -> None:
    media = rows.make_media("Mushishi")
    media.external_ids.create(provider="myanimelist", kind="anime", external_id="457", source="x")
    rows.make_entry(alice, media, status="completed", progress=26, score=40)
    upload(alice_client, policy="file")
    edit_entry(alice, media_id=media.pk, changes={"score": 41})
    run = SyncRun.objects.get()
    alice_client.post(f"/runs/{run.pk}/approve/")
    page = alice_client.get(f"/runs/{run.pk}/").content.decode()
    assert ("Edited since; left as it is." in page, "1 skipped" in page) == (True, True)
    assert ListEntry.objects.get().score == 41


def test_a_discarded_import_is_over(alice: User, alice_client: Client) -> None:
    upload(alice_client)
    run = SyncRun.objects.get()
    assert alice_client.post(f"/runs/{run.pk}/discard/")["Location"] == "/account/data/"
    page = alice_client.post(f"/runs/{run.pk}/approve/", follow=True).content.decode()
    assert "This import is not to be done any more. You discarded it." in page
    assert (ListEntry.objects.count(), Change.objects.count()) == (0, 0)
    assert expire_imports() == 0


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "This file is empty."),
        (b"<html/>", "This is not a list file of MyAnimeList."),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><myanimelist/>", "which no list needs"),
        (b"PK\x03\x04", "This is a ZIP."),
        (b"title\nx\n", "its first line must name the columns"),
    ],
)
def test_what_is_no_list_is_said_on_the_page(data: bytes, text: str, alice_client: Client) -> None:
    answer = upload(alice_client, data)
    assert (answer.status_code, text in answer.content.decode()) == (400, True)
    assert SyncRun.objects.count() == 0


def test_without_a_file_or_a_rule_nothing_is_done(alice_client: Client) -> None:
    assert alice_client.post("/account/data/import/", {"policy": "newest"}).status_code == 400
    assert upload(alice_client, policy="mine").status_code == 400


class Untouched(io.BytesIO):
    """A body that must not be read."""

    def read(self, size: int | None = -1) -> bytes:
        raise AssertionError("the body was read")


def test_a_hundred_megabytes_are_refused_before_a_byte_is_read(alice: User, client: Client) -> None:
    body: Any = {"CONTENT_LENGTH": str(100 * 2**20), "wsgi.input": Untouched()}
    for signed_in in (False, True):
        if signed_in:
            client.force_login(alice)
        answer = client.generic(
            "POST",
            "/account/data/import/",
            b"",
            "multipart/form-data; boundary=x",
            **body,
        )
        assert (answer.status_code, f"up to {MAX_FILE // 2**20} MB" in answer.content.decode()) == (413, True)


def test_files_cannot_be_given_or_taken_without_end(alice_client: Client) -> None:
    statuses = [alice_client.post("/account/data/export/", {"file_format": "csv"}).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]
    assert upload(alice_client).status_code == 429


# Everything ---------------------------------------------------------------------------------------------------


def test_everything_is_given_after_the_password_once_more(alice: User, alice_client: Client) -> None:
    rows.make_all(alice)
    path = "/account/data/everything/"
    assert b"Not in it: passwords, keys and tokens" in alice_client.get(path).content
    asked = alice_client.post(path)
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    answer = sign_in(alice_client, path)
    assert answer["Content-Type"] == "application/zip"
    with ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert "list.json" in archive.namelist()


# The way out ---------------------------------------------------------------------------------------------------


def test_an_account_is_erased_after_the_password_and_the_address(
    alice: User, alice_client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    made = rows.make_all(alice)
    path, form = "/account/erase/", {"address": " Alice@example.org "}
    page = alice_client.get(path).content.decode()
    assert ("your library: 1 anime and 0 manga" in page, "your links to AniList" in page) == (True, True)
    asked = alice_client.post(path, form)
    assert (asked.status_code, User.objects.filter(pk=alice.pk).exists()) == (302, True)
    with django_capture_on_commit_callbacks(execute=True):
        answer = sign_in(alice_client, path)
    assert b"Your account is erased" in answer.content
    assert set(count_rows(alice.pk).values()) == {0}
    assert Media.objects.filter(pk=made["entry"].media_id).exists()
    assert alice_client.get("/account/").status_code == 302
    assert mail.outbox[-1].subject == "[Enishi] Your account is erased"
    assert "https://anilist.co" in mail.outbox[-1].body


def test_another_address_erases_nothing(alice: User, alice_client: Client) -> None:
    path = "/account/erase/"
    alice_client.post(path, {"address": "bob@example.org"})
    answer = sign_in(alice_client, path)
    assert b"This is not the address of this account." in answer.content
    assert User.objects.filter(pk=alice.pk).exists()


def test_a_service_that_shares_its_access_is_asked_about(alice: User, alice_client: Client) -> None:
    assert b"shared_access" not in alice_client.get("/account/erase/").content
    rows.make_connection(alice, "kitsu")
    assert Connection.objects.get().app is None
    assert "Also end Enishi&#x27;s access at Kitsu" in alice_client.get("/account/erase/").content.decode()
