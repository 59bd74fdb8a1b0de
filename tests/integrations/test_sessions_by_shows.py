"""What a session carries for a provider that counts by shows, and the answers to what a provider asks of its own."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from integrations.models import Connection
from integrations.providers import registry
from integrations.providers.base import Option
from integrations.services import sessions
from integrations.services.atlases import DatabaseAtlas
from integrations.services.playbooks import DatabasePlayBook
from tests.integrations.conftest import World
from tests.integrations.test_connecting import link

pytestmark = pytest.mark.django_db
ASKED = (
    Option("watched_at", "Date of plays", (("smart", "As it happens"), ("unknown", "No date"))),
    Option("way", "Progress", (("unbroken", "The run from 1"), ("highest", "The last one"))),
)


@pytest.fixture
def mine(world: World, alice: User) -> Connection:
    return link(world, alice, "7")


def test_a_provider_that_counts_by_shows_gets_an_atlas_and_a_play_book(
    mine: Connection, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    plain = sessions.open_session(mine)
    assert (plain.atlas, plain.plays) == (None, None)
    monkeypatch.setattr(registry.get("toy"), "by_shows", True)
    mine = Connection.objects.select_related("app").get(pk=mine.pk)
    with django_assert_num_queries(0):
        session = sessions.open_session(mine)
    assert (type(session.atlas), type(session.plays)) == (DatabaseAtlas, DatabasePlayBook)


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ({}, {"watched_at": "smart", "way": "unbroken"}),
        ({"way": "highest"}, {"watched_at": "smart", "way": "highest"}),
        ({"way": "sideways", "watched_at": None}, {"watched_at": "smart", "way": "unbroken"}),
        ({"colour": "red", "watched_at": ["unknown"]}, {"watched_at": "smart", "way": "unbroken"}),
    ],
)
def test_answers_that_the_provider_knows_stand_above_its_defaults(
    mine: Connection, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], chosen: dict[str, str]
) -> None:
    monkeypatch.setattr(registry.get("toy"), "options", ASKED)
    mine.options = given
    assert sessions.open_session(mine).options == chosen
