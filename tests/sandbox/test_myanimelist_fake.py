"""The MyAnimeList fake against providers/myanimelist.md; the section is named where it helps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from integrations.sandbox.server import Running
from tests.sandbox.asking import MyAnimeList

VERIFIER = "a" * 43
ALL = "list_status{priority,num_times_rewatched,rewatch_value,tags,comments}"


def entry(title_id: int, kind: str = "anime", **values: object) -> dict[str, object]:
    return {"kind": kind, "id": title_id, "status": "watching" if kind == "anime" else "reading", **values}


class TestLists:
    def test_defaults_are_id_and_title_and_no_status(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(1)])
        answer = mal.get("/users/@me/animelist", headers=alice["token"])
        assert answer.json() == {"data": [{"node": {"id": 1, "title": "Cowboy Bebop"}}], "paging": {}}

    def test_list_status_has_its_default_keys_and_those_asked_for(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(1, score=8, num_episodes_watched=5, updated_at="2023-10-21T19:22:06+00:00")])

        def status(fields: str) -> dict[str, object]:
            answer = mal.get("/users/@me/animelist", params={"fields": fields}, headers=alice["token"])
            return dict(answer.json()["data"][0]["list_status"])

        plain = {
            "status": "watching",
            "score": 8,
            "num_episodes_watched": 5,
            "is_rewatching": False,
            "updated_at": "2023-10-21T19:22:06+00:00",
        }
        assert status("list_status") == plain
        assert status("list_status{tags,comments}") == {**plain, "tags": [], "comments": ""}
        more = {"priority": 0, "num_times_rewatched": 0, "rewatch_value": 0, "tags": [], "comments": ""}
        assert status(ALL) == {**plain, **more}

    def test_node_fields(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(21), entry(1)])
        fields = "num_episodes,media_type,status,start_date,alternative_titles,nsfw,start_season,no_such_field"
        found = mal.get("/users/@me/animelist", params={"fields": fields}, headers=alice["token"]).json()["data"]
        assert found[0]["node"] == {
            "id": 1,
            "title": "Cowboy Bebop",
            "num_episodes": 26,
            "media_type": "tv",
            "status": "finished_airing",
            "start_date": "1998-04-03",
            "alternative_titles": {"synonyms": [], "en": "", "ja": ""},
            "nsfw": "white",
            "start_season": {"year": 1998, "season": "spring"},
        }
        assert (found[1]["node"]["num_episodes"], found[1]["node"]["status"]) == (0, "currently_airing")

    def test_manga_reads_chapters_and_volumes(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(21, "manga", num_chapters_read=100, num_volumes_read=11)])
        params = {"fields": "list_status,num_chapters,num_volumes"}
        row = mal.get("/users/@me/mangalist", params=params, headers=alice["token"]).json()["data"][0]
        assert row["node"] == {"id": 21, "title": "Death Note", "num_chapters": 108, "num_volumes": 12}
        read = (row["list_status"]["num_chapters_read"], row["list_status"]["num_volumes_read"])
        assert (read, row["list_status"]["is_rereading"]) == ((100, 11), False)

    def test_gray_and_black_are_hidden_by_default(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(1), entry(226), entry(320)])

        def ids(**params: str) -> list[int]:
            answer = mal.get("/users/@me/animelist", params=params, headers=alice["token"])
            return [row["node"]["id"] for row in answer.json()["data"]]

        assert ids() == ids(nsfw="false") == [1]
        assert ids(nsfw="true") == ids(nsfw="1") == [1, 226, 320]

    def test_pages_and_their_urls(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(title) for title in (1, 5, 6, 18, 19)])
        params = {"limit": "2", "fields": "list_status{status},num_episodes", "nsfw": "true"}
        seen = []
        url = str(mal.base_url.join("users/@me/animelist")) + "?" + str(httpx.QueryParams(params))
        for _ in range(3):
            answer = mal.get(url, headers=alice["token"]).json()
            seen.append([row["node"]["id"] for row in answer["data"]])
            kept = parse_qs(urlsplit(answer["paging"].get("next", "")).query)
            url = answer["paging"].get("next", "")
            if url:
                assert url.startswith(mal.sandbox.url + "/api.myanimelist.net/v2/users/@me/animelist?")
                assert (kept["fields"], kept["nsfw"], kept["limit"]) == ([params["fields"]], ["true"], ["2"])
        assert seen == [[1, 5], [6, 18], [19]]
        assert set(answer["paging"]) == {"previous"}

    def test_status_and_sort(self, mal: MyAnimeList) -> None:
        entries = [
            entry(1, score=7, updated_at=10),
            entry(5, score=9, updated_at=30),
            entry(6, status="dropped", updated_at=20),
        ]
        alice = mal.person(entries=entries)

        def ids(**params: str) -> list[int]:
            answer = mal.get("/users/@me/animelist", params=params, headers=alice["token"])
            return [row["node"]["id"] for row in answer.json()["data"]]

        assert ids(status="dropped") == [6]
        assert ids(sort="list_updated_at") == [5, 6, 1]
        assert ids(sort="list_score") == [5, 1, 6]
        assert ids(sort="anime_title") == [1, 5, 6]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("limit", "1001"),
            ("limit", "0"),
            ("offset", "-1"),
            ("status", "reading"),
            ("sort", "manga_title"),
            ("fields", "a{b"),
            ("fields", "a{" * 3000),
        ],
    )
    def test_bad_parameters(self, mal: MyAnimeList, name: str, value: str) -> None:
        answer = mal.get("/users/@me/animelist", params={name: value}, headers=mal.person()["token"])
        assert (answer.status_code, answer.json()) == (400, {"error": "bad_request", "message": f"invalid {name}"})

    def test_others_by_client_id_but_not_private_lists(self, mal: MyAnimeList) -> None:
        app = mal.sandbox.control("POST", "myanimelist/apps", {"redirect_uri": "https://a.example/cb"})
        mal.person(entries=[entry(1)])
        mal.person("bob", settings={"private_list": True}, entries=[entry(1)])
        key = {"X-MAL-CLIENT-ID": app["client_id"]}
        assert len(mal.get("/users/alice/animelist", headers=key).json()["data"]) == 1
        assert mal.get("/users/bob/animelist", headers=key).status_code == 403
        assert mal.get("/users/charlie/animelist", headers=key).status_code == 404
        assert mal.get("/users/@me/animelist", headers=key).status_code == 403

    def test_partial_dates_and_dates_without_a_year(self, mal: MyAnimeList) -> None:
        entries = [entry(1, start_date="2020-05", finish_date="0000-05-03"), entry(5, start_date="2020")]
        alice = mal.person(entries=entries)
        found = mal.get("/users/@me/animelist", params={"fields": "list_status"}, headers=alice["token"]).json()["data"]
        assert found[0]["list_status"]["start_date"] == "2020-05"
        assert "finish_date" not in found[0]["list_status"]
        assert found[1]["list_status"]["start_date"] == "2020"


class TestWriting:
    def patch(
        self, mal: MyAnimeList, person: dict[str, dict[str, str]], path: str = "/anime/1", **form: str
    ) -> httpx.Response:
        return mal.patch(f"{path}/my_list_status", data=form, headers=person["token"])

    def test_patch_creates_and_answers_the_bare_status(self, mal: MyAnimeList) -> None:
        alice = mal.person()
        answer = self.patch(mal, alice, status="watching", num_watched_episodes="3")
        assert answer.status_code == 200
        assert answer.json() == {
            "status": "watching",
            "score": 0,
            "num_episodes_watched": 3,
            "is_rewatching": False,
            "updated_at": "2023-11-14T22:13:20+00:00",
            "priority": 0,
            "num_times_rewatched": 0,
            "rewatch_value": 0,
            "tags": [],
            "comments": "",
        }

    def test_only_what_is_sent_changes_and_put_is_the_same(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(1, score=7, num_episodes_watched=4)])
        mal.sandbox.control("POST", "clock", {"step": 5})
        answer = mal.put("/anime/1/my_list_status", data={"score": "8"}, headers=alice["token"]).json()
        assert (answer["score"], answer["num_episodes_watched"]) == (8, 4)
        assert answer["updated_at"] == "2023-11-14T22:13:25+00:00"

    def test_completing_changes_nothing_else_and_the_end_completes_nothing(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(1, num_episodes_watched=4, is_rewatching=True)])
        done = self.patch(mal, alice, status="completed").json()
        assert (done["num_episodes_watched"], done["is_rewatching"], done["num_times_rewatched"]) == (4, True, 0)
        assert "finish_date" not in done
        mal.person("bob", entries=[entry(1)])
        end = self.patch(mal, alice, status="watching", num_watched_episodes="26").json()
        assert end["status"] == "watching"

    def test_counts_are_clamped_to_a_known_total(self, mal: MyAnimeList) -> None:
        alice = mal.person()
        assert self.patch(mal, alice, num_watched_episodes="99999").json()["num_episodes_watched"] == 26
        assert self.patch(mal, alice, "/anime/21", num_watched_episodes="99999").json()["num_episodes_watched"] == 99999
        manga = self.patch(mal, alice, "/manga/21", num_chapters_read="500", num_volumes_read="50").json()
        assert (manga["num_chapters_read"], manga["num_volumes_read"]) == (108, 12)

    def test_a_negative_count_is_ignored(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(1, num_episodes_watched=4)])
        assert self.patch(mal, alice, num_watched_episodes="-1").json()["num_episodes_watched"] == 4

    @pytest.mark.parametrize("score", ["11", "7.5", "-1", "x", ""])
    def test_a_score_is_a_whole_number_up_to_ten(self, mal: MyAnimeList, score: str) -> None:
        answer = self.patch(mal, mal.person(), score=score)
        assert (answer.status_code, answer.json()) == (400, {"error": "bad_request", "message": "invalid score"})

    @pytest.mark.parametrize("key", ["end_date", "num_episodes_watched", "num_chapters_read", "nope"])
    def test_a_wrong_key_is_refused_and_nothing_is_done(self, mal: MyAnimeList, key: str) -> None:
        answer = self.patch(mal, mal.person(), **{"score": "8", key: "2020"})
        assert (answer.status_code, answer.json()["message"]) == (400, "This form should not contain extra fields.")
        assert mal.sandbox.control("GET", "myanimelist/accounts/alice")["entries"] == []

    def test_json_is_not_read(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(1, score=7)])
        answer = mal.patch("/anime/1/my_list_status", json={"score": 9}, headers=alice["token"])
        assert (answer.status_code, answer.json()["score"]) == (200, 7)
        mal.sandbox.control("POST", "myanimelist/settings", {"json_writes": "error"})
        assert mal.patch("/anime/1/my_list_status", json={"score": 9}, headers=alice["token"]).status_code == 500

    def test_dates_tags_and_comments(self, mal: MyAnimeList) -> None:
        alice = mal.person()
        form = {"start_date": "2020-05", "finish_date": "2020-06-01", "tags": "a, b c", "comments": 'x < "y" & z'}
        made = self.patch(mal, alice, **form).json()
        assert (made["start_date"], made["finish_date"], made["tags"]) == ("2020-05", "2020-06-01", ["a", "b c"])
        assert made["comments"] == "x &lt; &quot;y&quot; &amp; z"
        cleared = self.patch(mal, alice, start_date="", finish_date="", tags="", comments="").json()
        assert ("start_date" in cleared, "finish_date" in cleared, cleared["tags"], cleared["comments"]) == (
            False,
            False,
            [],
            "",
        )
        assert self.patch(mal, alice, start_date="May 2020").status_code == 400

    def test_manga_form(self, mal: MyAnimeList) -> None:
        form = {
            "status": "completed",
            "is_rereading": "true",
            "num_times_reread": "2",
            "reread_value": "5",
            "priority": "1",
        }
        made = self.patch(mal, mal.person(), "/manga/2", **form).json()
        assert (made["status"], made["is_rereading"], made["num_times_reread"], made["reread_value"]) == (
            "completed",
            True,
            2,
            5,
        )

    def test_unapproved_and_unknown_titles(self, mal: MyAnimeList) -> None:
        alice = mal.person()
        mal.sandbox.control("POST", "myanimelist/works", {"works": [{"kind": "anime", "id": 1, "approved": False}]})
        unapproved = self.patch(mal, alice, status="watching")
        assert (unapproved.status_code, unapproved.json()) == (
            400,
            {"error": "invalid_content", "message": "Invalid content"},
        )
        unknown = self.patch(mal, alice, "/anime/99999999", status="watching")
        assert (unknown.status_code, unknown.json()["error"]) == (404, "not_found")

    def test_delete(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(1)])
        gone = mal.delete("/anime/1/my_list_status", headers=alice["token"])
        assert (gone.status_code, gone.json()) == (200, [])
        again = mal.delete("/anime/1/my_list_status", headers=alice["token"])
        assert (again.status_code, again.json()["error"]) == (404, "not_found")

    def test_anime_and_manga_ids_are_two_spaces(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(1)])
        assert mal.delete("/manga/1/my_list_status", headers=alice["token"]).status_code == 404

    def test_writes_need_a_token(self, mal: MyAnimeList) -> None:
        app = mal.sandbox.control("POST", "myanimelist/apps", {"redirect_uri": "https://a.example/cb"})
        key = {"X-MAL-CLIENT-ID": app["client_id"]}
        assert mal.patch("/anime/1/my_list_status", data={"score": "8"}, headers=key).status_code == 403


class TestLookup:
    @pytest.mark.parametrize(("q", "status"), [("ab", 400), ("abc", 200), ("x" * 64, 200), ("x" * 65, 400)])
    def test_search_text_is_3_to_64_long(self, mal: MyAnimeList, q: str, status: int) -> None:
        assert mal.get("/anime", params={"q": q}, headers=mal.person()["token"]).status_code == status

    def test_search(self, mal: MyAnimeList) -> None:
        params = {"q": "death note", "limit": "5", "fields": "num_chapters"}
        found = mal.get("/manga", params=params, headers=mal.person()["token"]).json()["data"]
        assert found[0] == {"node": {"id": 21, "title": "Death Note", "num_chapters": 108}}

    def test_details_with_the_persons_entry(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(1, score=9)])
        params = {"fields": "my_list_status{tags},num_episodes"}
        found = mal.get("/anime/1", params=params, headers=alice["token"]).json()
        assert (found["num_episodes"], found["my_list_status"]["score"], found["my_list_status"]["tags"]) == (26, 9, [])
        assert mal.get("/anime/1", headers=alice["token"]).json() == {"id": 1, "title": "Cowboy Bebop"}
        assert mal.get("/anime/99999999", headers=alice["token"]).json() == {"error": "not_found", "message": ""}

    def test_ranking_and_season(self, mal: MyAnimeList) -> None:
        token = mal.person()["token"]
        ranked = mal.get("/anime/ranking", params={"ranking_type": "movie", "limit": "500"}, headers=token).json()[
            "data"
        ]
        assert [row["ranking"]["rank"] for row in ranked[:2]] == [1, 2]
        season = mal.get("/anime/season/2013/spring", headers=token).json()
        assert [row["node"]["id"] for row in season["data"]] == [16498]
        assert season["season"] == {"year": 2013, "season": "spring"}
        assert mal.get("/anime/ranking", params={"limit": "501"}, headers=token).status_code == 400

    def test_me(self, mal: MyAnimeList) -> None:
        alice = mal.person(entries=[entry(1, num_episodes_watched=4, score=8), entry(21, "manga")])
        plain = mal.get("/users/@me", headers=alice["token"]).json()
        assert (plain["id"], plain["name"], plain["joined_at"]) == (alice["id"], "alice", "2023-11-14T22:13:20+00:00")
        assert "anime_statistics" not in plain
        full = mal.get("/users/@me", params={"fields": "anime_statistics,time_zone"}, headers=alice["token"]).json()
        counted = full["anime_statistics"]
        assert (counted["num_items"], counted["num_items_watching"], counted["num_episodes"]) == (1, 1, 4)
        assert mal.get("/users/alice", headers=alice["token"]).status_code == 404


class TestAuth:
    def test_without_anything(self, mal: MyAnimeList) -> None:
        answer = mal.get("/users/@me")
        assert (answer.status_code, answer.json()) == (403, {"error": "forbidden", "message": ""})

    def test_a_wrong_client_id(self, mal: MyAnimeList) -> None:
        answer = mal.get("/anime/1", headers={"X-MAL-CLIENT-ID": "nope"})
        assert (answer.status_code, answer.json()) == (400, {"error": "bad_request", "message": "Invalid client id"})

    def test_an_expired_token(self, mal: MyAnimeList) -> None:
        alice = mal.person()
        mal.sandbox.control("POST", "clock", {"step": 2_415_600})
        answer = mal.get("/users/@me", headers=alice["token"])
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        expected = 'Bearer error="invalid_token",error_description="The access token expired"'
        assert answer.headers["WWW-Authenticate"] == expected

    def test_more_than_three_a_second_meets_the_shield(self, mal: MyAnimeList) -> None:
        token = mal.person()["token"]
        statuses = [mal.get("/anime/1", headers=token).status_code for _ in range(11)]
        assert statuses == [200] * 10 + [403]
        blocked = mal.get("/anime/1", headers=token)
        assert "DoS detected" in blocked.text
        assert blocked.headers["Content-Type"].startswith("text/html")
        mal.sandbox.control("POST", "clock", {"step": 60})
        assert mal.get("/anime/1", headers=token).status_code == 200

    def test_one_a_second_never_meets_it(self, mal: MyAnimeList) -> None:
        token = mal.person()["token"]
        for _ in range(20):
            mal.sandbox.control("POST", "clock", {"step": 1})
            assert mal.get("/anime/1", headers=token).status_code == 200


class TestOAuth:
    URI = "https://enishi.example/callback"

    @pytest.fixture
    def app(self, sandbox: Running) -> dict[str, str]:
        sandbox.control("POST", "myanimelist/accounts", {"name": "alice"})
        made = sandbox.control("POST", "myanimelist/apps", {"redirect_uri": self.URI, "name": "Enishi"})
        return dict(made, site=f"{sandbox.url}/myanimelist.net/v1/oauth2", api=f"{sandbox.url}/api.myanimelist.net/v2")

    def approve(self, app: dict[str, str], decision: str = "approve", **changes: str) -> httpx.Response:
        params = {"response_type": "code", "client_id": app["client_id"], "code_challenge": VERIFIER, "state": "s"}
        url = f"{app['site']}/authorize"
        return httpx.post(url, params={**params, **changes}, data={"account": "alice", "decision": decision})

    def code(self, app: dict[str, str], **changes: str) -> str:
        return parse_qs(urlsplit(self.approve(app, **changes).headers["Location"]).query)["code"][0]

    def token(self, app: dict[str, str], **data: str) -> httpx.Response:
        client = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
        return httpx.post(f"{app['site']}/token", data={**client, **data})

    def redeem(self, app: dict[str, str], code: str, **changes: str) -> httpx.Response:
        return self.token(
            app, **{"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, **changes}
        )

    def refresh(self, app: dict[str, str], text: str) -> httpx.Response:
        return self.token(app, grant_type="refresh_token", refresh_token=text)

    def test_the_whole_way(self, app: dict[str, str]) -> None:
        answer = self.approve(app)
        assert answer.headers["Location"].startswith(self.URI + "?code=")
        assert parse_qs(urlsplit(answer.headers["Location"]).query)["state"] == ["s"]
        token = self.redeem(app, self.code(app)).json()
        assert (token["token_type"], token["expires_in"]) == ("Bearer", 2_415_600)
        me = httpx.get(f"{app['api']}/users/@me", headers={"Authorization": f"Bearer {token['access_token']}"})
        assert me.json()["name"] == "alice"

    def test_denial(self, app: dict[str, str]) -> None:
        query = parse_qs(urlsplit(self.approve(app, "deny").headers["Location"]).query)
        assert (query["error"], query["state"]) == (["access_denied"], ["s"])

    @pytest.mark.parametrize("challenge", ["", "a" * 42, "a" * 129, "a" * 43 + "+"])
    def test_a_challenge_is_needed_and_has_its_form(self, app: dict[str, str], challenge: str) -> None:
        answer = self.approve(app, code_challenge=challenge)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_redirect_uri_may_be_left_out_with_one_registered(self, app: dict[str, str], sandbox: Running) -> None:
        assert self.approve(app, redirect_uri=self.URI + "x").status_code == 401
        two = sandbox.control("POST", "myanimelist/apps", {"redirect_uris": [self.URI, "https://b.example/cb"]})
        assert self.approve({**app, **two}).status_code == 401
        assert self.approve({**app, **two}, redirect_uri="https://b.example/cb").status_code == 302

    def test_redirect_uri_must_come_again_when_it_was_sent(self, app: dict[str, str]) -> None:
        code = self.code(app, redirect_uri=self.URI)
        assert self.redeem(app, code).status_code == 401
        assert self.redeem(app, code, redirect_uri=self.URI).status_code == 200

    def test_s256_fails_at_the_exchange(self, app: dict[str, str]) -> None:
        code = self.code(
            app, code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method="S256"
        )
        answer = self.redeem(app, code, code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        assert (answer.status_code, answer.json()["hint"]) == (400, "Failed to verify `code_verifier`.")
        assert answer.json()["error"] == "invalid_grant"

    def test_a_missing_verifier(self, app: dict[str, str]) -> None:
        answer = self.token(app, grant_type="authorization_code", code=self.code(app))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert answer.json()["hint"] == "Check the `code_verifier` parameter"

    def test_a_code_serves_once(self, app: dict[str, str]) -> None:
        code = self.code(app)
        assert [self.redeem(app, code).status_code for _ in range(2)] == [200, 400]

    def test_a_body_in_json_is_not_read(self, app: dict[str, str]) -> None:
        data = {"grant_type": "authorization_code", "code": self.code(app), "code_verifier": VERIFIER}
        answer = httpx.post(f"{app['site']}/token", json={**data, "client_id": app["client_id"]})
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")

    def test_basic_authentication_and_wrong_secrets(self, app: dict[str, str]) -> None:
        data = {"grant_type": "authorization_code", "code": self.code(app), "code_verifier": VERIFIER}
        url = f"{app['site']}/token"
        wrong = httpx.post(url, data=data, auth=(app["client_id"], "nope"))
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
        assert httpx.post(url, data=data, auth=(app["client_id"], app["client_secret"])).status_code == 200

    def test_a_public_client_has_no_secret(self, app: dict[str, str], sandbox: Running) -> None:
        public = sandbox.control("POST", "myanimelist/apps", {"redirect_uri": self.URI, "type": "other"})
        assert public["client_secret"] == ""
        code = self.code({**app, **public})
        data = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        answer = httpx.post(f"{app['site']}/token", data={**data, "client_id": public["client_id"]})
        assert answer.status_code == 200

    def test_refreshing_rotates_and_the_old_one_dies(self, app: dict[str, str]) -> None:
        first = self.redeem(app, self.code(app)).json()
        second = self.refresh(app, first["refresh_token"])
        assert second.status_code == 200
        assert second.json()["refresh_token"] != first["refresh_token"]
        again = self.refresh(app, first["refresh_token"])
        assert (again.status_code, again.json()) == (
            401,
            {"error": "invalid_request", "message": "The refresh token is invalid.", "hint": "Token has been revoked"},
        )
        old = httpx.get(f"{app['api']}/users/@me", headers={"Authorization": f"Bearer {first['access_token']}"})
        assert old.status_code == 401
        assert self.refresh(app, second.json()["refresh_token"]).status_code == 200

    def test_eight_refreshes_at_once_leave_one_that_worked(self, app: dict[str, str]) -> None:
        text = self.redeem(app, self.code(app)).json()["refresh_token"]
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: self.refresh(app, text).status_code, range(8)))
        assert sorted(answers) == [200] + [401] * 7

    def test_refresh_refusals(self, app: dict[str, str], sandbox: Running) -> None:
        token = self.redeem(app, self.code(app)).json()["refresh_token"]
        assert self.refresh(app, "junk").json()["hint"] == "Cannot decrypt the refresh token"
        other = sandbox.control("POST", "myanimelist/apps", {"redirect_uri": self.URI})
        assert self.refresh({**app, **other}, token).json()["hint"] == "Token is not linked to client"
        sandbox.control("POST", "clock", {"step": 2_678_400})
        late = self.refresh(app, token)
        assert (late.status_code, late.json()["hint"]) == (401, "Token has expired")

    def test_expires_in_can_be_set(self, app: dict[str, str], sandbox: Running) -> None:
        sandbox.control("POST", "myanimelist/settings", {"expires_in": 3600})
        assert self.redeem(app, self.code(app)).json()["expires_in"] == 3600


@pytest.mark.parametrize("entries", [1_000, 10_000])
def test_large_lists_are_served_whole(mal: MyAnimeList, entries: int) -> None:
    generate = {"kind": "anime", "count": entries, "first_id": 900_000}
    mal.sandbox.control("POST", "myanimelist/works", {"generate": generate})
    mal.sandbox.control("POST", "myanimelist/settings", {"shield_rate": 0})
    alice = mal.person(entries=[entry(900_000 + at, score=at % 11) for at in range(entries)])
    fields = ALL + ",num_episodes,media_type,start_date"
    rows = 0
    for offset in range(0, entries, 1000):
        params = {"limit": "1000", "offset": str(offset), "nsfw": "true", "fields": fields}
        rows += len(mal.get("/users/@me/animelist", params=params, headers=alice["token"]).json()["data"])
    assert rows == entries
