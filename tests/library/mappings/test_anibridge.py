"""AniBridge's descriptors, range grammar and ratios. id-mapping.md 3.6, read 2026-11-25."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.mappings import anibridge
from library.mappings.anibridge_ranges import read_ranges
from library.mappings.said import Unfit, Unreadable
from tests.library.mappings.build import plainly, ranges_by, said_by


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("1", "2", [(1, 1, 2, 1, 1)]),
        ("2-13", "1-12", [(2, 13, 1, 1, 1)]),
        ("1089-", "1089-", [(1089, None, 1089, 1, 1)]),
        ("1-12", "5-", [(1, 12, 5, 1, 1)]),
        ("1-", "5-16", [(1, 12, 5, 1, 1)]),
        # n on the left make one on the right, whatever the sign says, as both sides are closed.
        ("1-10", "1-2|-5", [(1, 10, 1, 5, 1)]),
        ("1-2", "36|2", [(1, 2, 36, 2, 1)]),
        ("1", "1-3|3", [(1, 1, 1, 1, 3)]),
        # Open: the sign decides.
        ("1-", "1-|-2", [(1, None, 1, 2, 1)]),
        ("1-", "1-|2", [(1, None, 1, 1, 2)]),
        ("1-", "1-4|-2", [(1, 8, 1, 2, 1)]),
        # Several on the right use up the left, one after another.
        ("1-2", "1,3", [(1, 1, 1, 1, 1), (2, 2, 3, 1, 1)]),
        ("1-9", "1-7,8|2", [(1, 7, 1, 1, 1), (8, 9, 8, 2, 1)]),
        ("1-", "1-12,14-", [(1, 12, 1, 1, 1), (13, None, 14, 1, 1)]),
        ("1-6", "1-2|-2,5-6", [(1, 4, 1, 2, 1), (5, 6, 5, 1, 1)]),
    ],
)
def test_ranges(left: str, right: str, expected: list[tuple[int, int | None, int, int, int]]) -> None:
    assert read_ranges(left, right) == expected


@pytest.mark.parametrize(
    ("left", "right"),
    [
        *(("", "1"), ("1", ""), ("0", "1"), ("5-3", "1-3"), ("-3", "1-3"), ("1-3", "1-3|0"), ("1,2", "1-2")),
        *(("1-3", "1-2"), ("1-3", "1-2|2"), ("1-3", "1,2"), ("1-2", "1,2,3"), ("1-4", "1-,9")),
        *(("1-3", "a"), ("1-3", "1-3|"), ("1-3", "1-3|x"), ("1" * 9, "1"), ("1", "9" * 400), ("1-3", "1 -3")),
        *(("1-5", "1-3|-2"), ("1-9", ",".join(["1"] * 201)), ("１", "1")),
    ],
)
def test_what_is_no_range_makes_no_sense(left: str, right: str) -> None:
    with pytest.raises(Unfit):
        read_ranges(left, right)


@given(st.text("0123456789-,|", max_size=12), st.text("0123456789-,|", max_size=12))
def test_whatever_is_read_fits_together(left: str, right: str) -> None:
    try:
        pieces = read_ranges(left, right)
    except Unfit:
        return
    ends = [piece.last for piece in pieces]
    assert all(end is not None for end in ends[:-1])
    assert [piece.first for piece in pieces[1:]] == [end + 1 for end in ends[:-1] if end is not None]
    for piece in pieces:
        assert min(piece.per_entry, piece.per_target) == 1
        assert piece.last is None or (piece.last - piece.first + 1) % piece.per_entry == 0


def show(*places: tuple[str, dict[str, Any] | None]) -> dict[str, Any]:
    return {f"tmdb_show:{name}": spans for name, spans in places}


def test_an_entry_over_several_seasons_with_real_numbers() -> None:
    hunter = show(
        ("46298:s1", {"1-62": "1-62"}), ("46298:s2", {"63-136": "63-136"}), ("46298:s3", {"137-148": "137-148"})
    )
    found = ranges_by(anibridge.read, {"$meta": {"version": 3}, "anilist:11061": hunter})
    assert [plainly(one)[:5] for one in found] == [
        (1, 62, 1, 1, "number"),
        (63, 136, 2, 63, "number"),
        (137, 148, 3, 137, "number"),
    ]
    assert {(one.site, one.site_id, one.target_site, one.target_id) for one in found} == {
        ("anilist", "11061", "tmdb", "46298")
    }


def test_a_special_with_a_number_of_its_own_is_good() -> None:
    mushoku = show(("94664:s0", {"1": "2"}), ("94664:s2", {"2-13": "1-12"}))
    assert [plainly(one) for one in ranges_by(anibridge.read, {"anilist:146065": mushoku})] == [
        (1, 1, 0, 2, "number", "good", ""),
        (2, 13, 2, 1, "number", "good", ""),
    ]


def test_null_says_that_there_is_no_counterpart() -> None:
    found = ranges_by(anibridge.read, {"anilist:1": show(("5:s1", {"1-3": None, "4-": "1-"}), ("5:s2", None))})
    assert [plainly(one) for one in found] == [
        (1, 3, 1, 1, "number", "unmapped", "none"),
        (4, None, 1, 1, "number", "good", ""),
        (1, None, 2, 1, "number", "unmapped", "none"),
    ]


def test_films_and_what_is_of_no_use_here() -> None:
    targets = {
        "tmdb_movie:635302": {"1": "1"},
        "imdb_movie:tt11032374": {"1": "1"},
        "tvdb_show:348545:s0": {"1": "2"},
        "some_site:5": {"1": "1"},
    }
    (film,) = ranges_by(
        anibridge.read, {"anilist:112151": targets, "tmdb_movie:635302": {"anilist:112151": {"1": "1"}}}
    )
    assert (film.target_kind, film.target_site, film.target_id) == ("movie", "tmdb", "635302")
    (other,) = ranges_by(anibridge.read, {"anilist:112151": {"imdb_movie:tt11032374": {"1-3": "1|-3"}}})
    assert (other.target_site, other.target_id, other.per_entry) == ("imdb", "tt11032374", 3)


def test_tvdb_is_asked_only_where_tmdb_has_nothing() -> None:
    tvdb = {"tvdb_show:73532:s1": {"1-26": "1-26"}}
    assert [one.target_site for one in ranges_by(anibridge.read, {"anilist:22": tvdb})] == ["tvdb"]
    both = tvdb | show(("5:s1", {"1-26": "1-26"}))
    assert [one.target_site for one in ranges_by(anibridge.read, {"anilist:22": both})] == ["tmdb"]


def test_a_pair_is_one_whole_entry_elsewhere() -> None:
    rows = {
        "anilist:5": {"mal:5": {"1": "1"}, "anidb:219:R": {"1": "1"}},
        "anilist:6": {"mal:7": {"1-12": "1-12"}, "mal:8": {"13-24": "1-12"}},
        "anilist:9": {"mal:10": {"13-24": "1-12"}, "anidb:11:S": {"1": "1"}},
    }
    assert [pair[1:] for row in said_by(anibridge.read, rows) for pair in row.pairs] == [
        ("anilist", "5", "myanimelist", "5"),
        ("anidb", "219", "anilist", "5"),
    ]


@pytest.mark.parametrize(
    "targets",
    [
        show(("5", {"1": "1"})),
        show(("5:s", {"1": "1"})),
        show(("5:s-1", {"1": "1"})),
        show(("x:s1", {"1": "1"})),
        show(("99999999999:s1", {"1": "1"})),
        show(("5:s1", {"1-3": "x"})),
        {"tmdb_movie:5": {"1": "2"}},
        {"imdb_movie:5": {"1": "1"}},
        {"mal:x": {"1": "1"}},
    ],
)
def test_what_makes_no_sense_is_counted_and_left_out(targets: dict[str, Any]) -> None:
    (row,) = said_by(anibridge.read, {"anilist:1": targets})
    assert (row.ranges, row.pairs, len(row.refused)) == ((), (), 1)


@pytest.mark.parametrize(
    "table",
    [{"154587": {}}, {"anilist:1": []}, {"anilist:1": {"tmdb_show:5:s1": "1-12"}}, {"anilist:1": {"mal:1": {"1": 1}}}],
)
def test_another_shape_fails_loudly(table: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="Row 1"):
        said_by(anibridge.read, table)
