"""Writing to Trakt: every play once, whatever is lost on the way; what stands beside them; what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from integrations import errors
from integrations.providers.base import Outcome, Removal, Write
from integrations.providers.trakt import desk
from library.entry import Entry, Kind, PartialDate, Status
from library.episodes.model import Item, TargetKind
from tests.integrations.providers.script import answer, page
from tests.integrations.providers.test_trakt_reading import hide, listed, rated, seasons_json, shows
from tests.integrations.providers.trakt_doubles import (
    AOT,
    FILM,
    FRIEREN,
    NOW,
    SHOW,
    TRAKT,
    TraktSession,
    episode,
    paged,
    place,
    show_target,
    table,
    take_all,
    usual_atlas,
    watched,
    written,
)

ALL = frozenset({"status", "progress", "score"})
LOST = page("bad gateway", status=502)
TAKEN = answer({"added": {}, "not_found": {}}, status=201)
FIRST = [episode(AOT, 1, number) for number in range(1, 26)]


def new(anilist: int, entry: Entry) -> Write:
    return Write(Kind.ANIME, f"anilist-{anilist}", entry, ALL, create=True)


def change(anilist: int, entry: Entry, *fields: str) -> Write:
    return Write(Kind.ANIME, f"anilist-{anilist}", entry, frozenset(fields))


def completed(anilist: int, progress: int, score: int = 0) -> Write:
    return new(anilist, Entry(Status.COMPLETED, progress=progress, score=score))


def numbers(body: Any) -> list[tuple[int, int, int]]:
    return [
        (show["ids"]["trakt"], season["number"], one["number"])
        for show in body.get("shows", [])
        for season in show["seasons"]
        for one in season["episodes"]
    ]


def echo(outcome: Outcome) -> Entry:
    assert outcome.error is None
    assert outcome.echo is not None
    return outcome.echo.entry


def test_many_works_go_in_one_request_and_the_echo_is_what_trakt_holds() -> None:
    session = TraktSession({"POST sync/history": take_all}, usual_atlas())
    outcomes = TRAKT.write(session, [completed(154_587, 28), completed(20_958, 12), completed(112_151, 1)])
    assert [echo(one) for one in outcomes] == [Entry(Status.COMPLETED, progress=count) for count in (28, 12, 1)]
    (body,) = session.posts("sync/history")
    assert len(numbers(body)) == 40
    assert body["movies"] == [{"ids": {"trakt": int(SHOW[FILM])}, "watched_at": "unknown"}]
    assert len(session.book.done) == 41
    assert set(session.book.dates.values()) == {None}


def test_what_is_there_is_not_sent_and_costs_nothing() -> None:
    session = TraktSession(shows(watched(AOT, {1: range(1, 26)})), usual_atlas())
    TRAKT.read(session, frozenset({Kind.ANIME}))
    asked = session.requests
    lower = change(16_498, Entry(Status.CURRENT, progress=3), "status", "progress")
    outcomes = TRAKT.write(session, [completed(16_498, 25), lower])
    assert [echo(one) for one in outcomes] == [Entry(Status.COMPLETED, progress=25)] * 2
    assert (session.requests - asked, session.book.rows) == (0, {})


def test_a_session_that_has_not_read_reads_first() -> None:
    session = TraktSession({**shows(watched(AOT, {1: [1, 2]})), "POST sync/history": take_all}, usual_atlas())
    TRAKT.write(session, [change(16_498, Entry(Status.CURRENT, progress=4), "progress")])
    assert [sent.method for sent in session.sent] == ["GET"] * 8 + ["POST"]
    (body,) = session.posts("sync/history")
    assert [number for _, _, number in numbers(body)] == [3, 4]
    dates = {one["watched_at"] for one in body["shows"][0]["seasons"][0]["episodes"]}
    assert dates == {"2027-01-15T08:00:00.000Z"}
    assert {at.second for at in session.book.dates.values() if at} == {0}


def test_a_request_holds_at_most_two_hundred_plays_and_a_hundred_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    atlas = usual_atlas()
    for tmdb in range(1, 102):
        monkeypatch.setitem(SHOW, tmdb, str(tmdb + 1000))
        atlas.places.append(place(tmdb, tmdb, total=6))
        atlas.ids[show_target(tmdb)] = SHOW[tmdb]
        atlas.tables[SHOW[tmdb]] = table(tmdb, 6)
    session = TraktSession({"POST sync/history": take_all}, atlas)
    TRAKT.write(session, [change(tmdb, Entry(Status.CURRENT, progress=5), "progress") for tmdb in range(1, 102)])
    TRAKT.write(session, [completed(tmdb, 6) for tmdb in range(1, 101)])
    assert [len(numbers(body)) for body in session.posts("sync/history")] == [200, 200, 105, 100]


def test_a_lost_answer_leaves_the_plays_in_doubt_and_nothing_is_sent_after_it() -> None:
    session = TraktSession({"POST sync/history": [LOST]}, usual_atlas())
    outcomes = TRAKT.write(session, [completed(16_498, 25, score=80)])
    assert isinstance(outcomes[0].error, errors.Transient)
    assert outcomes[0].error.unsent is False
    assert session.book.doubtful == set(FIRST)
    assert [name for name, _ in session.posts()] == ["sync/history"]


@pytest.mark.parametrize(("age", "sent"), [(59.0, 0), (60.0, 1)])
def test_a_doubtful_play_is_sent_again_only_after_a_read_that_had_time_to_show_it(age: float, sent: int) -> None:
    session = TraktSession({"POST sync/history": take_all}, usual_atlas())
    session.book.now = lambda: NOW - age
    session.book.book(dict.fromkeys(FIRST))
    session.book.now = lambda: NOW
    outcome = TRAKT.write(session, [completed(16_498, 25)])[0]
    assert len(session.posts("sync/history")) == sent
    if sent:
        assert echo(outcome).progress == 25
        assert session.book.done == set(FIRST)
    else:
        assert isinstance(outcome.error, errors.Transient)
        assert outcome.error.unsent is False
        assert session.book.doubtful == set(FIRST)


def test_waiting_does_not_help_a_session_whose_read_is_too_old() -> None:
    session = TraktSession({}, usual_atlas())
    session.book.book(dict.fromkeys(FIRST))
    TRAKT.read(session, frozenset({Kind.ANIME}))
    session.clock = NOW + 3600
    assert TRAKT.write(session, [completed(16_498, 25)])[0].error is not None
    assert session.posts() == []


def test_what_was_sent_and_answered_counts_as_watched_though_a_read_lacks_it() -> None:
    """A read shows a write some seconds late (trakt.md 6.2)."""
    session = TraktSession({}, usual_atlas())
    session.book.book(dict.fromkeys(FIRST))
    session.book.confirm(FIRST)
    assert echo(TRAKT.write(session, [completed(16_498, 25)])[0]) == Entry(Status.COMPLETED, progress=25)
    assert session.posts() == []


def test_plays_that_another_run_books_meanwhile_are_left_to_it() -> None:
    session = TraktSession({"POST sync/history": take_all}, usual_atlas())
    session.book.sent = lambda items: {}  # type: ignore[method-assign]
    session.book.book({FIRST[0]: None})
    outcome = TRAKT.write(session, [change(16_498, Entry(Status.CURRENT, progress=2), "progress")])[0]
    assert isinstance(outcome.error, errors.Transient)
    assert [number for _, _, number in numbers(session.posts("sync/history")[0])] == [2]


@pytest.mark.parametrize(
    ("given", "error", "raises"),
    [
        (answer(b"", status=429, headers={"retry-after": "9", "x-ratelimit": "{}"}), errors.RateLimited, True),
        (answer(b"", status=401), errors.AuthRevoked, True),
        (answer(b"", status=423), errors.ProviderError, True),
        (answer(b"", status=412), errors.Malformed, True),
        (answer(b"", status=422), errors.Rejected, False),
        (answer(b"", status=420), errors.Rejected, False),
    ],
)
def test_a_call_that_surely_had_no_effect_leaves_no_doubt(
    given: Any, error: type[errors.ProviderError], *, raises: bool
) -> None:
    session = TraktSession({"POST sync/history": [given]}, usual_atlas())
    if raises:
        with pytest.raises(error):
            TRAKT.write(session, [completed(16_498, 25)])
    else:
        assert isinstance(TRAKT.write(session, [completed(16_498, 25)])[0].error, error)
    assert session.book.rows == {}


def test_nothing_is_added_to_a_full_history_any_more_in_this_run() -> None:
    session = TraktSession({"POST sync/history": [answer(b"", status=420)]}, usual_atlas())
    for _ in range(2):
        outcome = TRAKT.write(session, [completed(16_498, 25)])[0]
        assert isinstance(outcome.error, errors.Rejected)
        assert "full" in outcome.error.message
    assert len(session.posts()) == 1


@pytest.mark.parametrize("given", [answer(b"", status=409), answer({"ok": True}), errors.Transient("cut")])
def test_a_conflict_or_an_answer_that_says_nothing_is_unknown(given: Any) -> None:
    session = TraktSession({"POST sync/history": [given]}, usual_atlas())
    outcome = TRAKT.write(session, [completed(16_498, 25)])[0]
    assert isinstance(outcome.error, errors.Transient)
    assert (outcome.error.unsent, session.book.doubtful) == (False, set(FIRST))


def test_fewer_than_were_sent_is_unknown_for_their_kind_alone() -> None:
    session = TraktSession({"POST sync/history": [written(episodes=24, movies=1)]}, usual_atlas())
    outcomes = TRAKT.write(session, [completed(16_498, 25), completed(112_151, 1)])
    assert isinstance(outcomes[0].error, errors.Doubtful)
    assert echo(outcomes[1]) == Entry(Status.COMPLETED, progress=1)
    assert session.book.done == {Item(TargetKind.MOVIE, SHOW[FILM])}


@pytest.mark.parametrize("counter", ["updated", "existing"])
def test_what_was_there_already_counts_as_recorded(counter: str) -> None:
    more: dict[str, Any] = {counter: {"episodes": 20}}
    session = TraktSession({"POST sync/history": [written(episodes=5, **more)]}, usual_atlas())
    assert echo(TRAKT.write(session, [completed(16_498, 25)])[0]).status is Status.COMPLETED


@pytest.mark.parametrize(
    ("missing", "lost"),
    [
        ({"seasons": [{"number": 1, "episodes": [{"number": 2}]}]}, {2}),
        ({"seasons": [{"number": 1}]}, {1, 2, 3}),
        ({}, {1, 2, 3}),
    ],
)
def test_what_was_not_found_was_not_recorded_and_spoils_its_own_work_alone(
    missing: dict[str, Any], lost: set[int]
) -> None:
    told = {"movies": [], "shows": [{"ids": {"trakt": int(SHOW[AOT])}, **missing}], "seasons": [], "episodes": []}
    given = answer({"added": {"episodes": 3 - len(lost), "movies": 1}, "not_found": told}, status=201)
    session = TraktSession({"POST sync/history": [given]}, usual_atlas())
    three = change(16_498, Entry(Status.CURRENT, progress=3), "progress")
    outcomes = TRAKT.write(session, [three, completed(112_151, 1)])
    assert isinstance(outcomes[0].error, errors.Gone)
    assert echo(outcomes[1]).progress == 1
    assert {item.number for item in session.book.done if item.kind is TargetKind.SHOW} == {1, 2, 3} - lost
    assert session.book.doubtful == set()


def test_the_rest_is_not_sent_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.providers.trakt.history.MOST_PLAYS", 25)
    session = TraktSession({"POST sync/history": [LOST]}, usual_atlas())
    outcomes = TRAKT.write(session, [completed(16_498, 25), completed(20_958, 12)])
    assert [one.error.unsent if one.error else None for one in outcomes] == [False, True]
    assert session.book.doubtful == set(FIRST)
    later = TraktSession({"POST sync/history": [take_all, answer(b"", status=401)]}, usual_atlas())
    mixed = TRAKT.write(later, [completed(16_498, 25), completed(20_958, 12)])
    assert [type(one.error) for one in mixed] == [type(None), errors.AuthRevoked]


def test_episodes_that_were_left_out_before_the_highest_are_not_filled_in() -> None:
    steps = {**shows(watched(AOT, {1: [1, 20]})), "POST sync/history": take_all}
    session = TraktSession(steps, usual_atlas(), progress_way="highest")
    TRAKT.write(session, [change(16_498, Entry(Status.CURRENT, progress=20), "status")])
    TRAKT.write(session, [change(16_498, Entry(Status.CURRENT, progress=21), "progress")])
    assert [number for _, _, number in numbers(session.posts("sync/history")[0])] == [21]
    TRAKT.write(session, [change(16_498, Entry(Status.COMPLETED, progress=25), "status", "progress")])
    assert len(numbers(session.posts("sync/history")[1])) == 25 - 3


def test_progress_for_which_trakt_has_no_episode_yet_is_no_progress_there() -> None:
    """As if it were brought, it would be brought again at each run."""
    atlas = usual_atlas(place(1, AOT, season=3, total=12))
    outcome = TRAKT.write(TraktSession({}, atlas), [new(1, Entry(Status.CURRENT, progress=2))])[0]
    assert isinstance(outcome.error, errors.Gone)


def test_a_play_of_two_works_is_sent_once() -> None:
    session = TraktSession({"POST sync/history": take_all}, usual_atlas(place(1, AOT, total=25)))
    outcomes = TRAKT.write(session, [completed(16_498, 25), completed(1, 25)])
    assert [echo(one).progress for one in outcomes] == [25, 25]
    assert len(numbers(session.posts("sync/history")[0])) == 25


@pytest.mark.parametrize(
    ("way", "date"),
    [("released", "released"), ("finished", "2024-05-01T12:00:00.000Z"), ("now", "2027-01-15T08:00:00.000Z")],
)
def test_dates_are_as_the_person_chose(way: str, date: str) -> None:
    session = TraktSession({"POST sync/history": take_all}, usual_atlas(), watched_at=way)
    entry = Entry(Status.COMPLETED, progress=12, finished_on=PartialDate(2024, 5, 1))
    TRAKT.write(session, [new(20_958, entry)])
    assert session.posts("sync/history")[0]["shows"][0]["seasons"][0]["episodes"][0]["watched_at"] == date


PLANNED = Entry(Status.PLANNED)


def test_planned_works_are_listed_where_trakt_can_tell_them_apart() -> None:
    """The first of a show as the show, a later one as its season, one that shares a season not at all."""
    session = TraktSession({"POST sync/watchlist": TAKEN}, usual_atlas())
    outcomes = TRAKT.write(session, [new(each, PLANNED) for each in (154_587, 182_255, 16_498, 20_958, 112_151)])
    assert [echo(one) for one in outcomes] == [PLANNED] * 5
    assert session.posts("sync/watchlist") == [
        {
            "movies": [{"ids": {"trakt": int(SHOW[FILM])}}],
            "shows": [
                {"ids": {"trakt": int(SHOW[FRIEREN])}},
                {"ids": {"trakt": int(SHOW[AOT])}},
                {"ids": {"trakt": int(SHOW[AOT])}, "seasons": [{"number": 2}]},
            ],
        }
    ]


def test_a_planned_work_that_was_begun_or_is_listed_costs_nothing() -> None:
    steps = {**shows(watched(AOT, {1: [1]})), "GET sync/watchlist/shows/added/asc": paged([listed(FRIEREN)])}
    session = TraktSession(steps, usual_atlas())
    outcomes = TRAKT.write(session, [new(16_498, PLANNED), new(154_587, PLANNED)])
    assert [echo(one).status for one in outcomes] == [Status.CURRENT, Status.PLANNED]
    assert session.posts() == []


@pytest.mark.parametrize(("way", "sent", "refused"), [("skip", 0, 0), ("newest", 1, 0), ("warn", 1, 2)])
def test_a_full_watchlist(way: str, sent: int, refused: int) -> None:
    session = TraktSession({"POST sync/watchlist": TAKEN}, usual_atlas(), watchlist=way)
    session.account_settings = {"watchlist": 1}
    outcomes = TRAKT.write(session, [new(each, PLANNED) for each in (154_587, 16_498, 112_151)])
    assert len(session.posts("sync/watchlist")) == sent
    messages = [one.error.message for one in outcomes if isinstance(one.error, errors.Rejected)]
    assert (len(messages), all("full" in message for message in messages)) == (refused, True)
    assert [echo(one) for one in outcomes if one.error is None] == [PLANNED] * (3 - refused)


@pytest.mark.parametrize(("way", "refused"), [("newest", 0), ("warn", 1)])
def test_a_watchlist_that_is_fuller_than_it_said(way: str, refused: int) -> None:
    session = TraktSession({"POST sync/watchlist": answer(b"", status=420)}, usual_atlas(), watchlist=way)
    for each in (154_587, 16_498):
        outcome = TRAKT.write(session, [new(each, PLANNED)])[0]
        assert isinstance(outcome.error, errors.Rejected) is bool(refused)
    assert len(session.posts("sync/watchlist")) == 1


def test_watching_takes_a_show_off_the_watchlist_by_itself() -> None:
    steps = {"GET sync/watchlist/shows/added/asc": paged([listed(AOT)]), "POST sync/history": take_all}
    session = TraktSession(steps, usual_atlas())
    session.account_settings = {"watchlist": 1}
    TRAKT.write(session, [change(16_498, Entry(Status.CURRENT, progress=1), "status", "progress")])
    session.steps["POST sync/watchlist"] = TAKEN
    TRAKT.write(session, [new(154_587, PLANNED)])
    assert len(session.posts("sync/watchlist")) == 1


def test_scores_go_to_the_season_or_film_that_is_the_work() -> None:
    session = TraktSession({"POST sync/history": take_all, "POST sync/ratings": TAKEN}, usual_atlas())
    writes = [completed(16_498, 25, 84), completed(154_587, 28, 90), completed(112_151, 1, 5)]
    outcomes = TRAKT.write(session, writes)
    assert [echo(one).score for one in outcomes] == [80, 0, 10]
    assert session.posts("sync/ratings") == [
        {
            "movies": [{"ids": {"trakt": int(SHOW[FILM])}, "rating": 1}],
            "shows": [{"ids": {"trakt": int(SHOW[AOT])}, "seasons": [{"number": 1, "rating": 8}]}],
        }
    ]


def begun(score: int | None = None) -> dict[str, Any]:
    marks = [rated(score, AOT, season=1)] if score else []
    return {**shows(watched(AOT, {1: [1]})), "GET sync/ratings/seasons": paged(marks)}


def test_the_same_score_costs_nothing_and_none_takes_it_away() -> None:
    steps = {**begun(8), "POST sync/ratings/remove": TAKEN}
    session = TraktSession(steps, usual_atlas())
    same = change(16_498, Entry(Status.CURRENT, progress=1, score=80), "score")
    assert echo(TRAKT.write(session, [same])[0]).score == 80
    assert session.posts() == []
    none = change(16_498, Entry(Status.CURRENT, progress=1), "score")
    assert echo(TRAKT.write(session, [none])[0]).score == 0
    body = {"shows": [{"ids": {"trakt": int(SHOW[AOT])}, "seasons": [{"number": 1}]}]}
    assert session.posts() == [("sync/ratings/remove", body)]


def test_a_new_work_without_a_score_leaves_a_rating_that_was_there() -> None:
    marks = {"GET sync/ratings/seasons": paged([rated(8, AOT, season=1)])}
    session = TraktSession({**marks, "POST sync/history": take_all}, usual_atlas())
    assert echo(TRAKT.write(session, [completed(16_498, 25)])[0]).score == 80
    assert [name for name, _ in session.posts()] == ["sync/history"]


def test_a_score_waits_for_the_first_play_and_then_goes_along() -> None:
    """A rating alone makes no entry (`shelf.entry_of`), so it would not be read back."""
    session = TraktSession({"POST sync/history": take_all, "POST sync/ratings": TAKEN}, usual_atlas())
    entry = Entry(Status.CURRENT, score=80)
    assert echo(TRAKT.write(session, [new(16_498, entry)])[0]) == Entry(Status.CURRENT)
    assert session.posts() == []
    later = change(16_498, entry.with_(progress=1), "progress")
    assert echo(TRAKT.write(session, [later])[0]) == Entry(Status.CURRENT, progress=1, score=80)


def test_a_rating_that_is_lost_after_the_plays_is_unknown_and_doubles_nothing() -> None:
    steps = {"POST sync/history": take_all, "POST sync/ratings": [answer(b"", status=401), TAKEN]}
    session = TraktSession(steps, usual_atlas())
    first = TRAKT.write(session, [completed(16_498, 25, 80)])[0]
    assert isinstance(first.error, errors.Transient)
    assert first.error.unsent is False
    assert echo(TRAKT.write(session, [completed(16_498, 25, 80)])[0]).score == 80
    assert len(session.posts("sync/history")) == 1


def test_dropping_and_taking_up_again() -> None:
    path = "users/hidden/dropped"
    dropped = change(16_498, Entry(Status.DROPPED, progress=1), "status")
    session = TraktSession({**begun(), f"POST {path}": TAKEN}, usual_atlas(), dropped="yes")
    assert echo(TRAKT.write(session, [dropped])[0]) == Entry(Status.DROPPED, progress=1)
    body = {"shows": [{"ids": {"trakt": int(SHOW[AOT])}}]}
    assert session.posts() == [(path, body)]
    steps = {**begun(), **hide(AOT), f"POST {path}/remove": TAKEN}
    again = TraktSession(steps, usual_atlas(), dropped="yes")
    taken_up = change(16_498, Entry(Status.CURRENT, progress=1), "status")
    assert echo(TRAKT.write(again, [taken_up])[0]) == Entry(Status.CURRENT, progress=1)
    assert again.posts() == [(f"{path}/remove", body)]


def test_a_show_is_not_dropped_for_a_work_before_the_last_that_was_begun() -> None:
    session = TraktSession(shows(watched(AOT, {1: [1], 2: [1]})), usual_atlas(), dropped="yes")
    outcome = TRAKT.write(session, [change(16_498, Entry(Status.DROPPED, progress=1), "status")])[0]
    assert (echo(outcome).status, session.posts()) == (Status.CURRENT, [])


@pytest.mark.parametrize(
    ("key", "error"), [("anilist-404", errors.Gone), ("anilist-9", errors.Rejected), ("anilist-8", errors.Rejected)]
)
def test_what_has_no_place_spoils_only_itself(key: str, error: type[errors.ProviderError]) -> None:
    lost = place(8, 4)
    atlas = usual_atlas(replace(place(9, 77), flag="overlap"), lost)
    steps = {"POST sync/history": take_all, "GET search/tmdb/4": answer([])}
    session = TraktSession(steps, atlas)
    outcomes = TRAKT.write(session, [replace(completed(1, 1), external_id=key), completed(112_151, 1)])
    assert type(outcomes[0].error) is error
    assert echo(outcomes[1]).progress == 1
    assert atlas.ids.get(show_target(4), "") == ""


def test_a_first_map_costs_two_requests_and_a_write_asks_only_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    atlas = usual_atlas()
    atlas.ids, atlas.tables = {}, {}
    found = [{"type": "show", "score": 1, "show": {"ids": {"trakt": int(SHOW[AOT])}, "status": "ended"}}]
    steps = {
        f"GET search/tmdb/{AOT}": answer(found),
        f"GET shows/{SHOW[AOT]}/seasons": answer(seasons_json(25, 12)),
        "POST sync/history": take_all,
    }
    session = TraktSession(steps, atlas)
    assert echo(TRAKT.write(session, [completed(20_958, 12)])[0]).status is Status.COMPLETED
    assert session.requests == 8 + 2 + 1
    monkeypatch.setattr(desk, "LOOKUPS_A_WRITE", 0)
    outcome = TRAKT.write(session, [completed(154_587, 28)])[0]
    assert isinstance(outcome.error, errors.RateLimited)
    assert outcome.error.unsent is True


def test_nothing_is_written_over_a_show_that_was_not_understood() -> None:
    broken = {**watched(AOT, {1: [1]}), "plays": "many"}
    session = TraktSession(shows(broken), usual_atlas())
    assert isinstance(TRAKT.write(session, [completed(16_498, 25)])[0].error, errors.Rejected)
    assert session.posts() == []


def test_nothing_is_written_while_the_list_moves() -> None:
    session = TraktSession({"GET sync/watched/shows": paged([], items=2)}, usual_atlas())
    with pytest.raises(errors.RateLimited):
        TRAKT.write(session, [completed(16_498, 25)])
    assert session.posts() == []


def test_removals_empty_the_watchlist_and_never_the_history() -> None:
    steps: Mapping[str, Any] = {
        **shows(watched(AOT, {1: [1]})),
        "GET sync/watchlist/shows/added/asc": paged([listed(FRIEREN)]),
        "POST sync/watchlist/remove": TAKEN,
    }
    session = TraktSession(steps, usual_atlas())
    keys = ["anilist-16498", "anilist-154587", "anilist-112151", "anilist-404"]
    outcomes = TRAKT.remove(session, [Removal(Kind.ANIME, key) for key in keys])
    assert [one.removed for one in outcomes] == [False, True, True, True]
    assert isinstance(outcomes[0].error, errors.Rejected)
    assert session.posts() == [("sync/watchlist/remove", {"shows": [{"ids": {"trakt": int(SHOW[FRIEREN])}}]})]
    lost = TraktSession({**steps, "POST sync/watchlist/remove": LOST}, usual_atlas())
    outcome = TRAKT.remove(lost, [Removal(Kind.ANIME, keys[1])])[0]
    assert (outcome.removed, isinstance(outcome.error, errors.Transient)) == (False, True)


def test_capability() -> None:
    plain, drops = (TRAKT.capability(Kind.ANIME, {"dropped": answer}) for answer in (False, True))
    assert (plain.fields, plain.rises, plain.can_delete) == (ALL, frozenset({"status", "progress"}), False)
    assert (plain.bare, drops.bare - plain.bare) == (frozenset({Status.PLANNED}), frozenset({Status.DROPPED}))
    assert plain.fallback == {
        Status.PAUSED: Status.CURRENT,
        Status.REPEATING: Status.COMPLETED,
        Status.DROPPED: Status.CURRENT,
    }
    assert {option.name: option.default for option in TRAKT.options} == {
        "watched_at": "smart",
        "watchlist": "newest",
        "progress_way": "unbroken",
        "dropped": "no",
    }
