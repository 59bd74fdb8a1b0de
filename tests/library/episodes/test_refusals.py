"""What does not fit is held or refused: never moved to the first or the last episode, never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from library.episodes.model import Place, Seasons, Segment, Target
from library.episodes.progress import is_complete, plays_for, progress_of
from library.episodes.resolve import Resolved, resolve
from tests.library.episodes.shows import (
    ABSOLUTE,
    AOT,
    FRIEREN,
    HUNTER,
    MUSHOKU,
    NUMBER,
    ONE_PIECE,
    RESTARTING,
    TABLES,
    count,
    episode,
    film,
    movie,
    part,
    place,
    resolved,
    show,
    table,
)


def test_what_is_not_there_yet_is_held() -> None:
    """Frieren 2 with eight of its ten episodes listed."""
    short = {show(FRIEREN): table(FRIEREN, {1: count(1, 36)})}
    where = resolved(place(part(show(FRIEREN), 1, 29), total=10), short)
    assert where.items[7:] == ((episode(FRIEREN, 1, 36),), (), ())
    assert where.held == (9, 10)
    assert plays_for(where, 10) == plays_for(where, 8)
    assert is_complete(where, plays_for(where, 10)) is False


def test_a_season_that_is_not_there_yet_is_held_whole() -> None:
    where = resolved(place(part(show(FRIEREN), 2), total=3))
    assert (where.items, where.held, where.refusal) == (((), (), ()), (1, 2, 3), "")


def test_an_open_end_without_a_total_ends_with_the_season() -> None:
    where = resolved(place(part(show(AOT), 3, 13)))
    assert len(where.items) == 10
    assert (where.items[-1], where.held, where.is_open) == ((episode(AOT, 3, 22),), (), True)


def test_an_open_end_ends_with_the_total() -> None:
    where = resolved(place(part(show(AOT), 3, 13), total=4))
    assert [items[0].number for items in where.items] == [13, 14, 15, 16]
    assert where.is_open is False


def test_an_open_end_ends_where_the_entry_s_next_part_begins() -> None:
    where = resolved(place(part(show(AOT), 1), part(show(AOT), 2, first=5), total=6))
    assert where.items[3:] == ((episode(AOT, 1, 4),), (episode(AOT, 2, 1),), (episode(AOT, 2, 2),))


def test_an_episode_in_front_of_the_season_is_nothing() -> None:
    """A negative offset: episode 1 of the entry is not in this season."""
    where = resolved(place(part(show(AOT), 2, 0), total=3))
    assert where.items == ((), (episode(AOT, 2, 1),), (episode(AOT, 2, 2),))
    assert where.held == ()


def test_a_gap_in_the_numbers_is_held_and_moves_nothing() -> None:
    gap = {show(FRIEREN): table(FRIEREN, {1: (1, 2, 4)})}
    where = resolved(place(part(show(FRIEREN), numbering=NUMBER), total=4), gap)
    assert where.items == ((episode(FRIEREN, 1, 1),), (episode(FRIEREN, 1, 2),), (), (episode(FRIEREN, 1, 4),))
    assert where.held == (3,)


@pytest.mark.parametrize(
    ("where", "seasons", "ids", "reason"),
    [
        (place(part(show(FRIEREN)), total=2), {}, {}, "no_id"),
        (place(part(show(FRIEREN)), total=2), {}, {show(FRIEREN): ""}, "no_id"),
        (place(part(show(FRIEREN)), total=2), {}, {show(FRIEREN): "7"}, "no_seasons"),
        (place(part(show(FRIEREN), 2)), TABLES, {}, "no_season"),
        (place(part(film("1"), None), total=1), {}, {}, "no_id"),
        (place(part(film("1"), None), total=1), {}, {film("1"): ""}, "no_id"),
        (place(part(show(MUSHOKU), 0)), TABLES, {}, "open_specials"),
        (place(part(show(FRIEREN)), total=2, flag="recut"), TABLES, {}, "recut"),
        (place(part(show(FRIEREN)), total=2, flag="overlap"), TABLES, {}, "overlap"),
    ],
)
def test_why_nothing_can_be_placed(
    where: Place, seasons: dict[Target, Seasons], ids: dict[Target, str], reason: str
) -> None:
    assert resolve(where, seasons, ids) == Resolved(refusal=reason)


def test_two_films_for_one_episode_are_refused_and_in_order_they_are_not() -> None:
    one, two = part(film("1"), None), part(film("2"), None)
    assert resolved(place(one, two, total=1)).refusal == "several_films"
    in_order = resolved(place(one, replace(two, first=2), total=2))
    assert in_order.items == ((movie("1"),), (movie("2"),))


def test_a_film_stands_for_the_first_episode_unless_it_is_said_to_stand_for_more() -> None:
    alone = resolved(place(part(film("1"), None), total=3))
    assert alone.items == ((movie("1"),), (), ())
    assert is_complete(alone, [movie("1")]) is False
    whole = resolved(place(part(film("1"), None, last=3), total=3))
    assert plays_for(whole, 2) == ()
    assert (plays_for(whole, 3), progress_of(whole, [movie("1")])) == ((movie("1"),), 3)


@pytest.mark.parametrize(
    ("segment", "total", "refusal"),
    [
        (part(show("5", "tvdb"), 2), 12, ""),
        (part(show("5", "tvdb"), 2), 11, "tvdb_only"),
        (part(show("5", "tvdb"), 2), 0, "tvdb_only"),
        (part(show("5", "tvdb"), 2, 2), 12, "tvdb_only"),
        (part(show("5", "tvdb"), 0), 3, "tvdb_only"),
        (part(show("5", "tvdb"), None, numbering=ABSOLUTE), 24, "tvdb_only"),
        (part(show("5", "tvdb"), 3), 12, "tvdb_only"),
    ],
)
def test_tvdb_s_numbers_count_only_for_whole_seasons_of_the_same_length(
    segment: Segment, total: int, refusal: str
) -> None:
    seasons = {segment.target: table("5", {0: count(1, 3), 1: count(1, 12), 2: count(1, 12)})}
    assert resolved(place(segment, total=total), seasons).refusal == refusal


def test_a_part_that_is_not_known_is_held_and_the_rest_is_placed() -> None:
    where = resolve(place(part(film("1"), None, last=1), part(show(AOT), 1, first=2), total=3), TABLES, {film("1"): ""})
    assert where.items == ((), (episode(AOT, 1, 1),), (episode(AOT, 1, 2),))
    assert where.held == (1,)
    assert progress_of(where, plays_for(where, 3)) == 3
    assert is_complete(where, plays_for(where, 3)) is False


def test_a_part_that_would_be_a_guess_spoils_the_whole() -> None:
    where = resolved(place(part(film("1"), None, last=1), part(show(MUSHOKU), 0, first=2)))
    assert where == Resolved(refusal="open_specials")


def test_absolute_numbers_leave_the_specials_out() -> None:
    seasons = {show(AOT): TABLES[show(AOT)]}
    where = resolved(place(part(show(AOT), None, numbering=ABSOLUTE), total=100), seasons)
    assert where.items[24:26] == ((episode(AOT, 1, 25),), (episode(AOT, 2, 1),))
    assert where.held == tuple(range(90, 101))


@pytest.mark.parametrize("start", [13, 20])
def test_a_part_of_a_season_is_not_taken_for_one_that_counts_on(start: int) -> None:
    """S1 has 12; the second part of S2 begins at 13, and only some of it, or none, is listed. It is not S2E1."""
    seasons = {show("s"): table("s", {1: count(1, 12), 2: count(1, 14)})}
    where = resolved(place(part(show("s"), 2, start, numbering=NUMBER), total=12), seasons)
    assert [items[0].number for items in where.items if items] == [13, 14][: 15 - start if start < 15 else 0]
    assert where.flag == ""


def test_an_entry_in_two_seasons_that_begin_again_is_taken_by_its_numbers() -> None:
    """Its tenth and its eleventh are S1E10 and S2E13: the source does not count on from one season to the next."""
    seasons = {show("s"): table("s", {1: count(1, 12), 2: count(1, 14)})}
    first = part(show("s"), 1, numbering=NUMBER, last=10)
    where = resolved(place(first, part(show("s"), 2, 13, first=11, numbering=NUMBER), total=12), seasons)
    assert where.items[9:] == ((episode("s", 1, 10),), (episode("s", 2, 13),), (episode("s", 2, 14),))
    assert where.flag == ""


def test_a_table_that_begins_again_where_the_service_counts_on_is_met_by_position() -> None:
    seasons = {show(ONE_PIECE): TABLES[show(ONE_PIECE)]}
    where = resolved(place(part(show(ONE_PIECE), 2, 1, numbering=NUMBER, last=16), total=16), seasons)
    assert (where.items[0], where.items[15]) == ((episode(ONE_PIECE, 2, 62),), (episode(ONE_PIECE, 2, 77),))
    assert (where.flag, where.held) == ("renumbered", ())


def test_a_longer_season_that_counts_on_is_not_mixed_up() -> None:
    """Numbers 1..30 against a season 11..40: number 11 is there and is the entry's first, not its eleventh."""
    seasons = {show("s"): table("s", {1: count(1, 10), 2: count(11, 40)})}
    where = resolved(place(part(show("s"), 2, 1, numbering=NUMBER), total=30), seasons)
    assert [items[0].number for items in where.items] == list(range(11, 41))


def test_specials_are_never_met_by_position() -> None:
    seasons = {show(HUNTER): table(HUNTER, {0: (2, 3), 1: count(1, 62)})}
    where = resolved(place(part(show(HUNTER), 0, 1, last=1, numbering=NUMBER), total=1), seasons)
    assert (where.items, where.held) == (((),), (1,))


def test_a_single_season_that_counts_otherwise_is_held() -> None:
    """Without an earlier season in the entry, nothing says that a source counts on."""
    segment = part(show(HUNTER), 2, 63, numbering=NUMBER, last=74)
    where = resolved(place(segment, total=74), RESTARTING)
    assert where.items[0] == (episode(HUNTER, 2, 63),)
    assert len(where.held) == 62
