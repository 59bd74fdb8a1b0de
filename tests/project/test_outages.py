"""A page that cannot be made: a server of ours that is away is not a fault."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client
from redis.exceptions import ConnectionError as RedisGone

from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("error", [OperationalError("planted-host"), RedisGone("planted-host")])
def test_a_server_that_is_away_is_503(monkeypatch: pytest.MonkeyPatch, alice: User, error: Exception) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(alice)

    def fail(*args: object) -> None:
        raise error

    monkeypatch.setattr("syncing.web.views.queries.standings_for_user", fail)
    answer = client.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    page = answer.content.decode()
    assert "Back in a moment" in page
    assert "planted-host" not in page


def test_a_fault_of_ours_is_500(monkeypatch: pytest.MonkeyPatch, alice: User) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    monkeypatch.setattr("syncing.web.views.queries.standings_for_user", lambda user: 1 / 0)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.content.decode()
