"""Fribb, arm and AniTrakt: what rows say, in both generations, and what is refused. id-mapping.md 3."""

from __future__ import annotations

from typing import Any

import pytest

from library.mappings import anitrakt, arm, fribb
from library.mappings.said import MAX_ID, Unreadable
from tests.library.mappings.build import FRIEREN, FRIEREN_2, MUGEN_TRAIN, ONE_PIECE, plainly, ranges_by, said_by

AMBIGUOUS_OFFSET = {"anilist_id": 20626, "themoviedb_id": {"tv": 46261}, "episode_offset": {"tvdb": 175}}


def mal_row(
    mal: int, *, trakt: int, season: int | None, split: bool = False, tmdb: int | None = None
) -> dict[str, Any]:
    return {
        "myanimelist": {"title": "", "id": mal},
        "trakt": {
            "id": trakt,
            "type": "shows",
            "season": None if season is None else {"id": 1, "number": season},
            "is_split_cour": split,
        },
        "release_year": 2023,
        "externals": {"tmdb": tmdb, "tvdb": None, "imdb": None},
    }


def film_row(mal: int, trakt: int, tmdb: int | None) -> dict[str, Any]:
    return {"myanimelist": {"id": mal}, "trakt": {"id": trakt, "type": "movies"}, "externals": {"tmdb": tmdb}}


def test_a_row_names_every_two_of_its_ids() -> None:
    (row,) = said_by(fribb.read, [FRIEREN])
    assert {pair[1:] for pair in row.pairs} == {
        ("anidb", "17617", "anilist", "154587"),
        ("anidb", "17617", "kitsu", "46474"),
        ("anidb", "17617", "myanimelist", "52991"),
        ("anilist", "154587", "kitsu", "46474"),
        ("anilist", "154587", "myanimelist", "52991"),
        ("kitsu", "46474", "myanimelist", "52991"),
    }


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (FRIEREN, (1, None, 1, 1, "position", "good", "")),
        (FRIEREN_2, (1, None, 1, 29, "position", "good", "")),
        (MUGEN_TRAIN, (1, 1, None, 1, "position", "good", "")),
        (ONE_PIECE, (1, None, None, 1, "absolute", "good", "")),
        (AMBIGUOUS_OFFSET, (1, None, None, 1, "position", "flagged", "season_unknown")),
        (FRIEREN | {"season": {"tvdb": 1}}, (1, None, None, 1, "absolute", "good", "")),
        (FRIEREN | {"season": {"tvdb": 2}}, (1, None, None, 1, "position", "flagged", "season_unknown")),
        (FRIEREN | {"season": {"tvdb": 0}}, (1, None, 0, 1, "position", "flagged", "season_zero")),
        (FRIEREN | {"season": {"tmdb": 0}}, (1, None, 0, 1, "position", "flagged", "season_zero")),
        (FRIEREN | {"episode_offset": {"tmdb": -1}}, (2, None, 1, 1, "position", "flagged", "offset")),
    ],
)
def test_where_an_entry_is(row: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert [plainly(one) for one in ranges_by(fribb.read, [row])] == [expected]


def test_several_films_are_episodes_in_order_that_need_a_look() -> None:
    several = MUGEN_TRAIN | {"themoviedb_id": {"movie": [357786, 362584]}}
    assert [(one.target_id, one.first, one.last, one.flag) for one in ranges_by(fribb.read, [several])] == [
        ("357786", 1, 1, "check"),
        ("362584", 2, 2, "check"),
    ]


def test_the_old_generation_says_the_same_in_other_words() -> None:
    old_names = {"thetvdb_id": 424536, "notify.moe_id": "x", "type": "TV", "imdb_id": "tt22248376"}
    old = {name: value for name, value in FRIEREN.items() if name != "tvdb_id"} | old_names | {"themoviedb_id": 209867}
    assert said_by(fribb.read, [old]) == said_by(fribb.read, [FRIEREN])
    film = {"anilist_id": 112151, "type": "MOVIE", "themoviedb_id": 635302}
    (one,) = ranges_by(fribb.read, [film])
    assert (one.target_kind, one.target_id) == ("movie", "635302")
    two = ranges_by(fribb.read, [film | {"themoviedb_id": "357786,362584"}])
    assert [one.target_id for one in two] == ["357786", "362584"]


def test_a_film_known_at_imdb_alone_is_found_there() -> None:
    row = {"anilist_id": 112151, "type": "MOVIE", "imdb_id": ["tt11032374"]}
    (one,) = ranges_by(fribb.read, [row])
    assert (one.target_kind, one.target_site, one.target_id) == ("movie", "imdb", "tt11032374")
    # Without the type it may be the id of a show, and with several it is unknown which.
    assert ranges_by(fribb.read, [row | {"type": "TV"}, row | {"imdb_id": ["tt11032374", "tt11032375"]}]) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"mal_id": "52991"},
        {"themoviedb_id": {"series": 209867}},
        {"themoviedb_id": ["209867"]},
        {"season": 1},
        {"season": {"trakt": 1}},
        {"imdb_id": 5},
        {"anilist_id": 1.5},
        {"titles": []},
    ],
)
def test_an_unknown_schema_fails_loudly(wrong: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="Row 2"):
        said_by(fribb.read, [FRIEREN, FRIEREN_2 | wrong])


def test_tvdb_is_asked_only_where_tmdb_has_nothing() -> None:
    alone = {"anilist_id": 1, "tvdb_id": 7, "season": {"tvdb": 2}, "episode_offset": {"tvdb": 12}}
    rows = [FRIEREN, MUGEN_TRAIN | {"tvdb_id": 348545}, alone, {"anilist_id": 2, "thetvdb_id": 8}]
    assert [(one.target_site, one.season, one.start, one.flag) for one in ranges_by(fribb.read, rows)] == [
        ("tmdb", 1, 1, ""),
        ("tmdb", None, 1, ""),
        ("tvdb", 2, 13, ""),
        ("tvdb", None, 1, "season_unknown"),
    ]


def test_the_id_of_one_more_site_harms_nobody() -> None:
    assert said_by(fribb.read, [FRIEREN | {"letterboxd_id": "x"}]) == said_by(fribb.read, [FRIEREN])


@pytest.mark.parametrize(("read", "field"), [(fribb.read, "season"), (arm.read, "mal_id")])
def test_a_field_that_is_gone_from_the_whole_table_is_an_unknown_schema(read: Any, field: str) -> None:
    rows = [{"anilist_id": 1, "anidb_id": 2, "kitsu_id": 3, "mal_id": 4, "themoviedb_id": {}, "season": {}}]
    kept = rows[0] if read is fribb.read else {"anilist_id": 1, "mal_id": 2}
    lacking = {name: value for name, value in kept.items() if name != field}
    assert len(said_by(read, [kept] + [lacking] * 1000)) == 1001
    with pytest.raises(Unreadable, match=field):
        said_by(read, [lacking] * 1000)


@pytest.mark.parametrize("value", [0, -1, MAX_ID + 1, 10**30])
def test_impossible_numbers_cost_the_row_alone(value: int) -> None:
    rows = said_by(arm.read, [{"anilist_id": value, "mal_id": 1}, {"anilist_id": 154587, "mal_id": 52991}])
    assert [len(row.pairs) for row in rows] == [0, 1]
    assert rows[0].refused == ("id",)


def test_an_offset_beyond_reason_costs_the_range_alone() -> None:
    (row,) = said_by(fribb.read, [FRIEREN | {"episode_offset": {"tmdb": 10**9}}])
    assert (len(row.pairs), row.ranges, row.refused) == (6, (), ("number",))


def test_arm_names_pairs_where_it_has_both() -> None:
    rows = [{"mal_id": 52991, "anilist_id": 154587, "annict_id": 10079, "syobocal_tid": 6776}, {"mal_id": 1}, {}]
    assert [len(row.pairs) for row in said_by(arm.read, rows)] == [1, 0, 0]


def test_anitrakt_is_believed_on_a_season_only_for_one_whole_entry() -> None:
    rows = [
        mal_row(52991, trakt=198225, season=1, tmdb=209867),
        mal_row(38524, trakt=1420, season=4, tmdb=1429),
        mal_row(40028, trakt=1420, season=4, tmdb=1429),
        mal_row(48583, trakt=1420, season=None, split=True, tmdb=1429),
        mal_row(25777, trakt=1420, season=2, split=True, tmdb=1429),
    ]
    unknown = (1, None, None, 1, "position", "flagged", "season_unknown")
    assert [plainly(one) for one in ranges_by(anitrakt.read_shows, rows)] == [
        (1, None, 1, 1, "position", "good", ""),
        *(unknown,) * 4,
    ]


def test_anitrakt_names_what_trakt_calls_a_show_or_film() -> None:
    (show,) = said_by(anitrakt.read_shows, [mal_row(52991, trakt=198225, season=1, tmdb=209867)])
    (film,) = said_by(anitrakt.read_films, [film_row(40456, 507292, 635302)])
    assert show.pairs == (("show", "tmdb", "209867", "trakt", "198225"),)
    assert film.pairs == (("movie", "tmdb", "635302", "trakt", "507292"),)
    assert (film.ranges[0].site, film.ranges[0].target_site, film.ranges[0].last) == ("myanimelist", "tmdb", 1)


def test_a_show_that_tmdb_lacks_is_found_at_trakt() -> None:
    (show,) = ranges_by(anitrakt.read_shows, [mal_row(1, trakt=7, season=2)])
    (film,) = ranges_by(anitrakt.read_films, [film_row(2, 8, None)])
    assert (show.target_site, show.target_id, show.season) == ("trakt", "7", 2)
    assert (film.target_site, film.target_id) == ("trakt", "8")


@pytest.mark.parametrize("missing", ["myanimelist", "trakt", "externals"])
def test_anitrakt_of_another_shape_fails_loudly(missing: str) -> None:
    row = mal_row(52991, trakt=198225, season=1, tmdb=209867)
    for read in (anitrakt.read_shows, anitrakt.read_films):
        with pytest.raises(Unreadable, match="Row 1"):
            said_by(read, [{name: value for name, value in row.items() if name != missing}])
