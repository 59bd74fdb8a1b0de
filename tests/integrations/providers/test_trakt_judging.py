"""What Trakt's answers mean (trakt.md 3 and 4)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from integrations import errors
from integrations.answers import Answer, judge_generally
from integrations.oauth import AppRejected
from integrations.providers.trakt.judging import AccountLocked, LimitReached, RequestRefused, VipOnly
from tests.integrations.providers.script import answer, page
from tests.integrations.providers.trakt_doubles import NOW, TRAKT

EMPTY = b""


def verdict_on(given: Answer) -> errors.ProviderError | None:
    return TRAKT.judge(given) or judge_generally(given, name="Trakt", now=NOW)


@pytest.mark.parametrize(
    ("given", "error", "unsent"),
    [
        (answer(EMPTY, status=401), errors.AuthRevoked, True),
        (answer(EMPTY, status=403), AppRejected, True),
        (page("<html>Just a moment</html>", status=403), errors.Unavailable, False),
        (page("error 1015", status=429), errors.Unavailable, False),
        (answer(EMPTY, status=409), errors.Transient, False),
        (answer(EMPTY, status=400), RequestRefused, True),
        (answer(EMPTY, status=412), RequestRefused, True),
        (answer(EMPTY, status=420), LimitReached, True),
        (page("account limit", status=420), LimitReached, True),
        (answer({"errors": ["x"]}, status=422), errors.Rejected, True),
        (answer(EMPTY, status=423), AccountLocked, True),
        (answer(EMPTY, status=426), VipOnly, True),
        (answer(EMPTY, status=404), errors.Gone, True),
        (page("not here", status=404), errors.Transient, False),
        (answer({"error": "server_error"}, status=500), errors.Transient, False),
        (page("bad gateway", status=502), errors.Unavailable, False),
        (page("overload", status=521), errors.Unavailable, False),
        (page("<html>captcha</html>", status=200), errors.Transient, False),
        (answer(b'[{"plays": 1', status=200), errors.Transient, False),
    ],
)
def test_meanings(given: Answer, error: type[errors.ProviderError], unsent: bool) -> None:
    verdict = verdict_on(given)
    assert type(verdict) is error
    assert verdict.unsent is unsent


@pytest.mark.parametrize("status", [200, 201, 204])
def test_good_answers(status: int) -> None:
    assert verdict_on(answer(EMPTY if status == 204 else {}, status=status)) is None


BUCKET = '{"name":"AUTHED_API_GET_LIMIT","period":300,"limit":500,"remaining":0,"until":"2027-01-15T08:01:40Z"}'
DATE = {"date": "Fri, 15 Jan 2027 08:00:30 GMT"}


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "17", "x-ratelimit": BUCKET}, 17.0),
        ({"x-ratelimit": BUCKET, **DATE}, 70.0),
        ({"x-ratelimit": BUCKET}, 60.0),
        ({"x-ratelimit": "nonsense"}, 60.0),
        ({"x-ratelimit": '{"until": "2027-01-15T08:01:40"}', **DATE}, 60.0),
        ({}, 60.0),
    ],
)
def test_the_apis_limit_is_one_persons(headers: Mapping[str, str], wait: float) -> None:
    text = b"AUTHED_API_POST_LIMIT rate limit exceeded. Please wait 1 seconds then retry your request."
    verdict = verdict_on(answer(text, status=429, headers={"content-type": "text/plain", **headers}))
    assert type(verdict) is errors.RateLimited
    assert verdict.retry_after == wait


@pytest.mark.parametrize(("header", "wait"), [("", 300.0), ("10", 300.0), ("900", 900.0)])
@pytest.mark.parametrize("status", [403, 429])
def test_the_shield_shuts_everybody_out_for_five_minutes(status: int, header: str, wait: float) -> None:
    given = Answer(status, {"content-type": "text/html", "retry-after": header}, b"<html>banned temporarily</html>")
    verdict = verdict_on(given)
    assert type(verdict) is errors.Unavailable
    assert verdict.retry_after == wait


@pytest.mark.parametrize(("header", "wait"), [("", 30.0), ("5", 30.0), ("90", 90.0)])
def test_an_overload_is_left_alone_for_half_a_minute(header: str, wait: float) -> None:
    verdict = verdict_on(answer(b"x", status=503, headers={"retry-after": header}))
    assert isinstance(verdict, errors.Unavailable)
    assert verdict.retry_after == wait


def test_a_locked_account_ends_the_run_and_says_why() -> None:
    """A Rejected would only park one entry, and AuthRevoked would ask for another sign-in, which would not help."""
    verdict = verdict_on(answer(EMPTY, status=423, headers={"x-account-locked": "true"}))
    assert not isinstance(verdict, errors.Rejected | errors.AuthRevoked | errors.Transient)
    assert verdict is not None
    assert "support" in verdict.message


def test_no_message_quotes_an_address() -> None:
    verdict = verdict_on(answer(EMPTY, status=420, headers={"x-upgrade-url": "https://trakt.tv/vip?who=alice"}))
    assert verdict is not None
    assert "http" not in verdict.message
