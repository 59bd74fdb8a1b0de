"""Written and read again, a list is what it was, in all that the format can hold."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.capability import SCALES
from library.entry import Entry, Kind, PartialDate, Status
from library.files.csv_file import shield, unshield
from library.files.mal_words import hold, write_mark
from library.files.model import Format
from library.files.reading import read_list
from library.stamps import Stamps
from tests.library.files import made
from tests.library.files.made import csv_file, json_file, mal_xml, opened, rows

LISTS = st.lists(made.ENTRIES, max_size=4)
KINDS = st.sampled_from(Kind)


@given(LISTS, KINDS)
def test_mal_xml(entries: list[Entry], kind: Kind) -> None:
    reading = read_list(opened(mal_xml(rows(entries, kind), kind)))
    assert (reading.format, reading.problems, reading.cut_short, dict(reading.ignored)) == (Format.MAL_XML, [], "", {})
    assert [each.entry for each in reading.entries] == [hold(entry, kind) for entry in entries]
    assert [(dict(each.work.ids), each.work.kind) for each in reading.entries] == [
        ({"myanimelist": str(number)}, kind) for number in range(1, len(entries) + 1)
    ]


@given(made.ENTRIES, KINDS)
def test_what_mal_xml_holds_it_holds_again(entry: Entry, kind: Kind) -> None:
    held = hold(entry, kind)
    assert hold(held, kind) == held
    assert (held.status, held.progress, held.repeats) == (entry.status, entry.progress, entry.repeats)
    assert (held.score == 0) == (entry.score == 0)


@given(LISTS, made.STAMPS)
def test_json(entries: list[Entry], stamps: Stamps) -> None:
    given_rows = rows(entries, stamps=stamps)
    reading = read_list(opened(json_file(given_rows)))
    assert (reading.format, reading.problems, reading.cut_short, dict(reading.ignored)) == (Format.JSON, [], "", {})
    assert [(each.entry, each.stamps, each.work) for each in reading.entries] == [
        (each.entry, each.stamps, each.work) for each in given_rows
    ]


@given(LISTS)
def test_csv(entries: list[Entry]) -> None:
    reading = read_list(opened(csv_file(rows(entries))))
    assert (reading.format, reading.problems, reading.cut_short, dict(reading.ignored)) == (Format.CSV, [], "", {})
    assert [(each.entry, each.work.ids) for each in reading.entries] == [
        (each.entry, each.work.ids) for each in rows(entries)
    ]


@given(made.TEXTS | st.text("'=+-@\t\r\n|a", max_size=6))
def test_no_cell_is_a_formula_and_each_comes_back(text: str) -> None:
    cell = shield(text)
    assert cell[:1] not in tuple("=+-@\t\r\n|")
    assert unshield(cell) == text


@pytest.mark.parametrize("make", [mal_xml, json_file, csv_file])
def test_packed_is_the_same_as_plain(make: object) -> None:
    assert callable(make)
    data = make(rows([Entry(Status.PAUSED, 3, score=70)]))
    halves = gzip.compress(data[:50]) + gzip.compress(data[50:]) + b"\x00" * 100
    assert [each.entry for each in read_list(opened(gzip.compress(data))).entries] == [
        each.entry for each in read_list(opened(data)).entries
    ]
    assert len(read_list(opened(halves)).entries) == 1


def test_the_marks_are_those_that_we_write_to_the_service() -> None:
    assert [write_mark(score) * 10 for score in range(101)] == [SCALES["10"].mark(score) for score in range(101)]


def test_a_spreadsheet_may_save_a_table_in_its_own_way() -> None:
    entry = Entry(Status.CURRENT, 12, score=85, started_on=PartialDate(2024), notes="eins; zwei", private=True)
    text = csv_file(rows([entry])).decode()
    head, row = text.splitlines()[:2]
    semicolons = f"{head.replace(',', ';')}\r\n{row.replace(',', ';')}\r\n".replace(";eins; zwei;", ';"eins; zwei";')
    for data in (
        text.encode("utf-8-sig"),
        text.encode("utf-16"),
        semicolons.encode(),
        text.replace("12", "12.0").encode(),
    ):
        assert [each.entry for each in read_list(opened(data)).entries] == [entry]
