"""Password grants and device codes at a token endpoint: what is sent, and what each answer means."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from integrations import oauth, oauth_device
from integrations.crypto import Secret
from integrations.errors import AuthRevoked, Malformed, ProviderError, RateLimited, Transient, Unavailable
from integrations.oauth import AppRejected, CodeRejected, Grant, OAuthSpec, PasswordRejected
from integrations.oauth_device import DeviceAnswer, DeviceCode
from tests.integrations.doubles import BY_DEVICE, BY_PASSWORD, NotingBreaker, NotingLimiter, make_line
from tests.integrations.test_oauth import APP, GOOD, NOW, Endpoint, find_in_traceback, give

HTML = "<html>pending</html>"


def sign_in(endpoint: Endpoint, spec: OAuthSpec = BY_PASSWORD) -> Grant:
    name, password = Secret("planted@example.org"), Secret(" planted +&%ü ")
    return oauth.password_grant(spec, make_line(endpoint), app=APP, username=name, password=password)


def start(endpoint: Endpoint) -> DeviceCode:
    return oauth_device.start_device(BY_DEVICE, make_line(endpoint), app=APP)


def poll(endpoint: Endpoint, **options: Any) -> Grant | DeviceAnswer:
    line = make_line(endpoint, **options)
    return oauth_device.poll_device(BY_DEVICE, line, app=APP, device_code=Secret("planted-device"))


def renew(endpoint: Endpoint, spec: OAuthSpec = BY_DEVICE) -> Grant:
    secret = Secret("planted-old")
    uri = "https://enishi.test/cb"
    return oauth.refresh(spec, make_line(endpoint), app=APP, refresh_token=secret, redirect_uri=uri)


def sent(endpoint: Endpoint) -> dict[str, str]:
    return dict(json.loads(endpoint.requests[-1].content))


# Passwords ---------------------------------------------------------------------------------------------------


def test_a_password_is_sent_as_it_is() -> None:
    endpoint = give(**GOOD)
    assert sign_in(endpoint) == Grant(Secret("planted-access"), Secret("planted-refresh"), NOW + timedelta(hours=1))
    expected = {
        "grant_type": "password",
        "username": "planted@example.org",
        "password": " planted +&%ü ",
        "client_id": "client-7",
        "client_secret": "planted-secret",
    }
    assert sent(endpoint) == expected
    by_form = give(**GOOD)
    sign_in(by_form, replace(BY_PASSWORD, body="form"))
    assert by_form.form == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"error": "invalid_grant"}, PasswordRejected),
        (401, {"error": "invalid_grant"}, PasswordRejected),
        (401, {"error": "invalid_client"}, AppRejected),
        (400, {"error": "invalid_request"}, Malformed),
        (400, {"error": "unsupported_grant_type"}, Malformed),
        (403, {"error": "invalid_grant"}, Transient),
        (500, {"error": "invalid_grant"}, Transient),
        (503, {}, Unavailable),
    ],
)
def test_what_an_answer_to_a_password_means(status: int, body: Any, expected: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        sign_in(give(status, **body))
    assert type(caught.value) is expected
    assert find_in_traceback("planted", caught.value) == []


@pytest.mark.parametrize("status", [200, 400, 401, 403, 502])
def test_a_page_is_no_verdict_on_a_password(status: int) -> None:
    with pytest.raises(Transient):
        sign_in(Endpoint(httpx.Response(status, html='<html>{"error": "invalid_grant"}')))


def test_too_many_logins_in_plain_text_are_a_wait() -> None:
    with pytest.raises(RateLimited) as caught:
        sign_in(Endpoint(httpx.Response(429, text="Retry later\n")))
    assert caught.value.retry_after == 60


# Refreshing what is shared, or used once ---------------------------------------------------------------------


def test_a_refresh_names_a_redirect_where_it_has_to() -> None:
    endpoint = give(**GOOD)
    renew(endpoint)
    assert sent(endpoint)["redirect_uri"] == "https://enishi.test/cb"
    endpoint = give(**GOOD)
    renew(endpoint, BY_PASSWORD)
    assert "redirect_uri" not in sent(endpoint)


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("body", [{"error": "invalid_grant"}, {"error": "forbidden"}, {}])
def test_a_refresh_refused_in_json_is_a_dead_token_where_the_service_means_it(status: int, body: Any) -> None:
    with pytest.raises(AuthRevoked):
        renew(give(status, **body))


def test_elsewhere_a_403_is_no_verdict() -> None:
    with pytest.raises(Transient):
        renew(give(403, error="invalid_grant"), BY_PASSWORD)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, {"error": "invalid_client"}, AppRejected),
        (400, {"error": "temporarily_unavailable"}, Transient),
        (404, {"error": "invalid_grant"}, Transient),
        (500, {}, Transient),
        (429, {}, RateLimited),
    ],
)
def test_what_else_a_refresh_may_bring_is_not_the_tokens_end(status: int, body: Any, expected: type) -> None:
    with pytest.raises(ProviderError) as caught:
        renew(give(status, **body))
    assert type(caught.value) is expected


@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_a_page_instead_of_a_refresh_is_no_verdict(status: int) -> None:
    with pytest.raises(Transient):
        renew(Endpoint(httpx.Response(status, html=HTML)))


@pytest.mark.parametrize(
    ("spec", "created_at", "expected"),
    [
        (BY_DEVICE, 1_800_000_000 - 600, timedelta(seconds=3000)),
        (BY_DEVICE, 1_800_000_000 + 600, timedelta(hours=1)),
        (BY_DEVICE, None, timedelta(hours=1)),
        (BY_DEVICE, "soon", timedelta(hours=1)),
        (BY_PASSWORD, 1_800_000_000 - 600, timedelta(hours=1)),
    ],
)
def test_from_when_a_life_counts(spec: OAuthSpec, created_at: Any, expected: timedelta) -> None:
    assert renew(give(**GOOD, created_at=created_at), spec).expires_at == NOW + expected


# Device codes ------------------------------------------------------------------------------------------------

CODE: dict[str, Any] = {
    "device_code": "planted-device",
    "user_code": "ABCD1234",
    "verification_url": "https://auth.toy.test/activate",
    "expires_in": 600,
    "interval": 5,
}


def test_a_code_is_asked_for_with_the_id_alone() -> None:
    endpoint = give(**CODE)
    code = start(endpoint)
    assert sent(endpoint) == {"client_id": "client-7"}
    assert code == DeviceCode(Secret("planted-device"), "ABCD1234", "https://auth.toy.test/activate", 600, 5)
    assert "planted" not in repr(code)


@pytest.mark.parametrize(
    "change",
    [
        {"device_code": ""},
        {"device_code": 7},
        {"user_code": None},
        {"user_code": "x" * 65},
        {"user_code": "a\nb"},
        {"verification_url": 7},
        {"verification_url": "https://toy.test/" + "x" * 250},
    ],
)
def test_an_odd_code_is_malformed(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        start(give(**{**CODE, **change}))


@pytest.mark.parametrize(
    ("told", "life", "interval"),
    [
        ({"expires_in": 5, "interval": 0.2}, 30, 1),
        ({"expires_in": 10**9, "interval": 10**9}, 3600, 60),
        ({"expires_in": "x", "interval": None}, 600, 5),
        ({"expires_in": True, "interval": -5}, 600, 5),
    ],
)
def test_odd_times_of_a_code_are_cut(told: dict[str, Any], life: int, interval: int) -> None:
    code = start(give(**{**CODE, **told}))
    assert (code.expires_in, code.interval) == (life, interval)


def test_a_wrong_app_shows_when_a_code_is_asked_for() -> None:
    with pytest.raises(AppRejected):
        start(give(401, error="invalid_client"))


def test_a_poll_brings_tokens() -> None:
    endpoint = give(**GOOD, created_at=1_800_000_000)
    assert poll(endpoint) == Grant(Secret("planted-access"), Secret("planted-refresh"), NOW + timedelta(hours=1))
    assert endpoint.requests[0].url == "https://toy.test/oauth/device/token"
    expected = {"code": "planted-device", "client_id": "client-7", "client_secret": "planted-secret"}
    assert sent(endpoint) == expected


@pytest.mark.parametrize(
    ("status", "said"),
    [(400, "pending"), (404, "unknown"), (409, "used"), (410, "expired"), (418, "refused"), (429, "slower")],
)
def test_an_empty_answer_speaks_by_its_status(status: int, said: Any) -> None:
    limiter, breaker = NotingLimiter(), NotingBreaker()
    assert poll(Endpoint(httpx.Response(status)), limiter=limiter, breaker=breaker) == DeviceAnswer(said)
    # Not even "too fast" is held against other people's calls.
    assert (limiter.notes, breaker.notes) == ([("acquire", 1)], ["before", "succeeded"])
    with pytest.raises(Transient):
        poll(Endpoint(httpx.Response(status, html=HTML)))


def test_too_fast_may_say_how_long() -> None:
    assert poll(Endpoint(httpx.Response(429, headers={"Retry-After": "7"}))) == DeviceAnswer("slower", 7.0)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("authorization_pending", "pending"),
        ("slow_down", "slower"),
        ("access_denied", "refused"),
        ("expired_token", "expired"),
    ],
)
def test_the_words_of_rfc_8628_are_understood(error: str, said: Any) -> None:
    assert poll(give(400, error=error)) == DeviceAnswer(said)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(400, json={"error": "invalid_client"}), AppRejected),
        (httpx.Response(400, json={"error": "invalid_grant"}), CodeRejected),
        (httpx.Response(200, json={}), Malformed),
        (httpx.Response(200, html=HTML), Transient),
        (httpx.Response(403), Transient),
        (httpx.Response(502), Transient),
        (httpx.ReadTimeout("slow"), Transient),
    ],
)
def test_what_else_a_poll_may_bring(answer: httpx.Response | Exception, expected: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        poll(Endpoint(answer))
    assert type(caught.value) is expected
    assert find_in_traceback("planted", caught.value) == []


def test_the_end_of_a_token_is_in_utc() -> None:
    grant = poll(give(**GOOD, created_at=1_800_000_000))
    assert isinstance(grant, Grant)
    assert grant.expires_at == datetime.fromtimestamp(1_800_003_600, UTC)
