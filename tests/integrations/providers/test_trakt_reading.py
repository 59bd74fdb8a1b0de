"""Reading Trakt: whole or an error, and which work a play, a rating or a listing belongs to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations import errors
from integrations.providers.base import Snapshot
from integrations.providers.trakt import charting, reading
from library.entry import Entry, Kind, Status
from library.episodes.model import Item, Segment, Target, TargetKind
from tests.integrations.providers.script import answer
from tests.integrations.providers.trakt_doubles import (
    AOT,
    FILM,
    FRIEREN,
    SHOW,
    TRAKT,
    USER,
    BookAtlas,
    TraktSession,
    episode,
    paged,
    place,
    show_target,
    table,
    usual_atlas,
    watched,
    work,
)

ANIME = frozenset({Kind.ANIME})
AT = "2026-03-01T00:00:00.000Z"
LATER = datetime(2026, 3, 1, tzinfo=UTC)


def shows(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"GET sync/watched/shows": paged(list(rows))}


def rated(mark: int, show: int = 0, *, season: int | None = None, film: int = 0) -> dict[str, Any]:
    about: dict[str, Any] = {"movie": work(film)} if film else {"show": work(show)}
    if season is not None:
        about["season"] = {"number": season, "ids": {"trakt": 1}}
    return {"rated_at": AT, "rating": mark, "type": "x", **about}


def listed(show: int = 0, *, season: int | None = None, film: int = 0) -> dict[str, Any]:
    return {**rated(1, show, season=season, film=film), "listed_at": AT}


def read(steps: dict[str, Any], atlas: BookAtlas | None = None, **options: str) -> Snapshot:
    return TRAKT.read(TraktSession(steps, atlas or usual_atlas(), **options), ANIME)


def entries(steps: dict[str, Any], atlas: BookAtlas | None = None, **options: str) -> dict[str, Entry]:
    return {one.media.external_id: one.entry for one in read(steps, atlas, **options).entries}


def test_an_empty_account_is_whole_and_costs_what_was_foretold() -> None:
    session = TraktSession({}, usual_atlas())
    snapshot = TRAKT.read(session, ANIME)
    assert (snapshot.entries, snapshot.complete, snapshot.kinds) == ((), True, ANIME)
    assert session.requests == TRAKT.read_requests({Kind.ANIME: 0}) == TRAKT.read_requests({Kind.ANIME: 100}) == 9
    assert TRAKT.read_requests({Kind.ANIME: 101}) == 10
    assert snapshot.account is not None
    assert snapshot.account.settings == {"vip": False, "watchlist": 250, "dropped": False}


def test_plays_fall_to_the_works_that_they_belong_to() -> None:
    snapshot = read(shows(watched(FRIEREN, {1: range(1, 31)}), watched(AOT, {1: [1, 2, 4]}), watched(77, {1: [1]})))
    assert {one.media.external_id: (one.entry, one.media.total) for one in snapshot.entries} == {
        "anilist-154587": (Entry(Status.COMPLETED, progress=28), 28),
        "anilist-182255": (Entry(Status.CURRENT, progress=2), 10),
        "anilist-16498": (Entry(Status.CURRENT, progress=2), 25),
    }
    assert {one.media.cross_ids["anilist"] for one in snapshot.entries} == {"154587", "182255", "16498"}
    assert snapshot.complete is True


def test_progress_may_count_to_the_highest_episode() -> None:
    found = entries(shows(watched(AOT, {1: [1, 2, 4]})), progress_way="highest")
    assert found == {"anilist-16498": Entry(Status.CURRENT, progress=4)}


def test_plays_before_a_reset_count() -> None:
    row = {**watched(AOT, {1: range(1, 26)}), "reset_at": AT}
    assert entries(shows(row))["anilist-16498"].status is Status.COMPLETED


def test_nothing_is_complete_before_its_end_is_certain() -> None:
    atlas = BookAtlas([place(16_498, AOT)], {show_target(AOT): SHOW[AOT]}, {SHOW[AOT]: table(AOT, 25, ended=False)})
    row = watched(AOT, {1: range(1, 26)})
    running = read(shows(row), atlas).entries[0]
    assert (running.entry, running.media.total) == (Entry(Status.CURRENT, progress=25), 0)
    atlas.tables[SHOW[AOT]] = table(AOT, 25)
    ended = read(shows(row), atlas).entries[0]
    assert (ended.entry, ended.media.total) == (Entry(Status.COMPLETED, progress=25), 25)


def test_an_entry_that_has_more_episodes_than_its_ended_show_is_not_complete() -> None:
    """The map is wrong, or the show was cut anew: half of an entry is no reason to call all of it watched."""
    atlas = BookAtlas([place(16_498, AOT, total=24)], {show_target(AOT): SHOW[AOT]}, {SHOW[AOT]: table(AOT, 12, 12)})
    found = read(shows(watched(AOT, {1: range(1, 13)})), atlas).entries[0]
    assert (found.entry, found.media.total, found.room) == (Entry(Status.CURRENT, progress=12), 0, 12)


def test_a_film_is_one_play() -> None:
    row = {"plays": 2, "last_watched_at": AT, "movie": work(FILM)}
    assert entries({"GET sync/watched/movies": paged([row])}) == {"anilist-112151": Entry(Status.COMPLETED, progress=1)}


@pytest.mark.parametrize("seasons", [None, []])
def test_plays_without_episodes_are_drift_and_never_nothing(seasons: Any) -> None:
    row = {**watched(AOT, {1: [1]}), "seasons": seasons}
    with pytest.raises(errors.Malformed):
        read(shows(row))


def test_every_page_is_asked_for() -> None:
    pages = [paged([watched(tmdb, {1: [1]})], page=at, pages=2, items=2) for at, tmdb in ((1, AOT), (2, FRIEREN))]
    session = TraktSession({"GET sync/watched/shows": pages}, usual_atlas())
    snapshot = TRAKT.read(session, ANIME)
    assert (len(snapshot.entries), snapshot.complete, session.requests) == (2, True, 10)
    asked = [sent.params for sent in session.sent if sent.url.endswith("watched/shows")]
    assert [(one["page"], one["limit"], one["extended"]) for one in asked] == [
        ("1", "100", "full,progress"),
        ("2", "100", "full,progress"),
    ]


@pytest.mark.parametrize("again", [False, True])
def test_without_headers_only_an_empty_or_a_repeated_page_is_the_end(again: bool) -> None:
    first, second = [watched(AOT, {1: [1]})], [watched(FRIEREN, {1: [1]})]
    pages = [answer(first), answer(second), answer(second if again else [])]
    session = TraktSession({"GET sync/watched/shows": pages}, usual_atlas())
    assert len(TRAKT.read(session, ANIME).entries) == 2
    assert session.requests == 11


@pytest.mark.parametrize("rows", [[watched(AOT, {1: [1]})], [watched(AOT, {1: [1]})] * 2])
def test_a_list_that_moved_is_not_whole(rows: list[Any]) -> None:
    snapshot = read({"GET sync/watched/shows": paged(rows, items=2)})
    assert (snapshot.complete, len(snapshot.entries)) == (False, 1)


def test_a_show_that_is_not_understood_is_left_out_and_its_neighbours_stay() -> None:
    broken = {**watched(FRIEREN, {1: [1]}), "plays": "many"}
    snapshot = read(shows(broken, watched(AOT, {1: [1]})))
    assert [one.media.external_id for one in snapshot.entries] == ["anilist-16498"]
    assert snapshot.complete is True
    unclear = {(one.external_id, one.is_fault) for one in snapshot.unclear}
    assert unclear == {("anilist-154587", False), ("anilist-182255", False)}


def test_a_film_that_is_not_understood_is_left_out_and_its_neighbours_stay() -> None:
    broken = {"plays": "many", "last_watched_at": None, "movie": work(FILM)}
    snapshot = read({**shows(watched(AOT, {1: [1]})), "GET sync/watched/movies": paged([broken])})
    assert [one.media.external_id for one in snapshot.entries] == ["anilist-16498"]
    assert (snapshot.complete, len(snapshot.unclear)) == (True, 1)


@pytest.mark.parametrize(("module", "name"), [(charting, "_plot"), (charting, "resolve"), (reading, "entry_of")])
def test_a_fault_of_ours_on_one_work_costs_that_work_only(
    module: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_on_frieren(monkeypatch, module, name)
    snapshot = read(shows(watched(FRIEREN, {1: [1]}), watched(AOT, {1: [1]})))
    assert [one.media.external_id for one in snapshot.entries] == ["anilist-16498"]
    assert snapshot.complete is True
    assert [(one.external_id, one.is_fault) for one in snapshot.unclear] == [("anilist-154587", True)]


def raise_on_frieren(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """An odd work that our own code stumbles over."""
    real = getattr(module, name)

    def stumble(*args: Any, **kwargs: Any) -> Any:
        places = [getattr(one, "place", one) for one in args]
        if any(getattr(place, "key", "") == "anilist-154587" for place in places):
            raise ZeroDivisionError("planted")
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, stumble)


def test_another_accounts_answer_is_refused() -> None:
    other = {**USER, "user": {"username": "bob", "ids": {"trakt": 78}}}
    with pytest.raises(errors.Malformed):
        read({"GET users/settings": answer(other)})


def test_ratings_go_to_what_they_mean() -> None:
    """Attack on Titan's entries are a season each; Frieren's two share one; the film stands alone."""
    steps = {
        **shows(watched(AOT, {1: [1], 2: [1]}), watched(FRIEREN, {1: [1, 29]})),
        "GET sync/watched/movies": paged([{"plays": 1, "last_watched_at": None, "movie": work(FILM)}]),
        "GET sync/ratings/shows": paged([rated(3, AOT), rated(4, FRIEREN)]),
        "GET sync/ratings/seasons": paged([rated(7, AOT, season=1), rated(5, FRIEREN, season=1)]),
        "GET sync/ratings/movies": paged([rated(9, film=FILM)]),
    }
    assert {key: entry.score for key, entry in entries(steps).items()} == {
        "anilist-16498": 70,
        "anilist-20958": 0,
        "anilist-154587": 0,
        "anilist-182255": 0,
        "anilist-112151": 90,
    }


@pytest.mark.parametrize(("lengths", "score"), [([25], 80), ([25, 12], 0)])
def test_a_shows_rating_counts_where_one_work_is_all_of_it(lengths: list[int], score: int) -> None:
    atlas = BookAtlas([place(16_498, AOT, total=25)], {show_target(AOT): SHOW[AOT]}, {SHOW[AOT]: table(AOT, *lengths)})
    steps = {**shows(watched(AOT, {1: [1]})), "GET sync/ratings/shows": paged([rated(8, AOT)])}
    found = read(steps, atlas).entries[0]
    assert (found.entry.score, found.updated_at == LATER) == (score, score > 0)


def test_a_growing_season_that_another_work_will_share_is_nobodys() -> None:
    """Its first part looks like all of it until the second one airs."""
    atlas = BookAtlas(
        [place(1, AOT, total=12), place(2, AOT, start=13, total=12)],
        {show_target(AOT): SHOW[AOT]},
        {SHOW[AOT]: table(AOT, 12, ended=False)},
    )
    steps = {
        **shows(watched(AOT, {1: [1]})),
        "GET sync/ratings/seasons": paged([rated(8, AOT, season=1)]),
        "GET sync/watchlist/seasons/added/asc": paged([listed(AOT, season=1)]),
    }
    assert entries(steps, atlas) == {"anilist-1": Entry(Status.CURRENT, progress=1)}


def test_specials_come_after_the_seasons() -> None:
    """A listed show is its first season and not the special that the tables know of."""
    special = replace(place(1, AOT, total=1), segments=(Segment(show_target(AOT), 1, 1, 0, 1),))
    atlas = usual_atlas(special)
    atlas.places.reverse()
    atlas.tables[SHOW[AOT]] = replace(table(AOT, 25, 12), numbers={0: (1,), **table(AOT, 25, 12).numbers})
    steps = {"GET sync/watchlist/shows/added/asc": paged([listed(AOT)])}
    assert entries(steps, atlas) == {"anilist-16498": Entry(Status.PLANNED)}


def test_a_rating_alone_makes_no_entry() -> None:
    assert entries({"GET sync/ratings/seasons": paged([rated(7, AOT, season=1)])}) == {}


def test_a_listed_show_is_its_earliest_work_and_a_listed_season_its_own() -> None:
    atlas = usual_atlas()
    atlas.places.reverse()
    steps = {
        "GET sync/watchlist/shows/added/asc": paged([listed(FRIEREN)]),
        "GET sync/watchlist/seasons/added/asc": paged([listed(AOT, season=2), listed(FRIEREN, season=1)]),
        "GET sync/watchlist/movies/added/asc": paged([listed(film=FILM)]),
    }
    snapshot = read(steps, atlas)
    assert {one.media.external_id: (one.entry, one.updated_at) for one in snapshot.entries} == {
        key: (Entry(Status.PLANNED), LATER) for key in ("anilist-154587", "anilist-20958", "anilist-112151")
    }


def test_a_listed_show_whose_first_work_has_to_be_looked_at_is_not_its_second() -> None:
    atlas = usual_atlas()
    atlas.places[0] = replace(atlas.places[0], flag="overlap")
    assert entries({"GET sync/watchlist/shows/added/asc": paged([listed(FRIEREN)])}, atlas) == {}


def test_a_listed_show_that_was_begun_is_not_planned() -> None:
    steps = {**shows(watched(AOT, {1: [3]})), "GET sync/watchlist/shows/added/asc": paged([listed(AOT)])}
    assert entries(steps) == {"anilist-16498": Entry(Status.CURRENT)}


def hide(*tmdb: int) -> dict[str, Any]:
    rows = [{"hidden_at": AT, "type": "show", "show": work(one)} for one in tmdb]
    return {"GET users/hidden/dropped": paged(rows)}


@pytest.mark.parametrize(
    ("plays", "found"),
    [
        ({}, {"anilist-16498": Status.DROPPED}),
        ({1: [1]}, {"anilist-16498": Status.DROPPED}),
        ({1: [1], 2: [1]}, {"anilist-16498": Status.CURRENT, "anilist-20958": Status.DROPPED}),
        ({1: range(1, 26)}, {"anilist-16498": Status.COMPLETED}),
    ],
)
def test_a_dropped_show_is_the_last_work_that_was_begun(plays: Any, found: dict[str, Status]) -> None:
    steps = {**(shows(watched(AOT, plays)) if plays else {}), **hide(AOT)}
    told = {key: entry.status for key, entry in entries(steps, dropped="yes").items()}
    assert told == found
    assert Status.DROPPED not in {entry.status for entry in entries(steps).values()}


def test_what_has_to_be_looked_at_first_is_left_out_silently() -> None:
    atlas = usual_atlas()
    atlas.places[0] = replace(atlas.places[0], flag="overlap")
    snapshot = read(shows(watched(FRIEREN, {1: range(1, 31)})), atlas)
    assert [one.media.external_id for one in snapshot.entries] == ["anilist-182255"]
    assert snapshot.complete is True


def seasons_json(*lengths: int) -> list[dict[str, Any]]:
    return [
        {"number": at, "episodes": [{"number": one} for one in range(1, length + 1)], "aired_episodes": length}
        for at, length in enumerate(lengths, start=1)
    ]


def test_ids_and_tables_are_learnt_once_and_shows_that_are_no_anime_cost_nothing() -> None:
    atlas = usual_atlas()
    atlas.ids, atlas.tables = {}, {}
    steps = {
        **shows(watched(AOT, {1: [1]}), watched(77, {1: [1]})),
        f"GET shows/{SHOW[AOT]}/seasons": answer(seasons_json(25, 12)),
    }
    session = TraktSession(steps, atlas)
    assert len(TRAKT.read(session, ANIME).entries) == 1
    assert session.requests == 10
    assert atlas.ids == {show_target(AOT): SHOW[AOT]}
    assert atlas.tables[SHOW[AOT]].is_ended is True
    again = TraktSession(steps, atlas)
    assert len(TRAKT.read(again, ANIME).entries) == 1
    assert again.requests == 9


def test_a_show_that_was_cut_anew_is_left_out() -> None:
    atlas = usual_atlas()
    atlas.tables, atlas.recut = {}, {SHOW[AOT]}
    steps = {**shows(watched(AOT, {1: [1]})), f"GET shows/{SHOW[AOT]}/seasons": answer(seasons_json(25))}
    snapshot = read(steps, atlas)
    assert (snapshot.entries, snapshot.complete) == ((), True)


def test_a_first_read_of_many_shows_goes_on_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "TABLES_A_READ", 1)
    atlas = usual_atlas()
    atlas.tables = {}
    steps = {
        **shows(watched(AOT, {1: [1]}), watched(FRIEREN, {1: [1]})),
        f"GET shows/{SHOW[AOT]}/seasons": answer(seasons_json(25, 12)),
        f"GET shows/{SHOW[FRIEREN]}/seasons": answer(seasons_json(38)),
    }
    first = read(steps, atlas)
    assert (len(first.entries), first.complete) == (1, False)
    assert "next" in first.reason
    second = read(steps, atlas)
    assert (len(second.entries), second.complete) == (2, True)


def test_a_part_elsewhere_is_looked_up_by_its_kind() -> None:
    """Half of the work is a film that the person has not seen: its id is asked for, and kept."""
    other = Target(TargetKind.MOVIE, "imdb", "tt1")
    both = replace(place(1, AOT, total=26), segments=(Segment(show_target(AOT), 1, 25, 1), Segment(other, 26, 26)))
    atlas = usual_atlas()
    atlas.places[2] = replace(both, key="anilist-16498", ids={"anilist": "16498"})
    found = [{"type": "movie", "score": 1, "movie": {"ids": {"trakt": 5}}}]
    steps = {**shows(watched(AOT, {1: range(1, 26)})), "GET search/imdb/tt1": answer(found)}
    session = TraktSession(steps, atlas)
    assert TRAKT.read(session, ANIME).entries[0].entry == Entry(Status.CURRENT, progress=25)
    assert [sent.params["type"] for sent in session.sent if "search" in sent.url] == ["movie"]
    assert atlas.ids[other] == "5"


def test_a_rating_that_may_be_another_work_s_leaves_the_score_unknown() -> None:
    """A show with one season was rated; since a second one came, the rating is neither's."""
    atlas = usual_atlas()
    atlas.places = [place(16_498, AOT, total=25)]
    atlas.tables[SHOW[AOT]] = table(AOT, 25)
    steps = {**shows(watched(AOT, {1: [1]})), "GET sync/ratings/shows": paged([rated(8, AOT)])}
    alone = read(steps, atlas).entries[0]
    assert (alone.entry.score, alone.untold) == (80, frozenset())
    atlas.tables[SHOW[AOT]] = table(AOT, 25, 12)
    joined = read(steps, atlas).entries[0]
    assert (joined.entry.score, joined.untold) == (0, frozenset({"score"}))
    grown = read({**steps, "GET sync/ratings/shows": paged([])}, atlas).entries[0]
    assert (grown.entry.score, grown.untold) == (0, frozenset())


def test_a_read_settles_what_was_in_doubt() -> None:
    session = TraktSession(shows(watched(AOT, {1: [1]})), usual_atlas())
    both = [episode(AOT, 1, 1), episode(AOT, 1, 2)]
    session.book.book(dict.fromkeys(both))
    TRAKT.read(session, ANIME)
    assert (session.book.done, session.book.doubtful) == ({both[0]}, {both[1]})


def test_absence_says_nothing_and_look_ups_cost_nothing() -> None:
    session = TraktSession({}, usual_atlas(replace(place(9, 77), flag="overlap")))
    assert TRAKT.hidden(session, Kind.ANIME, ["anilist-1", "x"]) == frozenset({"anilist-1", "x"})
    found = TRAKT.translate(session, Kind.ANIME, "anilist", ["16498", "9", "404"])
    assert {theirs: (facts.external_id, facts.total) for theirs, facts in found.items()} == {
        "16498": ("anilist-16498", 25)
    }
    assert [facts.external_id for facts in TRAKT.details(session, Kind.ANIME, ["anilist-16498", "x"])] == [
        "anilist-16498"
    ]
    assert session.requests == 0


def test_items_have_stable_names() -> None:
    assert str(episode(AOT, 1, 2)) == f"show:{SHOW[AOT]}:1:2"
    assert str(Item(TargetKind.MOVIE, "5")) == "movie:5"
