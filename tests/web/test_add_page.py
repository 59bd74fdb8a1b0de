"""The page on which something new comes on the list: found in the services' catalogues, against the fakes."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from integrations.sandbox.server import Running
from library.models import ExternalId, ListEntry, Media
from library.words import quote_title
from tests.integrations.test_browsing import ANILIST, BOTH, KITSU, asked, down, grow_old, sandbox, server
from tests.web import rows

__all__ = ["sandbox", "server"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]

ADD = "/library/add/"
BEBOP = {"provider": KITSU, "external_id": "1", "status": "planned"}


def shown(client: Client, query: str = "") -> str:
    answer = client.get(ADD + query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def add(client: Client, query: str = "", **values: Any) -> str:
    answer = client.post(ADD + query, {**BEBOP, **values}, follow=True)
    assert answer.redirect_chain == [(ADD + query, 302)]
    return str(answer.content.decode())


def test_a_title_is_found_and_added(alice: User, alice_client: Client) -> None:
    page = shown(alice_client, "?text=cowboy+bebop")
    assert "Found at Kitsu" in page
    assert "TV, 1998, 26 episodes" in page
    assert 'href="https://kitsu.app/anime/1"' in page
    page = add(alice_client, "?text=cowboy+bebop")
    assert f"{quote_title('Cowboy Bebop')} is in your library. Your services get it with their next sync." in unescape(
        page
    )
    entry = ListEntry.objects.get(user=alice)
    assert (entry.media.title, entry.status, entry.progress) == ("Cowboy Bebop", "planned", 0)
    assert f'href="/library/{entry.media_id}/"' in page
    assert "On your list" in page


def test_without_words_it_shows_what_people_look_at(alice_client: Client, sandbox: Running) -> None:
    assert "What people look at now" in shown(alice_client)
    assert "What people look at now" in shown(alice_client, "?kind=manga&text=+")
    assert "What people look at now" in shown(alice_client, "?kind=film")
    assert (asked(sandbox, KITSU), asked(sandbox, ANILIST)) == (2, 0)


def test_what_is_completed_was_seen_to_its_end(alice: User, alice_client: Client) -> None:
    add(alice_client, status="completed")
    assert ListEntry.objects.get(user=alice).progress == 26


def test_twice_is_said(alice_client: Client) -> None:
    add(alice_client)
    assert "It is on your list already." in add(alice_client)
    assert ListEntry.objects.count() == 1


@pytest.mark.parametrize(
    "values",
    [
        {"status": "watched"},
        {"status": ""},
        {"external_id": "99999999"},
        {"external_id": "9" * 99},
        {"external_id": "\x00"},
        {"media": "1"},
        {"media": "9" * 30},
        {"media": "one"},
    ],
)
def test_nonsense_adds_nothing(values: dict[str, str], alice_client: Client) -> None:
    assert "Please choose a title and a status." in add(alice_client, **values)
    assert ListEntry.objects.count() == 0


@pytest.mark.parametrize("provider", ["trakt", "nobody", "", "\x00"])
def test_a_service_that_cannot_be_asked_adds_nothing(provider: str, alice_client: Client) -> None:
    page = add(alice_client, provider=provider)
    assert "Please choose a title" in page or "The catalogues do not answer" in page
    assert ListEntry.objects.count() == 0


def test_where_it_is_unsure_it_asks(alice: User, alice_client: Client) -> None:
    media = rows.make_media("Cowboy Bebop", format="tv", year=1998, total=25)
    ExternalId.objects.create(media=media, provider="myanimelist", kind="anime", external_id="777", source="test")
    answer = alice_client.post(f"{ADD}?text=bebop", {**BEBOP, "status": "paused"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Which one do you mean?" in page
    assert f'name="media" value="{media.pk}"' in page
    assert 'name="status" value="paused"' in page
    assert ListEntry.objects.count() == 0
    alice_client.post(f"{ADD}?text=bebop", {"media": str(media.pk), "status": "paused"})
    assert ListEntry.objects.get(user=alice).media == media
    assert Media.objects.count() == 1


def test_pages_stay_with_the_service_that_gave_the_first(alice_client: Client, sandbox: Running) -> None:
    works = [{"kind": "anime", "id": 900_000 + at, "title": f"Paged {at}"} for at in range(25)]
    sandbox.control("POST", "kitsu/works", {"works": works})
    first = shown(alice_client, "?text=paged&kind=anime")
    assert 'href="?text=paged&amp;kind=anime&amp;provider=kitsu&amp;page=2" rel="next"' in first
    second = shown(alice_client, "?text=paged&kind=anime&provider=kitsu&page=2")
    assert 'page=1" rel="prev"' in second
    assert 'rel="next"' not in second
    for page in ("x", "-1", "0", "9" * 30):
        assert "Paged" in shown(alice_client, f"?text=paged&page={page}")


def test_nothing_found_is_said(alice_client: Client) -> None:
    assert "Nothing is called like that at Kitsu." in shown(alice_client, "?text=zzzz+qqqq")


def test_no_answer_is_said_and_an_old_one_is_better_than_none(
    alice_client: Client,
    sandbox: Running,
    settings: Settings,
) -> None:
    shown(alice_client)
    grow_old(settings)
    down(sandbox, *BOTH)
    assert "this is from a while ago" in shown(alice_client)
    assert "The catalogues do not answer at the moment." in shown(alice_client, "?text=never+asked")
    assert "The catalogues do not answer at the moment." in add(alice_client)


def test_a_title_from_outside_is_text(alice_client: Client, sandbox: Running) -> None:
    work = {"kind": "anime", "id": 900_001, "title": "<script>alert(1)</script>", "synopsis": "<b>bold</b> words"}
    sandbox.control("POST", "kitsu/works", {"works": [work]})
    page = shown(alice_client, "?text=script")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<b>bold" not in page


def test_looking_is_counted(alice_client: Client, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "search": "2/m/user"}
    assert [alice_client.get(ADD).status_code for _ in range(3)] == [200, 200, 429]
    assert alice_client.get("/library/").status_code == 200


def test_the_library_leads_to_it(alice: User, alice_client: Client) -> None:
    assert ADD in alice_client.get("/library/").content.decode()
    rows.make_entry(alice)
    assert ADD in alice_client.get("/library/").content.decode()
