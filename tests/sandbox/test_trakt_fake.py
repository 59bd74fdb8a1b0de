"""The Trakt fake against providers/trakt.md, its checklist (12) above all: the door, limits, people and works."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integrations.sandbox.server import Running
from integrations.sandbox.shapes import ControlError
from tests.sandbox.conftest import AT
from tests.sandbox.trakt_asking import FRIEREN, ONE_PIECE, TITAN, TRAIN, Person, Trakt, added, film, season, show


@pytest.fixture
def alice(trakt: Trakt) -> Person:
    return trakt.person()


class TestHeaders:
    def test_a_key_that_is_missing_or_unknown(self, trakt: Trakt) -> None:
        for key in ("", "wrong"):
            answer = trakt.get("/shows/one-piece", headers={"trakt-api-key": key})
            assert (answer.status_code, answer.content) == (403, b"")
            assert answer.headers["Content-Type"] == "application/json"
            assert "X-Runtime" in answer.headers

    @pytest.mark.parametrize(
        "headers",
        [{"Content-Type": ""}, {"Content-Type": "text/plain"}, {"trakt-api-version": ""}, {"trakt-api-version": "1"}],
    )
    def test_content_type_and_version(self, trakt: Trakt, headers: dict[str, str]) -> None:
        assert trakt.get("/shows/one-piece", headers=headers).status_code == 412

    @pytest.mark.parametrize(
        "agent", ["", "python-requests/2.32", "python-httpx/0.28", "Go-http-client/2.0", "okhttp/4"]
    )
    def test_agents_that_the_edge_stops(self, trakt: Trakt, agent: str) -> None:
        answer = trakt.get("/shows/one-piece", headers={"User-Agent": agent})
        assert (answer.status_code, "html" in answer.headers["Content-Type"]) == (403, True)
        assert "X-Runtime" not in answer.headers

    def test_a_token_where_one_is_needed(self, trakt: Trakt) -> None:
        for path in ("/sync/last_activities", "/sync/watched/shows", "/users/settings", "/users/hidden/dropped"):
            assert trakt.get(path).status_code == 401
        assert trakt.get("/shows/one-piece", headers={"Authorization": "Bearer dead"}).status_code == 401

    def test_unknown_paths_methods_and_bodies(self, trakt: Trakt, alice: Person) -> None:
        assert trakt.get("/sync/nothing").status_code == 404
        assert trakt.put("/sync/history", json={}).status_code == 405
        for body in (b"{", b"[]", b""):
            assert trakt.post("/sync/history", content=body, headers=alice.token).status_code == 400
        assert alice.post("/sync/history", {"shows": {}}).status_code == 422
        assert alice.post("/sync/history", show(TITAN, {"number": "1"})).status_code == 422


class TestLimits:
    def test_one_post_a_second_and_token(self, trakt: Trakt, alice: Person) -> None:
        bob = trakt.person("bob")
        trakt.settings(post_limit=1)
        assert alice.post("/sync/history", film()).status_code == 201
        refused = alice.post("/sync/history", film())
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert json.loads(refused.headers["X-Ratelimit"]) == {
            "name": "AUTHED_API_POST_LIMIT",
            "period": 1,
            "limit": 1,
            "remaining": 0,
            "until": "2023-11-14T22:13:21.000Z",
        }
        wanted = "AUTHED_API_POST_LIMIT rate limit exceeded. Please wait 1 seconds then retry your request."
        assert refused.text == wanted
        assert bob.post("/sync/history", film()).status_code == 201
        assert alice.get("/sync/history").status_code == 200
        trakt.step(1)
        assert alice.post("/sync/history", film()).status_code == 201
        assert len(alice.held()["history"]) == 2

    def test_gets_by_token_and_without_one_by_app(self, trakt: Trakt, alice: Person) -> None:
        trakt.settings(get_limit=2, app_get_limit=1)
        assert [alice.get("/shows/one-piece").status_code for _ in range(3)] == [200, 200, 429]
        assert [trakt.get("/shows/one-piece").status_code for _ in range(2)] == [200, 429]
        limits = json.loads(trakt.get("/shows/one-piece").headers["X-Ratelimit"])
        assert (limits["name"], limits["period"]) == ("UNAUTHED_API_GET_LIMIT", 300)
        trakt.step(299)
        assert alice.get("/shows/one-piece").headers["Retry-After"] == "1"
        trakt.step(1)
        assert alice.get("/shows/one-piece").status_code == 200

    def test_the_headers_may_be_missing_and_the_body_json(self, trakt: Trakt, alice: Person) -> None:
        trakt.settings(get_limit=1, ratelimit_header=False, limit_body="json")
        alice.get("/shows/one-piece")
        refused = alice.get("/shows/one-piece")
        assert ("X-Ratelimit" in refused.headers, set(refused.json())) == (False, {"error"})
        trakt.settings(get_limit=0)
        trakt.control("POST", "faults", {"kind": "rate_limit", "headers": False})
        assert "Retry-After" not in alice.get("/shows/one-piece").headers

    def test_the_defaults_are_those_of_the_page(self, sandbox: Running) -> None:
        settings = sandbox.control("GET", "trakt/settings")
        assert (settings["post_limit"], settings["post_period"]) == (1, 1.0)
        assert (settings["get_limit"], settings["app_get_limit"], settings["get_period"]) == (500, 500, 300.0)

    @pytest.mark.parametrize("body", ["html", "text"])
    def test_the_edge_bans_an_address_from_everything(self, trakt: Trakt, alice: Person, body: str) -> None:
        trakt.settings(edge_ban=True, edge_body=body)
        auth = trakt.post(f"{trakt.sandbox.url}/auth.trakt.tv/oauth/token", json={})
        for answer in (alice.get("/sync/last_activities"), alice.post("/sync/history", film()), auth):
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "300")
            assert body in answer.headers["Content-Type"].replace("plain", "")
            assert "1015" in answer.text
            assert not {"x-ratelimit", "x-runtime"} & set(answer.headers)
        assert alice.held()["history"] == []

    def test_the_edge_counts_by_address(self, trakt: Trakt, alice: Person) -> None:
        trakt.settings(edge_rate=5.0, edge_room=3, edge_block=300.0)
        assert [alice.get("/shows/one-piece").status_code for _ in range(3)] == [200] * 3
        assert trakt.get("/shows/one-piece").headers["Retry-After"] == "300"
        trakt.step(299)
        assert trakt.get("/shows/one-piece").status_code == 429
        trakt.step(1)
        assert trakt.get("/shows/one-piece").status_code == 200

    def test_dead_tokens_end_in_a_ban(self, trakt: Trakt) -> None:
        trakt.settings(ban_after_401s=2)
        dead = {"Authorization": "Bearer dead"}
        statuses = [trakt.get("/sync/history", headers=dead).status_code for _ in range(4)]
        assert statuses == [401, 401, 401, 429]
        trakt.step(300)
        assert trakt.get("/shows/one-piece").status_code == 200


class TestActivities:
    GROUPS = {
        "movies": 8,
        "episodes": 6,
        "shows": 6,
        "seasons": 4,
        "comments": 3,
        "lists": 4,
        "watchlist": 1,
        "favorites": 1,
        "collaborations": 1,
        "account": 5,
        "saved_filters": 1,
        "notes": 1,
    }

    def test_all_groups_are_there(self, alice: Person) -> None:
        found = alice.read("/sync/last_activities")
        assert found.pop("all") == "2023-11-14T22:13:20.000Z"
        assert {name: len(values) for name, values in found.items()} == self.GROUPS

    @pytest.mark.parametrize(
        ("path", "body", "moved"),
        [
            ("/sync/history", show(TITAN, season(1, 1)), {"episodes.watched_at"}),
            ("/sync/history", film(), {"movies.watched_at"}),
            ("/sync/ratings", show(TITAN, rating=8), {"shows.rated_at"}),
            ("/sync/ratings", show(TITAN, season(1, rating=7)), {"seasons.rated_at"}),
            ("/sync/ratings", film(rating=8), {"movies.rated_at"}),
            ("/sync/watchlist", show(TITAN), {"shows.watchlisted_at", "watchlist.updated_at"}),
            ("/users/hidden/dropped", show(TITAN), {"shows.dropped_at"}),
            ("/users/hidden/progress_watched", show(TITAN), {"shows.hidden_at"}),
        ],
    )
    def test_adding_and_removing_move_them(
        self, alice: Person, path: str, body: dict[str, Any], moved: set[str]
    ) -> None:
        """On a clock that stands still, too."""
        before = alice.read("/sync/last_activities")
        for call in (path, f"{path}/remove"):
            assert alice.post(call, body).status_code in (200, 201)
            after = alice.read("/sync/last_activities")
            assert after.pop("all") > before.pop("all")
            changed = {
                f"{group}.{name}"
                for group in after
                for name in after[group]
                if after[group][name] != before[group][name]
            }
            assert changed == moved
            before = alice.read("/sync/last_activities")

    def test_what_changes_nothing_moves_nothing(self, alice: Person) -> None:
        before = alice.read("/sync/last_activities")
        for path in ("/sync/history/remove", "/sync/watchlist/remove", "/users/hidden/dropped/remove"):
            assert alice.post(path, show(TITAN)).status_code == 200
        assert alice.read("/sync/last_activities") == before


class TestAccount:
    def test_settings(self, trakt: Trakt) -> None:
        bob = trakt.person("Bob Jones", settings={"vip": True, "timezone": "Europe/Berlin"})
        found = bob.read("/users/settings")
        assert (found["user"]["username"], found["user"]["vip"]) == ("Bob Jones", True)
        assert (found["user"]["ids"]["slug"], len(found["user"]["ids"]["uuid"])) == ("bob-jones", 32)
        assert found["account"]["timezone"] == "Europe/Berlin"
        assert found["limits"]["watchlist"] == {"item_count": 5000}
        assert set(found) == {"user", "account", "limits", "permissions"}

    @pytest.mark.parametrize(
        ("flag", "header"), [("locked", "X-Account-Locked"), ("deactivated", "X-Account-Deactivated")]
    )
    def test_locked_and_deactivated(self, trakt: Trakt, alice: Person, flag: str, header: str) -> None:
        trakt.control("POST", "accounts/alice/edit", {"settings": {flag: True}})
        answer = alice.post("/sync/history", film())
        assert (answer.status_code, answer.headers[header]) == (423, "true")
        assert alice.get("/users/settings").status_code == 423
        trakt.settings(lock_blocks="writes")
        assert alice.get("/users/settings").status_code == 200
        assert alice.post("/sync/history", film()).status_code == 423

    def test_reads_may_be_stale_for_some_seconds(self, trakt: Trakt, alice: Person) -> None:
        trakt.settings(stale_seconds=5.0)
        before = alice.read("/sync/last_activities")
        alice.post("/sync/history", show(TITAN, season(1, 1)))
        trakt.step(3)
        alice.post("/sync/history", show(TITAN, season(1, 2)))
        counts = []
        for _ in range(3):
            counts.append(len(alice.read("/sync/history")))
            trakt.step(2)
        assert counts == [0, 1, 1]
        assert alice.read("/sync/watched/shows")[0]["plays"] == 2
        alice.post("/sync/ratings", film(rating=8))
        assert alice.read("/sync/last_activities")["movies"]["rated_at"] != before["movies"]["rated_at"]
        trakt.settings(stale_activities=True)
        assert alice.read("/sync/last_activities")["movies"]["rated_at"] == before["movies"]["rated_at"]

    def test_errors_of_the_service_and_of_what_stands_before_it(self, trakt: Trakt, alice: Person) -> None:
        trakt.control("POST", "faults", {"kind": "error", "status": 500})
        answer = alice.get("/sync/history")
        assert (answer.status_code, "X-Error-Message" in answer.headers) == (500, True)
        for status in (502, 503, 504, 520, 522):
            trakt.control("POST", "faults", {"kind": "error", "status": status})
            answer = alice.get("/sync/history")
            assert (answer.status_code, "html" in answer.headers["Content-Type"]) == (status, True)

    def test_an_answer_lost_after_the_plays_were_written(self, trakt: Trakt, alice: Person) -> None:
        fault = {"kind": "error", "endpoint": "POST /sync/history", "status": 504, "when": "after"}
        trakt.control("POST", "faults", fault)
        assert alice.post("/sync/history", film()).status_code == 504
        assert len(alice.read("/sync/history")) == 1


class TestScrobble:
    def test_a_stop_at_80_percent_is_a_play_and_again_soon_a_conflict(self, trakt: Trakt, alice: Person) -> None:
        body = {"show": {"ids": {"trakt": TITAN}}, "episode": {"season": 1, "number": 3}, "progress": 80}
        answer = alice.post("/scrobble/stop", body)
        assert (answer.status_code, answer.json()["action"]) == (201, "scrobble")
        row = alice.read("/sync/history")[0]
        assert (row["id"], row["action"], row["episode"]["number"]) == (answer.json()["id"], "scrobble", 3)
        again = alice.post("/scrobble/stop", body)
        assert (again.status_code, set(again.json())) == (409, {"watched_at", "expires_at"})
        trakt.step(3600)
        assert alice.post("/scrobble/stop", body).status_code == 201

    def test_what_is_no_play(self, alice: Person) -> None:
        movie = {"movie": {"ids": {"trakt": TRAIN}}}
        assert alice.post("/scrobble/start", {**movie, "progress": 0}).json()["action"] == "start"
        assert alice.post("/scrobble/stop", {**movie, "progress": 79}).json()["action"] == "pause"
        assert alice.post("/scrobble/stop", {**movie, "progress": 0.5}).status_code == 422
        assert alice.post("/scrobble/stop", {"movie": {"ids": {"trakt": 1}}, "progress": 90}).status_code == 404
        assert alice.read("/sync/history") == []


class TestWorks:
    def test_a_re_cut_keeps_episodes_and_their_plays(self, trakt: Trakt, alice: Person) -> None:
        alice.post("/sync/history", show(FRIEREN, season(1, 28, 29)))
        cut = [{"number": 1, "count": 28}, {"number": 2, "count": 10}]
        trakt.control("POST", "works", {"works": [{"kind": "show", "id": FRIEREN, "seasons": cut}]})
        seasons = alice.read("/sync/watched/shows", extended="progress")[0]["seasons"]
        assert [(one["number"], [each["number"] for each in one["episodes"]]) for one in seasons] == [
            (1, [28]),
            (2, [1]),
        ]

    def test_an_aired_episode_more(self, trakt: Trakt) -> None:
        trakt.control(
            "POST", "works", {"works": [{"kind": "show", "id": ONE_PIECE, "air": {"season": 23, "count": 1}}]}
        )
        assert trakt.get("/shows/one-piece/seasons/23").json()[-1]["number"] == 1182

    def test_an_episode_more_leaves_the_seasons_behind_it_alone(self, trakt: Trakt) -> None:
        before = trakt.get("/shows/attack-on-titan/seasons/4").json()
        trakt.control("POST", "works", {"works": [{"kind": "show", "id": TITAN, "air": {"season": 1}}]})
        assert trakt.get("/shows/attack-on-titan/seasons/4").json() == before
        assert len(trakt.get("/shows/attack-on-titan/seasons/1").json()) == 26

    def test_new_works_and_removed_ones(self, trakt: Trakt, alice: Person) -> None:
        new = {"kind": "show", "id": 5, "title": "New", "tmdb": 6, "seasons": [{"number": 1, "count": 3}]}
        trakt.control("POST", "works", {"works": [new, {"kind": "movie", "id": 7, "title": "Film"}]})
        body = {**show(5), "movies": [{"ids": {"trakt": 7}}]}
        assert added(alice.post("/sync/history", body)) == {"movies": 1, "episodes": 3}
        gone = [{"kind": "show", "id": 5, "removed": True}, {"kind": "movie", "id": 7, "removed": True}]
        trakt.control("POST", "works", {"works": gone})
        assert alice.read("/sync/history") == []
        assert trakt.get("/shows/new").status_code == 404

    def test_a_reset_brings_the_old_cut_back(self, trakt: Trakt, sandbox: Running) -> None:
        trakt.control("POST", "works", {"works": [{"kind": "show", "id": FRIEREN, "removed": True}]})
        sandbox.control("POST", "reset")
        with Trakt(sandbox) as fresh:
            assert len(fresh.get(f"/shows/{FRIEREN}/seasons/1").json()) == 38

    @pytest.mark.parametrize(
        "work",
        [
            {"kind": "book", "id": 1},
            {"kind": "show", "id": 5},
            {"kind": "show", "id": TITAN, "wrong": 1},
            {"kind": "show", "id": 5, "removed": True},
            {"kind": "show", "id": TITAN, "air": {"season": 9}},
            {"kind": "movie", "id": TRAIN, "tvdb": 1},
        ],
    )
    def test_slips_are_told(self, trakt: Trakt, work: dict[str, Any]) -> None:
        with pytest.raises(ControlError):
            trakt.control("POST", "works", {"works": [work]})


class TestPeople:
    def test_an_account_is_kept_as_it_was_given(self, trakt: Trakt) -> None:
        entries = [
            {"watchlist": {"shows": [{"ids": {"trakt": TITAN}, "listed_at": "2020-01-01T00:00:00Z"}]}},
            {"history": show(TITAN, season(1, 1), watched_at="2020-05-06T07:08:09Z")},
            {"ratings": show(TITAN, rating=9, rated_at="2020-01-02T00:00:00Z"), "dropped": show(FRIEREN)},
        ]
        alice = trakt.person(entries=entries)
        held = alice.held()
        assert [row["watched_at"] for row in held["history"]] == ["2020-05-06T07:08:00.000Z"]
        assert [row["listed_at"] for row in held["watchlist"]] == ["2020-01-01T00:00:00.000Z"]
        assert [(row["rating"], row["rated_at"]) for row in held["ratings"]] == [(9, "2020-01-02T00:00:00.000Z")]
        assert [row["show"]["ids"]["trakt"] for row in held["hidden"]["dropped"]] == [FRIEREN]
        moved = {
            at
            for group in alice.read("/sync/last_activities").values()
            for at in (group.values() if isinstance(group, dict) else [group])
        }
        assert moved == {"2023-11-14T22:13:20.000Z"}

    def test_an_edit_is_a_person_at_work_on_the_site(self, trakt: Trakt, alice: Person) -> None:
        alice.post("/sync/watchlist", show(TITAN))
        edit = {"upsert": [{"history": show(TITAN, season(1, 1))}], "delete": [{"watchlist": film()}]}
        answers = trakt.control("POST", "accounts/alice/edit", edit)["entries"]
        assert [one["of"] for one in answers] == ["history", "watchlist"]
        assert (len(alice.held()["history"]), alice.held()["watchlist"]) == (1, [])
        assert trakt.control("GET", "requests")["writes"]["alice"] == {f"watchlist:show:{TITAN}": 1}

    @pytest.mark.parametrize(
        "entry", [{"books": {}}, {"history": []}, {"history": show(999)}, {"ratings": film(rating=11)}]
    )
    def test_nothing_is_left_of_an_account_that_was_given_wrongly(self, trakt: Trakt, entry: dict[str, Any]) -> None:
        with pytest.raises(ControlError):
            trakt.control("POST", "accounts", {"name": "alice", "entries": [entry]})
        assert trakt.control("GET", "accounts") == []

    def test_a_closed_account_has_no_token(self, trakt: Trakt, alice: Person) -> None:
        trakt.control("DELETE", "accounts/alice")
        assert alice.get("/users/settings").status_code == 401
        assert trakt.person("alice").read("/sync/history") == []

    def test_endpoints_have_names(self, trakt: Trakt, alice: Person) -> None:
        alice.get("/sync/watched/shows")
        alice.get(f"/sync/history/shows/{TITAN}")
        trakt.get("/shows/one-piece/seasons/2")
        trakt.get("/users/alice/watched/shows")
        alice.post("/users/hidden/dropped/remove", show(TITAN))
        names = trakt.control("GET", "requests")["by_endpoint"]
        assert set(names) == {
            "GET /sync/watched/shows",
            "GET /sync/history/shows/{id}",
            "GET /shows/{id}/seasons/{id}",
            "GET /users/{user}/watched/shows",
            "POST /users/hidden/dropped/remove",
        }
        assert trakt.control("GET", "requests")["by_account"] == {"alice": 3}
        assert trakt.sandbox.control("GET", "clock")["now"] == AT
