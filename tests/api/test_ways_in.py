"""The three ways to sign in, with allauth's headless endpoints, CSRF, scopes and origins."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client

from accounts.models import User
from tests.api.conftest import KeyClient, by_session, problem, token_of
from tests.conftest import PASSWORD

ACCOUNT, JSON = "/api/v1/account", "application/json"
APP, BROWSER = "/_allauth/app/v1/auth", "/_allauth/browser/v1/auth"
SIGN_IN = {"email": "alice@example.org", "password": PASSWORD}


@pytest.fixture
def confirmed(alice: User) -> User:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    return alice


def code_now(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


# Apps -------------------------------------------------------------------------------------------------------


def test_an_app_signs_in_and_calls_with_its_token(confirmed: User) -> None:
    answer = Client().post(f"{APP}/login", SIGN_IN, JSON)
    assert answer.status_code == 200
    headers = {"X-Session-Token": answer.json()["meta"]["session_token"]}
    assert Client().get(ACCOUNT, headers=headers).json()["email"] == "alice@example.org"
    assert Client().patch(ACCOUNT, {"timezone": "UTC"}, JSON, headers=headers).status_code == 200
    assert Client().delete(f"{APP}/session", headers=headers).status_code == 401
    problem(Client().get(ACCOUNT, headers=headers), 401, "bad_session")


def test_an_app_is_asked_for_the_second_factor(confirmed: User) -> None:
    TOTP.activate(confirmed, "JBSWY3DPEHPK3PXP")
    first = Client().post(f"{APP}/login", SIGN_IN, JSON)
    assert first.status_code == 401
    assert "mfa_authenticate" in [flow["id"] for flow in first.json()["data"]["flows"]]
    headers = {"X-Session-Token": first.json()["meta"]["session_token"]}
    problem(Client().get(ACCOUNT, headers=headers), 401, "bad_session")
    wrong = Client().post(f"{APP}/2fa/authenticate", {"code": "000000"}, JSON, headers=headers)
    assert wrong.status_code == 400
    right = Client().post(f"{APP}/2fa/authenticate", {"code": code_now("JBSWY3DPEHPK3PXP")}, JSON, headers=headers)
    assert right.status_code == 200
    token = right.json()["meta"].get("session_token", headers["X-Session-Token"])
    assert Client().get(ACCOUNT, headers={"X-Session-Token": token}).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "a" * 32, "\x00" * 32, "' or 1=1 --", "a" * 10_000])
def test_a_token_that_is_none(token: str, db: None) -> None:
    problem(Client().get(ACCOUNT, headers={"X-Session-Token": token}), 401, "bad_session")


def test_a_wrong_key_is_told_beside_a_good_cookie(alice: User) -> None:
    client = by_session(alice)
    problem(client.get(ACCOUNT, headers={"Authorization": "Bearer enishi_x"}), 401, "bad_key")
    # A proxy's own sign-in is not ours.
    assert client.get(ACCOUNT, headers={"Authorization": "Basic eDp5"}).status_code == 200


def test_someone_put_out_has_no_session(alice: User) -> None:
    client = by_session(alice)
    User.objects.update(is_active=False)
    problem(client.get(ACCOUNT), 401, "not_signed_in")
    headers = {"X-Session-Token": token_of(client)}
    problem(Client().get(ACCOUNT, headers=headers), 401, "bad_session")


# Browsers ---------------------------------------------------------------------------------------------------


def test_a_browser_needs_the_csrf_token(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.get(ACCOUNT).status_code == 200
    problem(client.patch(ACCOUNT, {"timezone": "UTC"}, JSON), 403, "csrf_failed")
    token = client.get("/api/v1/csrf").json()["token"]
    for headers in ({"X-CSRFToken": "x" * 64}, {"X-CSRFToken": token, "Origin": "https://evil.example"}):
        problem(client.patch(ACCOUNT, {"timezone": "UTC"}, JSON, headers=headers), 403, "csrf_failed")
    assert client.patch(ACCOUNT, {"timezone": "UTC"}, JSON, headers={"X-CSRFToken": token}).status_code == 200


def test_a_browser_signs_in_without_a_page(confirmed: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(f"{BROWSER}/login", SIGN_IN, JSON).status_code == 403
    token = client.get("/api/v1/csrf").json()["token"]
    assert client.post(f"{BROWSER}/login", SIGN_IN, JSON, headers={"X-CSRFToken": token}).status_code == 200
    assert client.get(ACCOUNT).json()["email"] == "alice@example.org"


def test_a_key_needs_no_csrf_token(alice: User, key_of: KeyClient) -> None:
    client = key_of(alice, "write")
    client.handler.enforce_csrf_checks = True
    assert client.patch(ACCOUNT, {"timezone": "UTC"}, JSON).status_code == 200


# Scopes -----------------------------------------------------------------------------------------------------


def test_a_key_does_what_its_scopes_say(alice: User, key_of: KeyClient) -> None:
    answer = key_of(alice, "write", "sync").get(ACCOUNT)
    assert "scope read" in problem(answer, 403, "scope_missing")["detail"]
    assert answer["WWW-Authenticate"] == 'Bearer realm="enishi", error="insufficient_scope", scope="read"'
    problem(key_of(alice, "read", "sync").patch(ACCOUNT, {"timezone": "UTC"}, JSON), 403, "scope_missing")
    assert key_of(alice, "read").get(ACCOUNT).status_code == 200
    assert key_of(alice, "read").head(ACCOUNT).status_code == 200


# Other origins ----------------------------------------------------------------------------------------------


def test_no_origin_is_let_in_unless_listed(alice_api: Client, settings: Any) -> None:
    headers = {"Origin": "https://app.example"}
    assert not alice_api.get(ACCOUNT, headers=headers).has_header("Access-Control-Allow-Origin")
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    answer = alice_api.get(ACCOUNT, headers=headers)
    assert answer["Access-Control-Allow-Origin"] == "https://app.example"
    assert set(answer["Access-Control-Expose-Headers"].split(", ")) == {
        "ETag",
        "Idempotent-Replay",
        "Location",
        "Retry-After",
    }
    for origin in ("https://evil.example", "http://app.example", "https://app.example.evil.example", "null"):
        assert not alice_api.get(ACCOUNT, headers={"Origin": origin}).has_header("Access-Control-Allow-Origin")
    # Pages are for browsers that are here.
    assert not alice_api.get("/accounts/login/", headers=headers).has_header("Access-Control-Allow-Origin")


def test_a_browser_may_ask_first(client: Client, settings: Any, db: None) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    asked = "authorization, idempotency-key, if-match, x-session-token"
    answer = client.options(
        ACCOUNT,
        headers={
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": asked,
        },
    )
    assert answer.status_code == 200
    assert {name.strip() for name in asked.split(",")} <= set(answer["Access-Control-Allow-Headers"].split(", "))
    assert "PATCH" in answer["Access-Control-Allow-Methods"]


# Secrets of factors -----------------------------------------------------------------------------------------


def test_the_secret_of_a_factor_is_sealed(alice: User) -> None:
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    row = Authenticator.objects.get()
    assert "JBSWY3DPEHPK3PXP" not in str(row.data)
    assert row.wrap().validate_code(code_now("JBSWY3DPEHPK3PXP"))
