"""Lists at the Trakt fake against providers/trakt.md: reading, paging, ratings, watchlist, hidden, look-ups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.trakt_asking import (
    FRIEREN,
    MUSHOKU,
    NOTHING,
    NOW,
    ONE_PIECE,
    TITAN,
    TRAIN,
    Person,
    Trakt,
    film,
    pages,
    season,
    show,
    shows_with_plays,
)


@pytest.fixture
def alice(trakt: Trakt) -> Person:
    return trakt.person()


class TestWatched:
    def test_seasons_come_only_with_progress(self, alice: Person) -> None:
        alice.post("/sync/history", show(ONE_PIECE, season(2, 62, 63), season(1, 1)))
        alice.post("/sync/history", show(ONE_PIECE, season(2, 62)))
        row = alice.read("/sync/watched/shows")[0]
        ids = {"trakt": ONE_PIECE, "slug": "one-piece", "tvdb": 81797, "imdb": "tt0388629", "tmdb": 37854}
        stamps = {"last_watched_at": NOW, "last_updated_at": "2023-11-14T22:13:20.000Z", "reset_at": None}
        known = {"title": "One Piece", "year": 1999, "ids": ids, "aired_episodes": 1181}
        assert row == {"plays": 4, **stamps, "show": known}
        full = alice.read("/sync/watched/shows", extended="full,progress")[0]
        assert full["show"]["status"] == "returning series"

        def seen(number: int, plays: int = 1) -> dict[str, Any]:
            return {"number": number, "plays": plays, "last_watched_at": NOW}

        assert full["seasons"] == [
            {"number": 1, "episodes": [seen(1)]},
            {"number": 2, "episodes": [seen(62, 2), seen(63)]},
        ]

    def test_movies(self, alice: Person) -> None:
        alice.post("/sync/history", film())
        alice.post("/sync/history", film(watched_at="2020-05-06T07:08:09Z"))
        row = alice.read("/sync/watched/movies")[0]
        assert (row["plays"], row["last_watched_at"]) == (2, NOW)
        slug = "demon-slayer-kimetsu-no-yaiba-the-movie-mugen-train-2020"
        assert row["movie"]["ids"] == {"trakt": TRAIN, "slug": slug, "imdb": "tt11032374", "tmdb": 635302}

    def test_a_removal_leaves_last_updated_at(self, trakt: Trakt, alice: Person) -> None:
        alice.post("/sync/history", show(TITAN, season(1, 1, 2)))
        trakt.step(60)
        alice.post("/sync/history/remove", show(TITAN, season(1, 2)))
        row = alice.read("/sync/watched/shows")[0]
        assert (row["plays"], row["last_updated_at"]) == (1, "2023-11-14T22:13:20.000Z")

    def test_the_compact_map(self, trakt: Trakt, alice: Person) -> None:
        alice.post("/sync/history", show(TITAN, season(1, 1), watched_at="2020-05-06T07:08:09Z"))
        wanted = {str(TITAN): {"1": {"1": ["2020-05-06T07:08:00.000Z"]}}}
        assert alice.read("/users/me/watched/shows", extended="min") == wanted
        assert trakt.get("/users/alice/watched/shows", params={"extended": "min"}).json() == wanted
        assert trakt.get("/users/me/watched/shows").status_code == 401
        assert trakt.get("/users/bob/watched/shows").status_code == 404

    def test_progress_of_a_show(self, alice: Person) -> None:
        alice.post("/sync/history", show(MUSHOKU, season(0, 2), season(1, 1, 2)))
        path = f"/shows/{MUSHOKU}/progress/watched"
        plain = alice.read(path)
        assert (plain["aired"], plain["completed"], [one["number"] for one in plain["seasons"]]) == (47, 2, [1, 2])
        assert plain["seasons"][0]["episodes"][1] == {"number": 2, "completed": True, "last_watched_at": NOW}
        assert (plain["next_episode"]["season"], plain["next_episode"]["number"]) == (1, 3)
        assert plain["last_episode"]["number"] == 2
        shown = alice.read(path, specials="true", count_specials="false")
        assert (shown["aired"], [one["number"] for one in shown["seasons"]]) == (47, [0, 1, 2])
        assert alice.read(path, specials="true")["completed"] == 3
        assert alice.get("/shows/nothing/progress/watched").status_code == 404

    def test_the_list_of_progress(self, alice: Person) -> None:
        alice.post("/sync/history", show(TITAN, season(1, 1)))
        alice.post("/sync/history", show(50_000_001))
        rows = alice.read("/sync/progress/watched")
        assert [(row["show"]["ids"]["trakt"], row["progress"]["completed"]) for row in rows] == [
            (TITAN, 1),
            (50_000_001, 26),
        ]
        assert len(alice.read("/sync/progress/watched", hide_completed="true")) == 1
        assert alice.read("/sync/progress/watched", only_rewatching="true") == []

    def test_a_reset_keeps_the_plays_and_is_for_vips(self, trakt: Trakt, alice: Person) -> None:
        path = f"/shows/{TITAN}/progress/watched/reset"
        alice.post("/sync/history", show(TITAN, season(1, 1)))
        assert alice.post(path, {}).status_code == 426
        trakt.control("POST", "accounts/alice/edit", {"settings": {"vip": True}})
        assert alice.post(path, {}).json() == {"reset_at": "2023-11-14T22:13:20.000Z"}
        row = alice.read("/sync/watched/shows", extended="progress")[0]
        assert (row["plays"], row["reset_at"]) == (1, "2023-11-14T22:13:20.000Z")
        assert trakt.delete(path, headers=alice.token).status_code == 200
        assert alice.read(f"/shows/{TITAN}/progress/watched")["reset_at"] is None


class TestPages:
    def test_four_headers_default_100_and_at_most_250(self, trakt: Trakt) -> None:
        alice = trakt.person(entries=[shows_with_plays(trakt, 260)])
        first = alice.get("/sync/watched/shows")
        assert (len(first.json()), pages(first)) == (100, ("1", "100", "3", "260"))
        assert pages(alice.get("/sync/watched/shows", limit=1000)) == ("1", "250", "2", "260")
        progress = alice.get("/sync/watched/shows", extended="full,progress", limit=250, page=3)
        assert (len(progress.json()), pages(progress)) == (60, ("3", "100", "3", "260"))
        everything = [
            row["show"]["ids"]["trakt"] for page in (1, 2, 3) for row in alice.read("/sync/watched/shows", page=page)
        ]
        assert len(set(everything)) == 260
        assert alice.read("/sync/watched/shows", page=4) == []

    @pytest.mark.parametrize(
        "path",
        [
            "/sync/watched/shows",
            "/sync/watched/movies",
            "/sync/history",
            "/sync/history/episodes",
            "/sync/ratings/shows",
            "/sync/watchlist",
            "/sync/collection/shows",
            "/sync/playback",
            "/users/hidden/dropped",
            "/sync/progress/watched",
        ],
    )
    def test_each_list_is_paged(self, alice: Person, path: str) -> None:
        assert pages(alice.get(path, limit=7)) == ("1", "7", "0", "0")
        assert pages(alice.get(path, limit="x", page="x"))[:2] == ("1", "100")

    def test_the_headers_may_be_missing(self, trakt: Trakt, alice: Person) -> None:
        trakt.settings(pagination_headers=False)
        assert not [name for name in alice.get("/sync/history").headers if name.startswith("x-pagination")]

    def test_lists_that_come_back_empty_or_short(self, trakt: Trakt, alice: Person) -> None:
        alice.post("/sync/history", show(TITAN, season(1, 1, 2, 3)))
        trakt.control("POST", "faults", {"kind": "empty_list", "endpoint": "GET /sync/history"})
        assert pages(alice.get("/sync/history"))[3] == "0"
        trakt.control("POST", "faults", {"kind": "short_list", "keep": 2, "endpoint": "GET /sync/history"})
        assert pages(alice.get("/sync/history"))[3] == "2"
        assert pages(alice.get("/sync/history"))[3] == "3"


class TestRatings:
    def test_all_four_kinds_are_set_replaced_and_removed(self, trakt: Trakt, alice: Person) -> None:
        rated = {"number": 1, "rating": 7, "episodes": [{"number": 2, "rating": 6}]}
        body = {**show(TITAN, rated, rating=8, rated_at="2020-05-06T07:08:09Z"), **film(rating=10)}
        answer = alice.post("/sync/ratings", body)
        assert answer.status_code == 201
        assert answer.json()["added"] == {"movies": 1, "shows": 1, "seasons": 1, "episodes": 1}
        rows = {row["type"]: row for row in alice.read("/sync/ratings/all")}
        assert {kind: row["rating"] for kind, row in rows.items()} == {
            "show": 8,
            "season": 7,
            "episode": 6,
            "movie": 10,
        }
        assert rows["show"]["rated_at"] == "2020-05-06T07:08:09.000Z"
        assert (rows["season"]["season"]["number"], rows["season"]["show"]["ids"]["trakt"]) == (1, TITAN)
        assert rows["episode"]["episode"]["number"] == 2
        season_id = rows["season"]["season"]["ids"]["trakt"]
        assert alice.post("/sync/ratings", {"seasons": [{"ids": {"trakt": season_id}, "rating": 9}]}).status_code == 201
        assert [row["rating"] for row in alice.read("/sync/ratings/seasons")] == [9]
        assert [row["type"] for row in alice.read("/sync/ratings/all/9")] == ["season"]
        gone = alice.post("/sync/ratings/remove", {**show(TITAN, season(1)), **film()}).json()
        assert gone["deleted"] == {"movies": 1, "shows": 0, "seasons": 1, "episodes": 0}
        assert sorted(row["type"] for row in alice.read("/sync/ratings")) == ["episode", "show"]

    @pytest.mark.parametrize("rating", [0, 11, 7.5, "8", None, True])
    def test_marks_out_of_range(self, alice: Person, rating: Any) -> None:
        assert alice.post("/sync/ratings", film(rating=rating)).status_code == 422
        assert alice.read("/sync/ratings") == []

    def test_not_found_and_the_cap(self, trakt: Trakt, alice: Person) -> None:
        answer = alice.post("/sync/ratings", {"shows": [{"ids": {"trakt": 999}, "rating": 5}]})
        assert answer.json()["not_found"]["shows"] == [{"ids": {"trakt": 999}}]
        trakt.settings(ratings_cap_free=1)
        assert alice.post("/sync/ratings", film(rating=8)).status_code == 201
        assert alice.post("/sync/ratings", film(rating=9)).status_code == 201
        assert alice.post("/sync/ratings", show(TITAN, rating=9)).status_code == 420


class TestWatchlist:
    def test_add_is_idempotent_and_remove_counts(self, alice: Person) -> None:
        answer = alice.post("/sync/watchlist", {**show(TITAN), **film()})
        assert answer.status_code == 201
        none = {"movies": 0, "shows": 0, "seasons": 0, "episodes": 0}
        both = {**none, "movies": 1, "shows": 1}
        assert (answer.json()["added"], answer.json()["existing"], answer.json()["list"]["item_count"]) == (
            both,
            none,
            2,
        )
        again = alice.post("/sync/watchlist", {**show(TITAN), **film()}).json()
        assert (again["added"], again["existing"], again["not_found"]) == (none, both, NOTHING)
        row = alice.read("/sync/watchlist/shows/added/asc")[0]
        assert (row["rank"], row["listed_at"], row["notes"], row["type"]) == (
            2,
            "2023-11-14T22:13:20.000Z",
            None,
            "show",
        )
        gone = alice.post("/sync/watchlist/remove", {**show(TITAN), **show(FRIEREN)}).json()
        assert (gone["deleted"], gone["list"]["item_count"]) == (none, 2)
        gone = alice.post("/sync/watchlist/remove", show(TITAN)).json()
        assert (gone["deleted"]["shows"], gone["list"]["item_count"]) == (1, 1)

    def test_sorts(self, trakt: Trakt, alice: Person) -> None:
        for trakt_id in (ONE_PIECE, TITAN, FRIEREN):
            alice.post("/sync/watchlist", show(trakt_id))
            trakt.step(1)

        def order(sort: str) -> list[int]:
            return [row["show"]["ids"]["trakt"] for row in alice.read(f"/sync/watchlist/shows/{sort}")]

        assert order("added/desc") == [FRIEREN, TITAN, ONE_PIECE]
        assert order("title/asc") == [TITAN, FRIEREN, ONE_PIECE]
        assert order("nonsense") == order("rank") == [ONE_PIECE, TITAN, FRIEREN]

    def test_420_over_the_cap_of_a_free_and_of_a_vip_account(self, trakt: Trakt, alice: Person) -> None:
        vip = trakt.person("vip", settings={"vip": True})
        trakt.settings(watchlist_cap_free=1, watchlist_cap_vip=2)
        both = {**show(TITAN), **film()}
        answer = alice.post("/sync/watchlist", both)
        assert (answer.status_code, answer.headers["X-Account-Limit"]) == (420, "1")
        assert answer.headers["X-Upgrade-URL"].startswith("https://trakt.tv/")
        assert alice.read("/sync/watchlist") == []
        assert vip.post("/sync/watchlist", both).status_code == 201
        assert vip.post("/sync/watchlist", both).status_code == 201
        assert vip.post("/sync/watchlist", show(FRIEREN)).status_code == 420
        limits = alice.read("/users/settings")["limits"]
        assert (limits["watchlist"], limits["list"]) == ({"item_count": 1}, {"count": 5, "item_count": 250})

    def test_notes_are_for_vips(self, trakt: Trakt, alice: Person) -> None:
        vip = trakt.person("vip", settings={"vip": True})
        assert alice.post("/sync/watchlist", show(TITAN, notes="soon")).status_code == 426
        assert vip.post("/sync/watchlist", show(TITAN, notes="soon")).status_code == 201
        assert vip.read("/sync/watchlist")[0]["notes"] == "soon"
        assert vip.post("/sync/watchlist", show(TITAN, notes="x" * 501)).status_code == 422

    def test_seasons_stand_beside_their_show(self, alice: Person) -> None:
        alice.post("/sync/watchlist", show(TITAN, season(2)))
        assert [(row["type"], row["season"]["number"]) for row in alice.read("/sync/watchlist/seasons")] == [
            ("season", 2)
        ]
        assert alice.read("/sync/watchlist/shows") == []


class TestHidden:
    def test_dropped_takes_whole_shows(self, alice: Person) -> None:
        answer = alice.post("/users/hidden/dropped", {**show(TITAN), **film()})
        assert (answer.status_code, answer.json()["added"]) == (201, {"movies": 0, "shows": 1, "season": 0})
        assert answer.json()["not_found"]["movies"] == [{"ids": {"trakt": TRAIN}}]
        rows = alice.read("/users/hidden/dropped", type="show")
        assert [(row["type"], row["show"]["ids"]["trakt"]) for row in rows] == [("show", TITAN)]
        assert rows[0]["hidden_at"] == "2023-11-14T22:13:20.000Z"
        gone = alice.post("/users/hidden/dropped/remove", show(TITAN))
        assert (gone.status_code, gone.json()["deleted"]) == (200, {"movies": 0, "episodes": 0})
        assert alice.read("/users/hidden/dropped") == []

    def test_progress_watched_takes_seasons(self, alice: Person) -> None:
        alice.post("/users/hidden/progress_watched", show(TITAN, season(2)))
        assert [row["type"] for row in alice.read("/users/hidden/progress_watched")] == ["season"]
        assert alice.read("/users/hidden/progress_watched", type="show") == []

    def test_unknown_sections_and_shows(self, alice: Person) -> None:
        assert alice.get("/users/hidden/nothing").status_code == 404
        assert alice.post("/users/hidden/nothing", show(TITAN)).status_code == 404
        missing = alice.post("/users/hidden/dropped", show(999)).json()["not_found"]["shows"]
        assert missing == [{"ids": {"trakt": 999}}]


class TestLookUps:
    @pytest.mark.parametrize(
        ("path", "found"),
        [
            ("trakt/1420", TITAN),
            ("tmdb/1429", TITAN),
            ("imdb/tt2560140", TITAN),
            ("tvdb/267440", TITAN),
            ("tmdb/999", None),
        ],
    )
    def test_by_id(self, trakt: Trakt, path: str, found: int | None) -> None:
        rows = trakt.get(f"/search/{path}", params={"type": "show"}).json()
        assert [(row["type"], row["show"]["ids"]["trakt"]) for row in rows] == ([("show", found)] if found else [])

    def test_the_type_matters_because_numbers_overlap(self, trakt: Trakt) -> None:
        trakt.control("POST", "works", {"works": [{"kind": "movie", "id": 77, "title": "Twin", "tmdb": 1429}]})

        def types(path: str, **params: str) -> list[str]:
            return [row["type"] for row in trakt.get(f"/search/{path}", params=params).json()]

        assert types("tmdb/1429") == ["movie", "show"]
        assert types("tmdb/1429", type="movie") == ["movie"]
        assert types("tmdb/635302", type="show") == []
        assert types("tvdb/267440", type="movie") == []

    def test_an_episode_by_id(self, trakt: Trakt) -> None:
        ids = trakt.get("/shows/one-piece/seasons/2").json()[0]["ids"]
        row = trakt.get(f"/search/tvdb/{ids['tvdb']}", params={"type": "episode"}).json()[0]
        assert (row["episode"]["number"], row["show"]["ids"]["slug"]) == (62, "one-piece")

    def test_by_text(self, trakt: Trakt) -> None:
        rows = trakt.get("/search/show", params={"query": "hunter x hunter", "years": "2011"})
        assert [row["show"]["ids"]["trakt"] for row in rows.json()] == [64409]
        assert pages(rows)[3] == "1"
        assert trakt.get("/search/movie", params={"query": "Mugen Train"}).json()[0]["movie"]["ids"]["trakt"] == TRAIN
        both = trakt.get("/search/movie,show", params={"query": "Sword Art Online"}).json()
        assert {row["type"] for row in both} == {"movie", "show"}
        assert trakt.get("/search/show").status_code == 422
        assert trakt.get("/search/show", params={"query": "x", "years": "a"}).status_code == 422

    def test_shows_and_films_by_id_and_slug(self, trakt: Trakt) -> None:
        plain = trakt.get("/shows/1420").json()
        assert plain == trakt.get("/shows/attack-on-titan").json()
        assert set(plain) == {"title", "year", "ids"}
        full = trakt.get("/shows/1420", params={"extended": "full"}).json()
        assert (full["status"], full["aired_episodes"]) == ("ended", 89)
        assert trakt.get(f"/movies/{TRAIN}").json()["ids"]["tmdb"] == 635302
        assert trakt.get("/movies/1420").status_code == trakt.get("/shows/nothing").status_code == 404

    def test_the_show_86_is_no_id(self, trakt: Trakt) -> None:
        assert trakt.get("/shows/86").status_code == 404
        rows = trakt.get("/search/show", params={"query": "86: Eighty Six"}).json()
        assert not rows[0]["show"]["ids"]["slug"].isdecimal()

    def test_the_season_table_in_one_request(self, trakt: Trakt) -> None:
        params = {"extended": "full,episodes"}
        table = trakt.get("/shows/one-piece/seasons", params=params).json()
        ends = [(one["number"], one["episodes"][0]["number"], one["episodes"][-1]["number"]) for one in table]
        assert (ends[0], ends[1], ends[21], ends[22]) == ((1, 1, 61), (2, 62, 77), (22, 1089, 1155), (23, 1156, 1181))
        assert (table[1]["episode_count"], table[1]["aired_episodes"]) == (16, 16)
        first = table[1]["episodes"][0]
        assert (first["season"], first["number_abs"], set(first["ids"])) == (2, 62, {"trakt", "tvdb", "imdb", "tmdb"})
        ids = [episode["ids"]["trakt"] for one in table for episode in one["episodes"]]
        assert len(set(ids)) == 1181

    def test_frieren_is_one_season_and_mushoku_has_specials(self, trakt: Trakt) -> None:
        def lengths(slug: str) -> dict[int, int]:
            table = trakt.get(f"/shows/{slug}/seasons", params={"extended": "episodes"}).json()
            return {one["number"]: len(one["episodes"]) for one in table}

        assert lengths("frieren-beyond-journey-s-end") == {1: 38}
        assert lengths(str(MUSHOKU)) == {0: 2, 1: 23, 2: 24}
        assert lengths("attack-on-titan") == {1: 25, 2: 12, 3: 22, 4: 30}

    def test_without_extended_a_season_is_number_and_ids(self, trakt: Trakt) -> None:
        rows = trakt.get("/shows/attack-on-titan/seasons").json()
        assert [set(row) for row in rows] == [{"number", "ids"}] * 4
        plain = trakt.get("/shows/attack-on-titan/seasons", params={"extended": "episodes"}).json()
        assert set(plain[0]["episodes"][0]) == {"season", "number", "title", "ids"}

    def test_number_abs_is_often_null(self, trakt: Trakt) -> None:
        table = trakt.get("/shows/50000001/seasons", params={"extended": "full,episodes"}).json()
        assert {episode["number_abs"] for episode in table[0]["episodes"]} == {None}

    def test_one_season(self, trakt: Trakt) -> None:
        rows = trakt.get("/shows/one-piece/seasons/23").json()
        assert (len(rows), rows[0]["number"]) == (26, 1156)
        info = trakt.get("/shows/one-piece/seasons/23/info", params={"extended": "full"}).json()
        assert (info["number"], info["episode_count"]) == (23, 26)
        assert trakt.get("/shows/one-piece/seasons/24").status_code == 404

    def test_the_link_to_myanimelist(self, trakt: Trakt) -> None:
        plain = trakt.get("/shows/attack-on-titan/ratings").json()
        linked = trakt.get("/shows/attack-on-titan/ratings", params={"extended": "all"}).json()
        assert "mal" not in plain
        assert linked["mal"]["link"] == "https://myanimelist.net/anime/16498"
