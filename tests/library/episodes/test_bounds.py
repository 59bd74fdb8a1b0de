"""Several entries in one show: where each ends, and which claim the same episodes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from library.episodes.bounds import bound
from library.episodes.model import Place
from tests.library.episodes.shows import ABSOLUTE, HUNTER_PARTS, NUMBER, PLACES, film, part, place, show


def flags(*places: Place) -> list[str]:
    return [each.flag for each in bound(places)]


def ends(*places: Place) -> list[list[int | None]]:
    return [[segment.last for segment in each.segments] for each in bound(places)]


FIRST, SECOND = place(part(show("1"))), place(part(show("1"), 1, 13))


def test_an_open_end_is_where_the_next_entry_begins() -> None:
    assert ends(FIRST, SECOND) == [[12], [None]]
    assert ends(SECOND, FIRST) == [[None], [12]]
    assert flags(FIRST, SECOND) == ["", ""]


def test_other_seasons_and_other_shows_close_nothing() -> None:
    others = [place(part(show("1"), 2, 13)), place(part(show("2"), 1, 13)), place(part(show("1", "tvdb"), 1, 13))]
    assert ends(FIRST, *others)[0] == [None]


def test_joined_and_cut_episodes_are_counted_in_the_entry_s_own() -> None:
    assert ends(place(part(show("1"), per_entry=5)), place(part(show("1"), 1, 3)))[0] == [10]
    assert ends(place(part(show("1"), per_target=2)), place(part(show("1"), 1, 6)))[0] == [2]


@pytest.mark.parametrize(("total", "flag"), [(12, ""), (13, "overlap"), (11, "")])
def test_an_entry_with_a_known_length_must_fit(total: int, flag: str) -> None:
    """Re:Zero 108632: +26 with 13 episodes against +38."""
    assert flags(replace(FIRST, total=total), SECOND) == [flag, flag]


def test_a_closed_range_may_reach_as_far_as_the_entry_and_no_further() -> None:
    long = place(part(show("1"), last=13), total=12)
    assert flags(long, SECOND) == ["", ""]


def test_two_at_one_place_overlap_whatever_their_length() -> None:
    assert flags(FIRST, FIRST) == ["overlap", "overlap"]
    assert flags(place(part(film("1"), None)), place(part(film("1"), None))) == ["overlap", "overlap"]


def test_a_flagged_entry_neither_closes_nor_overlaps() -> None:
    doubtful = replace(SECOND, flag="disagrees")
    assert ends(FIRST, doubtful)[0] == [None]
    assert flags(replace(FIRST, total=20), doubtful) == ["", "disagrees"]


@pytest.mark.parametrize("source", ["person", "maintainer"])
def test_whoever_looked_stands_against_a_table(source: str) -> None:
    looked = place(part(show("1"), source=source))
    assert flags(looked, FIRST) == ["", "overlap"]
    assert flags(looked, looked) == ["overlap", "overlap"]


def test_the_map_of_a_whole_show_falls_where_a_part_is_mapped_on_its_own() -> None:
    whole = place(part(show("1"), None, numbering=ABSOLUTE))
    assert flags(whole, SECOND) == ["overlap", ""]
    assert flags(whole, place(part(show("1"), 0, 3, last=1))) == ["", ""]
    assert flags(whole, place(part(show("2"), 1))) == ["", ""]
    assert flags(whole, whole) == ["overlap", "overlap"]


def test_numbers_that_count_on_are_not_held_against_positions() -> None:
    hunter = place(*HUNTER_PARTS, total=148)
    assert flags(hunter, place(part(HUNTER_PARTS[1].target, 2, 70), total=2)) == ["", ""]
    assert flags(hunter, hunter) == ["overlap", "overlap"]
    assert flags(place(part(show("1"), numbering=NUMBER), total=13), SECOND) == ["overlap", "overlap"]


def test_the_examples_live_beside_each_other() -> None:
    places = list(PLACES.values())
    assert bound(places) == places
