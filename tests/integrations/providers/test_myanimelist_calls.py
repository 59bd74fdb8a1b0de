"""MyAnimeList's writes, removals and look-ups."""

from __future__ import annotations

from typing import Any

import pytest

from integrations import errors
from integrations.answers import Answer
from integrations.providers.base import Outcome, Removal, Write
from integrations.providers.myanimelist.provider import MyAnimeList
from library.entry import Entry, Kind, Status
from tests.integrations.providers.samples import mal_anime_state, mal_manga_state
from tests.integrations.providers.script import ScriptedSession, answer, page

MAL = MyAnimeList()
LOST = page("<html>502</html>", status=502)
ABSENT = answer({"error": "not_found", "message": ""}, status=404)


def write(media_id: int | str = 5114, kind: Kind = Kind.ANIME) -> Write:
    return Write(kind, str(media_id), Entry(Status.CURRENT, progress=3), frozenset({"progress"}))


def run(*steps: Any, writes: list[Write]) -> tuple[list[Outcome], ScriptedSession]:
    session = ScriptedSession(MAL, steps)
    return MAL.write(session, writes), session


def test_a_write_is_one_form() -> None:
    outcomes, session = run(answer(mal_anime_state(num_episodes_watched=3)), writes=[write()])
    sent = session.sent[0]
    assert (sent.method, sent.url) == ("PATCH", "https://api.myanimelist.net/v2/anime/5114/my_list_status")
    assert (sent.form, sent.json, sent.repeatable) == ({"num_watched_episodes": "3"}, None, False)
    assert outcomes[0].echo is not None
    assert (outcomes[0].echo.entry.progress, outcomes[0].echo.media.external_id) == (3, "5114")
    manga, session = run(answer(mal_manga_state()), writes=[write(21, Kind.MANGA)])
    assert session.sent[0].url.endswith("/manga/21/my_list_status")
    assert manga[0].echo is not None
    assert manga[0].echo.entry.progress_volumes == 4


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (ABSENT, errors.Gone),
        (answer({"error": "invalid_content", "message": "Invalid content"}, status=400), errors.Rejected),
        (answer({"error": "bad_request", "message": "invalid score"}, status=400), errors.Rejected),
        (LOST, errors.Transient),
        (page("<html>Request blocked</html>", status=403), errors.Unavailable),
        (answer({"status": "watching"}), errors.Transient),
        (answer(mal_anime_state(status="someday")), errors.Transient),
    ],
)
def test_outcomes(given: Answer, error: type[errors.ProviderError]) -> None:
    outcomes, _ = run(given, writes=[write()])
    assert isinstance(outcomes[0].error, error)
    assert outcomes[0].error.unsent is isinstance(outcomes[0].error, errors.Rejected)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (answer(b"", status=429), errors.RateLimited),
        (answer({"error": "invalid_token"}, status=401), errors.AuthRevoked),
        (
            answer({"error": "bad_request", "message": "This form should not contain extra fields."}, status=400),
            errors.Malformed,
        ),
    ],
)
def test_what_surely_wrote_nothing_is_raised(given: Answer, error: type[errors.ProviderError]) -> None:
    with pytest.raises(error):
        run(given, writes=[write()])


def test_several_writes_stop_at_a_failure_and_say_what_became_of_each() -> None:
    writes = [write(1), write("slip"), write(3), write(4)]
    outcomes, session = run(answer(mal_anime_state()), LOST, writes=writes)
    assert [one.error.unsent if one.error else None for one in outcomes] == [None, True, False, True]
    assert isinstance(outcomes[1].error, errors.Gone)
    assert session.requests == 2
    limited, _ = run(answer(mal_anime_state()), answer(b"", status=429), writes=writes[:1] + writes[2:])
    assert [type(one.error) for one in limited] == [type(None), errors.RateLimited, errors.RateLimited]


def test_removals() -> None:
    session = ScriptedSession(MAL, [answer([]), ABSENT])
    removals = [Removal(Kind.ANIME, "5114"), Removal(Kind.MANGA, "21"), Removal(Kind.MANGA, "slip")]
    assert MAL.remove(session, removals) == [Outcome(removed=True)] * 3
    assert [sent.method for sent in session.sent] == ["DELETE", "DELETE"]
    lost = MAL.remove(ScriptedSession(MAL, [LOST]), removals[:1])
    assert [type(one.error) for one in lost] == [errors.Transient]
    # A page that says "not found" is a proxy's word, not MyAnimeList's.
    unclear = MAL.remove(ScriptedSession(MAL, [page("nothing here", status=404)]), removals[:1])
    assert [one.removed for one in unclear] == [False]


def test_identify() -> None:
    account = MAL.identify(ScriptedSession(MAL, [answer({"id": 9, "name": "alice", "picture": "x"})]))
    assert (account.id, account.name, account.url) == ("9", "alice", "https://myanimelist.net/profile/alice")


@pytest.mark.parametrize("text", ["", "  ", "ab", " a ", "\x00\x00\x00"])
def test_too_short_a_search_costs_nothing(text: str) -> None:
    assert MAL.search(ScriptedSession(MAL, []), Kind.ANIME, text) == []


def test_search_is_cut_to_what_is_taken() -> None:
    session = ScriptedSession(MAL, [answer({"data": [{"node": {"id": 1, "title": "Cowboy Bebop"}}], "paging": {}})])
    found = MAL.search(session, Kind.ANIME, "  cowboy \n" + "b" * 90, limit=900)
    assert [facts.titles for facts in found] == [("Cowboy Bebop",)]
    assert session.sent[0].params["q"] == "cowboy " + "b" * 57
    assert (session.sent[0].params["limit"], session.sent[0].params["nsfw"]) == ("100", "true")


def test_details_cost_one_request_an_id_and_pass_over_what_is_gone() -> None:
    session = ScriptedSession(MAL, [answer({"id": 1, "title": "Monster"}), ABSENT])
    assert [facts.external_id for facts in MAL.details(session, Kind.MANGA, ["1", "2", "x", "1"])] == ["1"]
    assert session.requests == 2


def test_no_cross_ids_and_addresses() -> None:
    assert MAL.translate(ScriptedSession(MAL, []), Kind.ANIME, "anilist", ["1"]) == {}
    assert MAL.media_url(Kind.MANGA, "21") == "https://myanimelist.net/manga/21"
    assert (MAL.oauth.pkce, MAL.oauth.secret_optional, MAL.oauth.refreshes) == ("plain", True, True)
