from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations import errors
from integrations.answers import Answer
from integrations.providers.kitsu import client, reading
from library.entry import Kind
from tests.integrations.providers.kitsu_payloads import (
    KITSU,
    STRANGER,
    attributes,
    mapping,
    page,
    row,
    talk,
    user,
    users,
    work,
)
from tests.integrations.providers.script import ScriptedSession, Sent, answer
from tests.integrations.providers.script import page as html

ANIME = frozenset({Kind.ANIME})
BOTH = frozenset(Kind)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE_SIZES", (4, 3, 2))
    monkeypatch.setattr(client, "LIST_PAGE", 4)


def serving(ids: list[int], *, edits: dict[int, list[int]] | None = None) -> Callable[[Sent], Answer]:
    """A list served by offset and limit; `edits`: the list as it is from the nth request on."""
    state: dict[str, Any] = {"asked": 0, "ids": ids}

    def step(sent: Sent) -> Answer:
        state["asked"] += 1
        state["ids"] = everything = (edits or {}).get(state["asked"], state["ids"])
        at, limit = int(sent.params["page[offset]"]), int(sent.params["page[limit]"])
        rows = [row(number) for number in everything[at : at + limit]]
        return page(*rows, count=len(everything), more=at + limit < len(everything))

    return step


def found(session: ScriptedSession) -> tuple[list[str], bool]:
    snapshot = KITSU.read(session, ANIME)
    return [one.media.external_id for one in snapshot.entries], snapshot.complete


def test_two_kinds_cost_two_requests_with_works_their_ids_and_the_owner() -> None:
    along = [user(), work(1, mappings=[5]), mapping(5, "anilist/anime", "30")]
    session = talk(page(row(1), included=along), page(row(2, "manga"), included=[user(), work(2, "manga")]))
    snapshot = KITSU.read(session, BOTH)
    assert [(one.media.kind, one.media.titles[0]) for one in snapshot.entries] == [
        (Kind.ANIME, "Work 1"),
        (Kind.MANGA, "Work 2"),
    ]
    assert dict(snapshot.entries[0].media.cross_ids) == {"anilist": "30"}
    assert (snapshot.complete, snapshot.kinds, session.requests) == (True, BOTH, 2)
    assert snapshot.account is not None
    assert (snapshot.account.id, snapshot.account.settings["sfw_filter"]) == ("77", False)
    for sent, kind in zip(session.sent, ("anime", "manga"), strict=True):
        assert sent.url == "https://kitsu.app/api/edge/library-entries"
        wanted = {"filter[userId]": "77", "filter[kind]": kind, "sort": "id", "page[limit]": "500", "page[offset]": "0"}
        assert wanted.items() <= dict(sent.params).items()
        assert sent.params["include"] == f"user,{kind},{kind}.mappings"
        assert set(sent.params["fields[libraryEntries]"].split(",")) >= {kind, "user", "ratingTwenty", "updatedAt"}


@pytest.mark.parametrize(
    ("count", "requests"), [(0, 1), (1, 1), (500, 1), (501, 2), (1000, 2), (1001, 3), (10_000, 20)]
)
def test_requests_are_foretold(count: int, requests: int) -> None:
    assert KITSU.read_requests({Kind.ANIME: count, Kind.MANGA: 0}) == requests + 1


@pytest.mark.parametrize("length", range(1, 10))
def test_foretold_requests_are_the_real_ones(length: int, small_pages: None) -> None:
    session = talk(*[serving(list(range(1, length + 1)))] * 9)
    assert len(found(session)[0]) == length
    assert session.requests == reading.count_requests(length)


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param([1, 2, 3, 4, 5, 6, 7], id="an addition"),
        pytest.param([2, 3, 4, 5, 6], id="a removal pulls an unread title onto the page already read"),
    ],
)
def test_a_list_that_moves_between_pages_is_read_anew(moved: list[int], small_pages: None) -> None:
    session = talk(*[serving([1, 2, 3, 4, 5, 6], edits={2: moved})] * 6)
    assert found(session) == ([str(at) for at in moved], True)


def test_a_list_that_never_rests_is_not_complete(small_pages: None) -> None:
    whole, less = [1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6]
    session = talk(*[serving(whole, edits={2: less, 3: whole, 4: less})] * 4)
    snapshot = KITSU.read(session, ANIME)
    assert (snapshot.complete, snapshot.reason) == (False, "The anime list changed while it was read.")


def test_a_row_that_comes_twice_counts_once(small_pages: None) -> None:
    session = talk(page(row(1), row(2), count=3, more=True), page(row(2), row(3), count=3))
    assert found(session) == (["1", "2", "3"], True)


@pytest.mark.parametrize("trouble", [html("x", status=500), html("x", status=503), errors.Transient("too slow")])
def test_smaller_pages_at_the_same_offset_when_kitsu_fails(trouble: Any, small_pages: None) -> None:
    step = serving([1, 2, 3, 4, 5, 6])
    session = talk(step, trouble, trouble, step)
    assert found(session) == (["1", "2", "3", "4", "5", "6"], True)
    asked = [(sent.params["page[offset]"], sent.params["page[limit]"], sent.repeatable) for sent in session.sent]
    assert asked == [("0", "4", False), ("4", "4", False), ("4", "3", False), ("4", "2", True)]


def test_page_sizes() -> None:
    assert reading.PAGE_SIZES == (500, 250, 100, 50)


@pytest.mark.parametrize(
    "error", [errors.RateLimited("slow", retry_after=60), errors.Unavailable("off"), errors.AuthRevoked("dead")]
)
def test_limits_outages_and_dead_tokens_are_not_answered_with_more_requests(error: errors.ProviderError) -> None:
    session = talk(error)
    with pytest.raises(type(error)):
        KITSU.read(session, ANIME)
    assert session.requests == 1


def test_a_page_that_stays_away_fails_the_read(small_pages: None) -> None:
    step = serving([1, 2, 3, 4, 5])
    with pytest.raises(errors.Transient):
        KITSU.read(talk(step, *[html("x", status=502)] * 3), ANIME)


@pytest.mark.parametrize("rows", [[], [row(1)]])
def test_pages_that_lead_nowhere(rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 5)
    given = page(*rows, count=9, more=True)
    with pytest.raises(errors.Malformed, match="does not end"):
        KITSU.read(talk(*[given] * 7), ANIME)


# Who is asking -------------------------------------------------------------------------------------------


def test_a_strangers_view_is_not_the_list() -> None:
    for along in ([user(attributes=STRANGER)], []):
        with pytest.raises(errors.AuthRevoked):
            KITSU.read(talk(page(row(1), included=along)), ANIME)
    # The proof is on each page that has entries.
    with pytest.raises(errors.AuthRevoked):
        KITSU.read(talk(page(row(1)), page(row(2, "manga"), included=[user(attributes=STRANGER)])), BOTH)


def test_an_empty_list_is_believed_only_to_someone_who_is_logged_in() -> None:
    with pytest.raises(errors.AuthRevoked):
        KITSU.read(talk(page(), page(), users()), BOTH)
    session = talk(page(), page(), users(user()))
    snapshot = KITSU.read(session, BOTH)
    assert (snapshot.entries, snapshot.complete, session.requests) == ((), True, 3)
    assert session.sent[2].params["filter[self]"] == "true"
    # The other kind's entries prove as much.
    assert KITSU.read(talk(page(), page(row(1, "manga"))), BOTH).complete is True


def test_another_accounts_answer_is_not_taken() -> None:
    for steps in ([page(row(1), included=[user(78)])], [page(), users(user(78))]):
        with pytest.raises(errors.Malformed, match="another account"):
            KITSU.read(talk(*steps), ANIME)
    with pytest.raises(errors.AuthRevoked):
        KITSU.identify(talk(users()))


# What cannot be known ------------------------------------------------------------------------------------


def test_an_unreadable_entry_costs_only_itself_and_absences_no_longer_count() -> None:
    bad = [row(2, status=None), row(3, startedAt="once"), row(4, ratingTwenty="ten"), {"type": "libraryEntries"}]
    lacking = row(5)
    del lacking["attributes"]["notes"]
    snapshot = KITSU.read(talk(page(row(1), *bad, lacking)), ANIME)
    assert [one.media.external_id for one in snapshot.entries] == ["1"]
    assert snapshot.complete is False
    assert "5 of Kitsu's anime entries could not be understood." in snapshot.reason
    assert [one.external_id for one in snapshot.unclear] == ["2", "3", "4", "5"]


def test_an_unreadable_entry_of_a_known_work_is_not_taken_for_absent() -> None:
    snapshot = KITSU.read(talk(page(row(1), row(2, status=None))), ANIME)
    assert (snapshot.complete, [one.external_id for one in snapshot.unclear]) == (True, ["2"])


def test_a_moment_at_the_end_of_all_days_is_none() -> None:
    snapshot = KITSU.read(talk(page(row(1, updatedAt="9999-12-31T23:59:59-10:00"))), ANIME)
    assert [one.updated_at for one in snapshot.entries] == [None]


def test_a_list_of_which_nothing_can_be_read_is_drift_and_not_empty() -> None:
    with pytest.raises(errors.Malformed):
        KITSU.read(talk(page(row(1, status="later"))), ANIME)


def test_a_work_that_cannot_be_understood_costs_its_facts_only() -> None:
    snapshot = KITSU.read(talk(page(row(1), included=[user(), work(1, episodeCount="many")])), ANIME)
    assert [(one.media.external_id, one.media.titles) for one in snapshot.entries] == [("1", ())]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": []},
        {"data": [], "meta": {"count": 0}},
        {"data": [], "links": {}},
        {"data": None, "meta": {"count": 0}, "links": {}},
    ],
)
def test_an_answer_without_a_list_is_not_an_empty_list(body: Any) -> None:
    with pytest.raises(errors.Malformed):
        KITSU.read(talk(answer(body)), ANIME)


def test_an_entry_whose_work_is_not_shown_is_left_out_and_absences_no_longer_count() -> None:
    snapshot = KITSU.read(talk(page(row(1), row(2, media=None))), ANIME)
    assert [one.media.external_id for one in snapshot.entries] == ["1"]
    assert (snapshot.complete, snapshot.reason) == (
        False,
        "Kitsu does not show which anime 1 of the entries belong to.",
    )


@pytest.mark.parametrize(
    ("before", "complete"), [({}, True), ({"sfw_filter": False}, True), ({"sfw_filter": True}, False)]
)
def test_a_switched_filter_makes_absences_say_nothing(before: dict[str, Any], complete: bool) -> None:
    assert KITSU.read(talk(page(row(1)), settings=before), ANIME).complete is complete


# Probe ---------------------------------------------------------------------------------------------------


def touched(number: int, at: str) -> dict[str, Any]:
    return {"type": "libraryEntries", "id": str(number), "attributes": {"updatedAt": at}}


def test_probe_is_one_request_for_both_kinds() -> None:
    session = talk(page(touched(5, "2026-11-20T19:22:06.123Z"), count=142))
    assert KITSU.probe(session, BOTH) == "anime,manga:5@2026-11-20T19:22:06.123Z+142"
    assert (session.sent[0].params["sort"], session.sent[0].params["page[limit]"]) == ("-updatedAt", "1")
    assert "filter[kind]" not in session.sent[0].params
    session = talk(page(touched(5, "x"), count=2))
    KITSU.probe(session, {Kind.MANGA})
    assert session.sent[0].params["filter[kind]"] == "manga"


def test_probe_never_takes_a_strangers_view_for_a_mark() -> None:
    for steps in ([page(touched(5, "x"), included=[user(attributes=STRANGER)])], [page(), users()]):
        with pytest.raises(errors.AuthRevoked):
            KITSU.probe(talk(*steps), BOTH)
    assert KITSU.probe(talk(page(), users(user())), BOTH) == "anime,manga:-+0"


def test_hidden_asks_only_while_the_filter_may_be_on() -> None:
    assert KITSU.hidden(talk(settings={"sfw_filter": False}), Kind.ANIME, ["1"]) == frozenset()
    shown = answer({"data": [work(1), work(2, nsfw=True)]})
    for settings in ({"sfw_filter": True}, {}):
        session = talk(shown, settings=settings)
        assert KITSU.hidden(session, Kind.ANIME, ["1", "2", "3"]) == frozenset({"2", "3"})
        assert session.sent[0].params["filter[id]"] == "1,2,3"
    # What a read of this run has told is newer than what the connection remembers.
    session = talk(page(row(1)), settings={"sfw_filter": True})
    KITSU.read(session, ANIME)
    assert KITSU.hidden(session, Kind.ANIME, ["9"]) == frozenset()
    assert attributes()["status"] == "current"
