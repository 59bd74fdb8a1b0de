"""The account and its access keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AccessKey, User
from accounts.services import keys
from tests.api.conftest import by_key, by_session, problem, token_of

ACCOUNT, KEYS, JSON = "/api/v1/account", "/api/v1/account/keys", "application/json"


def test_an_account_is_shown_and_changed(alice: User, alice_api: Client) -> None:
    shown = alice_api.get(ACCOUNT).json()
    assert (shown["id"], shown["email"], shown["timezone"]) == (str(alice.pk), "alice@example.org", "Europe/Berlin")
    assert shown["date_joined"].endswith("Z")
    answer = alice_api.patch(ACCOUNT, {"timezone": "Asia/Tokyo"}, JSON)
    alice.refresh_from_db()
    assert (answer.status_code, answer.json()["timezone"], alice.timezone) == (200, "Asia/Tokyo", "Asia/Tokyo")


def test_only_preferences_are_taken(alice: User, alice_api: Client) -> None:
    alice_api.patch(ACCOUNT, {"email": "evil@example.org", "is_staff": True}, JSON)
    alice.refresh_from_db()
    assert (alice.email, alice.is_staff) == ("alice@example.org", False)


def test_no_time_zone_is_a_field_error(alice_api: Client) -> None:
    body = problem(alice_api.patch(ACCOUNT, {"timezone": "Mars/Olympus"}, JSON), 400, "invalid")
    assert [error["field"] for error in body["errors"]] == ["timezone"]


def test_a_key_is_shown_once_and_works(alice: User, alice_in_person: Client) -> None:
    made = alice_in_person.post(KEYS, {"name": " Home ", "scopes": ["sync", "read"]}, JSON)
    assert made.status_code == 201
    body = made.json()
    key = body.pop("key")
    assert (body["name"], body["scopes"], body["expires_at"], body["last_used_at"]) == (
        "Home",
        ["read", "sync"],
        None,
        None,
    )
    assert key.startswith(body["prefix"] + "_")
    assert alice_in_person.get(KEYS).json() == {"next": None, "previous": None, "results": [body]}
    answer = Client().get(ACCOUNT, headers={"Authorization": f"Bearer {key}"})
    assert answer.json()["email"] == "alice@example.org"


def test_the_key_itself_is_nowhere(alice: User) -> None:
    made = keys.create_key(alice, name="n", scopes=["read"])
    row = AccessKey.objects.values().get(pk=made.row.pk)
    secret = made.key.rpartition("_")[2]
    assert secret not in repr(row)
    assert secret not in repr(made)
    assert len(row["digest"]) == 32


def test_revoked_at_once_and_by_its_owner_only(alice: User, bob: User, alice_in_person: Client) -> None:
    mine, theirs = keys.create_key(alice, name="n", scopes=["read"]), keys.create_key(bob, name="n", scopes=["read"])
    problem(alice_in_person.delete(f"{KEYS}/{theirs.row.pk}"), 404, "not_found")
    assert alice_in_person.delete(f"{KEYS}/{mine.row.pk}").status_code == 204
    problem(Client().get(ACCOUNT, headers={"Authorization": f"Bearer {mine.key}"}), 401, "bad_key")
    assert keys.find_key(theirs.key) is not None


def test_a_borrowed_session_makes_no_key(alice: User) -> None:
    client = by_session(alice, confirmed=False)
    problem(client.post(KEYS, {"name": "n", "scopes": ["read"]}, JSON), 403, "confirmation_required")
    assert not AccessKey.objects.exists()
    assert client.get(KEYS).status_code == 200
    headers = {"X-Session-Token": token_of(client)}
    problem(Client().post(KEYS, {"name": "n", "scopes": ["read"]}, JSON, headers=headers), 403, "confirmation_required")
    headers = {"X-Session-Token": token_of(by_session(alice))}
    assert Client().post(KEYS, {"name": "n", "scopes": ["read"]}, JSON, headers=headers).status_code == 201


def test_a_key_administers_no_account(alice_api: Client, alice: User) -> None:
    before = AccessKey.objects.count()
    problem(alice_api.get(KEYS), 403, "session_required")
    problem(alice_api.post(KEYS, {"name": "n", "scopes": ["read"]}, JSON), 403, "session_required")
    problem(alice_api.delete(f"{KEYS}/{AccessKey.objects.get().pk}"), 403, "session_required")
    assert AccessKey.objects.count() == before


@pytest.mark.parametrize("spoil", ["cut", "other", "swapped", "unknown", "empty", "long"])
def test_what_is_no_key_is_refused(spoil: str, alice: User, bob: User) -> None:
    mine, theirs = (keys.create_key(user, name="n", scopes=["read"]).key for user in (alice, bob))
    wrong = {
        "cut": mine[:-1],
        "other": mine[:-1] + ("A" if mine[-1] != "A" else "B"),
        "swapped": mine[:16] + theirs[16:],
        "unknown": "enishi_aaaaaaaa_" + "a" * 43,
        "empty": "",
        "long": mine + "a" * 10_000,
    }[spoil]
    assert keys.find_key(wrong) is None
    answer = Client().get(ACCOUNT, headers={"Authorization": f"Bearer {wrong}"})
    problem(answer, 401, "bad_key")
    assert answer["WWW-Authenticate"] == 'Bearer realm="enishi", error="invalid_token"'


def test_an_end_ends_it(alice: User) -> None:
    made = keys.create_key(alice, name="n", scopes=["read"], expires_at=timezone.now() + timedelta(hours=1))
    assert keys.find_key(made.key) is not None
    AccessKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert keys.find_key(made.key) is None


def test_someone_put_out_has_no_key(alice: User) -> None:
    made = keys.create_key(alice, name="n", scopes=["read"])
    User.objects.update(is_active=False)
    assert keys.find_key(made.key) is None


def test_last_used_is_written_once_a_minute(alice: User, django_assert_num_queries: Any) -> None:
    made = keys.create_key(alice, name="n", scopes=["read"])
    with django_assert_num_queries(2):
        keys.find_key(made.key)
    with django_assert_num_queries(1):
        keys.find_key(made.key)
    AccessKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    with django_assert_num_queries(2):
        keys.find_key(made.key)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": ["read"]}, "name"),
        ({"name": " ", "scopes": ["read"]}, "name"),
        ({"name": "n" * 81, "scopes": ["read"]}, "name"),
        ({"name": "n", "scopes": []}, "scopes"),
        ({"name": "n", "scopes": ["admin"]}, "scopes.0"),
        ({"name": "n", "scopes": "read"}, "scopes"),
        ({"name": "n", "scopes": ["read"], "expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
    ],
)
def test_bad_wishes_name_the_field(body: dict[str, Any], field: str, alice_in_person: Client) -> None:
    found = problem(alice_in_person.post(KEYS, body, JSON), 400, "invalid")
    assert [error["field"] for error in found["errors"]] == [field]
    assert not AccessKey.objects.exists()


def test_keys_are_not_made_without_end(alice: User, alice_in_person: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MOST_KEYS", 1)
    by_key(alice)
    problem(alice_in_person.post(KEYS, {"name": "n", "scopes": ["read"]}, JSON), 400, "invalid")
    assert AccessKey.objects.count() == 1
