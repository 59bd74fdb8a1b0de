"""The control API over HTTP, and the server itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.sandbox.catalogue import PATH, load_works
from integrations.sandbox.clock import Clock
from integrations.sandbox.server import Running, serve
from tests.sandbox.asking import AniList, MyAnimeList
from tests.sandbox.conftest import AT

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def control(sandbox: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{sandbox.url}/_control", timeout=5) as client:
        yield client


def good(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestServer:
    def test_it_starts_and_ends_cleanly(self) -> None:
        with serve() as running:
            assert httpx.get(running.url).status_code == 200
            port = int(running.url.rpartition(":")[2])
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/")

    def test_it_listens_on_loopback_only(self, sandbox: Running) -> None:
        assert sandbox.url.startswith("http://127.0.0.1:")

    def test_a_taken_port_is_an_error(self, sandbox: Running) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
            serve(other.getsockname()[1])

    @pytest.mark.slow
    def test_the_command_runs_until_it_is_told_to_end(self) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), "runsandbox", "--port", "0"]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            url = process.stdout.readline().strip().removeprefix("Use it with ENISHI_SANDBOX_URL=")
            assert "anilist, kitsu, myanimelist, tmdb, trakt" in first
            assert httpx.get(f"{url}/anilist.co/api/v2/oauth/pin?code=secret").status_code == 200
            assert process.stdout.readline() == "200 anilist.co oauth/pin\n"
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()
            process.stdout.close()
            process.wait()

    def test_the_front_page_says_what_this_is(self, sandbox: Running) -> None:
        page = httpx.get(sandbox.url)
        assert "Nothing here is real" in page.text
        assert "graphql.anilist.co" in page.text
        assert httpx.get(f"{sandbox.url}/example.com/").status_code == 404

    def test_an_observer_sees_names_and_no_queries(self) -> None:
        seen = []
        with serve(observe=lambda exchange, status: seen.append((status, exchange.endpoint))) as running:
            httpx.get(f"{running.url}/anilist.co/api/v2/oauth/pin?code=secret")
        assert seen == [(200, "oauth/pin")]


class TestAccounts:
    def test_an_anilist_account_is_kept_as_it_was_given(self, control: httpx.Client) -> None:
        entry = {
            "mediaId": 1,
            "status": "COMPLETED",
            "scoreRaw": 85,
            "progress": 26,
            "repeat": 2,
            "notes": "x",
            "private": True,
            "customLists": ["Best"],
            "startedAt": {"year": 2020, "month": 5, "day": None},
            "updatedAt": 0,
        }
        settings = {"score_format": "POINT_5", "anime_custom_lists": ["Best"]}
        made = good(control.post("/anilist/accounts", json={"name": "alice", "settings": settings, "entries": [entry]}))
        assert set(made) == {"id", "name"}
        held = good(control.get("/anilist/accounts/alice"))
        assert held["id"] == made["id"]
        assert held["settings"]["score_format"] == "POINT_5"
        stored = held["entries"][0]
        assert {name: stored[name] for name in entry} == entry
        assert (stored["score"], stored["completedAt"]) == (4, {"year": None, "month": None, "day": None})

    def test_a_mal_account_is_kept_as_it_was_given(self, control: httpx.Client) -> None:
        entry = {
            "kind": "anime",
            "id": 1,
            "status": "completed",
            "score": 8,
            "num_episodes_watched": 26,
            "is_rewatching": True,
            "tags": ["a", "b"],
            "comments": "<b>",
            "start_date": "2020-05",
            "updated_at": "2020-05-01T00:00:00+00:00",
        }
        made = good(control.post("/myanimelist/accounts", json={"name": "alice", "entries": [entry], "token": True}))
        assert set(made["token"]) == {"token_type", "expires_in", "access_token", "refresh_token"}
        stored = good(control.get("/myanimelist/accounts/alice"))["entries"][0]
        assert {name: stored[name] for name in entry} == entry

    def test_editing_at_anilist_follows_the_sites_editor(self, control: httpx.Client) -> None:
        control.post("/anilist/accounts", json={"name": "alice", "entries": [{"mediaId": 5, "status": "CURRENT"}]})
        control.post("/clock", json={"step": 30})
        edit = {"upsert": [{"mediaId": 1, "status": "COMPLETED"}], "delete": [5]}
        changed = good(control.post("/anilist/accounts/alice/edit", json=edit))["entries"]
        assert [(one["mediaId"], one["progress"], one["updatedAt"]) for one in changed] == [(1, 26, AT + 30)]
        assert changed[0]["completedAt"] == {"year": 2023, "month": 11, "day": 14}
        assert [one["mediaId"] for one in good(control.get("/anilist/accounts/alice"))["entries"]] == [1]

    def test_editing_at_mal_follows_the_site(self, control: httpx.Client) -> None:
        control.post("/myanimelist/accounts", json={"name": "alice"})
        edit = {"upsert": [{"kind": "anime", "id": 1, "status": "completed"}]}
        changed = good(control.post("/myanimelist/accounts/alice/edit", json=edit))["entries"]
        assert (changed[0]["num_episodes_watched"], "finish_date" in changed[0]) == (26, False)
        gone = good(control.post("/myanimelist/accounts/alice/edit", json={"delete": [{"kind": "anime", "id": 1}]}))
        assert gone == {"entries": []}

    def test_edits_are_not_counted_as_requests(self, control: httpx.Client) -> None:
        control.post("/anilist/accounts", json={"name": "alice"})
        control.post("/anilist/accounts/alice/edit", json={"upsert": [{"mediaId": 1, "status": "CURRENT"}]})
        assert good(control.get("/anilist/requests"))["total"] == 0

    def test_names_and_removal(self, control: httpx.Client) -> None:
        for name in ("alice", "bob"):
            good(control.post("/anilist/accounts", json={"name": name}))
        assert good(control.get("/anilist/accounts")) == ["alice", "bob"]
        assert control.post("/anilist/accounts", json={"name": "Alice"}).status_code == 400
        good(control.delete("/anilist/accounts/alice"))
        assert good(control.get("/anilist/accounts")) == ["bob"]
        assert control.get("/anilist/accounts/alice").status_code == 404

    def test_a_bad_account_is_refused_whole(self, control: httpx.Client) -> None:
        bad = {"name": "alice", "entries": [{"mediaId": 1, "status": "CURRENT"}, {"mediaId": 99_999_999}]}
        answer = control.post("/anilist/accounts", json=bad)
        assert (answer.status_code, "99999999" in answer.json()["error"]) == (400, True)
        assert good(control.get("/anilist/accounts")) == []
        assert control.post("/anilist/accounts", json={"name": "alice"}).status_code == 200


class TestWorks:
    def test_works_can_be_added_altered_and_removed(self, control: httpx.Client) -> None:
        works = [{"id": 1, "episodes": None, "idMal": None}, {"id": 900, "type": "ANIME", "title": "New"}]
        good(control.post("/anilist/works", json={"works": works}))
        entries = [{"mediaId": media, "status": "CURRENT"} for media in (1, 900)]
        good(control.post("/anilist/accounts", json={"name": "alice", "entries": entries}))
        good(control.post("/anilist/works", json={"works": [{"id": 900, "removed": True}]}))
        assert [one["mediaId"] for one in good(control.get("/anilist/accounts/alice"))["entries"]] == [1]
        mal = [{"kind": "manga", "id": 5, "title": "New", "num_chapters": 3}]
        good(control.post("/myanimelist/works", json={"works": mal}))
        assert control.post("/myanimelist/works", json={"works": [{"kind": "manga", "id": 6}]}).status_code == 400

    def test_the_catalogue_holds_its_facts(self) -> None:
        works = load_works()
        assert len(works) >= 420
        assert PATH.stat().st_size < 60_000
        pairs = {(work.kind, work.anilist_id): work for work in works if work.anilist_id}
        assert len(pairs) + sum(not work.anilist_id for work in works) == len(works)
        assert (pairs["anime", 20958].mal_id, pairs["anime", 20958].total) == (25777, 12)
        assert (pairs["manga", 30021].mal_id, pairs["manga", 30021].volumes) == (21, 12)
        assert (pairs["manga", 118854].mal_id, pairs["manga", 97600].mal_id) == (0, 0)
        assert pairs["anime", 21].total == 0
        assert [work.mal_id for work in works if not work.anilist_id] != []


class TestTokensAndSettings:
    def test_issue_expire_revoke(self, control: httpx.Client, sandbox: Running) -> None:
        control.post("/myanimelist/accounts", json={"name": "alice"})
        issued = good(control.post("/myanimelist/tokens", json={"account": "alice"}))
        url = f"{sandbox.url}/api.myanimelist.net/v2/users/@me"
        header = {"Authorization": f"Bearer {issued['access_token']}"}
        assert httpx.get(url, headers=header).status_code == 200
        expire = {"access_token": issued["access_token"], "expire": True}
        assert good(control.post("/myanimelist/tokens", json=expire)) == {"changed": 1}
        assert httpx.get(url, headers=header).status_code == 401
        good(control.post("/myanimelist/tokens", json={"account": "alice"}))
        assert good(control.post("/myanimelist/tokens", json={"account": "alice", "revoke": True})) == {"changed": 2}

    def test_settings_are_read_changed_and_checked(self, control: httpx.Client) -> None:
        assert good(control.get("/anilist/settings"))["rate_limit"] == 30
        assert good(control.post("/anilist/settings", json={"rate_limit": 90}))["rate_limit"] == 90
        for wrong in ({"rate_limit": "many"}, {"no_such": 1}, {"referer_gate": "maybe"}, {"rate_limit": True}):
            assert control.post("/anilist/settings", json=wrong).status_code == 400
        assert good(control.get("/anilist/settings"))["referer_gate"] == "tokenless"

    def test_apps_are_listed_without_their_secrets(self, control: httpx.Client) -> None:
        made = good(control.post("/myanimelist/apps", json={"redirect_uris": ["https://a.example/cb"], "name": "A"}))
        assert (len(made["client_id"]), len(made["client_secret"])) == (32, 64)
        listed = control.get("/myanimelist/apps")
        assert made["client_id"] in listed.text
        assert made["client_secret"] not in listed.text


class TestRequests:
    def test_counts_by_endpoint_status_and_entry(self, control: httpx.Client, mal: MyAnimeList) -> None:
        alice = mal.person()
        for score in ("8", "9", "11"):
            mal.patch("/anime/1/my_list_status", data={"score": score}, headers=alice["token"])
        mal.get("/users/@me/animelist", headers=alice["token"])
        mal.get("/users/@me")
        counted = good(control.get("/myanimelist/requests"))
        assert counted["by_endpoint"] == {
            "GET /users/@me": {"403": 1},
            "GET /users/@me/animelist": {"200": 1},
            "PATCH /anime/{id}/my_list_status": {"200": 2, "400": 1},
        }
        assert (counted["total"], counted["written"]) == (5, 2)
        assert counted["writes"] == {"alice": {"anime:1": 2}}
        assert counted["by_account"] == {"alice": 4}
        good(control.delete("/myanimelist/requests"))
        assert good(control.get("/myanimelist/requests"))["total"] == 0

    def test_the_busiest_minute(self, control: httpx.Client, anilist: AniList) -> None:
        for step in (0, 30, 29, 1, 40):
            control.post("/clock", json={"step": step})
            anilist.ask("{ Media(id: 1) { id } }")
        assert good(control.get("/anilist/requests"))["most_in_60s"] == 3

    def test_429s_are_counted(self, control: httpx.Client, anilist: AniList) -> None:
        control.post("/anilist/settings", json={"rate_limit": 1})
        for _ in range(3):
            anilist.ask("{ Media(id: 1) { id } }")
        assert good(control.get("/anilist/requests"))["too_many"] == 2


class TestClock:
    def test_freeze_set_step_resume(self, control: httpx.Client) -> None:
        assert good(control.get("/clock")) == {"now": AT, "iso": "2023-11-14T22:13:20+00:00", "frozen": True}
        assert good(control.post("/clock", json={"step": -20}))["now"] == AT - 20
        assert good(control.post("/clock", json={"set": "2024-01-01T00:00:00"}))["now"] == 1_704_067_200
        running = good(control.post("/clock", json={"resume": True}))
        assert (running["frozen"], int(running["now"])) == (False, 1_704_067_200)
        assert control.post("/clock", json={"set": "tomorrow"}).status_code == 400

    def test_it_runs_with_the_real_one(self) -> None:
        real = [100.0]
        clock = Clock(lambda: real[0])
        clock.step(50)
        real[0] += 10
        assert clock.now() == 160
        clock.freeze()
        real[0] += 10
        assert clock.now() == 160
        clock.resume()
        real[0] += 1
        assert clock.now() == 161


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/nope", 404),
            ("GET", "/anilist/nope", 404),
            ("PUT", "/anilist/apps", 404),
            ("GET", "/anilist/accounts/x", 404),
        ],
    )
    def test_unknown_paths(self, control: httpx.Client, method: str, path: str, status: int) -> None:
        assert control.request(method, path).status_code == status

    def test_what_is_not_json(self, control: httpx.Client) -> None:
        for body in (b"{", b"[]", b'"x"'):
            assert control.post("/anilist/accounts", content=body).status_code == 400

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/anilist/apps", {"redirect_uri": ["x"]}),
            ("/anilist/apps", {}),
            ("/anilist/works", {"works": [5]}),
            ("/anilist/works", {"works": [{"id": 1, "isLocked": "yes"}]}),
            ("/anilist/works", {"generate": {"kind": "novel", "count": 1, "first_id": 1}}),
            ("/anilist/accounts", {"name": "z", "settings": {"score_format": "POINT_7"}}),
            ("/anilist/accounts", {"name": "z", "entries": [{"mediaId": 1, "progress": "3"}]}),
            ("/anilist/accounts", {"name": "z", "entries": [{"mediaId": 1, "status": "WATCHING"}]}),
            ("/myanimelist/accounts", {"name": "z", "settings": {"private_list": "no"}}),
            ("/myanimelist/accounts", {"name": "z", "entries": [{"kind": "anime", "id": 1, "score": 11}]}),
            ("/anilist/tokens", {"account": 5}),
            ("/clock", {"step": "x"}),
            ("/anilist/faults", {"kind": "error", "times": "x"}),
        ],
    )
    def test_a_slip_in_the_data_is_an_answer(self, control: httpx.Client, path: str, body: dict[str, Any]) -> None:
        answer = control.post(path, json=body)
        assert (answer.status_code, answer.json()["error"] != "") == (400, True)

    def test_reset_makes_everything_new_and_the_same(self, control: httpx.Client) -> None:
        def start() -> Any:
            good(control.post("/reset"))
            good(control.post("/clock", json={"freeze": True, "set": AT}))
            return good(control.post("/anilist/accounts", json={"name": "alice", "token": True}))

        assert start() == start()
        assert good(control.get("/anilist/accounts")) == ["alice"]
