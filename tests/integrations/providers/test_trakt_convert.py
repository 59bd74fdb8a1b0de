"""Trakt's values and ours, both ways."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import Malformed
from integrations.providers.base import MediaFacts
from integrations.providers.trakt import convert
from integrations.providers.trakt.charting import read_table
from integrations.providers.trakt.client import Season, Work
from integrations.providers.trakt.shelf import Spot, body_of
from library.entry import NO_DATE, Kind, PartialDate
from library.episodes.model import Item, Seasons, TargetKind
from tests.integrations.providers.script import answer
from tests.integrations.providers.trakt_doubles import NOW, TRAKT, TraktSession, usual_atlas

SHOW, MOVIE = TargetKind.SHOW, TargetKind.MOVIE
MINUTE = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
LAST_DAY = PartialDate(2024, 5, 1)

items = st.builds(Item, st.just(SHOW), st.integers(1, 40).map(str), st.integers(0, 3), st.integers(1, 60)) | st.builds(
    Item, st.just(MOVIE), st.integers(1, 40).map(str)
)


@given(st.lists(items, unique=True, max_size=40))
def test_a_body_names_every_play_once_and_no_show_or_season_as_a_whole(chosen: list[Item]) -> None:
    body = convert.plays_body(dict.fromkeys(chosen, "unknown"))
    named = [Item(MOVIE, str(film["ids"]["trakt"])) for film in body.get("movies", [])]
    for show in body.get("shows", []):
        assert len(show["seasons"]) > 0
        for season in show["seasons"]:
            assert len(season["episodes"]) > 0
            for one in season["episodes"]:
                named.append(Item(SHOW, str(show["ids"]["trakt"]), season["number"], one["number"]))
    assert sorted(named) == sorted(chosen)
    assert all(len(part) > 0 for part in body.values())


@given(st.lists(items, unique=True, max_size=40), st.integers(1, 20), st.integers(1, 5))
def test_pieces_hold_everything_in_order_and_are_small(chosen: list[Item], most: int, most_shows: int) -> None:
    pieces = convert.cut(chosen, most=most, most_shows=most_shows)
    assert [item for piece in pieces for item in piece] == chosen
    assert all(0 < len(piece) <= most for piece in pieces)
    assert all(len({(item.kind, item.id) for item in piece}) <= most_shows for piece in pieces)


@pytest.mark.parametrize(
    ("way", "count", "is_new", "finished_on", "moment"),
    [
        ("smart", 3, False, NO_DATE, MINUTE),
        ("smart", 4, False, LAST_DAY, "unknown"),
        ("smart", 1, True, LAST_DAY, "unknown"),
        ("unknown", 1, False, LAST_DAY, "unknown"),
        ("now", 400, True, LAST_DAY, MINUTE),
        ("released", 1, False, LAST_DAY, "released"),
        ("finished", 12, False, LAST_DAY, datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("finished", 12, False, PartialDate(2024, 5), "unknown"),
        ("finished", 12, False, PartialDate(2024, 2, 31), "unknown"),
        ("finished", 12, False, PartialDate(2099, 2, 1), "unknown"),
        ("finished", 12, False, PartialDate(2027, 1, 15), MINUTE),
        ("finished", 12, False, NO_DATE, "unknown"),
    ],
)
def test_dates_of_plays(
    way: str, count: int, *, is_new: bool, finished_on: PartialDate, moment: str | datetime
) -> None:
    found = convert.choose_moment(way, count=count, is_new=is_new, now=NOW, finished_on=finished_on)
    assert found == moment


def test_times_go_out_to_the_minute_and_films_are_never_released() -> None:
    """A film with "released" would be refused; a unix number would be read as now (trakt.md 7.1)."""
    body = convert.plays_body({Item(MOVIE, "5"): "released", Item(SHOW, "6", 1, 1): MINUTE})
    assert body == {
        "movies": [{"ids": {"trakt": 5}, "watched_at": "unknown"}],
        "shows": [
            {
                "ids": {"trakt": 6},
                "seasons": [{"number": 1, "episodes": [{"number": 1, "watched_at": "2027-01-15T08:00:00.000Z"}]}],
            }
        ],
    }


def test_a_season_is_named_under_its_show_and_apart_from_the_show_itself() -> None:
    spots = {Spot(SHOW, "6"): {"rating": 8}, Spot(SHOW, "6", 2): {"rating": 9}, Spot(MOVIE, "5"): {"rating": 1}}
    assert body_of(spots) == {
        "movies": [{"ids": {"trakt": 5}, "rating": 1}],
        "shows": [
            {"ids": {"trakt": 6}, "rating": 8},
            {"ids": {"trakt": 6}, "seasons": [{"number": 2, "rating": 9}]},
        ],
    }


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T10:00:00.000Z", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("1970-01-01T00:00:00.000Z", None),
        (None, None),
        ("soon", None),
    ],
)
def test_an_unknown_date_is_no_date(text: str | None, moment: datetime | None) -> None:
    assert convert.read_moment(text) == moment


def activities(**changes: str) -> dict[str, Any]:
    """changes: group__name=stamp."""
    told: dict[str, Any] = {"all": "x"}
    for group, name in (*convert.STAMPS, convert.DROPPED_STAMP, ("movies", "collected_at"), ("episodes", "rated_at")):
        told.setdefault(group, {})[name] = changes.get(f"{group}__{name}", "2026-01-01T00:00:00.000Z")
    return told


def probe(*, dropped: str = "no", way: str = "unbroken", **changes: str) -> str:
    session = TraktSession(
        {"GET sync/last_activities": answer(activities(**changes))}, usual_atlas(), dropped=dropped, progress_way=way
    )
    mark = TRAKT.probe(session, frozenset({Kind.ANIME}))
    assert session.requests == TRAKT.probe_requests == 1
    return mark


@pytest.mark.parametrize("stamp", [f"{group}__{name}" for group, name in convert.STAMPS])
def test_the_mark_moves_with_each_stamp_that_matters_in_either_direction(stamp: str) -> None:
    marks = {probe(), probe(**{stamp: "2026-01-02T00:00:00.000Z"}), probe(**{stamp: "2025-01-02T00:00:00.000Z"})}
    assert len(marks) == 3
    assert max(len(mark) for mark in marks) == 32


def test_the_mark_rests_when_something_else_moved() -> None:
    other = "2026-02-02T00:00:00.000Z"
    assert probe(movies__collected_at=other, episodes__rated_at=other, shows__dropped_at=other) == probe()
    assert probe(dropped="yes", shows__dropped_at=other) != probe(dropped="yes")


def test_other_answers_of_the_person_make_another_mark() -> None:
    assert len({probe(), probe(dropped="yes"), probe(way="highest")}) == 3


def test_a_missing_stamp_is_not_a_resting_one() -> None:
    told = activities()
    del told["watchlist"]
    with pytest.raises(Malformed) as raised:
        convert.read_mark(told, more=(), drops=False)
    assert raised.value.path == "$.watchlist.updated_at"


def test_a_season_table_keeps_the_real_numbers() -> None:
    work = Work.__struct_fields__
    assert "status" in work
    raw = answer(
        [
            {"number": 0, "aired_episodes": 0, "episodes": []},
            {"number": 2, "aired_episodes": 1, "episodes": [{"number": 63}, {"number": 62}]},
        ]
    )
    show = answer({"ids": {"trakt": 5}, "title": "One  Piece", "status": "returning series"}).decode(Work)
    table = read_table(show, raw.decode(list[Season]))
    assert table == Seasons("5", {2: (62, 63)}, {0: 0, 2: 1}, is_ended=False, title="One Piece")


def test_search_gives_shows_and_films_to_map_by_hand() -> None:
    found = [
        {"type": "show", "score": 1, "show": {"title": "Frieren", "year": 2023, "ids": {"trakt": 9, "tmdb": 8}}},
        {"type": "movie", "score": 1, "movie": {"title": "Frieren?", "year": None, "ids": {"trakt": 7}}},
    ]
    session = TraktSession({"GET search/show,movie": answer(found)}, usual_atlas())
    assert TRAKT.search(session, Kind.ANIME, " Frie\x00ren ", limit=500) == [
        MediaFacts(Kind.ANIME, "show-9", ("Frieren",), "tv", 2023, cross_ids={"trakt": "9", "tmdb": "8"}),
        MediaFacts(Kind.ANIME, "movie-7", ("Frieren?",), "movie", cross_ids={"trakt": "7"}),
    ]
    assert (session.sent[0].params["query"], session.sent[0].params["limit"]) == ("Frie ren", "50")
    assert TRAKT.search(session, Kind.ANIME, " \x00") == []
    assert session.requests == 1
    assert TRAKT.media_url(Kind.ANIME, "show-9") == "https://trakt.tv/shows/9"
    assert TRAKT.media_url(Kind.ANIME, "anilist-9") == "https://trakt.tv/"
