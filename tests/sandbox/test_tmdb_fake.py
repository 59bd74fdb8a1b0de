"""The TMDB fake against providers/id-mapping.md 2, and the sandbox's routes against its examples (1 and 5.6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from integrations.sandbox.catalogue import load_works
from integrations.sandbox.screen import Screen
from integrations.sandbox.server import Running
from integrations.sandbox.shapes import ControlError
from integrations.sandbox.shows import Route, facts_of, real_facts, sandbox_routes
from tests.sandbox.trakt_asking import straight_to

TITAN, ONE_PIECE, TRAIN = 1429, 37854, 635302


class Tmdb(httpx.Client):
    def __init__(self, sandbox: Running) -> None:
        app = sandbox.control("POST", "tmdb/apps", {"name": "Tests"})
        self.key, self.bearer = app["client_id"], {"Authorization": f"Bearer {app['client_secret']}"}
        self.sandbox = sandbox
        super().__init__(
            base_url=f"{sandbox.url}/api.themoviedb.org/3", transport=straight_to(sandbox), trust_env=False
        )
        sandbox.control("POST", "tmdb/settings", {"rate": 0})

    def read(self, path: str, **params: Any) -> Any:
        answer = self.get(path, params=params, headers=self.bearer)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refusal(self, path: str, **params: Any) -> tuple[int, int]:
        """(HTTP status, status_code)."""
        answer = self.get(path, params=params, headers=self.bearer)
        body = answer.json()
        assert (set(body), body["success"]) == ({"success", "status_code", "status_message"}, False)
        return answer.status_code, body["status_code"]


@pytest.fixture
def tmdb(sandbox: Running) -> Iterator[Tmdb]:
    with Tmdb(sandbox) as client:
        yield client


class TestAccess:
    def test_a_v4_token_or_a_v3_key(self, tmdb: Tmdb) -> None:
        assert tmdb.get("/tv/1429", headers=tmdb.bearer).status_code == 200
        assert tmdb.get("/tv/1429", params={"api_key": tmdb.key}).status_code == 200

    @pytest.mark.parametrize(
        ("params", "headers", "code"),
        [({}, {}, 7), ({"api_key": "wrong"}, {}, 7), ({}, {"Authorization": "Bearer wrong"}, 3)],
    )
    def test_bad_keys(self, tmdb: Tmdb, params: dict[str, str], headers: dict[str, str], code: int) -> None:
        answer = tmdb.get("/tv/1429", params=params, headers=headers)
        assert (answer.status_code, answer.json()["status_code"]) == (401, code)

    def test_too_many_in_a_second(self, tmdb: Tmdb) -> None:
        tmdb.sandbox.control("POST", "tmdb/settings", {"rate": 2})
        assert [tmdb.get("/tv/1429", headers=tmdb.bearer).status_code for _ in range(3)] == [200, 200, 429]
        assert tmdb.refusal("/tv/1429") == (429, 25)
        tmdb.sandbox.control("POST", "clock", {"step": 1})
        assert tmdb.get("/tv/1429", headers=tmdb.bearer).status_code == 200

    def test_faults_in_its_own_shape(self, tmdb: Tmdb) -> None:
        tmdb.sandbox.control("POST", "tmdb/faults", {"kind": "rate_limit", "retry_after": 3})
        assert tmdb.get("/tv/1429", headers=tmdb.bearer).headers["Retry-After"] == "3"
        tmdb.sandbox.control("POST", "tmdb/faults", {"kind": "error", "status": 503})
        assert tmdb.refusal("/tv/1429") == (503, 11)

    def test_it_has_no_accounts(self, tmdb: Tmdb) -> None:
        control = tmdb.sandbox.control
        assert control("GET", "tmdb/accounts") == []
        for method, path, data in (
            ("POST", "tmdb/accounts", {"name": "alice"}),
            ("GET", "tmdb/accounts/alice", None),
            ("DELETE", "tmdb/accounts/alice", None),
            ("POST", "tmdb/accounts/alice/edit", {}),
            ("POST", "tmdb/tokens", {"account": "alice"}),
        ):
            with pytest.raises(ControlError, match="has no accounts"):
                control(method, path, data)


class TestShows:
    def test_a_show(self, tmdb: Tmdb) -> None:
        found = tmdb.read("/tv/1429")
        assert (found["number_of_episodes"], found["number_of_seasons"], found["status"]) == (89, 4, "Ended")
        assert [(one["season_number"], one["episode_count"]) for one in found["seasons"]] == [
            (1, 25),
            (2, 12),
            (3, 22),
            (4, 30),
        ]
        assert set(found["seasons"][0]) == {"id", "season_number", "episode_count", "air_date", "name"}
        assert tmdb.read(f"/tv/{ONE_PIECE}")["status"] == "Returning Series"

    def test_episodes_bear_their_real_numbers(self, tmdb: Tmdb) -> None:
        rows = tmdb.read(f"/tv/{ONE_PIECE}/season/2")["episodes"]
        assert [rows[0]["episode_number"], rows[-1]["episode_number"], len(rows)] == [62, 77, 16]
        assert set(rows[0]) == {"id", "episode_number", "season_number", "air_date", "name", "episode_type"}

    def test_external_ids(self, tmdb: Tmdb) -> None:
        wanted = {"id": TITAN, "imdb_id": "tt2560140", "wikidata_id": None, "tvdb_id": 267440}
        assert tmdb.read("/tv/1429/external_ids") == wanted
        film = {"id": TRAIN, "imdb_id": "tt11032374", "wikidata_id": None}
        assert tmdb.read(f"/movie/{TRAIN}/external_ids") == film

    def test_appended_parts(self, tmdb: Tmdb) -> None:
        found = tmdb.read("/tv/1429", append_to_response="season/1,season/2,season/9,external_ids")
        assert [len(found[f"season/{number}"]["episodes"]) for number in (1, 2)] == [25, 12]
        assert found["external_ids"]["tvdb_id"] == 267440
        assert "season/9" not in found
        twenty = ",".join(f"season/{number}" for number in range(1, 21))
        assert len(tmdb.read(f"/tv/{ONE_PIECE}", append_to_response=twenty)["season/20"]["episodes"]) == 14
        assert tmdb.refusal("/tv/1429", append_to_response=twenty + ",season/21") == (400, 27)

    def test_what_is_not_there(self, tmdb: Tmdb) -> None:
        assert tmdb.refusal("/tv/999") == tmdb.refusal("/movie/1429") == (404, 34)
        assert tmdb.refusal("/tv/1429/season/9") == tmdb.refusal("/nothing") == (404, 34)
        assert tmdb.read("/tv/1429/episode_groups")["results"] == []
        tmdb.sandbox.control("POST", "tmdb/settings", {"unknown_id_code": "6"})
        assert tmdb.refusal("/tv/999") == (404, 6)


class TestFind:
    @pytest.mark.parametrize(
        ("source", "value", "kind", "found"),
        [
            ("tvdb_id", "267440", "tv_results", TITAN),
            ("imdb_id", "tt2560140", "tv_results", TITAN),
            ("imdb_id", "tt11032374", "movie_results", TRAIN),
        ],
    )
    def test_by_external_id(self, tmdb: Tmdb, source: str, value: str, kind: str, found: int) -> None:
        answer = tmdb.read(f"/find/{value}", external_source=source)
        assert [one["id"] for one in answer[kind]] == [found]
        assert sum(map(len, answer.values())) == 1
        assert set(answer) == {
            "movie_results",
            "person_results",
            "tv_results",
            "tv_episode_results",
            "tv_season_results",
        }

    def test_unknown_ids_are_empty_lists_and_unknown_sources_an_error(self, tmdb: Tmdb) -> None:
        for source in ("tvdb_id", "imdb_id", "wikidata_id"):
            assert sum(map(len, tmdb.read("/find/5", external_source=source).values())) == 0
        assert tmdb.refusal("/find/5") == tmdb.refusal("/find/5", external_source="anilist_id") == (422, 5)


class TestWorks:
    def test_its_table_may_run_ahead_of_trakts(self, tmdb: Tmdb) -> None:
        cut = [{"number": 1, "count": 28}, {"number": 2, "count": 10}]
        tmdb.sandbox.control("POST", "tmdb/works", {"works": [{"kind": "show", "id": 209867, "seasons": cut}]})
        assert [one["episode_count"] for one in tmdb.read("/tv/209867")["seasons"]] == [28, 10]
        new = {"kind": "show", "id": 1420, "title": "A number that Trakt has given to another"}
        tmdb.sandbox.control("POST", "tmdb/works", {"works": [new]})
        assert tmdb.read("/tv/1420")["name"] == new["title"]

    def test_generated_works(self, tmdb: Tmdb) -> None:
        made = {"generate": {"kind": "anime", "count": 2, "first_id": 900_000}}
        tmdb.sandbox.control("POST", "tmdb/works", made)
        assert tmdb.read("/tv/30900001")["number_of_episodes"] == 12


@pytest.fixture(scope="module")
def screen() -> Screen:
    return Screen([*real_facts(), *facts_of(load_works())])


@pytest.fixture(scope="module")
def routes() -> dict[int, list[Route]]:
    found = defaultdict(list)
    for route in sandbox_routes(beyond=True):
        found[route.anilist_id].append(route)
    return found


class TestRoutes:
    @pytest.mark.parametrize(
        ("anime", "episode", "tmdb_id", "season", "number"),
        [
            (154587, 28, 209867, 1, 28),
            (182255, 1, 209867, 1, 29),
            (104578, 1, 1429, 3, 13),
            (131681, 1, 1429, 4, 17),
            (146984, 1, 1429, 4, 29),
            (20799, 1, 45790, 2, 25),
            (113693, 1, 91768, 1, 15),
            (127720, 1, 94664, 1, 12),
            (146065, 1, 94664, 0, 2),
            (146065, 2, 94664, 2, 1),
            (166873, 1, 94664, 2, 13),
            (11061, 63, 46298, 2, 63),
            (21, 62, 37854, 2, 62),
            (21, 1170, 37854, 23, 1170),
            (166531, 1, 203737, 1, 12),
            (163134, 1, 65942, 1, 51),
        ],
    )
    def test_the_worked_examples(
        self,
        routes: dict[int, list[Route]],
        screen: Screen,
        *,
        anime: int,
        episode: int,
        tmdb_id: int,
        season: int,
        number: int,
    ) -> None:
        route = next(one for one in routes[anime] if one.start <= episode < one.start + one.length)
        assert (route.kind, route.tmdb_id, route.season) == ("show", tmdb_id, season)
        table = screen.find("show", "tmdb", tmdb_id).seasons[season].episodes
        assert table[route.position - 1 + episode - route.start].number == number

    def test_the_film(self, routes: dict[int, list[Route]]) -> None:
        assert routes[112151] == [Route(112151, 40456, "movie", TRAIN, 474745, 0, 1, 1)]

    def test_each_anime_of_the_catalogue_has_a_route_that_fits(self, screen: Screen) -> None:
        wanted = [(work.anilist_id, work.mal_id) for work in load_works() if work.kind == "anime"]
        found = list(sandbox_routes())
        assert list(dict.fromkeys((route.anilist_id, route.mal_id) for route in found)) == wanted
        for route in found:
            work = screen.find(route.kind, "tmdb", route.tmdb_id)
            assert work.trakt == route.trakt_id
            if route.kind == "show":
                assert (
                    1 <= route.position <= route.position + route.length - 1 <= len(work.seasons[route.season].episodes)
                )

    def test_a_known_total_is_covered_once(self, routes: dict[int, list[Route]]) -> None:
        for work in load_works():
            if work.kind == "anime" and work.anilist_id and work.total:
                covered = [at for one in routes[work.anilist_id] for at in range(one.start, one.start + one.length)]
                assert covered == list(range(1, work.total + 1)), work.title

    def test_no_two_anime_share_an_episode(self) -> None:
        seen: dict[tuple[str, int, int, int], int] = {}
        for route in sandbox_routes(beyond=True):
            for place in range(route.position, route.position + route.length):
                key = (route.kind, route.tmdb_id, route.season, place)
                assert key not in seen, (route, seen[key])
                seen[key] = route.anilist_id

    def test_made_up_ids_lie_above_every_real_one(self) -> None:
        real = {route.tmdb_id for route in sandbox_routes(beyond=True) if route.tmdb_id < 30_000_000}
        assert max(real) == TRAIN
        by_rule = [route for route in sandbox_routes() if route.tmdb_id not in real]
        for route in by_rule:
            key = route.anilist_id or 10_000_000 + route.mal_id
            assert (route.tmdb_id, route.trakt_id) == (30_000_000 + key, 50_000_000 + key)
        assert len({route.tmdb_id for route in by_rule}) == len(by_rule)
