"""Anime-Lists: spans and single episodes over a default, and XML that means harm. id-mapping.md 3.7."""

from __future__ import annotations

import io
from typing import Any

import pytest

from library.mappings import animelists
from library.mappings.said import Range, Said, Unreadable
from tests.library.mappings.build import plainly


def anime(inner: str = "", **attributes: str) -> str:
    given = {"anidbid": "69", "tmdbtv": "37854", "tmdbseason": "1", **attributes}
    words = " ".join(f'{name}="{value}"' for name, value in given.items())
    return f"<anime {words}><name>A &amp; B</name>{inner}</anime>"


def mapping(text: str = "", **attributes: str) -> str:
    given = {"anidbseason": "1", "tmdbseason": "1", **attributes}
    words = " ".join(f'{name}="{value}"' for name, value in given.items())
    return f"<mapping {words}>{text}</mapping>"


def read(*rows: str) -> list[Said]:
    content = f'<?xml version="1.0" encoding="utf-8"?>\n<anime-list>\n{"".join(rows)}</anime-list>'
    return list(animelists.read(io.BytesIO(content.encode())))


def ranges(*mappings: str, **attributes: str) -> list[Range]:
    inner = f"<mapping-list>{''.join(mappings)}</mapping-list>" if mappings else ""
    return list(read(anime(inner, **attributes))[0].ranges)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, (1, None, 1, 1, "position", "good", "")),
        ({"tmdbseason": "3", "tmdboffset": "12"}, (1, None, 3, 13, "position", "good", "")),
        ({"tmdbseason": "a"}, (1, None, None, 1, "absolute", "good", "")),
        ({"tmdbseason": "a", "tmdboffset": "64"}, (1, None, None, 65, "absolute", "flagged", "absolute")),
        ({"tmdbseason": "0"}, (1, None, 0, 1, "position", "flagged", "season_zero")),
        ({"tmdbseason": ""}, (1, None, None, 1, "position", "flagged", "season_unknown")),
        ({"tmdboffset": "-1"}, (2, None, 1, 1, "position", "flagged", "offset")),
    ],
)
def test_the_default(attributes: dict[str, str], expected: tuple[Any, ...]) -> None:
    assert [plainly(one) for one in ranges(**attributes)] == [expected]


def test_spans_restart_each_season_and_leave_the_rest_to_the_default() -> None:
    found = ranges(
        mapping(tmdbseason="2", start="62", end="77", offset="-61"),
        mapping(tmdbseason="1", start="1", end="61"),
        tmdbseason="a",
    )
    assert [plainly(one)[:5] for one in found] == [
        (1, 61, 1, 1, "position"),
        (62, 77, 2, 1, "position"),
        (78, None, None, 78, "absolute"),
    ]


def test_single_episodes_go_before_spans_and_join_into_runs() -> None:
    found = ranges(mapping(";3-1;4-2;", tmdbseason="0"), mapping(tmdbseason="2", start="1", end="6"))
    assert [plainly(one)[:4] for one in found] == [(1, 2, 2, 1), (3, 4, 0, 1), (5, 6, 2, 5), (7, None, 1, 7)]
    assert [one.state for one in found] == ["good"] * 4


def test_a_special_needs_a_number_of_its_own() -> None:
    found = ranges(mapping(";1-13;", tmdbseason="0"), tmdbseason="0")
    assert [plainly(one) for one in found] == [
        (1, 1, 0, 13, "position", "good", ""),
        (2, None, 0, 2, "position", "flagged", "season_zero"),
    ]


@pytest.mark.parametrize("nothing", ["0", "-0"])
def test_nought_is_no_counterpart(nothing: str) -> None:
    found = ranges(mapping(f";1-{nothing};2-{nothing};3-1;"))
    assert [plainly(one) for one in found][:2] == [
        (1, 2, 1, 1, "position", "unmapped", "none"),
        (3, 3, 1, 1, "position", "good", ""),
    ]


def test_one_in_two_parts_and_several_in_one() -> None:
    halves = ranges(mapping(";1-1+2;2-3+4;3-5;", tmdbseason="2"))
    assert [(one.first, one.last, one.start, one.per_entry, one.per_target) for one in halves][:2] == [
        (1, 2, 1, 1, 2),
        (3, 3, 5, 1, 1),
    ]
    joined = ranges(mapping(";1-5;2-5;3-5;4-6;", tmdbseason="2"))
    assert [(one.first, one.last, one.start, one.per_entry, one.per_target) for one in joined][:2] == [
        (1, 3, 5, 3, 1),
        (4, 4, 6, 1, 1),
    ]


def test_specials_and_tvdb_are_not_the_entrys_episodes_at_tmdb() -> None:
    tvdb = '<mapping anidbseason="1" tvdbseason="2" start="13" end="24" offset="-12"/>'
    assert len(ranges(mapping(";1-4;", anidbseason="0", tmdbseason="0"), tvdb)) == 1


def test_tvdb_is_asked_only_where_tmdb_has_nothing() -> None:
    span = '<mapping anidbseason="1" tvdbseason="2" start="13" end="24" offset="-12"/>'
    found = ranges(span, tmdbtv="", tvdbid="81797", defaulttvdbseason="1")
    assert [(one.target_site, *plainly(one)[:4]) for one in found] == [
        *(("tvdb", 1, 12, 1, 1), ("tvdb", 13, 24, 2, 1), ("tvdb", 25, None, 1, 25)),
    ]
    absolute = ranges(tmdbtv="", tvdbid="81797", defaulttvdbseason="a")
    assert [(one.target_site, one.flag) for one in absolute] == [("tvdb", "season_unknown")]
    assert ranges(tmdbtv="", tvdbid="OVA") == []


@pytest.mark.parametrize(
    "wrong",
    [
        mapping(";a-1;"),
        mapping(";1-;"),
        mapping(";1;"),
        mapping(";0-1;"),
        mapping(";1-1+3;"),
        mapping(";1-0+1;"),
        mapping(f";1-{'9' * 400};"),
        mapping(start="5", end="3"),
        mapping(start="1", offset="-5"),
        mapping(start="x"),
        mapping(tmdbseason="b"),
        mapping(";1-1;" * 6000),
    ],
)
def test_a_mapping_that_makes_no_sense_is_left_out(wrong: str) -> None:
    (row,) = read(anime(f"<mapping-list>{wrong}</mapping-list>"))
    assert (len(row.ranges), len(row.refused)) == (1, 1)


def test_films() -> None:
    one, several, imdb, show = read(
        anime(tmdbtv="", tmdbid="635302"),
        anime(tmdbtv="", tmdbid="357786,362584"),
        anime(tmdbtv="", tvdbid="movie", imdbid="tt0119698"),
        anime(tmdbtv="", tvdbid="OVA", imdbid="tt0119698"),
    )
    assert [(range_.target_id, range_.flag) for range_ in one.ranges] == [("635302", "")]
    assert [(range_.target_id, range_.flag) for range_ in several.ranges] == [("357786", "check"), ("362584", "check")]
    assert [(range_.target_site, range_.target_id) for range_ in imdb.ranges] == [("imdb", "tt0119698")]
    assert show.ranges == ()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f'<!DOCTYPE l [<!ENTITY l0 "ha">{LAUGHS}]><anime-list><anime anidbid="&l9;"/></anime-list>', "document type"),
        ('<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hostname">]><anime-list>&x;</anime-list>', "document type"),
        ('<!DOCTYPE l SYSTEM "http://127.0.0.1:9/x.dtd"><anime-list/>', "document type"),
        ('<anime-list><anime anidbid="1">&x;</anime></anime-list>', "no XML"),
        ("<html><body>Not found</body></html>", "not the table"),
        ("<anime-list><entry/></anime-list>", "not the table"),
        (f"<anime-list>{'<anime>' * 5000}", "not the table|another schema"),
        ('<anime-list><anime id="1"/></anime-list>', "another schema"),
        ("<anime-list/><anime-list/>", "no XML"),
        ("", "ends in the middle"),
        ('[{"anidb_id": 1}]', "no XML"),
        (f"<anime-list>{anime(mapping('1' * 200_000))}</anime-list>", "too long"),
        (f"<anime-list>{anime(mapping() * 2000)}</anime-list>", "too many"),
    ],
)
def test_hostile_or_foreign_xml_is_refused(content: str, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        list(animelists.read(io.BytesIO(content.encode())))


@pytest.mark.parametrize("cut", [1, 14, 40, 120])
def test_half_a_file_is_refused(cut: int) -> None:
    content = f"<anime-list>{anime(anidbid='1')}{anime(anidbid='2')}</anime-list>"
    with pytest.raises(Unreadable, match="ends in the middle"):
        list(animelists.read(io.BytesIO(content[:-cut].encode())))


def test_nothing_impossible_is_believed() -> None:
    rows = read(anime(anidbid="0"), anime(anidbid="9" * 30), anime(tmdbtv="-5"), anime(tmdbseason="-1"))
    assert [(row.ranges, row.refused) for row in rows] == [
        ((), ("id",)),
        ((), ("number",)),
        ((), ("number",)),
        ((), ("number",)),
    ]
