from __future__ import annotations

from typing import Any

import pytest

from integrations import errors
from integrations.answers import Answer, judge_generally
from integrations.providers.kitsu import judging
from integrations.providers.kitsu.provider import Kitsu
from tests.integrations.providers.kitsu_payloads import missing, payloads, refused
from tests.integrations.providers.script import answer, page


def judge(given: Answer) -> errors.ProviderError | None:
    """As `integrations.line.Line` does: the provider's own verdict, else HTTP's."""
    return Kitsu().judge(given) or judge_generally(given, name="Kitsu", now=1_700_000_000)


def faults(*given: dict[str, Any]) -> dict[str, Any]:
    return {"errors": list(given)}


def test_good_answers() -> None:
    bodies: tuple[dict[str, Any], ...] = ({"data": []}, {"data": {"notes": '"errors"'}}, {"data": {}, "errors": []})
    for body in bodies:
        assert judge(answer(body)) is None
    # A refusal of one mutation is no verdict on the document.
    assert judge(payloads(refused("Not Authorized", code="NotAuthorized"))) is None


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (answer(faults({"title": "Invalid token", "status": "401"}), status=401), errors.AuthRevoked),
        (answer(faults({"message": "Not Authorized", "code": "NotAuthorized"})), errors.AuthRevoked),
        (
            answer({**faults({"message": "No", "extensions": {"code": "NotAuthorized"}}), "data": None}),
            errors.AuthRevoked,
        ),
        (answer(faults({"message": "Field 'x' doesn't exist on type 'Anime'"})), errors.Malformed),
        (answer(faults({"status": 429, "title": "Rate Limit Exceeded"})), errors.RateLimited),
        (answer(faults({"title": "Invalid filter", "code": "102"}), status=400), errors.Malformed),
        (answer(faults(), status=406), errors.Malformed),
        (answer(faults(), status=415), errors.Malformed),
        (answer(faults({"title": "Forbidden"}), status=403), errors.Rejected),
        (answer(faults({"title": "Record not found", "code": "404"}), status=404), errors.Gone),
        (answer(faults({"detail": "progress - no"}), status=422), errors.Rejected),
        (missing("LibraryEntry", 5), errors.Gone),
        (answer(faults({"title": "Internal Server Error"}), status=500), errors.Transient),
        (answer({"error": {"message": "undefined method"}, "data": {}}, status=500), errors.Transient),
        (page("<html>bad gateway</html>", status=502), errors.Transient),
        (page("<html>checking your browser</html>", status=200), errors.Transient),
        (page("<html>checking your browser</html>", status=403), errors.Unavailable),
        (page("<html>not found</html>", status=404), errors.Transient),
        (page("<html>sign in</html>", status=401), errors.Transient),
        (answer(b'{"data": [{"id'), errors.Transient),
        (answer(b'{"errors": [{"mess'), errors.Transient),
        (answer(b""), errors.Transient),
    ],
)
def test_classes(given: Answer, verdict: type[errors.ProviderError]) -> None:
    assert isinstance(judge(given), verdict)


def test_an_outage_is_never_taken_for_a_verdict_on_the_person_or_the_entry() -> None:
    for given in (page("x", status=401), page("x", status=403), page("x", status=404), answer(b"", status=200)):
        verdict = judge(given)
        assert isinstance(verdict, errors.Transient)
        assert verdict.unsent is False


def test_a_throttle_in_plain_text_without_a_word_of_when() -> None:
    verdict = judge(Answer(429, {"content-type": "text/plain"}, b"Retry later\n"))
    assert isinstance(verdict, errors.RateLimited)
    assert (verdict.retry_after, verdict.unsent) == (60.0, True)


def test_a_503_that_names_no_time_is_how_heavy_pages_fail() -> None:
    bare = judge(page("x", status=503))
    told = judge(Answer(503, {"content-type": "text/html", "retry-after": "120"}, b"x"))
    assert isinstance(bare, errors.Transient)
    assert not isinstance(bare, errors.Unavailable)
    assert isinstance(told, errors.Unavailable)


@pytest.mark.parametrize(
    ("message", "model", "number"),
    [
        ("Couldn't find LibraryEntry with 'id'=4711", "LibraryEntry", "4711"),
        ("Couldn't find Anime with 'id'=5 [WHERE x]", "Anime", "5"),
        ("Couldn't find it", "", ""),
    ],
)
def test_what_is_missing_is_named(message: str, model: str, number: str) -> None:
    verdict = judge(answer({"error": {"message": message}, "data": {}}, status=500))
    assert isinstance(verdict, judging.Missing)
    assert (verdict.model, verdict.missing_id) == (model, number)


@pytest.mark.parametrize(
    ("detail", "message"),
    [
        ("progress - is rather unreasonably high", ": progress - is rather unreasonably high"),
        ('notes - "my secret" is bad', "."),
        ("<b>my secret</b>", "."),
        ("", "."),
    ],
)
def test_messages_are_short_and_quote_nothing(detail: str, message: str) -> None:
    verdict = judge(answer(faults({"detail": detail, "title": ""}), status=422))
    assert verdict is not None
    assert verdict.message == f"Kitsu refused this entry{message}"


def test_what_surely_had_no_effect_says_so() -> None:
    for given in (answer(faults({"message": "Field 'x'"})), answer(faults({"code": "102"}), status=400)):
        verdict = judge(given)
        assert verdict is not None
        assert verdict.unsent is True
