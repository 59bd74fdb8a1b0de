from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations import errors
from integrations.answers import Answer
from integrations.providers.myanimelist import reading
from integrations.providers.myanimelist.provider import MyAnimeList
from library.entry import Kind
from tests.integrations.providers.samples import mal_row
from tests.integrations.providers.script import ScriptedSession, Sent, answer, page

MAL = MyAnimeList()
ANIME = frozenset({Kind.ANIME})


def talk(*steps: Any) -> ScriptedSession:
    return ScriptedSession(MAL, steps)


def rows(*ids: int, more: bool = False) -> Answer:
    paging = {"next": "https://evil.example/next"} if more else {}
    return answer({"data": [mal_row(media_id) for media_id in ids], "paging": paging})


@pytest.fixture
def pages_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 3)
    monkeypatch.setattr(reading, "SMALLER_PAGE", 2)


def serving(ids: list[int], *, edits: dict[int, list[int]] | None = None) -> Callable[[Sent], Answer]:
    """A list served by offset and limit; `edits`: the list as it is from the nth request on."""
    state = {"asked": 0, "ids": ids}

    def step(sent: Sent) -> Answer:
        state["asked"] += 1  # type: ignore[operator]
        state["ids"] = (edits or {}).get(state["asked"], state["ids"])  # type: ignore[call-overload]
        at, limit = int(sent.params["offset"]), int(sent.params["limit"])
        everything: list[int] = state["ids"]  # type: ignore[assignment]
        return rows(*everything[at : at + limit], more=at + limit < len(everything))

    return step


def found(session: ScriptedSession) -> tuple[list[str], bool]:
    snapshot = MAL.read(session, ANIME)
    return [one.media.external_id for one in snapshot.entries], snapshot.complete


def test_two_kinds_cost_two_requests_that_hide_nothing() -> None:
    session = talk(rows(5114), answer({"data": [], "paging": {}}))
    snapshot = MAL.read(session, frozenset(Kind))
    assert ([one.media.external_id for one in snapshot.entries], snapshot.complete) == (["5114"], True)
    assert (snapshot.kinds, snapshot.account, session.requests) == (frozenset(Kind), None, 2)
    for sent, url in zip(session.sent, ("animelist", "mangalist"), strict=True):
        assert sent.url == f"https://api.myanimelist.net/v2/users/@me/{url}"
        assert (sent.params["nsfw"], sent.params["limit"], sent.params["sort"]) == ("true", "1000", "list_updated_at")
    assert "num_episodes_watched" in session.sent[0].params["fields"]
    assert "num_volumes_read" in session.sent[1].params["fields"]


def test_pages_overlap_by_one_row_and_no_foreign_address_is_followed(pages_of_three: None) -> None:
    session = talk(*[serving(list(range(1, 9)))] * 4)
    assert found(session) == ([str(at) for at in range(1, 9)], True)
    assert [sent.params["offset"] for sent in session.sent] == ["0", "2", "4", "6"]
    assert {sent.url for sent in session.sent} == {"https://api.myanimelist.net/v2/users/@me/animelist"}
    assert session.is_spent


@pytest.mark.parametrize(
    ("count", "requests"), [(0, 1), (999, 1), (1000, 1), (1001, 2), (1999, 2), (2000, 3), (10_000, 11)]
)
def test_requests_are_foretold(count: int, requests: int) -> None:
    assert MAL.read_requests({Kind.ANIME: count, Kind.MANGA: 0}) == requests + 1


@pytest.mark.parametrize("length", range(1, 12))
def test_foretold_requests_are_the_real_ones(length: int, pages_of_three: None) -> None:
    session = talk(*[serving(list(range(1, length + 1)))] * 20)
    assert len(found(session)[0]) == length
    assert session.requests == reading.count_requests(length)


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param([6, 1, 2, 3, 4, 5], id="an edit brings an unread title to the front"),
        pytest.param([1, 3, 4, 5, 6], id="a removal pulls the rest forward"),
        pytest.param([7, 1, 2, 3, 4, 5, 6], id="an addition pushes the rest back"),
    ],
)
def test_a_list_that_moves_between_pages_is_read_anew(moved: list[int], pages_of_three: None) -> None:
    step = serving([1, 2, 3, 4, 5, 6], edits={2: moved})
    session = talk(*[step] * 8)
    ids, complete = found(session)
    assert (sorted(ids, key=int), complete) == ([str(at) for at in sorted(moved)], True)


def test_a_list_that_never_rests_is_not_complete(pages_of_three: None) -> None:
    step = serving([1, 2, 3, 4, 5, 6], edits={2: [6, 1, 2, 3, 4, 5], 3: [1, 2, 3, 4, 5, 6], 4: [6, 1, 2, 3, 4, 5]})
    snapshot = MAL.read(talk(*[step] * 8), ANIME)
    assert (snapshot.complete, snapshot.reason) == (False, "The anime list changed while it was read.")
    assert {one.media.external_id for one in snapshot.entries} >= {"1", "2", "3", "4"}


def test_a_smaller_page_when_a_full_one_takes_too_long(pages_of_three: None) -> None:
    step = serving([1, 2, 3, 4])
    session = talk(errors.Transient("too slow"), *[step] * 3)
    assert found(session) == (["1", "2", "3", "4"], True)
    assert [(sent.params["limit"], sent.repeatable) for sent in session.sent] == [
        ("3", False),
        ("2", True),
        ("2", True),
        ("2", True),
    ]


@pytest.mark.parametrize(
    "error", [errors.RateLimited("slow", retry_after=60), errors.Unavailable("off"), errors.AuthRevoked("dead")]
)
def test_limits_outages_and_dead_tokens_are_not_answered_with_more_requests(error: errors.ProviderError) -> None:
    session = talk(error)
    with pytest.raises(type(error)):
        MAL.read(session, ANIME)
    assert session.requests == 1


def test_a_page_that_stays_away_fails_the_read(pages_of_three: None) -> None:
    session = talk(rows(1, 2, 3, more=True), page("x", status=502), page("x", status=502))
    with pytest.raises(errors.Transient):
        MAL.read(session, ANIME)


@pytest.mark.parametrize("given", [rows(more=True), rows(1, more=True)])
def test_pages_that_lead_nowhere(given: Answer) -> None:
    with pytest.raises(errors.Malformed, match="does not end"):
        MAL.read(talk(given), ANIME)


def test_endless_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 10)
    endless = [lambda sent: rows(int(sent.params["offset"]) + 1, int(sent.params["offset"]) + 2, more=True)] * 20
    with pytest.raises(errors.Malformed, match="does not end"):
        MAL.read(talk(*endless), ANIME)


def test_an_unreadable_entry_costs_only_itself_and_absences_no_longer_count() -> None:
    bad: list[Any] = [
        mal_row(2, status=None),
        mal_row(3, start_date="once"),
        mal_row(4, score="ten"),
        {"node": {}},
        None,
    ]
    given = answer({"data": [mal_row(1), *bad], "paging": {}})
    snapshot = MAL.read(talk(given), ANIME)
    assert [one.media.external_id for one in snapshot.entries] == ["1"]
    # Two do not say which works they are: they may be any that is not there.
    assert (snapshot.complete, snapshot.reason) == (False, "5 of MyAnimeList's anime entries could not be understood.")


def test_an_unreadable_entry_of_a_known_work_is_not_taken_for_absent() -> None:
    given = answer({"data": [mal_row(1), mal_row(2, status=None), mal_row(3, score="ten")], "paging": {}})
    snapshot = MAL.read(talk(given), ANIME)
    assert (snapshot.complete, snapshot.reason) == (True, "2 of MyAnimeList's anime entries could not be understood.")
    assert [(one.external_id, one.is_fault) for one in snapshot.unclear] == [("2", False), ("3", False)]


def test_a_list_of_which_nothing_can_be_read_is_drift_and_not_empty() -> None:
    with pytest.raises(errors.Malformed):
        MAL.read(talk(answer({"data": [{"node": {"id": 1}}], "paging": {}})), ANIME)


@pytest.mark.parametrize("body", [{}, {"data": []}, {"data": None, "paging": {}}, {"error": "huh"}])
def test_an_answer_without_a_list_is_not_an_empty_list(body: Any) -> None:
    with pytest.raises(errors.Malformed):
        MAL.read(talk(answer(body)), ANIME)


def test_probe_moves_with_the_newest_edit() -> None:
    def probe(*newest: dict[str, Any]) -> str:
        return MAL.probe(talk(answer({"data": list(newest), "paging": {}}), answer({"data": []})), frozenset(Kind))

    touched = {"node": {"id": 5}, "list_status": {"updated_at": "2026-11-20T19:22:06+00:00"}}
    assert probe() == "anime:- manga:-"
    assert probe(touched) == "anime:5@2026-11-20T19:22:06+00:00 manga:-"
    session = talk(answer({"data": []}))
    assert MAL.probe(session, {Kind.MANGA}) == "manga:-"
    assert (session.sent[0].params["limit"], session.sent[0].params["nsfw"]) == ("1", "true")
