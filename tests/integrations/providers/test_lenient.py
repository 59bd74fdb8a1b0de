from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.providers import lenient
from library.entry import MAX_COUNT, MAX_NOTES, NO_DATE, InvalidEntry, PartialDate


@pytest.mark.parametrize(
    ("value", "count"),
    [(None, 0), (-3, 0), (0, 0), (12, 12), (12.9, 12), (10**30, MAX_COUNT), (float("inf"), MAX_COUNT)],
)
def test_count_stays_in_its_range(value: float | None, count: int) -> None:
    assert lenient.read_count(value) == count


@pytest.mark.parametrize(
    ("value", "score"), [(None, 0), (-1, 0), (0, 0), (0.2, 1), (84.5, 85), (84.4, 84), (100, 100), (950, 100)]
)
def test_score_rounds_half_up_and_a_mark_is_never_lost(value: float | None, score: int) -> None:
    assert lenient.read_score(value) == score


def test_impossible_parts_of_a_date_are_unknown() -> None:
    assert lenient.read_date(20222, 13, 32) == NO_DATE
    assert lenient.read_date(2022, 13, 5) == PartialDate(2022, 0, 5)
    assert lenient.read_date(None, None, None) == NO_DATE
    assert lenient.read_date(-5, 4, None) == PartialDate(0, 4, 0)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        (None, NO_DATE),
        ("", NO_DATE),
        ("2024", PartialDate(2024)),
        ("2024-05", PartialDate(2024, 5)),
        ("2024-05-03", PartialDate(2024, 5, 3)),
        ("2024-00-00", PartialDate(2024)),
        ("0000-00-00", NO_DATE),
        ("2024-13-01", PartialDate(2024, 0, 1)),
    ],
)
def test_date_text(text: str | None, date: PartialDate) -> None:
    assert lenient.read_date_text(text) == date


@pytest.mark.parametrize("text", ["soon", "03/05/2024", "2024-05-03T10:00:00Z", "-2024"])
def test_text_that_is_no_date_is_not_taken_for_no_date(text: str) -> None:
    with pytest.raises(InvalidEntry):
        lenient.read_date_text(text)


def test_note_loses_nul_and_what_is_too_long() -> None:
    assert lenient.read_note("a\x00b") == "ab"
    assert lenient.read_note("x" * 100_000) == "x" * MAX_NOTES
    assert lenient.read_note(None) == ""
    assert lenient.read_note("\u202e<b>&amp;\n") == "\u202e<b>&amp;\n"


def test_moment() -> None:
    assert lenient.read_moment(1_700_000_000) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert [lenient.read_moment(value) for value in (None, 0, -1, 10**18)] == [None] * 4
    moment = datetime(2023, 10, 21, 19, 22, 6, tzinfo=UTC)
    assert lenient.read_moment_text("2023-10-21T19:22:06+00:00") == moment
    assert lenient.read_moment_text("2023-10-21T19:22:06") == moment
    assert lenient.read_moment_text("2023-10-21T21:22:06+02:00") == moment
    assert [lenient.read_moment_text(text) for text in (None, "", "yesterday")] == [None] * 3


def test_titles_are_lines_without_marks_that_turn_the_text_around() -> None:
    titles = lenient.read_titles(
        ["  Cowboy\nBebop\x00", "Cowboy Bebop", None, "", "\x07", "\u202eevil\u202c", "カウボーイ"]
    )
    assert titles == ("Cowboy Bebop", "evil", "カウボーイ")
    assert lenient.read_titles(["t" * 900]) == ("t" * 500,)


def test_number_ids() -> None:
    assert lenient.number_ids(["5", "007", "5", "-1", "0", "x", "٣", "2147483647", "2147483648", "9" * 40]) == [
        5,
        7,
        2147483647,
    ]
