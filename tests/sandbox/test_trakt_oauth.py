"""Trakt's OAuth in the fake against providers/trakt.md 1 and 2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from integrations.sandbox.server import Running
from tests.sandbox.conftest import AT
from tests.sandbox.trakt_asking import AGENT, BACK, Trakt, straight_to

WEEK = 604_800
GRANT = "invalid_grant"


class Auth(httpx.Client):
    """The auth host, as one app sees it."""

    def __init__(self, trakt: Trakt) -> None:
        super().__init__(
            base_url=f"{trakt.sandbox.url}/auth.trakt.tv",
            headers={"User-Agent": AGENT},
            transport=straight_to(trakt.sandbox),
            trust_env=False,
        )
        self.trakt = trakt
        self.client = {name: trakt.app[name] for name in ("client_id", "client_secret")}

    def approve(self, decision: str = "approve", **query: str) -> dict[str, str]:
        """What came back to the app."""
        params = {"response_type": "code", "client_id": self.client["client_id"], "redirect_uri": BACK, "state": "s"}
        answer = self.post(
            "/oauth/authorize", params={**params, **query}, data={"account": "alice", "decision": decision}
        )
        assert answer.status_code == 302, answer.text
        assert answer.headers["Location"].startswith(BACK + "?")
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    def token(self, **fields: Any) -> httpx.Response:
        return self.post("/oauth/token", json={"redirect_uri": BACK, **self.client, **fields})

    def redeem(self, code: str, **fields: Any) -> httpx.Response:
        return self.token(code=code, grant_type="authorization_code", **fields)

    def refresh(self, text: str, **fields: Any) -> httpx.Response:
        return self.token(refresh_token=text, grant_type="refresh_token", **fields)

    def works(self, access: str) -> bool:
        return self.trakt.get("/users/settings", headers={"Authorization": f"Bearer {access}"}).status_code == 200


@pytest.fixture
def auth(sandbox: Running) -> Iterator[Auth]:
    with Trakt(sandbox) as trakt, Auth(trakt) as client:
        trakt.person()
        yield client


def error_of(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    return answer.status_code, body["error"]


class TestCode:
    def test_from_the_page_to_a_token(self, auth: Auth) -> None:
        params = {"response_type": "code", "client_id": auth.client["client_id"], "redirect_uri": BACK}
        page = auth.get("/oauth/authorize", params={**params, "signup": "true", "prompt": "login"})
        assert (page.status_code, "alice" in page.text, "Tests" in page.text) == (200, True, True)
        back = auth.approve()
        assert back["state"] == "s"
        body = auth.redeem(back["code"]).json()
        known = {"token_type": "bearer", "expires_in": WEEK, "scope": "public", "created_at": AT}
        assert {name: body[name] for name in known} == known
        assert set(body) == {*known, "access_token", "refresh_token"}
        assert auth.works(body["access_token"]) is True

    def test_a_person_may_say_no(self, auth: Auth) -> None:
        assert auth.approve("deny")["error"] == "access_denied"

    def test_a_browser_needs_no_special_agent_for_the_page(self, auth: Auth) -> None:
        params = {"response_type": "code", "client_id": auth.client["client_id"], "redirect_uri": BACK}
        agent = {"User-Agent": "python-httpx/0.28"}
        assert auth.get("/oauth/authorize", params=params, headers=agent).status_code == 200
        assert auth.post("/oauth/token", json={}, headers=agent).status_code == 403

    @pytest.mark.parametrize(
        ("query", "error"),
        [
            ({"client_id": "other"}, "invalid_client"),
            ({"redirect_uri": BACK + "/"}, "invalid_request"),
            ({"redirect_uri": ""}, "invalid_request"),
            ({"response_type": "token"}, "invalid_request"),
        ],
    )
    def test_the_page_is_only_for_what_is_registered(self, auth: Auth, query: dict[str, str], error: str) -> None:
        params = {"response_type": "code", "client_id": auth.client["client_id"], "redirect_uri": BACK, **query}
        assert error_of(auth.get("/oauth/authorize", params=params)) == (400, error)

    def test_a_code_serves_once_and_ten_minutes(self, auth: Auth) -> None:
        code, late = auth.approve()["code"], auth.approve()["code"]
        assert auth.redeem(code).status_code == 200
        assert error_of(auth.redeem(code)) == (400, GRANT)
        auth.trakt.step(600)
        assert error_of(auth.redeem(late)) == (400, GRANT)

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"redirect_uri": "https://other.example/"}, GRANT),
            ({"client_secret": "wrong"}, "invalid_client"),
            ({"client_id": "wrong"}, "invalid_client"),
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"grant_type": None}, "invalid_request"),
            ({"redirect_uri": None}, "invalid_request"),
            ({"code": "wrong"}, GRANT),
        ],
    )
    def test_refusals(self, auth: Auth, fields: dict[str, Any], error: str) -> None:
        sent = {"code": auth.approve()["code"], "grant_type": "authorization_code", **fields}
        assert error_of(auth.token(**sent)) == (400, error)

    def test_a_form_is_not_read(self, auth: Auth) -> None:
        data = {"code": auth.approve()["code"], "grant_type": "authorization_code", "redirect_uri": BACK, **auth.client}
        assert error_of(auth.post("/oauth/token", data=data)) == (400, "invalid_request")

    def test_older_servers_say_401(self, auth: Auth) -> None:
        auth.trakt.settings(token_error_status=401)
        answer = auth.redeem("wrong")
        assert error_of(answer) == (401, GRANT)
        assert GRANT in answer.headers["WWW-Authenticate"]


class TestHosts:
    def test_the_api_host_does_oauth_too_until_it_does_not(self, auth: Auth) -> None:
        body = {"code": "x", "grant_type": "authorization_code", "redirect_uri": BACK, **auth.client}
        url = f"{auth.trakt.sandbox.url}/api.trakt.tv/oauth/token"
        assert auth.post(url, json=body).status_code == 400
        auth.trakt.settings(api_host_oauth=False)
        assert auth.post(url, json=body).status_code == 404

    def test_the_sites_own_token_address_is_gone(self, auth: Auth) -> None:
        assert auth.post(f"{auth.trakt.sandbox.url}/trakt.tv/oauth/token", json={}).status_code == 404

    def test_other_paths_and_methods(self, auth: Auth) -> None:
        assert auth.get("/oauth/token").status_code == 405
        assert auth.get("/oauth/nothing").status_code == 404

    def test_a_captcha_page_with_status_200(self, auth: Auth) -> None:
        auth.trakt.control("POST", "faults", {"kind": "html", "endpoint": "oauth/token:refresh_token", "status": 200})
        answer = auth.refresh("x")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


class TestRefresh:
    @pytest.fixture
    def first(self, auth: Auth) -> dict[str, Any]:
        return dict(auth.redeem(auth.approve()["code"]).json())

    def test_a_refresh_token_serves_once_and_the_new_one_works(self, auth: Auth, first: dict[str, Any]) -> None:
        auth.trakt.settings(reuse_ends_session=False)
        second = auth.refresh(first["refresh_token"]).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert (auth.works(first["access_token"]), auth.works(second["access_token"])) == (False, True)
        assert error_of(auth.refresh(first["refresh_token"])) == (400, GRANT)
        assert auth.works(second["access_token"]) is True
        assert auth.refresh(second["refresh_token"]).status_code == 200

    def test_using_one_twice_ends_the_whole_session(self, auth: Auth, first: dict[str, Any]) -> None:
        second = auth.refresh(first["refresh_token"]).json()
        assert error_of(auth.refresh(first["refresh_token"])) == (400, GRANT)
        assert auth.works(second["access_token"]) is False
        assert error_of(auth.refresh(second["refresh_token"])) == (400, GRANT)

    def test_an_old_access_token_may_live_on(self, auth: Auth, first: dict[str, Any]) -> None:
        auth.trakt.settings(refresh_ends_access=False)
        auth.refresh(first["refresh_token"])
        assert auth.works(first["access_token"]) is True

    def test_an_access_token_lives_seven_days_and_its_refresh_token_on(self, auth: Auth, first: dict[str, Any]) -> None:
        auth.trakt.step(WEEK - 1)
        assert auth.works(first["access_token"]) is True
        auth.trakt.step(1)
        assert auth.works(first["access_token"]) is False
        auth.trakt.step(1000 * WEEK)
        assert auth.refresh(first["refresh_token"]).status_code == 200

    def test_a_refresh_token_with_an_end(self, auth: Auth) -> None:
        auth.trakt.settings(refresh_expires_in=10)
        token = auth.redeem(auth.approve()["code"]).json()["refresh_token"]
        auth.trakt.step(10)
        assert error_of(auth.refresh(token)) == (400, GRANT)

    def test_it_belongs_to_its_app_and_to_a_registered_address(self, auth: Auth, first: dict[str, Any]) -> None:
        other = auth.trakt.control("POST", "apps", {"redirect_uri": BACK})
        theirs = {name: other[name] for name in ("client_id", "client_secret")}
        assert error_of(auth.refresh(first["refresh_token"], **theirs)) == (400, GRANT)
        assert error_of(auth.refresh(first["refresh_token"], redirect_uri="https://x.example/")) == (400, GRANT)
        assert auth.refresh(first["refresh_token"]).status_code == 200

    def test_a_fault_kills_it_as_it_is_used(self, auth: Auth, first: dict[str, Any]) -> None:
        auth.trakt.control("POST", "faults", {"kind": "refuse_refresh"})
        assert error_of(auth.refresh(first["refresh_token"])) == (400, GRANT)

    def test_revoking_ends_both_tokens_and_answers_nothing(self, auth: Auth, first: dict[str, Any]) -> None:
        answer = auth.post("/oauth/revoke", json={"token": first["access_token"], **auth.client})
        assert (answer.status_code, answer.content) == (200, b"")
        assert auth.works(first["access_token"]) is False
        assert error_of(auth.refresh(first["refresh_token"])) == (400, GRANT)
        assert auth.post("/oauth/revoke", json={"token": "unknown", **auth.client}).status_code == 200
        wrong = {"token": "x", **auth.client, "client_secret": "wrong"}
        assert error_of(auth.post("/oauth/revoke", json=wrong)) == (400, "invalid_client")

    def test_dead_tokens_are_401(self, auth: Auth, first: dict[str, Any]) -> None:
        auth.trakt.control("POST", "tokens", {"access_token": first["access_token"], "revoke": True})
        token = {"Authorization": f"Bearer {first['access_token']}"}
        answer = auth.trakt.get("/sync/last_activities", headers=token)
        assert (answer.status_code, answer.content) == (401, b"")
        assert auth.trakt.get("/sync/last_activities").status_code == 401


class TestDevice:
    @pytest.fixture
    def device(self, auth: Auth) -> dict[str, Any]:
        return dict(auth.post("/oauth/device/code", json={"client_id": auth.client["client_id"]}).json())

    def poll(self, auth: Auth, code: str, *, wait: float = 5) -> httpx.Response:
        auth.trakt.step(wait)
        return auth.post("/oauth/device/token", json={"code": code, **auth.client})

    def test_what_it_is_given(self, auth: Auth, device: dict[str, Any]) -> None:
        assert (device["expires_in"], device["interval"]) == (600, 5)
        assert device["verification_url"] == f"{auth.trakt.sandbox.url}/auth.trakt.tv/activate"
        assert set(device) == {"device_code", "user_code", "verification_url", "expires_in", "interval"}
        assert error_of(auth.post("/oauth/device/code", json={"client_id": "x"})) == (400, "invalid_client")

    def test_pending_then_allowed_on_the_page_then_used(self, auth: Auth, device: dict[str, Any]) -> None:
        pending = self.poll(auth, device["device_code"])
        assert (pending.status_code, pending.content) == (400, b"")
        assert "user_code" in auth.get(device["verification_url"]).text
        form = {"user_code": device["user_code"].lower(), "account": "alice", "decision": "approve"}
        assert auth.post(device["verification_url"], data=form).status_code == 200
        body = self.poll(auth, device["device_code"]).json()
        assert (body["token_type"], body["expires_in"]) == ("bearer", WEEK)
        assert auth.works(body["access_token"]) is True
        assert self.poll(auth, device["device_code"]).status_code == 409

    def test_polling_too_fast(self, auth: Auth, device: dict[str, Any]) -> None:
        assert self.poll(auth, device["device_code"], wait=0).status_code == 400
        fast = self.poll(auth, device["device_code"], wait=4.5)
        assert (fast.status_code, fast.headers["Retry-After"]) == (429, "5")
        assert self.poll(auth, device["device_code"]).status_code == 400

    def test_refused_on_the_page(self, auth: Auth, device: dict[str, Any]) -> None:
        form = {"user_code": device["user_code"], "account": "alice", "decision": "deny"}
        assert auth.post("/activate", data=form).status_code == 200
        assert self.poll(auth, device["device_code"]).status_code == 418

    @pytest.mark.parametrize(
        ("decision", "status", "state"),
        [("allow", 200, "used"), ("refuse", 418, "refused"), ("expire", 410, "pending")],
    )
    def test_decided_by_a_control_call(
        self, auth: Auth, device: dict[str, Any], decision: str, status: int, state: str
    ) -> None:
        call = {"user_code": device["user_code"], "decision": decision, "account": "alice"}
        auth.trakt.control("POST", "devices", call)
        assert self.poll(auth, device["device_code"]).status_code == status
        assert [one["state"] for one in auth.trakt.control("GET", "devices")] == [state]

    def test_expired_by_itself(self, auth: Auth, device: dict[str, Any]) -> None:
        assert self.poll(auth, device["device_code"], wait=600).status_code == 410
        form = {"user_code": device["user_code"], "account": "alice", "decision": "approve"}
        assert auth.post("/activate", data=form).status_code == 404

    def test_unknown_codes_and_other_apps(self, auth: Auth, device: dict[str, Any]) -> None:
        assert self.poll(auth, "unknown").status_code == 404
        other = auth.trakt.control("POST", "apps", {"redirect_uri": BACK})
        theirs = {name: other[name] for name in ("client_id", "client_secret")}
        answer = auth.post("/oauth/device/token", json={"code": device["device_code"], **theirs})
        assert answer.status_code == 404
