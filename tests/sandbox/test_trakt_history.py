"""Plays at the Trakt fake against providers/trakt.md 6.3, 7.1 and 7.2."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.trakt_asking import (
    EPOCH,
    FRIEREN,
    NOTHING,
    NOW,
    ONE_PIECE,
    TITAN,
    TRAIN,
    Person,
    Trakt,
    added,
    film,
    season,
    show,
)


@pytest.fixture
def alice(trakt: Trakt) -> Person:
    return trakt.person()


class TestHistory:
    def test_a_play_and_how_it_reads(self, alice: Person) -> None:
        answer = alice.post("/sync/history", show(ONE_PIECE, season(2, 62), watched_at="2020-05-06T09:08:59+02:00"))
        assert answer.status_code == 201
        assert answer.json() == {"added": {"movies": 0, "episodes": 1}, "not_found": NOTHING}
        row = alice.read("/sync/history")[0]
        assert row["id"] > 2**32
        assert (row["watched_at"], row["action"], row["type"]) == ("2020-05-06T07:08:00.000Z", "watch", "episode")
        assert (row["episode"]["season"], row["episode"]["number"]) == (2, 62)
        assert set(row["episode"]["ids"]) == {"trakt", "tvdb", "imdb", "tmdb"}
        assert row["show"]["ids"]["trakt"] == ONE_PIECE

    def test_the_same_body_twice_is_two_plays(self, trakt: Trakt, alice: Person) -> None:
        body = {**show(TITAN, season(1, 1), watched_at="2020-05-06T07:08:09Z"), **film(watched_at="unknown")}
        for _ in range(2):
            assert added(alice.post("/sync/history", body)) == {"movies": 1, "episodes": 1}
        assert len(alice.read("/sync/history")) == 4
        writes = trakt.control("GET", "requests")["writes"]["alice"]
        assert sorted(writes.values()) == [2, 2]

    def test_the_newer_contract(self, trakt: Trakt, alice: Person) -> None:
        trakt.settings(write_status=200)
        answer = alice.post("/sync/history", film())
        assert (answer.status_code, answer.json()["updated"]) == (200, {"movies": 0, "episodes": 0})
        assert alice.post("/sync/ratings", film(rating=8)).status_code == 200
        assert alice.post("/users/hidden/dropped", show(TITAN)).status_code == 200

    @pytest.mark.parametrize(
        ("given", "held"),
        [
            ({}, NOW),
            ({"watched_at": None}, NOW),
            ({"watched_at": 1_500_000_000}, NOW),
            ({"watched_at": "2020-05-06"}, "2020-05-06T00:00:00.000Z"),
            ({"watched_at": "unknown"}, EPOCH),
            ({"watched_at": "released"}, "2013-04-14T15:00:00.000Z"),
        ],
    )
    def test_dates(self, alice: Person, given: dict[str, Any], held: str) -> None:
        alice.post("/sync/history", show(TITAN, {"number": 1, "episodes": [{"number": 2, **given}]}))
        assert alice.read("/sync/history")[0]["watched_at"] == held

    def test_the_nearest_date_counts(self, alice: Person) -> None:
        episodes = [{"number": 1, "watched_at": "2020-01-01T00:00:00Z"}, {"number": 2}]
        alice.post(
            "/sync/history", show(TITAN, {"number": 1, "watched_at": "2021-01-01T00:00:00Z", "episodes": episodes})
        )
        dates = {row["episode"]["number"]: row["watched_at"][:4] for row in alice.read("/sync/history")}
        assert dates == {1: "2020", 2: "2021"}

    def test_bad_dates(self, alice: Person) -> None:
        assert alice.post("/sync/history", film(watched_at="yesterday")).status_code == 422
        assert alice.post("/sync/history", film(watched_at="released")).status_code == 422

    def test_what_names_nothing_within_means_all_of_it(self, alice: Person) -> None:
        assert added(alice.post("/sync/history", show(TITAN))) == {"movies": 0, "episodes": 89}
        assert added(alice.post("/sync/history", show(TITAN, season(3)))) == {"movies": 0, "episodes": 22}
        assert added(alice.post("/sync/history", show(TITAN, {"number": 3, "episodes": []})))["episodes"] == 0
        assert (
            added(alice.post("/sync/history", {"shows": [{"ids": {"trakt": TITAN}, "seasons": []}]}))["episodes"] == 0
        )

    def test_only_what_has_aired_is_marked(self, trakt: Trakt, alice: Person) -> None:
        cut = [{"number": 1, "count": 12, "aired": 5}]
        trakt.control("POST", "works", {"works": [{"kind": "show", "id": 50_000_001, "seasons": cut}]})
        assert added(alice.post("/sync/history", show(50_000_001)))["episodes"] == 5
        trakt.control(
            "POST", "works", {"works": [{"kind": "show", "id": 50_000_001, "air": {"season": 1, "count": 2}}]}
        )
        assert alice.read("/shows/50000001/progress/watched")["aired"] == 7

    @pytest.mark.parametrize(
        "ids",
        [
            {"trakt": TITAN},
            {"slug": "attack-on-titan"},
            {"imdb": "tt2560140"},
            {"tmdb": 1429},
            {"tvdb": 267440},
            {"trakt": TITAN, "tmdb": 999},
        ],
    )
    def test_a_show_by_any_id(self, alice: Person, ids: dict[str, Any]) -> None:
        body = {"shows": [{"ids": ids, "seasons": [season(1, 1)]}]}
        assert added(alice.post("/sync/history", body))["episodes"] == 1

    def test_title_and_year_match_too(self, alice: Person) -> None:
        body = {"shows": [{"title": "Attack on Titan", "year": 2013, "seasons": [season(1, 1)]}]}
        assert added(alice.post("/sync/history", body))["episodes"] == 1

    def test_films_have_no_tvdb_id_and_numbers_overlap(self, alice: Person) -> None:
        answer = alice.post("/sync/history", {"movies": [{"ids": {"tvdb": 267440}}, {"ids": {"tmdb": 1429}}]}).json()
        assert answer["not_found"]["movies"] == [{"ids": {"tvdb": 267440}}, {"ids": {"tmdb": 1429}}]

    def test_episodes_and_seasons_by_id(self, trakt: Trakt, alice: Person) -> None:
        table = trakt.get("/shows/attack-on-titan/seasons", params={"extended": "episodes"}).json()
        ids = table[0]["episodes"][4]["ids"]
        for name in ("trakt", "tvdb"):
            assert added(alice.post("/sync/history", {"episodes": [{"ids": {name: ids[name]}}]}))["episodes"] == 1
        body = {"episodes": [{"ids": {"tmdb": ids["tmdb"]}}]}
        assert alice.post("/sync/history", body).json()["not_found"]["episodes"] == body["episodes"]
        trakt.settings(episode_ids="older")
        assert added(alice.post("/sync/history", body))["episodes"] == 1
        assert added(alice.post("/sync/history", {"seasons": [{"ids": table[1]["ids"]}]}))["episodes"] == 12

    def test_not_found_and_counts_that_are_smaller(self, trakt: Trakt, alice: Person) -> None:
        body = show(TITAN, season(1, 25, 26, 27), season(9, 1))
        body["shows"].append({"ids": {"trakt": 999}, "seasons": []})
        answer = alice.post("/sync/history", body).json()
        assert answer["added"]["episodes"] == 1
        missing_season = {"ids": {"trakt": TITAN}, "seasons": [{"number": 9}]}
        assert answer["not_found"]["shows"] == [missing_season, {"ids": {"trakt": 999}}]
        trakt.settings(missing_episodes="not_found")
        missing = {"number": 1, "episodes": [{"number": 26}, {"number": 27}]}
        told = alice.post("/sync/history", show(TITAN, season(1, 25, 26, 27))).json()["not_found"]["shows"]
        assert told == [{"ids": {"trakt": TITAN}, "seasons": [missing]}]

    def test_one_piece_counts_on_across_seasons(self, alice: Person) -> None:
        assert added(alice.post("/sync/history", show(ONE_PIECE, season(23, 15, 1170))))["episodes"] == 1

    def test_an_incremental_read_misses_what_is_back_dated(self, alice: Person) -> None:
        alice.post("/sync/history", show(TITAN, season(1, 1)))
        alice.post("/sync/history", show(TITAN, season(1, 2), watched_at="2020-05-06T07:08:09Z"))
        alice.post("/sync/history", film(watched_at="unknown"))
        everything = alice.read("/sync/history")
        assert [row["watched_at"] for row in everything] == [NOW, "2020-05-06T07:08:00.000Z", EPOCH]
        assert len(alice.read("/sync/history", start_at="2023-11-14T22:13:00Z")) == 1
        assert len(alice.read("/sync/history", start_at="2020-01-01T00:00:00Z", end_at="2020-12-31T00:00:00Z")) == 1
        assert alice.get("/sync/history", start_at="x").status_code == 422

    def test_by_type_and_id(self, alice: Person) -> None:
        alice.post("/sync/history", {**show(TITAN, season(1, 1), season(2, 1)), **film()})
        alice.post("/sync/history", show(FRIEREN, season(1, 28)))
        rows = alice.read("/sync/history/episodes")
        assert len(rows) == 3
        first = rows[-1]["episode"]["ids"]["trakt"]
        assert len(alice.read(f"/sync/history/episodes/{first}")) == 1
        assert [len(alice.read(f"/sync/history/shows/{one}")) for one in (TITAN, FRIEREN, 1)] == [2, 1, 0]
        assert len(alice.read(f"/sync/history/movies/{TRAIN}")) == len(alice.read("/sync/history/movies")) == 1
        assert alice.get("/sync/history/people").status_code == 404

    def test_remove_by_id_takes_one_play_and_by_item_all(self, alice: Person) -> None:
        for _ in range(3):
            alice.post("/sync/history", {**show(TITAN, season(1, 1, 2)), **film()})
        play = alice.read("/sync/history/movies")[0]["id"]
        answer = alice.post("/sync/history/remove", {"ids": [play, 5]})
        assert answer.status_code == 200
        assert answer.json() == {"deleted": {"movies": 1, "episodes": 0}, "not_found": {**NOTHING, "ids": [5]}}

        def remove(body: dict[str, Any]) -> dict[str, int]:
            return dict(alice.post("/sync/history/remove", body).json()["deleted"])

        assert remove(show(TITAN, season(1, 2))) == {"movies": 0, "episodes": 3}
        assert remove({**show(TITAN), **film()}) == {"movies": 2, "episodes": 3}
        assert alice.read("/sync/history") == []
        for ids in ({"trakt": TITAN}, [[1]], ["1"]):
            assert alice.post("/sync/history/remove", {"ids": ids}).status_code == 422

    def test_a_play_takes_its_work_off_the_watchlist(self, alice: Person) -> None:
        alice.post("/sync/watchlist", {**show(TITAN), **film()})
        alice.post("/sync/watchlist", show(FRIEREN))
        before = alice.read("/sync/last_activities")["watchlist"]["updated_at"]
        alice.post("/sync/history", {**show(TITAN, season(2, 1)), **film()})
        assert [row["show"]["ids"]["trakt"] for row in alice.read("/sync/watchlist")] == [FRIEREN]
        assert alice.read("/sync/last_activities")["watchlist"]["updated_at"] > before

    @pytest.mark.parametrize(
        ("word", "status", "plays"), [("refuse", 409, 1), ("refuse_after", 409, 2), ("existing", 201, 2)]
    )
    def test_conflicts(self, trakt: Trakt, alice: Person, word: str, status: int, plays: int) -> None:
        alice.post("/sync/history", show(TITAN, season(1, 1)))
        trakt.settings(history_conflicts=word)
        answer = alice.post("/sync/history", show(TITAN, season(1, 1, 2)))
        assert (answer.status_code, len(alice.held()["history"])) == (status, plays)
        if status == 201:
            assert (answer.json()["added"]["episodes"], answer.json()["existing"]["episodes"]) == (1, 1)
        twice = {"number": 3, "watched_at": "2020-01-01T00:00:59Z"}
        doubled = show(TITAN, {"number": 1, "episodes": [twice, {**twice, "watched_at": "2020-01-01T00:00:00Z"}]})
        assert alice.post("/sync/history", doubled).status_code == status

    def test_the_cap_on_plays(self, trakt: Trakt, alice: Person) -> None:
        trakt.settings(history_cap=3)
        answer = alice.post("/sync/history", show(TITAN, season(1, 1, 2, 3, 4)))
        assert (answer.status_code, answer.headers["X-Account-Limit"]) == (420, "3")
        assert added(alice.post("/sync/history", show(TITAN, season(1, 1, 2, 3))))["episodes"] == 3

    def test_who_wants_one_play_of_a_thing(self, trakt: Trakt) -> None:
        alice = trakt.person(settings={"watch_only_once": True})
        assert alice.read("/users/settings", extended="browsing")["browsing"] == {"watch_only_once": True}
        alice.post("/sync/history", show(TITAN, season(1, 1)))
        assert added(alice.post("/sync/history", show(TITAN, season(1, 1, 2))))["episodes"] == 1
        trakt.settings(watch_once_skips=False)
        assert added(alice.post("/sync/history", show(TITAN, season(1, 1))))["episodes"] == 1
