"""The page of access keys: shown once, asked for the password first, revoked by its owner."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AccessKey, User
from accounts.services.keys import create_key, find_key
from tests.api.conftest import by_session
from tests.conftest import PASSWORD

KEYS = "/account/keys/"
WISH = {"name": "Home server", "scopes": ["read", "sync"], "days": "90"}


@pytest.fixture
def alice_client(alice: User) -> Client:
    return by_session(alice)


def test_a_key_is_shown_once(alice_client: Client) -> None:
    made = alice_client.post(KEYS, WISH)
    row = AccessKey.objects.get()
    key = made.context["made"].key
    assert key.encode() in made.content
    assert find_key(key) == row
    assert (row.name, row.scopes, row.expires_at is not None) == ("Home server", ["read", "sync"], True)
    again = alice_client.get(KEYS)
    assert key.encode() not in again.content
    assert row.prefix.encode() in again.content
    assert "no-store" in made["Cache-Control"]


def test_a_key_may_have_no_end(alice_client: Client) -> None:
    alice_client.post(KEYS, {**WISH, "days": ""})
    assert AccessKey.objects.get().expires_at is None


@pytest.mark.parametrize("wish", [{"name": ""}, {"scopes": []}, {"scopes": ["admin"]}, {"days": "9999"}])
def test_bad_wishes_are_told(wish: dict[str, str], alice_client: Client) -> None:
    answer = alice_client.post(KEYS, {**WISH, **wish})
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not AccessKey.objects.exists()


def test_the_password_is_asked_first(alice: User) -> None:
    client = by_session(alice, confirmed=False)
    assert client.get(KEYS).status_code == 200
    asked = client.post(KEYS, WISH)
    assert (asked.status_code, AccessKey.objects.count()) == (302, 0)
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    made = client.post(asked["Location"], {"password": PASSWORD, "next": KEYS})
    assert AccessKey.objects.get().name == "Home server"
    assert made.context["made"].key.encode() in made.content


def test_only_the_owner_sees_and_revokes(alice: User, bob: User, alice_client: Client) -> None:
    mine, his = create_key(alice, name="n", scopes=["read"]), create_key(bob, name="bobs", scopes=["read"])
    assert b"bobs" not in alice_client.get(KEYS).content
    assert alice_client.post(f"{KEYS}{his.row.pk}/revoke/").status_code == 404
    assert alice_client.get(f"{KEYS}{mine.row.pk}/revoke/").status_code == 405
    assert alice_client.post(f"{KEYS}{mine.row.pk}/revoke/").status_code == 302
    assert (find_key(mine.key), find_key(his.key)) == (None, his.row)


def test_the_account_leads_there(alice_client: Client) -> None:
    assert f'href="{KEYS}"'.encode() in alice_client.get("/account/").content


def test_a_list_costs_the_same_with_more_rows(alice: User, django_assert_num_queries: object) -> None:
    client = by_session(alice)
    for rows in (1, 3):
        while AccessKey.objects.count() < rows:
            create_key(alice, name="n", scopes=["read"])
        with django_assert_num_queries(4):  # type: ignore[operator]
            client.get(KEYS)
