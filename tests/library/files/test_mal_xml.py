"""MyAnimeList's list file: the quirks of real ones, and what we write."""

from __future__ import annotations

import re

import pytest

from library.entry import Entry, Kind, PartialDate, Status
from library.files.model import FileEntry, FileRefused, FileWork, Reading
from library.files.reading import read_list
from library.stamps import Stamp
from tests.library.files.made import mal_xml, opened

ANIME = """<?xml version="1.0" encoding="UTF-8" ?>
<!-- exported -->
<myanimelist>
  <myinfo>
    <user_id>99</user_id><user_name>someone</user_name><user_export_type>1</user_export_type>
    <user_total_anime>3</user_total_anime>
  </myinfo>
  <anime>
    <series_animedb_id>457</series_animedb_id>
    <series_title><![CDATA[Mushishi & <co>]]></series_title>
    <series_type>TV</series_type>
    <series_episodes>26</series_episodes>
    <my_id>0</my_id>
    <my_watched_episodes>26</my_watched_episodes>
    <my_start_date>2020-05-00</my_start_date>
    <my_finish_date>2020-00-00</my_finish_date>
    <my_rated></my_rated>
    <my_score>9</my_score>
    <my_storage></my_storage>
    <my_storage_value>0.00</my_storage_value>
    <my_status>Completed</my_status>
    <my_comments><![CDATA[ calm ]]&gt; ]]]]><![CDATA[>, twice ]]></my_comments>
    <my_times_watched>2</my_times_watched>
    <my_rewatch_value>High</my_rewatch_value>
    <my_priority>LOW</my_priority>
    <my_tags><![CDATA[slow, old]]></my_tags>
    <my_rewatching>1</my_rewatching>
    <my_rewatching_ep>0</my_rewatching_ep>
    <my_discuss>1</my_discuss>
    <my_sns>default</my_sns>
    <update_on_import>0</update_on_import>
  </anime>
"""


def anime(**fields: object) -> str:
    given = {"series_animedb_id": 1, "my_status": "Watching", **fields}
    return "<anime>" + "".join(f"<{name}>{value}</{name}>" for name, value in given.items()) + "</anime>"


def manga(**fields: object) -> str:
    given = {"manga_mangadb_id": 2, "my_status": "Reading", **fields}
    return "<manga>" + "".join(f"<{name}>{value}</{name}>" for name, value in given.items()) + "</manga>"


def read(*rows: str, end: str = "</myanimelist>") -> Reading:
    return read_list(opened(("<myanimelist>" + "".join(rows) + end).encode()))


def only(*rows: str) -> Entry:
    (each,) = read(*rows).entries
    return each.entry


def test_a_file_as_the_site_gives_it() -> None:
    reading = read_list(opened((ANIME + "</myanimelist>").encode()))
    assert reading.entries == [
        FileEntry(
            FileWork(Kind.ANIME, {"myanimelist": "457"}, ("Mushishi & <co>",), total=26),
            Entry(
                Status.REPEATING,
                26,
                score=90,
                started_on=PartialDate(2020, 5),
                finished_on=PartialDate(2020),
                repeats=2,
                notes=" calm ]]&gt; ]]>, twice ",
            ),
            {"*": Stamp(0.0, "file", "10")},
            8,
        )
    ]
    assert (dict(reading.ignored), reading.problems) == ({"my_rewatch_value": 1, "my_tags": 1}, [])


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Watching", Status.CURRENT),
        ("watching", Status.CURRENT),
        ("Completed", Status.COMPLETED),
        ("On-Hold", Status.PAUSED),
        ("Onhold", Status.PAUSED),
        ("on_hold", Status.PAUSED),
        ("Dropped", Status.DROPPED),
        ("Plan to Watch", Status.PLANNED),
        ("Rewatching", Status.REPEATING),
        *zip("12346", (Status.CURRENT, Status.COMPLETED, Status.PAUSED, Status.DROPPED, Status.PLANNED), strict=True),
    ],
)
def test_statuses_come_as_words_and_as_numbers(word: str, status: Status) -> None:
    assert only(anime(my_status=word)).status is status


@pytest.mark.parametrize("flag", ["1", "YES", "yes"])
def test_a_manga_is_repeated_by_another_word(flag: str) -> None:
    entry = only(
        manga(my_status="Completed", my_rereading=flag, my_read_chapters=12, my_read_volumes=3, my_times_read=1)
    )
    assert entry == Entry(Status.REPEATING, 12, 3, repeats=1)
    assert only(manga(my_status="Completed", my_rereading="NO")).status is Status.COMPLETED


def test_other_programs_call_some_things_differently() -> None:
    (each,) = read(
        "<manga><series_mangadb_id>13</series_mangadb_id><series_title>One</series_title>"
        "<my_status>Plan to Read</my_status></manga>"
    ).entries
    assert each.work == FileWork(Kind.MANGA, {"myanimelist": "13"}, ("One",))


@pytest.mark.parametrize(("text", "score"), [("0", 0), ("", 0), ("10", 100), ("8.5", 85), ("8.25", 82)])
def test_scores(text: str, score: int) -> None:
    assert only(anime(my_score=text)).score == score


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("my_score", "11"),
        ("my_score", "ten"),
        ("my_score", "-1"),
        ("my_start_date", "yesterday"),
        ("my_finish_date", "2020-13-01"),
        ("my_watched_episodes", "-3"),
        ("my_watched_episodes", "9" * 5000),
        ("my_times_watched", "1.5"),
        ("my_comments", "x" * 70_000),
        ("my_comments", "x" * 300_000),
    ],
)
def test_a_bad_field_is_left_out_and_named_and_the_row_stays(field: str, text: str) -> None:
    reading = read(anime(series_title="Mushishi", **{field: text}), anime(series_animedb_id=2))
    assert [each.entry for each in reading.entries] == [Entry(Status.CURRENT)] * 2
    (problem,) = reading.problems
    assert (problem.place, problem.text.startswith(field)) == (1, True)


@pytest.mark.parametrize("status", ["", "Enjoying", "7"])
def test_a_row_without_a_status_is_left_out_and_the_others_stay(status: str) -> None:
    reading = read(anime(my_status=status, series_title="Mushishi"), anime(series_animedb_id=2))
    assert [each.work.ids for each in reading.entries] == [{"myanimelist": "2"}]
    assert [(problem.title, "status" in problem.text) for problem in reading.problems] == [("Mushishi", True)]


def test_no_id_and_no_title_are_no_reason_to_drop_a_row() -> None:
    reading = read(anime(series_animedb_id=0), anime(series_animedb_id="<b>1</b>", series_title=""))
    assert [(each.work.ids, each.work.titles) for each in reading.entries] == [({}, ()), ({}, ())]


def test_the_same_id_twice_is_two_rows_here() -> None:
    assert len(read(anime(), anime()).entries) == 2


def test_a_file_that_is_cut_short_gives_what_was_whole() -> None:
    reading = read(anime(), "<anime><series_animedb_id>5", end="")
    assert [each.work.ids for each in reading.entries] == [{"myanimelist": "1"}]
    assert reading.cut_short == "From line 1 on this is no XML."


@pytest.mark.parametrize("declared", ["ISO-8859-1", "windows-1252", "UTF-16"])
def test_other_encodings_are_read_as_they_are_declared(declared: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?><myanimelist>{anime(series_title="Café")}</myanimelist>'
    (each,) = read_list(opened(text.encode(declared))).entries
    assert each.work.title == "Café"


@pytest.mark.parametrize("declared", ["x-nonsense", "shift_jis"])
def test_an_encoding_that_is_not_known_is_said(declared: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?><myanimelist></myanimelist>'
    with pytest.raises(FileRefused, match="encoding"):
        read_list(opened(text.encode()))


# Written ----------------------------------------------------------------------------------------------------


def test_what_we_write_is_what_the_importers_take() -> None:
    work = FileWork(Kind.ANIME, {"myanimelist": "457", "anilist": "1"}, ("Mushi]]>shi",), "tv", 2005, 26)
    entry = Entry(
        Status.REPEATING,
        3,
        score=84,
        started_on=PartialDate(2020, 5),
        finished_on=PartialDate(0, 5, 3),
        repeats=1,
        notes="a\x01b",
    )
    text = mal_xml([FileEntry(work, entry)], Kind.ANIME).decode()
    values = dict(re.findall(r"<(\w+)>([^\n]*)</\1>", text))
    assert values == {
        "user_id": "",
        "user_name": "",
        "user_export_type": "1",
        "user_total_anime": "1",
        "user_total_watching": "0",
        "user_total_completed": "1",
        "user_total_onhold": "0",
        "user_total_dropped": "0",
        "user_total_plantowatch": "0",
        "series_animedb_id": "457",
        "series_title": "<![CDATA[Mushi]]]]><![CDATA[>shi]]>",
        "series_type": "TV",
        "series_episodes": "26",
        "my_id": "0",
        "my_watched_episodes": "3",
        "my_start_date": "2020-05-00",
        "my_finish_date": "0000-00-00",
        "my_score": "8",
        "my_status": "Completed",
        "my_comments": "<![CDATA[ab]]>",
        "my_times_watched": "1",
        "my_tags": "<![CDATA[]]>",
        "my_rewatching": "1",
        "update_on_import": "1",
    }


def test_a_manga_has_its_own_words() -> None:
    work = FileWork(Kind.MANGA, {"myanimelist": "2"}, ("Berserk",), "manga", 0, 380, 41)
    text = mal_xml([FileEntry(work, Entry(Status.PLANNED, 5, 1))]).decode()
    for line in (
        "<user_export_type>2</user_export_type>",
        "<user_total_plantoread>1</user_total_plantoread>",
        "<manga_mangadb_id>2</manga_mangadb_id>",
        "<manga_volumes>41</manga_volumes>",
        "<manga_chapters>380</manga_chapters>",
        "<my_read_volumes>1</my_read_volumes>",
        "<my_read_chapters>5</my_read_chapters>",
        "<my_status>Plan to Read</my_status>",
        "<my_rereading>NO</my_rereading>",
    ):
        assert line in text
    assert "series_type" not in text


def test_works_without_an_id_there_are_named_and_the_other_kind_is_passed_over() -> None:
    without = FileEntry(FileWork(Kind.ANIME, {"kitsu": "1"}, ("A -->--> <b>",)), Entry(Status.CURRENT))
    other = FileEntry(FileWork(Kind.MANGA, {"myanimelist": "2"}, ("Berserk",)), Entry(Status.CURRENT))
    text = mal_xml([without, other], Kind.ANIME).decode()
    assert "has no id for it here: A ‐‐>‐‐> <b> -->" in text
    assert ("<anime>" in text, "Berserk" in text, "1 anime left out" in text) == (False, False, True)
    assert read_list(opened(text.encode())).entries == []
