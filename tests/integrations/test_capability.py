"""Scales and projections: every score on every scale, and what a side can hold of everything else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.capability import (
    LIBRARY_SCALE,
    SCALES,
    Capability,
    Scale,
    Totals,
    project,
    project_value,
    shown_value,
)
from library.entry import EMPTY, FIELDS, NO_DATE, Entry, PartialDate, Status
from tests.core.strategies import entries

ALL = frozenset(FIELDS)
EVERY_SCALE = pytest.mark.parametrize("scale", SCALES.values(), ids=list(SCALES))
EVERY_SCORE = range(1, 101)


@EVERY_SCALE
def test_marks_and_what_they_stand_for_cover_every_score_once(scale: Scale) -> None:
    assert len(scale.marks) == len(scale.tops)
    assert all(low < high for low, high in pairwise(scale.marks))
    assert all(low < high for low, high in pairwise(scale.tops))
    assert (scale.tops[-1], scale.marks[-1] <= 100, scale.marks[0] >= 1) == (100, True, True)
    covered = [score for mark in scale.marks for score in range(scale.opinions(mark)[0], scale.opinions(mark)[1] + 1)]
    assert covered == list(EVERY_SCORE)


@EVERY_SCALE
def test_every_score_has_a_mark_that_stands_for_it(scale: Scale) -> None:
    for score in EVERY_SCORE:
        low, high = scale.opinions(scale.mark(score))
        assert low <= score <= high
        assert scale.mark(score) in scale.marks


@EVERY_SCALE
def test_a_mark_is_its_own_mark_and_no_score_is_none(scale: Scale) -> None:
    for mark in scale.marks:
        assert scale.mark(mark) == mark
    assert (scale.mark(0), scale.write(0), scale.opinions(0)) == (0, 0, (0, 0))
    assert all(scale.mark(score) > 0 and scale.write(score) > 0 for score in EVERY_SCORE)


@EVERY_SCALE
def test_marks_rise_with_scores(scale: Scale) -> None:
    marks = [scale.mark(score) for score in range(101)]
    assert marks == sorted(marks)


@EVERY_SCALE
def test_what_is_written_shows_the_same_mark_when_it_is_read(scale: Scale) -> None:
    for score in EVERY_SCORE:
        assert scale.mark(scale.write(score)) == scale.mark(score)
        assert scale.write(scale.write(score)) == scale.write(score)
        assert scale.write(score) == (score if scale.exact else scale.mark(score))


@EVERY_SCALE
def test_a_value_between_marks_came_from_a_finer_hand(scale: Scale) -> None:
    for score in EVERY_SCORE:
        if score not in scale.marks:
            assert scale.opinions(score) == (score, score)


@pytest.mark.parametrize(
    ("slug", "score", "mark"),
    [
        ("10", 84, 80),
        ("10", 85, 90),
        ("10", 1, 10),
        ("10", 14, 10),
        ("10", 15, 20),
        ("20", 12, 10),
        ("20", 13, 15),
        ("20", 1, 10),
        ("20", 97, 95),
        ("20", 98, 100),
        ("anilist:POINT_5", 29, 10),
        ("anilist:POINT_5", 30, 30),
        ("anilist:POINT_5", 89, 70),
        ("anilist:POINT_5", 90, 90),
        ("anilist:POINT_3", 35, 35),
        ("anilist:POINT_3", 36, 60),
        ("anilist:POINT_3", 60, 60),
        ("anilist:POINT_3", 61, 85),
        ("anilist:POINT_10", 95, 100),
    ],
)
def test_thresholds(slug: str, score: int, mark: int) -> None:
    assert SCALES[slug].mark(score) == mark


def test_the_library_keeps_every_score() -> None:
    assert [LIBRARY_SCALE.mark(score) for score in range(101)] == list(range(101))


def side(**values: Any) -> Capability:
    return Capability(ALL, SCALES["100"], **values)


DAY, MONTH, YEAR = PartialDate(2024, 5, 3), PartialDate(2024, 5), PartialDate(2024)


@pytest.mark.parametrize(
    ("capability", "value", "stored"),
    [
        (side(), MONTH, MONTH),
        (side(full_dates=True), DAY, DAY),
        (side(full_dates=True), MONTH, NO_DATE),
        (side(full_dates=True), YEAR, NO_DATE),
        (side(full_dates=True), PartialDate(0, 5, 3), NO_DATE),
        (side(needs_year=True), MONTH, MONTH),
        (side(needs_year=True), PartialDate(0, 5, 3), NO_DATE),
        (side(needs_year=True), PartialDate(2024, 0, 3), YEAR),
        (side(needs_year=True), NO_DATE, NO_DATE),
    ],
)
def test_dates_as_a_side_can_store_them(capability: Capability, value: PartialDate, stored: PartialDate) -> None:
    assert project_value("started_on", value, capability) == stored


def test_counts_are_capped_and_cut() -> None:
    capped = side(limits={"repeats": 50})
    assert [project_value("repeats", value, capped) for value in (49, 50, 51)] == [49, 50, 50]
    assert project_value("progress", 99, capped, Totals(12)) == 99
    clamping = side(clamps=True)
    assert [project_value("progress", value, clamping, Totals(12)) for value in (11, 12, 13)] == [11, 12, 12]
    assert project_value("progress", 13, clamping) == 13
    assert project_value("progress_volumes", 9, clamping, Totals(12, 3)) == 3
    assert project_value("repeats", 99, clamping, Totals(12)) == 99


def test_a_status_that_a_side_lacks_is_shown_as_its_fallback() -> None:
    lacking = side(statuses=frozenset(Status) - {Status.REPEATING}, fallback={Status.REPEATING: Status.CURRENT})
    assert project_value("status", Status.REPEATING, lacking) is Status.CURRENT
    assert project_value("status", Status.DROPPED, lacking) is Status.DROPPED


def test_a_score_is_written_exactly_where_the_service_can_and_shown_as_a_mark() -> None:
    stars = Capability(ALL, SCALES["anilist:POINT_5"])
    assert (project_value("score", 87, stars), shown_value("score", 87, stars)) == (87, 70)
    ten = Capability(ALL, SCALES["10"])
    assert (project_value("score", 87, ten), shown_value("score", 87, ten)) == (90, 90)
    assert shown_value("notes", "x", ten) == "x"


@given(entries, st.frozensets(st.sampled_from(FIELDS)), st.sampled_from(sorted(SCALES)))
def test_a_projection_is_at_rest_and_empty_where_nothing_can_be_held(
    entry: Entry, fields: frozenset[str], scale: str
) -> None:
    capability = Capability(fields, SCALES[scale], full_dates=True, limits={"repeats": 50}, clamps=True)
    shown = project(entry, capability, Totals(12, 2))
    assert project(shown, capability, Totals(12, 2)) == shown
    assert all(shown.get(name) == EMPTY[name] for name in FIELDS if name not in fields | {"status"})
    assert shown.status == entry.status


def test_restricting_to_chosen_fields_changes_nothing_else() -> None:
    whole = side(clamps=True, can_delete=False)
    assert whole.only(frozenset({"score", "nonsense"})) == replace(whole, fields=frozenset({"score"}))
