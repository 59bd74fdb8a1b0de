"""Films known by imdb id alone, and shows by tvdb id alone, found at TMDB: against its fake, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from integrations.errors import AuthRevoked, Gone, Malformed, Unavailable
from integrations.models import ShowId
from integrations.sandbox.server import Running, serve
from integrations.services import translating
from integrations.tasks import translate_targets
from integrations.translators.tmdb import client
from library.models import EpisodeRange, IdTable, Library, ListEntry
from tests.integrations.providers.script import ScriptedSession, answer, page
from tests.library.test_places import add_media, add_range, reader

TOKEN = "planted-tmdb-read-token"
IMDB, TMDB = "tt11032374", "635302"
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with serve() as running:
        yield running


@pytest.fixture
def tmdb(server: Running, settings: Settings) -> Running:
    server.control("POST", "reset")
    server.control("POST", "tmdb/apps", {"client_id": "key", "client_secret": TOKEN})
    settings.SANDBOX_URL, settings.TMDB_TOKEN = server.url, TOKEN
    return server


def want(alice: User, number: str, *, total: int = 1, **values: Any) -> None:
    """A work on Alice's list that the tables know by this range alone."""
    Library.objects.get_or_create(user=alice)
    ListEntry.objects.create(user=alice, media=add_media(total, anilist=number), status="planned", revision=1)
    add_range("anilist", number, **values)


def want_film(alice: User, number: str = "112151", imdb: str = IMDB) -> None:
    want(alice, number, target_kind="movie", target_site="imdb", target_id=imdb, season=None, last=1)


def want_show(alice: User, *, total: int) -> None:
    """Ascendance of a Bookworm: one season of 26 at TMDB."""
    want(alice, "108268", total=total, target_site="tvdb", target_id="366263")


def test_a_film_known_by_imdb_alone_gets_tmdb_s_id(tmdb: Running, alice: User) -> None:
    want_film(alice)
    assert translating.translate_targets() == 1
    row = EpisodeRange.objects.get(source="tmdb")
    assert (row.site, row.site_id, row.target_kind, row.target_site, row.target_id) == (
        *("anilist", "112151", "movie", "tmdb"),
        TMDB,
    )
    segments = reader().named("anilist", ["112151"])["112151"].segments
    assert [(s.target.site, s.first, s.last, s.source) for s in segments] == [("tmdb", 1, 1, "tmdb")]


@pytest.mark.parametrize(("total", "found"), [(26, 1), (25, 0), (0, 0)])
def test_a_show_known_by_tvdb_alone_must_be_one_season_of_that_length(
    tmdb: Running, alice: User, total: int, found: int
) -> None:
    want_show(alice, total=total)
    assert translating.translate_targets() == found
    rows = EpisodeRange.objects.filter(source="tmdb").values_list("target_id", "season", "first", "last", "numbering")
    assert list(rows) == [("91768", 1, 1, 26, "position")] * found


def test_a_route_is_looked_for_once_a_day_and_only_where_there_is_none(tmdb: Running, alice: User) -> None:
    want_film(alice)
    translate_targets()
    IdTable.objects.update(checked_at=timezone.now() - timedelta(hours=21))
    tmdb.control("DELETE", "tmdb/requests")
    translate_targets()
    translate_targets()
    assert EpisodeRange.objects.filter(source="tmdb").count() == 1
    assert tmdb.control("GET", "tmdb/requests")["total"] == 0


def test_only_one_turn_a_day_is_taken(tmdb: Running, alice: User) -> None:
    IdTable.objects.create(source="tmdb", checked_at=timezone.now() - timedelta(hours=19))
    want_film(alice)
    assert translating.translate_targets() == 0


def test_what_tmdb_does_not_have_is_asked_for_again_in_a_week(tmdb: Running, alice: User) -> None:
    want_film(alice, imdb="tt99999999")
    want_film(alice, "1", imdb=IMDB)
    assert translating.translate_targets() == 1
    row = ShowId.objects.get(provider="tmdb", site_id="tt99999999")
    assert row.external_id == ""
    assert timedelta(days=6) < row.expires_at - timezone.now() < timedelta(days=8)


def test_without_a_key_nothing_is_asked(tmdb: Running, alice: User, settings: Settings) -> None:
    settings.TMDB_TOKEN = ""
    want_film(alice)
    assert translating.translate_targets() == 0
    assert IdTable.objects.count() == 0


def test_a_refused_key_stops_the_turn(
    tmdb: Running, alice: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TMDB_TOKEN = "planted-wrong-token"
    want_film(alice)
    want_film(alice, "1", imdb="tt5607616")
    tmdb.control("DELETE", "tmdb/requests")
    assert translating.translate_targets() == 0
    assert tmdb.control("GET", "tmdb/requests")["total"] == 1
    assert "translating by TMDB stopped" in caplog.text
    assert "planted" not in caplog.text


def test_what_is_asked() -> None:
    found = {"movie_results": [{"id": 5}], "tv_results": [{"id": 6}]}
    lengths = [{"season_number": number, "episode_count": count} for number, count in ((0, 3), (1, 24), (2, 12))]
    session = ScriptedSession(client.Tmdb(), [answer(found), answer(found), answer({"seasons": lengths})])  # type: ignore[arg-type]
    assert (client.find_film(session, IMDB), client.find_show(session, "366263")) == ("5", "6")
    assert client.fetch_lengths(session, "6") == {1: 24, 2: 12}
    assert [
        (sent.method, sent.url.removeprefix(client.API), sent.params, sent.repeatable) for sent in session.sent
    ] == [
        ("GET", f"/find/{IMDB}", {"external_source": "imdb_id"}, True),
        ("GET", "/find/366263", {"external_source": "tvdb_id"}, True),
        ("GET", "/tv/6", {}, True),
    ]


@pytest.mark.parametrize("results", [[], [{"id": 5}, {"id": 6}]])
def test_none_and_several_are_no_answer(results: list[Any]) -> None:
    session = ScriptedSession(client.Tmdb(), [answer({"movie_results": results, "tv_results": results})] * 2)  # type: ignore[arg-type]
    assert (client.find_film(session, IMDB), client.find_show(session, "1")) == ("", "")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (answer({"movie_results": []}), Malformed),
        (answer({"status_code": 34}, status=404), Gone),
        (answer({"status_code": 7}, status=401), AuthRevoked),
        (page("busy", status=403), Unavailable),
    ],
)
def test_what_goes_wrong(given: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        client.find_film(ScriptedSession(client.Tmdb(), [given]), IMDB)  # type: ignore[arg-type]


def test_no_more_than_twenty_requests_in_a_second() -> None:
    assert [b.requests / b.seconds for b in client.Tmdb.budgets] == [20.0]
