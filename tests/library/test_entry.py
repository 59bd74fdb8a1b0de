"""Units and ranges: what may be stored, what is refused, and that JSON loses nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.entry import (
    COUNT_FIELDS,
    DATE_FIELDS,
    EMPTY,
    FIELDS,
    MAX_COUNT,
    MAX_NOTES,
    NO_DATE,
    Entry,
    InvalidEntry,
    PartialDate,
    Status,
    clean_value,
    entry_from_json,
    entry_to_json,
    to_json,
)

dates = st.builds(PartialDate, st.integers(0, 9999), st.integers(0, 12), st.integers(0, 31))
counts = st.integers(0, MAX_COUNT)
entries = st.builds(
    Entry,
    status=st.sampled_from(Status),
    progress=counts,
    progress_volumes=counts,
    score=st.integers(0, 100),
    started_on=dates,
    finished_on=dates,
    repeats=counts,
    notes=st.text(max_size=50).map(lambda text: text.replace("\x00", "")),
    private=st.booleans(),
)


def test_every_field_but_the_status_has_an_empty_value_and_starts_with_it() -> None:
    blank = Entry(Status.PLANNED)
    assert {name: blank.get(name) for name in FIELDS if name != "status"} == EMPTY
    assert FIELDS[0] == "status"
    assert {"started_on", "finished_on"} == DATE_FIELDS
    assert {"progress", "progress_volumes", "repeats"} == COUNT_FIELDS


def test_an_entry_is_a_value() -> None:
    entry = Entry(Status.PLANNED)
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.score = 5  # type: ignore[misc]
    assert entry.with_(score=5) == Entry(Status.PLANNED, score=5)
    assert entry.score == 0


def test_changed_names_the_fields_in_their_order() -> None:
    one = Entry(Status.PLANNED, notes="x", score=5)
    assert one.changed(Entry(Status.PAUSED, score=6)) == ("status", "score", "notes")
    assert one.changed(one) == ()


@given(entries)
def test_json_loses_nothing(entry: Entry) -> None:
    assert entry_from_json(entry_to_json(entry)) == entry


@given(dates)
def test_a_date_reads_back_what_it_writes(date: PartialDate) -> None:
    assert PartialDate.parse(str(date)) == date


@pytest.mark.parametrize(
    ("date", "text"),
    [
        (PartialDate(2024, 5, 3), "2024-05-03"),
        (PartialDate(2024, 5), "2024-05"),
        (PartialDate(2024), "2024"),
        (PartialDate(0, 5, 3), "????-05-03"),
        (PartialDate(2024, 0, 3), "2024-??-03"),
        (PartialDate(0, 5), "????-05"),
        (PartialDate(7), "0007"),
        (NO_DATE, ""),
    ],
)
def test_dates_as_text(date: PartialDate, text: str) -> None:
    assert str(date) == text
    assert bool(date) == (text != "")


@pytest.mark.parametrize(
    "text", ["x", "2024-13", "2024-01-32", "10000", "2024-05-03-01", "-1-2-3", "2024-5x", "yesterday"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidEntry) as caught:
        PartialDate.parse(text)
    assert caught.value.field == "date"
    assert repr(text) in str(caught.value) or "is not a date" in str(caught.value)


def test_coarsens() -> None:
    day, month, year = PartialDate(2024, 5, 3), PartialDate(2024, 5), PartialDate(2024)
    assert (year.coarsens(day), year.coarsens(month), month.coarsens(day)) == (True, True, True)
    assert (day.coarsens(year), day.coarsens(PartialDate(2024, 5, 4)), month.coarsens(PartialDate(2024))) == (
        False,
    ) * 3
    assert day.coarsens(day)
    assert NO_DATE.coarsens(day)


@given(dates, dates)
def test_two_dates_that_coarsen_each_other_are_one(one: PartialDate, two: PartialDate) -> None:
    assert (one.coarsens(two) and two.coarsens(one)) == (one == two)


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("status", "completed", Status.COMPLETED),
        ("status", Status.PAUSED, Status.PAUSED),
        ("score", 0, 0),
        ("score", 100, 100),
        ("progress", MAX_COUNT, MAX_COUNT),
        ("started_on", "2024-05", PartialDate(2024, 5)),
        ("finished_on", PartialDate(2024), PartialDate(2024)),
        ("started_on", "", NO_DATE),
        ("notes", "a\x00b", "ab"),
        ("notes", "x" * MAX_NOTES, "x" * MAX_NOTES),
        ("notes", "<b>\u202eabc</b>", "<b>\u202eabc</b>"),
        ("private", True, True),
    ],
)
def test_good_values_are_stored(field: str, value: Any, stored: Any) -> None:
    assert clean_value(field, value) == stored


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "watching"),
        ("status", None),
        ("score", 101),
        ("score", -1),
        ("score", 8.5),
        ("score", "80"),
        ("score", True),
        ("progress", -1),
        ("progress", MAX_COUNT + 1),
        ("progress", None),
        ("repeats", False),
        ("started_on", 2024),
        ("started_on", None),
        ("notes", None),
        ("notes", "x" * (MAX_NOTES + 1)),
        ("private", 1),
        ("private", "true"),
        ("title", "x"),
    ],
)
def test_bad_values_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(InvalidEntry) as caught:
        clean_value(field, value)
    assert caught.value.field == field
    assert str(caught.value) == f"{field}: {caught.value.message}"


def test_an_entry_from_json_needs_its_status_and_knows_its_fields() -> None:
    assert entry_from_json({"status": "planned"}) == Entry(Status.PLANNED)
    with pytest.raises(InvalidEntry, match="status: is required"):
        entry_from_json({"score": 5})
    with pytest.raises(InvalidEntry, match="rating: is not a field"):
        entry_from_json({"status": "planned", "rating": 5})


def test_json_forms_are_plain() -> None:
    assert to_json("status", Status.PAUSED) == "paused"
    assert to_json("started_on", PartialDate(2024, 5)) == "2024-05"
    assert to_json("score", 5) == 5
    assert type(to_json("status", Status.PAUSED)) is str
