from __future__ import annotations

import pytest

from integrations import errors
from integrations.answers import Answer, judge_generally
from integrations.providers.myanimelist.provider import MyAnimeList
from tests.integrations.providers.script import answer, page


def judge(given: Answer) -> errors.ProviderError | None:
    """As `integrations.line.Line` does: the provider's own verdict, else HTTP's."""
    return MyAnimeList().judge(given) or judge_generally(given, name="MyAnimeList", now=1_700_000_000)


def test_good_answers() -> None:
    assert judge(answer({"data": [], "paging": {}})) is None
    assert judge(answer([])) is None


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (answer({"error": "invalid_token", "message": ""}, status=401), errors.AuthRevoked),
        (answer({"error": "forbidden", "message": ""}, status=403), errors.AuthRevoked),
        (answer({"error": "not_found"}, status=404), errors.Gone),
        (answer({"error": "bad_request", "message": "invalid score"}, status=400), errors.Rejected),
        (answer({"error": "invalid_content", "message": "Invalid content"}, status=400), errors.Rejected),
        (
            answer({"error": "bad_request", "message": "This form should not contain extra fields."}, status=400),
            errors.Malformed,
        ),
        (answer({"error": "bad_request", "message": "Invalid client id."}, status=400), errors.Malformed),
        (answer({"message": "DoS detected"}, status=403), errors.Unavailable),
        (answer({"error": "forbidden", "message": "DoS detected"}, status=403), errors.Unavailable),
        (answer({}, status=403), errors.Unavailable),
        (page("<html>Request blocked</html>", status=403), errors.Unavailable),
        (page("<html>maintenance</html>", status=503), errors.Unavailable),
        (page("<html>Under Maintenance</html>", status=500), errors.Unavailable),
        (page("<html>bad gateway</html>", status=502), errors.Transient),
        (page("<html>unauthorized</html>", status=401), errors.Transient),
        (page("<html>not found</html>", status=404), errors.Transient),
        (page("<html>oops</html>", status=400), errors.Transient),
        (page("<html>welcome</html>", status=200), errors.Transient),
        (answer(b'{"data": [{"node"'), errors.Transient),
        (answer(b"gone wrong", status=500), errors.Transient),
        (answer(b"", status=429), errors.RateLimited),
        (page("<html>slow down</html>", status=429), errors.RateLimited),
    ],
)
def test_classes(given: Answer, verdict: type[errors.ProviderError]) -> None:
    assert isinstance(judge(given), verdict)


def test_pages_say_nothing_of_the_token_or_the_title() -> None:
    for status in (200, 400, 401, 403, 404, 500, 503):
        verdict = judge(page("<html>x</html>", status=status))
        assert isinstance(verdict, errors.Transient), status
        assert verdict.unsent is False


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("invalid score", "MyAnimeList refused this entry: invalid score"),
        ('invalid "my secret"', "MyAnimeList refused this entry."),
        ("", "MyAnimeList refused this entry."),
    ],
)
def test_messages_quote_nothing(message: str, told: str) -> None:
    verdict = judge(answer({"error": "bad_request", "message": message}, status=400))
    assert verdict is not None
    assert verdict.message == told


def test_what_surely_had_no_effect_says_so() -> None:
    body = {"error": "bad_request", "message": "This form should not contain extra fields."}
    verdict = judge(answer(body, status=400))
    assert verdict is not None
    assert verdict.unsent is True
