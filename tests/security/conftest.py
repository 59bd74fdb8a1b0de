"""Browsers of the people in these tests: alice owns, bob has the same provider, charlie is a stranger."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from tests.conftest import PASSWORD


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def alice_client(alice: User) -> Client:
    return browser_of(alice)


@pytest.fixture
def charlie_client(charlie: User) -> Client:
    return browser_of(charlie)


@pytest.fixture
def root(db: None) -> User:
    """May do everything."""
    return User.objects.create_superuser("root@example.org", PASSWORD)


@pytest.fixture
def root_client(root: User) -> Client:
    return browser_of(root)
