"""Plain HTTP calls as the provider pages describe them, shared by the sandbox's tests. None of our clients is used."""

from __future__ import annotations

from typing import Any

import httpx

from integrations.sandbox.server import Running

REFERER = {"Referer": "https://enishi.example/"}
LIST = """
query ($user: Int, $type: MediaType, $chunk: Int, $perChunk: Int, $single: Boolean, $sort: [MediaListSort]) {
  MediaListCollection(
    userId: $user, type: $type, chunk: $chunk, perChunk: $perChunk, forceSingleCompletedList: $single, sort: $sort
  ) {
    hasNextChunk
    lists { name status isCustomList isSplitCompletedList entries {
      id mediaId status score(format: POINT_100) progress progressVolumes repeat private notes hiddenFromStatusLists
      updatedAt startedAt { year month day } completedAt { year month day }
      media { id idMal title { romaji } episodes chapters volumes }
    } }
  }
}
"""


class AniList(httpx.Client):
    def __init__(self, sandbox: Running) -> None:
        super().__init__(base_url=f"{sandbox.url}/graphql.anilist.co", timeout=10)
        self.sandbox = sandbox

    def person(self, name: str = "alice", **data: Any) -> dict[str, Any]:
        """A new account: {"id", "name", "token": the bearer header}."""
        made = self.sandbox.control("POST", "anilist/accounts", {"name": name, "token": True, **data})
        return {**made, "token": {"Authorization": f"Bearer {made['token']['access_token']}"}}

    def ask(self, query: str, token: dict[str, str] | None = None, **variables: Any) -> httpx.Response:
        return self.post("/", json={"query": query, "variables": variables}, headers=token or REFERER)

    def data(self, query: str, token: dict[str, str] | None = None, **variables: Any) -> Any:
        answer = self.ask(query, token, **variables)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def lists(self, person: dict[str, Any], **variables: Any) -> list[dict[str, Any]]:
        variables = {"user": person["id"], "type": "ANIME", **variables}
        return list(self.data(LIST, person["token"], **variables)["MediaListCollection"]["lists"])


class MyAnimeList(httpx.Client):
    def __init__(self, sandbox: Running) -> None:
        super().__init__(base_url=f"{sandbox.url}/api.myanimelist.net/v2", timeout=10)
        self.sandbox = sandbox

    def person(self, name: str = "alice", **data: Any) -> dict[str, Any]:
        made = self.sandbox.control("POST", "myanimelist/accounts", {"name": name, "token": True, **data})
        return {**made, "token": {"Authorization": f"Bearer {made['token']['access_token']}"}}
