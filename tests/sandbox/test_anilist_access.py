"""Tokens, the Referer gate, limits and OAuth of the AniList fake: providers/anilist.md 1, 2.1, 3 and 8."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from integrations.sandbox.server import Running
from tests.sandbox.asking import AniList
from tests.sandbox.conftest import AT


class TestTokensAndGate:
    @pytest.mark.parametrize("how", ["expire", "revoke"])
    def test_a_dead_token_is_400(self, anilist: AniList, how: str) -> None:
        alice = anilist.person()
        anilist.sandbox.control("POST", "anilist/tokens", {"account": "alice", how: True})
        answer = anilist.ask("query { Viewer { id } m: Media(id: 1) { id } }", alice["token"])
        assert (answer.status_code, answer.json()["data"]) == (400, {"Viewer": None, "m": None})
        assert answer.json()["errors"][0] == {
            "message": "Invalid token",
            "status": 400,
            "locations": [{"line": 1, "column": 9}],
        }

    def test_a_token_dies_after_a_year(self, anilist: AniList) -> None:
        alice = anilist.person()
        anilist.sandbox.control("POST", "clock", {"step": 31_536_000 - 1})
        assert anilist.ask("{ Viewer { id } }", alice["token"]).status_code == 200
        anilist.sandbox.control("POST", "clock", {"step": 1})
        assert anilist.ask("{ Viewer { id } }", alice["token"]).status_code == 400

    def test_token_claims(self, anilist: AniList) -> None:
        alice = anilist.person()
        head, body, signature = alice["token"]["Authorization"].removeprefix("Bearer ").split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "RS256"
        assert (claims["sub"], claims["exp"] - claims["iat"], claims["scopes"]) == (str(alice["id"]), 31_536_000, [])
        assert len(head) + len(body) + len(signature) > 1000

    def test_without_referer_and_token_the_gate_is_shut(self, anilist: AniList) -> None:
        query = {"query": "{ Media(id: 1) { id } }"}
        shut = anilist.post("/", json=query)
        assert shut.status_code == 403
        assert shut.json()["errors"][0]["message"] == (
            "The AniList API has been temporarily disabled due to severe stability issues."
        )
        assert anilist.post("/", json=query, headers={"Referer": "word"}).status_code == 200
        assert anilist.post("/", json=query, headers={"Origin": "https://a.example"}).status_code == 403
        token = anilist.person()["token"]
        assert anilist.post("/", json=query, headers=token).status_code == 200
        anilist.sandbox.control("POST", "anilist/settings", {"referer_gate": "all"})
        assert anilist.post("/", json=query, headers=token).status_code == 403


class TestLimits:
    def test_thirty_a_minute_then_locked_out_for_one(self, anilist: AniList) -> None:
        anilist.sandbox.control("POST", "anilist/settings", {"burst_limit": 0})
        for used in range(1, 31):
            answer = anilist.ask("{ Media(id: 1) { id } }")
            assert answer.headers["X-RateLimit-Limit"] == "30"
            assert answer.headers["X-RateLimit-Remaining"] == str(30 - used)
        refused = anilist.ask("{ Media(id: 1) { id } }")
        assert refused.status_code == 429
        assert refused.content == b'{"data": null,"errors": [{"message": "Too Many Requests.","status": 429}]}'
        assert (refused.headers["Retry-After"], refused.headers["X-RateLimit-Remaining"]) == ("60", "0")
        assert refused.headers["X-RateLimit-Reset"] == str(AT + 60)
        anilist.sandbox.control("POST", "clock", {"step": 59})
        assert anilist.ask("{ Media(id: 1) { id } }").headers["Retry-After"] == "1"
        anilist.sandbox.control("POST", "clock", {"step": 1})
        assert anilist.ask("{ Media(id: 1) { id } }").status_code == 200

    def test_too_many_in_one_second_meet_an_outer_limiter_without_headers(self, anilist: AniList) -> None:
        statuses = [anilist.ask("{ Media(id: 1) { id } }").status_code for _ in range(5)]
        assert statuses == [200] * 5
        refused = anilist.ask("{ Media(id: 1) { id } }")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
        assert [name for name in refused.headers if name.startswith("x-ratelimit")] == []
        anilist.sandbox.control("POST", "clock", {"step": 59})
        assert anilist.ask("{ Media(id: 1) { id } }").headers["Retry-After"] == "1"
        anilist.sandbox.control("POST", "clock", {"step": 1})
        assert anilist.ask("{ Media(id: 1) { id } }").status_code == 200

    def test_a_limit_that_falls_counts_what_was_asked_before(self, anilist: AniList) -> None:
        anilist.sandbox.control("POST", "anilist/settings", {"burst_limit": 0, "rate_limit": 90})
        for _ in range(20):
            anilist.ask("{ Media(id: 1) { id } }")
        anilist.sandbox.control("POST", "anilist/settings", {"rate_limit": 30})
        answer = anilist.ask("{ Media(id: 1) { id } }")
        assert (answer.status_code, answer.headers["X-RateLimit-Remaining"]) == (200, "9")
        anilist.sandbox.control("POST", "anilist/settings", {"rate_limit": 15})
        assert anilist.ask("{ Media(id: 1) { id } }").status_code == 429

    def test_refusals_carry_the_headers_too(self, anilist: AniList) -> None:
        for answer in (anilist.post("/", json={"query": "{ Media(id: 1) { id } }"}), anilist.ask("{ nope }")):
            assert "X-RateLimit-Remaining" in answer.headers


class TestOAuth:
    URI = "https://enishi.example/callback"

    @pytest.fixture
    def app(self, sandbox: Running) -> dict[str, str]:
        anilist = sandbox.control("POST", "anilist/apps", {"redirect_uri": self.URI, "name": "Enishi"})
        sandbox.control("POST", "anilist/accounts", {"name": "alice"})
        return dict(anilist, site=f"{sandbox.url}/anilist.co/api/v2/oauth")

    def approve(self, app: dict[str, str], decision: str = "approve", **query: str) -> httpx.Response:
        params = {"client_id": app["client_id"], "response_type": "code", **query}
        return httpx.post(f"{app['site']}/authorize", params=params, data={"account": "alice", "decision": decision})

    def redeem(self, app: dict[str, str], code: str, **changes: str) -> httpx.Response:
        data = {
            "grant_type": "authorization_code",
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "redirect_uri": self.URI,
            "code": code,
        }
        return httpx.post(f"{app['site']}/token", json={**data, **changes})

    def code(self, app: dict[str, str]) -> str:
        answer = self.approve(app, redirect_uri=self.URI)
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    def test_a_person_can_click(self, app: dict[str, str]) -> None:
        page = httpx.get(f"{app['site']}/authorize", params={"client_id": app["client_id"], "response_type": "code"})
        assert page.status_code == 200
        assert "Enishi" in page.text
        assert "alice" in page.text

    def test_approval_brings_code_and_state_back(self, app: dict[str, str]) -> None:
        answer = self.approve(app, redirect_uri=self.URI, state="x y", code_challenge="ignored")
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(self.URI)
        assert query["state"] == ["x y"]
        assert len(query["code"][0]) > 600

    def test_denial(self, app: dict[str, str]) -> None:
        answer = self.approve(app, "deny", redirect_uri=self.URI, state="s")
        assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"error": ["access_denied"], "state": ["s"]}

    def test_the_redirect_must_match_exactly(self, app: dict[str, str]) -> None:
        answer = self.approve(app, redirect_uri=self.URI + "/")
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    def test_a_code_serves_once(self, app: dict[str, str]) -> None:
        code = self.code(app)
        first = self.redeem(app, code)
        assert first.status_code == 200
        assert (first.json()["token_type"], first.json()["expires_in"]) == ("Bearer", 31_536_000)
        again = self.redeem(app, code)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_request")

    def test_the_form_encoding_works_as_well(self, app: dict[str, str]) -> None:
        data = {"grant_type": "authorization_code", "redirect_uri": self.URI, "code": self.code(app)}
        data |= {"client_id": app["client_id"], "client_secret": app["client_secret"]}
        token = httpx.post(f"{app['site']}/token", data=data).json()["access_token"]
        viewer = {"query": "{ Viewer { name } }"}
        url = app["site"].replace("/anilist.co/api/v2/oauth", "/graphql.anilist.co")
        answer = httpx.post(url, json=viewer, headers={"Authorization": f"Bearer {token}"})
        assert answer.json()["data"]["Viewer"]["name"] == "alice"

    @pytest.mark.parametrize(
        "change", [{"client_id": "9"}, {"client_secret": "wrong "}, {"redirect_uri": "https://x.example"}]
    )
    def test_wrong_client_secret_or_redirect_read_alike(self, app: dict[str, str], change: dict[str, str]) -> None:
        answer = self.redeem(app, self.code(app), **change)
        assert answer.status_code == 401
        assert answer.json() == {"error": "invalid_client", "message": "Client authentication failed"}

    def test_a_late_code_and_a_refresh_are_refused(self, app: dict[str, str], sandbox: Running) -> None:
        code = self.code(app)
        sandbox.control("POST", "clock", {"step": 601})
        assert self.redeem(app, code).status_code == 400
        assert self.redeem(app, code, grant_type="refresh_token").json()["error"] == "unsupported_grant_type"

    def test_implicit_grant_answers_in_the_fragment(self, app: dict[str, str]) -> None:
        answer = self.approve(app, response_type="token")
        fragment = parse_qs(urlsplit(answer.headers["Location"]).fragment)
        assert fragment["expires_in"] == ["31536000"]
        assert fragment["access_token"][0].count(".") == 2

    def test_the_pin_page_shows_the_code(self, sandbox: Running, app: dict[str, str]) -> None:
        pin = sandbox.control("POST", "anilist/apps", {"redirect_uri": "https://anilist.co/api/v2/oauth/pin"})
        answer = self.approve({**app, **pin})
        assert answer.headers["Location"].startswith(f"{app['site']}/pin?code=")
        code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
        assert code in httpx.get(answer.headers["Location"]).text
