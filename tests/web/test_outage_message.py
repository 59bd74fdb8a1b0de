"""A service that is away is told to the people who wait for it, until it is back."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from integrations.errors import Unavailable
from syncing.services import endings, outcomes
from tests.web import rows

WORDS = "AniList is not reachable right now. The sync goes on when it is back."


@pytest.mark.parametrize(("page", "arguments"), [("home", []), ("connection", ["anilist"])])
def test_an_outage_is_told_on_the_pages_until_a_run_ends_well(
    page: str, arguments: list[str], alice: User, alice_client: Client
) -> None:
    connection = rows.make_connection(alice)
    ending = endings.ending_of(Unavailable("the service is not answering", retry_after=30.0), name="AniList")
    outcomes.tell_connection(connection, ending)
    address = reverse(page, args=arguments)
    assert WORDS in alice_client.get(address).content.decode()
    connection.refresh_from_db()
    outcomes.clear_connection(connection, timezone.now())
    assert WORDS not in alice_client.get(address).content.decode()
