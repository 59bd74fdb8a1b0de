from __future__ import annotations

import base64
import hashlib
import json
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from integrations import oauth
from integrations.crypto import Secret
from integrations.errors import AuthRevoked, Malformed, ProviderError, RateLimited, Transient, Unavailable
from integrations.oauth import App, AppRejected, CodeRejected, Grant, OAuthSpec
from tests.integrations.doubles import LASTING, REFRESHING, Clock, NotingBreaker, NotingLimiter, make_line

NOW = datetime.fromtimestamp(1_800_000_000, UTC)
APP = App("client-7", Secret("planted-secret"))
GOOD: dict[str, Any] = {
    "token_type": "Bearer",
    "access_token": "planted-access",
    "refresh_token": "planted-refresh",
    "expires_in": 3600,
}


class Endpoint:
    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def form(self) -> dict[str, str]:
        return {name: value for name, [value] in parse_qs(self.requests[-1].content.decode()).items()}


def give(status: int = 200, **body: Any) -> Endpoint:
    return Endpoint(httpx.Response(status, json=body))


def exchange(endpoint: Endpoint, spec: OAuthSpec = REFRESHING, **options: Any) -> Grant:
    given: dict[str, Any] = {
        "app": APP,
        "code": Secret("planted-code"),
        "redirect_uri": "https://enishi.test/integrations/toy/callback",
        "verifier": Secret("planted-verifier"),
    }
    return oauth.exchange_code(spec, make_line(endpoint), **{**given, **options})


def renew(endpoint: Endpoint, spec: OAuthSpec = REFRESHING) -> Grant:
    return oauth.refresh(spec, make_line(endpoint), app=APP, refresh_token=Secret("planted-old"))


# Where the browser goes --------------------------------------------------------------------------------------


def query_of(url: str) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}


def authorize(spec: OAuthSpec) -> str:
    return oauth.authorize_url(
        spec, client_id="7", redirect_uri="https://enishi.test/cb?a=b&c", state="s/+&", verifier="v" * 128
    )


def test_the_authorize_address_holds_what_the_code_grant_asks_for() -> None:
    spec = replace(LASTING, authorize_params={"prompt": "login"})
    url = authorize(spec)
    assert url.startswith("https://toy.test/oauth/authorize?")
    assert query_of(url) == {
        "response_type": "code",
        "client_id": "7",
        "redirect_uri": "https://enishi.test/cb?a=b&c",
        "state": "s/+&",
        "prompt": "login",
    }


def test_plain_pkce_sends_the_verifier_itself() -> None:
    query = query_of(authorize(REFRESHING))
    assert (query["code_challenge"], query["code_challenge_method"]) == ("v" * 128, "plain")


def test_s256_sends_the_hash() -> None:
    query = query_of(authorize(replace(REFRESHING, pkce="S256")))
    expected = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 128).digest()).decode().rstrip("=")
    assert (query["code_challenge"], query["code_challenge_method"]) == (expected, "S256")


def test_a_verifier_is_as_long_as_allowed_and_new_each_time() -> None:
    first, second = oauth.new_verifier(), oauth.new_verifier()
    assert len(first) == 128
    assert set(first) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    assert first != second


# What is sent to the token endpoint --------------------------------------------------------------------------


def test_a_code_is_exchanged_by_form_with_the_app_in_the_body() -> None:
    endpoint = give(**GOOD)
    exchange(endpoint)
    assert endpoint.requests[0].url == "https://toy.test/oauth/token"
    assert endpoint.requests[0].method == "POST"
    assert endpoint.form == {
        "grant_type": "authorization_code",
        "code": "planted-code",
        "redirect_uri": "https://enishi.test/integrations/toy/callback",
        "code_verifier": "planted-verifier",
        "client_id": "client-7",
        "client_secret": "planted-secret",
    }


def test_a_code_is_exchanged_by_json_where_the_service_wants_it() -> None:
    endpoint = give(**GOOD)
    exchange(endpoint, LASTING)
    sent = json.loads(endpoint.requests[0].content)
    assert endpoint.requests[0].headers["content-type"] == "application/json"
    assert (sent["code"], "code_verifier" in sent) == ("planted-code", False)


def test_an_app_can_sign_in_by_basic() -> None:
    endpoint = give(**GOOD)
    exchange(endpoint, replace(REFRESHING, client_auth="basic"), app=App("id:7", Secret("s/+")))
    pair = base64.b64decode(endpoint.requests[0].headers["authorization"].removeprefix("Basic ")).decode()
    assert pair == "id%3A7:s%2F%2B"
    assert {"client_id", "client_secret"} & set(endpoint.form) == set()


def test_a_public_app_sends_its_id_alone() -> None:
    endpoint = give(**GOOD)
    exchange(endpoint, replace(REFRESHING, client_auth="basic"), app=App("7"))
    assert (endpoint.form["client_id"], "client_secret" in endpoint.form) == ("7", False)
    assert "authorization" not in endpoint.requests[0].headers


def test_a_refresh_sends_the_refresh_token() -> None:
    endpoint = give(**GOOD)
    renew(endpoint)
    assert endpoint.form == {
        "grant_type": "refresh_token",
        "refresh_token": "planted-old",
        "client_id": "client-7",
        "client_secret": "planted-secret",
    }


def test_white_space_around_id_and_secret_is_cut() -> None:
    app = App.of(" 7\n", "\tsecret ")
    assert app == App("7", Secret("secret"))
    assert App.of("7", "  ").client_secret is None
    assert App.of("7", Secret(" a ")).client_secret == Secret("a")


def test_token_calls_go_through_the_same_guard() -> None:
    limiter, breaker = NotingLimiter(), NotingBreaker()
    line = make_line(give(**GOOD), limiter=limiter, breaker=breaker)
    oauth.refresh(REFRESHING, line, app=APP, refresh_token=Secret("old"))
    assert (limiter.notes, breaker.notes) == ([("acquire", 1)], ["before", "succeeded"])
    with pytest.raises(Malformed):
        renew(Endpoint(), replace(REFRESHING, token_url="https://evil.test/token"))


def test_a_token_call_has_ten_seconds() -> None:
    clock, seen = Clock(), []

    def slow(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"]["read"])
        clock.now += 11
        return httpx.Response(200, json=GOOD)

    with pytest.raises(Transient):
        oauth.refresh(REFRESHING, make_line(slow, clock=clock), app=APP, refresh_token=Secret("old"))
    assert seen == [10.0]


# What comes back ---------------------------------------------------------------------------------------------


def test_a_grant_holds_both_tokens_and_their_end() -> None:
    grant = exchange(give(**GOOD))
    assert grant == Grant(Secret("planted-access"), Secret("planted-refresh"), NOW + timedelta(hours=1))
    assert "planted" not in repr(grant)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (2_415_600, timedelta(seconds=2_415_600)),
        ("3600", timedelta(hours=1)),
        (3600.5, timedelta(seconds=3600.5)),
        (None, None),
        (0, None),
        (-5, None),
        (True, None),
        ("soon", None),
        (1e300, None),
        ([1], None),
        ("nan", None),
    ],
)
def test_the_end_is_read_leniently(told: Any, expected: timedelta | None) -> None:
    grant = exchange(give(**{**GOOD, "expires_in": told}))
    assert grant.expires_at == (None if expected is None else NOW + expected)


def test_a_missing_or_odd_refresh_token_is_none() -> None:
    for odd in (None, "", 7, "with blank", "x" * 20_000):
        assert exchange(give(**{**GOOD, "refresh_token": odd})).refresh_token is None


@pytest.mark.parametrize("odd", [None, "", 7, "two words", "new\nline", "tökén", "x" * 20_000])
def test_no_usable_access_token_is_malformed(odd: Any) -> None:
    with pytest.raises(Malformed):
        exchange(give(**{**GOOD, "access_token": odd}))


def make_jwt(**claims: Any) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])


def test_the_end_is_read_from_a_token_that_tells_it() -> None:
    grant = exchange(give(access_token=make_jwt(exp=1_831_536_000.0)))
    assert grant.expires_at == datetime.fromtimestamp(1_831_536_000, UTC)


@pytest.mark.parametrize(
    "token", ["", "a.b", "a.b.c", "....", make_jwt(), make_jwt(exp="x"), make_jwt(exp=1e99), "a.W10.c"]
)
def test_a_token_that_tells_nothing_is_no_harm(token: str) -> None:
    assert oauth.read_expiry_of_token(token) is None


# Verdicts ----------------------------------------------------------------------------------------------------

INVALID_REFRESH = {"error": "invalid_request", "message": "The refresh token is invalid.", "hint": "Token has expired"}


@pytest.mark.parametrize(
    ("status", "body", "at_exchange", "at_refresh"),
    [
        (401, {"error": "invalid_client", "message": "Client authentication failed"}, AppRejected, AppRejected),
        (400, {"error": "unauthorized_client"}, AppRejected, AppRejected),
        (400, {"error": "invalid_grant", "hint": "Failed to verify `code_verifier`."}, CodeRejected, AuthRevoked),
        (401, INVALID_REFRESH, CodeRejected, AuthRevoked),
        (400, INVALID_REFRESH, CodeRejected, AuthRevoked),
        (400, {"error": "invalid_request", "hint": "Check the `code_verifier` parameter"}, CodeRejected, Malformed),
        (400, {"error": "unsupported_grant_type"}, Malformed, Malformed),
        (400, {"message": "?"}, Malformed, Malformed),
        (200, {"error": "invalid_grant"}, CodeRejected, AuthRevoked),
        (400, {"error": "temporarily_unavailable"}, Transient, Transient),
        (403, {"error": "invalid_grant"}, Transient, Transient),
        (404, {"error": "not_found"}, Transient, Transient),
        (500, {"error": "invalid_grant"}, Transient, Transient),
        (503, {"error": "invalid_client"}, Unavailable, Unavailable),
        (429, {}, RateLimited, RateLimited),
        (200, [], Malformed, Malformed),
        (200, {"error": None}, Malformed, Malformed),
        (400, {"error": {"code": 7}}, Malformed, Malformed),
    ],
)
def test_verdicts_in_json(
    status: int, body: Any, at_exchange: type[ProviderError], at_refresh: type[ProviderError]
) -> None:
    with pytest.raises(ProviderError) as caught:
        exchange(Endpoint(httpx.Response(status, json=body)))
    assert type(caught.value) is at_exchange
    with pytest.raises(ProviderError) as caught:
        renew(Endpoint(httpx.Response(status, json=body)))
    assert type(caught.value) is at_refresh
    assert caught.value.provider == "toy"


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 500, 502])
def test_a_page_is_never_a_verdict(status: int) -> None:
    page = httpx.Response(status, html='<html>{"error": "invalid_grant"}</html>')
    with pytest.raises(Transient):
        renew(Endpoint(page))


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout("slow"), httpx.ConnectError("no"), httpx.RemoteProtocolError("cut")]
)
def test_a_broken_wire_is_never_a_verdict(error: Exception) -> None:
    endpoint = Endpoint(error)
    with pytest.raises(Transient) as caught:
        renew(endpoint)
    assert len(endpoint.requests) == 1
    assert find_in_traceback("planted", caught.value) == []


def find_in_traceback(word: str, error: BaseException | None) -> list[str]:
    """Where a word stands in the messages, or in the local variables of our frames.

    Not looked at: tests, and services, whose variables Django's reports leave out (`sensitive_variables`).
    """
    found = []
    while error is not None:
        found += [f"message of {type(error).__name__}"] if word in str(error) else []
        for frame, line in traceback.walk_tb(error.__traceback__):
            name = frame.f_code.co_filename
            if "/integrations/" in name and "/tests/" not in name and "/services/" not in name:
                found += [f"{frame.f_code.co_name}:{line}" for value in frame.f_locals.values() if word in repr(value)]
        error = error.__cause__ or error.__context__
    return found


def test_no_message_repeats_what_the_service_wrote() -> None:
    word = "<script>"
    hostile = {"error": "invalid_grant", "message": f"{word}alert(1)"}
    with pytest.raises(CodeRejected) as caught:
        exchange(Endpoint(httpx.Response(400, json=hostile)))
    assert word not in "".join(traceback.format_exception(caught.value))
