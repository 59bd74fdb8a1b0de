"""The promises of tests/conftest.py."""

from __future__ import annotations

import socket

import pytest
from django.db import connection
from redis import Redis

from accounts.models import User
from tests.conftest import NetworkBlocked


def test_the_world_is_out_of_reach() -> None:
    with socket.socket() as line, pytest.raises(NetworkBlocked):
        line.connect(("192.0.2.1", 443))
    with pytest.raises(NetworkBlocked):
        socket.create_connection(("graphql.anilist.co", 443))


def test_loopback_is_in_reach(redis_client: Redis) -> None:
    assert redis_client.ping() is True
    assert redis_client.dbsize() == 0


def test_three_people(alice: User, bob: User, charlie: User) -> None:
    assert User.objects.count() == 3
    assert connection.vendor in ("postgresql", "sqlite")


@pytest.mark.postgres
def test_postgres_is_real(db: None) -> None:
    assert connection.vendor == "postgresql"
    assert connection.settings_dict["NAME"].startswith("test_")
