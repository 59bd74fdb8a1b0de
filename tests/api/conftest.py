"""Clients of the three people: alice owns, bob has the same providers, charlie is a stranger; by session and by key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest
from django.test import Client

from accounts.models import User
from accounts.services.keys import create_key
from tests.conftest import PASSWORD

KeyClient = Callable[..., Client]


def by_session(user: User, *, confirmed: bool = True) -> Client:
    """confirmed: gave the password once more just now."""
    client = Client()
    client.force_login(user)
    if confirmed:
        request = HttpRequest()
        request.session = client.session
        record_authentication(request, user, method="password", reauthenticated=True)
        request.session.save()
    return client


def token_of(client: Client) -> str:
    """Its session as an app would send it."""
    return str(client.session.session_key)


def by_key(user: User, *scopes: str) -> Client:
    made = create_key(user, name="tests", scopes=scopes or ("read", "sync", "write"))
    return Client(headers={"Authorization": f"Bearer {made.key}"})


@pytest.fixture
def staff(db: None) -> User:
    """May use the admin; no more than anybody else here."""
    return User.objects.create_user("staff@example.org", PASSWORD, is_staff=True)


@pytest.fixture
def alice_api(alice: User) -> Client:
    """By key, with every scope."""
    return by_key(alice)


@pytest.fixture
def alice_in_person(alice: User) -> Client:
    return by_session(alice)


@pytest.fixture
def bob_api(bob: User) -> Client:
    return by_key(bob)


@pytest.fixture
def charlie_api(charlie: User) -> Client:
    return by_key(charlie)


@pytest.fixture
def key_of() -> KeyClient:
    """key_of(alice, "read"): a client with a key of just these scopes."""
    return by_key


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem that `answer` is; fails where it is another, or has not the shape."""
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), answer.content
    body: dict[str, Any] = answer.json()
    assert set(body) == {"type", "title", "status", "code", "detail", "errors"}
    assert (body["code"], body["status"]) == (code, status)
    assert body["type"] == f"urn:enishi:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert all(set(error) == {"field", "code", "message"} for error in body["errors"])
    return body
