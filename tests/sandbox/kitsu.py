"""Plain calls to the Kitsu fake as providers/kitsu.md describes them. None of our clients is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from integrations.sandbox.server import Running

JSON_API = {"Accept": "application/vnd.api+json", "Content-Type": "application/vnd.api+json"}
PAIR = {
    "client_id": "dd031b32d2f56c990b1425efe6c42ad847e7fe3ab46bf1299f05ecd856bdb7dd",
    "client_secret": "54d7307928f63414defd96399fc31ba847961ceaecef3a5fd93144e960c0e151",
}


def entry(media_id: int, kind: str = "anime", **values: object) -> dict[str, object]:
    return {"kind": kind, "id": media_id, "status": "current", **values}


class Kitsu(httpx.Client):
    def __init__(self, sandbox: Running) -> None:
        super().__init__(base_url=f"{sandbox.url}/kitsu.app/api/edge", headers=JSON_API, timeout=10, verify=False)
        self.sandbox = sandbox
        self.root = f"{sandbox.url}/kitsu.app/api"

    def person(self, name: str = "alice", **data: Any) -> dict[str, Any]:
        """A new account: {"id": "1400001", "name", "token": the bearer header}."""
        made = self.sandbox.control("POST", "kitsu/accounts", {"name": name, "token": True, **data})
        return {**made, "id": str(made["id"]), "token": bearer(made["token"])}

    def works(self, *works: dict[str, Any]) -> None:
        self.sandbox.control("POST", "kitsu/works", {"works": list(works)})

    def setting(self, **settings: Any) -> None:
        self.sandbox.control("POST", "kitsu/settings", settings)

    def step(self, seconds: float) -> None:
        self.sandbox.control("POST", "clock", {"step": seconds})

    def held(self, name: str = "alice") -> list[dict[str, Any]]:
        """What the service holds of this person, whatever it shows."""
        return list(self.sandbox.control("GET", f"kitsu/accounts/{name}")["entries"])

    def login(self, **fields: str) -> httpx.Response:
        form = {"grant_type": "password", "username": "alice", "password": "sandbox", **PAIR, **fields}
        return self.oauth("token", {name: value for name, value in form.items() if value})

    def oauth(self, path: str, form: dict[str, str]) -> httpx.Response:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.post(f"{self.root}/oauth/{path}", data=form, headers=headers)

    def list(self, person: dict[str, Any], **params: Any) -> dict[str, Any]:
        """Parameters with __ for brackets: page__limit=2."""
        named = {f"{name.replace('__', '[')}]" if "__" in name else name: value for name, value in params.items()}
        answer = self.get("/library-entries", params={"filter[userId]": person["id"], **named}, headers=person["token"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def create(
        self, person: dict[str, Any], media_id: int = 1, kind: str = "anime", **attributes: Any
    ) -> httpx.Response:
        relationships = {
            "user": {"data": {"type": "users", "id": person["id"]}},
            kind: {"data": {"type": kind, "id": str(media_id)}},
        }
        data = {"type": "libraryEntries", "attributes": attributes, "relationships": relationships}
        return self.post("/library-entries", json={"data": data}, headers=person["token"])

    def change(self, person: dict[str, Any], entry_id: str, **attributes: Any) -> httpx.Response:
        data = {"id": entry_id, "type": "libraryEntries", "attributes": attributes}
        return self.patch(f"/library-entries/{entry_id}", json={"data": data}, headers=person["token"])

    def ask(self, query: str, person: dict[str, Any] | None = None, **variables: Any) -> httpx.Response:
        token = person["token"] if person else {}
        return self.post(f"{self.root}/graphql", json={"query": query, "variables": variables}, headers=token)

    def data(self, query: str, person: dict[str, Any] | None = None, **variables: Any) -> Any:
        answer = self.ask(query, person, **variables)
        assert answer.status_code == 200, answer.text
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]


def bearer(token: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {token['access_token']}"}


@pytest.fixture
def kitsu(sandbox: Running) -> Iterator[Kitsu]:
    with Kitsu(sandbox) as client:
        yield client
