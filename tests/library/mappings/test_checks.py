"""What ranges of one table earn beside each other (id-mapping.md 5.5)."""

from __future__ import annotations

from typing import Any

from library.mappings.checks import judged
from library.mappings.said import FLAGGED, GOOD, UNMAPPED, Range

SHOW = ("show", "tmdb", "1429")
FILM = ("movie", "tmdb", "635302")
AS_IT_WAS, OVERLAP, DUPLICATE, ABSOLUTE = (
    (GOOD, ""),
    (FLAGGED, "overlap"),
    (UNMAPPED, "duplicate"),
    (FLAGGED, "absolute"),
)


def at(entry: str, target: tuple[str, str, str] = SHOW, *, site: str = "anilist", **where: Any) -> Range:
    return Range(site, entry, *target, **({"season": 4} | where))


def film(entry: str) -> Range:
    return at(entry, FILM, season=None, last=1)


def verdicts(*ranges: Range) -> list[tuple[str, str]]:
    return [(one.state, one.flag) for one in judged(ranges)]


def test_parts_that_follow_one_another_are_good() -> None:
    parts = (at("110277"), at("131681", start=17), at("146984", start=29))
    assert verdicts(*parts) == [AS_IT_WAS] * 3


def test_entries_that_begin_alike_without_an_offset_are_duplicates() -> None:
    assert verdicts(at("1"), at("2"), at("3", start=13)) == [DUPLICATE, DUPLICATE, OVERLAP]


def test_entries_that_share_an_episode_are_flagged_with_all_of_their_season() -> None:
    cut = (at("1", last=26, numbering="number"), at("2", last=3, numbering="number"), at("3", start=40))
    assert verdicts(*cut) == [OVERLAP] * 3
    assert verdicts(at("1", last=13), at("2", start=13)) == [OVERLAP] * 2
    assert verdicts(at("1", last=12), at("2", start=13)) == [AS_IT_WAS] * 2


def test_joined_and_cut_episodes_are_counted_over_there() -> None:
    # Ten entry episodes in two there, one in three there.
    assert verdicts(at("1", last=10, per_entry=5), at("2", start=3)) == [AS_IT_WAS] * 2
    assert verdicts(at("1", last=10, per_entry=5), at("2", start=2)) == [OVERLAP] * 2
    assert verdicts(at("1", last=1, per_target=3), at("2", start=3)) == [OVERLAP] * 2


def test_an_entry_may_share_with_itself_and_with_its_name_at_another_site() -> None:
    assert verdicts(at("1", last=1), at("1", first=2, last=2)) == [AS_IT_WAS] * 2
    assert verdicts(at("1"), at("1", site="myanimelist")) == [AS_IT_WAS] * 2
    assert verdicts(at("1"), at("2", season=3)) == [AS_IT_WAS] * 2


def test_specials_and_what_is_out_of_use_stand_in_nobodys_way() -> None:
    assert verdicts(at("1", season=0, last=1), at("2", season=0, last=1)) == [AS_IT_WAS] * 2
    doubtful = at("2", state=FLAGGED, flag="offset")
    assert verdicts(at("1"), doubtful, at("3", state=UNMAPPED, flag="none")) == [
        AS_IT_WAS,
        (FLAGGED, "offset"),
        (UNMAPPED, "none"),
    ]


def test_one_film_is_one_entry() -> None:
    assert verdicts(film("1"), film("2")) == [OVERLAP] * 2
    assert verdicts(film("1"), at("1", FILM, season=None, first=2, last=2)) == [AS_IT_WAS] * 2


def test_an_entry_counts_through_a_show_only_if_it_has_it_to_itself() -> None:
    through = at("21", season=None, numbering="absolute")
    assert verdicts(through) == [AS_IT_WAS]
    assert verdicts(through, at("9", season=0, last=1)) == [AS_IT_WAS] * 2
    assert verdicts(through, at("9")) == [ABSOLUTE, AS_IT_WAS]
    assert verdicts(through, at("9", season=None, numbering="absolute")) == [ABSOLUTE] * 2


def test_what_is_said_twice_is_said_once() -> None:
    assert len(judged([at("1"), at("1"), at("1", state=FLAGGED, flag="offset")])) == 1
