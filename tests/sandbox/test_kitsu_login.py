"""OAuth of the Kitsu fake: providers/kitsu.md 2 and 4."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import AT
from tests.sandbox.kitsu import PAIR, Kitsu, bearer, kitsu

__all__ = ["kitsu"]

MONTH = 2_592_000
KEYS = {"access_token", "token_type", "expires_in", "refresh_token", "scope", "created_at"}


def me(kitsu: Kitsu, token: dict[str, Any]) -> list[str] | int:
    """The names behind a token, or the status of a refusal."""
    answer = kitsu.get("/users?filter[self]=true", headers=bearer(token))
    return (
        [one["attributes"]["name"] for one in answer.json()["data"]]
        if answer.status_code == 200
        else answer.status_code
    )


def refresh(kitsu: Kitsu, token: dict[str, Any], **fields: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"], **PAIR, **fields}
    return kitsu.oauth("token", {name: value for name, value in form.items() if value})


class TestPassword:
    @pytest.mark.parametrize("username", ["alice", "ALICE", "alice@kitsu.example"])
    def test_slug_or_e_mail(self, kitsu: Kitsu, username: str) -> None:
        kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice"})
        token = kitsu.login(username=username).json()
        assert set(token) == KEYS
        assert (token["token_type"], token["expires_in"], token["scope"], token["created_at"]) == (
            "Bearer",
            MONTH,
            "public",
            AT,
        )
        assert (len(token["access_token"]), me(kitsu, token)) == (64, ["alice"])

    def test_json_is_read_as_well(self, kitsu: Kitsu) -> None:
        settings = {"password": "a+b&c=d", "email": "own@a.example", "slug": "own"}
        kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice", "settings": settings})
        body = {"grant_type": "password", "username": "own@a.example", "password": "a+b&c=d"}
        assert (
            kitsu.post(f"{kitsu.root}/oauth/token", json=body, headers={"Content-Type": "application/json"}).status_code
            == 200
        )
        assert kitsu.login(username="own", password="a+b&c=d").status_code == 200
        assert kitsu.login().status_code == 400

    def test_a_living_token_is_handed_out_again(self, kitsu: Kitsu) -> None:
        """2.4: the same row for everyone who signs in with the same client."""
        kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice"})
        first = kitsu.login().json()
        kitsu.step(33)
        assert kitsu.login().json() == {**first, "expires_in": MONTH - 33}
        without = kitsu.login(client_id="", client_secret="").json()
        assert (without["access_token"] == first["access_token"], without["created_at"]) == (False, AT + 33)
        app = kitsu.sandbox.control("POST", "kitsu/apps", {"name": "Another"})
        other = {name: app[name] for name in ("client_id", "client_secret")}
        assert kitsu.login(**other).json()["access_token"] != first["access_token"]
        kitsu.step(MONTH)
        assert kitsu.login().json()["access_token"] != first["access_token"]

    @pytest.mark.parametrize(
        ("fields", "status", "error"),
        [
            ({"password": "wrong"}, 400, "invalid_grant"),
            ({"username": "nobody"}, 400, "invalid_grant"),
            ({"client_secret": "wrong"}, 401, "invalid_client"),
            ({"client_id": "wrong"}, 401, "invalid_client"),
            ({"password": ""}, 400, "invalid_request"),
            ({"username": ""}, 400, "invalid_request"),
            ({"grant_type": ""}, 400, "invalid_request"),
            ({"scope": "all"}, 400, "invalid_scope"),
            ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
            ({"grant_type": "assertion"}, 400, "invalid_grant"),
        ],
    )
    def test_refusals(self, kitsu: Kitsu, fields: dict[str, str], status: int, error: str) -> None:
        kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice"})
        answer = kitsu.login(**fields)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert set(answer.json()) == {"error", "error_description"}

    def test_fifteen_a_minute_and_address(self, kitsu: Kitsu) -> None:
        kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice"})
        statuses = [kitsu.login(password="sandbox" if at % 2 else "wrong").status_code for at in range(15)]
        assert set(statuses) == {200, 400}
        refused = kitsu.login()
        assert (refused.status_code, refused.headers["Content-Type"], "Retry-After" in refused.headers) == (
            429,
            "text/plain",
            False,
        )
        kitsu.step(59)
        assert kitsu.login().status_code == 429
        kitsu.step(1)
        token = kitsu.login()
        assert token.status_code == 200
        kitsu.setting(login_limit=0)
        assert {kitsu.login().status_code for _ in range(16)} == {200}

    def test_refreshing_is_not_limited(self, kitsu: Kitsu) -> None:
        kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice"})
        token = kitsu.login().json()
        for _ in range(20):
            token = refresh(kitsu, token).json()
        assert me(kitsu, token) == ["alice"]


class TestRefresh:
    def test_it_kills_the_old_pair_at_once(self, kitsu: Kitsu) -> None:
        kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice"})
        old = kitsu.login().json()
        kitsu.step(60)
        new = refresh(kitsu, old).json()
        assert set(new) == KEYS
        assert (new["expires_in"], new["created_at"], new["refresh_token"] == old["refresh_token"]) == (
            MONTH,
            AT + 60,
            False,
        )
        assert (me(kitsu, old), me(kitsu, new)) == (401, ["alice"])
        again = refresh(kitsu, old)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        # Whoever signs in with the public client gets the new row.
        assert kitsu.login().json()["access_token"] == new["access_token"]

    def test_it_works_long_after_the_token_died(self, kitsu: Kitsu) -> None:
        kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice"})
        old = kitsu.login().json()
        kitsu.step(10 * MONTH)
        assert me(kitsu, old) == 401
        assert me(kitsu, refresh(kitsu, old).json()) == ["alice"]

    def test_the_client_must_be_the_one_of_the_login(self, kitsu: Kitsu) -> None:
        kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice"})
        ours, without = kitsu.login().json(), kitsu.login(client_id="", client_secret="").json()
        assert refresh(kitsu, ours, client_id="", client_secret="").json()["error"] == "invalid_grant"
        assert refresh(kitsu, ours, client_secret="wrong").status_code == 401
        assert refresh(kitsu, without, client_id="", client_secret="").status_code == 200
        assert refresh(kitsu, ours).status_code == 200

    def test_it_needs_a_known_token(self, kitsu: Kitsu) -> None:
        assert refresh(kitsu, {"refresh_token": "unknown"}).json()["error"] == "invalid_grant"
        assert refresh(kitsu, {"refresh_token": ""}).json()["error"] == "invalid_request"

    def test_a_refresh_that_is_refused(self, kitsu: Kitsu) -> None:
        kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice"})
        token = kitsu.login().json()
        kitsu.sandbox.control("POST", "kitsu/faults", {"kind": "refuse_refresh", "endpoint": "oauth/token:refresh*"})
        assert [refresh(kitsu, token).status_code for _ in range(2)] == [400, 400]
        assert me(kitsu, token) == ["alice"]


class TestRevoke:
    def test_one_row_dies_for_everyone(self, kitsu: Kitsu) -> None:
        kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice"})
        token = kitsu.login().json()
        answer = kitsu.oauth("revoke", {"token": token["access_token"], **PAIR})
        assert (answer.status_code, answer.json()) == (200, {})
        assert (me(kitsu, token), refresh(kitsu, token).status_code) == (401, 400)

    def test_a_strange_client_may_not_and_an_unknown_token_is_fine(self, kitsu: Kitsu) -> None:
        kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice"})
        token = kitsu.login().json()
        refused = kitsu.oauth("revoke", {"token": token["refresh_token"]})
        assert (refused.status_code, refused.json()["error"]) == (403, "unauthorized_client")
        assert kitsu.oauth("revoke", {"token": "unknown"}).json() == {}
        assert me(kitsu, token) == ["alice"]

    def test_token_info(self, kitsu: Kitsu) -> None:
        made = kitsu.sandbox.control("POST", "kitsu/accounts", {"name": "alice"})
        token = kitsu.login().json()
        info = kitsu.get(f"{kitsu.root}/oauth/token/info", headers=bearer(token)).json()
        assert info == {
            "resource_owner_id": made["id"],
            "scope": ["public"],
            "expires_in": MONTH,
            "application": {"uid": PAIR["client_id"]},
            "created_at": AT,
        }
        assert kitsu.get(f"{kitsu.root}/oauth/token/info").status_code == 401
