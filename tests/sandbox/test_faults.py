"""Each fault does to a plain HTTP client what its name says, once, where it was asked to."""

from __future__ import annotations

import time

import httpx
import pytest

from integrations.sandbox.server import Running
from tests.sandbox.asking import AniList, MyAnimeList
from tests.sandbox.conftest import AT

SAVE = "mutation { SaveMediaListEntry(mediaId: 1, progress: 5) { id } }"
VIEWER = "{ Viewer { id } }"


def fault(sandbox: Running, provider: str, kind: str, **options: object) -> None:
    sandbox.control("POST", f"{provider}/faults", {"kind": kind, **options})


def progress(sandbox: Running) -> list[int]:
    return [one["progress"] for one in sandbox.control("GET", "anilist/accounts/alice")["entries"]]


def test_latency(anilist: AniList) -> None:
    token = anilist.person()["token"]
    fault(anilist.sandbox, "anilist", "latency", seconds=0.05)
    started = time.perf_counter()
    assert anilist.ask(VIEWER, token).status_code == 200
    assert time.perf_counter() - started >= 0.05


@pytest.mark.parametrize(("headers", "names"), [(True, 3), (False, 0)])
def test_rate_limit_with_and_without_headers(anilist: AniList, headers: bool, names: int) -> None:
    token = anilist.person()["token"]
    fault(anilist.sandbox, "anilist", "rate_limit", retry_after=7, headers=headers)
    answer = anilist.ask(VIEWER, token)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert len([name for name in answer.headers if name.startswith("x-ratelimit")]) == names
    assert anilist.ask(VIEWER, token).status_code == 200


@pytest.mark.parametrize(("when", "stored"), [("before", []), ("after", [5])])
def test_a_server_error_before_and_after_the_write(anilist: AniList, when: str, stored: list[int]) -> None:
    token = anilist.person()["token"]
    fault(anilist.sandbox, "anilist", "error", status=502, when=when)
    answer = anilist.ask(SAVE, token)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "application/json")
    assert progress(anilist.sandbox) == stored


def test_a_server_error_in_html(mal: MyAnimeList) -> None:
    token = mal.person()["token"]
    fault(mal.sandbox, "myanimelist", "error", status=503, body="html")
    answer = mal.get("/users/@me", headers=token)
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/html; charset=utf-8")


@pytest.mark.parametrize("status", [403, 200, 503])
def test_html_instead_of_json(anilist: AniList, status: int) -> None:
    token = anilist.person()["token"]
    fault(anilist.sandbox, "anilist", "html", status=status)
    answer = anilist.ask(VIEWER, token)
    assert answer.status_code == status
    assert "<title>Request blocked</title>" in answer.text


def test_a_cut_body_after_the_write(anilist: AniList) -> None:
    token = anilist.person()["token"]
    fault(anilist.sandbox, "anilist", "cut")
    with pytest.raises(httpx.RemoteProtocolError):
        anilist.ask(SAVE, token)
    assert progress(anilist.sandbox) == [5]


@pytest.mark.parametrize(("when", "stored"), [("before", []), ("after", [5])])
def test_a_reset_connection(anilist: AniList, when: str, stored: list[int]) -> None:
    token = anilist.person()["token"]
    fault(anilist.sandbox, "anilist", "reset", when=when)
    with pytest.raises(httpx.NetworkError):
        anilist.ask(SAVE, token)
    assert progress(anilist.sandbox) == stored
    counts = anilist.sandbox.control("GET", "anilist/requests")["by_endpoint"]
    assert counts == {"graphql:SaveMediaListEntry": {"no answer": 1}}


def test_a_list_that_is_suddenly_empty_or_short(anilist: AniList, mal: MyAnimeList) -> None:
    alice = anilist.person(entries=[{"mediaId": media, "status": "CURRENT"} for media in (1, 5, 6)])
    fault(anilist.sandbox, "anilist", "empty_list")
    fault(anilist.sandbox, "anilist", "short_list", keep=2)
    assert anilist.lists(alice) == []
    assert len(anilist.lists(alice)[0]["entries"]) == 2
    assert len(anilist.lists(alice)[0]["entries"]) == 3
    other = mal.person(entries=[{"kind": "anime", "id": title, "status": "watching"} for title in (1, 5, 6)])
    fault(mal.sandbox, "myanimelist", "short_list", keep=1)
    fault(mal.sandbox, "myanimelist", "empty_list")
    read = [mal.get("/users/@me/animelist", headers=other["token"]).json() for _ in range(3)]
    assert [len(answer["data"]) for answer in read] == [0, 1, 3]
    assert read[0]["paging"] == {}


@pytest.mark.parametrize("kind", ["expired_token", "revoked_token"])
def test_a_token_dies_in_the_middle(anilist: AniList, mal: MyAnimeList, kind: str) -> None:
    alice = anilist.person()
    fault(anilist.sandbox, "anilist", kind)
    assert [anilist.ask(VIEWER, alice["token"]).status_code for _ in range(2)] == [400, 400]
    other = mal.person()
    fault(mal.sandbox, "myanimelist", kind)
    assert [mal.get("/users/@me", headers=other["token"]).status_code for _ in range(2)] == [401, 401]


def test_a_refresh_that_is_refused(mal: MyAnimeList) -> None:
    app = mal.sandbox.control("POST", "myanimelist/apps", {"redirect_uri": "https://a.example/cb"})
    made = mal.sandbox.control(
        "POST", "myanimelist/accounts", {"name": "alice", "token": True, "client_id": app["client_id"]}
    )
    fault(mal.sandbox, "myanimelist", "refuse_refresh")
    form = {"grant_type": "refresh_token", "refresh_token": made["token"]["refresh_token"]}
    client = {name: app[name] for name in ("client_id", "client_secret")}
    answer = httpx.post(f"{mal.sandbox.url}/myanimelist.net/v1/oauth2/token", data={**form, **client})
    assert (answer.status_code, answer.json()["hint"]) == (401, "Token has been revoked")


def test_a_clock_step(mal: MyAnimeList) -> None:
    token = mal.person()["token"]
    fault(mal.sandbox, "myanimelist", "clock", seconds=-60)
    answer = mal.patch("/anime/1/my_list_status", data={"score": "8"}, headers=token)
    assert answer.json()["updated_at"] == "2023-11-14T22:12:20+00:00"
    assert mal.sandbox.control("GET", "clock")["now"] == AT - 60


def test_times_skip_and_endpoint(anilist: AniList) -> None:
    token = anilist.person()["token"]
    fault(anilist.sandbox, "anilist", "error", endpoint="graphql:Save*", times=2, skip=1)
    assert [anilist.ask(SAVE, token).status_code for _ in range(4)] == [200, 500, 500, 200]
    fault(anilist.sandbox, "anilist", "error", endpoint="graphql:Save*", times=None)
    assert [anilist.ask(query, token).status_code for query in (VIEWER, SAVE, SAVE)] == [200, 500, 500]
    assert anilist.sandbox.control("DELETE", "anilist/faults") == {"removed": 2}
    assert anilist.ask(SAVE, token).status_code == 200


def test_odds_are_the_same_after_every_reset(anilist: AniList) -> None:
    def draw() -> list[int]:
        anilist.sandbox.control("POST", "reset")
        anilist.sandbox.control("POST", "anilist/settings", {"burst_limit": 0})
        fault(anilist.sandbox, "anilist", "error", times=None, probability=0.5)
        return [anilist.ask("{ Media(id: 1) { id } }").status_code for _ in range(20)]

    first = draw()
    assert draw() == first
    assert set(first) == {200, 500}


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "nope"},
        {"kind": "cut", "status": 500},
        {"kind": "error", "when": "during"},
        {"kind": "latency", "foo": 1},
    ],
)
def test_a_fault_that_can_not_be(anilist: AniList, data: dict[str, object]) -> None:
    answer = httpx.post(f"{anilist.sandbox.url}/_control/anilist/faults", json=data)
    assert answer.status_code == 400
    assert answer.json()["error"] != ""
