"""When two values are one opinion, and which of them says more."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.capability import SCALES, Capability, Totals
from library.entry import FIELDS, NO_DATE, PartialDate, Status
from library.stamps import Stamp
from syncing.core.compare import agrees, is_empty, is_finer, restates, shows

DAY, MONTH, YEAR = PartialDate(2024, 5, 3), PartialDate(2024, 5), PartialDate(2024)
UNKNOWN_YEAR = PartialDate(0, 5, 3)
ALL = frozenset(FIELDS)
NOW = Totals(12)


def side(scale: str = "100", **values: Any) -> Capability:
    return Capability(ALL, SCALES[scale], **values)


def by(scale: str) -> Stamp:
    return Stamp(1.0, "library", scale)


@pytest.mark.parametrize(
    ("field", "value", "empty"),
    [
        ("score", 0, True),
        ("score", 1, False),
        ("notes", "", True),
        ("notes", " ", False),
        ("started_on", NO_DATE, True),
        ("started_on", YEAR, False),
        ("private", False, True),
        ("status", Status.PLANNED, False),
    ],
)
def test_what_nobody_has_said(field: str, value: Any, empty: bool) -> None:
    assert is_empty(field, value) is empty


@pytest.mark.parametrize(
    ("theirs", "scale", "mine", "of", "one"),
    [
        (90, "10", 87, "100", True),
        (90, "10", 84, "100", False),
        (90, "10", 85, "100", True),
        (90, "10", 94, "100", True),
        (90, "10", 95, "100", False),
        (90, "10", 85, "20", True),  # 85..94 and 83..87: neither rounds to the other
        (80, "10", 85, "20", True),  # 75..84 and 83..87
        (70, "10", 85, "20", False),
        (10, "10", 1, "100", True),  # the lowest mark stands for everything below it
        (10, "20", 12, "100", True),
        (10, "20", 13, "100", False),
        (0, "10", 1, "100", False),
        (10, "10", 0, "100", False),
        (0, "10", 0, "100", True),
        (100, "10", 95, "100", True),
        (83, "anilist:POINT_10", 84, "100", False),  # between marks: from a finer hand, exact
        (80, "anilist:POINT_10", 84, "100", True),
    ],
)
def test_scores_agree_when_what_they_stand_for_overlaps(theirs: int, scale: str, mine: int, of: str, one: bool) -> None:
    assert agrees("score", theirs, mine, by(of), side(scale), NOW) is one


@pytest.mark.parametrize(
    ("theirs", "mine", "one"),
    [
        (DAY, YEAR, True),
        (YEAR, DAY, True),
        (DAY, MONTH, True),
        (DAY, PartialDate(2023), False),
        (UNKNOWN_YEAR, DAY, True),
        (UNKNOWN_YEAR, YEAR, False),
        (NO_DATE, DAY, False),
        (DAY, NO_DATE, False),
        (NO_DATE, NO_DATE, True),
    ],
)
def test_days_agree_when_neither_contradicts_the_other(theirs: PartialDate, mine: PartialDate, one: bool) -> None:
    assert agrees("started_on", theirs, mine, by("100"), side(), NOW) is one


def test_what_a_side_shows_of_a_value_agrees_with_it() -> None:
    narrow = side(full_dates=True, limits={"repeats": 50}, clamps=True, fallback={Status.REPEATING: Status.CURRENT})
    narrow = Capability(
        ALL, narrow.scale, frozenset(Status) - {Status.REPEATING}, narrow.fallback, limits=narrow.limits
    )
    assert agrees("repeats", 50, 60, by("100"), narrow, NOW)
    assert agrees("status", Status.CURRENT, Status.REPEATING, by("100"), narrow, NOW)
    assert not agrees("status", Status.PAUSED, Status.REPEATING, by("100"), narrow, NOW)
    clamping = side(clamps=True)
    assert agrees("progress", 12, 14, by("100"), clamping, NOW)
    assert not agrees("progress", 12, 14, by("100"), clamping, Totals(0))
    assert not agrees("notes", "a", "b", by("100"), clamping, NOW)


@pytest.mark.parametrize(
    ("theirs", "scale", "mine", "of", "finer"),
    [
        (87, "100", 90, "10", True),
        (90, "10", 87, "100", False),
        (85, "20", 90, "10", True),
        (90, "10", 85, "20", False),
        (90, "100", 90, "10", True),
        (90, "10", 90, "100", False),
        (90, "10", 90, "10", False),
        (0, "100", 0, "10", False),
    ],
)
def test_the_finer_score(theirs: int, scale: str, mine: int, of: str, finer: bool) -> None:
    assert is_finer("score", theirs, mine, by(of), side(scale)) is finer


def test_the_finer_day() -> None:
    assert is_finer("started_on", DAY, YEAR, by("100"), side())
    assert not is_finer("started_on", YEAR, DAY, by("100"), side())
    assert not is_finer("started_on", DAY, DAY, by("100"), side())
    assert not is_finer("progress", 5, 4, by("100"), side())


def test_restating_is_no_vote() -> None:
    assert restates("score", 90, 87, side("10"), NOW)
    assert not restates("score", 90, 84, side("10"), NOW)
    # 85 of 20 marks is said by a finer hand than 90 of ten: it is news.
    assert not restates("score", 85, 90, side("20"), NOW)
    assert not restates("score", 0, 1, side("10"), NOW)
    assert not restates("score", 10, 0, side("10"), NOW)
    assert restates("started_on", YEAR, DAY, side(), NOW)
    assert not restates("started_on", DAY, YEAR, side(), NOW)
    assert not restates("started_on", NO_DATE, DAY, side(), NOW)
    assert restates("progress", 12, 14, side(clamps=True), NOW)
    assert not restates("progress", 11, 14, side(clamps=True), NOW)
    assert restates("notes", "a", "a", side(), NOW)


def test_a_side_that_shows_the_best_it_can_is_not_written() -> None:
    assert shows("score", 90, 87, by("100"), side("10"), NOW)
    assert not shows("score", 80, 87, by("100"), side("10"), NOW)
    assert shows("score", 80, 85, by("20"), side("10"), NOW)
    assert shows("started_on", DAY, YEAR, by("100"), side(full_dates=True), NOW)
    assert not shows("started_on", YEAR, DAY, by("100"), side(), NOW)
    assert not shows("started_on", DAY, NO_DATE, by("100"), side(), NOW)
    assert not shows("started_on", NO_DATE, YEAR, by("100"), side(), NOW)
    assert shows("started_on", NO_DATE, YEAR, by("100"), side(full_dates=True), NOW)
    assert shows("progress", 12, 14, by("100"), side(clamps=True), NOW)
    assert not shows("notes", "a", "", by("100"), side(), NOW)
