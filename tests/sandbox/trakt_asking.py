"""Calls as providers/trakt.md describes them, shared by the tests of the Trakt fake.

They reach the sandbox without a socket: a hundred tests in seconds.
"""

from __future__ import annotations

from typing import Any

import httpx

from integrations.sandbox.server import Running

AGENT = "EnishiTests/1.0 (+https://enishi.example/)"
BACK = "https://enishi.example/back"
FREE = {"post_limit": 0, "get_limit": 0, "app_get_limit": 0, "edge_rate": 0.0}
"""Settings without any limit: the tests' clock stands still."""
FRIEREN, TITAN, ONE_PIECE, MUSHOKU, TRAIN = 198225, 1420, 37696, 156460, 474745
NOW = "2023-11-14T22:13:00.000Z"
"""The tests' moment, cut to the minute."""
EPOCH = "1970-01-01T00:00:00.000Z"
NOTHING: dict[str, list[Any]] = {name: [] for name in ("movies", "shows", "seasons", "episodes", "people", "users")}
PAGE = "X-Pagination-"


def straight_to(sandbox: Running) -> httpx.WSGITransport:
    """A way to the sandbox that needs no connection."""
    return httpx.WSGITransport(app=sandbox.state, remote_addr="127.0.0.1")


class Trakt(httpx.Client):
    """Sends the headers of one app, without limits on the way."""

    def __init__(self, sandbox: Running) -> None:
        self.sandbox = sandbox
        self.app = self.control("POST", "apps", {"redirect_uri": BACK, "name": "Tests"})
        headers = {
            "User-Agent": AGENT,
            "Content-Type": "application/json",
            "trakt-api-version": "2",
            "trakt-api-key": self.app["client_id"],
        }
        super().__init__(
            base_url=f"{sandbox.url}/api.trakt.tv", headers=headers, transport=straight_to(sandbox), trust_env=False
        )
        self.settings(**FREE)

    def control(self, method: str, path: str, data: dict[str, Any] | None = None) -> Any:
        return self.sandbox.control(method, f"trakt/{path}", data)

    def settings(self, **values: Any) -> None:
        self.control("POST", "settings", values)

    def step(self, seconds: float) -> None:
        self.sandbox.control("POST", "clock", {"step": seconds})

    def person(self, name: str = "alice", **data: Any) -> Person:
        made = self.control("POST", "accounts", {"name": name, "token": True, **data})
        return Person(self, name, made["token"]["access_token"])


class Person:
    def __init__(self, trakt: Trakt, name: str, access: str) -> None:
        self.trakt = trakt
        self.name = name
        self.access = access
        self.token = {"Authorization": f"Bearer {access}"}

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.trakt.get(path, params=params, headers=self.token)

    def read(self, path: str, **params: Any) -> Any:
        answer = self.get(path, **params)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.trakt.post(path, json=body, headers=self.token)

    def held(self) -> Any:
        """The account as the control API shows it."""
        return self.trakt.control("GET", f"accounts/{self.name}")


def show(trakt_id: int, *seasons: dict[str, Any], **more: Any) -> dict[str, Any]:
    one: dict[str, Any] = {"ids": {"trakt": trakt_id}, **more}
    return {"shows": [{**one, "seasons": list(seasons)} if seasons else one]}


def season(number: int, *episodes: int, **more: Any) -> dict[str, Any]:
    one: dict[str, Any] = {"number": number, **more}
    return {**one, "episodes": [{"number": episode} for episode in episodes]} if episodes else one


def film(**more: Any) -> dict[str, Any]:
    return {"movies": [{"ids": {"trakt": TRAIN}, **more}]}


def added(answer: httpx.Response, status: int = 201) -> dict[str, int]:
    assert answer.status_code == status, (answer.status_code, answer.text)
    return dict(answer.json()["added"])


def pages(answer: httpx.Response) -> tuple[str, ...]:
    return tuple(answer.headers[PAGE + name] for name in ("Page", "Limit", "Page-Count", "Item-Count"))


def shows_with_plays(trakt: Trakt, count: int) -> dict[str, Any]:
    """An account that has seen the first episode of so many shows."""
    trakt.control("POST", "works", {"generate": {"kind": "anime", "count": count, "first_id": 900_000}})
    return {"history": {"shows": [show(50_900_000 + at, season(1, 1))["shows"][0] for at in range(count)]}}
