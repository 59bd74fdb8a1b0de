"""Whose word counts where several sources speak of one entry: id-mapping.md 5.1."""

from __future__ import annotations

from typing import Any

import pytest

from library.episodes.model import Segment
from library.episodes.ranges import Choice, Statement, choose
from tests.library.episodes.shows import ABSOLUTE, NUMBER, film, part, show


def says(source: str, season: int | None = 1, start: int = 1, *, site: str = "anilist", **values: Any) -> Statement:
    state, flag = values.pop("state", "good"), values.pop("flag", "")
    target = values.pop("target", show("1"))
    return Statement(site, part(target, season, start, source=source, **values), state, flag)


def films(source: str, *ids: str, **values: Any) -> list[Statement]:
    return [
        says(source, None, target=film(id_), first=number, last=number, **values)
        for number, id_ in enumerate(ids, start=1)
    ]


ORDER = [
    says("person", 9),
    says("maintainer", 8),
    says("anibridge", 2, numbering=NUMBER),
    says("fribb", 2, 3),
    says("anime_lists", 2, 4, site="anidb"),
    *films("fribb", "5"),
    says("anitrakt_shows", 6, site="myanimelist"),
    says("tmdb", 7),
    says("anibridge", None, target=film("tt1", "imdb"), last=1),
    says("anibridge", 2, target=show("3", "tvdb")),
    says("starter", 4),
]


@pytest.mark.parametrize("best", range(len(ORDER)))
def test_the_best_source_is_taken_whatever_the_order_of_reading(best: int) -> None:
    left = ORDER[best:]
    for turn in range(len(left)):
        assert choose(left[turn:] + left[:turn]).segments == (ORDER[best].segment,)
        assert choose((left[turn:] + left[:turn])[::-1]).segments == (ORDER[best].segment,)


def test_nothing_said_is_nowhere() -> None:
    assert choose([]) == Choice()


def test_one_source_s_word_on_one_id_is_not_mixed_with_its_word_on_another() -> None:
    """AniBridge speaks of the AniList, the MyAnimeList and the AniDB entry, each cut in its own way."""
    said = [says("anibridge", 1, site="anidb"), says("anibridge", 2, site="myanimelist"), says("anibridge", 3)]
    assert [segment.season for segment in choose(said).segments] == [3]
    assert [segment.season for segment in choose(said[:2]).segments] == [2]


def test_a_flagged_word_gives_way_to_a_good_one_and_else_keeps_its_flag() -> None:
    flagged = says("fribb", 1, state="flagged", flag="overlap")
    assert choose([flagged, says("anime_lists", 2)]) == Choice((says("anime_lists", 2).segment,))
    assert choose([flagged]) == Choice((flagged.segment,), "overlap")
    assert choose([says("starter", 1, state="flagged"), flagged]).flag == "overlap"


def test_unmapped_ends_the_search() -> None:
    nothing = says("anibridge", 1, state="unmapped")
    assert choose([nothing, says("fribb", 1)]) == Choice()
    assert choose([nothing, says("person", 1)]).segments == (says("person", 1).segment,)


@pytest.mark.parametrize(
    ("other", "stays"),
    [
        (films("fribb", "5")[0], True),
        (says("fribb", 2), True),
        (says("fribb", 1, target=show("2")), True),
        (says("anibridge", 2, numbering=NUMBER), True),
        (says("anibridge", 1, 5), False),
        (says("fribb", None, numbering=ABSOLUTE), False),
    ],
)
def test_a_table_s_unmapped_is_said_of_one_season(other: Statement, stays: bool) -> None:
    """AniBridge names the seasons and films, one by one, in which an entry is not."""
    nothing = says("anibridge", 1, state="unmapped", flag="none")
    assert choose([nothing, other]).segments == ((other.segment,) if stays else ())


def test_a_duplicate_says_nothing_at_all() -> None:
    twice = says("fribb", 1, state="unmapped", flag="duplicate")
    assert choose([twice, says("anime_lists", 1, 14)]).segments == (says("anime_lists", 1, 14).segment,)
    assert choose([twice]) == Choice()


def test_a_person_s_nowhere_is_nowhere() -> None:
    nothing = says("person", None, state="unmapped", target=show("", ""))
    assert choose([nothing, says("anibridge"), *films("fribb", "5")]) == Choice()


def test_an_unmapped_episode_is_cut_out_and_moves_nothing() -> None:
    gap = says("anibridge", 1, first=5, last=6, state="unmapped")
    segments = choose([gap, says("fribb", 1, 11)]).segments
    assert [(s.first, s.last, s.start) for s in segments] == [(1, 4, 11), (7, None, 17)]


@pytest.mark.parametrize(
    ("first", "last", "left"),
    [
        (1, 2, [(3, 8, 13)]),
        (7, None, [(1, 6, 11)]),
        (7, 8, [(1, 6, 11)]),
        (9, 9, [(1, 8, 11)]),
        (1, 8, []),
        (1, None, []),
    ],
)
def test_where_a_gap_may_lie(first: int, last: int | None, left: list[tuple[int, int | None, int]]) -> None:
    gap = says("anibridge", 1, first=first, last=last, state="unmapped")
    segments = choose([gap, says("fribb", 1, 11, last=8)]).segments
    assert [(s.first, s.last, s.start) for s in segments] == left


def test_a_gap_inside_joined_episodes_leaves_nothing_to_go_on_from() -> None:
    gap = says("anibridge", 1, first=4, last=4, state="unmapped")
    segments = choose([gap, says("fribb", 1, per_entry=5, last=10)]).segments
    assert [(s.first, s.last) for s in segments] == [(1, 3)]


# Films -------------------------------------------------------------------------------------------------------


def segments_of(*statements: Statement) -> list[tuple[str, str]]:
    return [(segment.target.kind, segment.target.id) for segment in choose(statements).segments]


def test_a_film_that_is_among_the_specials_too_is_the_film() -> None:
    special = says("anibridge", 0, 2, numbering=NUMBER, last=1)
    assert segments_of(special, *films("anibridge", "635302")) == [("movie", "635302")]
    assert segments_of(says("anibridge", 0, 2, numbering=NUMBER), *films("anibridge", "635302")) == [
        ("movie", "635302")
    ]


def test_a_film_beside_a_longer_run_is_left_out() -> None:
    assert segments_of(says("anibridge", 2, last=7), *films("anibridge", "635302")) == [("show", "1")]


def test_a_film_in_front_of_a_run_stays() -> None:
    assert segments_of(*films("anibridge", "5"), says("anibridge", 1, first=2)) == [("movie", "5"), ("show", "1")]


# Sources that disagree ---------------------------------------------------------------------------------------


FATE_ZERO_2 = [says("anibridge", 2, numbering=NUMBER, last=12), says("fribb", 1, 14)]


def test_two_tables_with_wholly_other_seasons_need_a_look() -> None:
    assert choose(FATE_ZERO_2) == Choice((FATE_ZERO_2[0].segment,), "disagrees")


@pytest.mark.parametrize(
    ("known", "choice"),
    [
        (says("starter", 1, 14), Choice((FATE_ZERO_2[1].segment,))),
        (says("starter", 2), Choice((FATE_ZERO_2[0].segment,))),
        (says("starter", 1, 13), Choice((FATE_ZERO_2[0].segment,), "disagrees")),
        (says("starter", 3), Choice((FATE_ZERO_2[0].segment,), "disagrees")),
        (says("starter", 1, 14, state="flagged"), Choice((FATE_ZERO_2[0].segment,), "disagrees")),
    ],
)
def test_what_came_with_the_program_decides_between_two_tables(known: Statement, choice: Choice) -> None:
    """It was checked by hand; alone it is the last to be asked."""
    assert choose([*FATE_ZERO_2, known]) == choice


@pytest.mark.parametrize("source", ["person", "maintainer"])
def test_whoever_looked_has_the_last_word(source: str) -> None:
    assert choose([*FATE_ZERO_2, says(source, 1, 14)]) == Choice((says(source, 1, 14).segment,))


@pytest.mark.parametrize(
    ("one", "other", "flag"),
    [
        # Mushoku Tensei II: the better table also knows of a special in front.
        ((says("anibridge", 0, 2, last=1), says("anibridge", 2, first=2)), says("fribb", 2), ""),
        # Hunter × Hunter: several seasons against none.
        ((says("anibridge", 1, last=62), says("anibridge", 2, first=63)), says("fribb", None, numbering=ABSOLUTE), ""),
        ((says("anibridge", 1),), says("fribb", None, numbering=ABSOLUTE, target=show("2")), "disagrees"),
        ((says("anibridge", 1),), says("fribb", 1, target=show("2")), "disagrees"),
        ((says("fribb", 1),), says("anime_lists", 2, site="anidb"), "disagrees"),
        # Seasons of these are too often wrong to be held against anybody.
        ((says("fribb", 1),), says("anitrakt_shows", 2, site="myanimelist"), ""),
        ((says("fribb", 1),), says("starter", 2), ""),
        ((says("anibridge", 1),), says("fribb", 2, state="flagged", flag="overlap"), ""),
        # A film and a run of specials are two ways to keep one work.
        (tuple(films("anibridge", "5")), says("anime_lists", 0, site="anidb"), ""),
        # Frieren 2: specials alone against a regular season; the other way round it is a matter of what comes beside.
        ((says("anibridge", 0, last=10),), says("fribb", 1, 29), "disagrees"),
        ((says("anibridge", 0, last=10),), says("fribb", None, numbering=ABSOLUTE), "disagrees"),
        ((says("anibridge", 1, last=10),), says("anime_lists", 0, site="anidb"), ""),
        # AniList 110615: five short episodes in each special. Whoever counted that looked closely.
        ((says("anibridge", 0, last=10, per_entry=5),), says("fribb", 1), ""),
    ],
)
def test_which_differences_matter(one: tuple[Statement, ...], other: Statement, flag: str) -> None:
    choice = choose([other, *one])
    assert choice.flag == flag
    assert {segment.source for segment in choice.segments} == {one[0].segment.source}


def test_segments_come_in_the_order_of_the_entry() -> None:
    said = [says("anibridge", 2, first=63), says("anibridge", 1, last=62)]
    assert [segment.first for segment in choose(said).segments] == [1, 63]
    assert isinstance(choose(said).segments[0], Segment)
