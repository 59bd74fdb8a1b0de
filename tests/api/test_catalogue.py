"""The services' catalogues over the API, against the fakes: found, recognised, put on the list."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from integrations.sandbox.server import Running
from library.models import ExternalId, ListEntry, Media
from library.services import matches
from tests.api.conftest import KeyClient, problem
from tests.e2e.lists import mend
from tests.integrations.test_browsing import ANILIST, BOTH, KITSU, asked, down, grow_old, sandbox, server
from tests.web import rows

__all__ = ["sandbox", "server"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]

API = "/api/v1/catalogue"
BEBOP = f"{API}/kitsu/anime/1"
UNKNOWN = "99999999"


def known(title: str = "Cowboy Bebop", **ids: str) -> Media:
    media = rows.make_media(title, format="tv", year=1998)
    for provider, external_id in ids.items():
        ExternalId.objects.create(media=media, provider=provider, kind="anime", external_id=external_id, source="test")
    return media


def found(client: Client, query: str = "text=Cowboy Bebop") -> dict[str, Any]:
    answer = client.get(f"{API}/search?{query}")
    assert answer.status_code == 200, answer.content
    results = {title["title"]: title for title in answer.json()["results"]}
    one: dict[str, Any] = results["Cowboy Bebop"]
    return one


# What is told -------------------------------------------------------------------------------------------------


def test_a_search_tells_what_a_page_needs(alice_api: Client) -> None:
    answer = alice_api.get(f"{API}/search", {"text": "Cowboy Bebop", "kind": "anime"})
    body = answer.json()
    assert (body["provider"], body["stale"], body["asked_at"][:2], body["has_more"]) == (KITSU, False, "20", False)
    told = found(alice_api)
    assert told == {
        "provider": "kitsu",
        "external_id": "1",
        "kind": "anime",
        "url": "https://kitsu.app/anime/1",
        "title": "Cowboy Bebop",
        "titles": ["Cowboy Bebop"],
        "format": "tv",
        "year": 1998,
        "total": 26,
        "volumes": 0,
        "is_adult": False,
        "cover_url": "https://media.kitsu.app/anime/1/poster_image/medium.jpeg",
        "synopsis": "Cowboy Bebop stands in the sandbox.\nIts words are made up.",
        "airing": "finished",
        "started_on": told["started_on"],
        "season": "",
        "season_year": 0,
        "average_score": told["average_score"],
        "popularity": told["popularity"],
        "genres": [],
        "ids": {"anilist": "1", "myanimelist": "1"},
        "media": None,
        "on_list": False,
    }
    assert alice_api.get(BEBOP).json() == told


def test_a_season_and_what_people_look_at(alice_api: Client) -> None:
    season = alice_api.get(f"{API}/seasonal?year=2011&season=spring&provider=anilist").json()
    assert season["results"]
    assert {(title["season"], title["season_year"]) for title in season["results"]} == {("spring", 2011)}
    manga = alice_api.get(f"{API}/trending?kind=manga").json()
    assert {title["kind"] for title in manga["results"]} == {"manga"}


def test_nobody_else_s_question_costs_another_request(alice_api: Client, bob_api: Client, sandbox: Running) -> None:
    for client in (alice_api, bob_api):
        assert client.get(f"{API}/trending").status_code == 200
    assert asked(sandbox, KITSU) == 1


# What is known of it here -------------------------------------------------------------------------------------


def test_its_work_here_is_named_and_whether_it_is_on_the_list(alice: User, alice_api: Client, bob_api: Client) -> None:
    media = known(kitsu="1")
    assert (found(alice_api)["media"], found(alice_api)["on_list"]) == (media.pk, False)
    rows.make_entry(alice, media)
    assert [found(client)["on_list"] for client in (alice_api, bob_api)] == [True, False]
    ListEntry.objects.update(removed_at="2026-01-01T00:00:00Z")
    assert found(alice_api)["on_list"] is False


def test_other_services_ids_tell_it_too_where_they_agree(alice_api: Client) -> None:
    media = known(anilist="1")
    assert found(alice_api)["media"] == media.pk
    known("Another", myanimelist="1")
    assert found(alice_api)["media"] is None
    own = known("Its own", kitsu="1")
    assert found(alice_api)["media"] == own.pk


def test_a_person_s_own_word_goes_first_for_them_alone(alice: User, alice_api: Client, bob_api: Client) -> None:
    from library.entry import Kind

    media, other = known(kitsu="1"), rows.make_media("What alice means")
    matches.say_work(alice, provider=KITSU, kind=Kind.ANIME, external_id="1", media_id=other.pk)
    assert (found(alice_api)["media"], found(bob_api)["media"]) == (other.pk, media.pk)


def test_a_page_costs_the_same_however_much_of_it_is_known(alice: User, alice_api: Client) -> None:
    url = f"{API}/trending?provider=anilist"
    titles = alice_api.get(url).json()["results"]
    assert len(titles) > 5

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            alice_api.get(url)
        return len(seen)

    rows.make_entry(alice, known("One", anilist=titles[0]["external_id"]))
    one = queries()
    for title in titles[1:]:
        rows.make_entry(alice, known(title["title"], anilist=title["external_id"]))
    assert all(title["on_list"] for title in alice_api.get(url).json()["results"])
    assert queries() == one


# What does not fit --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("search", "text"),
        ("search?text=", "text"),
        (f"search?text={'x' * 101}", "text"),
        ("search?text=a&kind=film", "kind"),
        ("search?text=a&page=0", "page"),
        ("search?text=a&page=26", "page"),
        ("search?text=a&adult=perhaps", "adult"),
        ("seasonal?season=fall", "year"),
        ("seasonal?year=20060&season=fall", "year"),
        ("seasonal?year=2006&season=monsoon", "season"),
        ("trending?kind=%00", "kind"),
        (f"trending?provider={'x' * 33}", "provider"),
    ],
)
def test_what_does_not_fit_is_named(address: str, field: str, alice_api: Client, sandbox: Running) -> None:
    body = problem(alice_api.get(f"{API}/{address}"), 400, "invalid")
    assert [error["field"] for error in body["errors"]] == [field]
    assert sum(asked(sandbox, slug) for slug in BOTH) == 0


def test_a_service_that_cannot_be_asked_is_said(alice_api: Client, settings: Settings) -> None:
    problem(alice_api.get(f"{API}/trending?provider=nobody"), 404, "unknown_provider")
    problem(alice_api.get(f"{API}/trending?provider=trakt"), 409, "no_catalogue")
    settings.PROVIDERS = {KITSU: {"enabled": False}}
    problem(alice_api.get(BEBOP), 409, "provider_disabled")


@pytest.mark.parametrize(
    "address", [f"kitsu/anime/{UNKNOWN}", "kitsu/film/1", "kitsu/anime/no-id", f"kitsu/anime/{'9' * 65}"]
)
def test_what_is_not_there_is_not_found(address: str, alice_api: Client) -> None:
    problem(alice_api.get(f"{API}/{address}"), 404, "not_found")


def test_trouble_is_told_with_when_to_come_back(
    alice_api: Client,
    sandbox: Running,
    settings: Settings,
) -> None:
    alice_api.get(BEBOP)
    grow_old(settings)
    down(sandbox, *BOTH)
    assert alice_api.get(BEBOP).status_code == 200, "what is kept is better than nothing"
    answer = alice_api.get(f"{API}/trending")
    problem(answer, 503, "unavailable")
    assert 1 <= int(answer["Retry-After"]) <= 3_600
    mend(sandbox, KITSU)
    mend(sandbox, ANILIST)


def test_adult_works_are_for_who_asks(alice_api: Client, sandbox: Running) -> None:
    work = {"kind": "anime", "id": 900_001, "title": "Adult", "nsfw": True}
    sandbox.control("POST", "kitsu/works", {"works": [work]})
    problem(alice_api.get(f"{API}/kitsu/anime/900001"), 404, "not_found")


def test_searching_is_counted_by_itself(alice_api: Client, settings: Settings) -> None:
    settings.API_RATE_LIMITS = {**settings.API_RATE_LIMITS, "search": "1/m"}
    assert alice_api.get(f"{API}/trending").status_code == 200
    assert alice_api.get("/api/v1/library").status_code == 200
    assert problem(alice_api.get(f"{API}/trending"), 429, "throttled")


# Put on the list ----------------------------------------------------------------------------------------------


def add(client: Client, address: str = BEBOP, **values: Any) -> Any:
    return client.post(f"{address}/entry", {"status": "planned", **values}, content_type="application/json")


def test_what_nobody_had_comes_on_the_list(alice: User, alice_api: Client) -> None:
    answer = add(alice_api, progress=3, status="current")
    assert answer.status_code == 201, answer.content
    body = answer.json()
    media = Media.objects.get()
    assert (body["media"]["title"], body["progress"]) == ("Cowboy Bebop", 3)
    assert answer["Location"] == f"/api/v1/library/{media.pk}"
    assert answer["ETag"]
    assert dict(media.external_ids.values_list("provider", "external_id"))[KITSU] == "1"
    assert (found(alice_api)["media"], found(alice_api)["on_list"]) == (media.pk, True)
    problem(add(alice_api), 409, "already_there")


def test_what_is_known_here_is_not_made_twice(bob: User, bob_api: Client, alice_api: Client) -> None:
    media = known(anilist="1", kitsu="1")
    assert [add(client).json()["media"]["id"] for client in (alice_api, bob_api)] == [media.pk, media.pk]
    assert Media.objects.count() == 1


def test_both_services_titles_of_a_work_are_one_work(alice_api: Client, bob_api: Client) -> None:
    """Kitsu tells AniList's id of it."""
    assert add(alice_api).status_code == 201
    assert add(bob_api, f"{API}/anilist/anime/1").status_code == 201
    assert Media.objects.count() == 1


def test_where_it_is_unsure_a_person_decides(alice_api: Client, alice: User) -> None:
    """The same title and year, another length: it may be the same."""
    media = Media.objects.create(
        kind="anime", title="Cowboy Bebop", titles=["Cowboy Bebop"], format="tv", year=1998, total=25
    )
    ExternalId.objects.create(media=media, provider="myanimelist", kind="anime", external_id="777", source="test")
    body = problem(add(alice_api), 409, "unsure")
    assert body["errors"] == [{"field": "media", "code": "candidate", "message": f"{media.pk}: Cowboy Bebop"}]
    assert ListEntry.objects.count() == 0


def test_it_is_done_once_however_often_it_is_sent(alice_api: Client) -> None:
    answers = [
        alice_api.post(
            f"{BEBOP}/entry",
            {"status": "planned"},
            content_type="application/json",
            headers={"Idempotency-Key": "once"},
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert ListEntry.objects.count() == 1


def test_what_does_not_fit_adds_nothing(alice_api: Client, key_of: KeyClient, alice: User) -> None:
    problem(add(alice_api, score=101), 400, "invalid")
    problem(add(alice_api, f"{API}/kitsu/anime/{UNKNOWN}"), 404, "not_found")
    problem(add(key_of(alice, "read")), 403, "scope_missing")
    assert (Media.objects.count(), ListEntry.objects.count()) == (0, 0)


def test_details_and_adding_cost_one_request_together(alice_api: Client, sandbox: Running) -> None:
    alice_api.get(BEBOP)
    add(alice_api)
    assert asked(sandbox, KITSU) == 1
    assert cache.get("catalogue:rests:kitsu") is None
