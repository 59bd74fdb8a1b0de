from __future__ import annotations

from typing import Any

import pytest

from integrations import errors
from integrations.answers import Answer, judge_generally
from integrations.providers.anilist import judging
from integrations.providers.anilist.provider import AniList
from tests.integrations.providers.samples import anilist_error
from tests.integrations.providers.script import answer, page

DISABLED = "The AniList API has been temporarily disabled due to severe stability issues."


def judge(given: Answer) -> errors.ProviderError | None:
    """As `integrations.line.Line` does: the provider's own verdict, else HTTP's."""
    return AniList().judge(given) or judge_generally(given, name="AniList", now=1_700_000_000)


def test_good_answers() -> None:
    assert judge(answer({"data": {"viewer": None}})) is None
    assert judge(answer({"data": {"notes": '"errors"'}})) is None
    assert judge(answer({"data": {}, "errors": []})) is None


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (answer(anilist_error("Invalid token", 400), status=400), errors.AuthRevoked),
        (answer(anilist_error("Invalid token", 400)), errors.AuthRevoked),
        (answer(anilist_error("Unauthorized.", 401), status=401), errors.AuthRevoked),
        (answer(anilist_error("Unauthorized.", 403), status=403), errors.AuthRevoked),
        (answer({"error": "nope"}, status=401), errors.AuthRevoked),
        (answer(anilist_error(DISABLED, 403), status=403), errors.Unavailable),
        (answer({"data": None}, status=403), errors.Unavailable),
        (page("<html>checking your browser</html>", status=403), errors.Unavailable),
        (page("<html>checking your browser</html>", status=200), errors.Transient),
        (page("<html>not found</html>", status=404), errors.Transient),
        (page("<html>bad gateway</html>", status=502), errors.Transient),
        (answer(anilist_error("Internal Server Error", 500), status=500), errors.Transient),
        (answer(anilist_error("Internal Server Error", 500)), errors.Transient),
        (answer(b'{"data": {"viewer": {"id'), errors.Transient),
        (answer(b'{"data": null, "errors": [{"mess'), errors.Transient),
        (answer(b""), errors.Transient),
        (answer(anilist_error("Not Found.", 404), status=404), errors.Gone),
        (answer(anilist_error("Private User", 404), status=404), errors.Gone),
        (answer(anilist_error("Too Many Requests.", 429)), errors.RateLimited),
        (answer(anilist_error("Max query complexity should be 500 but got 646.", 400), status=400), judging.TooComplex),
        (answer(anilist_error('Cannot query field "foo" on type "Media".', 400), status=400), errors.Malformed),
        (answer(anilist_error("You are not authorized to modify this MediaList", 403), status=403), errors.Rejected),
        (answer(anilist_error("This entry is locked", 400), status=400), errors.Rejected),
        (answer(anilist_error("validation", 400, validation={"x": ["too long"]}), status=400), errors.Rejected),
    ],
)
def test_classes(given: Answer, verdict: type[errors.ProviderError]) -> None:
    assert isinstance(judge(given), verdict)


def test_an_outage_is_never_taken_for_a_verdict_on_the_person_or_the_entry() -> None:
    for given in (page("x", status=403), page("x", status=404), page("x", status=500), answer(b"", status=200)):
        verdict = judge(given)
        assert isinstance(verdict, errors.Transient)
        assert verdict.unsent is False


def test_limit_in_both_shapes() -> None:
    body = b'{"data": null,"errors": [{"message": "Too Many Requests.","status": 429}]}'
    bare = judge(answer(body, status=429))
    told = judge(answer(body, status=429, headers={"retry-after": "17", "x-ratelimit-remaining": "0"}))
    assert isinstance(bare, errors.RateLimited)
    assert isinstance(told, errors.RateLimited)
    assert (bare.retry_after, told.retry_after) == (60.0, 17.0)


@pytest.mark.parametrize("text", ["The selected media id is invalid.", "The selected id is invalid."])
def test_titles_and_entries_that_are_gone(text: str) -> None:
    body = anilist_error("validation", 400, line=4, validation={"mediaId": [text]})
    verdict = judge(answer(body, status=400))
    assert isinstance(verdict, judging.RefusedAsGone)
    assert verdict.line == 4


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"validation": {"progress": ["The progress must be at least 0."]}}, ": The progress must be at least 0."),
        ({"validation": [["Deep"]]}, ": Deep"),
        ({"validation": {"notes": ['The notes "my secret" are too long']}}, "."),
        ({"validation": {"notes": ["<b>my secret</b>"]}}, "."),
        ({"validation": 5}, ": validation"),
    ],
)
def test_messages_are_short_and_quote_nothing(more: dict[str, Any], message: str) -> None:
    verdict = judge(answer(anilist_error("validation", 400, **more), status=400))
    assert verdict is not None
    assert verdict.message == f"AniList refused this entry{message}"
    long = judge(answer(anilist_error("validation", 400, validation={"x": ["y" * 5000]}), status=400))
    assert long is not None
    assert len(long.message) < 160


def test_what_surely_had_no_effect_says_so() -> None:
    for message in ("Max query complexity should be 500 but got 646.", 'Cannot query field "x"', "Invalid token"):
        verdict = judge(answer(anilist_error(message, 400), status=400))
        assert verdict is not None
        assert verdict.unsent is True
